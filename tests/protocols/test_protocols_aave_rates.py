"""Aave v3: the kinked strategy and the accrual of a reserve."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.aave_math import PERCENT
from trimtab.protocols.aave_rates import RateStrategy, ReserveState, accrue, rates
from trimtab.protocols.aave_versions import V3_0, V3_7, VERSIONS
from trimtab.units import RAY, YEAR_SECONDS

PLAIN = RateStrategy(8_000, 100, 400, 6_000, reserve_factor_bps=1_000)
amounts = st.integers(1, 10**30)
strategies_ = st.builds(
    RateStrategy,
    st.integers(100, 9_900),
    st.integers(0, 1_000),
    st.integers(0, 2_000),
    st.integers(2_000, 50_000),
    reserve_factor_bps=st.integers(0, PERCENT),
)
states = st.builds(
    ReserveState,
    st.integers(RAY, 3 * RAY),
    st.integers(RAY, 3 * RAY),
    st.integers(0, RAY),
    st.integers(0, RAY),
    st.integers(0, 10**27),
    st.integers(0, 10**20),
    st.integers(0, PERCENT),
)


def test_at_the_kink_the_first_slope_is_whole():
    found = rates(PLAIN, 800, available_liquidity=200)
    assert found.borrow_utilization_ray == 8 * 10**26
    assert found.borrow_rate_ray == 5 * 10**25
    assert found.supply_rate_ray == 36 * 10**24


def test_full_utilization_pays_both_slopes():
    found = rates(PLAIN, 10**18, available_liquidity=0)
    assert found.borrow_rate_ray == (100 + 400 + 6_000) * 10**23


def test_without_debt_only_the_base_is_quoted():
    found = rates(PLAIN, 0, available_liquidity=10**18)
    assert (found.supply_rate_ray, found.borrow_rate_ray) == (0, 10**25)


def test_a_deficit_lowers_the_supply_rate_alone():
    sound = rates(PLAIN, 800, available_liquidity=200)
    holed = rates(PLAIN, 800, available_liquidity=200, deficit=600)
    assert holed.borrow_rate_ray == sound.borrow_rate_ray
    assert holed.supply_rate_ray == sound.supply_rate_ray * 1_000 // 1_600


@given(strategies_, amounts, st.integers(0, 10**30), amounts)
def test_more_debt_is_never_cheaper(strategy, debt, liquidity, more):
    before = rates(strategy, debt, available_liquidity=liquidity)
    after = rates(strategy, debt + more, available_liquidity=liquidity)
    # Half-up quotients may fall back by one unit of each product where the slope is flat.
    assert after.borrow_rate_ray >= before.borrow_rate_ray - 2
    assert before.supply_rate_ray <= before.borrow_rate_ray + 1


@given(strategies_)
def test_what_the_deployed_strategy_accepts(strategy):
    assert strategy.is_sound
    assert not replace(strategy, slope2_bps=strategy.slope1_bps - 1).is_sound
    assert not replace(strategy, base_bps=100_001).is_sound
    assert not replace(strategy, kink_bps=99).is_sound
    assert not replace(strategy, kink_bps=9_901).is_sound


@pytest.mark.parametrize("kink_bps", [0, 10_000])
def test_a_kink_at_an_end_is_no_strategy(kink_bps):
    with pytest.raises(AssertionError):
        replace(PLAIN, kink_bps=kink_bps)


@given(states, st.integers(0, 5 * YEAR_SECONDS), st.sampled_from(list(VERSIONS.values())))
def test_indices_and_treasury_never_fall(state, seconds, version):
    later = accrue(state, seconds, version=version)
    assert later.liquidity_index_ray >= state.liquidity_index_ray
    assert later.borrow_index_ray >= state.borrow_index_ray
    assert later.scaled_treasury >= state.scaled_treasury


@given(states, st.sampled_from(list(VERSIONS.values())))
def test_no_time_changes_nothing(state, version):
    assert accrue(state, 0, version=version) == state


def test_an_index_stands_still_without_its_reason():
    idle = ReserveState(supply_rate_ray=0, borrow_rate_ray=RAY, scaled_debt=0)
    assert accrue(idle, YEAR_SECONDS, version=V3_7) == idle


def test_a_year_at_ten_percent_by_hand():
    """Debt 1000 at 10 % for a year: factor 1.105166..., a tenth of the interest to the treasury."""
    state = ReserveState(borrow_rate_ray=RAY // 10, scaled_debt=1_000_000, reserve_factor_bps=1_000)
    later = accrue(state, YEAR_SECONDS, version=V3_7)
    assert later.borrow_index_ray == 1105166666666666666666666667
    assert later.scaled_treasury == 10_517  # of 105166 floored: percentMul 10516.6 half-up
    older = accrue(state, YEAR_SECONDS, version=V3_0)
    assert older.borrow_index_ray == 1105162042821782412575504000
    assert older.scaled_treasury == 10_516


def test_the_treasury_is_undercut_from_version_3_5():
    """Interest of 1.5 units: floored to 1 by the later rule, 2 by the difference of two debts."""
    state = ReserveState(
        borrow_rate_ray=RAY, scaled_debt=3, reserve_factor_bps=PERCENT, borrow_index_ray=RAY
    )
    half_year = YEAR_SECONDS // 2
    assert accrue(state, half_year, version=V3_7).scaled_treasury == 1
    assert accrue(state, half_year, version=V3_0).scaled_treasury == 2
