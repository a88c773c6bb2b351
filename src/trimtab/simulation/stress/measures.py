"""What is told of a column of outcomes: its distribution, who bears losses, how it converges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.stress.sample import Sample
from trimtab.simulation.stress.tail import (
    Estimate,
    TailRisk,
    expected_shortfall,
    mean_estimate,
    tail_risk,
    value_at_risk,
)

Floats = NDArray[np.float64]

QUANTILE_LEVELS: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
# What is under water at the end of a path is a part of its loss that no payer has been booked yet.
UNBOOKED: Final = "under_water"
# Payers of a loss in the waterfall's order, and the column of outcomes that each has.
PAYERS: Final = {
    "penalty": "penalty",
    "insurance": "insurance_used",
    "backstop": "backstop_used",
    "adl": "deleveraged",
    "socialized": "socialized",
    UNBOOKED: "shortfall_left",
}
_BINS: Final = 40
_CHECKPOINTS: Final = 24
_FIRST_CHECKPOINT: Final = 50


@dataclass(frozen=True, slots=True)
class Histogram:
    """Chances of values in bins; what lies at 0 or below is apart from the bins.

    edges: one more than `shares`, rising; shares: probability of each bin.
    """

    zero_share: float
    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """One measure over all paths; quantiles by level, tails by level."""

    measure: str
    mean: Estimate
    deviation: float
    quantiles: Mapping[float, float]
    histogram: Histogram
    tails: tuple[TailRisk, ...]
    worst: float


@dataclass(frozen=True, slots=True)
class Bearer:
    """What one payer bears: of the mean loss, and of the expected shortfall.

    mean, tail_mean: quote; over all payers they add to the mean loss and to the shortfall.
    share, tail_share: of those.
    """

    payer: str
    mean: float
    share: float
    tail_mean: float
    tail_share: float


@dataclass(frozen=True, slots=True)
class Convergence:
    """Running estimates of the loss against the number of paths.

    mean, value_at_risk, expected_shortfall: with their standard errors, at `level`.
    """

    level: float
    paths: tuple[int, ...]
    mean: tuple[float, ...]
    mean_error: tuple[float, ...]
    value_at_risk: tuple[float, ...]
    value_at_risk_error: tuple[float, ...]
    expected_shortfall: tuple[float, ...]
    expected_shortfall_error: tuple[float, ...]


def distribution(
    measure: str, sample: Sample, *, levels: tuple[float, ...], confidence: float
) -> Distribution:
    """Return everything told of one measure."""
    mean = mean_estimate(sample, confidence=confidence)
    second = sample.mean_of((sample.values - mean.value) ** 2)
    return Distribution(
        measure,
        mean,
        float(np.sqrt(max(second, 0.0))),
        {level: sample.quantile(level) for level in QUANTILE_LEVELS},
        histogram(sample),
        tuple(tail_risk(sample, level, confidence=confidence) for level in levels),
        float(sample.rising[-1]),
    )


def histogram(sample: Sample, bins: int = _BINS) -> Histogram:
    """Return the chances of equal bins from 0 to the largest value."""
    zero = sample.mean_of((sample.values <= 0.0).astype(np.float64))
    highest = float(sample.rising[-1])
    if highest <= 0.0:
        return Histogram(zero, (), ())
    inside = sample.values > 0.0
    weights = sample.design.weights[inside] / len(sample)
    shares, edges = np.histogram(
        sample.values[inside], bins=bins, range=(0.0, highest), weights=weights
    )
    return Histogram(zero, tuple(edges.tolist()), tuple(shares.tolist()))


def bearers(loss: Sample, columns: Mapping[str, Floats], *, level: float) -> tuple[Bearer, ...]:
    """Return who bears the loss, in the order of the waterfall; shares add to 1, or are all 0.

    The tail is that of the expected shortfall: all paths beyond the VaR, and of those at it the
    part that fills 1 - level, so that what payers bear in it adds to the expected shortfall.

    Args:
        loss: of every path.
        columns: the outcomes' columns of `PAYERS`, which add to the loss.
        level: of the VaR and the shortfall.
    """
    counted = _tail_weights(loss, level)
    means = {payer: loss.mean_of(columns[name]) for payer, name in PAYERS.items()}
    beyond = {payer: loss.mean_of(columns[name] * counted) for payer, name in PAYERS.items()}
    whole, tail_whole = sum(means.values()), sum(beyond.values())
    return tuple(
        Bearer(
            payer,
            means[payer],
            means[payer] / whole if whole else 0.0,
            beyond[payer],
            beyond[payer] / tail_whole if tail_whole else 0.0,
        )
        for payer in PAYERS
    )


def _tail_weights(loss: Sample, level: float) -> Floats:
    """What each path counts for in the mean of the worst 1 - level: 0 for those below the VaR."""
    start = loss.quantile(level)
    beyond = (loss.values > start).astype(np.float64)
    at_it = (loss.values == start).astype(np.float64)
    room, there = 1.0 - level - loss.mean_of(beyond), loss.mean_of(at_it)
    share = room / there if there else 0.0
    return np.asarray((beyond + share * at_it) / (1.0 - level))


def convergence(loss: Sample, *, level: float) -> Convergence:
    """Return running estimates at up to 24 numbers of paths, from 50 on, in equal ratios."""
    last = len(loss)
    first = min(_FIRST_CHECKPOINT, last)
    counts = np.unique(np.geomspace(first, last, _CHECKPOINTS).round().astype(int)).tolist()
    parts = [loss.first(count) for count in counts]
    means = [mean_estimate(part) for part in parts]
    at_risk = [value_at_risk(part, level) for part in parts]
    shortfall = [expected_shortfall(part, level) for part in parts]
    return Convergence(
        level,
        tuple(counts),
        tuple(one.value for one in means),
        tuple(one.error for one in means),
        tuple(one.value for one in at_risk),
        tuple(one.error for one in at_risk),
        tuple(one.value for one in shortfall),
        tuple(one.error for one in shortfall),
    )
