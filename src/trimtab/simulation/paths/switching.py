"""Paths of hidden regimes: a Markov chain says which normal law a step has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.driving import Purpose, Streams, root_of
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.paths.resampling import require_step

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RegimePaths:
    """Joint normal log returns whose mean and covariance switch.

    moves: chance of the next regime, rows from; means, covariances: of a step, by regime; now:
    chance of each regime at the first step; step_seconds: what a step is.
    """

    assets: tuple[str, ...]
    moves: Floats
    means: Floats
    covariances: Floats
    now: Floats
    step_seconds: float

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """A regime for every step of every path, and its normals."""
        require_step(grid, self.step_seconds, model="regimes")
        states = self.states(grid, streams)
        free = streams.normals(Purpose.DRIVERS, (grid.steps, len(self.assets)))
        roots = np.stack([root_of(one) for one in self.covariances])
        out = self.means[states]
        for j in range(len(self.assets)):
            out += free[..., j, None] * roots[:, :, j][states]
        return out

    def states(self, grid: PathGrid, streams: Streams) -> NDArray[np.int64]:
        """Return the regime of every step, paths by steps."""
        chances = streams.uniforms(Purpose.REGIMES, (grid.steps,))
        edges = np.cumsum(self.moves, axis=1)[:, :-1]
        found = np.empty(chances.shape, dtype=np.int64)
        found[:, 0] = (chances[:, [0]] >= np.cumsum(self.now)[:-1]).sum(axis=1)
        for at in range(1, grid.steps):
            found[:, at] = (chances[:, [at]] >= edges[found[:, at - 1]]).sum(axis=1)
        return found
