"""Aave v3's arithmetic: the rounding that each name says, and the indices of both versions."""

from fractions import Fraction
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import aave_math as maths
from trimtab.protocols.aave_versions import V3_0, V3_3, V3_4, V3_7, VERSIONS
from trimtab.units import RAY, UINT256_MAX, YEAR_SECONDS

values = st.integers(0, 10**40) | st.integers(0, 20_000)
percents = st.integers(1, 30_000)
indices = st.integers(RAY, 5 * RAY)
versions = st.sampled_from(list(VERSIONS.values()))
rates = st.integers(0, 10 * RAY)
spans = st.integers(0, 10 * YEAR_SECONDS) | st.integers(0, 5)


@given(values, percents)
def test_percent_products_round_as_they_say(value, bps):
    exact = Fraction(value * bps, 10_000)
    down, up = maths.percent_mul_down(value, bps), maths.percent_mul_up(value, bps)
    assert down <= exact < down + 1
    assert up - 1 < exact <= up
    assert abs(maths.percent_mul_half_up(value, bps) - exact) <= Fraction(1, 2)


@given(values, percents)
def test_percent_quotients_round_as_they_say(value, bps):
    exact = Fraction(value * 10_000, bps)
    down, up = maths.percent_div_down(value, bps), maths.percent_div_up(value, bps)
    assert down <= exact < down + 1
    assert up - 1 < exact <= up
    assert abs(maths.percent_div_half_up(value, bps) - exact) <= Fraction(1, 2)


def test_a_tie_goes_up():
    assert maths.percent_mul_half_up(1, 5_000) == 1
    assert maths.percent_mul_half_up(1, 4_999) == 0
    assert maths.percent_div_half_up(1, 20_000) == 1


def test_the_largest_word_passes_through():
    assert maths.percent_mul_half_up(UINT256_MAX, 10_000) == UINT256_MAX
    assert maths.percent_div_up(UINT256_MAX, 10_000) == UINT256_MAX


@given(values, indices, versions)
def test_a_debt_is_never_rounded_below_what_a_supply_is(scaled, index_ray, version):
    owed = maths.owed(scaled, index_ray, version=version)
    held = maths.supplied(scaled, index_ray, version=version)
    assert 0 <= owed - held <= 1
    if not version.rounds_balances:
        assert owed == held


@given(values, indices, versions)
def test_all_of_a_balance_burns_all_of_its_scaled_balance(scaled, index_ray, version):
    """What makes a full repayment and a full withdrawal leave nothing behind."""
    debt = maths.owed(scaled, index_ray, version=version)
    assert maths.debt_taken(debt, index_ray, version=version) == scaled
    supply = maths.supplied(scaled, index_ray, version=version)
    assert maths.supply_taken(supply, index_ray, version=version) <= scaled


@given(values, indices)
def test_from_version_3_5_every_conversion_favors_the_pool(amount, index_ray):
    exact = Fraction(amount * RAY, index_ray)
    assert maths.supply_given(amount, index_ray, version=V3_7) <= exact
    assert maths.supply_taken(amount, index_ray, version=V3_7) >= exact
    assert maths.debt_given(amount, index_ray, version=V3_7) >= exact
    assert maths.debt_taken(amount, index_ray, version=V3_7) <= exact
    assert maths.supplied(amount, index_ray, version=V3_7) <= Fraction(amount * index_ray, RAY)
    assert maths.owed(amount, index_ray, version=V3_7) >= Fraction(amount * index_ray, RAY)


@given(rates, spans, versions)
def test_no_time_no_growth_and_more_time_no_less(rate_ray, seconds, version):
    assert maths.compounded_factor(rate_ray, 0, version=version) == RAY
    grown = maths.compounded_factor(rate_ray, seconds, version=version)
    assert grown >= RAY
    assert maths.compounded_factor(rate_ray, seconds + 1, version=version) >= grown


@given(rates, spans)
def test_linear_growth_is_the_floor_of_the_exact_one(rate_ray, seconds):
    exact = RAY + Fraction(rate_ray * seconds, YEAR_SECONDS)
    found = maths.linear_factor(rate_ray, seconds)
    assert found <= exact < found + 1


@given(st.integers(0, RAY // 5), st.integers(0, YEAR_SECONDS))
def test_both_series_are_near_the_exponential_and_at_most_it(rate_ray, seconds):
    true = exp(rate_ray / RAY * seconds / YEAR_SECONDS)
    for version in (V3_0, V3_4):
        found = maths.compounded_factor(rate_ray, seconds, version=version) / RAY
        assert found <= true * (1 + 1e-12)
        assert found == pytest.approx(true, rel=1e-4)


def test_the_binomial_has_its_terms_from_the_second_and_third_second():
    rate_ray = 5 * RAY
    one, two, three = (maths.compounded_factor(rate_ray, n, version=V3_0) for n in (1, 2, 3))
    per_second = rate_ray // YEAR_SECONDS
    squared = rate_ray * rate_ray // RAY // YEAR_SECONDS**2
    assert one == RAY + per_second
    assert two == RAY + 2 * rate_ray // YEAR_SECONDS + squared
    cubed = (squared * 5 + 0) // YEAR_SECONDS
    assert three == RAY + 3 * rate_ray // YEAR_SECONDS + 3 * squared + cubed


def test_eight_percent_for_seven_years_in_both_series():
    rate_ray, seconds = 8 * 10**25, 7 * YEAR_SECONDS
    later = maths.compounded_factor(rate_ray, seconds, version=V3_7)
    earlier = maths.compounded_factor(rate_ray, seconds, version=V3_3)
    assert later == 1746069333333333333333333333
    assert earlier == 1745486836363624056433536000


def test_time_does_not_go_backwards():
    with pytest.raises(AssertionError):
        maths.linear_factor(1, -1)
    with pytest.raises(AssertionError):
        maths.compounded_factor(1, -1, version=V3_7)
