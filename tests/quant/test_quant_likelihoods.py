"""Recursions and likelihoods against the plain way to write them, and against SciPy's."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from tests.quant.panels import HOUR_YEARS, garch_returns, normal_panel, panel_of
from trimtab.quant import (
    AsymmetricGarch,
    CopulaDependence,
    GeometricBrownian,
    HestonVolatility,
    MertonJumps,
    RegimeSwitching,
    regime_loops,
)
from trimtab.quant import garch as garch_module
from trimtab.quant.dependence import _likelihood, _ranks
from trimtab.quant.diffusions import _merton_likelihood
from trimtab.quant.regimes import _log_density, _long_run
from trimtab.quant.returns import moments_of, require_regular
from trimtab.units import DataError


@pytest.mark.parametrize(
    "point", [(0.1, 0.05, 0.0, 0.9), (0.02, 0.0, 0.3, 0.5), (1.0, 0.2, 0.1, 0.0)]
)
def test_the_filter_is_the_recursion_of_the_variance(point):
    omega, alpha, gamma, beta = point
    errors = np.random.default_rng(1).standard_normal(300)
    found = garch_module.variances(errors, np.array(point))
    h = [float((errors**2).mean())]
    for error in errors:
        h.append(omega + (alpha + gamma * (error < 0)) * error**2 + beta * h[-1])
    np.testing.assert_allclose(found, h, rtol=1e-12)
    assert len(found) == 301


def test_garch_in_other_units_is_the_same_garch():
    returns = garch_returns(3000, omega=2e-6, alpha=0.06, gamma=0.04, beta=0.9)
    one, other = (AsymmetricGarch().fit(panel_of(scale * returns)) for scale in (1.0, 0.25))
    for name in ("alpha_", "gamma_", "beta_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-4)
    np.testing.assert_allclose(other.omega_, one.omega_ / 16, rtol=1e-2)
    np.testing.assert_allclose(one.residuals_, other.residuals_, atol=1e-3)


def test_the_garch_likelihood_is_that_of_normals_of_its_variances():
    panel = panel_of(garch_returns(1500, omega=2e-6, alpha=0.06, gamma=0.04, beta=0.9))
    fit = AsymmetricGarch().fit(panel)
    point = np.array([fit.omega_[0], fit.alpha_[0], fit.gamma_[0], fit.beta_[0]])
    errors = panel.log_returns[:, 0] - fit.mean_[0]
    spreads = np.sqrt(garch_module.variances(errors, point)[:-1])
    expected = stats.norm(scale=spreads).logpdf(errors).sum()
    assert fit.report_.log_likelihood == pytest.approx(expected, rel=1e-9)


def test_assets_in_another_order_are_the_same_assets():
    panel = normal_panel(1200)
    turned = panel_of(panel.log_returns[:, ::-1], names=("B", "A"))
    for kind in (GeometricBrownian, AsymmetricGarch, HestonVolatility):
        one, other = kind().fit(panel), kind().fit(turned)
        for name, row in one.report_.parameters.items():
            assert row[::-1] == pytest.approx(other.report_.parameters[name], rel=1e-3), name


def brute_force(densities, moves, start):
    """All paths of hidden states: their likelihood, and the chance of each state in each row."""
    rows, states = densities.shape
    total, smoothed, counts = 0.0, np.zeros((rows, states)), np.zeros((states, states))
    for path in itertools.product(range(states), repeat=rows):
        chance = start[path[0]] * densities[0, path[0]]
        for t in range(1, rows):
            chance *= moves[path[t - 1], path[t]] * densities[t, path[t]]
        total += chance
        for t, state in enumerate(path):
            smoothed[t, state] += chance
        for before, after in itertools.pairwise(path):
            counts[before, after] += chance
    return math.log(total), smoothed / total, counts / total


@pytest.mark.parametrize("states", [2, 3])
def test_forward_and_backward_are_the_sum_over_all_paths(states):
    rng = np.random.default_rng(states)
    densities = rng.uniform(0.1, 2.0, (7, states))
    moves = rng.dirichlet(np.ones(states), states)
    start = rng.dirichlet(np.ones(states))
    filtered, smoothed = np.empty_like(densities), np.empty_like(densities)
    found = regime_loops.forward(densities, moves, start=start, out=filtered)
    counts = regime_loops.backward(densities, moves, filtered=filtered, out=smoothed)
    likelihood, expected, expected_counts = brute_force(densities, moves, start)
    assert found == pytest.approx(likelihood, rel=1e-12)
    np.testing.assert_allclose(smoothed, expected, rtol=1e-10)
    np.testing.assert_allclose(counts, expected_counts, rtol=1e-10)
    np.testing.assert_allclose(filtered[-1], expected[-1], rtol=1e-10)


@pytest.mark.parametrize("states", [2, 3, 4])
def test_the_long_run_shares_are_stationary(states):
    moves = np.random.default_rng(states).dirichlet(np.ones(states), states)
    shares = _long_run(moves)
    np.testing.assert_allclose(shares @ moves, shares, atol=1e-12)
    np.testing.assert_allclose(shares, np.linalg.matrix_power(moves, 500)[0], atol=1e-9)


def test_the_density_of_a_regime_is_scipys():
    rng = np.random.default_rng(3)
    root = rng.standard_normal((3, 3))
    covariance, mean, rows = root @ root.T + np.eye(3), rng.standard_normal(3), rng.random((20, 3))
    expected = stats.multivariate_normal(mean, covariance).logpdf(rows)
    np.testing.assert_allclose(_log_density(rows, mean, cov=covariance), expected, rtol=1e-10)


def test_three_regimes_are_told_apart():
    rng = np.random.default_rng(4)
    spreads = np.repeat([0.002, 0.006, 0.02, 0.002, 0.006, 0.02], 800)
    fit = RegimeSwitching(states=3).fit(panel_of(spreads * rng.standard_normal(len(spreads))))
    found = np.sqrt(fit.covariances_[:, 0, 0])
    np.testing.assert_allclose(found, [0.002, 0.006, 0.02], rtol=0.15)
    assert (np.diag(fit.moves_) > 0.98).all()


def merton_density(x, *, mean, spread, rate, jump_mean, jump_vol):
    """The mixture, term by term."""
    return sum(
        math.exp(-rate)
        * rate**n
        / math.factorial(n)
        * stats.norm(mean + n * jump_mean, math.hypot(spread, math.sqrt(n) * jump_vol)).pdf(x)
        for n in range(9)
    )


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5])
def test_the_likelihood_of_jumps_is_that_of_the_mixture(rate):
    x = np.linspace(-6, 6, 41)
    point = np.array([0.05, math.log(0.7), math.log(rate), -0.8, math.log(1.5)])
    given = {"mean": 0.05, "spread": 0.7, "rate": rate, "jump_mean": -0.8, "jump_vol": 1.5}
    expected = np.log(merton_density(x, **given)).sum()
    assert _merton_likelihood(x, point) == pytest.approx(expected, rel=1e-10)
    grid = np.linspace(-30, 30, 20_001)
    assert np.trapezoid(merton_density(grid, **given), grid) == pytest.approx(1.0, abs=1e-6)


def test_the_likelihood_of_a_brownian_motion_is_scipys():
    panel = normal_panel(400)
    report = GeometricBrownian().fit(panel).report_
    fitted = [stats.norm(c.mean(), c.std()).logpdf(c).sum() for c in panel.log_returns.T]
    assert report.log_likelihood == pytest.approx(sum(fitted), rel=1e-12)


@pytest.mark.parametrize("degrees", [3.0, 8.0, math.inf])
def test_the_likelihood_of_a_copula_is_joint_less_margins(degrees):
    uniforms = _ranks(normal_panel(300).log_returns)
    correlation, found = _likelihood(uniforms, degrees)
    if math.isinf(degrees):
        scores = stats.norm.ppf(uniforms)
        joint = stats.multivariate_normal([0, 0], correlation).logpdf(scores)
        margins = stats.norm.logpdf(scores).sum(axis=1)
    else:
        scores = stats.t(degrees).ppf(uniforms)
        joint = stats.multivariate_t([0, 0], correlation, df=degrees).logpdf(scores)
        margins = stats.t(degrees).logpdf(scores).sum(axis=1)
    assert found == pytest.approx(float((joint - margins).sum()), rel=1e-8)


def test_ranks_are_those_of_scipy_without_their_ends():
    rows = np.random.default_rng(5).standard_normal((50, 3))
    expected = stats.rankdata(rows, axis=0) / 51
    np.testing.assert_allclose(_ranks(rows), expected)


def test_a_copula_of_one_asset_is_gaussian():
    fit = CopulaDependence().fit(panel_of(normal_panel(300).log_returns[:, 0]))
    assert fit.degrees_ == math.inf
    assert fit.correlation_.tolist() == [[1.0]]


def test_moments_are_scipys():
    rows = np.random.default_rng(6).standard_t(5, (2000, 2))
    found = moments_of(rows, HOUR_YEARS)
    assert found["skewness"] == pytest.approx(stats.skew(rows))
    assert found["excess_kurtosis"] == pytest.approx(stats.kurtosis(rows))
    assert found["vol_annual"] == pytest.approx(rows.std(axis=0) / math.sqrt(HOUR_YEARS))


def test_a_regular_matrix_passes_and_a_nearly_singular_one_does_not():
    require_regular(np.array([[1.0, 0.999], [0.999, 1.0]]), ("A", "B"))
    nearly = np.array([[1.0, 0.2, 1.0 - 1e-12], [0.2, 1.0, 0.2], [1.0 - 1e-12, 0.2, 1.0]])
    with pytest.raises(DataError, match="A and C correlate"):
        require_regular(nearly, ("A", "B", "C"))


def test_heston_of_returns_without_storms_stays_usable():
    """Nothing clusters: the pace is at its limit, and a step of the history is still allowed."""
    fit = HestonVolatility().fit(normal_panel(3000))
    assert (fit.reversion_per_year_ * HOUR_YEARS <= 0.5 + 1e-12).all()
    assert (fit.vol_of_vol_ > 0).all()
    assert (np.abs(fit.correlation_) <= 0.95).all()


def test_jumps_of_returns_without_jumps_add_little_variance():
    fit = MertonJumps().fit(normal_panel(4000))
    jumps = fit.jumps_per_year_ * HOUR_YEARS * (fit.jump_mean_**2 + fit.jump_vol_**2)
    whole = fit.vol_annual_**2 * HOUR_YEARS + jumps
    np.testing.assert_allclose(np.sqrt(whole / HOUR_YEARS), [0.8, 0.5], rtol=0.05)
    assert np.all(np.array(fit.report_.model_moments["excess_kurtosis"]) < 0.5)
