"""Tasks on this process: one after the other, or on threads where kernels release the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures._base import FIRST_COMPLETED
from dataclasses import dataclass
from typing import Final, TypeVar

from trimtab.units import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS_MAX: Final = 256
# Tasks in hand per worker: one at work and one to go on with.
_IN_HAND: Final = 2


def checked_workers(workers: int) -> int:
    """Return the number of workers; UsageError where it is not from 1 to 256."""
    if not 1 <= workers <= WORKERS_MAX:
        raise UsageError(f"workers: found {workers}, expected 1 to {WORKERS_MAX}")
    return workers


@dataclass(frozen=True, slots=True)
class ThreadExecutor:
    """Tasks on threads of this process.

    Args:
        workers: threads, 1 to 256; more than cores only wait for one another.
    """

    workers: int = 2

    def __post_init__(self) -> None:
        checked_workers(self.workers)

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield results as they finish; see the port."""
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="trimtab")
        yield from results_of_pool(pool, task, items=items, workers=self.workers)


def results_of_pool(
    pool: Pool,
    task: Callable[[Item], Result],
    *,
    items: Sequence[Item],
    workers: int,
) -> Iterator[tuple[int, Result]]:
    """Yield (place, result) as a pool finishes them, few of them in hand at a time.

    However it ends, no further task begins and the pool is told to go.
    """
    waiting = iter(range(len(items)))
    at_work: dict[Future[Result], int] = {}

    def fill() -> None:
        while len(at_work) < _IN_HAND * workers:
            place = next(waiting, None)
            if place is None:
                return
            at_work[pool.submit(task, items[place])] = place

    try:
        fill()
        while at_work:
            done, _ = wait(at_work, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=at_work.__getitem__):
                yield at_work[future], future.result()
                del at_work[future]
            fill()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
