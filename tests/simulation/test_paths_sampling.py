"""Paths in pairs, in strata and towards the tail: what is drawn, and what it then counts for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from tests.simulation.path_models import (
    BROWNIAN,
    GARCH,
    HESTON,
    JUMPS,
    MODELS,
    NAMES,
    PEG,
    REGIMES,
    grid_of,
)
from trimtab.simulation.paths import (
    NAMED_SHOCKS,
    PLAIN,
    BesideStill,
    PathGrid,
    Sampling,
    SamplingKind,
    Shocked,
    Still,
    annual_covariance,
    driver_loadings,
    path_positions,
    price_paths,
)
from trimtab.units import DataError, UsageError

ANTITHETIC = Sampling(SamplingKind.ANTITHETIC)
STRATIFIED = Sampling(SamplingKind.STRATIFIED, (-1.0, -0.5), strata=8)
TAIL = Sampling(SamplingKind.TAIL, (-1.0, -0.5), shift=2.0)
SAMPLINGS = {"antithetic": ANTITHETIC, "stratified": STRATIFIED, "tail": TAIL}
DRIVEN = {"brownian": BROWNIAN, "heston": HESTON, "garch": GARCH, "regimes": REGIMES}


def drawn(model, sampling, *, paths, first=0, steps=24):
    return price_paths(
        model, grid_of(steps), seed=3, paths=paths, first_path=first, sampling=sampling
    )


def positions(sampling, *, paths, first=0, steps=24):
    grid = grid_of(steps)
    return path_positions(grid, seed=3, paths=paths, first_path=first, sampling=sampling)


@pytest.mark.parametrize("name", SAMPLINGS)
@pytest.mark.parametrize("kind", DRIVEN)
def test_a_sampled_path_is_the_same_in_any_batch(kind, name):
    model, sampling = DRIVEN[kind], SAMPLINGS[name]
    whole = drawn(model, sampling, paths=21)
    pieces = [drawn(model, sampling, paths=n, first=f) for f, n in ((0, 1), (1, 7), (8, 13))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    parts = [positions(sampling, paths=n, first=f) for f, n in ((0, 5), (5, 16))]
    np.testing.assert_array_equal(np.concatenate(parts), positions(sampling, paths=21))


def test_plain_sampling_changes_no_number():
    expected = price_paths(BROWNIAN, grid_of(24), seed=3, paths=9)
    np.testing.assert_array_equal(drawn(BROWNIAN, PLAIN, paths=9), expected)
    assert (positions(PLAIN, paths=9) == 0.0).all()
    np.testing.assert_array_equal(drawn(BROWNIAN, ANTITHETIC, paths=9)[::2], expected[::2])


def test_antithetic_pairs_mirror_their_drivers():
    logs = np.diff(np.log(drawn(BROWNIAN, ANTITHETIC, paths=10)), axis=1)
    grid = grid_of(24)
    drift = (BROWNIAN.drift_annual - 0.5 * BROWNIAN.vol_annual**2) * grid.step_years
    np.testing.assert_allclose(logs[1::2] - drift, -(logs[::2] - drift), atol=1e-15)


def test_strata_hold_one_path_each_and_positions_are_standard_normal():
    found = positions(STRATIFIED, paths=800)
    slices = np.floor(ndtr(found) * 8).astype(int)
    np.testing.assert_array_equal(slices[:8], [0, 4, 2, 6, 1, 5, 3, 7])
    np.testing.assert_array_equal(slices, np.tile(slices[:8], 100))
    assert abs(found.mean()) < 0.03
    assert abs(found.var() - 1.0) < 0.15
    assert (STRATIFIED.weights(found, np.arange(800)) == 1.0).all()


def test_the_position_is_what_moves_the_book_along_the_direction():
    """A position of p moves a weighted sum of log returns by p times its deviation."""
    loadings = driver_loadings(BROWNIAN)
    owned = np.array([1000.0, 500.0])
    sampling = Sampling(SamplingKind.TAIL, tuple(-(loadings.T @ owned)), shift=1.5)
    grid = grid_of(24)
    logs = np.log(drawn(BROWNIAN, sampling, paths=6) / np.array(grid.first_prices))[:, -1]
    drift = (BROWNIAN.drift_annual - 0.5 * BROWNIAN.vol_annual**2) * grid.step_years * 24
    deviation = np.linalg.norm(loadings.T @ owned) * np.sqrt(grid.step_years * 24)
    np.testing.assert_allclose(
        (logs - drift) @ owned, -deviation * positions(sampling, paths=6), rtol=1e-10
    )


def test_tail_weights_give_back_the_plain_law():
    paths = np.arange(20_000)
    found = positions(TAIL, paths=20_000, steps=2)
    weights = TAIL.weights(found, paths)
    assert weights.max() <= 4.0, "every fourth path is plain"
    assert found[paths % 4 != 0].mean() == pytest.approx(2.0, abs=0.03)
    # Each moment within five standard errors.
    for value, expected in ((np.ones(20_000), 1.0), (found, 0.0), (found**2, 1.0)):
        contribution = weights * value
        assert abs(contribution.mean() - expected) < 5 * contribution.std() / np.sqrt(20_000)
    beyond = weights * (found > 3.0)
    assert beyond.mean() == pytest.approx(1.35e-3, rel=0.05), "plain paths would show 27 hits"


def test_partial_runs_keep_their_weights_right():
    stratified = Sampling(SamplingKind.STRATIFIED, (1.0,), strata=8)
    paths = np.arange(10)
    weights, strata = stratified.weights(np.zeros(10), paths), stratified.strata_of(paths)
    # Not every eighth has two paths; every quarter has: those of path mod 4, bits turned.
    np.testing.assert_array_equal(strata, [0, 2, 1, 3, 0, 2, 1, 3, 0, 2])
    np.testing.assert_allclose(np.bincount(strata, weights=weights), 10 / 4)
    alone = stratified.weights(np.zeros(1), np.array([5]))
    assert alone == 1.0
    with pytest.raises(UsageError, match="expected paths of both kinds"):
        TAIL.weights(np.zeros(2), np.array([1, 2]))


def test_strata_that_are_no_power_of_two_are_refused():
    with pytest.raises(UsageError, match="strata: found 12, expected a power of 2, at least 2"):
        Sampling(SamplingKind.STRATIFIED, (1.0,), strata=12)


@pytest.mark.parametrize("direction", [(), (0.0, 0.0), (np.nan, 1.0)])
def test_a_direction_is_needed(direction):
    with pytest.raises(UsageError, match="sampling goes along a direction"):
        Sampling(SamplingKind.TAIL, direction, shift=1.0)


def test_a_direction_over_other_drivers_is_refused():
    with pytest.raises(UsageError, match="over 3 drivers for paths of 2"):
        drawn(BROWNIAN, Sampling(SamplingKind.TAIL, (1.0, 1.0, 1.0), shift=1.0), paths=4)


def test_loadings_square_to_the_covariance_of_paths():
    for model, tolerance in ((BROWNIAN, 0.07), (HESTON, 0.1), (PEG, 0.1), (JUMPS, 0.25)):
        grid = PathGrid(model.assets, (1.0, 1.0), 1, 3600.0)
        logs = np.log(price_paths(model, grid, seed=2, paths=8000)[:, -1])
        found, expected = np.cov(logs.T) / grid.step_years, annual_covariance(model)
        size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        assert (np.abs(found - expected) / size).max() < tolerance, type(model).__name__
        loadings = driver_loadings(model)
        assert (np.diag(loadings @ loadings.T) <= np.diag(expected) + 1e-12).all()


def test_loadings_pass_through_shocks_and_still_assets():
    still = BesideStill(BROWNIAN, ("USDC",))
    shocked = Shocked(still, NAMED_SHOCKS["flash"])
    np.testing.assert_array_equal(driver_loadings(shocked)[:2], driver_loadings(BROWNIAN))
    np.testing.assert_array_equal(driver_loadings(shocked)[2], 0.0)
    assert annual_covariance(still).shape == (3, 3)
    prices = price_paths(still, grid_of(5, names=(*NAMES, "USDC")), seed=1, paths=3)
    assert (prices[..., 2] == 300.0).all()


def test_resampled_history_has_a_covariance_but_no_drivers():
    for kind in ("bootstrap", "filtered", "windows"):
        assert driver_loadings(MODELS[kind]) is None
        assert (np.diag(annual_covariance(MODELS[kind])) > 0.0).all()
    with pytest.raises(DataError, match="the prices stand still: no covariance"):
        annual_covariance(Still(NAMES))
