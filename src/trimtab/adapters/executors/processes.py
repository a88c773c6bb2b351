"""Tasks on processes of this machine, for work that holds the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final, TypeVar

from trimtab.adapters.executors.pickling import allow_views_of_mappings
from trimtab.adapters.executors.threads import checked_workers, results_of_pool
from trimtab.units import InternalError

Item = TypeVar("Item")
Result = TypeVar("Result")

# A task that kills its worker this often would go on killing.
DEATHS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class ProcessExecutor:
    """Tasks on processes; where one dies, what it had in hand is done again by new ones.

    Args:
        workers: processes, 1 to 256.
    """

    workers: int = 2

    def __post_init__(self) -> None:
        checked_workers(self.workers)

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield results as they finish; see the port.

        Raises:
            InternalError: workers die again and again.
        """
        allow_views_of_mappings()
        left = list(range(len(items)))
        deaths = 0
        while left:
            pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"))
            batch = list(left)
            try:
                chosen = [items[place] for place in batch]
                for at, result in results_of_pool(pool, task, items=chosen, workers=self.workers):
                    left.remove(batch[at])
                    yield batch[at], result
            except BrokenProcessPool:
                deaths += 1
                if deaths >= DEATHS_MAX:
                    raise died(deaths) from None


def died(deaths: int) -> InternalError:
    """Return the error for workers that die again and again."""
    return InternalError(
        f"a worker died {deaths} times on the same tasks; finished batches are kept: "
        "take fewer workers or smaller batches, the machine may be out of memory"
    )
