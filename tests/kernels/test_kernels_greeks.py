"""Option values and Greeks against the exact Black-76, the NumPy twin, and what they must mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.option_draws import columns_of, drawn_options, taken
from trimtab import kernels
from trimtab.kernels import OptionColumns, backends, black76_numpy
from trimtab.units import WAD, YEAR_SECONDS, UsageError
from trimtab.units.black76 import black76_wad

NAMES = ("value", "delta", "gamma", "vega", "theta")


def exact(drawn):
    """Value, delta, gamma and vega of each row by exact integers."""
    rows = zip(*(drawn[name] for name in drawn), strict=True)
    found = [
        black76_wad(
            round(float(forward) * 10**6) * 10**12,
            round(float(strike) * 10**6) * 10**12,
            vol_wad=round(float(vol) * 10**6) * 10**12,
            seconds=int(seconds),
            is_call=bool(is_call),
            discount_wad=round(float(discount) * 10**6) * 10**12,
        )
        for forward, strike, vol, seconds, is_call, discount in rows
    ]
    return {
        "value": np.array([f.value_wad / WAD for f in found]),
        "delta": np.array([f.delta_wad / WAD for f in found]),
        "gamma": np.array([f.gamma_wad / WAD for f in found]),
        "vega": np.array([f.vega_wad / WAD for f in found]),
    }


def spaces(options):
    return options.discount * (options.forward + options.strike)


@pytest.mark.parametrize("seed", range(4))
def test_values_and_greeks_against_exact_integers(seed):
    drawn = drawn_options(500, seed=seed)
    options, true = columns_of(drawn), exact(drawn)
    found = kernels.greeks(options)
    wad_steps = 3.0 / WAD
    assert (np.abs(found.value - true["value"]) <= 1e-14 * spaces(options) + wad_steps).all()
    total_vol = options.vol_annual * np.sqrt(options.years)
    steady = total_vol > 1e-3
    assert steady.sum() > 300
    assert np.abs(found.delta - true["delta"])[steady].max() < 1e-12
    for name in ("gamma", "vega"):
        gap = np.abs(getattr(found, name) - true[name])
        assert (gap <= 1e-12 * true[name] + wad_steps)[steady].all()


@given(
    st.floats(1e-3, 1e6),
    st.floats(-3, 3),
    st.floats(0.01, 5),
    st.integers(1, 3 * YEAR_SECONDS),
    st.booleans(),
)
@settings(max_examples=200)
def test_one_option_against_exact_integers(forward, distance, vol, seconds, is_call):
    drawn = {
        "forward": np.array([round(forward, 6)]),
        "strike": np.array([max(round(forward * np.exp(distance), 6), 1e-6)]),
        "vol_annual": np.array([round(vol, 6)]),
        "seconds": np.array([seconds]),
        "is_call": np.array([is_call]),
        "discount": np.array([1.0]),
    }
    options = columns_of(drawn)
    gap = np.abs(kernels.option_prices(options) - exact(drawn)["value"])
    assert (gap <= 1e-14 * spaces(options) + 3.0 / WAD).all()


def test_the_numpy_twin_gives_the_same():
    options = columns_of(drawn_options(20_000, seed=9))
    found = kernels.greeks(options)
    values = black76_numpy.prices(options)
    steady = options.vol_annual * np.sqrt(options.years) > 1e-3
    assert (np.abs(found.value - values) <= 2e-14 * spaces(options)).all()
    for name, twin in zip(NAMES[1:4], black76_numpy.sensitivities(options), strict=True):
        gap = np.abs(getattr(found, name) - twin)[steady]
        assert (gap <= 1e-11 * np.abs(twin[steady]) + 1e-12).all(), name
    theta = black76_numpy.thetas(options, values)
    gap = np.abs(found.theta - theta)[steady]
    size = np.abs(theta) + spaces(options) * np.abs(np.log(options.discount)) / options.years
    assert (gap <= 1e-11 * size[steady]).all()


def test_faces_agree_to_the_last_digits():
    """Not to the last bit: which product fuses with which sum is the compiler's choice."""
    options = columns_of(drawn_options(10_000, seed=4))
    whole, moves = kernels.greeks(options), kernels.sensitivities(options)
    gap = np.abs(kernels.option_prices(options) - whole.value)
    assert (gap <= 1e-15 * spaces(options)).all()
    for name in ("delta", "gamma", "vega"):
        np.testing.assert_allclose(getattr(moves, name), getattr(whole, name), rtol=1e-12)


@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 12), slice(1, 1000, 3), slice(0, 0)])
def test_a_row_does_not_depend_on_its_neighbors(rows):
    options = columns_of(drawn_options(1000, seed=5))
    whole, part = kernels.greeks(options), kernels.greeks(taken(options, rows))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows])


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads):
    options = columns_of(drawn_options(150_001, seed=6))
    one, many = kernels.greeks(options), kernels.greeks(options, threads=threads)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_a_senseless_number_of_threads_is_refused(threads):
    with pytest.raises(UsageError, match="expected 1 to 256"):
        kernels.greeks(columns_of(drawn_options(3, seed=1)), threads=threads)


