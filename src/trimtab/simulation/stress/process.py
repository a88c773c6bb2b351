"""Which prices are possible: the process of a stress test, learnt from history or given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trimtab.model import Case
from trimtab.quant import FitReport, PegReversion, ReturnPanel
from trimtab.simulation.feed import first_prices
from trimtab.simulation.paths.diffusions import Brownian, HestonPaths, JumpPaths
from trimtab.simulation.paths.fitted import PathKind, fitted_paths, panel_of_case
from trimtab.simulation.paths.making import PathModel
from trimtab.simulation.paths.pegs import peg_of
from trimtab.simulation.paths.resampling import FilteredHistory, GarchPaths
from trimtab.simulation.paths.shocks import NAMED_SHOCKS, BesideStill, Shocked, ShockMove, Still
from trimtab.simulation.paths.switching import RegimePaths
from trimtab.simulation.stress.exposures import falling_assets
from trimtab.units import DataError, UsageError, float_of

_WAD_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Peg:
    """An asset whose path follows another and may break away.

    Its reversion is learnt from the case's history; breaks are given, for history has few.

    Args:
        asset, peg: names; "" as the peg is the quote.
        depegs_per_year, depeg_mean, depeg_vol: of jumps of the logarithm of the ratio.
    """

    asset: str
    peg: str = ""
    depegs_per_year: float = 0.0
    depeg_mean: float = 0.0
    depeg_vol: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """How prices move. Without anything given: GARCH with a copula, learnt from the case.

    Args:
        kind: what is learnt; None for prices that stand still but for the shock.
        model: taken as it is, instead of being learnt.
        history: log returns to learn from; None is the case's own price history.
        assets: which of them move together; None is all whose history moves. Others stand still.
        block_steps: mean length of a block where history is resampled.
        keep_drift: keep the drift of the history; otherwise diffusions and GARCH have none, so that
            a month that rose promises no further rise.
        correlation_share: how far correlations go to one, from 0 to 1.
        shock: moves on top, or the name of one of `NAMED_SHOCKS`: then of what moves and borrowers
            own on balance, so that stablecoins stay.
        pegs: assets that follow others.
    """

    kind: PathKind | None = PathKind.GARCH
    model: PathModel | None = None
    history: ReturnPanel | None = None
    assets: tuple[str, ...] | None = None
    block_steps: float | None = None
    keep_drift: bool = False
    correlation_share: float = 0.0
    shock: tuple[ShockMove, ...] | str = ()
    pegs: tuple[Peg, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.shock, str) and self.shock not in NAMED_SHOCKS:
            raise UsageError(
                f"shock {self.shock!r}: expected one of {', '.join(sorted(NAMED_SHOCKS))}"
            )
        if not 0.0 <= self.correlation_share <= 1.0:
            raise UsageError(
                f"correlation to one: expected a share from 0 to 1, found {self.correlation_share}"
            )

    @property
    def moves(self) -> tuple[ShockMove, ...]:
        """The shock's moves."""
        return NAMED_SHOCKS[self.shock] if isinstance(self.shock, str) else self.shock


@dataclass(frozen=True, slots=True, eq=False)
class LearntProcess:
    """A process ready for paths: its columns are every asset of the venue that has a price.

    step_seconds: of the history; 0 where there was none.
    """

    model: PathModel
    reports: tuple[FitReport, ...]
    step_seconds: float


def learnt(process: Process, case: Case) -> LearntProcess:
    """Return a case's process: learnt, freed of drift, correlated and shocked as asked for.

    Raises:
        DataError: a history that is too short, does not move, or has a singular covariance.
        UsageError: a choice that the kind of process does not know.
    """
    model, reports, step = _moving(process, case)
    if process.correlation_share > 0.0:
        model = correlated(model, process.correlation_share)
    for peg in process.pegs:
        model, report = _pegged(model, peg, case=case)
        reports = (*reports, report)
    priced = sorted(set(first_prices(case)) & set(case.rules.assets) - {case.rules.quote})
    unknown = sorted(set(model.assets) - set(priced))
    if unknown:
        raise UsageError(f"the process moves {', '.join(unknown)}, which the case has no price of")
    still = tuple(asset for asset in priced if asset not in model.assets)
    whole: PathModel = BesideStill(model, still) if still and model.assets else model
    if process.moves:
        whole = Shocked(whole, _of_what_falls(process, whole, case=case))
    return LearntProcess(whole, reports, step)


