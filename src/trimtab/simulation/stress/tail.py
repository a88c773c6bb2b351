"""Value at risk, expected shortfall and probabilities of a sample, each with its interval.

    VaR_a = least x with P(L > x) <= 1 - a          ES_a = VaR_a + E[(L - VaR_a)+] / (1 - a)

Intervals. VaR, plain paths: order statistics, exact for any law. VaR, other paths: the quantiles at
a -+ z error(P(L > VaR)). ES: asymptotic normal, error of the mean of (L - VaR)+ / (1 - a).
Probability, plain paths: Wilson; other paths: Wilson at the number of plain paths that would have
the same error. Sources: H. David, H. Nagaraja, "Order Statistics" (2003), section 7.1; R. Woodruff,
Journal of the American Statistical Association 47 (1952); A. McNeil, R. Frey, P. Embrechts,
"Quantitative Risk Management" (2015), section 2.3; E. Wilson, JASA 22 (1927).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trimtab.simulation.stress.sample import Sample
from trimtab.units import UsageError


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error and an interval at a stated confidence.

    high is infinite where the paths are too few to bound it; method says how it was made.
    """

    value: float
    error: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True)
class TailRisk:
    """Value at risk and expected shortfall at one level; `paths_beyond` lie beyond the first."""

    level: float
    value_at_risk: Estimate
    expected_shortfall: Estimate
    paths_beyond: int


def tail_risk(sample: Sample, level: float, *, confidence: float = 0.95) -> TailRisk:
    """Return VaR and ES at a level.

    Where the paths cannot bound the VaR from above, they do not bound the ES either.

    Raises:
        UsageError: a level or a confidence that is not between 0 and 1.
    """
    at_risk = value_at_risk(sample, level, confidence=confidence)
    shortfall = expected_shortfall(sample, level, confidence=confidence)
    if math.isinf(at_risk.high):
        open_ended = "too few paths beyond the VaR to bound it"
        shortfall = Estimate(shortfall.value, math.inf, at_risk.low, math.inf, open_ended)
    return TailRisk(level, at_risk, shortfall, int((sample.values > at_risk.value).sum()))


def mean_estimate(sample: Sample, *, confidence: float = 0.95) -> Estimate:
    """Return the mean with its asymptotic normal interval, which ends at the least value."""
    value, error = sample.mean(), sample.error_of(sample.values)
    reach = _reach(confidence) * error
    low = max(value - reach, min(value, float(sample.rising[0])))
    return Estimate(value, error, low, value + reach, "asymptotic normal")


def value_at_risk(sample: Sample, level: float, *, confidence: float = 0.95) -> Estimate:
    """Return the quantile at `level` with its interval."""
    _checked(level, "level")
    value = sample.quantile(level)
    error = sample.error_of((sample.values > value).astype(np.float64))
    if sample.design.is_plain:
        low, high = _order_statistics(sample, level, confidence=confidence)
        return Estimate(
            value, _width(low, high, confidence=confidence), low, high, "order statistics"
        )
    reach = _reach(confidence) * error
    low = sample.quantile(max(level - reach, 0.0)) if reach < level else -math.inf
    high = sample.quantile(level + reach) if level + reach < 1.0 else math.inf
    return Estimate(
        value, _width(low, high, confidence=confidence), low, high, "quantiles at levels -+ error"
    )


def expected_shortfall(sample: Sample, level: float, *, confidence: float = 0.95) -> Estimate:
    """Return the mean of the worst 1 - level of all outcomes with its interval.

    The interval's lower end is at least the mean of all, which no tail's mean falls below.
    """
    _checked(level, "level")
    start = sample.quantile(level)
    excess = np.maximum(sample.values - start, 0.0) / (1.0 - level)
    value, error = start + sample.mean_of(excess), sample.error_of(excess)
    reach = _reach(confidence) * error
    low = max(value - reach, min(value, sample.mean()))
    return Estimate(value, error, low, value + reach, "asymptotic normal")


def probability(sample: Sample, limit: float, *, confidence: float = 0.95) -> Estimate:
    """Return P(value > limit) with its interval."""
    hits = (sample.values > limit).astype(np.float64)
    share, error = min(sample.mean_of(hits), 1.0), sample.error_of(hits)
    if sample.design.is_plain:
        low, high = wilson(share, len(sample), confidence=confidence)
        return Estimate(share, error, low, high, "Wilson")
    if 0.0 < share < 1.0 and 0.0 < error < math.inf:
        worth = share * (1.0 - share) / error**2
    else:
        worth = len(sample) / float(sample.design.weights.max())
    low, high = wilson(share, worth, confidence=confidence)
    return Estimate(share, error, low, high, f"Wilson at {worth:,.0f} plain paths' worth")


def wilson(share: float, trials: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share of trials, which need not be a whole number."""
    reach = _reach(confidence)
    spread = reach**2 / trials
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = reach * math.sqrt(share * (1.0 - share) / trials + spread / (4.0 * trials))
    half /= 1.0 + spread
    low = 0.0 if share <= 0.0 else max(0.0, middle - half)
    return low, 1.0 if share >= 1.0 else min(1.0, middle + half)


def clopper_pearson(hits: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share, which covers at least as often as it says."""
    from scipy.special import betaincinv

    _checked(confidence, "confidence")
    side = 0.5 * (1.0 - confidence)
    low = float(betaincinv(hits, trials - hits + 1, side)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1.0 - side)) if hits < trials else 1.0
    return low, high


def binomial_quantile(probability: float, trials: int, *, share: float) -> int:
    """Return the least k with P(B <= k) >= probability, of B binomial (trials, share)."""
    from scipy.special import bdtr, bdtrik

    found = bdtrik(probability, trials, share)
    k = max(0, math.ceil(found)) if math.isfinite(found) else 0
    # The inverse is good to some digits, the function itself to all.
    while k > 0 and bdtr(k - 1, trials, share) >= probability:
        k -= 1
    while bdtr(k, trials, share) < probability:
        k += 1
    return k


def _order_statistics(sample: Sample, level: float, *, confidence: float) -> tuple[float, float]:
    """The order statistics l and u with P(B < l) and P(B >= u) at most half of what is left.

    B, how many of n lie below the quantile, is binomial (n, level).
    """
    _checked(confidence, "confidence")
    count, side = len(sample), 0.5 * (1.0 - confidence)
    below = binomial_quantile(side, count, share=level)
    above = binomial_quantile(1.0 - side, count, share=level) + 1
    low = float(sample.rising[below - 1]) if below >= 1 else -math.inf
    high = float(sample.rising[above - 1]) if above <= count else math.inf
    return low, high


def _width(low: float, high: float, *, confidence: float) -> float:
    """The standard error that a normal interval of this width would have."""
    if math.isinf(high) or math.isinf(low):
        return math.inf
    return (high - low) / (2.0 * _reach(confidence))


def _reach(confidence: float) -> float:
    from scipy.special import ndtri

    _checked(confidence, "confidence")
    return float(ndtri(0.5 + 0.5 * confidence))


def _checked(share: float, name: str) -> None:
    if not 0.0 < share < 1.0:
        raise UsageError(f"{name}: expected a number between 0 and 1, found {share}")
