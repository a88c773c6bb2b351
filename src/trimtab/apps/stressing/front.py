"""`trimtab.stress`: ask what could happen to a book, and what it would cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.adapters.executors import ExecutorKind, open_executor
from trimtab.adapters.files import BatchFolder
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.asking import AskedStress, asked_stress, notes_of
from trimtab.apps.stressing.chosen import AUTO, StressChoices
from trimtab.model import Case, Executor, StressSettings
from trimtab.simulation import standing
from trimtab.simulation.paths import PLAIN
from trimtab.simulation.stress import (
    EngineKind,
    LearntProcess,
    Prepared,
    ReverseStress,
    Sensitivity,
    StressQuestion,
    StressResult,
    prepared,
    price_fan,
    reverse_stress,
    run_stress,
    sensitivities,
)
from trimtab.simulation.stress.directions import exposures
from trimtab.units import DataError, UsageError

Progress = Callable[[int, int], None]
BATCHES = "batches"
LOWEST_PATHS = 400


def stress(
    case: Case,
    choices: StressChoices | None = None,
    *,
    settings: StressSettings | None = None,
    workers: int = 1,
    executor: ExecutorKind = ExecutorKind.THREADS,
    out: str | Path | None = None,
    resume: bool = False,
    hangs_on: bool = True,
    backwards: bool = False,
    progress: Progress | None = None,
    command: str = "trimtab.stress(case)",
) -> StressAnswer:
    """Ask what could happen to a case's book along many price paths.

    Arguments:
        case: rules, book, price history, and depth where it has any.
        choices: horizon, paths, process and the like; None is a week of a thousand paths.
        settings: of a stress file: markets, oracle, chain, keepers.
        workers, executor: who works the paths off; the numbers are the same for all.
        out: a folder that keeps finished batches; None keeps none.
        resume: go on with the batches in `out`, which have to be of the same question.
        hangs_on: whether to tell what the expected shortfall hangs on.
        backwards: whether to look for the smallest joint shock that the funds do not survive.
        progress: is told (paths done, paths in all).
        command: what the reader types to get the answer again.

    Raises:
        UsageError: what cannot be asked or does not fit; DataError: a case that cannot be stressed,
            or batches of another run. KeyboardInterrupt: before any batch finished.
    """
    chosen = choices or StressChoices()
    asked = asked_stress(case, chosen, settings=settings)
    with open_executor(executor, workers) as hands:
        ready, notes = prepared_as_asked(asked, chosen, workers=hands.workers)
        notes = (*notes_of(asked.question, chosen), *notes)
        store = None
        if out is not None:
            store = BatchFolder(Path(out) / BATCHES, ready.identity, resume=resume)
        result = run_stress(ready, executor=hands, store=store, progress=progress)
        swings: tuple[Sensitivity, ...] = ()
        if hangs_on and result.facts.is_whole:
            swings = _hangs_on(ready, hands)
        broken = None
        if backwards and result.facts.is_whole:
            broken, notes = _broken(ready, notes)
    answer = answer_of(ready, result, command=command, notes=notes)
    return replace(answer, sensitivities=swings, broken=broken)


def answer_of(
    ready: Prepared, result: StressResult, *, command: str, notes: tuple[str, ...] = ()
) -> StressAnswer:
    """Return a finished run with what its report draws beside it: the book, prices over time.

    Arguments:
        ready: what was run. result: what came out.
        command: what gives the answer again.
        notes: what the reader has to know of how the run was made.
    """
    asset = main_asset(ready)
    return StressAnswer(
        result=result,
        standing=standing(ready.question.case),
        fan=price_fan(ready),
        asset=asset,
        lowest=_lowest(ready, asset),
        sensitivities=(),
        broken=None,
        command=command,
        notes=notes,
    )


def prepared_as_asked(
    asked: AskedStress, choices: StressChoices, *, workers: int = 1
) -> tuple[Prepared, tuple[str, ...]]:
    """Return a ready run by the engine that was chosen, and what to say of it.

    Raises:
        UsageError, DataError: what that engine cannot do; on auto, what none can.
    """
    if choices.engine == AUTO:
        return prepared_by_any(asked.question, process=asked.process, workers=workers)
    return prepared(asked.question, process=asked.process, workers=workers), ()


def prepared_by_any(
    question: StressQuestion, *, process: LearntProcess | None = None, workers: int = 1
) -> tuple[Prepared, tuple[str, ...]]:
    """Return a ready run, and what to say of it: the exact engine does what the kernel cannot.

    Arguments:
        process: how prices move, where that was learnt already.

    Raises:
        UsageError, DataError: what no engine can do.
    """
    try:
        return prepared(question, process=process, workers=workers), ()
    except (DataError, UsageError) as error:
        other = replace(question, engine=EngineKind.EXACT)
        exact = prepared(other, process=process, workers=workers)
        return exact, (f"the exact engine ran, for the path kernel refused: {error}",)


def _hangs_on(ready: Prepared, hands: Executor) -> tuple[Sensitivity, ...]:
    try:
        return sensitivities(ready, executor=hands)
    except KeyboardInterrupt:
        return ()


def _broken(
    ready: Prepared, notes: tuple[str, ...]
) -> tuple[ReverseStress | None, tuple[str, ...]]:
    """The smallest shock; what the paths have found is not lost where there is none to look for."""
    try:
        return reverse_stress(ready.question, process=ready.process), notes
    except DataError as error:
        return None, (*notes, f"no smallest shock was looked for: {error}")
    except KeyboardInterrupt:
        return None, (*notes, "the search for the smallest shock was interrupted")


def _lowest(ready: Prepared, asset: str) -> NDArray[np.float64]:
    """The lowest price so far of an asset on plainly drawn paths, whatever the run samples."""
    count = min(LOWEST_PATHS, ready.plan.paths)
    drawn = replace(ready.task, sampling=PLAIN).prices(0, count)
    prices = drawn[:, :, ready.grid.assets.index(asset)]
    return np.asarray(np.minimum.accumulate(prices, axis=1))


def main_asset(ready: Prepared) -> str:
    """Return the asset of the paths to which the book's borrowers are exposed most, in value."""
    grid = ready.grid
    exposed = np.abs(exposures(ready.question.case, grid.assets, prices=grid.first_prices))
    return grid.assets[int(np.argmax(exposed))]
