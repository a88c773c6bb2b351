"""The scan in NumPy: to read, to test against, and for machines without Numba."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.coefficients import ROUND_64, UNDERFLOW_64
from trimtab.kernels.requirement import ROUNDED_RATE, Curves, rooted_rates
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE, JudgeWork, ScreenWork

BLOCK = 1 << 15


def screen(work: ScreenWork) -> tuple[int, int]:
    """Sort out the rows that are not surely safe; return how many are unsafe, and in doubt."""
    unsafe, doubtful = 0, 0
    for begin in range(work.first, work.last, BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, work.last), dtype=np.int32)
        rows = rows[~(_sums(work, rows, table=work.low) - work.margin >= 0)]
        sure = _sums(work, rows, table=work.high) + work.margin < 0
        for part, to, at in (
            (rows[sure], work.unsafe, unsafe),
            (rows[~sure], work.doubtful, doubtful),
        ):
            to[at : at + part.size] = part
        unsafe += int(sure.sum())
        doubtful += int((~sure).sum())
    return unsafe, doubtful


def _sums(
    work: ScreenWork, rows: NDArray[np.int32], *, table: NDArray[np.float32]
) -> NDArray[np.float32]:
    sums = np.zeros(rows.size, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for slot in range(work.quantity.shape[0]):
            sums += work.quantity[slot, rows] * table[work.term[slot, rows]]
    return sums


def judge(work: JudgeWork) -> None:
    """Bound each account's excess from both sides in float64 (see `compiled_scan.judge`)."""
    counts = work.positions[work.accounts].astype(np.int64)
    owner = np.repeat(np.arange(counts.size), counts)
    offset = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    at = work.start[work.accounts][owner] + offset
    term = work.term[at]
    with np.errstate(over="ignore", invalid="ignore"):
        value = work.quantity[at] * work.decide[term]
        excess = np.bincount(owner, weights=value, minlength=counts.size)
        magnitude = np.bincount(owner, weights=np.abs(value), minlength=counts.size)
        slack = np.bincount(owner, weights=work.slack[term], minlength=counts.size)
        bundles = values_by_bundle(work.curves, (owner, term), value=value)
        lost = bundles.cut * np.maximum(bundles.value, 0.0)
        excess -= np.bincount(bundles.owner, weights=lost, minlength=counts.size)
        low, high = required(work.curves, term, quantity=work.quantity[at])
        least = np.bincount(owner, weights=low, minlength=counts.size)
        most = np.bincount(owner, weights=high, minlength=counts.size)
        bound = (counts + 12) * ROUND_64 * (magnitude + 2 * most) + slack * (1 + 2.0**-40)
        bound += counts * UNDERFLOW_64
        owes = (work.decide[term] < 0) | (work.curves.curve[term] >= 0)
        owed = np.bincount(owner, weights=owes, minlength=counts.size)
        safe = (owed == 0) | (excess - most - bound >= 0)
        unsafe = excess - least + bound < 0
    work.verdict[:] = np.where(safe, SAFE, np.where(unsafe, UNSAFE, DOUBT))


class Bundles(NamedTuple):
    """Positions whose gains are cut: their accounts, their values, and what is cut of a gain."""

    owner: Ints
    value: Floats
    cut: Floats


def values_by_bundle(curves: Curves, rows: tuple[Ints, NDArray[Any]], *, value: Floats) -> Bundles:
    """Sums of the rows of each account and bundle; rows are owners and terms."""
    chosen = curves.bundle[rows[1]] >= 0
    owner, term = rows[0][chosen].astype(np.int64), rows[1][chosen]
    key = owner * (int(curves.bundle.max(initial=0)) + 1) + curves.bundle[term]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    sums = np.bincount(place, weights=value[chosen], minlength=first.size).astype(np.float64)
    return Bundles(owner[first], sums, 1 - curves.gain[term[first]])


def required(curves: Curves, term: NDArray[Any], *, quantity: Floats) -> tuple[Floats, Floats]:
    """Bounds of the requirement of each position (see `compiled_scan.required`)."""
    low, high = np.zeros(term.size), np.zeros(term.size)
    for number in range(curves.scale.size):
        chosen = curves.curve[term] == number
        held = quantity[chosen]
        own = slice(curves.first[number], curves.first[number + 1])
        steep = (1 + curves.slope[number] * held) * curves.scale[number]
        rooted = rooted_rates(curves, number, quantity=held)
        needs, errors = [], []
        for side in (1 - 8 * ROUND_64, 1 + 8 * ROUND_64):
            size = held * curves.mark[term[chosen]] * side
            piece = np.maximum(np.searchsorted(curves.bound[own], size, side="right") - 1, 0)
            rate = np.maximum(curves.rate[own][piece], rooted)
            offset = curves.offset[own][piece] * curves.scale[number]
            needs.append(rate * size * steep + offset)
            error = (32 * ROUND_64 * rate + ROUNDED_RATE) * size
            errors.append(error * np.maximum(steep, 1.0))
        low[chosen] = np.minimum(needs[0] - errors[0], needs[1] - errors[1])
        high[chosen] = np.maximum(needs[0] + errors[0], needs[1] + errors[1])
    return low, high
