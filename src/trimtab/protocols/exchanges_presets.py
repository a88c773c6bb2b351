"""Binance's leverage brackets as presets, from entries that were loaded already.

Source of the format: the exchange's leverage brackets in the unified form of freqtrade/freqtrade at
c9ae5e1e (freqtrade/exchange/binance_leverage_tiers.json): by symbol a list of brackets with tier,
currency, minNotional, maxNotional, maintenanceMarginRate, maxLeverage and maintenanceAmount (the
exchange's `cum`). Load JSON with its numbers as text to keep them exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trimtab.protocols.perp_presets import (
    OPEN_END,
    PerpPreset,
    PerpTier,
    exact_wad,
    fraction_of_leverage_wad,
)
from trimtab.units import WAD, RulesError

SOURCE: Final = "freqtrade/freqtrade at c9ae5e1e, freqtrade/exchange/binance_leverage_tiers.json"
AS_OF: Final = "2024-10"
MISSING: Final = (
    "a position above the last bracket is refused, not margined",
    "initial margin follows the leverage that the account chose, at most the bracket's",
    "notional counts open orders of the symbol",
)


def brackets_presets(
    loaded: Mapping[str, Sequence[Mapping[str, Any]]], *, as_of: str = AS_OF
) -> dict[str, PerpPreset]:
    """Return a preset for each symbol of a loaded table of brackets, in the table's order.

    Raises:
        RulesError: a symbol without brackets, a bracket without its keys, bounds that do not join.
    """
    return {symbol: _preset(symbol, rows, as_of=as_of) for symbol, rows in loaded.items()}


def _preset(symbol: str, rows: Sequence[Mapping[str, Any]], *, as_of: str) -> PerpPreset:
    if not rows:
        raise RulesError("the symbol has no bracket", where=symbol, expected="at least one")
    tiers = tuple(_tier(symbol, rows, place=place) for place in range(len(rows)))
    return PerpPreset(
        venue="Binance USD-M",
        market=symbol,
        quote=str(rows[0].get("currency", "")),
        as_of=as_of,
        source=SOURCE,
        tiers=tiers,
        missing=MISSING,
    )


def _tier(symbol: str, rows: Sequence[Mapping[str, Any]], *, place: int) -> PerpTier:
    row, where = rows[place], f"{symbol}, bracket {place + 1}"
    lower = exact_wad(row, "minNotional", where=where)
    upper = exact_wad(row, "maxNotional", where=where)
    before = exact_wad(rows[place - 1], "maxNotional", where=where) if place else 0
    if lower != before or upper <= lower:
        raise RulesError(
            "the brackets do not join",
            where=where,
            column="minNotional",
            found=str(row["minNotional"]),
            expected="the maxNotional before, and less than its own",
        )
    leverage = exact_wad(row, "maxLeverage", where=where)
    rate = exact_wad(row, "maintenanceMarginRate", where=where)
    if leverage < WAD or not 0 < rate <= WAD:
        raise RulesError(
            "leverage or rate out of range",
            where=where,
            found=f"{row['maxLeverage']}, {row['maintenanceMarginRate']}",
            expected="a leverage of 1 or more, a rate above 0 and at most 1",
        )
    return PerpTier(
        lower_wad=lower,
        upper_wad=OPEN_END if place == len(rows) - 1 else upper,
        initial_wad=fraction_of_leverage_wad(leverage),
        maintenance_wad=rate,
        deduction_wad=exact_wad(row, "maintenanceAmount", where=where),
    )
