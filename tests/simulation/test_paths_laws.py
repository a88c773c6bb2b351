"""Every process has the moments that it claims, and first passages are those of the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quant.panels import HOUR, HOUR_YEARS
from tests.simulation.path_models import (
    BROWNIAN,
    CORRELATION,
    GARCH,
    GAUSSIAN,
    HESTON,
    JUMPS,
    NAMES,
    PEG,
    REGIMES,
    ZERO,
    grid_of,
    pair,
    paths_of,
    returns_of,
)
from trimtab.quant import barrier_ratio, hit_probability
from trimtab.simulation.paths import Brownian, Dependence, PathGrid, price_paths
from trimtab.simulation.paths.driving import Streams
from trimtab.units import UsageError

WEEK = 168


def within_error(sample, expected, *, errors=4.5):
    """The mean of independent numbers is its expectation, within standard errors."""
    error = sample.std() / np.sqrt(len(sample))
    assert abs(sample.mean() - expected) < errors * error, (sample.mean(), expected, error)


@pytest.mark.parametrize(
    ("vol", "leverage", "days"),
    [(0.8, 10, 7), (0.8, 5, 7), (0.8, 20, 1), (0.5, 10, 7), (0.5, 20, 7), (0.8, 10, 30)],
)
@pytest.mark.parametrize("is_long", [True, False])
def test_first_passage_with_the_discrete_shift(vol, leverage, days, is_long):
    """Watched every hour, the barrier acts as one 0.5826 s sqrt(dt) further away."""
    model = Brownian(("A",), np.zeros(1), np.array([vol]), Dependence(np.eye(1)))
    ratio = barrier_ratio(leverage, maintenance=0.005, is_long=is_long)
    paths = 6000
    found = price_paths(model, grid_of(24 * days, names=("A",)), seed=4, paths=paths)[..., 0] / 100
    hit = found.min(axis=1) <= ratio if is_long else found.max(axis=1) >= ratio
    given = {"vol_annual": vol, "years": days / 365}
    expected = hit_probability(ratio, **given, watch_years=HOUR_YEARS)
    error = np.sqrt(expected * (1 - expected) / paths)
    # The shift is of first order: what it leaves is less than a tenth of what it takes away.
    left = 0.1 * abs(hit_probability(ratio, **given) - expected)
    assert abs(hit.mean() - expected) < 3.5 * error + left


def test_without_the_shift_the_closed_form_is_missed():
    model = Brownian(("A",), np.zeros(1), np.array([0.8]), Dependence(np.eye(1)))
    ratio = barrier_ratio(10, maintenance=0.005)
    paths = 20_000
    found = price_paths(model, grid_of(WEEK, names=("A",)), seed=5, paths=paths)[..., 0] / 100
    hit = float((found.min(axis=1) <= ratio).mean())
    always = hit_probability(ratio, vol_annual=0.8, years=7 / 365)
    watched = hit_probability(ratio, vol_annual=0.8, years=7 / 365, watch_years=HOUR_YEARS)
    assert always == pytest.approx(0.3836, abs=5e-5)
    error = np.sqrt(always * (1 - always) / paths)
    assert abs(hit - watched) < 3 * error
    assert always - hit > 4 * error


def test_brownian_moments_and_correlation():
    steps = returns_of(BROWNIAN, paths=400, steps=200)
    flat = steps.reshape(-1, 2)
    spread = pair(0.8, 0.5) * np.sqrt(HOUR_YEARS)
    np.testing.assert_allclose(flat.std(axis=0), spread, rtol=0.01)
    np.testing.assert_allclose(np.corrcoef(flat.T), CORRELATION, atol=0.01)
    ends = paths_of(BROWNIAN, paths=20_000, steps=24)[:, -1]
    years = 24 * HOUR_YEARS
    within_error(ends[:, 0] / 100, np.exp(0.3 * years))
    within_error(ends[:, 1] / 200, 1.0)


@pytest.mark.parametrize("degrees", [3.0, 5.0])
def test_a_student_copula_has_normal_margins_and_joint_tails(degrees):
    rows = 120_000
    found = Dependence(CORRELATION, degrees).normals(Streams(1, 0, 120), rows // 120)
    flat = found.reshape(-1, 2)
    np.testing.assert_allclose(flat.mean(axis=0), 0.0, atol=0.015)
    np.testing.assert_allclose((flat**2).mean(axis=0), 1.0, rtol=0.02)
    np.testing.assert_allclose((flat**4).mean(axis=0), 3.0, rtol=0.06)
    plain = GAUSSIAN.normals(Streams(1, 0, 120), rows // 120).reshape(-1, 2)
    both = (flat < -2.5).all(axis=1).mean(), (plain < -2.5).all(axis=1).mean()
    assert both[0] > 1.5 * both[1]


def test_correlation_to_one():
    half, whole = (Brownian(NAMES, ZERO, pair(0.8, 0.5), GAUSSIAN.towards_one(s)) for s in (0.5, 1))
    flat = returns_of(half, paths=300, steps=200).reshape(-1, 2)
    assert np.corrcoef(flat.T)[0, 1] == pytest.approx(0.8, abs=0.01)
    one = returns_of(whole, paths=20, steps=50) / pair(0.8, 0.5)
    drift = -0.5 * pair(0.8, 0.5) * HOUR_YEARS
    np.testing.assert_allclose(one[..., 0] - drift[0], one[..., 1] - drift[1], atol=1e-9)
    np.testing.assert_array_equal(GAUSSIAN.towards_one(0.0).correlation, CORRELATION)


def test_jumps_have_their_cumulants_and_keep_the_drift():
    flat = returns_of(JUMPS, paths=2000, steps=200)[..., 0].ravel()
    rate = 200.0 * HOUR_YEARS
    mean, size = -0.02, 0.03
    variance = 0.25 * HOUR_YEARS + rate * (mean**2 + size**2)
    third = rate * (mean**3 + 3 * mean * size**2)
    fourth = rate * (mean**4 + 6 * mean**2 * size**2 + 3 * size**4)
    centered = flat - flat.mean()
    assert centered.var() == pytest.approx(variance, rel=0.03)
    assert (centered**3).mean() == pytest.approx(third, rel=0.1)
    assert (centered**4).mean() - 3 * variance**2 == pytest.approx(fourth, rel=0.12)
    ends = paths_of(JUMPS, paths=20_000, steps=24)[:, -1]
    within_error(ends[:, 0] / 100, 1.0)
    within_error(ends[:, 1] / 200, np.exp(0.2 * 24 * HOUR_YEARS))


def test_heston_keeps_the_drift_and_reverts_to_its_level():
    ends = paths_of(HESTON, paths=12_000, steps=WEEK)[:, -1]
    within_error(ends[:, 0] / 100, 1.0)
    within_error(ends[:, 1] / 200, 1.0)
    steps = returns_of(HESTON, paths=4000, steps=WEEK)
    variance = (steps**2).mean(axis=0) / HOUR_YEARS
    times = np.arange(WEEK) * HOUR_YEARS
    for asset, (level, speed, now) in enumerate(((0.64, 60.0, 0.64), (0.25, 30.0, 0.5))):
        expected = level + (now - level) * np.exp(-speed * times)
        for part in np.array_split(np.arange(WEEK), 4):
            assert variance[part, asset].mean() == pytest.approx(expected[part].mean(), rel=0.05)
    before = steps[:, :-1, 0].ravel()
    assert np.corrcoef(before, steps[:, 1:, 0].ravel() ** 2)[0, 1] < -0.015


def test_a_step_too_long_for_the_variance_is_refused():
    grid = PathGrid(NAMES, (1.0, 1.0), 5, 30 * 86400.0)
    with pytest.raises(UsageError, match="longer than the variance takes to return"):
        price_paths(HESTON, grid, seed=1, paths=1)


def test_garch_starts_at_its_variance_and_goes_to_its_level():
    steps = returns_of(GARCH, paths=20_000, steps=200)
    first = (steps[:, 0] ** 2).mean(axis=0)
    np.testing.assert_allclose(first, GARCH.last_variance, rtol=0.05)
    persistence = GARCH.alpha + GARCH.gamma / 2 + GARCH.beta
    level = GARCH.omega / (1 - persistence)
    expected = level + (GARCH.last_variance - level) * persistence**100
    np.testing.assert_allclose((steps[:, 100] ** 2).mean(axis=0), expected, rtol=0.08)
    np.testing.assert_allclose(np.corrcoef(steps[:, 5].T), CORRELATION, atol=0.02)


def test_regimes_have_their_shares_and_their_spreads():
    grid = grid_of(500)
    states = REGIMES.states(grid, Streams(1, 0, 400))
    assert states[:, 0].max() == 0
    assert states[:, 200:].mean() == pytest.approx(2 / 7, abs=0.02)
    stays = (states[:, 1:] == states[:, :-1])[states[:, :-1] == 1]
    assert stays.mean() == pytest.approx(0.95, abs=0.005)
    steps = np.diff(np.log(price_paths(REGIMES, grid, seed=1, paths=400)), axis=1)
    for state, covariance in enumerate(REGIMES.covariances):
        found = np.cov(steps[states == state].T)
        np.testing.assert_allclose(found, covariance, rtol=0.05)


def test_a_pegged_asset_strays_returns_and_follows():
    paths = paths_of(PEG, paths=3000, steps=2000)
    gaps = np.log(paths[..., 1] / 200) - np.log(paths[..., 0] / 100)
    rate = PEG.depegs_per_year * HOUR_YEARS
    keep = np.exp(-PEG.reversion_per_year * HOUR_YEARS)
    mean = rate * PEG.depeg_mean / (1 - keep)
    jump = rate * (PEG.depeg_mean**2 + PEG.depeg_vol**2)
    quiet = PEG.vol_annual**2 / (2 * PEG.reversion_per_year)
    variance = quiet + jump / (1 - keep**2)
    within_error(gaps[:, -1], mean)
    # Depegs are rare: the variance is that over all paths and the times after the start.
    assert gaps[:, 500:].var() == pytest.approx(variance, rel=0.15)
    # From where it is, half of a gap is gone after one half-life.
    half = int(np.log(2) / (PEG.reversion_per_year * HOUR_YEARS))
    slope = np.polyfit(gaps[:, 1000], gaps[:, 1000 + half], 1)[0]
    assert slope == pytest.approx(keep**half, abs=0.05)
    assert gaps[:, -1].min() < -0.02


def test_steps_of_another_length_are_refused_where_they_matter():
    other = PathGrid(NAMES, (1.0, 1.0), 5, HOUR / 2)
    for model in (GARCH, REGIMES):
        with pytest.raises(UsageError, match="learnt on steps of 3600 seconds, asked for steps of"):
            price_paths(model, other, seed=1, paths=1)
    assert price_paths(BROWNIAN, other, seed=1, paths=1).shape == (1, 6, 2)
