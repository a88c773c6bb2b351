"""The curve of loss against shock: one shock after another through the engine, made of no chance.

What moves and what borrowers own more of than they owe falls together, in equal steps of the
logarithm over an hour (a step at least), and stays there for the rest of the horizon, of which a
day at most is looked at. What they owe on balance, and what hardly moves, such as a stablecoin,
keeps its price: were it to fall too, nobody's health would change.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing.outcomes import ClearingOutcomes
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.stress.curve import SHOCK_DEPTHS, ShockCurve, ShockPoint
from trimtab.simulation.stress.engines import EngineMaker, engine_of
from trimtab.simulation.stress.exposures import falling_assets
from trimtab.simulation.stress.funds import funds_of, insolvent_paths
from trimtab.simulation.stress.process import LearntProcess
from trimtab.simulation.stress.question import StressQuestion

Floats = NDArray[np.float64]

_FALL_SECONDS = 3600.0
_WATCHED_SECONDS = 86_400.0


def shock_curve(
    question: StressQuestion,
    process: LearntProcess,
    *,
    grid: PathGrid,
    engine: EngineMaker = engine_of,
    depths: tuple[float, ...] = SHOCK_DEPTHS,
) -> ShockCurve:
    """Return what falls of each depth do, with feedback and without.

    Args:
        depths: fractions, above 0, below 1.
    """
    moving = falling_assets(question.case, process.model, prices=grid.first_prices)
    shocks = np.where(moving, np.log1p(-np.array(depths))[:, None], 0.0)
    watched = watched_grid(grid)
    prices = shock_prices(watched, shocks)
    both = [engine(question, watched, feedback=on)(prices, 0) for on in (True, False)]
    broken = insolvent_paths(both[0], funds_of(question.case)).tolist()
    points = tuple(
        _point(depth, both, place=place, broken=broken[place]) for place, depth in enumerate(depths)
    )
    names = tuple(a for a, moves in zip(grid.assets, moving, strict=True) if moves)
    return ShockCurve(points, shock_steps(grid), names)


def shock_steps(grid: PathGrid) -> int:
    """Return in how many steps a shock is reached."""
    return int(np.clip(round(_FALL_SECONDS / grid.step_seconds), 1, grid.steps))


def watched_grid(grid: PathGrid) -> PathGrid:
    """Return the grid of deterministic shocks: the fall, and up to a day after it."""
    after = int(np.ceil(_WATCHED_SECONDS / grid.step_seconds))
    steps = min(grid.steps, shock_steps(grid) + after)
    return PathGrid(grid.assets, grid.first_prices, steps, grid.step_seconds)


def shock_prices(grid: PathGrid, shocks: Floats) -> Floats:
    """Return paths that fall to each row of log moves and stay: rows by steps + 1 by assets."""
    rise = np.minimum(np.arange(grid.steps + 1) / shock_steps(grid), 1.0)
    logs = shocks[:, None, :] * rise[None, :, None]
    return np.asarray(np.exp(logs) * np.array(grid.first_prices), dtype=np.float64)


def loss_of(found: ClearingOutcomes) -> Floats:
    """Return booked losses and what is under water at the end, quote."""
    return np.asarray(found.bad_debt + found.shortfall_left)


def _point(depth: float, both: list[ClearingOutcomes], *, place: int, broken: bool) -> ShockPoint:
    fed, alone = both
    return ShockPoint(
        depth,
        float(loss_of(fed)[place]),
        float(loss_of(alone)[place]),
        float(fed.liquidated[place]),
        float(alone.liquidated[place]),
        broken,
    )
