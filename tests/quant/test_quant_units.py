"""Units do not matter: what is learnt in other units is the same thing in other numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quant.market_samples import flows_and_returns, reverting_depths, rounds
from trimtab.quant import (
    BlockMaxima,
    DepthResilience,
    DepthThinning,
    FlowImpact,
    GasSlope,
    OracleCadence,
    ParetoTail,
    PowerImpact,
)

MILLI = 1000.0
RNG = np.random.default_rng(8)
SPREADS = np.exp(RNG.normal(0.0, 0.5, 500))
NOISE = np.exp(0.2 * RNG.standard_normal(500))


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_an_impact_in_thousandths_of_a_unit(exponent):
    sold = np.geomspace(0.1, 50.0, 40)
    fallen = 0.01 * sold**0.7
    whole = PowerImpact(exponent=exponent).fit(sold, fallen)
    small = PowerImpact(exponent=exponent).fit(MILLI * sold, fallen)
    assert small.coefficient_ == pytest.approx(whole.coefficient_ / MILLI**exponent)
    assert small.r_squared_ == pytest.approx(whole.r_squared_)
    last = {name: row[0] for name, row in whole.report_.model_moments.items()}
    assert last["discount_last"] == pytest.approx(whole.coefficient_ * 50.0**exponent)


@pytest.mark.parametrize("root", [False, True])
def test_a_flow_in_thousandths_of_a_unit_and_minutes_as_seconds(root):
    returns, sold = flows_and_returns(3000, peak=5e-5, share=0.4, recovery=5.0, root=root)
    whole = FlowImpact(root=root).fit(returns, sold, step_seconds=60.0)
    small = FlowImpact(root=root).fit(returns, MILLI * sold, step_seconds=1.0)
    factor = MILLI**0.5 if root else MILLI
    assert small.coefficient_ == pytest.approx(whole.coefficient_ / factor)
    assert small.permanent_share_ == pytest.approx(whole.permanent_share_)
    assert small.recovery_seconds_ == pytest.approx(whole.recovery_seconds_ / 60.0)
    assert small.r_squared_ == pytest.approx(whole.r_squared_)


def test_depth_in_other_units_recovers_and_thins_alike():
    depths = reverting_depths(800, keep=0.8)
    one = DepthResilience().fit(depths, step_seconds=2.0)
    other = DepthResilience().fit(MILLI * depths, step_seconds=2.0)
    assert other.half_life_seconds_ == pytest.approx(one.half_life_seconds_)
    assert other.level_ - one.level_ == pytest.approx(np.log(MILLI))
    thin = DepthThinning().fit(SPREADS**-0.6 * NOISE, SPREADS)
    again = DepthThinning().fit(MILLI * SPREADS**-0.6 * NOISE, 5.0 * SPREADS)
    assert again.exponent_ == pytest.approx(thin.exponent_)
    assert again.volatility_ref_ == pytest.approx(5.0 * thin.volatility_ref_)
    assert again.depth_least_ == pytest.approx(thin.depth_least_)


def test_gas_in_wei_has_the_slope_that_it_has_in_gwei():
    gas = 30.0 * (1.0 + 0.5 * (SPREADS - 1.0)) * NOISE
    gwei = GasSlope().fit(gas, SPREADS)
    wei = GasSlope().fit(1e9 * gas, 2.0 * SPREADS)
    assert wei.slope_ == pytest.approx(gwei.slope_)
    assert wei.gas_level_ == pytest.approx(1e9 * gwei.gas_level_)
    assert wei.rank_correlation_ == gwei.rank_correlation_
    assert wei.r_squared_ == pytest.approx(gwei.r_squared_)


def test_a_feed_in_cents_that_starts_later_obeys_the_same_rules():
    times, prices = rounds(600, heartbeat=3600.0, deviation=0.005)
    one = OracleCadence().fit(times, prices)
    other = OracleCadence().fit(times + 1.7e9, 100.0 * prices)
    assert other.heartbeat_seconds_ == one.heartbeat_seconds_
    assert other.deviation_ == pytest.approx(one.deviation_, rel=1e-9)
    assert other.explained_share_ == pytest.approx(one.explained_share_, abs=0.01)


@pytest.mark.parametrize("estimator", [ParetoTail, BlockMaxima])
def test_moves_in_per_cent_have_the_tail_of_fractions(estimator):
    moves = np.abs(np.random.default_rng(9).standard_t(4.0, 4000)) * 0.01
    fraction, percent = estimator().fit(moves), estimator().fit(100.0 * moves)
    assert percent.quantile(0.01) == pytest.approx(100.0 * fraction.quantile(0.01), rel=1e-3)
    assert percent.shape_ == pytest.approx(fraction.shape_, abs=1e-3)
    assert percent.report_.observations == fraction.report_.observations
