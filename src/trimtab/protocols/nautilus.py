"""NautilusTrader: the two margin models of its simulated accounts, a reference point.

Source: nautechsystems/nautilus_trader, commit a95c8042, crates/model/src/accounts/margin_model.rs.
It has no tiers and no liquidation. All numbers wad; the margin rounds up (theirs rounds to the
currency's precision).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from trimtab.units import WAD, mul_div_up


@unique
class MarginModel(StrEnum):
    """LEVERAGED divides the notional by the leverage; STANDARD ignores it."""

    LEVERAGED = "leveraged"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class LeverageRefused:
    """A leverage that is not positive, which NautilusTrader refuses."""

    leverage_wad: int


def notional(quantity: int, price_wad: int, *, inverse: bool = False) -> int:
    """Return quantity * price, or quantity / price for an inverse contract, rounded up."""
    if inverse:
        return mul_div_up(quantity, WAD, price_wad)
    return mul_div_up(quantity, price_wad, WAD)


def margin(
    model: MarginModel, size: int, *, rate_wad: int, leverage_wad: int = WAD
) -> int | LeverageRefused:
    """Return the initial or maintenance margin of a notional at a rate, rounded up.

    Args:
        size: notional, not negative; rate_wad: the instrument's initial or maintenance rate.
    """
    if leverage_wad <= 0:
        return LeverageRefused(leverage_wad)
    if model is MarginModel.STANDARD:
        return mul_div_up(size, rate_wad, WAD)
    return mul_div_up(size, rate_wad, leverage_wad)
