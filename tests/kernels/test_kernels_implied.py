"""Implied volatility: there and back, against exact values, and every way to have none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.option_draws import columns_of, drawn_options
from trimtab import kernels
from trimtab.kernels import ImpliedStatus, OptionColumns, black76_numpy, implied_vols
from trimtab.units import WAD, DataError, UsageError
from trimtab.units.black76 import black76_value_wad

S = ImpliedStatus


def asked(options):
    return {
        "forward": options.forward,
        "strike": options.strike,
        "years": options.years,
        "is_call": options.is_call,
        "discount": options.discount,
    }


def spaces(options):
    return options.discount * (options.forward + options.strike)


@pytest.mark.parametrize("seed", range(3))
def test_the_found_volatility_gives_the_price_back(seed):
    options = columns_of(drawn_options(20_000, seed=seed))
    prices = kernels.option_prices(options)
    found = implied_vols(prices, **asked(options))
    fine = found.status == S.FOUND
    assert fine.mean() > 0.7
    assert not (found.status == S.UNDECIDED).any()
    again = OptionColumns(
        **{name: column[fine] for name, column in asked(options).items()},
        vol_annual=found.vol_annual[fine],
    )
    gap = np.abs(kernels.option_prices(again) - prices[fine])
    assert (gap <= 2e-15 * spaces(again)).all()


def test_the_volatility_itself_comes_back_where_the_price_shows_it():
    options = columns_of(drawn_options(20_000, seed=5))
    found = implied_vols(kernels.option_prices(options), **asked(options))
    vega = kernels.sensitivities(options).vega
    shown = vega * options.vol_annual > 1e-3 * spaces(options)
    assert shown.sum() > 10_000
    assert (found.status[shown] == S.FOUND).all()
    np.testing.assert_allclose(found.vol_annual[shown], options.vol_annual[shown], rtol=2e-11)


@given(st.floats(-2.5, 2.5), st.integers(1, 400), st.integers(1, 1000))
@settings(max_examples=100)
def test_against_exact_prices_out_of_the_money(distance, vol_percent, days):
    strike = max(round(100 * float(np.exp(distance)), 6), 0.01)
    is_call = strike > 100
    price_wad = black76_value_wad(
        100 * WAD,
        round(strike * 10**6) * 10**12,
        vol_wad=vol_percent * 10**16,
        seconds=days * 86400,
        is_call=is_call,
    )
    found = implied_vols(
        price_wad / WAD, forward=100.0, strike=strike, years=days / 365, is_call=is_call
    )
    if price_wad == 0:
        assert found.status[0] == S.NO_TIME_VALUE
        return
    # The price is known to half a wad: relatively that is what the volatility can be known to.
    expected = vol_percent / 100
    assert found.vol_annual[0] == pytest.approx(expected, rel=1e-10 + 2 / price_wad)


def test_tiny_prices_still_have_their_volatility():
    """Values down to 1e-200 of the forward: 1 / ln b is solved for, not b."""
    options = OptionColumns(
        forward=100.0,
        strike=[300.0, 1000.0, 1e4, 1e8],
        vol_annual=[0.05, 0.1, 0.2, 0.6],
        years=[1.0, 1.0, 1.0, 1.0],
        is_call=True,
    )
    total = options.vol_annual * np.sqrt(options.years)
    d1 = np.log(options.forward / options.strike) / total + total / 2
    from scipy.special import log_ndtr

    first = np.log(options.forward) + log_ndtr(d1)
    second = np.log(options.strike) + log_ndtr(d1 - total)
    prices = np.exp(first) * -np.expm1(second - first)
    assert (prices < 1e-50).any()
    found = implied_vols(prices, **asked(options))
    np.testing.assert_allclose(found.vol_annual, options.vol_annual, rtol=1e-11)


def test_every_way_to_have_none():
    found = implied_vols(
        [10.0, 9.9, 101.0, 100.0, 5.0, 0.0, 12.0, 55.0],
        forward=100.0,
        strike=[90.0, 90.0, 90.0, 90.0, 90.0, 110.0, 90.0, 50.0],
        years=[1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0],
        is_call=[True, True, True, True, True, True, True, False],
    )
    assert found.status.tolist() == [
        S.NO_TIME_VALUE,
        S.BELOW_PAYOFF,
        S.ABOVE_MOST,
        S.ABOVE_MOST,
        S.NO_TIME,
        S.NO_TIME_VALUE,
        S.FOUND,
        S.ABOVE_MOST,
    ]
    assert np.isnan(found.vol_annual).tolist() == [
        False,
        True,
        True,
        True,
        True,
        False,
        False,
        True,
    ]
    assert found.vol_annual[[0, 5]].tolist() == [0.0, 0.0]


def test_a_lane_without_an_answer_does_not_touch_the_others():
    options = columns_of(drawn_options(2000, seed=6))
    prices = kernels.option_prices(options)
    spoiled = prices.copy()
    spoiled[::7] = options.discount[::7] * (options.forward[::7] + options.strike[::7])
    fine = np.arange(2000) % 7 != 0
    whole, part = implied_vols(prices, **asked(options)), implied_vols(spoiled, **asked(options))
    assert (part.status[~fine] == S.ABOVE_MOST).all()
    np.testing.assert_array_equal(part.vol_annual[fine], whole.vol_annual[fine])


def test_threads_and_single_options_for_many_prices():
    prices = np.linspace(0.5, 40.0, 40_000)
    one = implied_vols(prices, forward=100.0, strike=105.0, years=0.5, is_call=True)
    assert (one.status == S.FOUND).all()
    assert (np.diff(one.vol_annual) > 0).all()
    two = implied_vols(prices, forward=100.0, strike=105.0, years=0.5, is_call=True, threads=2)
    np.testing.assert_array_equal(one.vol_annual, two.vol_annual)


def test_the_numpy_twin_gives_the_same(monkeypatch):
    options = columns_of(drawn_options(2000, seed=7, discounted=False))
    options = OptionColumns(**asked(options), vol_annual=np.maximum(options.vol_annual, 0.2))
    prices = kernels.option_prices(options)
    found = implied_vols(prices, **asked(options))
    monkeypatch.setattr("trimtab.kernels.implied.has_numba", lambda: False)
    twin = implied_vols(prices, **asked(options))
    np.testing.assert_array_equal(found.status, twin.status)
    fine = found.status == S.FOUND
    again = [
        black76_numpy.prices(OptionColumns(**asked(options), vol_annual=np.nan_to_num(vols)))
        for vols in (found.vol_annual, twin.vol_annual)
    ]
    assert (np.abs(again[0] - again[1]) <= 1e-14 * spaces(options))[fine].all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_price_that_is_none_is_refused(bad):
    with pytest.raises(DataError, match=r"^prices: row 1:"):
        implied_vols([1.0, bad], forward=100.0, strike=100.0, years=1.0, is_call=True)


def test_lengths_that_differ_are_refused():
    with pytest.raises(UsageError, match="holds 2 rows"):
        implied_vols([1.0, 2.0, 3.0], forward=[1.0, 2.0], strike=1.0, years=1.0, is_call=True)
