"""Replay: a book through a price history, with keepers that act for profit, decided exactly.

A replay is a function of its case: the same case gives the same commands, events and state hash,
and a replay that resumes from a journal of its first steps cannot be told from one that ran
through.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trimtab.engine import MemoryStore
from trimtab.model import Case
from trimtab.simulation.driver import Driver
from trimtab.simulation.metrics import Metrics
from trimtab.simulation.steps import StepRecord, TimedEvent
from trimtab.simulation.tally import Tally


@dataclass(frozen=True, slots=True)
class ReplayRun:
    """A finished replay. `store` is the venue at the end.

    `unwanted` maps accounts that are unsafe at the end to their debt (wad).
    """

    case: Case
    seed: int
    events: Sequence[TimedEvent]
    metrics: Metrics
    tally: Tally
    store: MemoryStore
    state_hash: str
    conserved: bool
    unwanted: Mapping[str, int]


Journal = Callable[[StepRecord], None]
Progress = Callable[[int, int], None]


def replay(
    case: Case,
    *,
    seed: int = 0,
    journal: Journal | None = None,
    resume: Iterable[StepRecord] = (),
    progress: Progress | None = None,
) -> ReplayRun:
    """Drive a case's book through its prices.

    Arguments:
        case: rules, book and ticks; the book stands at the first tick.
        seed: echoed in the results; this replay draws nothing at random.
        journal: is given each finished step.
        resume: finished steps of the same case, in order from the first.
        progress: is told (steps done, steps in all).

    Raises:
        DataError: a journal that is not of this case.
    """
    driver = Driver(case)
    done = 0
    for record in resume:
        driver.repeat(record)
        done += 1
    for number in range(done, len(case.ticks)):
        record = driver.advance(number)
        if journal is not None:
            journal(record)
        if progress is not None:
            progress(number + 1, len(case.ticks))
    venue = driver.venue
    return ReplayRun(
        case,
        seed,
        venue.events,
        venue.metrics,
        venue.tally,
        venue.store,
        venue.store.state_hash(),
        venue.conserved(),
        venue.unwanted(),
    )
