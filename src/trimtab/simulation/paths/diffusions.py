"""Paths of diffusions: geometric Brownian motion, Merton's jumps, Heston's variance.

All rates are annual. The drift is that of the price: E[S(t)] = S(0) exp(drift t), so that a drift
of 0 is a martingale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.driving import Dependence, Purpose, Streams
from trimtab.simulation.paths.making import PathGrid
from trimtab.units import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Brownian:
    """Geometric Brownian motion, exact at any step."""

    assets: tuple[str, ...]
    drift_annual: Floats
    vol_annual: Floats
    dependence: Dependence

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """(drift - vol**2 / 2) dt + vol sqrt(dt) z."""
        step = grid.step_years
        drivers = self.dependence.normals(streams, grid.steps)
        drift = (self.drift_annual - 0.5 * self.vol_annual**2) * step
        found: Floats = drift + self.vol_annual * np.sqrt(step) * drivers
        return found


@dataclass(frozen=True, slots=True, eq=False)
class JumpPaths:
    """Merton's jumps on a Brownian motion, exact at any step: each asset jumps by itself.

    jump_mean, jump_vol: of the logarithm of a jump.
    """

    assets: tuple[str, ...]
    drift_annual: Floats
    vol_annual: Floats
    jumps_per_year: Floats
    jump_mean: Floats
    jump_vol: Floats
    dependence: Dependence

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The diffusion, less what jumps add on average, and the jumps of a step."""
        step, shape = grid.step_years, (grid.steps, len(self.assets))
        growth = np.exp(self.jump_mean + 0.5 * self.jump_vol**2) - 1.0
        drift = self.drift_annual - 0.5 * self.vol_annual**2 - self.jumps_per_year * growth
        diffused = drift * step + self.vol_annual * np.sqrt(step) * self.dependence.normals(
            streams, grid.steps
        )
        rate = self.jumps_per_year * step
        jumps = streams.draw(
            Purpose.JUMPS,
            lambda one: np.stack([one.poisson(rate, size=shape), one.standard_normal(shape)]),
        )
        counts, sizes = jumps[:, 0], jumps[:, 1]
        found: Floats = diffused + counts * self.jump_mean + np.sqrt(counts) * self.jump_vol * sizes
        return found


@dataclass(frozen=True, slots=True, eq=False)
class HestonPaths:
    """Heston's variance, by full truncation: a variance below 0 diffuses no more.

    variance_level, variance_now: annual; correlation: of price and variance. Source of the scheme:
    R. Lord, R. Koekkoek, D. van Dijk, Quantitative Finance 10 (2010). Its bias is of the order of a
    step times the reversion, which may not pass 1.
    """

    assets: tuple[str, ...]
    drift_annual: Floats
    variance_level: Floats
    reversion_per_year: Floats
    vol_of_vol: Floats
    correlation: Floats
    variance_now: Floats
    dependence: Dependence

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """(drift - v / 2) dt + sqrt(v dt) z, step by step over all paths."""
        step = grid.step_years
        if float((self.reversion_per_year * step).max()) > 1.0:
            raise UsageError("Heston: a step is longer than the variance takes to return")
        drivers = self.dependence.normals(streams, grid.steps)
        own = streams.normals(Purpose.VARIANCE, (grid.steps, len(self.assets)))
        turns = self.correlation * drivers + np.sqrt(1.0 - self.correlation**2) * own
        out = np.empty_like(drivers)
        variance = np.broadcast_to(self.variance_now, out[:, 0].shape).copy()
        for at in range(grid.steps):
            present = np.maximum(variance, 0.0)
            spread = np.sqrt(present * step)
            out[:, at] = (self.drift_annual - 0.5 * present) * step + spread * drivers[:, at]
            pull = self.reversion_per_year * (self.variance_level - present) * step
            variance = variance + pull + self.vol_of_vol * spread * turns[:, at]
        return out
