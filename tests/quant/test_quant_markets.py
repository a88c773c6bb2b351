"""Estimators of markets and oracles find what their samples were made with, and say how well."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from tests.quant.market_samples import (
    flows_and_returns,
    reverting_depths,
    rounds,
    rounds_on_a_clock,
)
from trimtab.quant import (
    DepthResilience,
    DepthThinning,
    FitReport,
    FlowImpact,
    GasSlope,
    OracleCadence,
    PowerImpact,
)
from trimtab.quant.regression import least_squares
from trimtab.units import DataError

SOLD = np.geomspace(0.1, 500.0, 60)
SPREADS = np.exp(np.random.default_rng(5).normal(0.0, 0.6, 400))


def samples_of(kind, *, seed=1):
    """Arguments of a fit of each estimator, good enough to learn from."""
    noise = np.random.default_rng(seed).standard_normal(400)
    returns, sold = flows_and_returns(3000, peak=2e-5, share=0.4, recovery=5.0, seed=seed)
    return {
        PowerImpact: ((SOLD, 0.002 * np.sqrt(SOLD) * (1 + 0.01 * noise[:60])), {}),
        DepthResilience: ((reverting_depths(600, keep=0.8, seed=seed),), {"step_seconds": 2.0}),
        DepthThinning: ((50 * SPREADS**-1.2 * np.exp(0.1 * noise), SPREADS), {}),
        FlowImpact: ((returns, sold), {"step_seconds": 60.0}),
        OracleCadence: (rounds(400, heartbeat=3600, deviation=0.005, seed=seed), {}),
        GasSlope: ((40 * (1 + 0.7 * (SPREADS - 1)) + np.abs(noise), SPREADS), {}),
    }[kind]


ESTIMATORS = [
    PowerImpact,
    DepthResilience,
    DepthThinning,
    FlowImpact,
    OracleCadence,
    GasSlope,
]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_estimators_of_markets_are_estimators(kind):
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    values = {one.name: object() for one in parameters}
    assert vars(kind(**values)) == values
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters)
    taken, options = samples_of(kind)
    one, other = kind(), kind()
    assert one.fit(*taken, **options) is one
    again, same = samples_of(kind, seed=7)
    other.fit(*again, **same).fit(*taken, **options)
    first, second = vars(one), vars(other)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_their_reports_hold_finite_numbers_and_say_how_good_they_are(kind):
    taken, options = samples_of(kind)
    report = kind().fit(*taken, **options).report_
    assert isinstance(report, FitReport)
    assert report.observations >= 60
    rows = [*report.parameters.values(), *report.quality.values()]
    assert all(type(one) is float and math.isfinite(one) for row in rows for one in row)
    assert report.quality.keys() & {"r_squared", "explained_share"}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_too_few_observations_are_refused_in_a_line(kind):
    taken, options = samples_of(kind)
    few = tuple(column[:6] for column in taken)
    with pytest.raises(
        DataError, match=r"too (few|short) .*to calibrate.*found '6 .*expected"
    ) as said:
        kind().fit(*few, **options)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_a_law_of_impact_is_found(exponent):
    rng = np.random.default_rng(2)
    fallen = 0.003 * SOLD**exponent * (1 + 0.02 * rng.standard_normal(SOLD.size))
    fit = PowerImpact(exponent=exponent).fit(SOLD, fallen)
    assert fit.coefficient_ == pytest.approx(0.003, rel=0.01)
    assert abs(fit.coefficient_ - 0.003) < 4 * fit.error_
    assert fit.r_squared_ > 0.99
    wrong = PowerImpact(exponent=1.5 - exponent).fit(SOLD, fallen)
    assert wrong.r_squared_ < fit.r_squared_ - 0.05


def test_the_recovery_of_depth_is_found():
    fit = DepthResilience().fit(reverting_depths(20_000, keep=0.9), step_seconds=2.0)
    assert fit.half_life_seconds_ == pytest.approx(2 * math.log(2) / -math.log(0.9), rel=0.07)
    assert fit.recovery_seconds_ * math.log(2) == pytest.approx(fit.half_life_seconds_)
    assert fit.level_ == pytest.approx(3.0, abs=0.05)
    leaving = np.exp(1.02 ** np.arange(200))
    with pytest.raises(DataError, match="no return to a level; found 'a slope of 1"):
        DepthResilience().fit(leaving, step_seconds=1.0)


def test_thinning_is_found_within_groups_of_different_level():
    rng = np.random.default_rng(3)
    spreads = np.exp(rng.normal(0.0, 0.5, 3000))
    group = np.arange(3000) % 3
    level = np.array([1.0, 50.0, 400.0])[group]
    # The groups' levels rise with volatility: without groups the sign would be wrong.
    spreads = spreads * np.array([0.5, 1.0, 4.0])[group]
    depth = level * spreads**-0.8 * np.exp(0.3 * rng.standard_normal(3000))
    fit = DepthThinning().fit(depth, spreads, groups=group)
    assert abs(fit.exponent_ - 0.8) < 4 * fit.error_
    assert fit.error_ < 0.03
    assert fit.volatility_ref_ == pytest.approx(np.median(spreads))
    assert 0.0 < fit.depth_least_ < 0.5
    assert DepthThinning().fit(depth, spreads).exponent_ < 0.0


@pytest.mark.parametrize("root", [False, True])
def test_what_stays_of_an_impact_is_found(root):
    made = {"peak": 5e-5, "share": 0.35, "recovery": 6.0, "root": root}
    returns, sold = flows_and_returns(20_000, **made)
    fit = FlowImpact(root=root).fit(returns, sold, step_seconds=60.0)
    assert fit.coefficient_ == pytest.approx(5e-5, rel=0.03)
    assert fit.permanent_share_ == pytest.approx(0.35, abs=0.04)
    assert fit.recovery_seconds_ == pytest.approx(360.0, rel=0.15)
    assert fit.r_squared_ > fit.r_squared_now_
    assert fit.response_.size == 31


def test_a_price_that_rises_with_sales_is_no_impact():
    returns, sold = flows_and_returns(3000, peak=5e-5, share=0.3, recovery=5.0)
    with pytest.raises(DataError, match="the price does not fall with what is sold"):
        FlowImpact().fit(returns, -sold, step_seconds=60.0)
    with pytest.raises(DataError, match="there is no flow"):
        FlowImpact().fit(returns, 0 * sold, step_seconds=60.0)


def test_the_rules_of_an_oracle_are_found():
    times, prices = rounds(3000, heartbeat=3600.0, deviation=0.005)
    fit = OracleCadence().fit(times, prices)
    assert fit.heartbeat_seconds_ == 3600.0
    assert fit.deviation_ == pytest.approx(0.005, rel=0.02)
    assert fit.explained_share_ == 1.0
    early = float((np.diff(times) < 3600.0).mean())
    assert fit.early_share_ == pytest.approx(early, abs=0.05)


def test_an_oracle_that_never_spoke_early_shows_no_threshold():
    times, prices = rounds(200, heartbeat=600.0, deviation=0.5)
    fit = OracleCadence().fit(times, prices)
    assert fit.deviation_ == math.inf
    assert fit.heartbeat_seconds_ == 600.0
    with pytest.raises(DataError, match="the rounds are no rounds"):
        OracleCadence().fit(times[::-1], prices)


def test_a_heartbeat_that_is_not_started_anew_is_told():
    fit = OracleCadence().fit(*rounds_on_a_clock(1500, heartbeat=3600.0))
    quality = {name: row[0] for name, row in fit.report_.quality.items()}
    # Three in ten beats have an early round before them, and each makes one short wait.
    assert quality["carried_share"] == pytest.approx(0.3 / 1.3, abs=0.03)
    assert quality["explained_share"] + quality["carried_share"] == pytest.approx(1.0, abs=0.01)
    plain = OracleCadence().fit(*rounds(1500, heartbeat=3600.0, deviation=0.005))
    assert plain.report_.quality["carried_share"][0] == 0.0


def test_the_slope_of_gas_is_found():
    rng = np.random.default_rng(4)
    spreads = np.exp(rng.normal(0.3, 0.5, 4000))
    ref = float(np.median(spreads))
    gas = 30.0 * (1 + 0.6 * (spreads / ref - 1)) + 5.0 * rng.standard_normal(4000)
    fit = GasSlope().fit(np.maximum(gas, 0.1), spreads)
    assert abs(fit.slope_ - 0.6) < 4 * fit.error_
    assert fit.gas_level_ == pytest.approx(30.0, rel=0.02)
    assert fit.volatility_ref_ == pytest.approx(ref)
    assert 0.5 < fit.rank_correlation_ < 1.0


def test_least_squares_reports_its_own_errors():
    rng = np.random.default_rng(6)
    found = []
    for _ in range(300):
        x = rng.standard_normal(80)
        noise = np.abs(x) * rng.standard_normal(80)
        fit = least_squares(np.column_stack([np.ones(80), x]), 1 + 2 * x + noise, model="a line")
        found.append((fit.coefficients[1], fit.errors[1], fit.residual_spread))
    slopes, errors, spreads = np.array(found).T
    assert slopes.mean() == pytest.approx(2.0, abs=0.05)
    # Errors hold although the noise grows with x; the plain formula gives 0.11.
    assert errors.mean() == pytest.approx(slopes.std(), rel=0.15)
    assert spreads.mean() == pytest.approx(1.0, rel=0.05)


def test_what_cannot_be_fitted_is_refused():
    ones = np.ones((10, 1))
    with pytest.raises(DataError, match="too few observations to fit it; found '2 obs"):
        least_squares(ones[:2], np.arange(2.0), model="it")
    with pytest.raises(DataError, match="finite numbers that differ"):
        least_squares(ones, np.ones(10), model="it")
    with pytest.raises(DataError, match="the causes in it determine one another"):
        least_squares(np.hstack([ones, 2 * ones]), np.arange(10.0), model="it")
    with pytest.raises(DataError, match="depth is not above 0; found"):
        DepthResilience().fit(np.zeros(80), step_seconds=1.0)
    with pytest.raises(DataError, match="falls with what is sold"):
        PowerImpact().fit(-SOLD, SOLD)
