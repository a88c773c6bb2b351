"""Totals of a book under scenarios, shapes of shocked volatilities, and the bound of a total."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.margin_draws import (
    CENT,
    DAY,
    derive_book,
    derive_portfolios,
    to_floats,
)
from trimtab.kernels import (
    DeriveBook,
    OptionBook,
    OptionColumns,
    deribit_margins,
    derive_margins,
    option_prices,
)
from trimtab.kernels import deribit_margin as over_deribit
from trimtab.kernels import derive_margin as over_derive
from trimtab.kernels.derive_grid import VOL_KINDS, shocked_vols
from trimtab.kernels.scenarios import Scenarios, Valued, scenario_totals, value_bounds
from trimtab.protocols import deribit
from trimtab.protocols import derive_portfolio_shocks as exact
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import VolShock
from trimtab.units import WAD, YEAR_SECONDS
from trimtab.units.black76 import black76_value_wad

GRID = to_floats(DEPLOYED)


def book_of(count, *, seed, groups=7, fixed=0.0):
    rng = np.random.default_rng(seed)
    return OptionBook(
        amount=np.round(rng.normal(0, 2, count), 3),
        forward=rng.integers(1000, 3000, count),
        forward_fixed=fixed,
        strike=rng.integers(500, 4000, count),
        vol_annual=np.round(rng.uniform(0.1, 2.0, count), 3),
        seconds=rng.integers(0, YEAR_SECONDS, count),
        is_call=rng.random(count) < 0.5,
        is_inverse=rng.random(count) < 0.5,
        offsets=[0, *np.sort(rng.integers(0, count + 1, groups - 1)), count],
    )


def valued(book):
    vols = np.stack([book.vol_annual, book.vol_annual * 1.5, book.vol_annual * 0.0])
    return Valued(book, vols, np.full(len(book), 0.9), 0, book.groups)


def scenarios():
    return Scenarios(np.array([1.0, 0.34, 6.0, 1.045]), np.array([0, 1, 2, 0]))


@pytest.mark.parametrize("fixed", [0.0, 250.0, np.where(np.arange(1300) % 3, 0.0, 90.0)])
def test_totals_are_sums_of_option_values(fixed):
    book, points = book_of(1300, seed=1, fixed=fixed), scenarios()
    made = valued(book)
    found = scenario_totals(made, points)
    for column, (spot, kind) in enumerate(zip(points.spot, points.vol_kind, strict=True)):
        forward = book.forward * spot + book.forward_fixed
        values = option_prices(
            OptionColumns(
                forward=forward,
                strike=book.strike,
                vol_annual=made.vols[kind],
                years=book.seconds / YEAR_SECONDS,
                is_call=book.is_call,
                discount=0.9,
            )
        )
        values = book.amount * np.where(book.is_inverse, values / forward, values)
        expected = [values[a:b].sum() for a, b in zip(book.offsets, book.offsets[1:], strict=False)]
        assert (np.abs(found[:, column] - expected) <= value_bounds(made, points)).all()


def test_the_bound_of_a_total_holds_against_exact_integers():
    book, points = book_of(60, seed=2, groups=20), scenarios()
    made = valued(book)
    found, bound = scenario_totals(made, points), value_bounds(made, points)
    rows = np.repeat(np.arange(book.groups), np.diff(book.offsets))
    for column, (spot, kind) in enumerate(zip(points.spot, points.vol_kind, strict=True)):
        totals = [Fraction(0)] * book.groups
        for i in range(len(book)):
            forward = round(book.forward[i] * spot * 1000) * WAD // 1000
            value = black76_value_wad(
                forward,
                round(book.strike[i]) * WAD,
                vol_wad=round(made.vols[kind, i] * 10**4) * 10**14,
                seconds=int(book.seconds[i]),
                is_call=bool(book.is_call[i]),
                discount_wad=9 * WAD // 10,
            )
            unit = Fraction(value, forward) if book.is_inverse[i] else Fraction(value, WAD)
            totals[rows[i]] += unit * round(book.amount[i] * 1000) / 1000
        gap = [abs(Fraction(f) - t) for f, t in zip(found[:, column].tolist(), totals, strict=True)]
        assert all(g <= Fraction(b) + Fraction(1, 10**15) for g, b in zip(gap, bound, strict=True))
    assert (bound[np.diff(book.offsets) > 0] > 0).all()
    assert (bound[np.diff(book.offsets) == 0] == 0).all()


@pytest.mark.parametrize("seconds", [0, 1, DAY, 30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 400 * DAY])
def test_deribit_volatilities_are_those_of_the_twin(seconds):
    vols = np.array([0.0, 0.05, 0.6, 2.0])
    found = over_deribit.shocked_vols(vols, np.full(4, float(seconds)), grid=over_deribit.BTC_GRID)
    for row, direction in enumerate((1, 0, -1)):
        true = [
            deribit.shocked_vol_wad(
                round(vol * 100) * CENT, seconds, direction=direction, rules=deribit.BTC
            )
            for vol in vols
        ]
        np.testing.assert_allclose(found[row], np.array(true) / WAD, rtol=2e-15, atol=1e-17)


def test_deribit_scenarios_are_those_of_the_twin():
    points = over_deribit.scenarios_of(over_deribit.BTC_GRID)
    moves = [*deribit.standard_moves(deribit.BTC)]
    kinds = {1: 0, 0: 1, -1: 2}
    assert [kinds[move.vol] for move in moves] == points.vol_kind[:27].tolist()
    true = [1 + move.move_wad / WAD for move in moves]
    true += [1 + far.move_wad / WAD for far in deribit.BTC.far_moves]
    np.testing.assert_allclose(points.spot, true, rtol=1e-15)
    assert points.vol_kind[27:].tolist() == [0] * 8


def test_derive_volatilities_and_discounts_are_those_of_the_twin():
    portfolios = derive_portfolios(40, seed=9)
    book = derive_book(portfolios)
    expiries = [expiry for one in portfolios for expiry in one.expiries]
    found = shocked_vols(book.options, slice(0, len(book.options)), grid=GRID)
    by_kind = {
        shock: [
            vol
            for expiry in expiries
            for vol in (
                exact.vols_tilted(expiry, shock, rules=DEPLOYED.skew)
                if shock in (VolShock.LINEAR, VolShock.ABS)
                else exact.vols_up_or_down(
                    expiry,
                    shock,
                    factors=exact.vol_factors(expiry.seconds, DEPLOYED.vol),
                    vol_up_min_wad=DEPLOYED.vol.vol_up_min_wad,
                )
            )
        ]
        for shock in VolShock
    }
    for row, kind in enumerate(VOL_KINDS):
        true = np.array([vol / WAD for vol in by_kind[VolShock(kind)]])
        np.testing.assert_allclose(found[row], true, rtol=1e-14, atol=2e-17, err_msg=kind)
    long_scale, short_scale = over_derive.discounts(book, GRID, expiries=slice(0, len(expiries)))
    true = [exact.discounts(expiry, DEPLOYED.margin) for expiry in expiries]
    np.testing.assert_allclose(long_scale, [one.long_wad / WAD for one in true], rtol=1e-15)
    np.testing.assert_allclose(short_scale, [one.short_wad / WAD for one in true], rtol=1e-15)


def test_naked_shorts_are_those_of_the_twin(monkeypatch):
    portfolios = derive_portfolios(80, seed=10)
    book = derive_book(portfolios)
    expiries = [expiry for one in portfolios for expiry in one.expiries]
    true = np.array([exact.naked_shorts_wad(expiry.options) / WAD for expiry in expiries])
    everything = slice(0, book.options.groups)
    np.testing.assert_allclose(over_derive._naked(book, expiries=everything), true, atol=1e-14)
    monkeypatch.setattr("trimtab.kernels.derive_margin.has_numba", lambda: False)
    np.testing.assert_allclose(over_derive._naked(book, expiries=everything), true, atol=1e-14)
    assert (true > 0).sum() > 20


def options(amounts, *, strikes, calls):
    return OptionBook(
        amount=amounts,
        forward=2000.0,
        strike=strikes,
        vol_annual=0.8,
        seconds=60 * DAY,
        is_call=calls,
        offsets=[0, len(amounts)],
    )


def derive_of(book):
    return derive_margins(
        DeriveBook(options=book, expiry_offsets=[0, 1], expiry_seconds=60 * DAY, spot=2000.0), GRID
    )


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(5, 40), st.booleans()), min_size=1))
@settings(max_examples=40)
def test_order_and_scale_of_positions(held):
    amounts, strikes, calls = (np.array(column) for column in zip(*held, strict=True))
    one = options(amounts, strikes=strikes * 100, calls=calls)
    turned = options(amounts[::-1], strikes=strikes[::-1] * 100, calls=calls[::-1])
    tenfold = options(amounts * 8, strikes=strikes * 100, calls=calls)
    for margins in (deribit_margins, derive_of):
        base, other, more = margins(one), margins(turned), margins(tenfold)
        assert np.abs(base.initial - other.initial) <= base.bound + other.bound
        assert np.abs(8 * base.initial - more.initial) <= 8 * base.bound + more.bound


@given(st.integers(500, 4000), st.integers(1, 50))
@settings(max_examples=30)
def test_a_long_option_needs_at_most_its_value_on_deribit(strike, amount):
    book = options([float(amount)], strikes=float(strike), calls=True)
    value = scenario_totals(
        Valued(book, book.vol_annual[None, :], np.ones(1), 0, 1),
        Scenarios(np.array([1.0]), np.array([0])),
    )
    assert deribit_margins(book).initial[0] <= value[0, 0] + 1e-9


def test_a_spread_needs_less_than_its_short_leg():
    short = options([-1.0], strikes=2500.0, calls=True)
    spread = options([-1.0, 1.0], strikes=[2500.0, 2600.0], calls=True)
    assert deribit_margins(spread).initial[0] < 0.5 * deribit_margins(short).initial[0]
    assert derive_of(spread).maintenance[0] > derive_of(short).maintenance[0]
