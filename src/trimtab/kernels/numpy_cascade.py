"""The search of the cascade barrier in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats


def search(limit: Floats, shocks: tuple[Floats, NDArray[np.int64]]) -> None:
    """For each price the first j with limit[j] <= price; `limit` never rises and ends in 0."""
    prices, fallen = shocks
    fallen[:] = limit.size - np.searchsorted(limit[::-1], prices, side="right")
