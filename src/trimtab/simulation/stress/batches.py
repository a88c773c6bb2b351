"""Batches of paths: each a function of its number, worked off by anybody, kept when finished."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trimtab.model import BatchStore, Executor
from trimtab.simulation.paths.making import PathModel, path_positions, price_paths
from trimtab.simulation.paths.sampling import Sampling
from trimtab.simulation.stress.engines import PathEngine
from trimtab.simulation.stress.outcomes import PATH, columns_of
from trimtab.simulation.stress.planning import Plan
from trimtab.units import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")
Batch = Mapping[str, NDArray[np.generic]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class BatchTask:
    """Makes the paths of a batch and clears the book along them; picklable where its parts are."""

    model: PathModel
    plan: Plan
    seed: int
    sampling: Sampling
    engine: PathEngine

    def prices(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the prices of some paths: paths by steps + 1 by assets."""
        return price_paths(
            self.model,
            self.plan.grid,
            seed=self.seed,
            paths=count,
            first_path=first,
            sampling=self.sampling,
        )

    def positions(self, first: int, count: int) -> NDArray[np.float64]:
        """Return where some paths stand along the direction they are sampled in."""
        return path_positions(
            self.plan.grid,
            seed=self.seed,
            paths=count,
            first_path=first,
            sampling=self.sampling,
        )

    def __call__(self, number: int) -> Batch:
        """Return the columns of a batch."""
        first, count = self.plan.span(number)
        found = self.engine(self.prices(first, count), first)
        return columns_of(found, self.positions(first, count))


def finished_batches(
    task: Callable[[int], Batch],
    plan: Plan,
    *,
    executor: Executor,
    store: BatchStore | None = None,
    progress: Progress | None = None,
) -> list[Batch]:
    """Return the batches that finished, in order of their numbers; all, unless interrupted.

    Args:
        store: keeps each batch as it finishes; what it holds already is not computed again.
        progress: is told (paths done, paths in all).

    Raises:
        KeyboardInterrupt: interrupted before any batch finished.
        DataError: the store holds batches of another run.
    """
    found: dict[int, Batch] = {} if store is None else dict(store.finished())
    _require_of_plan(found, plan)
    left = [number for number in range(plan.batches) if number not in found]
    tell = progress or (lambda _done, _all: None)
    done = sum(plan.span(number)[1] for number in found)
    tell(done, plan.paths)
    try:
        for number, columns in _worked_off(task, left, executor=executor, store=store):
            found[number] = columns
            done += plan.span(number)[1]
            tell(done, plan.paths)
    except KeyboardInterrupt:
        if not found:
            raise
    return [found[number] for number in sorted(found)]


def _worked_off(
    task: Callable[[int], Batch],
    numbers: Sequence[int],
    *,
    executor: Executor,
    store: BatchStore | None,
) -> Iterator[tuple[int, Batch]]:
    """Batches by number as they finish, kept before they are told; however it ends, none begins."""
    results = executor.run(task, numbers)
    try:
        for place, columns in results:
            if store is not None:
                store.keep(numbers[place], columns)
            yield numbers[place], columns
    finally:
        if isinstance(results, Generator):
            results.close()


def _require_of_plan(found: Mapping[int, Batch], plan: Plan) -> None:
    for number, columns in found.items():
        first, count = plan.span(number) if number < plan.batches else (-1, -1)
        paths = columns[PATH] if PATH in columns else np.empty(0)
        if not np.array_equal(paths, np.arange(first, first + count)):
            raise DataError(
                "a kept batch is of another run",
                found=f"batch {number}",
                expected=f"paths {first} to {first + count - 1}",
                hint="keep this run somewhere else",
            )
