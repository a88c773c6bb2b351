"""The rules of recorded Binance, Bybit, Gate and OKX cases; decimals are taken at 18 places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, wad
from trimtab.protocols.exchanges import (
    Cross,
    Other,
    Side,
    cross_liquidation_price_wad,
    inverse_bankruptcy_price_wad,
    isolated_liquidation_price_wad,
    leverage_liquidation_price_wad,
)

Inputs = Mapping[str, Any]

# Cases of a cross wallet give sums over the other positions, or those positions themselves.
_OTHERS_PNL: Final = ("upnl_other", "other_upnl", "upnl_ex_1", "others_pnl")
_OTHERS_MAINTENANCE: Final = ("tmm_other", "other_tmm", "other_mm", "mm_ex_1", "others_maintenance")
_OTHERS: Final = ("others", "other", "other_positions")


def _side(inputs: Inputs) -> Side:
    return Side(whole(inputs, "side"))


def _binance(inputs: Inputs) -> Fraction | None:
    cross = Cross(
        wad(inputs, "wallet_balance"),
        wad(inputs, "amount"),
        wad(inputs, "entry"),
        rate_wad=wad(inputs, "mm_rate"),
        deduction=wad(inputs, "mm_amount", default=0),
        others_pnl=_sum(inputs, _OTHERS_PNL),
        others_maintenance=_sum(inputs, _OTHERS_MAINTENANCE),
    ).beside(_others(inputs))
    return from_wad(cross_liquidation_price_wad(_side(inputs), cross))


def _sum(inputs: Inputs, names: Sequence[str]) -> int:
    return sum(wad(inputs, name) for name in names if name in inputs)


def _others(inputs: Inputs) -> list[Other]:
    held = next((inputs[name] for name in _OTHERS if name in inputs), ())
    entries = [held] if isinstance(held, Mapping) else held
    return [_other(entry) for entry in entries]


def _other(entry: Inputs) -> Other:
    return Other(
        _side(entry) if "side" in entry else Side.LONG,
        wad(entry, "amount"),
        wad(entry, "entry"),
        mark_wad=wad(entry, "mark"),
        rate_wad=wad(entry, "mm_rate"),
        deduction=wad(entry, "mm_amount", default=0),
    )


def _gate_okx(inputs: Inputs) -> Fraction | None:
    found = isolated_liquidation_price_wad(
        _side(inputs),
        wad(inputs, "entry"),
        size=wad(inputs, "amount"),
        margin=wad(inputs, "margin"),
        rate_wad=wad(inputs, "mmr"),
        taker_wad=wad(inputs, "taker", default=0),
    )
    return from_wad(found)


def _bybit(inputs: Inputs) -> Fraction | None:
    found = leverage_liquidation_price_wad(
        _side(inputs),
        wad(inputs, "entry"),
        leverage_wad=wad(inputs, "leverage"),
        rate_wad=wad(inputs, "mmr"),
    )
    return from_wad(found)


def _inverse_bankruptcy(inputs: Inputs) -> Fraction | None:
    side = _side(inputs) if "side" in inputs else Side.LONG
    leverage = wad(inputs, "leverage")
    return from_wad(inverse_bankruptcy_price_wad(side, wad(inputs, "entry"), leverage_wad=leverage))


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "binance_isolated_liquidation_price": _binance,
    "binance_usdm_liquidation_price": _binance,
    "bybit_inverse_bankruptcy_price": _inverse_bankruptcy,
    "bybit_liquidation_price": _bybit,
    "gate_okx_liquidation_price": _gate_okx,
}
