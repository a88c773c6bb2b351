"""The past of a venue as the pages draw it: points of its totals, columns of its heat map.

Kept in memory since the start and thinned as it grows: every second one is dropped when there are
too many, so that the whole past stays in sight at a bounded size.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.apps.service.board import Board, Reading
from trimtab.apps.service.figures import book
from trimtab.engine import Draft
from trimtab.model import INSURANCE
from trimtab.units import Time, float_of

if TYPE_CHECKING:
    from trimtab.kernels.border import Floats

POINTS_MAX = 360
# A point is due after so many seconds, and after so many times what the last one took, but for the
# first one, which may wait for kernels to be compiled.
LEAST_S, MOST_S = 0.25, 10.0
REST = 20.0
# A row of the heat map is one percent of price: bin k holds prices in [STEP^k, STEP^(k + 1)).
STEP = 1.01
REACH = 0.75
WAD_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Column:
    """One asset at one moment: its price, and the debt that is liquidatable in each bin of price.

    `values[i]` (quote) belongs to bin `first + i`.
    """

    price: float
    first: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """The venue at one moment: totals (quote, floats), prices, and heat columns by asset."""

    at_ns: int
    totals: dict[str, float | None]
    columns: dict[str, Column]


@dataclass(slots=True)
class History:
    """The points so far, oldest first; safe to read while it grows."""

    points: list[Point] = field(default_factory=list)
    monotonic_s: Callable[[], float] = time.monotonic
    _stride_ns: int = 0
    _due_s: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def note(self, board: Board) -> bool:
        """Add the venue as readers see it, if a point is due; False where none is."""
        if self.monotonic_s() < self._due_s:
            return False
        with board.reading() as reading, self._lock:
            last_ns = self.points[-1].at_ns if self.points else None
            if last_ns is not None and reading.at_ns < last_ns + max(1, self._stride_ns):
                return False
            begun_s = self.monotonic_s()
            self.points.append(point_of(reading))
            took_s = 0.0 if last_ns is None else self.monotonic_s() - begun_s
            self._due_s = begun_s + min(max(LEAST_S, REST * took_s), MOST_S)
            if len(self.points) > POINTS_MAX:
                self._thin()
        return True

    def _thin(self) -> None:
        """Drop every second point, and ask for new ones half as often."""
        self.points = self.points[::2]
        span = self.points[-1].at_ns - self.points[0].at_ns
        self._stride_ns = span // len(self.points)

    def since(self, after_ns: int) -> list[Point]:
        """The points after a time, oldest first."""
        with self._lock:
            return [point for point in self.points if point.at_ns > after_ns]

    def totals(self, *, after_ns: int = -1) -> list[dict[str, Any]]:
        """Points after a time as plain data: time, totals and prices."""
        return [
            {
                "as_of": Time(point.at_ns).text(),
                **point.totals,
                "prices": {asset: column.price for asset, column in point.columns.items()},
            }
            for point in self.since(after_ns)
        ]

    def heat(self, asset: str, *, after_ns: int = -1) -> list[dict[str, Any]]:
        """Columns of one asset's map after a time as plain data, oldest first."""
        return [
            {
                "as_of": Time(point.at_ns).text(),
                "price": column.price,
                "first": column.first,
                "values": [float(f"{value:.6g}") for value in column.values],
            }
            for point in self.since(after_ns)
            if (column := point.columns.get(asset)) is not None
        ]


def point_of(reading: Reading) -> Point:
    """The venue at a reading."""
    figures = book(reading)
    collateral, debt = float(figures.collateral.sum()), float(figures.debt.sum())
    equity = float(figures.equity.sum())
    unsafe = [reading.columns.number[key] for key in reading.waiting]
    totals = {
        "collateral": collateral,
        "debt": debt,
        "equity": equity,
        "leverage": collateral / equity if equity > 0 else None,
        "debt_at_risk": float(figures.at_risk.sum()),
        "unsafe_debt": float(figures.debt[unsafe].sum()),
        "bad_debt": float_of(reading.tally.bad_debt_wad, WAD_DECIMALS),
        "insurance": _fund(reading.draft),
    }
    return Point(reading.at_ns, totals, _columns(reading, figures.debt))


def _fund(draft: Draft) -> float:
    from trimtab.engine import supply_amount

    total = 0
    for asset, shares in draft.account(INSURANCE).supply.items():
        mark = draft.mark_if_priced(asset)
        total += 0 if mark is None else supply_amount(mark.pool, shares) * mark.unit
    return float_of(total, 54)


def _columns(reading: Reading, debt: "Floats") -> dict[str, Column]:
    found = {}
    for number, asset in enumerate(sorted(reading.draft.rules.assets)):
        mark = reading.draft.mark_if_priced(asset)
        if mark is None or asset == reading.draft.rules.quote:
            continue
        edges = reading.edges.of(number)
        # Who is beyond the edge already is no cluster that waits for the price.
        waits = (edges.net > 0) == (edges.ratio < 1)
        price = float_of(mark.price_wad, WAD_DECIMALS)
        found[asset] = column_of(price, edges.ratio[waits], value=debt[edges.account[waits]])
    return found


def column_of(price: float, ratio: "Floats", *, value: "Floats") -> Column:
    """Values by bins of price, for edges at `ratio` times the price now.

    Only those within 75 percent of the price are kept.
    """
    near = np.abs(ratio - 1) <= REACH
    if not near.any():
        return Column(price, 0, ())
    bins = np.floor(np.log(ratio[near] * price) / np.log(STEP)).astype(np.int64)
    first = int(bins.min())
    sums = np.bincount(bins - first, weights=value[near])
    return Column(price, first, tuple(sums.tolist()))
