"""What must hold of any option values: bounds, order and scale, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.option_draws import columns_of, drawn_options
from trimtab import kernels
from trimtab.kernels import OptionColumns

forwards = st.floats(1e-3, 1e5)
distances = st.floats(-2, 2)
vols = st.floats(0.01, 4)
times = st.floats(1e-3, 5)


def prices_of(**columns):
    return kernels.option_prices(OptionColumns(**columns))


def test_a_value_lies_between_the_payoff_and_its_most():
    options = columns_of(drawn_options(50_000, seed=1))
    found = kernels.option_prices(options)
    gap = np.where(options.is_call, 1, -1) * (options.forward - options.strike)
    least = options.discount * np.maximum(gap, 0.0)
    most = options.discount * np.where(options.is_call, options.forward, options.strike)
    slack = 1e-14 * options.discount * (options.forward + options.strike)
    assert (found >= least - slack).all()
    assert (found <= most + slack).all()


def test_greeks_have_their_signs_and_bounds():
    options = columns_of(drawn_options(50_000, seed=2))
    found = kernels.greeks(options)
    assert (np.abs(found.delta) <= options.discount * (1 + 1e-15)).all()
    assert (np.sign(found.delta) * np.where(options.is_call, 1, -1) >= 0).all()
    assert (found.gamma >= 0).all()
    assert (found.vega >= 0).all()


@given(forwards, vols, times, st.booleans())
@settings(max_examples=100)
def test_values_are_monotone_and_convex_in_the_strike(forward, vol, years, is_call):
    strikes = forward * np.linspace(0.2, 3.0, 60)
    found = prices_of(forward=forward, strike=strikes, vol_annual=vol, years=years, is_call=is_call)
    slack = 1e-13 * forward
    steps = np.diff(found)
    assert (steps <= slack).all() if is_call else (steps >= -slack).all()
    assert (np.diff(steps) >= -2 * slack).all()
    # A spread of two strikes is never worth more than the strikes are apart.
    assert (np.abs(steps) <= np.diff(strikes) + slack).all()


@given(forwards, distances, times, st.booleans())
@settings(max_examples=100)
def test_values_rise_with_volatility_and_with_time(forward, distance, years, is_call):
    fixed = {"forward": forward, "strike": forward * np.exp(distance), "is_call": is_call}
    slack = 1e-13 * forward * (1 + np.exp(distance))
    rising = np.linspace(0.0, 4.0, 50)
    assert (np.diff(prices_of(**fixed, vol_annual=rising, years=years)) >= -slack).all()
    assert (np.diff(prices_of(**fixed, vol_annual=0.7, years=rising)) >= -slack).all()


@given(forwards, distances, vols, times, st.integers(-60, 60))
@settings(max_examples=100)
def test_scaling_by_a_power_of_two_scales_every_bit(forward, distance, vol, years, power):
    strike, scale = forward * np.exp(distance), 2.0**power
    columns = {"vol_annual": vol, "years": years, "is_call": [True, False]}
    one = kernels.greeks(OptionColumns(forward=forward, strike=strike, **columns))
    far = kernels.greeks(OptionColumns(forward=forward * scale, strike=strike * scale, **columns))
    np.testing.assert_array_equal(far.value, one.value * scale)
    np.testing.assert_array_equal(far.delta, one.delta)
    np.testing.assert_allclose(far.gamma * scale, one.gamma, rtol=1e-15)
    np.testing.assert_allclose(far.vega, one.vega * scale, rtol=1e-15)


@given(forwards, distances, vols, times)
@settings(max_examples=100)
def test_a_call_is_a_put_with_forward_and_strike_exchanged(forward, distance, vol, years):
    strike = forward * np.exp(distance)
    columns = {"vol_annual": vol, "years": years}
    call = prices_of(forward=forward, strike=strike, is_call=True, **columns)
    put = prices_of(forward=strike, strike=forward, is_call=False, **columns)
    np.testing.assert_allclose(call, put, atol=1e-14 * (forward + strike), rtol=0)


def test_only_volatility_times_root_time_counts():
    drawn = drawn_options(5000, seed=3)
    longer = drawn | {"seconds": drawn["seconds"] * 4, "vol_annual": drawn["vol_annual"] / 2}
    one, other = (kernels.option_prices(columns_of(one)) for one in (drawn, longer))
    np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)


def test_the_discount_scales_all_but_theta():
    drawn = drawn_options(5000, seed=4, discounted=False)
    halved = kernels.greeks(columns_of(drawn | {"discount": np.full(5000, 0.5)}))
    whole = kernels.greeks(columns_of(drawn))
    for name in ("value", "delta", "gamma", "vega"):
        np.testing.assert_array_equal(2 * getattr(halved, name), getattr(whole, name))


def test_without_a_discount_theta_is_minus_half_gamma_times_variance():
    options = columns_of(drawn_options(5000, seed=5, discounted=False))
    found = kernels.greeks(options)
    variance = (options.forward * options.vol_annual) ** 2
    np.testing.assert_allclose(found.theta, -0.5 * found.gamma * variance, rtol=1e-12)


def test_vega_is_gamma_times_forward_squared_times_total_variance():
    options = columns_of(drawn_options(5000, seed=6))
    found = kernels.sensitivities(options)
    other = found.gamma * options.forward**2 * options.vol_annual * options.years
    np.testing.assert_allclose(found.vega, other, rtol=1e-12)


@pytest.mark.parametrize("vol", [1e-9, 1e-6, 1e-4])
def test_a_step_of_volatility_from_the_payoff_is_smooth(vol):
    """v far below 1: the value at the strike is D F v / sqrt(2 pi) to all digits that are left."""
    found = prices_of(forward=64.0, strike=64.0, vol_annual=vol, years=1.0, is_call=[True, False])
    np.testing.assert_allclose(found, 64.0 * vol / np.sqrt(2 * np.pi), atol=64 * 5e-16, rtol=1e-9)
