"""Tables of maintenance margin by notional, as Binance, Bybit, OKX and Hyperliquid publish them.

A bracket says rate and deduction: requirement = notional * rate - deduction, continuous where each
deduction is the last plus lower bound * (rate - last rate). Source: venues' documentation, see
docs/protocols/exchanges.md. Notionals, rates and deductions are wad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from trimtab.protocols.exchanges import Cross, Side, cross_liquidation_price_wad
from trimtab.protocols.signed import mul_div_ceil
from trimtab.units import WAD, wad_mul_down


@dataclass(frozen=True, slots=True)
class Bracket:
    """From which notional on, at which rate, less which deduction; leverage_max: 0 if unknown."""

    lower: int
    rate_wad: int
    deduction: int = 0
    leverage_max: int = 0


@dataclass(frozen=True, slots=True)
class Break:
    """A lower bound at which the requirement jumps, and by how much (wad, up is positive)."""

    lower: int
    jump: int


@dataclass(frozen=True, slots=True)
class Brackets:
    """A table in ascending order, the first from zero."""

    rows: tuple[Bracket, ...]

    def __post_init__(self) -> None:
        assert self.rows, "a table needs a bracket"
        assert self.rows[0].lower == 0, f"the first bracket starts at {self.rows[0].lower}"
        bounds = [row.lower for row in self.rows]
        assert all(a < b for a, b in pairwise(bounds)), "bounds not ascending"

    def at(self, notional: int) -> Bracket:
        """Return the bracket of a notional; a bound belongs to the bracket that it opens."""
        assert notional >= 0, f"negative notional: {notional}"
        return next(row for row in reversed(self.rows) if row.lower <= notional)

    def maintenance(self, notional: int) -> int:
        """Return notional * rate - deduction, rounded up, not below zero."""
        row = self.at(notional)
        product = notional * row.rate_wad - row.deduction * WAD
        return max(mul_div_ceil(product, 1, denominator=WAD), 0)

    def breaks(self) -> tuple[Break, ...]:
        """Return the bounds at which the requirement is not continuous, with the jump there."""
        found = []
        for low, high in pairwise(self.rows):
            jump = high.lower * (high.rate_wad - low.rate_wad)
            jump -= (high.deduction - low.deduction) * WAD
            if jump:
                found.append(Break(high.lower, mul_div_ceil(jump, 1, denominator=WAD)))
        return tuple(found)


def continuous(rates: Sequence[tuple[int, int]]) -> Brackets:
    """Return the table of (lower, rate) pairs with the deductions that make it continuous.

    Rounding: deductions down, so that requirements are never too low.
    """
    rows: list[Bracket] = []
    deduction, last = 0, 0
    for lower, rate in rates:
        deduction += wad_mul_down(lower, rate - last) if rows else 0
        last = rate
        rows.append(Bracket(lower, rate, deduction))
    return Brackets(tuple(rows))


def liquidation_price_wad(side: Side, table: Brackets, *, cross: Cross) -> int | None:
    """Return the price at which equity meets the requirement of the bracket it is then in.

    The bracket moves with the price, so each is tried; in a continuous table at most one fits. None
    where the position is never liquidated (a price at or below zero).

    Args:
        cross: the account and the position; its rate and deduction are not used.
    """
    for row in table.rows:
        price = cross_liquidation_price_wad(side, cross.in_bracket(row.rate_wad, row.deduction))
        if price is None:
            continue
        if table.at(wad_mul_down(cross.size, price)) == row:
            return price
    return None
