"""What the paths of a stress test look like: one asset's price over time, for a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.sampling import PLAIN
from trimtab.simulation.stress.running import Prepared
from trimtab.units import UsageError

Floats = NDArray[np.float64]

FAN_LEVELS: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_PATHS_MOST: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class PriceFan:
    """Quantiles of one asset's price, from plainly drawn paths of the question's process.

    Args:
        asset: its name.
        hours: of each step, from 0.
        quantiles: `FAN_LEVELS` by steps + 1, quote.
        lowest: paths by steps + 1: the lowest price so far.
    """

    asset: str
    hours: Floats
    quantiles: Floats
    lowest: Floats

    def reached(self, price: Floats) -> Floats:
        """Return the share of paths that have fallen to prices by each step: prices by steps."""
        found = self.lowest[None, :, :] <= price[:, None, None]
        return np.asarray(found.mean(axis=1))


def price_fan(ready: Prepared, asset: str, *, paths: int = _PATHS_MOST) -> PriceFan:
    """Return the fan of an asset's price; `paths` are drawn plainly, whatever the run samples.

    Raises:
        UsageError: an asset that the paths do not have.
    """
    grid = ready.grid
    if asset not in grid.assets:
        raise UsageError(f"fan: the paths have no {asset}, only {', '.join(grid.assets)}")
    count = max(1, min(paths, _PATHS_MOST, ready.plan.paths))
    drawn = replace(ready.task, sampling=PLAIN).prices(0, count)
    prices: Floats = np.ascontiguousarray(drawn[:, :, grid.assets.index(asset)])
    hours = np.arange(grid.steps + 1, dtype=np.float64) * (grid.step_seconds / 3600.0)
    quantiles: Floats = np.asarray(np.quantile(prices, FAN_LEVELS, axis=0), dtype=np.float64)
    return PriceFan(asset, hours, quantiles, np.minimum.accumulate(prices, axis=1))
