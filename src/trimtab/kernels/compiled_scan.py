"""The scan, compiled. Each kernel has its twin of the same name in `numpy_scan`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.coefficients import ROUND_64, UNDERFLOW_64
from trimtab.kernels.jit import kernel
from trimtab.kernels.permuting import (
    LANES,
    PICKED,
    can_permute,
    next_failing_of,
    table_size,
)
from trimtab.kernels.requirement import ROUNDED_RATE, Curves
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE, JudgeWork, ScreenWork

BLOCK = 128
failing_1, failing_2, failing_4, failing_8 = (next_failing_of(pairs) for pairs in (1, 2, 4, 8))

# Quantities and terms by slot and row, and the coefficients by term.
Columns = tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float32]]


@kernel
def add_up(columns: Columns, block: tuple[NDArray[np.float32], int]) -> None:
    """Add the values of a block's rows, column by column, to its sums.

    Where all rows of a block hold the same term, one coefficient does for all of them.
    """
    quantities, terms, low = columns
    sums, begin = block
    for slot in range(quantities.shape[0]):
        quantity = quantities[slot, begin : begin + sums.size]
        term = terms[slot, begin : begin + sums.size]
        first, same = term[0], 0
        for row in range(term.size):
            same += term[row] == first
        if same == term.size:
            for row in range(quantity.size):
                sums[row] += quantity[row] * low[first]
        else:
            for row in range(quantity.size):
                sums[row] += quantity[row] * low[term[row]]


@kernel
def uncleared(sums: NDArray[np.float32], rows: NDArray[np.int32]) -> int:
    """Write the places whose sum is not >= 0 (NaN never is); return how many there are."""
    some = 0
    for place in range(sums.size):
        some += not sums[place] >= 0
    if some == 0:
        return 0
    found = 0
    for place in range(sums.size):
        rows[found] = place
        found += not sums[place] >= 0
    return found


@kernel
def upper_sum(work: ScreenWork, row: int) -> np.float32:
    """The raised sum of one row: negative proves that the excess is."""
    total = work.margin
    for slot in range(work.quantity.shape[0]):
        total += work.quantity[slot, row] * work.high[work.term[slot, row]]
    return total


@kernel
def sort_out(work: ScreenWork, found: tuple[int, int, int]) -> tuple[int, int]:
    """Write a row that is not surely safe among the unsafe or the doubtful; count them.

    `found`: the row, and how many were unsafe and in doubt before it.
    """
    row, unsafe, doubtful = found
    sure = upper_sum(work, row) < 0
    work.unsafe[unsafe] = row
    work.doubtful[doubtful] = row
    return unsafe + int(sure), doubtful + int(not sure)


@kernel
def screen_blocks(work: ScreenWork, counts: tuple[int, int, int]) -> tuple[int, int]:
    """Sort out the rows from one on that are not surely safe; return how many of each there are.

    A block of sums stays in the first cache while the columns pass by. `counts`: the first row, and
    how many were unsafe and in doubt before it.
    """
    begin, unsafe, doubtful = counts
    sums = np.empty(BLOCK, np.float32)
    rows = np.empty(BLOCK + 1, np.int32)
    for first in range(begin, work.last, BLOCK):
        size = min(BLOCK, work.last - first)
        sums[:] = -work.margin
        add_up((work.quantity, work.term, work.low), (sums[:size], first))
        for place in range(uncleared(sums[:size], rows)):
            unsafe, doubtful = sort_out(work, (first + int(rows[place]), unsafe, doubtful))
    return unsafe, doubtful


@kernel
def next_uncleared(work: ScreenWork, rest: tuple[NDArray[np.float32], int]) -> tuple[int, int]:
    """The next sixteen rows with any that is not surely safe, and which: see `next_failing_of`.

    `rest`: the table of coefficients, and the first row to look at.
    """
    table, begin = rest
    given = (work.quantity, work.term, table, -work.margin, begin, work.last)
    pairs = table.size // PICKED
    if pairs == 1:
        found: tuple[int, int] = failing_1(given)
    elif pairs == 2:
        found = failing_2(given)
    elif pairs == 4:
        found = failing_4(given)
    else:
        found = failing_8(given)
    return found


@kernel
def screen_permuted(work: ScreenWork, table: NDArray[np.float32]) -> tuple[int, int]:
    """The same by `next_failing_of`; `table` is `work.low`, filled up to `table_size`."""
    unsafe, doubtful, at = 0, 0, work.first
    while True:
        at, failing = next_uncleared(work, (table, at))
        if failing == 0:
            break
        for lane in range(LANES):
            if failing >> lane & 1:
                unsafe, doubtful = sort_out(work, (at + lane, unsafe, doubtful))
        at += LANES
    return screen_blocks(work, (at, unsafe, doubtful))


def screen(work: ScreenWork) -> tuple[int, int]:
    """Sort out the rows that are not surely safe; return how many are unsafe, and in doubt."""
    if work.term.dtype != np.uint8 or not can_permute():
        counts: tuple[int, int] = screen_blocks(work, (work.first, 0, 0))
        return counts
    table = np.zeros(table_size(work.low.size), np.float32)
    table[: work.low.size] = work.low
    found: tuple[int, int] = screen_permuted(work, table)
    return found


@kernel
def required(curves: Curves, position: tuple[int, float, float]) -> tuple[float, float]:
    """Bounds of the requirement of a position: its curve, quantity and mark price.

    The notional is within 4 units of roundoff, so that one beside a tier's bound is asked at both
    of its sides; sums and products of the piece add less than 32 units, and the exact rate is
    rounded up to its last decimal.
    """
    curve, quantity, mark = position
    low, high = np.inf, 0.0
    for side in (1 - 8 * ROUND_64, 1 + 8 * ROUND_64):
        size = quantity * mark * side
        piece = curves.first[curve]
        while piece + 1 < curves.first[curve + 1] and curves.bound[piece + 1] <= size:
            piece += 1
        rooted, cap = curves.root[curve] * np.sqrt(quantity * curves.unit[curve]), curves.cap[curve]
        rooted = rooted if cap == 0 else -cap / (1 + rooted)
        rate = max(curves.rate[piece], curves.lead[curve] + rooted)
        steep = (1 + curves.slope[curve] * quantity) * curves.scale[curve]
        need = rate * size * steep + curves.offset[piece] * curves.scale[curve]
        error = (32 * ROUND_64 * rate + ROUNDED_RATE) * size * max(steep, 1.0)
        low, high = min(low, need - error), max(high, need + error)
    return low, high


@kernel
def lost_gains(work: JudgeWork, rows: tuple[int, int]) -> float:
    """What an account's gains count less than they are, by position."""
    bundles, lost = work.curves.bundle, 0.0
    for at in range(rows[0], rows[1]):
        bundle, leads, value = bundles[work.term[at]], True, 0.0
        for other in range(rows[0], rows[1]):
            if bundle >= 0 and bundles[work.term[other]] == bundle:
                leads &= other >= at
                value += work.quantity[other] * work.decide[work.term[other]]
        if bundle >= 0 and leads:
            lost += (1 - work.curves.gain[work.term[at]]) * max(value, 0.0)
    return lost


