"""Means, tails and their intervals, against laws whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trimtab.simulation.paths import Sampling, SamplingKind
from trimtab.simulation.stress.measures import bearers, convergence, distribution, histogram
from trimtab.simulation.stress.sample import Sample, design_of
from trimtab.simulation.stress.tail import (
    binomial_quantile,
    clopper_pearson,
    expected_shortfall,
    mean_estimate,
    probability,
    tail_risk,
    value_at_risk,
    wilson,
)
from trimtab.units import UsageError


def plain(values):
    return Sample(np.asarray(values, dtype=float), design_of(np.arange(len(values))))


def student_es(level, degrees):
    """Source: McNeil, Frey, Embrechts, Quantitative Risk Management (2015), example 2.15."""
    quantile = stats.t.ppf(level, degrees)
    return stats.t.pdf(quantile, degrees) / (1 - level) * (degrees + quantile**2) / (degrees - 1)


NORMAL_ES = stats.norm.pdf(stats.norm.ppf(0.99)) / 0.01
LOGNORMAL_ES = math.exp(0.5) * stats.norm.cdf(1.0 - stats.norm.ppf(0.99)) / 0.01
LAWS = {
    "normal": (stats.norm, stats.norm.ppf(0.99), NORMAL_ES),
    "student": (stats.t(4), stats.t.ppf(0.99, 4), student_es(0.99, 4)),
    "lognormal": (stats.lognorm(1.0), math.exp(stats.norm.ppf(0.99)), LOGNORMAL_ES),
}


@pytest.mark.parametrize("name", LAWS)
def test_intervals_cover_the_known_values_as_often_as_they_say(name):
    law, at_risk, shortfall = LAWS[name]
    draws = law.rvs(size=(300, 4000), random_state=np.random.default_rng(5))
    found = [tail_risk(plain(row), 0.99) for row in draws]
    covered = np.mean([t.value_at_risk.low <= at_risk <= t.value_at_risk.high for t in found])
    assert 0.93 <= covered <= 0.99, "order statistics are exact, and a little wide"
    covered = np.mean(
        [t.expected_shortfall.low <= shortfall <= t.expected_shortfall.high for t in found]
    )
    # The normal interval of a mean of 40 tail values covers less where the tail is heavy.
    assert {"normal": 0.90, "student": 0.82, "lognormal": 0.85}[name] <= covered <= 0.985
    mean = np.mean([t.expected_shortfall.value for t in found])
    spread = np.std([t.expected_shortfall.value for t in found]) / np.sqrt(300)
    assert abs(mean - shortfall) < 5 * spread + 0.01 * shortfall


def test_the_tail_of_a_hundred_numbers_by_hand():
    """Of 1 to 100: VaR 95 % is 95, and ES the mean of 96 to 100."""
    found = tail_risk(plain(np.arange(100, 0, -1)), 0.95)
    assert found.value_at_risk.value == 95.0
    assert found.expected_shortfall.value == pytest.approx(98.0)
    assert found.paths_beyond == 5
    # Binomial (100, 0.95): P(B <= 89) = 0.0115 and P(B <= 98) = 0.9629, P(B <= 99) = 0.9941.
    assert (found.value_at_risk.low, found.value_at_risk.high) == (90.0, 100.0)


def test_too_few_paths_leave_the_tail_open_instead_of_looking_sure():
    found = tail_risk(plain(np.arange(6)), 0.99)
    assert found.value_at_risk.high == math.inf
    assert (found.expected_shortfall.high, found.expected_shortfall.error) == (math.inf, math.inf)
    assert "too few paths" in found.expected_shortfall.method


@given(
    st.lists(st.integers(0, 9), min_size=5, max_size=60),
    st.sampled_from([0.5, 0.75, 0.9, 0.95]),
)
@settings(max_examples=60)
def test_quantile_and_shortfall_keep_their_order(values, level):
    sample = plain(values)
    at_risk, shortfall = sample.quantile(level), expected_shortfall(sample, level).value
    assert sample.beyond(at_risk) <= 1 - level + 1e-9
    lower = [value for value in values if value < at_risk]
    assert not lower or sample.beyond(max(lower)) > 1 - level - 1e-9, "the least such value"
    assert at_risk <= shortfall + 1e-9 <= max(values) + 2e-9
    # With atoms too: the mean of the worst share, the value at the edge counted in part.
    worst = np.sort(values)[::-1]
    count = (1 - level) * len(values)
    whole = int(count + 1e-9)
    edge = worst[whole] * (count - whole) if whole < len(worst) else 0.0
    assert shortfall == pytest.approx((worst[:whole].sum() + edge) / count)


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5, -0.1])
def test_levels_that_are_none_are_refused(level):
    with pytest.raises(
        UsageError, match=f"^level: expected a number between 0 and 1, found {level}"
    ):
        value_at_risk(plain([1.0, 2.0]), level)


def test_intervals_of_shares():
    low, high = wilson(0.0, 10)
    assert (low, high) == (0.0, pytest.approx(0.27753, abs=1e-5))
    for hits, trials in ((0, 10), (3, 50), (10, 10), (499, 1000)):
        own = wilson(hits / trials, trials)
        other = stats.binomtest(hits, trials).proportion_ci(method="wilson")
        assert own == pytest.approx((other.low, other.high), abs=1e-12)
        own = clopper_pearson(hits, trials)
        other = stats.binomtest(hits, trials).proportion_ci(method="exact")
        assert own == pytest.approx((other.low, other.high), abs=1e-9)


def test_binomial_quantiles_are_the_least_that_reach():
    for trials in (1, 6, 100, 1000, 100_000):
        for side in (0.005, 0.025, 0.5, 0.975, 0.9999):
            for share in (0.5, 0.95, 0.99):
                expected = stats.binom.ppf(side, trials, share)
                assert binomial_quantile(side, trials, share=share) == expected


def test_probabilities_of_plain_and_weighted_paths():
    sample = plain([0.0] * 90 + [1.0] * 10)
    found = probability(sample, 0.5)
    assert (found.value, found.method) == (0.1, "Wilson")
    assert (found.low, found.high) == pytest.approx(wilson(0.1, 100))
    none = probability(plain([0.0] * 50), 0.5)
    assert none.low == 0.0
    assert none.high == pytest.approx(wilson(0.0, 50)[1]), "no hit is not no risk"


def drawn_positions(kind, *, paths, seed, shift=2.5, strata=512):
    """Positions along one direction as `Sampling` moves them, without paths around."""
    sampling = Sampling(kind, (1.0,), shift=shift, strata=strata)
    numbers = np.arange(paths)
    free = np.random.default_rng(seed).standard_normal((paths, 1, 1))
    if kind is SamplingKind.ANTITHETIC:
        free[1::2] = -free[::2]
        return sampling, numbers, free[:, 0, 0]
    return sampling, numbers, sampling.moved(free, numbers)[:, 0, 0]


def spread_of(kind, level, *, runs=120, paths=1024):
    """ES of a standard normal from each of some runs: its mean, its spread, and the error told."""
    values, errors = [], []
    for seed in range(runs):
        sampling, numbers, found = drawn_positions(kind, paths=paths, seed=seed)
        positions = found if sampling.is_directed else np.zeros(paths)
        sample = Sample(found, design_of(numbers, sampling=sampling, positions=positions))
        one = expected_shortfall(sample, level)
        values.append(one.value)
        errors.append(one.error)
    return np.mean(values), np.std(values), np.mean(errors)


def test_variance_reduction_is_unbiased_and_its_error_is_the_one_told():
    """ES 99 % of a standard normal is 2.6652; what is told as error is the spread of many runs."""
    spreads = {}
    for kind in SamplingKind:
        mean, spread, told = spread_of(kind, 0.99)
        spreads[kind] = spread
        assert mean == pytest.approx(2.6652, abs=5 * spread / np.sqrt(120) + 0.02), kind
        assert told == pytest.approx(spread, rel=0.45), kind
    assert spreads[SamplingKind.STRATIFIED] < 0.5 * spreads[SamplingKind.PLAIN]
    # Measured: 0.097 plain, 0.018 towards the tail: 29 times fewer paths for the same error.
    assert spreads[SamplingKind.TAIL] < 0.3 * spreads[SamplingKind.PLAIN]


def test_pairs_and_strata_cut_the_error_of_a_mean():
    found = {}
    for kind in (SamplingKind.PLAIN, SamplingKind.ANTITHETIC, SamplingKind.STRATIFIED):
        sampling, numbers, values = drawn_positions(kind, paths=1024, seed=1)
        positions = values if sampling.is_directed else np.zeros(1024)
        design = design_of(numbers, sampling=sampling, positions=positions)
        found[kind] = mean_estimate(Sample(np.exp(0.3 * values), design))
        assert found[kind].low <= math.exp(0.045) <= found[kind].high
    assert found[SamplingKind.ANTITHETIC].error < 0.35 * found[SamplingKind.PLAIN].error
    assert found[SamplingKind.STRATIFIED].error < 0.2 * found[SamplingKind.PLAIN].error


def test_weights_count_in_every_statistic():
    numbers = np.arange(4)
    sampling = Sampling(SamplingKind.TAIL, (1.0,), shift=1.0, plain_every=2)
    design = design_of(numbers, sampling=sampling, positions=np.array([0.0, 1.0, 0.5, 2.0]))
    ratio = np.exp(np.array([0.0, 1.0, 0.5, 2.0]) - 0.5)
    np.testing.assert_allclose(design.weights, 1.0 / (0.5 + 0.5 * ratio))
    sample = Sample(np.array([1.0, 2.0, 3.0, 4.0]), design)
    assert sample.mean() == pytest.approx((design.weights * [1, 2, 3, 4]).sum() / 4)
    assert sample.beyond(2.5) == pytest.approx(design.weights[2:].sum() / 4)
    bins = histogram(sample, bins=4)
    assert sum(bins.shares) == pytest.approx(design.weights.sum() / 4)
    assert design.effective_paths < 4.0


def test_a_distribution_tells_zeros_apart_from_its_bins():
    found = distribution("loss", plain([0.0] * 7 + [1.0, 2.0, 4.0]), levels=(0.5,), confidence=0.9)
    assert found.histogram.zero_share == pytest.approx(0.7)
    assert sum(found.histogram.shares) == pytest.approx(0.3)
    assert (found.mean.value, found.worst) == (pytest.approx(0.7), 4.0)
    assert found.quantiles[0.5] == 0.0
    empty = histogram(plain([0.0, 0.0]))
    assert (empty.zero_share, empty.edges) == (1.0, ())


def test_bearers_share_the_loss_and_its_tail():
    paid = np.array([0.0, 5.0, 5.0, 5.0])
    social = np.array([0.0, 0.0, 5.0, 15.0])
    zero = np.zeros(4)
    columns = {
        "penalty": zero,
        "insurance_used": paid,
        "backstop_used": zero,
        "deleveraged": zero,
        "socialized": social,
        "shortfall_left": zero,
    }
    found = {one.payer: one for one in bearers(plain(paid + social), columns, level=0.75)}
    assert found["insurance"].share == pytest.approx(15 / 35)
    assert found["socialized"].mean == pytest.approx(5.0)
    assert found["socialized"].tail_mean == pytest.approx(15.0), "of the worst quarter, one path"
    half = {one.payer: one for one in bearers(plain(paid + social), columns, level=0.625)}
    assert half["socialized"].tail_mean == pytest.approx((15.0 + 5.0 / 2) / 1.5), "one and a half"
    assert sum(one.share for one in found.values()) == pytest.approx(1.0)
    assert sum(one.tail_share for one in found.values()) == pytest.approx(1.0)
    nothing = bearers(plain(zero), dict.fromkeys(columns, zero), level=0.75)
    assert all(one.share == 0.0 for one in nothing)


def test_running_estimates_end_at_the_whole_and_errors_fall():
    values = np.random.default_rng(2).lognormal(size=4000)
    found = convergence(plain(values), level=0.95)
    assert found.paths[0] == 50
    assert found.paths[-1] == 4000
    assert found.mean[-1] == pytest.approx(values.mean())
    assert found.expected_shortfall[-1] == expected_shortfall(plain(values), 0.95).value
    assert found.mean_error[-1] < 0.25 * found.mean_error[0]
    assert len(found.paths) == len(found.value_at_risk_error) <= 24