def _of_what_falls(process: Process, model: PathModel, *, case: Case) -> tuple[ShockMove, ...]:
    """A shock's moves; those of a named one are of the assets that fall, by name."""
    if not isinstance(process.shock, str):
        return process.shock
    falls = falling_assets(case, model, prices=start_prices(case, model.assets))
    names = [asset for asset, falling in zip(model.assets, falls, strict=True) if falling]
    return tuple(
        ShockMove(move.at_minutes, dict.fromkeys(names, move.moves["*"])) for move in process.moves
    )


def start_prices(case: Case, assets: tuple[str, ...]) -> tuple[float, ...]:
    """Return the prices of the case's first tick, quote per whole unit."""
    found = first_prices(case)
    return tuple(float_of(found[asset], _WAD_DECIMALS) for asset in assets)


def correlated(model: PathModel, share: float) -> PathModel:
    """Return a process whose correlations have gone a share of their way to one.

    Raises:
        UsageError: resampled history, whose rows are as they were.
    """
    if isinstance(model, Brownian | JumpPaths | HestonPaths | GarchPaths):
        return replace(model, dependence=model.dependence.towards_one(share))
    if isinstance(model, RegimePaths):
        spreads = np.sqrt(np.einsum("kii->ki", model.covariances))
        together = spreads[:, :, None] * spreads[:, None, :]
        moved = (1.0 - share) * model.covariances + share * together
        return replace(model, covariances=moved)
    raise UsageError(
        "correlation to one: resampled history moves as it did; take brownian, jumps, heston, "
        "garch or regimes"
    )


def _moving(process: Process, case: Case) -> tuple[PathModel, tuple[FitReport, ...], float]:
    if process.model is not None:
        return process.model, (), 0.0
    if process.kind is None:
        priced = set(first_prices(case)) & set(case.rules.assets) - {case.rules.quote}
        return Still(tuple(sorted(priced))), (), 0.0
    panel = process.history
    if panel is None:
        panel = panel_of_case(case, process.assets or _movers(process, case))
    fit = fitted_paths(panel, process.kind, block_steps=process.block_steps)
    model = fit.model if process.keep_drift else without_drift(fit.model)
    return model, fit.reports, panel.step_seconds


def without_drift(model: PathModel) -> PathModel:
    """Return a diffusion or GARCH whose price goes nowhere on average; others as they are."""
    if isinstance(model, Brownian | JumpPaths | HestonPaths):
        return replace(model, drift_annual=np.zeros_like(model.drift_annual))
    if isinstance(model, GarchPaths):
        return replace(model, mean=-0.5 * model.last_variance)
    if isinstance(model, FilteredHistory):
        still = replace(model.garch, mean=-0.5 * model.garch.last_variance)
        return replace(model, garch=still)
    return model


def _movers(process: Process, case: Case) -> tuple[str, ...]:
    """Assets of the rules whose prices in the case differ, but for pegged ones."""
    pegged = {peg.asset for peg in process.pegs} | {case.rules.quote}
    seen: dict[str, set[int]] = {}
    for tick in case.ticks:
        for asset, price in tick.prices:
            if asset in case.rules.assets and asset not in pegged:
                seen.setdefault(asset, set()).add(price)
    found = tuple(sorted(asset for asset, prices in seen.items() if len(prices) > 1))
    if not found:
        raise DataError(
            "the price history does not move, so there is no process to learn",
            where="prices",
            expected="prices that differ",
            hint="give a model, or a shock without a process",
        )
    return found


def _pegged(model: PathModel, peg: Peg, *, case: Case) -> tuple[PathModel, FitReport]:
    names = (peg.asset, peg.peg) if peg.peg else (peg.asset,)
    rows = [dict(tick.prices) for tick in case.ticks]
    both = [row for row in rows if all(name in row for name in names)]
    ratios = [
        float_of(row[peg.asset], _WAD_DECIMALS)
        / (float_of(row[peg.peg], _WAD_DECIMALS) if peg.peg else 1.0)
        for row in both
    ]
    times = np.array([tick.at_ns for tick in case.ticks])
    step = float(np.median(np.diff(times))) / 1e9 if len(times) > 1 else 0.0
    fit = PegReversion().fit(ratios, step_seconds=step)
    start = dict(zip(names, start_prices(case, names), strict=True))
    ratio = start[peg.asset] / start.get(peg.peg, 1.0)
    found = peg_of(fit, model, asset=peg.asset, peg=peg.peg, gap_now=float(np.log(ratio)))
    broken = replace(
        found,
        depegs_per_year=peg.depegs_per_year,
        depeg_mean=peg.depeg_mean,
        depeg_vol=peg.depeg_vol,
    )
    return broken, fit.report_
