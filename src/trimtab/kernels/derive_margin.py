"""Derive's portfolio margin over columns: the worst of a grid, and what comes on top.

The rules are those of the exact twin `trimtab.protocols.derive_portfolio`, whose docstring names
the source. Each answer carries a bound on its own rounding: a margin whose magnitude is within it
is for the twin to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.backends import has_numba
from trimtab.kernels.derive_columns import DeriveBook
from trimtab.kernels.derive_contingencies import Contingencies, contingencies
from trimtab.kernels.derive_grid import TILTS, DeriveGrid, scenarios_of, shocked_vols
from trimtab.kernels.option_book import group_sums
from trimtab.kernels.row_threads import over_rows
from trimtab.kernels.scenarios import (
    GROUPS_AT_ONCE,
    Scenarios,
    Valued,
    scenario_totals,
    value_bounds,
    years_of,
)

Floats = NDArray[np.float64]

# Of a handful of products and sums, relative to the sum of magnitudes; the twin's own roundings.
_PLAIN_ERROR: Final = 2e-15
_TWIN_ERROR: Final = 1e-15


@dataclass(frozen=True, slots=True, eq=False)
class DeriveMargins:
    """Per account, quote: both net margins, negative when short of funds.

    worst: index of the deciding scenario, -1 where the basis contingency is worse than all;
    worst_loss: its profit, at most the basis contingency; bound: by how much either margin may
    differ from the exact one.
    """

    initial: Floats
    maintenance: Floats
    mark_to_market: Floats
    worst: NDArray[np.int64]
    worst_loss: Floats
    bound: Floats


def derive_margins(book: DeriveBook, grid: DeriveGrid, *, threads: int = 1) -> DeriveMargins:
    """Return both margins of every account.

    Args:
        book: the accounts; grid: parameters and scenarios.
        threads: at most this many; the results do not depend on it.

    Returns:
        initial = factor * worst - contingencies + mark-to-market, the factor raised by the depeg;
        maintenance likewise with its own factor and contingencies alone.

    Raises:
        UsageError: `threads` out of range.
    """
    accounts = len(book)
    initial, maintenance, mark, loss, bound = (np.empty(accounts) for _ in range(5))
    worst = np.empty(accounts, np.int64)
    out = DeriveMargins(initial, maintenance, mark, worst, loss, bound)
    scenarios = scenarios_of(grid)

    def work(first: int, last: int) -> None:
        for begin in range(first, last, GROUPS_AT_ONCE):
            run = slice(begin, min(begin + GROUPS_AT_ONCE, last))
            _fill(book, grid, scenarios=scenarios, run=run, out=out)

    over_rows(work, accounts, threads=threads)
    return out


def _fill(
    book: DeriveBook, grid: DeriveGrid, *, scenarios: Scenarios, run: slice, out: DeriveMargins
) -> None:
    expiries = slice(int(book.expiry_offsets[run.start]), int(book.expiry_offsets[run.stop]))
    valued = _valued(book, grid, expiries=expiries)
    totals = scenario_totals(valued, scenarios)
    years = years_of(book.expiry_seconds[expiries])
    profits, scale = _profits(totals, book, grid=grid, expiries=expiries)
    offsets = book.expiry_offsets[run.start : run.stop + 1] - expiries.start
    found = contingencies(book, grid, run=run, naked=_naked(book, expiries=expiries))
    grid_profit = group_sums(profits, offsets) + _linear_profits(book, found, grid=grid, run=run)
    worst = np.argmin(grid_profit, axis=1)
    least = np.take_along_axis(grid_profit, worst[:, None], axis=1)[:, 0]
    present = totals[:, [-3]]
    basis = np.minimum(0.0, (totals[:, -2:] - present).min(axis=1, initial=0.0))
    share = grid.basis.factor_add + grid.basis.factor_per_year * years
    basis_loss = group_sums(basis * share, offsets)
    loss = np.minimum(least, basis_loss)
    options_value = group_sums(present, offsets)[:, 0]
    mark = book.perp_cash[run] + options_value + found.value + book.cash[run]
    short = np.maximum(0.0, grid.contingency.peg_threshold - book.stable_price[run])
    factor = grid.margin.initial_factor + grid.contingency.peg_factor * short
    out.mark_to_market[run] = mark
    out.worst[run] = np.where(least < basis_loss, worst, -1)
    out.worst_loss[run] = loss
    out.maintenance[run] = loss * grid.margin.maintenance_factor - found.maintenance + mark
    out.initial[run] = loss * factor - found.initial - found.maintenance + mark
    bound = group_sums(value_bounds(valued, scenarios) * (1.0 + scale + share), offsets)
    plain = np.abs(loss) + found.size + np.abs(mark) + np.abs(book.cash[run])
    plain += np.abs(book.perp_cash[run]) + group_sums(np.abs(totals), offsets).max(axis=1)
    out.bound[run] = bound * np.maximum(factor, 1.0) * 2.0 + _PLAIN_ERROR * plain + _TWIN_ERROR


def _valued(book: DeriveBook, grid: DeriveGrid, *, expiries: slice) -> Valued:
    options = book.options
    offsets = options.offsets[expiries.start : expiries.stop + 1]
    rows = slice(int(offsets[0]), int(offsets[-1]))
    rate = np.maximum(book.rate[expiries], 0.0)
    discount = np.exp(-rate * years_of(book.expiry_seconds[expiries]))
    return Valued(
        options,
        shocked_vols(options, rows, grid=grid),
        np.repeat(discount, np.diff(offsets)),
        expiries.start,
        expiries.stop,
    )


def _profits(
    totals: Floats, book: DeriveBook, *, grid: DeriveGrid, expiries: slice
) -> tuple[Floats, Floats]:
    """Return each expiry's profit in each scenario, and the larger of its two scales.

    A long value is discounted, a short one marked up; a tilt counts as a loss either way.
    """
    long_scale, short_scale = discounts(book, grid, expiries=expiries)
    values, present = totals[:, :-3], totals[:, [-3]]
    scaled = values * np.where(values >= 0.0, long_scale[:, None], short_scale[:, None])
    damp = np.array([point.dampening for point in grid.scenarios])
    profits = (scaled - present) * damp
    tilts = [point.vol in TILTS for point in grid.scenarios]
    profits[:, tilts] = -np.abs(profits[:, tilts])
    return profits, np.maximum(long_scale, short_scale)


def discounts(book: DeriveBook, grid: DeriveGrid, *, expiries: slice) -> tuple[Floats, Floats]:
    """Return what a long and a short value of each expiry is multiplied by.

    base * exp(-T * (rate * scale + add)), and base / exp(...) but at most 1 / discount.
    """
    rules = grid.margin
    years = years_of(book.expiry_seconds[expiries])
    rate = np.maximum(book.rate[expiries], 0.0)
    fall = np.exp(-years * (rate * rules.long_rate_scale + rules.long_rate_add))
    rise = np.exp(years * (rate * rules.short_rate_scale + rules.short_rate_add))
    return rules.long_discount * fall, np.minimum(np.exp(rate * years), rules.short_discount * rise)


def _linear_profits(
    book: DeriveBook, found: Contingencies, *, grid: DeriveGrid, run: slice
) -> Floats:
    """Profits of perpetuals and of collateral that moves with spot, accounts by scenarios."""
    points = grid.scenarios
    moves = np.array([(point.spot - 1.0) * point.dampening for point in points])
    exposed = book.perp_size[run] * book.perp_price[run] + found.risk_cancelling
    profits: Floats = exposed[:, None] * moves
    return profits


def _naked(book: DeriveBook, *, expiries: slice) -> Floats:
    """Return how many options of each expiry are short beyond the longs of their strike."""
    options = book.options
    offsets = options.offsets[expiries.start : expiries.stop + 1]
    rows = slice(int(offsets[0]), int(offsets[-1]))
    strike, amount = options.strike[rows], options.amount[rows]
    out = np.zeros(len(offsets) - 1)
    if has_numba():
        from trimtab.kernels import scenario_loops

        groups = scenario_loops.GroupRows(strike, amount, offsets - offsets[0])
        scenario_loops.fill_naked_shorts(groups, out)
        return out
    owner = np.repeat(np.arange(len(out)), np.diff(offsets))
    order = np.lexsort((strike, owner))
    new = np.diff(owner[order], prepend=-1) != 0
    new |= np.diff(strike[order], prepend=-1.0) != 0
    begins = np.flatnonzero(new)
    if begins.size:
        nets = np.add.reduceat(amount[order], begins)
        np.add.at(out, owner[order][begins], np.maximum(-nets, 0.0))
    return out