def test_put_call_parity_and_signs():
    drawn = drawn_options(5000, seed=7)
    calls = kernels.greeks(columns_of(drawn | {"is_call": np.ones(5000, bool)}))
    puts = kernels.greeks(columns_of(drawn | {"is_call": np.zeros(5000, bool)}))
    options = columns_of(drawn)
    parity = options.discount * (options.forward - options.strike)
    assert (np.abs(calls.value - puts.value - parity) <= 2e-14 * spaces(options)).all()
    assert np.abs(calls.delta - puts.delta - options.discount).max() < 1e-15
    np.testing.assert_array_equal(calls.gamma, puts.gamma)
    np.testing.assert_array_equal(calls.vega, puts.vega)
    assert (calls.delta >= 0).all()
    assert (puts.delta <= 0).all()


@pytest.mark.parametrize(
    ("name", "moved", "step"), [("delta", "forward", 1e-5), ("vega", "vol_annual", 1e-5)]
)
def test_a_greek_is_the_slope_of_the_value(name, moved, step):
    drawn = drawn_options(2000, seed=8)
    drawn = drawn | {"seconds": np.maximum(drawn["seconds"], 86400 * 30)}
    ups = kernels.greeks(columns_of(drawn | {moved: drawn[moved] * (1 + step)}))
    downs = kernels.greeks(columns_of(drawn | {moved: drawn[moved] * (1 - step)}))
    slope = (ups.value - downs.value) / (2 * step * drawn[moved])
    options = columns_of(drawn)
    scale = {"delta": 1.0, "vega": options.forward}[name]
    gap = np.abs(slope - getattr(kernels.greeks(options), name)) / scale
    assert np.quantile(gap, 0.99) < 1e-4


def test_theta_is_the_slope_as_a_day_passes_at_the_rate_of_the_discount():
    rate, day = 0.05, 86400
    seconds = np.array([200 * day] * 2)
    drawn = {
        "forward": np.array([100.0, 100.0]),
        "strike": np.array([90.0, 120.0]),
        "vol_annual": np.array([0.6, 0.6]),
        "is_call": np.array([True, False]),
    }

    def at(passed):
        years = (seconds - passed) / YEAR_SECONDS
        return OptionColumns(**drawn, years=years, discount=np.exp(-rate * years))

    value = [kernels.option_prices(at(passed)) for passed in (-60, 60)]
    slope = (value[1] - value[0]) / (120 / YEAR_SECONDS)
    np.testing.assert_allclose(kernels.greeks(at(0)).theta, slope, rtol=1e-6)


def test_at_expiry_the_payoff_and_half_a_delta_at_the_strike():
    found = kernels.greeks(
        OptionColumns(
            forward=100.0,
            strike=[90.0, 100.0, 110.0, 90.0, 100.0, 110.0],
            vol_annual=0.8,
            years=0.0,
            is_call=[True, True, True, False, False, False],
        )
    )
    assert found.value == pytest.approx([10.0, 0.0, 0.0, 0.0, 0.0, 10.0], abs=1e-13)
    assert found.delta == pytest.approx([1.0, 0.5, 0.0, 0.0, -0.5, -1.0], abs=1e-15)
    assert found.gamma.tolist() == found.vega.tolist() == found.theta.tolist() == [0.0] * 6


def test_a_strike_of_zero_is_the_forward():
    options = OptionColumns(
        forward=7.0, strike=0.0, vol_annual=[0.0, 0.5, 20.0], years=1.0, is_call=True
    )
    assert kernels.option_prices(options).tolist() == [7.0] * 3
    assert kernels.sensitivities(options).delta.tolist() == [1.0] * 3
    np.testing.assert_array_equal(black76_numpy.prices(options), [7.0] * 3)


def test_huge_and_tiny_numbers_stay_finite():
    options = OptionColumns(
        forward=[1e-100, 1e100, 1e100, 1e-100],
        strike=[1e-100, 1e100, 1e-100, 1e100],
        vol_annual=[1e4, 1e-9, 1.0, 1e4],
        years=[1e4, 1e-9, 1.0, 1e4],
        is_call=True,
    )
    found = kernels.greeks(options)
    for name in NAMES:
        assert np.isfinite(getattr(found, name)).all(), name


def test_without_a_compiler_the_twin_answers(monkeypatch):
    options = columns_of(drawn_options(500, seed=10))
    compiled = kernels.greeks(options)
    monkeypatch.setattr("trimtab.kernels.option_values.has_numba", lambda: False)
    twin = kernels.greeks(options)
    assert backends.has_numba()
    assert (np.abs(compiled.value - twin.value) <= 2e-14 * spaces(options)).all()
    np.testing.assert_array_equal(kernels.option_prices(options), twin.value)
    np.testing.assert_array_equal(kernels.sensitivities(options).vega, twin.vega)
