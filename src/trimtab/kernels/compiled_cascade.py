"""The search of the cascade barrier, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats
from trimtab.kernels.jit import kernel


@kernel
def search(limit: Floats, shocks: tuple[Floats, NDArray[np.int64]]) -> Any:
    """For each price the first j with limit[j] <= price; `limit` never rises and ends in 0."""
    prices, fallen = shocks
    for place in range(prices.size):
        price = prices[place]
        first, size = 0, limit.size
        # The half that is kept is chosen without a branch to guess.
        while size > 1:
            half = size // 2
            first += half * (limit[first + half - 1] > price)
            size -= half
        fallen[place] = first
