"""What a book of options is worth under many scenarios: totals by group, compiled or by NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels import black76_numpy
from trimtab.kernels.backends import has_numba
from trimtab.kernels.option_book import SUM_ERROR, VALUE_ERROR, OptionBook, group_sums
from trimtab.kernels.option_columns import OptionColumns
from trimtab.units import YEAR_SECONDS

Floats = NDArray[np.float64]

# Groups computed at once, so that their totals stay in the second cache.
GROUPS_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """By what each scenario multiplies forwards, and which row of the volatilities it takes."""

    spot: Floats
    vol_kind: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """A run of a book made ready: volatilities by kind of shock, discounts, the rows it covers.

    vols: kinds by rows; discount: one number a row; first, last: the groups of the book.
    """

    book: OptionBook
    vols: Floats
    discount: Floats
    first: int
    last: int

    @property
    def rows(self) -> slice:
        """Return the rows of the book that these groups hold."""
        return slice(int(self.book.offsets[self.first]), int(self.book.offsets[self.last]))


def scenario_totals(valued: Valued, scenarios: Scenarios) -> Floats:
    """Return the value of each group (row) in each scenario (column): quote, coins if inverse.

    The volatilities and discounts of `valued` cover its rows only.
    """
    return (_compiled if has_numba() else _by_numpy)(valued, scenarios)


def value_bounds(valued: Valued, scenarios: Scenarios) -> Floats:
    """Return by how much any of a group's totals may err, always above 0 where it holds options.

    Per row, |amount| * discount * (forward + strike) at the largest forward (over the least one,
    where inverse) times the error of one value, and of adding that many.
    """
    book, rows = valued.book, valued.rows
    offsets = book.offsets[valued.first : valued.last + 1] - book.offsets[valued.first]
    low, high = float(scenarios.spot.min()), float(scenarios.spot.max())
    moving, fixed = book.forward[rows], book.forward_fixed[rows]
    scale = moving * max(high, 1.0) + fixed + book.strike[rows]
    inverse = 1.0 + book.strike[rows] / (moving * min(low, 1.0) + fixed)
    size = np.abs(book.amount[rows]) * valued.discount
    size = size * np.where(book.is_inverse[rows], inverse, scale)
    found: Floats = group_sums(size, offsets) * (VALUE_ERROR + SUM_ERROR * np.diff(offsets))
    return found


def years_of(seconds: Floats) -> Floats:
    """Return seconds in years of 365 days."""
    found: Floats = seconds / YEAR_SECONDS
    return found


def _compiled(valued: Valued, scenarios: Scenarios) -> Floats:
    from trimtab.kernels import scenario_loops

    book, rows = valued.book, valued.rows
    offsets = book.offsets[valued.first : valued.last + 1] - book.offsets[valued.first]
    totals = np.zeros((valued.last - valued.first, len(scenarios.spot)))
    scenario_loops.fill_totals(
        scenario_loops.BookRows(
            book.forward[rows],
            book.forward_fixed[rows],
            book.strike[rows],
            years_of(book.seconds[rows]),
            book.is_call[rows],
            book.is_inverse[rows],
            book.amount[rows] * valued.discount,
            valued.vols,
        ),
        scenario_loops.TotalRows(scenarios.spot, scenarios.vol_kind, offsets, totals),
    )
    return totals


def _by_numpy(valued: Valued, scenarios: Scenarios) -> Floats:
    book, rows = valued.book, valued.rows
    offsets = book.offsets[valued.first : valued.last + 1] - book.offsets[valued.first]
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    totals = np.zeros((len(offsets) - 1, len(scenarios.spot)))
    if owner.size == 0:
        return totals
    for column, (spot, kind) in enumerate(zip(scenarios.spot, scenarios.vol_kind, strict=True)):
        forward = book.forward[rows] * spot + book.forward_fixed[rows]
        options = OptionColumns(
            forward=forward,
            strike=book.strike[rows],
            vol_annual=valued.vols[kind],
            years=years_of(book.seconds[rows]),
            is_call=book.is_call[rows],
            discount=1.0,
        )
        values = book.amount[rows] * valued.discount * black76_numpy.prices(options)
        values = np.where(book.is_inverse[rows], values / forward, values)
        totals[:, column] = np.bincount(owner, weights=values, minlength=len(totals))
    return totals
