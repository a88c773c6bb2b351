"""From a price history to a model of paths, with the report of each fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

import numpy as np
from numpy.typing import NDArray

from trimtab.model import Case
from trimtab.quant import (
    AsymmetricGarch,
    CopulaDependence,
    FitReport,
    GeometricBrownian,
    HestonVolatility,
    MertonJumps,
    RegimeSwitching,
    ReturnPanel,
    return_panel,
)
from trimtab.quant.returns import require_length
from trimtab.simulation.paths.diffusions import Brownian, HestonPaths, JumpPaths
from trimtab.simulation.paths.driving import Dependence, dependence_of
from trimtab.simulation.paths.making import PathModel
from trimtab.simulation.paths.resampling import (
    BlockBootstrap,
    FilteredHistory,
    GarchPaths,
    HistoryWindows,
)
from trimtab.simulation.paths.switching import RegimePaths
from trimtab.units import DataError, float_of

Floats = NDArray[np.float64]

_WAD_DECIMALS = 18


@unique
class PathKind(StrEnum):
    """Which process."""

    BROWNIAN = "brownian"
    JUMPS = "jumps"
    HESTON = "heston"
    GARCH = "garch"
    REGIMES = "regimes"
    BOOTSTRAP = "bootstrap"
    FILTERED = "filtered"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model learnt from a panel, and how well each part of it fits."""

    model: PathModel
    reports: tuple[FitReport, ...]


def fitted_paths(panel: ReturnPanel, kind: PathKind, *, block_steps: float | None = None) -> Fitted:
    """Return a model of paths learnt from log returns.

    Args:
        panel: the history.
        kind: the process.
        block_steps: mean length of a block where history is resampled; None is the cube root of the
            number of returns.

    Raises:
        DataError: the history is too short or does not move, or the covariance is singular.
    """
    blocks = float(round(len(panel) ** (1 / 3))) if block_steps is None else block_steps
    if kind is PathKind.WINDOWS:
        require_length(panel, 2, model="windows")
        return Fitted(HistoryWindows(panel), ())
    if kind is PathKind.BOOTSTRAP:
        require_length(panel, 50, model="the bootstrap")
        return Fitted(BlockBootstrap(panel, blocks), ())
    if kind is PathKind.REGIMES:
        return _regimes(panel)
    if kind in (PathKind.GARCH, PathKind.FILTERED):
        return _garch(panel, blocks if kind is PathKind.FILTERED else None)
    copula = CopulaDependence().fit(panel)
    dependence = dependence_of(copula)
    makers = {PathKind.BROWNIAN: _brownian, PathKind.JUMPS: _jumps, PathKind.HESTON: _heston}
    model, report = makers[kind](panel, dependence)
    return Fitted(model, (report, copula.report_))


def panel_of_case(case: Case, assets: Sequence[str] | None = None) -> ReturnPanel:
    """Return the log returns of a case's price history, at the times when all assets have a price.

    Args:
        assets: which; None is every asset that has prices.

    Raises:
        DataError: an asset without prices, or too short a history.
    """
    priced = {asset for tick in case.ticks for asset, _ in tick.prices} - {case.rules.quote}
    chosen = sorted(priced) if assets is None else list(assets)
    for asset in chosen:
        if asset not in priced:
            raise DataError("the case has no prices of it", found=asset, where="prices")
    rows = [
        (tick.at_ns, found)
        for tick in case.ticks
        if (found := dict(tick.prices)) and all(asset in found for asset in chosen)
    ]
    columns = {
        asset: [float_of(found[asset], _WAD_DECIMALS) for _, found in rows] for asset in chosen
    }
    return return_panel([at for at, _ in rows], columns)


def _brownian(panel: ReturnPanel, dependence: Dependence) -> tuple[PathModel, FitReport]:
    fit = GeometricBrownian().fit(panel)
    model = Brownian(panel.assets, fit.drift_annual_, fit.vol_annual_, dependence)
    return model, fit.report_


def _jumps(panel: ReturnPanel, dependence: Dependence) -> tuple[PathModel, FitReport]:
    fit = MertonJumps().fit(panel)
    model = JumpPaths(
        panel.assets,
        fit.drift_annual_,
        fit.vol_annual_,
        fit.jumps_per_year_,
        fit.jump_mean_,
        fit.jump_vol_,
        dependence,
    )
    return model, fit.report_


def _heston(panel: ReturnPanel, dependence: Dependence) -> tuple[PathModel, FitReport]:
    fit = HestonVolatility().fit(panel)
    model = HestonPaths(
        panel.assets,
        fit.drift_annual_,
        fit.variance_level_,
        fit.reversion_per_year_,
        fit.vol_of_vol_,
        fit.correlation_,
        fit.variance_now_,
        dependence,
    )
    return model, fit.report_


def _garch(panel: ReturnPanel, block_steps: float | None) -> Fitted:
    fit = AsymmetricGarch().fit(panel)
    copula = CopulaDependence(student=False).fit_residuals(fit.residuals_, panel.assets)
    model = GarchPaths(
        panel.assets,
        fit.mean_,
        fit.omega_,
        fit.alpha_,
        fit.gamma_,
        fit.beta_,
        fit.last_variance_,
        panel.step_seconds,
        dependence_of(copula),
    )
    if block_steps is None:
        return Fitted(model, (fit.report_, copula.report_))
    unit = fit.residuals_ / fit.residuals_.std(axis=0)
    return Fitted(FilteredHistory(model, unit, panel.follows, block_steps), (fit.report_,))


def _regimes(panel: ReturnPanel) -> Fitted:
    CopulaDependence(student=False).fit(panel)  # a singular covariance has its own words
    fit = RegimeSwitching().fit(panel)
    model = RegimePaths(
        panel.assets, fit.moves_, fit.means_, fit.covariances_, fit.now_, panel.step_seconds
    )
    return Fitted(model, (fit.report_,))
