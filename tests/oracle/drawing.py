"""What the cases are drawn with: sizes over many orders, and the places where a rule turns."""

from __future__ import annotations

from collections.abc import Callable
from random import Random


def log_uniform(rng: Random, low: float, high: float) -> float:
    """Ten to a power drawn evenly."""
    return 10 ** rng.uniform(low, high)


def flip(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The lower of two neighbors between which the answer changes, if it changes at all."""
    first = holds(low)
    if high <= low or holds(high) == first:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle) == first:
            low = middle
        else:
            high = middle
    return low