@kernel
def judge(work: JudgeWork) -> None:
    """Bound each account's excess from both sides in float64.

    With u = 2^-53 the sum of n products errs by at most (n + 12) u times the sum of magnitudes:
    n + 1 for products and sums, the rest for quantities, coefficients and requirements. Without a
    negative coefficient or a requirement there is nothing to owe.
    """
    for place in range(work.accounts.size):
        account = work.accounts[place]
        first = work.start[account]
        count = work.positions[account]
        excess, owed, magnitude, slack = 0.0, 0.0, 0.0, 0.0
        least, most, bundled = 0.0, 0.0, False
        for at in range(first, first + count):
            term = work.term[at]
            value = work.quantity[at] * work.decide[term]
            excess += value
            magnitude += abs(value)
            owed += work.decide[term] < 0
            slack += work.slack[term]
            bundled |= work.curves.bundle[term] >= 0
            if work.curves.curve[term] >= 0:
                position = (work.curves.curve[term], work.quantity[at], work.curves.mark[term])
                low, high = required(work.curves, position)
                least, most, owed = least + low, most + high, owed + 1
        # A cut moves no further than what it cuts: the bound of the sums is one of both.
        excess -= lost_gains(work, (first, first + count)) if bundled else 0.0
        bound = (count + 12) * ROUND_64 * (magnitude + 2 * most) + slack * (1 + 2.0**-40)
        bound += count * UNDERFLOW_64
        if owed == 0 or excess - most - bound >= 0:
            work.verdict[place] = SAFE
        elif excess - least + bound < 0:
            work.verdict[place] = UNSAFE
        else:
            work.verdict[place] = DOUBT
