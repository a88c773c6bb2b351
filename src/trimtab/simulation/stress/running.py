"""A stress test: paths, the book cleared along each, and what it all comes to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.model import BatchStore, Executor, InOrder
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.paths.sampling import Sampling
from trimtab.simulation.stress.assembling import assembled
from trimtab.simulation.stress.batches import BatchTask, Progress, finished_batches
from trimtab.simulation.stress.cascading import shock_curve
from trimtab.simulation.stress.directions import sampling_of
from trimtab.simulation.stress.engines import EngineMaker, Terms, engine_of, terms_of
from trimtab.simulation.stress.identity import identity_of
from trimtab.simulation.stress.outcomes import gathered
from trimtab.simulation.stress.planning import Plan, planned
from trimtab.simulation.stress.process import LearntProcess, learnt
from trimtab.simulation.stress.question import StressQuestion
from trimtab.simulation.stress.results import StressResult


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A question ready to be worked off: its process learnt, its batches planned.

    identity: SHA-256 of all that decides the numbers of a batch: what a store of batches is of.
    """

    question: StressQuestion
    process: LearntProcess
    plan: Plan
    sampling: Sampling
    task: BatchTask
    maker: EngineMaker
    terms: Terms
    identity: str

    @property
    def grid(self) -> PathGrid:
        """The clock."""
        return self.plan.grid


def prepared(
    question: StressQuestion,
    *,
    process: LearntProcess | None = None,
    workers: int = 1,
    engine: EngineMaker = engine_of,
) -> Prepared:
    """Return a question ready to be worked off, or refuse it.

    Args:
        question: what is asked.
        process: how prices move, where that was learnt already; taken instead of the question's.
        workers: how many batches are worked off at once, for the plan of memory and time.
        engine: makes what clears the book.

    Raises:
        UsageError: what cannot be asked, or would not fit; DataError: a history too short,
            without moves, or with a singular covariance.
    """
    moves = learnt(question.process, question.case) if process is None else process
    plan = planned(question, moves, workers=workers)
    sampling = sampling_of(question, moves.model, grid=plan.grid)
    clearing = engine(question, plan.grid, feedback=True)
    task = BatchTask(moves.model, plan, question.seed, sampling, clearing)
    terms = terms_of(question, plan.grid)
    case = question.case
    identity = identity_of(
        (case.rules, case.book, case.replay, case.gas),
        (moves.model, plan.grid, plan.paths, plan.batch_paths, question.seed, sampling),
        (terms.market, terms.oracle, terms.keepers, question.engine, list(question.actors)),
    )
    return Prepared(question, moves, plan, sampling, task, engine, terms, identity)


def run_stress(
    question: StressQuestion | Prepared,
    *,
    executor: Executor | None = None,
    store: BatchStore | None = None,
    progress: Progress | None = None,
    curve: bool = True,
) -> StressResult:
    """Answer a stress test.

    Args:
        question: what is asked, or what `prepared` made of it.
        executor: who works the batches off; None is one after the other, here. The numbers are
            the same for all.
        store: keeps finished batches; a run of the same question goes on where one ended.
        progress: is told (paths done, paths in all).
        curve: whether to tell loss against shock too.

    Returns:
        The answer; of the finished batches alone where the run was interrupted (`facts.is_whole`).

    Raises:
        UsageError, DataError: see `prepared`. KeyboardInterrupt: before any batch finished.
    """
    hands = executor or InOrder()
    ready = (
        question if isinstance(question, Prepared) else prepared(question, workers=hands.workers)
    )
    batches = finished_batches(
        ready.task, ready.plan, executor=hands, store=store, progress=progress
    )
    found = gathered(batches)
    drawn = None
    if curve:
        drawn = shock_curve(ready.question, ready.process, grid=ready.grid, engine=ready.maker)
    return assembled(
        ready.question,
        found,
        process=ready.process,
        grid=ready.grid,
        sampling=ready.sampling,
        identity=ready.identity,
        curve=drawn,
    )


def path_prices(ready: Prepared, path: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the prices of one path by its number, for a replay: steps + 1 by assets."""
    found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = ready.task.prices(path, 1)[0]
    return found
