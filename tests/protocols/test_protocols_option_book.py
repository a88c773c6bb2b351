"""The neutral option book: values and sensitivities against differences, by hand, properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.option_cases import CENT, DAY, SPOT, books, option
from trimtab.protocols import option_book
from trimtab.protocols.option_book import OptionBook, alone, greeks, leg_names, shifted
from trimtab.units import WAD


def test_a_book_is_worth_cash_coin_and_options_but_not_its_perpetual():
    book = OptionBook(SPOT, base_wad=WAD, perp_wad=5 * WAD, cash_wad=-1000 * WAD)
    assert option_book.value_wad(book) == 59_000 * WAD
    dead = replace(option(strike=50_000, amount=2), seconds=0)
    # Expired 10,500 in the money on a forward of 60,500.
    assert option_book.value_wad(replace(book, options=(dead,))) == (59_000 + 21_000) * WAD


def test_profit_takes_in_the_perpetual():
    book = OptionBook(SPOT, base_wad=WAD, perp_wad=-2 * WAD)
    moved = shifted(book, price_wad=WAD // 10)
    assert option_book.profit_wad(book, moved) == -6000 * WAD


def test_a_shift_moves_spot_forwards_and_volatilities():
    book = OptionBook(SPOT, (option(),))
    moved = shifted(book, price_wad=-WAD // 10, vol_wad=5 * CENT, vol_factor_wad=2 * WAD)
    (leg,) = moved.options
    assert (moved.spot_wad, leg.forward_wad) == (54_000 * WAD, 54_450 * WAD)
    assert leg.vol_wad == 2 * book.options[0].vol_wad + 5 * CENT
    assert shifted(book, vol_wad=-9 * WAD).options[0].vol_wad == 0


def test_parts_stand_in_the_order_of_their_names():
    book = OptionBook(SPOT, (option(), option(strike=70_000)), WAD, -WAD, 7)
    assert leg_names(book) == ("underlying", "perpetual", "C60000-30", "C70000-30")
    parts = alone(book)
    assert [(p.base_wad, p.perp_wad, len(p.options)) for p in parts] == [
        (WAD, 0, 0),
        (0, -WAD, 0),
        (0, 0, 1),
        (0, 0, 1),
    ]
    assert all(part.cash_wad == 0 for part in parts)


def test_an_option_may_not_stand_twice():
    with pytest.raises(AssertionError):
        OptionBook(SPOT, (option(), option()))


@settings(max_examples=25, deadline=None)
@given(books)
def test_greeks_are_slopes_of_the_value(book):
    found, step = greeks(book), WAD // 10_000
    up, down = (shifted(book, price_wad=sign * step) for sign in (1, -1))
    gains = option_book.profit_wad(book, up), option_book.profit_wad(book, down)
    slope = (gains[0] - gains[1]) * WAD // (up.spot_wad - down.spot_wad)
    assert abs(slope - found.delta_wad) < 2 * 10**15
    bend = (gains[0] + gains[1]) * WAD * WAD // ((up.spot_wad - down.spot_wad) // 2) ** 2
    assert abs(bend - found.gamma_wad) < abs(found.gamma_wad) // 20 + 10**12
    bump = 10**14
    wild, calm = (shifted(book, vol_wad=sign * bump) for sign in (1, -1))
    vega = option_book.profit_wad(calm, wild) * WAD // (2 * bump)
    assert abs(vega - found.vega_wad) < abs(found.vega_wad) // 100 + 2 * WAD


def test_a_forward_above_spot_moves_by_more_than_spot():
    far = replace(option(strike=72_000, amount=1), forward_wad=72_000 * WAD)
    near = replace(option(strike=72_000, amount=1), forward_wad=72_000 * WAD)
    on_spot = greeks(OptionBook(72_000 * WAD, (near,)))
    found = greeks(OptionBook(SPOT, (far,)))
    # F / S is 1.2: delta by as much, gamma by its square, vega not at all.
    assert abs(found.delta_wad - on_spot.delta_wad * 12 // 10) <= 2
    assert abs(found.gamma_wad - on_spot.gamma_wad * 144 // 100) <= 2
    assert found.vega_wad == on_spot.vega_wad


@settings(max_examples=15, deadline=None)
@given(books)
def test_no_shift_changes_nothing_and_the_surface_agrees(book):
    assert shifted(book) == book
    ((still,), (wild,)) = option_book.surface_wad(book, [0], vol_factors_wad=[WAD, 2 * WAD])
    assert still == 0
    assert wild == option_book.profit_wad(book, shifted(book, vol_factor_wad=2 * WAD))


@given(st.integers(1, 90))
def test_a_coin_and_a_short_perpetual_gain_nothing(percent):
    book = OptionBook(SPOT, base_wad=WAD, perp_wad=-WAD)
    moved = shifted(book, price_wad=-percent * CENT)
    assert option_book.profit_wad(book, moved) == 0
    assert greeks(book).delta_wad == 0


def test_days_are_seconds():
    assert option(days=30).seconds == 30 * DAY
