"""Hyperliquid: margin tiers, liquidation price, the three stages and the deleveraging rank.

Source: Hyperliquid's documentation (margining, margin tiers, liquidations, auto-deleveraging), read
as a stored copy; there is no source. All numbers wad. Mark prices are in `hyperliquid_mark`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from math import lcm
from typing import Final

from trimtab.protocols.exchanges import Side, earlier
from trimtab.units import WAD, div_down, div_up, mul_div_down, mul_div_up

PARTIAL_ABOVE: Final = 100_000 * WAD
PARTIAL_WAD: Final = div_down(WAD, 5)
COOLDOWN_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Tier:
    """From which notional on which leverage is the most; maintenance is half of that margin."""

    lower: int
    leverage_max: int


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers of an asset in ascending order, the first from zero."""

    rows: tuple[Tier, ...]

    def __post_init__(self) -> None:
        assert self.rows, "there is no tier"
        assert self.rows[0].lower == 0, "the first tier starts at zero"
        assert all(row.leverage_max > 0 for row in self.rows), "a leverage is not positive"

    def at(self, notional: int) -> Tier:
        """Return the tier of a notional; a bound belongs to the tier that it opens."""
        return next(row for row in reversed(self.rows) if row.lower <= notional)

    def maintenance(self, notional: int) -> int:
        """Return notional * rate - deduction, rounded up once.

        The deduction makes it continuous, so it is the sum over the tiers of the part of the
        notional inside each, over twice the leverage.
        """
        common = lcm(*(2 * row.leverage_max for row in self.rows))
        total = 0
        for row, above in zip(self.rows, [*self.rows[1:], None], strict=True):
            top = notional if above is None else min(notional, above.lower)
            total += max(top - row.lower, 0) * div_down(common, 2 * row.leverage_max)
        return div_up(total, common)

    def initial(self, notional: int, leverage: int) -> int:
        """Return notional / leverage, rounded up, for a leverage the tier of the notional allows.

        Args:
            leverage: the user's, whole, positive; more than the tier's is held to the tier's.
        """
        return div_up(notional, min(leverage, self.at(notional).leverage_max))


@unique
class Stage(StrEnum):
    """What happens to an account."""

    HEALTHY = "healthy"
    MARKET_ORDERS = "market_orders"
    BACKSTOP = "backstop"
    DELEVERAGED = "deleveraged"


def stage(equity: int, maintenance: int) -> Stage:
    """Return the stage: below maintenance, below two thirds of it, below zero; equality is above.

    Args:
        equity: account value, signed; maintenance: requirement, not negative.
    """
    if equity < 0:
        return Stage.DELEVERAGED
    if 3 * equity < 2 * maintenance:
        return Stage.BACKSTOP
    return Stage.MARKET_ORDERS if equity < maintenance else Stage.HEALTHY


def order_size(size: int, notional: int, *, seconds_since_partial: int | None) -> int:
    """Return the size of a liquidation's market order: all of it, or a fifth of a large position.

    Args:
        size: magnitude; seconds_since_partial: since the last partial order, None for none yet;
            within the 30 seconds' cooldown the order is for all.
    """
    cooling = seconds_since_partial is not None and seconds_since_partial < COOLDOWN_SECONDS
    if cooling or notional <= PARTIAL_ABOVE:
        return size
    return mul_div_up(size, PARTIAL_WAD, WAD)


def liquidation_price_wad(
    side: Side, price_wad: int, *, size: int, available: int, leverage_max: int
) -> int | None:
    """Return price - side * available / size / (1 - l * side), l = 1 / (2 * max leverage).

    Args:
        price_wad: of now; size: magnitude; available: account value less requirement (cross), or
            isolated margin less requirement, signed.

    Returns:
        Toward the earlier event; None where it is not above zero.
    """
    double = 2 * leverage_max
    below = size * (double - side)
    above = price_wad * below - side * available * WAD * double
    found = earlier(side, above, denominator=below)
    return found if found > 0 else None


def adl_rank_wad(
    side: Side, *, mark_wad: int, entry_wad: int, notional: int, account_value: int
) -> int:
    """Return (mark / entry) * (notional / account value), highest first, floored.

    The documentation prints mark / entry for both sides; a short's gain is entry / mark, which is
    what this takes. An account without value ranks at zero.
    """
    if account_value <= 0:
        return 0
    gain = (mark_wad, entry_wad) if side is Side.LONG else (entry_wad, mark_wad)
    return mul_div_down(gain[0] * notional, WAD, gain[1] * account_value)


def withdrawable(account_value: int, positions: Sequence[tuple[int, int]]) -> int:
    """Return what may leave a cross account: value less max(initial margin, a tenth of notional).

    Args:
        positions: per position, its initial margin and its notional.
    """
    initial = sum(margin for margin, _ in positions)
    tenth = div_up(sum(notional for _, notional in positions), 10)
    return max(account_value - max(initial, tenth), 0)
