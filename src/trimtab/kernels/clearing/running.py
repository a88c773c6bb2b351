"""The path kernel's face: a book cleared along price paths, in batches and on threads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np

from trimtab.kernels.backends import checked_threads, in_threads
from trimtab.kernels.border import Floats
from trimtab.kernels.clearing.laying_out import Question, another, world_of
from trimtab.kernels.clearing.layout import Batch, World
from trimtab.kernels.clearing.outcomes import COLUMNS, ClearingOutcomes, outcomes_of
from trimtab.units import DataError, UsageError

# What a step's totals hold; all but the last two are summed up from the start.
STEP_COLUMNS: Final = (
    "liquidated",
    "bad_debt",
    "undercollateralized",
    "liquidations",
    "waiting_debt",
)
SEED_MOST: Final = 2**64
PATH_MOST: Final = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class ClearingRun:
    """What some paths did: one row a path, and per step what `STEP_COLUMNS` names if asked for.

    Args:
        outcomes: per path.
        steps: paths by steps + 1 by `STEP_COLUMNS`; no paths where not asked for.
    """

    outcomes: ClearingOutcomes
    steps: Floats


class PathClearing:
    """A book laid out for any number of batches of paths of the same length.

    Args:
        question: the book and the world around it.
        steps: of each path, the start not counted.
    """

    def __init__(self, question: Question, *, steps: int) -> None:
        if steps < 1:
            raise UsageError(f"a path of {steps} steps: expected at least one")
        self.question = question
        self.steps = steps
        self._world = world_of(question, steps=steps)

    def run(
        self,
        prices: Floats,
        *,
        seed: int,
        first_path: int = 0,
        threads: int = 1,
        with_steps: bool = False,
    ) -> ClearingRun:
        """Clear the book along each path; a path's row depends on nothing but the path.

        Args:
            prices: paths by steps + 1 by the question's columns; those of the start first, which
                are the book's.
            seed, first_path: name the streams by which transactions fail, as for `price_paths`.
            threads: 1 to 256; the results are the same for any number.
            with_steps: keep the totals of each step.

        Raises:
            UsageError, DataError: prices of another shape, not above 0, or that do not start where
                the book does; a number out of range.
        """
        paths = self._checked(prices)
        if not 0 <= seed < SEED_MOST or not 0 <= first_path < PATH_MOST:
            raise UsageError(
                f"a seed is below 2**64 and a path below 2**62, from 0: {seed} and {first_path}"
            )
        count, assets = paths.shape[0], paths.shape[2]
        steps = (count, self.steps + 1) if with_steps else (1, 0)
        batch = Batch(
            paths,
            np.uint64(seed),
            first_path,
            np.zeros((count, len(COLUMNS))),
            np.zeros((count, assets)),
            np.zeros((*steps, len(STEP_COLUMNS))),
        )
        _in_runs(self._world, batch, threads=threads)
        found = outcomes_of(
            batch.table,
            batch.displacement,
            assets=self.question.columns,
            first_path=first_path,
        )
        return ClearingRun(found, batch.steps if with_steps else batch.steps[:0])

    def _checked(self, prices: Floats) -> Floats:
        paths = np.ascontiguousarray(prices, dtype=np.float64)
        columns = self.question.columns
        if paths.ndim != 3 or paths.shape[1:] != (self.steps + 1, len(columns)):
            raise DataError(
                "the paths do not fit",
                found=f"shape {paths.shape}",
                expected=f"paths by {self.steps + 1} by {len(columns)}",
            )
        if not (paths.min(initial=1.0) > 0.0 and paths.max(initial=1.0) < np.inf):
            raise DataError("a price cannot be used", expected="finite numbers above 0")
        book = self.question.book
        first = book.prices[[book.assets.index(name) for name in columns]]
        if not np.allclose(paths[:, 0], first, rtol=1e-9, atol=0.0):
            raise DataError(
                "the paths do not start at the book's prices",
                found=str(paths[0, 0].tolist() if len(paths) else []),
                expected=str(first.tolist()),
            )
        return paths


def _in_runs(world: World, batch: Batch, *, threads: int) -> None:
    """Run the batch in as many equal runs of paths as there are threads."""
    from trimtab.kernels.clearing.path_loops import run_paths

    count = batch.prices.shape[0]
    runs = max(1, min(checked_threads(threads), count))
    edges = [count * run // runs for run in range(runs + 1)]
    in_threads(
        [
            partial(run_paths, another(world) if first else world, _part(batch, first, last=last))
            for first, last in pairwise(edges)
        ]
    )


def _part(batch: Batch, first: int, *, last: int) -> Batch:
    steps = batch.steps if batch.steps.shape[1] == 0 else batch.steps[first:last]
    return Batch(
        batch.prices[first:last],
        batch.seed,
        batch.number + first,
        batch.table[first:last],
        batch.displacement[first:last],
        steps,
    )
