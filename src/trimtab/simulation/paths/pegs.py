"""A pegged asset: it follows another, strays, sometimes breaks away, and returns.

    x(t + dt) = level + (x(t) - level) exp(-speed dt) + noise + jump,  pegged = peg exp(x)

exact at any step; a jump is a depeg, normal in the logarithm, at Poisson times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.peg import PegReversion
from trimtab.simulation.paths.driving import Purpose, Streams
from trimtab.simulation.paths.making import PathGrid, PathModel
from trimtab.units import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PegPaths:
    """Another model with a pegged asset added as its last column.

    Args:
        others: the model of the other assets.
        asset: the pegged one; peg: the asset that it follows, "" for the quote.
        level: of the logarithm of the ratio to which it returns.
        reversion_per_year, vol_annual: of that logarithm.
        gap_now: the logarithm of the ratio at the start.
        depegs_per_year, depeg_mean, depeg_vol: of jumps of the logarithm; a mean below 0 is down.
    """

    others: PathModel
    asset: str
    peg: str
    reversion_per_year: float
    vol_annual: float
    level: float = 0.0
    gap_now: float = 0.0
    depegs_per_year: float = 0.0
    depeg_mean: float = 0.0
    depeg_vol: float = 0.0

    def __post_init__(self) -> None:
        if self.peg and self.peg not in self.others.assets:
            raise UsageError(f"{self.asset} is pegged to {self.peg}, which has no path")
        if not self.reversion_per_year > 0.0 or self.vol_annual < 0.0 or self.depegs_per_year < 0.0:
            raise UsageError(
                "a peg returns at a rate above 0; volatility and depegs are not negative"
            )

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*self.others.assets, self.asset)

    def log_steps(self, grid: PathGrid, streams: Streams) -> Floats:
        """The others' log returns, and those of the asset that follows one of them."""
        inner = PathGrid(
            self.others.assets,
            grid.first_prices[: len(self.others.assets)],
            grid.steps,
            grid.step_seconds,
        )
        steps = self.others.log_steps(inner, streams)
        gaps = np.diff(self.gaps(grid, streams), axis=1)
        if self.peg:
            gaps = gaps + steps[..., self.others.assets.index(self.peg)]
        return np.concatenate([steps, gaps[..., None]], axis=2)

    def gaps(self, grid: PathGrid, streams: Streams) -> Floats:
        """Return the logarithm of the ratio to the peg, paths by steps + 1."""
        step = grid.step_years
        keep = np.exp(-self.reversion_per_year * step)
        spread = self.vol_annual * np.sqrt((1.0 - keep**2) / (2.0 * self.reversion_per_year))
        rate = self.depegs_per_year * step

        def take(one: np.random.Generator) -> Floats:
            noise, sizes = one.standard_normal((2, grid.steps))
            counts = one.poisson(rate, size=grid.steps)
            jumps = counts * self.depeg_mean + np.sqrt(counts) * self.depeg_vol * sizes
            return np.asarray(spread * noise + jumps)

        moved = streams.draw(Purpose.PEG, take)
        out = np.empty((streams.count, grid.steps + 1))
        out[:, 0] = self.gap_now
        for at in range(grid.steps):
            out[:, at + 1] = self.level + (out[:, at] - self.level) * keep + moved[:, at]
        return out


def peg_of(
    fit: PegReversion, others: PathModel, *, asset: str, peg: str, gap_now: float = 0.0
) -> PegPaths:
    """Return a pegged asset as it was learnt, without depegs."""
    return PegPaths(
        others,
        asset,
        peg,
        reversion_per_year=fit.reversion_per_year_,
        vol_annual=fit.vol_annual_,
        level=fit.level_,
        gap_now=gap_now,
    )
