"""Named shocks: moves of assets over minutes, alone or on top of another model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.driving import Streams
from trimtab.simulation.paths.making import PathGrid, PathModel
from trimtab.units import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShockMove:
    """By when an asset has moved, as a fraction of its price at the start.

    at_minutes: after the start, above 0; moves: asset to fraction, -0.4 for 40 % down; "*" is every
    asset that is not named. Between two moves the logarithm goes straight.
    """

    at_minutes: float
    moves: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.at_minutes > 0.0 or not all(move > -1.0 for move in self.moves.values()):
            raise UsageError("a shock moves after the start, by more than -1")
        object.__setattr__(self, "moves", MappingProxyType(dict(self.moves)))


# Shapes for stress tests, not records of what happened: depth and pace of well-known days.
NAMED_SHOCKS: Final[Mapping[str, tuple[ShockMove, ...]]] = MappingProxyType(
    {
        "crash": (ShockMove(60.0, {"*": -0.30}), ShockMove(1440.0, {"*": -0.45})),
        "flash": (ShockMove(5.0, {"*": -0.25}), ShockMove(30.0, {"*": -0.05})),
        "melt_up": (ShockMove(240.0, {"*": 0.30}),),
        "slow_slide": (ShockMove(10080.0, {"*": -0.50}),),
    }
)


@dataclass(frozen=True, slots=True)
class Still:
    """Prices that do not move."""

    assets: tuple[str, ...]

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """Zeros."""
        return np.zeros((streams.count, grid.steps, len(self.assets)))


@dataclass(frozen=True, slots=True)
class Shocked:
    """Another model with a shock on top; on `Still` the shock alone."""

    model: PathModel
    shock: tuple[ShockMove, ...]

    def __post_init__(self) -> None:
        times = [move.at_minutes for move in self.shock]
        if not times or times != sorted(set(times)):
            raise UsageError("a shock has moves, each later than the one before")
        named = {asset for move in self.shock for asset in move.moves} - {"*"}
        unknown = sorted(named - set(self.model.assets))
        if unknown:
            raise UsageError(f"the shock moves {', '.join(unknown)}, which has no path")

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.model.assets

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The model's log returns and the shock's."""
        found: Floats = self.model.log_steps(grid, streams) + np.diff(self.course(grid), axis=0)
        return found

    def course(self, grid: PathGrid) -> Floats:
        """Return the logarithm of the shock's factor at each time, steps + 1 by assets."""
        minutes = np.arange(grid.steps + 1) * grid.step_seconds / 60.0
        times = [0.0, *(move.at_minutes for move in self.shock)]
        columns = []
        for asset in self.assets:
            logs = [0.0]
            for move in self.shock:
                fraction = move.moves.get(asset, move.moves.get("*"))
                logs.append(logs[-1] if fraction is None else float(np.log1p(fraction)))
            columns.append(np.interp(minutes, times, logs))
        return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class BesideStill:
    """Another model with assets added, as its last columns, whose prices do not move."""

    model: PathModel
    still: tuple[str, ...]

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*self.model.assets, *self.still)

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The model's log returns, and zeros."""
        moving = len(self.model.assets)
        inner = PathGrid(
            self.model.assets, grid.first_prices[:moving], grid.steps, grid.step_seconds
        )
        steps = self.model.log_steps(inner, streams)
        return np.concatenate([steps, np.zeros((*steps.shape[:2], len(self.still)))], axis=2)


@dataclass(frozen=True, slots=True)
class Louder:
    """Another process whose log returns are all multiplied: volatility without other change."""

    model: PathModel
    factor: float

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.model.assets

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The model's log returns times the factor."""
        found: Floats = self.factor * self.model.log_steps(grid, streams)
        return found
