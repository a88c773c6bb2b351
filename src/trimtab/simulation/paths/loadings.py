"""How a model's assets hang on its normal drivers: what sampling and reverse stress go by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.diffusions import Brownian, HestonPaths, JumpPaths
from trimtab.simulation.paths.driving import root_of
from trimtab.simulation.paths.making import PathModel
from trimtab.simulation.paths.pegs import PegPaths
from trimtab.simulation.paths.resampling import (
    BlockBootstrap,
    FilteredHistory,
    GarchPaths,
    HistoryWindows,
)
from trimtab.simulation.paths.shocks import BesideStill, Louder, Shocked, Still
from trimtab.simulation.paths.switching import RegimePaths
from trimtab.units import YEAR_SECONDS, DataError

Floats = NDArray[np.float64]


def driver_loadings(model: PathModel) -> Floats | None:
    """Return the change of each log price per driver over a year: assets by drivers.

    Of variances that move, today's count (of regimes, the mean over those that may hold now).
    None where no normals drive the paths: resampled history, and prices that stand still.
    """
    if isinstance(model, Shocked):
        return driver_loadings(model.model)
    if isinstance(model, Louder):
        inner = driver_loadings(model.model)
        return None if inner is None else model.factor * inner
    if isinstance(model, BesideStill):
        inner = driver_loadings(model.model)
        return None if inner is None else np.pad(inner, ((0, len(model.still)), (0, 0)))
    if isinstance(model, PegPaths):
        return _with_peg(model)
    if isinstance(model, Brownian | JumpPaths):
        return model.vol_annual[:, None] * root_of(model.dependence.correlation)
    if isinstance(model, HestonPaths):
        spread = np.sqrt(model.variance_now)[:, None]
        found: Floats = spread * root_of(model.dependence.correlation)
        return found
    if isinstance(model, GarchPaths):
        spread = np.sqrt(model.last_variance * _a_year(model.step_seconds))[:, None]
        return np.asarray(spread * root_of(model.dependence.correlation), dtype=np.float64)
    if isinstance(model, RegimePaths):
        mean = np.tensordot(model.now, model.covariances, axes=1)
        return root_of(mean * _a_year(model.step_seconds))
    return None


def annual_covariance(model: PathModel) -> Floats:
    """Return the covariance of log prices over a year, jumps and pegs' own noise included.

    Args:
        model: any; of resampled history it is that of the history's rows.

    Raises:
        DataError: prices stand still, so that no move is likelier than another.
    """
    if isinstance(model, Shocked):
        return annual_covariance(model.model)
    if isinstance(model, Louder):
        return model.factor**2 * annual_covariance(model.model)
    if isinstance(model, BesideStill):
        return np.pad(annual_covariance(model.model), (0, len(model.still)))
    if isinstance(model, BlockBootstrap | HistoryWindows):
        panel = model.panel
        rows = np.atleast_2d(np.cov(panel.log_returns.T))
        return np.asarray(rows * _a_year(panel.step_seconds), dtype=np.float64)
    if isinstance(model, FilteredHistory):
        rows = np.atleast_2d(np.corrcoef(model.residuals.T))
        spread = np.sqrt(model.garch.last_variance * _a_year(model.garch.step_seconds))
        return np.asarray(rows * np.outer(spread, spread), dtype=np.float64)
    loadings = driver_loadings(model)
    if loadings is None:
        raise DataError(
            "the prices stand still: no covariance to measure a shock by",
            found=type(model).__name__ if not isinstance(model, Still) else "no process",
            expected="a process learnt from a history",
        )
    found: Floats = loadings @ loadings.T
    if isinstance(model, JumpPaths):
        jumped = model.jumps_per_year * (model.jump_mean**2 + model.jump_vol**2)
        found = found + np.diag(jumped)
    if isinstance(model, PegPaths):
        broken = model.depegs_per_year * (model.depeg_mean**2 + model.depeg_vol**2)
        found[-1, -1] += model.vol_annual**2 + broken
    return found


def _with_peg(model: PegPaths) -> Floats | None:
    inner = driver_loadings(model.others)
    if inner is None:
        return None
    row = inner[model.others.assets.index(model.peg)] if model.peg else np.zeros(inner.shape[1])
    return np.vstack([inner, row])


def _a_year(step_seconds: float) -> float:
    return YEAR_SECONDS / step_seconds
