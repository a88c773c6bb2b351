"""How far a path's row by the kernel may lie from the exact engine's, and where it lies beyond.

Source of the bounds: docs/concepts/path-kernel.md. The kernel has no native units, and its debts
grow by the borrow rates of the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from trimtab.engine import Draft
from trimtab.engine.accrual import borrow_rate_wad
from trimtab.units import YEAR_SECONDS, float_of

# Share of the debt that roundings of native units make, where these are coarse.
ROUNDING: Final = 1e-6
COUNTS: Final = frozenset({"liquidations", "insolvent"})
OVER_TIME: Final = "undercollateralized_time"
DISPLACEMENT: Final = "displacement_"
_WAD: Final = 18


@dataclass(frozen=True, slots=True)
class Bound:
    """What the row of a path may differ by.

    Args:
        share: of the debt: roundings, and interest at another rate than that of the start.
        debt: of the book at the start, quote. steps: of the path.
    """

    share: float
    debt: float
    steps: int

    def of(self, column: str) -> float:
        """The most that a column may differ by, in its own unit."""
        if column in COUNTS:
            return 0.0
        if column.startswith(DISPLACEMENT):
            return self.share
        return self.share * max(self.debt, 1.0) * (self.steps if column == OVER_TIME else 1)

    def apart(
        self, row: Mapping[str, float], exact: Mapping[str, float]
    ) -> dict[str, tuple[float, float]]:
        """Return the columns that differ by more: the run's number, and the exact engine's."""
        return {
            name: (counted, exact[name])
            for name, counted in row.items()
            if abs(counted - exact[name]) > self.of(name)
        }


@dataclass(slots=True)
class RateWatch:
    """By how much the borrow rates of a path move away from those of its start."""

    first: dict[str, float] = field(default_factory=dict)
    most: float = 0.0

    def look(self, draft: Draft) -> None:
        """Note the rates of a moment; the first look is the start."""
        rates = {
            name: float_of(borrow_rate_wad(draft.pool(name), rules), _WAD)
            for name, rules in draft.rules.assets.items()
            if draft.pool(name).borrowed
        }
        for name, rate in rates.items():
            self.most = max(self.most, abs(rate - self.first.setdefault(name, rate)))

    def share(self, seconds: float) -> float:
        """Share of a debt by which interest over a time may differ, and roundings with it."""
        return ROUNDING + self.most * seconds / YEAR_SECONDS
