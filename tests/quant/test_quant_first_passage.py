"""First passage against the inverse Gaussian law, the limits of it, and an independent walk."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trimtab.quant import barrier_ratio, hit_probability
from trimtab.quant.first_passage import CONTINUITY


@given(st.floats(0.3, 0.97), st.floats(0.2, 2.0), st.floats(0.001, 2.0), st.floats(-1.5, 0.0))
def test_a_drift_towards_the_barrier_is_the_inverse_gaussian_law(ratio, vol, years, drift):
    """The first time that a Brownian motion with drift m > 0 covers a: mean a / m, shape a²/s²."""
    distance, towards = -math.log(ratio), 0.5 * vol**2 - drift
    mean, shape = distance / towards, (distance / vol) ** 2
    expected = stats.invgauss(mean / shape, scale=shape).cdf(years)
    found = hit_probability(ratio, vol_annual=vol, years=years, drift_annual=drift)
    assert found == pytest.approx(expected, abs=1e-9)


@given(st.floats(1.03, 3.0), st.floats(0.2, 2.0), st.floats(0.001, 2.0), st.floats(2.1, 4.0))
def test_a_short_under_a_rising_price(ratio, vol, years, drift):
    distance, towards = math.log(ratio), drift - 0.5 * vol**2
    mean, shape = distance / towards, (distance / vol) ** 2
    expected = stats.invgauss(mean / shape, scale=shape).cdf(years)
    found = hit_probability(ratio, vol_annual=vol, years=years, drift_annual=drift)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("drift", [0.5, 1.0, 2.0])
def test_with_a_drift_away_some_paths_never_hit(drift):
    """In the end exp(-2 m a / s²) of them do."""
    distance, vol = -math.log(0.9), 0.6
    away = drift - 0.5 * vol**2
    found = hit_probability(0.9, vol_annual=vol, years=1e4, drift_annual=drift)
    assert found == pytest.approx(math.exp(-2 * away * distance / vol**2), rel=1e-9)


@pytest.mark.parametrize("ratio", [1e-6, 0.2, 5.0, 1e6])
def test_far_barriers_and_strong_drifts_stay_probabilities(ratio):
    for drift in (-50.0, 0.0, 50.0):
        found = hit_probability(ratio, vol_annual=0.01, years=0.01, drift_annual=drift)
        assert 0.0 <= found <= 1.0
        assert math.isfinite(found)


def test_the_shift_is_zetas():
    """-zeta(1/2) / sqrt(2 pi), with zeta(1/2) by its alternating series."""
    terms = np.arange(1, 2_000_001)
    signs = np.where(terms % 2, 1.0, -1.0) / np.sqrt(terms)
    eta = float(signs.sum() - 0.5 * signs[-1])
    zeta = eta / (1.0 - math.sqrt(2.0))
    assert pytest.approx(-zeta / math.sqrt(2 * math.pi), abs=1e-6) == CONTINUITY


def test_an_independent_walk_hits_as_often_as_the_shift_says():
    rng = np.random.default_rng(12)
    vol, steps, paths = 0.8, 100, 40_000
    step = 7 / 365 / steps
    walk = np.cumsum(rng.standard_normal((paths, steps)) * vol * math.sqrt(step), axis=1)
    walk -= 0.5 * vol**2 * step * np.arange(1, steps + 1)
    ratio = barrier_ratio(8, maintenance=0.01)
    hit = float((walk.min(axis=1) <= math.log(ratio)).mean())
    expected = hit_probability(ratio, vol_annual=vol, years=7 / 365, watch_years=step)
    assert hit == pytest.approx(expected, abs=4 * math.sqrt(expected / paths))


@pytest.mark.parametrize("leverage", [2.0, 5.0, 20.0])
def test_more_leverage_more_volatility_more_time_more_liquidations(leverage):
    base = {"vol_annual": 0.6, "years": 0.05}
    ratio = barrier_ratio(leverage, maintenance=0.005)
    found = hit_probability(ratio, **base)
    assert hit_probability(barrier_ratio(leverage * 1.5, maintenance=0.005), **base) > found
    assert hit_probability(barrier_ratio(leverage, maintenance=0.02), **base) > found
    assert hit_probability(ratio, **base | {"vol_annual": 0.9}) > found
    assert hit_probability(ratio, **base | {"years": 0.1}) > found
    assert hit_probability(ratio, **base, drift_annual=1.0) < found
    # Four times the time is twice the volatility, where the logarithm has no drift.
    still = {"drift_annual": 0.18}
    slow = hit_probability(ratio, vol_annual=0.6, years=0.2, **still)
    fast = hit_probability(ratio, vol_annual=1.2, years=0.05, drift_annual=0.72)
    assert slow == pytest.approx(fast, rel=1e-9)
