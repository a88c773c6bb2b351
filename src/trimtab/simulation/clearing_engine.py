"""The path kernel for a case on a grid, as a callable that can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing.laying_out import Question
from trimtab.kernels.clearing.outcomes import ClearingOutcomes
from trimtab.kernels.clearing.running import PathClearing
from trimtab.kernels.clearing.terms import KeeperTerms, OracleTerms
from trimtab.kernels.impact import ImpactTerms
from trimtab.model import Case
from trimtab.simulation.clearing_case import clearing_book
from trimtab.simulation.paths.making import PathGrid
from trimtab.units import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class KernelEngine:
    """The path kernel as a callable that can be sent to another process.

    Args:
        question: the book and the world around it.
        steps: of each path.
        seed: of the run, 0 to below 2**64.
        threads: 1 to 256, over paths.
    """

    question: Question
    steps: int
    seed: int
    threads: int = 1
    _laid_out: list[PathClearing] = field(default_factory=list, repr=False)

    def __call__(self, prices: Floats, first_path: int) -> ClearingOutcomes:
        """Return a row a path; prices are paths by steps + 1 by assets."""
        if not self._laid_out:
            self._laid_out.append(PathClearing(self.question, steps=self.steps))
        run = self._laid_out[0].run(
            prices, seed=self.seed, first_path=first_path, threads=self.threads
        )
        return run.outcomes

    def __getstate__(self) -> tuple[Question, int, int, int]:
        """All but what is laid out again where it is needed."""
        return self.question, self.steps, self.seed, self.threads

    def __setstate__(self, state: tuple[Question, int, int, int]) -> None:
        """Take up a state."""
        for name, value in zip(("question", "steps", "seed", "threads"), state, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_laid_out", [])


def kernel_engine(
    case: Case,
    grid: PathGrid,
    *,
    impact: ImpactTerms,
    oracle: OracleTerms,
    keepers: KeeperTerms,
    seed: int,
    threads: int = 1,
) -> KernelEngine:
    """The path kernel for a case on a grid, with the terms of `WorldTerms`.

    Raises:
        UsageError: the case has something that the kernel does not model.
    """
    if keepers.halvings:
        raise UsageError(
            f"keepers.halvings: found {keepers.halvings}, expected 0: the path kernel's keepers "
            "take an offer whole or not at all; take the exact engine"
        )
    prices = dict(zip(grid.assets, grid.first_prices, strict=True))
    book = clearing_book(case, step_seconds=grid.step_seconds, prices=prices, assets=grid.assets)
    question = Question(book, grid.assets, impact, oracle, keepers)
    return KernelEngine(question, grid.steps, seed, threads)
