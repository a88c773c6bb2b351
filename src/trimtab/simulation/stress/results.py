"""What a stress test answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.quant import FitReport
from trimtab.simulation.stress.capacity import Capacity
from trimtab.simulation.stress.curve import ShockCurve
from trimtab.simulation.stress.measures import Bearer, Convergence, Distribution
from trimtab.simulation.stress.outcomes import PathOutcomes
from trimtab.simulation.stress.question import StressQuestion
from trimtab.simulation.stress.sample import Design
from trimtab.simulation.stress.tail import Estimate, TailRisk

STRESS_SCHEMA = "trimtab.stress/1"


@dataclass(frozen=True, slots=True)
class WorstPath:
    """One of the worst paths: its number, by which it can be made again, and its outcome."""

    path: int
    loss: float
    weight: float
    columns: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FundSize:
    """The fund with which losses beyond it have a given probability over the horizon."""

    probability: float
    size: Estimate
    present: float


@dataclass(frozen=True, slots=True)
class RunFacts:
    """How the answer came about.

    Args:
        steps, step_seconds: of the grid.
        assets, first_prices: of the paths.
        seed, asked, done: paths; fewer are done than asked where a run was interrupted.
        sampling: kind, and what else was chosen.
        effective_paths: plain paths that the weights are worth in a plain mean.
        identity: SHA-256 of all that decides the numbers.
    """

    steps: int
    step_seconds: float
    assets: tuple[str, ...]
    first_prices: tuple[float, ...]
    seed: int
    asked: int
    done: int
    sampling: Mapping[str, Any]
    effective_paths: float
    identity: str

    @property
    def is_whole(self) -> bool:
        """Whether every path asked for has finished."""
        return self.done == self.asked


@dataclass(frozen=True, slots=True, eq=False)
class StressResult:
    """The answer to a stress test; `to_json` is the document `trimtab.stress/1`.

    Args:
        question: what was asked.
        facts: how it was run.
        outcomes: one row a finished path; design: what each counts for.
        measures: distributions by measure, `loss` first.
        insolvency: probability that suppliers or winners of positions bear a loss.
        fund: its size for the question's probability.
        bearers: who bears the loss, by payer.
        capacity: capital efficiency at the start.
        convergence: of the loss.
        worst: the worst paths, worst first.
        curve: loss against shock; None where it was not asked for.
        fits: what the process was learnt as.
    """

    question: StressQuestion
    facts: RunFacts
    outcomes: PathOutcomes
    design: Design
    measures: Mapping[str, Distribution]
    insolvency: Estimate
    fund: FundSize
    bearers: tuple[Bearer, ...]
    capacity: Capacity
    convergence: Convergence
    worst: tuple[WorstPath, ...]
    curve: ShockCurve | None
    fits: tuple[FitReport, ...]

    @property
    def loss(self) -> Distribution:
        """The distribution of the loss."""
        return self.measures["loss"]

    def tail(self, level: float | None = None) -> TailRisk:
        """Return VaR and ES of the loss at a level of the question; None is the highest."""
        wanted = self.question.top_level if level is None else level
        return next(one for one in self.loss.tails if one.level == wanted)

    def to_json(self) -> dict[str, Any]:
        """Return the document `trimtab.stress/1`; None stands for what has no bound."""
        from trimtab.simulation.stress.documents import stress_document

        return stress_document(self)
