"""One conformance test for all estimators, and that each finds what the data were made with."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from tests.quant.panels import (
    HOUR_YEARS,
    garch_returns,
    heston_returns,
    jump_returns,
    normal_panel,
    panel_of,
    regime_returns,
)
from trimtab.quant import (
    AsymmetricGarch,
    CopulaDependence,
    FitReport,
    GeometricBrownian,
    HestonVolatility,
    MertonJumps,
    PegReversion,
    RegimeSwitching,
)
from trimtab.units import DataError

ESTIMATORS = [
    GeometricBrownian,
    MertonJumps,
    HestonVolatility,
    AsymmetricGarch,
    RegimeSwitching,
    CopulaDependence,
]


def learnt(estimator):
    return {name: value for name, value in vars(estimator).items() if name.endswith("_")}


def same(one, other):
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return one == other


@pytest.fixture(scope="module")
def panel():
    return normal_panel(1200)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_constructor_only_keeps_its_arguments(kind):
    names = list(inspect.signature(kind.__init__).parameters)[1:]
    values = {name: object() for name in names}
    made = kind(**values)
    assert vars(made) == values
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters)
    assert all(one.default is not inspect.Parameter.empty for one in parameters)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_fit_returns_itself_and_learns_the_same_twice(kind, panel):
    one, other = kind(), kind()
    assert not learnt(one)
    assert one.fit(panel) is one
    other.fit(normal_panel(1200, seed=9)).fit(panel)
    first, second = learnt(one), learnt(other)
    assert first.keys() == second.keys()
    for name in first:
        assert same(first[name], second[name]), name


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_report_says_what_was_learnt_in_finite_numbers(kind, panel):
    report = kind().fit(panel).report_
    assert isinstance(report, FitReport)
    assert report.observations == 1200
    assert report.parameters
    numbers = [*report.parameters.values(), *report.data_moments.values()]
    numbers += report.model_moments.values()
    flat = [one for row in numbers for one in row]
    assert all(type(one) is float for one in flat)
    assert all(math.isfinite(one) for one in flat) or kind is CopulaDependence
    assert report.data_moments.keys() >= report.model_moments.keys()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_too_short_a_history_is_refused(kind):
    with pytest.raises(DataError, match=r"too short to calibrate .*found '12 returns'; expected"):
        kind().fit(normal_panel(12))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_price_that_does_not_move_is_refused(kind):
    still = normal_panel(1200).log_returns.copy()
    still[:, 1] = 0.0
    with pytest.raises(DataError, match=r"the price does not move.*found 'B'"):
        kind().fit(panel_of(still))


def test_brownian_motion_is_found_within_its_error():
    panel = normal_panel(20_000)
    fit = GeometricBrownian().fit(panel)
    assert (np.abs(fit.vol_annual_ - [0.8, 0.5]) < 4 * fit.vol_error_).all()
    drift = panel.log_returns.mean(axis=0) / HOUR_YEARS + fit.vol_annual_**2 / 2
    np.testing.assert_allclose(fit.drift_annual_, drift)


def test_jumps_are_found():
    made = {"spread": 0.005, "rate": 0.02, "mean": -0.02, "size": 0.03}
    fit = MertonJumps().fit(panel_of(jump_returns(15_000, **made)))
    assert fit.vol_annual_[0] * math.sqrt(HOUR_YEARS) == pytest.approx(0.005, rel=0.03)
    assert fit.jumps_per_year_[0] * HOUR_YEARS == pytest.approx(0.02, rel=0.2)
    assert fit.jump_mean_[0] == pytest.approx(-0.02, abs=0.006)
    assert fit.jump_vol_[0] == pytest.approx(0.03, rel=0.15)
    report = fit.report_
    assert report.model_moments["vol_annual"][0] == pytest.approx(
        report.data_moments["vol_annual"][0], rel=0.02
    )
    assert report.model_moments["excess_kurtosis"][0] > 20
    normal = GeometricBrownian().fit(panel_of(jump_returns(15_000, **made))).report_
    assert report.log_likelihood > normal.log_likelihood + 1000


@pytest.mark.parametrize("gamma", [0.0, 0.08])
def test_garch_is_found(gamma):
    made = {"omega": 2e-6, "alpha": 0.05, "gamma": gamma, "beta": 0.90}
    panel = panel_of(garch_returns(20_000, **made, seed=3))
    fit = AsymmetricGarch().fit(panel)
    assert fit.alpha_[0] == pytest.approx(0.05, abs=0.02)
    assert fit.gamma_[0] == pytest.approx(gamma, abs=0.03)
    assert fit.beta_[0] == pytest.approx(0.90, abs=0.03)
    assert fit.residuals_.shape == (20_000, 1)
    assert fit.residuals_.std() == pytest.approx(1.0, abs=0.01)
    squares = fit.residuals_[:, 0] ** 2
    raw = panel.log_returns[:, 0] ** 2
    assert abs(np.corrcoef(squares[1:], squares[:-1])[0, 1]) < 0.03
    assert np.corrcoef(raw[1:], raw[:-1])[0, 1] > 0.05


def test_symmetric_garch_has_no_gamma_and_fits_no_better():
    panel = panel_of(garch_returns(6000, omega=2e-6, alpha=0.03, gamma=0.1, beta=0.9))
    whole, plain = AsymmetricGarch().fit(panel), AsymmetricGarch(asymmetric=False).fit(panel)
    assert plain.gamma_[0] == 0.0
    assert whole.report_.log_likelihood > plain.report_.log_likelihood + 5


def test_the_variance_after_the_history_follows_the_recursion():
    fit = AsymmetricGarch().fit(normal_panel(1200))
    panel = normal_panel(1200)
    errors = panel.log_returns[-1] - fit.mean_
    last = (errors / fit.residuals_[-1]) ** 2
    expected = fit.omega_ + (fit.alpha_ + fit.gamma_ * (errors < 0)) * errors**2 + fit.beta_ * last
    np.testing.assert_allclose(fit.last_variance_, expected, rtol=1e-9)


def test_regimes_are_found_calm_first():
    made = regime_returns(15_000, stays=(0.98, 0.95), spreads=(0.003, 0.012), seed=2)
    fit = RegimeSwitching().fit(panel_of(made))
    spreads = np.sqrt(fit.covariances_[:, 0, 0])
    np.testing.assert_allclose(spreads, [0.003, 0.012], rtol=0.05)
    np.testing.assert_allclose(np.diag(fit.moves_), [0.98, 0.95], atol=0.015)
    np.testing.assert_allclose(fit.moves_.sum(axis=1), 1.0)
    np.testing.assert_allclose(fit.shares_, [5 / 7, 2 / 7], atol=0.05)
    np.testing.assert_allclose(fit.shares_ @ fit.moves_, fit.shares_, atol=1e-12)
    assert fit.now_.sum() == pytest.approx(1.0)


def test_more_likely_regimes_at_every_step():
    panel = panel_of(regime_returns(2000, stays=(0.97, 0.9), spreads=(0.003, 0.01)))
    found = [RegimeSwitching(iterations_max=n).fit(panel).report_ for n in (1, 2, 5, 20, 100)]
    likelihoods = [report.log_likelihood for report in found]
    assert likelihoods == sorted(likelihoods)


@pytest.mark.parametrize("states", [0, 1, 6])
def test_a_senseless_number_of_regimes_is_refused(states):
    with pytest.raises(DataError, match="a number of regimes"):
        RegimeSwitching(states=states).fit(normal_panel(1200))


def test_heston_is_found_roughly():
    """Moments of a hidden variance are noisy: size, pace and sign are what can be had."""
    made = {"level": 0.64, "speed": 60.0, "vol_of_vol": 5.0, "rho": -0.6}
    fit = HestonVolatility(lags=200).fit(panel_of(heston_returns(60_000, **made, seed=4)))
    assert fit.variance_level_[0] == pytest.approx(0.64, rel=0.1)
    assert 30 < fit.reversion_per_year_[0] < 120
    assert fit.vol_of_vol_[0] == pytest.approx(5.0, rel=0.3)
    assert -0.95 <= fit.correlation_[0] < -0.3
    assert 0.0 < fit.variance_now_[0] < 5.0


@pytest.mark.parametrize(("degrees", "low", "high"), [(3.0, 2.4, 4.1), (math.inf, 29.0, math.inf)])
def test_the_copula_is_found(degrees, low, high):
    rng = np.random.default_rng(5)
    z = rng.standard_normal((8000, 2))
    z[:, 1] = 0.7 * z[:, 0] + math.sqrt(0.51) * z[:, 1]
    if math.isfinite(degrees):
        z *= np.sqrt(degrees / rng.chisquare(degrees, (8000, 1)))
    # The margins do not matter: a monotone change of one leaves the copula.
    z[:, 1] = np.arctan(z[:, 1]) / 100
    z[:, 0] = z[:, 0] / 100
    fit = CopulaDependence().fit(panel_of(z))
    assert low <= fit.degrees_ <= high
    assert fit.correlation_[0, 1] == pytest.approx(0.7, abs=0.03)
    assert CopulaDependence(student=False).fit(panel_of(z)).degrees_ == math.inf


def test_a_singular_covariance_names_the_assets():
    returns = normal_panel(800).log_returns
    twice = np.column_stack([returns, returns[:, 0]])
    with pytest.raises(
        DataError, match=r"covariance is singular.*found 'A and C correlate 1\.0000"
    ):
        CopulaDependence().fit(panel_of(twice))


def peg_logs(rows, *, slope, spread, level=0.0, seed=1):
    rng = np.random.default_rng(seed)
    out = np.full(rows, level)
    for t in range(1, rows):
        out[t] = level + slope * (out[t - 1] - level) + spread * rng.standard_normal()
    return out


def test_a_peg_is_found():
    logs = peg_logs(20_000, slope=0.98, spread=0.0005, level=-0.002)
    fit = PegReversion().fit(np.exp(logs), step_seconds=3600)
    assert fit.level_ == pytest.approx(-0.002, abs=0.001)
    assert math.exp(-fit.reversion_per_year_ * HOUR_YEARS) == pytest.approx(0.98, abs=0.005)
    assert fit.half_life_seconds_ == pytest.approx(3600 * math.log(2) / -math.log(0.98), rel=0.2)
    long_run = fit.report_.model_moments["spread"][0]
    assert long_run == pytest.approx(fit.report_.data_moments["spread"][0], rel=0.05)


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        (np.ones(10), "too short to calibrate a peg"),
        (np.full(100, np.nan), "holds no price"),
        (np.exp(np.arange(100) * 0.01), "no return to a level"),
        (np.ones(100), "no return to a level"),
    ],
)
def test_what_is_no_peg_is_refused(ratios, message):
    with pytest.raises(DataError, match=message):
        PegReversion().fit(ratios, step_seconds=3600)
