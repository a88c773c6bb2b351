"""From the columns of finished paths to the answer of a stress test."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.paths.sampling import Sampling, SamplingKind
from trimtab.simulation.stress.capacity import capacity_of
from trimtab.simulation.stress.curve import ShockCurve
from trimtab.simulation.stress.funds import funds_of, insolvent_paths
from trimtab.simulation.stress.measures import (
    PAYERS,
    Distribution,
    bearers,
    convergence,
    distribution,
)
from trimtab.simulation.stress.outcomes import PathOutcomes
from trimtab.simulation.stress.process import LearntProcess
from trimtab.simulation.stress.question import StressQuestion
from trimtab.simulation.stress.results import FundSize, RunFacts, StressResult, WorstPath
from trimtab.simulation.stress.sample import Design, Sample, design_of
from trimtab.simulation.stress.tail import probability, value_at_risk

# What is told of each path, in this order; `loss` and the fund needed are made of columns.
MEASURES: Final = (
    "bad_debt",
    "shortfall_left",
    "liquidated",
    "insurance_used",
    "backstop_used",
    "deleveraged",
    "socialized",
    "undercollateralized_peak",
    "undercollateralized_seconds",
    "keeper_profit",
    "liquidations",
)


def assembled(
    question: StressQuestion,
    found: PathOutcomes,
    *,
    process: LearntProcess,
    grid: PathGrid,
    sampling: Sampling,
    identity: str,
    curve: ShockCurve | None = None,
) -> StressResult:
    """Return the answer that finished paths give.

    Raises:
        UsageError: too few paths for the strata that they were drawn in.
    """
    design = design_of(found.paths, sampling=sampling, positions=found.positions)
    loss = Sample(found.loss, design)
    facts = RunFacts(
        grid.steps,
        grid.step_seconds,
        grid.assets,
        grid.first_prices,
        question.seed,
        question.paths,
        len(found),
        _told(sampling),
        design.effective_paths,
        identity,
    )
    funds = funds_of(question.case)
    insolvent = Sample(insolvent_paths(found, funds).astype(np.float64), design)
    return StressResult(
        question,
        facts,
        found,
        design,
        measured(question, found, design=design, step_seconds=grid.step_seconds),
        probability(insolvent, 0.5, confidence=question.confidence),
        fund_size(question, found, design=design, present=funds.total),
        bearers(
            loss, {name: found.columns[name] for name in PAYERS.values()}, level=question.top_level
        ),
        capacity_of(question.case),
        convergence(loss, level=question.top_level),
        worst_paths(found, design, count=question.worst),
        curve,
        process.reports,
    )


def measured(
    question: StressQuestion, found: PathOutcomes, *, design: Design, step_seconds: float
) -> dict[str, Distribution]:
    """Return the distribution of each measure, the loss first.

    `undercollateralized_seconds` is the value of debt under water times how long it was: quote x s.
    """
    columns = {"loss": found.loss} | dict(found.columns)
    under = found.columns["undercollateralized_time"] * step_seconds
    columns["undercollateralized_seconds"] = np.asarray(under)
    return {
        name: distribution(
            name,
            Sample(columns[name], design),
            levels=question.levels,
            confidence=question.confidence,
        )
        for name in ("loss", *MEASURES)
    }


def fund_size(
    question: StressQuestion, found: PathOutcomes, *, design: Design, present: float
) -> FundSize:
    """Return the funds that losses pass with the question's probability: a quantile.

    Args:
        present: insurance and backstop together, quote.
    """
    wanted = question.fund_probability
    sample = Sample(found.fund_needed, design)
    size = value_at_risk(sample, 1.0 - wanted, confidence=question.confidence)
    return FundSize(wanted, size, present)


def worst_paths(found: PathOutcomes, design: Design, *, count: int) -> tuple[WorstPath, ...]:
    """Return the paths of the largest losses, worst first, of equal ones the first; none of 0."""
    loss = found.loss
    order = np.lexsort((found.paths, -loss))[:count]
    return tuple(
        WorstPath(
            int(found.paths[place]),
            float(loss[place]),
            float(design.weights[place]),
            {name: float(column[place]) for name, column in found.columns.items()},
        )
        for place in order.tolist()
        if loss[place] > 0.0
    )


def _told(sampling: Sampling) -> dict[str, Any]:
    """What was chosen of the sampling, as its kind has it."""
    told: dict[str, Any] = {"kind": str(sampling.kind)}
    if sampling.is_directed:
        told["direction"] = sampling.direction
    if sampling.kind is SamplingKind.STRATIFIED:
        told["strata"] = sampling.strata
    if sampling.kind is SamplingKind.TAIL:
        told |= {"shift": sampling.shift, "plain_every": sampling.plain_every}
    return told
