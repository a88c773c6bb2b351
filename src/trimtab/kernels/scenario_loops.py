"""Books of options under many scenarios as machine code: values added up by group.

Options are taken in blocks that stay in the first cache. Per block and scenario one vectorized loop
gives every option's value, and one plain loop adds them to their groups, in the order of the rows:
a group's total does not depend on where a block begins.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.compiling import compiled
from trimtab.kernels.greeks_loops import below, log_moneyness
from trimtab.kernels.normal import density, far_clipped, ln_ratio, mills

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK: Final = 512
_LEAST_VOL: Final = 1e-290


class BookRows(NamedTuple):
    """Options with their signed weights, and what each kind of shock makes of volatilities.

    moving, fixed: the parts of the forward that a scenario multiplies and leaves; weight: signed
    amount times discount; per_forward: the value is counted in units of the forward (inverse);
    vols: one row per kind of shock.
    """

    moving: Floats
    fixed: Floats
    strike: Floats
    years: Floats
    is_call: NDArray[np.bool_]
    per_forward: NDArray[np.bool_]
    weight: Floats
    vols: Floats


class TotalRows(NamedTuple):
    """Scenarios, the groups, and where their totals are written.

    spot: by what forwards are multiplied; vol_kind: which row of `vols` holds; offsets: where each
    group begins, and the number of options; totals: groups by scenarios.
    """

    spot: Floats
    vol_kind: Integers
    offsets: Integers
    totals: Floats


class GroupRows(NamedTuple):
    """Options grouped by offsets: strikes and signed amounts."""

    strike: Floats
    amount: Floats
    offsets: Integers


class _Place(NamedTuple):
    first: int
    rows: int
    group: int
    scenario: int
    all_move: bool


class _Work(NamedTuple):
    """One block: what holds in every scenario, then what one scenario makes of it."""

    book: BookRows
    into: TotalRows
    log: Floats
    total_vol: Floats
    inverse_vol: Floats
    moved_log: Floats
    values: Floats


@compiled
def prepare_block(work: _Work, place: _Place) -> bool:
    """Write logarithms and volatilities of a block; returns whether all of its forwards move."""
    book, count = work.book, place.rows
    rows = slice(place.first, place.first + count)
    moving, fixed, strike = book.moving[rows], book.fixed[rows], book.strike[rows]
    years, most_fixed = book.years[rows], 0.0
    for j in range(count):
        work.log[j] = log_moneyness(moving[j], strike[j])
    for j in range(count):
        most_fixed = max(most_fixed, fixed[j])
    for kind in range(book.vols.shape[0]):
        vols = book.vols[kind, rows]
        totals, inverses = work.total_vol[kind], work.inverse_vol[kind]
        for j in range(count):
            total_vol = vols[j] * math.sqrt(years[j])
            totals[j] = total_vol
            inverses[j] = 1.0 / max(total_vol, _LEAST_VOL)
    return most_fixed == 0.0


@compiled
def move_logs(work: _Work, place: _Place) -> None:
    """Write ln(forward / strike) of a block in one scenario.

    Whether an option's forward moves whole decides its formula, not whether its neighbors' do.
    """
    book, spot = work.book, work.into.spot[place.scenario]
    rows = slice(place.first, place.first + place.rows)
    shift = ln_ratio(spot, 1.0)
    if place.all_move:
        for j in range(place.rows):
            work.moved_log[j] = work.log[j] + shift
    else:
        moving, fixed, strike = book.moving[rows], book.fixed[rows], book.strike[rows]
        for j in range(place.rows):
            moved = log_moneyness(moving[j] * spot + fixed[j], strike[j])
            work.moved_log[j] = work.log[j] + shift if fixed[j] == 0.0 else moved


@compiled
def fill_values(work: _Work, place: _Place) -> None:
    """Write the signed value of the options of one block in one scenario.

    Columns are cut before the loop: an index that might be negative would stop vectorization.
    """
    book, spot = work.book, work.into.spot[place.scenario]
    kind = work.into.vol_kind[place.scenario]
    rows = slice(place.first, place.first + place.rows)
    moving, fixed, strikes = book.moving[rows], book.fixed[rows], book.strike[rows]
    calls, inverse, weight = book.is_call[rows], book.per_forward[rows], book.weight[rows]
    total_vols, inverse_vols = work.total_vol[kind], work.inverse_vol[kind]
    for j in range(place.rows):
        forward, strike, total_vol = moving[j] * spot + fixed[j], strikes[j], total_vols[j]
        d = work.moved_log[j] * inverse_vols[j] + 0.5 * total_vol
        d1, d2 = far_clipped(d), far_clipped(d - total_vol)
        size1, size2 = abs(d1), abs(d2)
        tail1, tail2 = density(size1) * mills(size1), density(size2) * mills(size2)
        is_call = calls[j]
        side1, side2 = (d1, d2) if is_call else (-d1, -d2)
        held = forward * below(side1, tail1) - strike * below(side2, tail2)
        value = weight[j] * max(held if is_call else -held, 0.0)
        work.values[j] = value / forward if inverse[j] else value


@compiled
def add_block(work: _Work, place: _Place) -> None:
    """Add the values of one block to the totals of their groups."""
    offsets, group, j = work.into.offsets, place.group, 0
    while j < place.rows:
        last = min(offsets[group + 1] - place.first, place.rows)
        total = work.into.totals[group, place.scenario]
        while j < last:
            total += work.values[j]
            j += 1
        work.into.totals[group, place.scenario] = total
        group += 1


@compiled
def fill_totals(book: BookRows, into: TotalRows) -> None:
    """Write the value of each group in each scenario; `totals` holds zeros before."""
    kinds = (book.vols.shape[0], BLOCK)
    work = _Work(
        book,
        into,
        np.empty(BLOCK),
        np.empty(kinds),
        np.empty(kinds),
        np.empty(BLOCK),
        np.empty(BLOCK),
    )
    rows, group = book.strike.size, 0
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        while into.offsets[group + 1] <= first:
            group += 1
        all_move = prepare_block(work, _Place(first, count, group, 0, False))
        for scenario in range(into.spot.size):
            place = _Place(first, count, group, scenario, all_move)
            move_logs(work, place)
            fill_values(work, place)
            add_block(work, place)


@compiled
def fill_naked_shorts(rows: GroupRows, out: Floats) -> None:
    """Write how many options of each group are short beyond the longs of their strike."""
    for group in range(out.size):
        begin, end = rows.offsets[group], rows.offsets[group + 1]
        order = np.argsort(rows.strike[begin:end])
        naked, net = 0.0, 0.0
        for j in range(order.size):
            i = begin + order[j]
            if j > 0 and rows.strike[i] != rows.strike[begin + order[j - 1]]:
                naked += max(-net, 0.0)
                net = 0.0
            net += rows.amount[i]
        out[group] = naked + max(-net, 0.0)
