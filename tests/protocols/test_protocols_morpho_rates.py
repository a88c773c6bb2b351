"""Morpho's interest series and its adaptive curve."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import morpho_rates as curve
from trimtab.protocols.morpho_rates import adaptive_curve_rate, exponential_wad
from trimtab.units import WAD, YEAR_SECONDS

START = 4 * 10**16 // YEAR_SECONDS
usages = st.integers(0, 1_000)
spans = st.integers(0, 10 * YEAR_SECONDS)
targets = st.integers(curve.RATE_AT_TARGET_WAD_MIN, curve.RATE_AT_TARGET_WAD_MAX)


def rate(per_mille, *, rate_at_target_wad=START, seconds=0):
    return adaptive_curve_rate(
        per_mille, 1_000, rate_at_target_wad=rate_at_target_wad, seconds=seconds
    )


@given(st.integers(0, 10**11), st.integers(0, 10**7))
def test_growth_is_at_most_the_exponential(rate_wad, seconds):
    found = curve.compounded_growth_wad(rate_wad, seconds) / WAD
    true = exp(rate_wad * seconds / WAD) - 1
    assert found <= true * (1 + 1e-9) + 1e-15
    if true < 0.1:
        assert found == pytest.approx(true, rel=1e-4, abs=1e-15)


def test_the_curve_at_its_three_corners():
    assert rate(900).average_rate_wad == START
    assert rate(1_000).average_rate_wad == 4 * START
    assert rate(0).average_rate_wad == START // 4


def test_an_empty_market_is_unused():
    found = adaptive_curve_rate(0, 0, rate_at_target_wad=START, seconds=0)
    assert found.average_rate_wad == START // 4


def test_the_first_interaction_starts_at_four_percent():
    found = rate(950, rate_at_target_wad=0, seconds=10**9)
    assert found.rate_at_target_wad == curve.INITIAL_RATE_AT_TARGET_WAD == START
    assert found.average_rate_wad > START


def test_at_the_target_nothing_moves():
    assert rate(900, seconds=YEAR_SECONDS).rate_at_target_wad == START


@given(usages, spans, targets)
def test_rates_stay_within_their_bounds(per_mille, seconds, target):
    found = rate(per_mille, rate_at_target_wad=target, seconds=seconds)
    least, most = curve.RATE_AT_TARGET_WAD_MIN, curve.RATE_AT_TARGET_WAD_MAX
    assert least <= found.rate_at_target_wad <= most
    assert least // 4 <= found.average_rate_wad <= 4 * most
    if per_mille > 900:
        assert found.rate_at_target_wad >= target
    if per_mille < 900:
        assert found.rate_at_target_wad <= target


@given(usages, usages, spans)
def test_more_use_is_never_cheaper(one, other, seconds):
    low, high = sorted((one, other))
    cheap, dear = rate(low, seconds=seconds), rate(high, seconds=seconds)
    # The exponential is approximate: two series meet at half powers of two with a small step.
    assert dear.average_rate_wad >= cheap.average_rate_wad * 98 // 100


def test_after_five_days_full_use_doubles_the_rate():
    """50 a year for 5 days is a factor of e**0.685 = 1.98."""
    found = rate(1_000, seconds=5 * 86_400)
    assert found.rate_at_target_wad / START == pytest.approx(1.98, rel=0.03)


@given(st.integers(-40 * WAD, 90 * WAD))
def test_the_exponential_is_near_the_true_one(x_wad):
    found = exponential_wad(x_wad)
    true = exp(x_wad / WAD)
    assert found / WAD == pytest.approx(true, rel=0.012, abs=1e-17)


def test_the_exponential_at_its_ends():
    assert exponential_wad(0) == WAD
    assert exponential_wad(-41446531673892822313) == 0
    assert exponential_wad(93859467695000404319) == exponential_wad(10**30)
    # One power of two and no rest.
    assert exponential_wad(693147180559945309) == 2 * WAD
    assert exponential_wad(-693147180559945309) == WAD // 2
