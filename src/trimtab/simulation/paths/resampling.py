"""Paths from history itself: blocks of it, its residuals under GARCH, windows of it.

Sources: D. Politis, J. Romano, "The stationary bootstrap", Journal of the American Statistical
Association 89 (1994); G. Barone-Adesi, K. Giannopoulos, L. Vosper, "VaR without correlations for
portfolios of derivative securities", Journal of Futures Markets 19 (1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.returns import ReturnPanel
from trimtab.simulation.paths.driving import Dependence, Purpose, Streams
from trimtab.simulation.paths.making import PathGrid
from trimtab.units import DataError, UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BlockBootstrap:
    """The stationary bootstrap: blocks of random length, all assets together.

    A block ends with chance 1 / `block_steps` at each step, and wherever the history has a gap.
    """

    panel: ReturnPanel
    block_steps: float

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.panel.assets

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The rows of history that were drawn."""
        require_step(grid, self.panel.step_seconds, model="the bootstrap")
        rows = block_rows(self.panel.follows, grid, block_steps=self.block_steps, streams=streams)
        found: Floats = self.panel.log_returns[rows]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class GarchPaths:
    """Asymmetric GARCH(1,1) with normal residuals that move together; see `AsymmetricGarch`."""

    assets: tuple[str, ...]
    mean: Floats
    omega: Floats
    alpha: Floats
    gamma: Floats
    beta: Floats
    last_variance: Floats
    step_seconds: float
    dependence: Dependence

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """Normal residuals through the recursion of the variance."""
        require_step(grid, self.step_seconds, model="GARCH")
        return self.scaled(self.dependence.normals(streams, grid.steps))

    def scaled(self, residuals: Floats) -> Floats:
        """Return log returns of residuals of unit variance, paths by steps by assets."""
        out = np.empty_like(residuals)
        variance = np.broadcast_to(self.last_variance, out[:, 0].shape)
        for at in range(out.shape[1]):
            error = np.sqrt(variance) * residuals[:, at]
            out[:, at] = self.mean + error
            heard = self.alpha + self.gamma * (error < 0.0)
            variance = self.omega + heard * error**2 + self.beta * variance
        return out


@dataclass(frozen=True, slots=True, eq=False)
class FilteredHistory:
    """Filtered historical simulation: residuals of history, drawn in blocks, under GARCH.

    residuals: standardized, rows by assets; follows: as in a panel.
    """

    garch: GarchPaths
    residuals: Floats
    follows: NDArray[np.bool_]
    block_steps: float = 1.0

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.garch.assets

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The residuals that were drawn, at today's variance and on from there."""
        require_step(grid, self.garch.step_seconds, model="filtered history")
        rows = block_rows(self.follows, grid, block_steps=self.block_steps, streams=streams)
        return self.garch.scaled(self.residuals[rows])


@dataclass(frozen=True, slots=True, eq=False)
class HistoryWindows:
    """History as it was: path k is the window that begins at its k-th possible row.

    The seed decides nothing. Windows do not cross a gap; `windows` of them exist for a grid.
    """

    panel: ReturnPanel

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.panel.assets

    def begins(self, steps: int) -> NDArray[np.int64]:
        """Return the rows at which a window of so many steps can begin."""
        breaks = np.concatenate([[0], np.cumsum(~self.panel.follows)])
        last = len(self.panel) - steps
        rows = np.arange(max(last + 1, 0))
        inside = breaks[rows + steps] - breaks[rows + 1] == 0
        return np.asarray(rows[inside], dtype=np.int64)

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The returns of the windows of these paths."""
        require_step(grid, self.panel.step_seconds, model="history")
        begins = self.begins(grid.steps)
        if streams.first + streams.count > len(begins):
            raise DataError(
                "history has no such window",
                found=f"paths {streams.first} to {streams.first + streams.count - 1}",
                expected=f"at most {len(begins)} windows of {grid.steps} steps without a gap",
            )
        chosen = begins[streams.first : streams.first + streams.count]
        found: Floats = self.panel.log_returns[chosen[:, None] + np.arange(grid.steps)]
        return found


def block_rows(
    follows: NDArray[np.bool_], grid: PathGrid, *, block_steps: float, streams: Streams
) -> NDArray[np.int64]:
    """Return which row of history each step of each path takes, paths by steps."""
    if not block_steps >= 1.0:
        raise UsageError(f"a block has at least one step on average, found {block_steps}")
    rows = len(follows)
    chances = streams.uniforms(Purpose.BLOCKS, (grid.steps, 2))
    fresh = np.minimum((chances[..., 0] * rows).astype(np.int64), rows - 1)
    ends = chances[..., 1] * block_steps < 1.0
    out = np.empty(fresh.shape, dtype=np.int64)
    out[:, 0] = fresh[:, 0]
    for at in range(1, grid.steps):
        onward = (out[:, at - 1] + 1) % rows
        out[:, at] = np.where(ends[:, at] | ~follows[onward], fresh[:, at], onward)
    return out


def require_step(grid: PathGrid, step_seconds: float, *, model: str) -> None:
    """Raise UsageError where a grid has another step than a model was learnt on."""
    if abs(grid.step_seconds - step_seconds) > 1e-6 * step_seconds:
        raise UsageError(
            f"{model}: learnt on steps of {step_seconds:g} seconds, asked for steps of "
            f"{grid.step_seconds:g}; take the step of the history"
        )
