"""Forward and backward passes over hidden states as machine code; imported when one is fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    return cast(Function, njit(nogil=True, cache=True)(function))


@_compiled
def ahead_of(chances: Floats, moves: Floats) -> Floats:
    """Return the chance of each state one step on."""
    out = np.zeros(chances.size)
    for j in range(chances.size):
        for k in range(chances.size):
            out[k] += chances[j] * moves[j, k]
    return out


@_compiled
def forward(densities: Floats, moves: Floats, *, start: Floats, out: Floats) -> float:
    """Write the chance of each state given the past; returns the log likelihood.

    Args:
        densities: of each row in each state, scaled by any factor per row.
        moves: chance of the next state (column) from each (row); start: of the first.
    """
    rows, states = densities.shape
    total = 0.0
    before = start
    for t in range(rows):
        norm = 0.0
        for k in range(states):
            out[t, k] = before[k] * densities[t, k]
            norm += out[t, k]
        out[t] /= norm
        total += np.log(norm)
        before = ahead_of(out[t], moves)
    return total


@_compiled
def backward(densities: Floats, moves: Floats, *, filtered: Floats, out: Floats) -> Floats:
    """Write the chance of each state given all rows; returns the expected number of moves."""
    rows, states = densities.shape
    counts = np.zeros((states, states))
    out[rows - 1] = filtered[rows - 1]
    for t in range(rows - 2, -1, -1):
        ahead = ahead_of(filtered[t], moves)
        for j in range(states):
            out[t, j] = 0.0
            for k in range(states):
                joint = filtered[t, j] * moves[j, k] * out[t + 1, k] / max(ahead[k], 1e-300)
                counts[j, k] += joint
                out[t, j] += joint
    return counts
