"""The question of a stress test, from a case, its stress file and what was chosen beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from trimtab.adapters.files import read_stress_file
from trimtab.model import Case, StressSettings
from trimtab.simulation.chain import stated_keepers, stated_oracles
from trimtab.simulation.markets import stated_terms
from trimtab.simulation.paths import NAMED_SHOCKS, PathKind, panel_of_case
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress import EngineKind, Process, SamplingChoice, StressQuestion
from trimtab.simulation.stress.planning import grid_of
from trimtab.simulation.stress.process import learnt
from trimtab.units import YEAR_SECONDS, DataError, UsageError

STRESS_FILE: Final = "stress.toml"
# Prices that stand still but for a shock.
STILL: Final = "none"
AUTO: Final = "auto"
PROCESSES: Final = (AUTO, *(str(kind) for kind in PathKind), STILL)
ENGINES: Final = (AUTO, *(str(kind) for kind in EngineKind))


@dataclass(frozen=True, slots=True)
class StressChoices:
    """What is chosen beside a case and its stress file; None takes what the file says.

    Args:
        horizon_hours, step_seconds, paths: of the clock.
        process: one of `PROCESSES`; auto is GARCH, or a Brownian motion where the history is too
            short for that. shock: the name of a shock on top, "" for none.
        correlation_share: how far correlations go to one, 0 to 1.
        engine: auto takes the kernel where it knows the book's rules, else the exact engine.
        sampling: how paths are drawn.
        levels: of value at risk and expected shortfall.
        fund_probability: of a loss beyond the fund whose size is asked for.
        seed: of all random numbers.
    """

    horizon_hours: float | None = None
    step_seconds: float | None = None
    paths: int | None = None
    process: str = AUTO
    shock: str = ""
    correlation_share: float = 0.0
    engine: str = AUTO
    sampling: str = str(SamplingKind.PLAIN)
    levels: tuple[float, ...] = (0.95, 0.99)
    fund_probability: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        kinds = tuple(str(kind) for kind in SamplingKind)
        for name, found, known in (
            ("process", self.process, PROCESSES),
            ("engine", self.engine, ENGINES),
            ("sampling", self.sampling, kinds),
            ("shock", self.shock or "none", ("none", *sorted(NAMED_SHOCKS))),
        ):
            if found not in known:
                raise UsageError(f"--{name} {found!r}: expected one of {', '.join(known)}")


def stress_settings(folder: Path | None, file: Path | None) -> StressSettings | None:
    """Return the stress file that was named, or that of a case folder; None where there is none.

    Raises:
        DataError: a named file that is missing; RulesError: a file that cannot be used.
    """
    if file is not None:
        return read_stress_file(file)
    beside = None if folder is None else folder / STRESS_FILE
    return read_stress_file(beside) if beside is not None and beside.is_file() else None


def stress_question(
    case: Case, choices: StressChoices, *, settings: StressSettings | None = None
) -> StressQuestion:
    """Return the question.

    Args:
        case: rules, book, history, and depth.
        choices: what the caller chose.
        settings: of a stress file; None sells at the path's price, hears it at once, and lets
            keepers act as the case's replay rules say.

    Raises:
        UsageError: choices that do not go together; DataError: a history that cannot be learnt.
    """
    process = Process(
        kind=_kind(case, choices.process),
        correlation_share=choices.correlation_share,
        shock=choices.shock or (),
    )
    clock = (settings or StressSettings()).horizon
    hours = choices.horizon_hours
    horizon = float(clock.length_seconds) if hours is None else hours * 3600.0
    step = choices.step_seconds
    if step is None and settings is not None:
        step = min(float(clock.step_seconds), horizon)
    engine = EngineKind.KERNEL if choices.engine == AUTO else EngineKind(choices.engine)
    question = StressQuestion(
        case,
        horizon,
        clock.paths if choices.paths is None else choices.paths,
        step_seconds=step,
        seed=choices.seed,
        process=process,
        engine=engine,
        sampling=SamplingChoice(SamplingKind(choices.sampling)),
        levels=choices.levels,
        fund_probability=choices.fund_probability,
    )
    if settings is None and not case.depth:
        return question
    return _with_terms(question, settings or StressSettings(), stated=settings is not None)


def _kind(case: Case, process: str) -> PathKind | None:
    """The kind that was chosen; on auto the first that the history is long enough for."""
    if process == STILL:
        return None
    if process != AUTO:
        return PathKind(process)
    try:
        learnt(Process(PathKind.GARCH), case)
    except DataError:
        return PathKind.BROWNIAN
    return PathKind.GARCH


def _with_terms(
    question: StressQuestion, settings: StressSettings, *, stated: bool
) -> StressQuestion:
    """The question with markets, oracle and keepers on the columns of its paths."""
    process = learnt(question.process, question.case)
    grid = grid_of(question, process)
    market = stated_terms(
        settings,
        grid.assets,
        depth=question.case.depth,
        prices=dict(zip(grid.assets, grid.first_prices, strict=True)),
        volatilities=volatilities(question.case, grid.assets),
        pledged=_pledged(question.case),
    )
    if not stated:
        return replace(question, market=market)
    return replace(
        question,
        market=market,
        oracle=stated_oracles(settings, grid.assets, step_seconds=grid.step_seconds),
        keepers=stated_keepers(settings, step_seconds=grid.step_seconds),
    )


def _pledged(case: Case) -> set[str]:
    """What borrowers and holders of positions have put up: what a liquidation may sell."""
    markets = case.rules.markets
    owing = {
        (row.account, row.group)
        for row in case.book
        if row.quantity < 0 or row.instrument in markets
    }
    return {
        row.instrument
        for row in case.book
        if row.quantity > 0 and (row.account, row.group) in owing
    }


def volatilities(case: Case, assets: tuple[str, ...]) -> dict[str, float]:
    """Return the annual volatility of each asset whose history in the case moves."""
    found = {}
    for asset in assets:
        try:
            panel = panel_of_case(case, (asset,))
        except DataError:
            continue
        step = float(np.std(panel.log_returns)) * (YEAR_SECONDS / panel.step_seconds) ** 0.5
        if step > 0.0:
            found[asset] = step
    return found
