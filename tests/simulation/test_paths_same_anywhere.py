"""Path k depends on model, grid, seed and k alone: on no batch, no worker, no other path."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.simulation.path_models import BROWNIAN, GAUSSIAN, MODELS, NAMES, grid_of, paths_of
from trimtab.simulation.paths import Brownian, Dependence, PathGrid, Still, price_paths
from trimtab.simulation.paths.driving import Purpose, Streams, mixed, root_of
from trimtab.simulation.paths.making import check_request
from trimtab.units import UsageError

KINDS = list(MODELS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_is_the_same_in_any_batch(kind):
    model = MODELS[kind]
    whole = paths_of(model, paths=37)
    assert whole.shape == (37, 49, 2)
    pieces = [paths_of(model, paths=n, first=f) for f, n in ((0, 1), (1, 7), (8, 2), (10, 27))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_workers_make_what_one_makes(kind):
    model = MODELS[kind]
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(lambda k: paths_of(model, paths=1, first=k)[0], range(12)))
    np.testing.assert_array_equal(np.stack(found), paths_of(model, paths=12))


@pytest.mark.parametrize("kind", KINDS)
def test_paths_begin_at_the_first_prices_and_stay_prices(kind):
    found = paths_of(MODELS[kind], paths=20)
    assert (found[:, 0] == [100.0, 200.0]).all()
    assert np.isfinite(found).all()
    assert (found > 0).all()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "windows"])
def test_paths_and_seeds_differ(kind):
    found = paths_of(MODELS[kind], paths=30)
    assert len({path.tobytes() for path in found}) == 30
    assert not np.array_equal(paths_of(MODELS[kind], paths=30, seed=2), found)


def test_a_longer_horizon_begins_with_the_shorter_one():
    """Where each step takes its own numbers in order; the first 24 hours do not change."""
    for kind in ("brownian", "heston", "garch", "regimes", "bootstrap"):
        short, long = (paths_of(MODELS[kind], paths=5, steps=n) for n in (24, 48))
        np.testing.assert_array_equal(long[:, :25], short, err_msg=kind)


def test_streams_of_two_purposes_seeds_or_paths_are_independent():
    first = Streams(seed=7, first=0, count=200)
    drawn = {purpose: first.normals(purpose, (500,)) for purpose in Purpose}
    rows = [one.ravel() for one in drawn.values()]
    rows.append(Streams(8, 0, 200).normals(Purpose.DRIVERS, (500,)).ravel())
    apart = np.corrcoef(rows) - np.eye(len(rows))
    # 100,000 numbers: five standard errors.
    assert np.abs(apart).max() < 5 / np.sqrt(100_000)
    among = np.corrcoef(drawn[Purpose.DRIVERS]) - np.eye(200)
    assert np.abs(among).max() < 5.5 / np.sqrt(500)


def test_a_stream_is_numpys_philox_keyed_by_seed_and_path():
    bits = np.random.Philox(
        key=np.array([11, 5], dtype=np.uint64), counter=np.array([0, 0, 0, 2], dtype=np.uint64)
    )
    expected = np.random.Generator(bits).standard_normal(10)
    found = Streams(seed=11, first=3, count=4).normals(Purpose.JUMPS, (10,))[2]
    np.testing.assert_array_equal(found, expected)


def test_the_root_of_a_matrix_and_its_product():
    matrix = GAUSSIAN.correlation
    root = root_of(matrix)
    np.testing.assert_allclose(root @ root.T, matrix, atol=1e-14)
    free = np.random.default_rng(1).standard_normal((7, 5, 2))
    np.testing.assert_allclose(mixed(free, root), free @ root.T, rtol=1e-14)


@pytest.mark.parametrize(
    "matrix",
    [[[1.0, 0.5], [0.4, 1.0]], [[1.0, 0.5], [0.5, 0.9]], [[1.0, 1.2], [1.2, 1.0]], [[1.0, 0.0]]],
)
def test_what_is_no_correlation_matrix_is_refused(matrix):
    with pytest.raises(UsageError, match="a correlation matrix"):
        Dependence(np.array(matrix))


@pytest.mark.parametrize(("degrees", "share"), [(2.0, 0.5), (1.0, 0.5), (4.0, 1.1), (4.0, -0.1)])
def test_copulas_and_stresses_out_of_range_are_refused(degrees, share):
    with pytest.raises(UsageError, match=r"degrees of freedom|correlation to one"):
        Dependence(np.eye(2), degrees=degrees).towards_one(share)


@pytest.mark.parametrize(("steps", "seconds"), [(0, 3600.0), (-1, 3600.0), (5, 0.0), (5, -1.0)])
def test_a_horizon_of_nothing_is_refused(steps, seconds):
    with pytest.raises(UsageError, match="a horizon of"):
        PathGrid(("A",), (1.0,), steps, seconds)


@pytest.mark.parametrize("prices", [(0.0, 1.0), (1.0,), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_first_prices_are_prices(prices):
    with pytest.raises(UsageError, match="first price"):
        PathGrid(NAMES, prices, 5, 3600.0)


def test_more_than_fits_is_refused_with_an_estimate():
    grid = grid_of(8760)
    with pytest.raises(UsageError, match=r"1,000,000 paths of 8,760 steps of 2 assets need about"):
        check_request(grid, 1_000_000)
    with pytest.raises(UsageError, match="ask for batches of 3,829"):
        check_request(grid, 1_000_000)
    check_request(grid, 3_829)
    with pytest.raises(UsageError, match="paths: expected at least 1, found 0"):
        check_request(grid, 0)


@pytest.mark.parametrize("bad", [{"seed": -1}, {"seed": 2**64}, {"first_path": -1}])
def test_seeds_and_paths_have_bounds(bad):
    with pytest.raises(UsageError, match="seed and path"):
        price_paths(BROWNIAN, grid_of(), **{"seed": 1, "paths": 1} | bad)


def test_a_model_of_other_assets_is_refused():
    with pytest.raises(UsageError, match="a model of"):
        price_paths(Still(("B", "A")), grid_of(), seed=1, paths=1)


def test_large_seeds_and_path_numbers_are_their_own():
    one = Brownian(("A",), np.zeros(1), np.ones(1), Dependence(np.eye(1)))
    grid = grid_of(5, names=("A",))
    seeds = [0, 1, 2**32, 2**32 + 1, 2**64 - 1]
    found = {price_paths(one, grid, seed=seed, paths=1).tobytes() for seed in seeds}
    far = {price_paths(one, grid, seed=1, paths=1, first_path=p).tobytes() for p in (1, 2**40)}
    assert len(found | far) == 7
