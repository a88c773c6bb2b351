"""Recorded Synthetix, GMX, Hyperliquid, Binance and Bybit cases, as accounts of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.engine_venue import (
    USD,
    Opened,
    draft_of,
    explained,
    open_case,
    venue_of,
)
from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled_value, wad
from trimtab.engine import pool_key
from trimtab.engine.ledger import value_of_supply
from trimtab.engine.perps.deleveraging import pool_gain_wad
from trimtab.engine.perps.fills import pool_price_wad
from trimtab.engine.perps.marks import market_mark
from trimtab.engine.perps.settlement import position_of
from trimtab.engine.perps.valuation import pnl
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import BookRow, MarketRules, MarketState, Tier
from trimtab.units import WAD, div_up, mul_div_down, mul_div_up, wad_mul_down

Inputs = Mapping[str, Any]

_OTHERS_PNL: Final = ("upnl_other", "other_upnl", "upnl_ex_1", "others_pnl")
_OTHERS_MAINTENANCE: Final = ("tmm_other", "other_tmm", "other_mm", "mm_ex_1", "others_maintenance")
_OTHERS: Final = ("others", "other", "other_positions")
# What the test of the Synthetix margins deposits; its cases do not name it.
_COLLATERAL_USD: Final = 100_000


def _margins(inputs: Inputs) -> dict[str, Fraction | None]:
    markets, rows = [], []
    for place, entry in enumerate(inputs["positions"]):
        name, price = f"M{place}", wad(entry, "price")
        least = wad(inputs, "min_initial_ratio")
        rules = MarketRules(
            f"{name}-PERP",
            max(1, least),
            max(1, wad_mul_down(least, wad(inputs, "maint_scalar"))),
            asset=name,
            skew_scale=wad(entry, "skew_scale"),
            skew_margin_wad=wad(inputs, "initial_margin_fraction"),
            position_margin_wad=wad(entry, "min_position_margin"),
            initial_gain_weight_wad=WAD,
        )
        markets.append(Opened(rules, 18, price))
        rows.append(_opened(entry, rules.name, entry_wad=price))
    collateral = wad(inputs, "collateral", default=_COLLATERAL_USD)
    store = open_case(venue_of(markets), BookRow("a", USD, collateral), *rows)
    found = explained(store, "a")
    # The engine has no keeper: what a liquidation pays one is a share of the notional here.
    reward = sum(
        mul_div_up(position.notional_wad, wad(entry, "reward_ratio", default=0), WAD)
        for position, entry in zip(found.positions, inputs["positions"], strict=True)
    )
    initial = sum(position.initial_wad for position in found.positions)
    return {
        "initial_ex_reward": from_wad(initial),
        "maintenance_ex_reward": from_wad(found.requirement_wad),
        "available_margin": from_wad(found.equity_wad),
        "withdrawable": from_wad(found.equity_wad - initial - reward),
        "reward": from_wad(reward),
    }


def _opened(entry: Inputs, market: str, *, entry_wad: int) -> Any:
    """A position bought from the pool at once, at zero skew unless the case says another."""
    size, skew = wad(entry, "size"), wad(entry, "skew", default=0)
    rules = MarketRules("X-PERP", WAD, WAD, asset="X", skew_scale=wad(entry, "skew_scale"))
    state = MarketState("X", long=max(0, skew), short=max(0, -skew))
    fill = pool_price_wad(rules, state, size=size, price_wad=entry_wad)
    return BookRow("a", market, size, entry_price_wad=fill)


def _cross_pnl(inputs: Inputs) -> dict[str, Fraction | None]:
    markets = [
        Opened(
            MarketRules(f"{entry['m']}-PERP", WAD, WAD, asset=entry["m"]), 18, wad(entry, "mark")
        )
        for entry in inputs["positions"]
    ]
    rows = [
        _opened(entry, f"{entry['m']}-PERP", entry_wad=wad(entry, "entry_oracle"))
        for entry in inputs["positions"]
    ]
    store = open_case(venue_of(markets), BookRow("a", USD, wad(inputs, "collateral")), *rows)
    found = explained(store, "a")
    names = {position.market: position.pnl_wad for position in found.positions}
    answer = {entry["m"]: from_wad(names[f"{entry['m']}-PERP"]) for entry in inputs["positions"]}
    return {"available_margin": from_wad(found.equity_wad), **answer}


def _adl(inputs: Inputs) -> dict[str, Fraction | int | None]:
    """The market's pool owes the traders; it is worth its coins at today's price."""
    price, entry = wad(inputs, "price"), wad(inputs, "entry")
    size = mul_div_down(wad(inputs, "size_usd"), WAD, entry)
    worth = mul_div_down(wad(inputs, "pool_long_tokens"), price, WAD)
    market = Opened(
        MarketRules("ETH-PERP", WAD, WAD, asset="ETH", pool_balance_wad=worth), 18, price
    )
    store = open_case(venue_of([market]), BookRow("a", "ETH-PERP", size, entry_price_wad=entry))
    draft = draft_of(store)
    held = position_of(draft, pool_key("ETH-PERP"), market="ETH-PERP")
    owed = -pnl(held, market_mark(draft, "ETH-PERP"))
    value = value_of_supply(draft, pool_key("ETH-PERP"))
    factor = pool_gain_wad(owed, value)
    return {
        "pnl": Fraction(owed, EXACT_PER_WAD * WAD),
        "pool": Fraction(value, EXACT_PER_WAD * WAD),
        "factor": from_wad(factor),
        "enabled": int(factor > wad(inputs, "max_pnl_factor_for_adl")),
    }


def _tiers(inputs: Inputs) -> Fraction | None:
    """Rates of 1 / (2 x leverage), rounded up as all of the engine's rates; an account's answer."""
    tiers = []
    for lower, leverage in inputs["tiers"]:
        rate = div_up(WAD, 2 * whole({"leverage": leverage}, "leverage"))
        tiers.append(Tier(scaled_value(lower, decimals=18), min(WAD, 2 * rate), rate))
    rules = MarketRules(
        "BTC-PERP", tiers[0].initial_wad, tiers[0].maintenance_wad, asset="BTC", tiers=tuple(tiers)
    )
    size = wad(inputs, "notional")
    store = open_case(
        venue_of([Opened(rules, 18, WAD)]),
        BookRow("a", USD, size),
        BookRow("a", "BTC-PERP", size, entry_price_wad=WAD),
    )
    return from_wad(explained(store, "a").requirement_wad)


def _binance(inputs: Inputs) -> Fraction | None:
    """The liquidation price that the engine explains, others' pnl and margin held.

    A rate with its deduction is the second of two tiers: none below deduction / rate.
    """
    others = _sum(inputs, _OTHERS_PNL) - _sum(inputs, _OTHERS_MAINTENANCE)
    others += sum(_other(entry) for entry in _entries(inputs))
    return _liquidation_price(
        wad(inputs, "wallet_balance") + others,
        whole(inputs, "side") * wad(inputs, "amount"),
        entry_wad=wad(inputs, "entry"),
        rate_wad=wad(inputs, "mm_rate"),
        deduction_wad=wad(inputs, "mm_amount", default=0),
    )


def _entries(inputs: Inputs) -> Sequence[Inputs]:
    held = next((inputs[name] for name in _OTHERS if name in inputs), ())
    return [held] if isinstance(held, Mapping) else held


def _other(entry: Inputs) -> int:
    """What another position adds to the room: its pnl less its maintenance requirement, wad."""
    size = wad(entry, "amount") * (whole(entry, "side") if "side" in entry else 1)
    rate, deduction = wad(entry, "mm_rate"), wad(entry, "mm_amount", default=0)
    market = Opened(_bracket(rate, deduction), 18, wad(entry, "mark"))
    store = open_case(
        venue_of([market]), BookRow("a", "COIN-PERP", size, entry_price_wad=wad(entry, "entry"))
    )
    found = explained(store, "a")
    return found.unrealized_pnl_wad - found.requirement_wad


def _bracket(rate_wad: int, deduction_wad: int) -> Any:
    rate = max(1, rate_wad)
    if deduction_wad == 0:
        return MarketRules("COIN-PERP", max(rate, div_up(WAD, 2)), rate, asset="COIN")
    # N x r - d from d / (r - 1 wad-unit) on: a first tier of nothing, as near as a rate may be.
    floor = mul_div_down(deduction_wad, WAD, rate - 1)
    tiers = (Tier(0, WAD, 1), Tier(floor, WAD, rate))
    return MarketRules("COIN-PERP", WAD, rate, asset="COIN", tiers=tiers)


def _liquidation_price(
    equity_wad: int, size: int, *, entry_wad: int, rate_wad: int, deduction_wad: int = 0
) -> Fraction | None:
    market = Opened(_bracket(rate_wad, deduction_wad), 18, entry_wad)
    store = open_case(
        venue_of([market]),
        BookRow("a", USD, equity_wad),
        BookRow("a", "COIN-PERP", size, entry_price_wad=entry_wad),
    )
    return from_wad(explained(store, "a").positions[0].liquidation_price_wad or 0)


def _bybit(inputs: Inputs) -> Fraction | None:
    """Initial and maintenance margin of the entry, both fixed there: equity - requirement = 0.

    The maintenance requirement stays at the entry's notional: it is the flat requirement of a
    position, beside a rate of one part in 1e18.
    """
    side, entry = whole(inputs, "side"), wad(inputs, "entry")
    size = WAD * 1000
    notional = entry * 1000
    margin = mul_div_down(notional, WAD, wad(inputs, "leverage"))
    flat = mul_div_up(notional, wad(inputs, "mmr"), WAD)
    market = Opened(
        MarketRules("COIN-PERP", WAD, 1, asset="COIN", position_margin_wad=flat), 18, entry
    )
    store = open_case(
        venue_of([market]),
        BookRow("a", USD, margin),
        BookRow("a", "COIN-PERP", side * size, entry_price_wad=entry),
    )
    return from_wad(explained(store, "a").positions[0].liquidation_price_wad or 0)


def _sum(inputs: Inputs, names: Sequence[str]) -> int:
    return sum(wad(inputs, name) for name in names if name in inputs)


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "binance_isolated_liquidation_price": _binance,
    "binance_usdm_liquidation_price": _binance,
    "bybit_liquidation_price": _bybit,
    "gmx_adl_trigger": _adl,
    "hyperliquid_margin_tiers": _tiers,
    "synthetix_v3_cross_margin_pnl": _cross_pnl,
    "synthetix_v3_margins": _margins,
}
