"""The rules of recorded Synthetix v3 cases; decimals are taken at 18 places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled_value, wad
from trimtab.protocols.synthetix import Market, Position, fill_price_wad, margins
from trimtab.protocols.synthetix_liquidation import (
    Liquidated,
    Moment,
    WindowRules,
    liquidatable,
    window_cap,
)

Inputs = Mapping[str, Any]

# What the test of the margins deposits; its cases do not name it.
_COLLATERAL_USD: Final = 100_000


def _margins(inputs: Inputs) -> dict[str, Fraction | None]:
    held = [_margin_position(entry, inputs) for entry in inputs["positions"]]
    found = margins(wad(inputs, "collateral", default=_COLLATERAL_USD), held)
    return {
        "initial_ex_reward": from_wad(found.initial),
        "maintenance_ex_reward": from_wad(found.maintenance),
        "available_margin": from_wad(found.available),
        "withdrawable": from_wad(found.withdrawable),
        "reward": from_wad(found.reward),
    }


def _margin_position(entry: Inputs, inputs: Inputs) -> Position:
    market = Market(
        wad(entry, "skew_scale"),
        wad(inputs, "initial_margin_fraction"),
        initial_ratio_min=wad(inputs, "min_initial_ratio"),
        maintenance_scalar=wad(inputs, "maint_scalar"),
        margin_min=wad(entry, "min_position_margin"),
        flag_ratio=wad(entry, "reward_ratio", default=0),
    )
    price = wad(entry, "price")
    return _opened(entry, market, entry_wad=price, mark_wad=price)


def _opened(entry: Inputs, market: Market, *, entry_wad: int, mark_wad: int) -> Position:
    """A position filled at once, at zero skew unless the case says another."""
    size, skew = wad(entry, "size"), wad(entry, "skew", default=0)
    fill = fill_price_wad(entry_wad, skew=skew, size=size, skew_scale=market.skew_scale)
    return Position(market, size, fill, mark_wad)


def _cross_pnl(inputs: Inputs) -> dict[str, Fraction | None]:
    held = {entry["m"]: _pnl_position(entry) for entry in inputs["positions"]}
    found = margins(wad(inputs, "collateral"), list(held.values()))
    answer = {name: from_wad(position.pnl) for name, position in held.items()}
    return {"available_margin": from_wad(found.available), **answer}


def _pnl_position(entry: Inputs) -> Position:
    market = Market(wad(entry, "skew_scale"), 0)
    return _opened(entry, market, entry_wad=wad(entry, "entry_oracle"), mark_wad=wad(entry, "mark"))


def _windows(inputs: Inputs) -> dict[str, Fraction | None]:
    rules = WindowRules(
        wad(inputs, "maker_fee"),
        wad(inputs, "taker_fee"),
        skew_scale=wad(inputs, "skew_scale"),
        multiplier=wad(inputs, "multiplier"),
        window_seconds=whole(inputs, "window_s"),
        premium_max=wad(inputs, "max_pd", default=0),
    )
    skew = wad(inputs, "skew", default=0)
    history: list[Liquidated] = []
    answer = {"window_cap": from_wad(window_cap(rules))}
    for place, (at, requested) in enumerate(inputs["events"]):
        now_s = whole({"t": at}, "t")
        moment = Moment(now_s, skew, same_block=bool(history) and history[-1].at_s == now_s)
        size = scaled_value(requested, decimals=18)
        amount = liquidatable(size, history, rules=rules, moment=moment)
        history.append(Liquidated(now_s, amount))
        answer[f"e{place}"] = from_wad(amount)
    return answer


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "synthetix_v3_cross_margin_pnl": _cross_pnl,
    "synthetix_v3_margins": _margins,
    "synthetix_v3_max_liquidatable_amount": _windows,
}
