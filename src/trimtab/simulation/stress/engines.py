"""What clears a book along price paths, as one picklable call: the kernel or the exact engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing.outcomes import ClearingOutcomes, joined
from trimtab.kernels.clearing.terms import KeeperTerms, OracleTerms
from trimtab.kernels.impact import ImpactTerms
from trimtab.model import Case
from trimtab.simulation.clearing_case import KernelEngine, kernel_engine
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.stress.covering import market_of, oracle_of
from trimtab.simulation.stress.question import EngineKind, StressQuestion
from trimtab.simulation.world import WorldTerms, keepers_of, run_path

Floats = NDArray[np.float64]


class PathEngine(Protocol):
    """Clears a book along paths; a path's row depends on its prices and its number alone."""

    def __call__(self, prices: Floats, first_path: int) -> ClearingOutcomes:
        """Return a row a path; prices are paths by steps + 1 by assets."""


class EngineMaker(Protocol):
    """Makes the engine of a question; `feedback` says whether sales move what others are marked at.

    A test, or a study of another model, hands in its own.
    """

    def __call__(self, question: StressQuestion, grid: PathGrid, *, feedback: bool) -> PathEngine:
        """Return the engine on a grid."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Market, oracle and keepers of a question, each with what stands for an absent one."""

    market: ImpactTerms
    oracle: OracleTerms
    keepers: KeeperTerms


@dataclass(frozen=True, slots=True)
class ExactEngine:
    """The exact engine, path by path: small books, audits, and what the kernel refuses."""

    case: Case
    grid: PathGrid
    terms: WorldTerms
    seed: int

    def __call__(self, prices: Floats, first_path: int) -> ClearingOutcomes:
        """Return the rows of the paths."""
        rows = [
            run_path(
                self.case, one, grid=self.grid, terms=self.terms, seed=self.seed, path=number
            ).outcomes
            for number, one in enumerate(prices, start=first_path)
        ]
        return joined(rows)


@dataclass(frozen=True, slots=True, eq=False)
class SharedKernel:
    """The path kernel for several threads at once: each call has a laid out book for itself.

    A book has the state of the path at work in it, so it serves one call at a time; books that wait
    are used again.
    """

    first: KernelEngine
    _waiting: list[KernelEngine] = field(default_factory=list, repr=False)

    def __call__(self, prices: Floats, first_path: int) -> ClearingOutcomes:
        """Return the rows of the paths."""
        # Taking from and putting to a list are whole operations; no two calls get one book.
        try:
            engine = self._waiting.pop()
        except IndexError:
            engine = KernelEngine(self.first.question, self.first.steps, self.first.seed)
        found = engine(prices, first_path)
        self._waiting.append(engine)
        return found

    def __getstate__(self) -> KernelEngine:
        """All but the books, which are laid out again where they are needed."""
        return self.first

    def __setstate__(self, state: KernelEngine) -> None:
        """Take up a state."""
        object.__setattr__(self, "first", state)
        object.__setattr__(self, "_waiting", [])


def terms_of(question: StressQuestion, grid: PathGrid, *, feedback: bool = True) -> Terms:
    """Return the terms of a question on a grid.

    Raises:
        UsageError: terms of an asset that has no path.
    """
    market = market_of(question.market, grid.assets)
    oracle = oracle_of(question.oracle, grid.assets)
    if not feedback:
        market = replace(market, feedback=False)
    keepers = question.keepers or keepers_of(question.case, step_seconds=grid.step_seconds)
    return Terms(market, oracle, keepers)


def engine_of(question: StressQuestion, grid: PathGrid, *, feedback: bool = True) -> PathEngine:
    """Return the engine that a question asks for.

    Raises:
        UsageError: terms of other assets, or a book that the kernel refuses.
    """
    terms = terms_of(question, grid, feedback=feedback)
    if question.engine is EngineKind.EXACT:
        world = WorldTerms(terms.market, terms.oracle, terms.keepers, actors=question.actors)
        return ExactEngine(question.case, grid, world, question.seed)
    kernel = kernel_engine(
        question.case,
        grid,
        impact=terms.market,
        oracle=terms.oracle,
        keepers=terms.keepers,
        seed=question.seed,
    )
    return SharedKernel(kernel)
