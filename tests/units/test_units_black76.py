"""Black-76 keeps its stated bound, put-call parity and the Greeks' meaning."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.units.test_units_normal import PRECISION, exact_cdf, exact_pdf
from trimtab.units.black76 import black76_value_wad, black76_wad
from trimtab.units.scales import WAD, YEAR_SECONDS

prices_wad = st.integers(WAD // 100, 10**6 * WAD) | st.integers(99 * WAD, 101 * WAD)
vols_wad = st.integers(0, 5 * WAD)
times_s = st.integers(0, 3 * YEAR_SECONDS) | st.integers(0, 3600)
discounts_wad = st.integers(WAD // 2, WAD)


def exact(forward_wad, strike_wad, *, vol_wad, seconds, discount_wad):
    """The true call, its delta, gamma and vega, from decimals of 110 digits."""
    with localcontext() as context:
        context.prec = PRECISION
        f, k = Decimal(forward_wad) / WAD, Decimal(strike_wad) / WAD
        vol, root = Decimal(vol_wad) / WAD, (Decimal(seconds) / YEAR_SECONDS).sqrt()
        total = vol * root
        d1 = Fraction((f / k).ln() / total + total / 2)
        d2 = d1 - Fraction(total)
        discount = Fraction(discount_wad, WAD)
        call = discount * (Fraction(f) * exact_cdf(d1) - Fraction(k) * exact_cdf(d2))
        gamma = discount * exact_pdf(d1) / Fraction(f * total)
        vega = discount * Fraction(f) * exact_pdf(d1) * Fraction(root)
        return call, discount * exact_cdf(d1), gamma, vega


@given(prices_wad, prices_wad, vols_wad, times_s, discounts_wad)
def test_call_is_within_one_unit_of_the_true_value(forward, strike, vol, seconds, discount):
    assume(vol > 0 and seconds > 0)
    given_wad = {"vol_wad": vol, "seconds": seconds, "discount_wad": discount}
    found = black76_value_wad(forward, strike, is_call=True, **given_wad)
    assert abs(found - max(exact(forward, strike, **given_wad)[0], 0) * WAD) < 1


@given(prices_wad, prices_wad, st.integers(WAD // 100, 5 * WAD), st.integers(60, 10**8))
def test_greeks_are_within_one_unit_of_their_true_values(forward, strike, vol, seconds):
    found = black76_wad(forward, strike, vol_wad=vol, seconds=seconds, is_call=True)
    true = exact(forward, strike, vol_wad=vol, seconds=seconds, discount_wad=WAD)
    for value_wad, expected in zip(
        (found.delta_wad, found.gamma_wad, found.vega_wad), true[1:], strict=True
    ):
        assert abs(value_wad - expected * WAD) < 1 + expected * WAD / 2**100


@given(prices_wad, prices_wad, vols_wad, times_s, discounts_wad)
def test_call_less_put_is_the_discounted_forward_less_strike(forward, strike, vol, seconds, d):
    given_wad = {"vol_wad": vol, "seconds": seconds, "discount_wad": d}
    call = black76_value_wad(forward, strike, is_call=True, **given_wad)
    put = black76_value_wad(forward, strike, is_call=False, **given_wad)
    assert abs((call - put) * WAD - d * (forward - strike)) <= 2 * WAD
    greeks = black76_wad(forward, strike, is_call=True, **given_wad)
    other = black76_wad(forward, strike, is_call=False, **given_wad)
    assert abs(greeks.delta_wad - other.delta_wad - d) <= 1
    assert (greeks.gamma_wad, greeks.vega_wad) == (other.gamma_wad, other.vega_wad)


@given(prices_wad, prices_wad, vols_wad, times_s, st.booleans())
def test_value_lies_between_payoff_and_what_it_is_written_on(forward, strike, vol, s, is_call):
    value = black76_value_wad(forward, strike, vol_wad=vol, seconds=s, is_call=is_call)
    payoff = forward - strike if is_call else strike - forward
    assert max(payoff, 0) <= value + 1
    assert value <= (forward if is_call else strike) + 1


@given(prices_wad, prices_wad, vols_wad, vols_wad, times_s)
def test_more_volatility_is_never_worth_less(forward, strike, vol, other, seconds):
    low, high = sorted((vol, other))
    assert (
        black76_value_wad(forward, strike, vol_wad=low, seconds=seconds, is_call=True)
        <= black76_value_wad(forward, strike, vol_wad=high, seconds=seconds, is_call=True) + 1
    )


@given(prices_wad, prices_wad, vols_wad, times_s, st.integers(2, 1000))
def test_scaling_the_unit_scales_the_value(forward, strike, vol, seconds, scale):
    one = black76_value_wad(forward, strike, vol_wad=vol, seconds=seconds, is_call=True)
    many = black76_value_wad(
        forward * scale, strike * scale, vol_wad=vol, seconds=seconds, is_call=True
    )
    assert abs(many - one * scale) <= scale


@pytest.mark.parametrize(("vol_wad", "seconds"), [(0, 86400), (WAD, 0), (0, 0), (1, 1)])
@pytest.mark.parametrize(("forward", "delta"), [(90, 0), (110, WAD)])
def test_without_time_or_volatility_it_is_the_payoff(vol_wad, seconds, forward, delta):
    found = black76_wad(forward * WAD, 100 * WAD, vol_wad=vol_wad, seconds=seconds, is_call=True)
    assert found.value_wad == max(forward - 100, 0) * WAD
    assert found.delta_wad == delta
    assert found.gamma_wad == found.vega_wad == 0


def test_a_strike_of_zero_is_the_forward():
    found = black76_wad(7 * WAD, 0, vol_wad=WAD, seconds=1, is_call=True, discount_wad=WAD // 2)
    assert (found.value_wad, found.delta_wad, found.gamma_wad) == (7 * WAD // 2, WAD // 2, 0)
    assert black76_value_wad(7 * WAD, 0, vol_wad=WAD, seconds=1, is_call=False) == 0


def test_at_the_strike_without_volatility_delta_is_one_half():
    assert black76_wad(WAD, WAD, vol_wad=0, seconds=9, is_call=True).delta_wad == WAD // 2


@pytest.mark.parametrize(
    "wrong", [{"vol_wad": -1}, {"seconds": -1}, {"discount_wad": -1}], ids=lambda w: next(iter(w))
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(AssertionError):
        black76_value_wad(WAD, WAD, **{"vol_wad": WAD, "seconds": 1, "is_call": True, **wrong})


def test_a_forward_of_zero_is_refused():
    with pytest.raises(AssertionError):
        black76_value_wad(0, WAD, vol_wad=WAD, seconds=1, is_call=True)
