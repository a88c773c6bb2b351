"""Exact shares of integer columns: floors of fractions over one denominator, largest remainders.

A numerator of two factors does not fit 64 bits, but its residual does: float64 gives a quotient
that is off by a few units at most, and the residual of that quotient is small enough to be read
from arithmetic modulo 2^64. Where it might not be, Python's integers decide.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

WORD = 1 << 64
# Residuals stay below this, half of what a signed word holds.
RESIDUAL_MAX = 1 << 62


def total(column: Ints) -> int:
    """The exact sum of a column of int64, also beyond 64 bits."""
    high = int((column >> np.int64(32)).sum())
    low = int((column & np.int64(0xFFFFFFFF)).sum())
    return (high << 32) + low


def pro_rata(room: Ints, quantity: int) -> Ints:
    """The same share of every size, native units; the sum is the quantity (at most the sum)."""
    whole = total(room)
    if whole == 0:
        return np.zeros_like(room)
    # N x Q / T = N - N x (T - Q) / T.
    found, rests = floors(room, room, kept=whole - quantity, denominator=whole)
    return with_remainders(found, rests, quantity=quantity)


def floors(room: Ints, weight: Ints, *, kept: int, denominator: int) -> tuple[Ints, Ints]:
    """Floors and remainders of (N x D - P x w) / D, of which none is below 0 or above N.

    Arguments:
        room: N, [accounts], >= 0.
        weight: w, [accounts], > 0.
        kept: P, >= 0.
        denominator: D, > 0.

    Returns:
        floors and remainders (in units of 1 / D); where D is beyond 63 bits the remainders are
        scaled down to places in their order, ties kept.
    """
    largest = int(room.max(initial=0))
    # The quotient below is off by less than 2^-50 of its two terms, which are at most N each.
    off = 2 + (largest >> 48)
    if denominator * off >= RESIDUAL_MAX:
        return _floors_of_integers(room, weight, kept=kept, denominator=denominator)
    guess = np.floor(room - weight.astype(float) * (kept / denominator)).astype(np.int64)
    divisor = np.uint64(denominator)
    left = (room - guess).astype(np.uint64) * divisor
    residual = (left - weight.astype(np.uint64) * np.uint64(kept % WORD)).view(np.int64)
    more = residual // np.int64(denominator)
    return guess + more, residual - more * np.int64(denominator)


def _floors_of_integers(
    room: Ints, weight: Ints, *, kept: int, denominator: int
) -> tuple[Ints, Ints]:
    pairs = [
        divmod(n * denominator - kept * w, denominator)
        for n, w in zip(room.tolist(), weight.tolist(), strict=True)
    ]
    rests = [rest for _, rest in pairs]
    places = {rest: place for place, rest in enumerate(sorted(set(rests)))}
    return (
        np.array([whole for whole, _ in pairs], dtype=np.int64),
        np.array([places[rest] for rest in rests], dtype=np.int64),
    )


def with_remainders(whole: Ints, rests: Ints, *, quantity: int) -> Ints:
    """Floors brought to a sum: one unit more for the largest remainders, ties to the first."""
    left = quantity - total(whole)
    assert 0 <= left <= len(whole), "floors lack less than one unit each"
    if left == 0:
        return whole
    least = np.partition(rests, len(rests) - left)[len(rests) - left]
    more = rests > least
    ties = np.flatnonzero(rests == least)
    more[ties[: left - int(np.count_nonzero(more))]] = True
    found: Ints = whole + more
    return found
