"""From a model of log returns to price paths, with a limit on what may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.driving import Purpose, Streams
from trimtab.simulation.paths.sampling import PLAIN, Sampling
from trimtab.units import YEAR_SECONDS, UsageError

Floats = NDArray[np.float64]

# Prices, their logarithms and the draws behind them are alive at once.
_COPIES: Final = 4
BYTES_MOST: Final = 2 * 2**30
# Measured: draws and exponentials of one number of a path.
_NUMBER_SECONDS: Final = 6e-8


@dataclass(frozen=True, slots=True)
class PathGrid:
    """The clock of paths: assets with their first prices, and equal steps.

    Args:
        assets: names, in the order of the model's columns.
        first_prices: quote, above 0, one per asset.
        steps: how many.
        step_seconds: length of each.
    """

    assets: tuple[str, ...]
    first_prices: tuple[float, ...]
    steps: int
    step_seconds: float

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.step_seconds > 0.0:
            raise UsageError(
                f"a horizon of {self.steps} steps of {self.step_seconds} seconds: expected at "
                "least one, longer than 0"
            )
        if len(self.assets) != len(self.first_prices) or not self.assets:
            raise UsageError("a grid has as many first prices as assets, and at least one")
        if not all(0.0 < price < float("inf") for price in self.first_prices):
            raise UsageError(f"first prices are above 0, found {self.first_prices}")

    @property
    def step_years(self) -> float:
        """Return the length of a step in years of 365 days."""
        return self.step_seconds / YEAR_SECONDS


class PathModel(Protocol):
    """What makes log returns.

    `assets` are its columns; `log_steps` gives paths by steps by assets, and for a path the same
    numbers whatever other paths are made with it.
    """

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """Log returns: paths by steps by assets."""


def price_paths(
    model: PathModel,
    grid: PathGrid,
    *,
    seed: int,
    paths: int,
    first_path: int = 0,
    sampling: Sampling = PLAIN,
    bytes_max: int = BYTES_MOST,
) -> Floats:
    """Return prices: paths by steps + 1 by assets, the first prices first.

    Args:
        model: the process; its assets are those of the grid.
        grid: the clock.
        seed: 0 or more, below 2**64.
        paths, first_path: how many, and the number of the first: path k is the same in any batch.
        sampling: how the normals are drawn; see `path_positions` for what paths then count.
        bytes_max: refuse what would need more memory.

    Raises:
        UsageError: no path, another order of assets, or more than fits; says what it would take.
    """
    check_request(grid, paths, bytes_max=bytes_max)
    if not 0 <= seed < 2**64 or not 0 <= first_path < 2**63:
        raise UsageError(f"seed and path are from 0 to below 2**64, found {seed} and {first_path}")
    if model.assets != grid.assets:
        raise UsageError(f"a model of {model.assets} on a grid of {grid.assets}")
    steps = model.log_steps(grid, Streams(seed, first_path, paths, sampling))
    logs = np.cumsum(steps, axis=1, out=steps)
    prices = np.empty((paths, grid.steps + 1, len(grid.assets)))
    prices[:, 0] = grid.first_prices
    prices[:, 1:] = np.exp(logs) * np.array(grid.first_prices)
    return prices


def check_request(grid: PathGrid, paths: int, *, bytes_max: int = BYTES_MOST) -> None:
    """Raise UsageError where no path is asked for, or more than memory holds, with an estimate."""
    if paths < 1:
        raise UsageError(f"paths: expected at least 1, found {paths}")
    numbers = paths * (grid.steps + 1) * len(grid.assets)
    needed = numbers * 8 * _COPIES
    if needed > bytes_max:
        fits = max(bytes_max // (8 * _COPIES * (grid.steps + 1) * len(grid.assets)), 0)
        raise UsageError(
            f"{paths:,} paths of {grid.steps:,} steps of {len(grid.assets)} assets need about "
            f"{needed / 2**30:.1f} GiB and {numbers * _NUMBER_SECONDS:,.0f} s; at most "
            f"{bytes_max / 2**30:.1f} GiB: ask for batches of {fits:,}"
        )


def path_positions(
    grid: PathGrid, *, seed: int, paths: int, first_path: int = 0, sampling: Sampling = PLAIN
) -> Floats:
    """Return where paths stand along the direction that they were sampled in; 0 without one.

    What they count for in a mean follows from it: `sampling.weights`.
    """
    if not sampling.is_directed:
        return np.zeros(paths)
    streams = Streams(seed, first_path, paths, sampling)
    drivers = streams.normals(Purpose.DRIVERS, (grid.steps, len(sampling.direction)))
    return sampling.positions(drivers)
