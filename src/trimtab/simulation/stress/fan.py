"""How far prices spread over the horizon: quantiles of each asset at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.stress.running import Prepared
from trimtab.simulation.stress.sample import design_of

FAN_LEVELS: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_PATHS: Final = 512


@dataclass(frozen=True, slots=True)
class PriceFan:
    """Quantiles of prices over time.

    Args:
        seconds: after the start, steps + 1.
        levels: rising.
        prices: by asset, one row a level, one column a time.
        paths: the first so many of the run.
    """

    seconds: tuple[float, ...]
    levels: tuple[float, ...]
    prices: Mapping[str, NDArray[np.float64]]
    paths: int


def price_fan(
    ready: Prepared, *, paths: int = _PATHS, levels: tuple[float, ...] = FAN_LEVELS
) -> PriceFan:
    """Return the fan of the first paths of a run, each counting for what it is worth.

    Args:
        paths: at most the run's; fewer where the question has fewer.
    """
    count = min(paths, ready.plan.paths)
    prices = ready.task.prices(0, count)
    positions = ready.task.positions(0, count)
    design = design_of(np.arange(count), sampling=ready.sampling, positions=positions)
    order = np.argsort(prices, axis=0, kind="stable")
    rising = np.take_along_axis(prices, order, axis=0)
    below = np.cumsum(design.weights[order], axis=0)
    below /= below[-1]
    rows = []
    for level in levels:
        place = np.argmax(below >= level - 1e-12, axis=0)
        rows.append(np.take_along_axis(rising, place[None], axis=0)[0])
    found = np.stack(rows)
    grid = ready.grid
    times = tuple((np.arange(grid.steps + 1) * grid.step_seconds).tolist())
    return PriceFan(
        times,
        levels,
        {asset: found[:, :, place] for place, asset in enumerate(grid.assets)},
        count,
    )
