"""Curve LLAMMA v2: the bands, swaps that conserve what is in them, and shares of a band."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.test_protocols_llamma_setting import FEE, GRID, PRICE, opened, totals
from trimtab.protocols.llamma_bands import (
    Grid,
    OracleLimit,
    dynamic_fee_wad,
    grown_rate,
    limit_oracle,
    market_price,
    scale_y0,
)
from trimtab.protocols.llamma_exchange import Market, Side, swap
from trimtab.protocols.llamma_math import exponential_wad, logarithm_wad
from trimtab.protocols.llamma_shares import (
    Deposited,
    LlammaRefusal,
    Refused,
    deposit,
    holdings,
    value_down,
    value_up,
    withdraw,
)
from trimtab.units import WAD, NumberError, exp_wad_down, ln_wad_down

prices = st.integers(PRICE // 2, PRICE * 2)
sides = st.sampled_from(list(Side))


@given(st.integers(-41 * WAD, 60 * WAD))
def test_the_exponential_is_close_to_the_true_one(x):
    true = exp_wad_down(x)
    assert abs(exponential_wad(x) - true) <= 1 + true // 10**18


@given(st.integers(1, 10**60))
def test_the_logarithm_is_close_to_the_true_one(x):
    assert abs(logarithm_wad(x) - ln_wad_down(x)) <= 1


def test_the_ends_of_both():
    assert exponential_wad(-41_446_531_673_892_822_313) == 0
    assert exponential_wad(0) == WAD
    assert logarithm_wad(0) == 0
    assert logarithm_wad(WAD) == 0
    with pytest.raises(NumberError):
        exponential_wad(135_305_999_368_893_231_589)
    with pytest.raises(AssertionError):
        logarithm_wad(-1)


@given(st.integers(-400, 400), prices)
def test_prices_of_bands_run_against_one_another(band, oracle):
    assert GRID.oracle_price_up(band) > GRID.oracle_price_up(band + 1)
    low, high = GRID.market_price_down(band, oracle), GRID.market_price_up(band, oracle)
    assert low < high


def test_a_band_too_far_down_has_no_price():
    with pytest.raises(NumberError):
        GRID.oracle_price_up(4000)


def test_the_market_price_at_the_ends_of_a_band():
    top = GRID.oracle_price_up(3)
    assert market_price(GRID, 3, x=0, y=WAD, oracle_price=PRICE) == GRID.market_price_down(3, PRICE)
    low = market_price(GRID, 3, x=0, y=WAD, oracle_price=top)
    assert abs(low - top) <= 10
    high = market_price(GRID, 3, x=WAD, y=0, oracle_price=top)
    empty = market_price(GRID, 3, x=0, y=0, oracle_price=top)
    both = market_price(GRID, 3, x=1500 * WAD, y=WAD // 2, oracle_price=top)
    assert low < both < high
    assert low < empty < high


def test_y0_is_the_collateral_at_the_top_with_the_oracle_there():
    assert scale_y0(GRID, 0, y=7 * WAD, oracle_price=PRICE, price_up=PRICE) == 7 * WAD
    assert scale_y0(GRID, 0, y=0, oracle_price=PRICE, price_up=PRICE) == 0


def test_a_fee_follows_the_distance_of_the_oracle():
    up = GRID.oracle_price_up(0)
    assert dynamic_fee_wad(GRID, PRICE, price_up=up) == 0
    near, far = (dynamic_fee_wad(GRID, PRICE * k // 100, price_up=up) for k in (110, 150))
    assert 0 < near < far < WAD // 4
    assert dynamic_fee_wad(GRID, PRICE * 80 // 100, price_up=up) > 0


def test_a_move_of_the_oracle_is_limited_and_taxed_for_two_minutes():
    free = limit_oracle(2 * PRICE, PRICE, last_fee_wad=10**17, seconds=120)
    assert free == OracleLimit(2 * PRICE, 0)
    up = limit_oracle(2 * PRICE, PRICE, last_fee_wad=0, seconds=0)
    assert up == OracleLimit(PRICE * 125 // 100, 488 * 10**15)
    down = limit_oracle(PRICE // 2, PRICE, last_fee_wad=0, seconds=60)
    assert down == OracleLimit(PRICE * 100 // 125, 244 * 10**15)
    still = limit_oracle(PRICE, PRICE, last_fee_wad=10**17, seconds=60)
    assert still == OracleLimit(PRICE, 5 * 10**16)


@given(prices, prices, st.integers(0, WAD - 1), st.integers(0, 200))
def test_a_limited_price_lies_between(price, last, fee, seconds):
    limited = limit_oracle(price, last, last_fee_wad=fee, seconds=seconds)
    assert min(price, last) <= limited.price <= max(price, last)
    assert 0 <= limited.fee_wad < WAD


def test_interest_lifts_the_grid():
    assert grown_rate(WAD, 10**9, seconds=3) == WAD + 3 * 10**9
    assert Grid(100, 2 * PRICE).oracle_price_up(7) == 2 * GRID.oracle_price_up(7)


def crowded() -> Market:
    _, market = opened(10 * WAD, first_band=1, last_band=10)
    _, market = opened(33 * WAD, first_band=4, last_band=20, market=market)
    return market


@settings(max_examples=60)
@given(sides, st.lists(st.tuples(prices, st.integers(1, 10**23)), min_size=1, max_size=5))
def test_swaps_conserve_both_assets(first, trades):
    market, side = crowded(), first
    for price, amount in trades:
        before = totals(market)
        done = swap(market, amount, side=side, oracle=OracleLimit(price, 0))
        after = totals(done.market)
        gained, lost = (0, 1) if side is Side.BUY else (1, 0)
        assert after[gained] - before[gained] == done.paid <= amount
        assert before[lost] - after[lost] == done.got
        market, side = done.market, Side.SELL if side is Side.BUY else Side.BUY


@settings(max_examples=60)
@given(prices, st.integers(1, 10**22))
def test_a_round_trip_never_pays(price, amount):
    there = swap(crowded(), amount, side=Side.BUY, oracle=OracleLimit(price, 0))
    back = swap(there.market, there.got, side=Side.SELL, oracle=OracleLimit(price, 0))
    assert back.got <= there.paid


@settings(max_examples=60)
@given(st.integers(PRICE * 2 // 3, PRICE * 3 // 2), st.integers(10**12, 10**19))
def test_an_exact_output_costs_what_the_same_input_buys(price, wanted):
    oracle = OracleLimit(price, 0)
    exact = swap(crowded(), wanted, side=Side.BUY, oracle=oracle, is_exact_out=True)
    assert exact.got == wanted
    bought = swap(crowded(), exact.paid, side=Side.BUY, oracle=oracle)
    assert bought.got <= wanted
    more = swap(crowded(), exact.paid + exact.paid // 10**6 + 10**6, side=Side.BUY, oracle=oracle)
    assert more.got >= wanted


@settings(max_examples=60)
@given(prices, st.integers(1, 10**22), st.integers(1, 10**22))
def test_more_paid_gets_no_less(price, one, other):
    small, large = sorted((one, other))
    oracle = OracleLimit(price, 0)
    got = [swap(crowded(), a, side=Side.BUY, oracle=oracle).got for a in (small, large)]
    assert got[0] <= got[1]


def test_a_swap_across_bands_empties_those_behind_it():
    low = GRID.oracle_price_up(8)
    done = swap(crowded(), 8000 * WAD, side=Side.BUY, oracle=OracleLimit(low, 0))
    assert done.last_band > done.first_band
    for band, (x, y) in done.bands.items():
        assert band == done.last_band or y == 0
        assert x > 0
    assert done.market.active_band == done.last_band


def test_a_swap_of_nothing_or_in_an_empty_market_changes_nothing():
    for market, amount in ((crowded(), 0), (Market(GRID, FEE), WAD)):
        done = swap(market, amount, side=Side.BUY, oracle=OracleLimit(PRICE, 0))
        assert (done.paid, done.got, done.market) == (0, 0, market)


def test_a_swap_stops_where_the_market_ends():
    done = swap(crowded(), 10**40, side=Side.BUY, oracle=OracleLimit(GRID.oracle_price_up(10), 0))
    assert done.got == 43 * WAD
    assert done.last_band == 20
    assert totals(done.market)[1] == 0


def test_native_units_round_against_the_trader():
    market = replace(crowded(), x_precision=10**12, y_precision=10**10)
    done = swap(market, 7, side=Side.BUY, oracle=OracleLimit(GRID.oracle_price_up(3), 0))
    before, after = totals(market), totals(done.market)
    assert done.paid * 10**12 >= after[0] - before[0]
    assert done.got * 10**10 <= before[1] - after[1]


@given(st.integers(10**4, 10**24), st.integers(1, WAD))
def test_a_withdrawal_never_gets_more_than_was_deposited(amount, fraction):
    position, market = opened(amount, first_band=2, last_band=6)
    part = withdraw(market, position, fraction_wad=fraction)
    rest = withdraw(part.market, part.position, fraction_wad=WAD)
    assert part.y + rest.y <= amount
    assert amount - (part.y + rest.y) <= 20
    assert rest.position.shares == (0,) * 5


def test_the_last_owner_leaves_the_dust_and_the_bands_empty():
    position, market = opened(WAD, first_band=2, last_band=6)
    done = withdraw(market, position, fraction_wad=WAD)
    assert totals(done.market) == (0, 0)
    assert done.y <= WAD


def test_a_market_far_from_the_oracle_does_not_trade():
    far = OracleLimit(PRICE * 17 // 10, 0)
    assert swap(crowded(), WAD, side=Side.BUY, oracle=far).got == 0


def test_shares_are_worth_what_was_put_in():
    first, market = opened(10 * WAD, first_band=1, last_band=10)
    second, market = opened(20 * WAD, first_band=1, last_band=10, market=market)
    one, two = holdings(market, first)[1], holdings(market, second)[1]
    assert abs(one - 10 * WAD) <= 10**5
    assert abs(two - 20 * WAD) <= 10**5
    assert one + two <= 30 * WAD + 20


@settings(max_examples=40)
@given(prices, st.integers(0, 10**23))
def test_slow_values_never_exceed_those_of_the_band_edges(price, pushed):
    position, market = opened(10 * WAD, first_band=1, last_band=10)
    low = GRID.oracle_price_up(6)
    market = swap(market, pushed, side=Side.BUY, oracle=OracleLimit(low, 0)).market
    down = value_down(market, position, oracle_price=price)
    up = value_up(market, position, oracle_price=price)
    x, y = holdings(market, position)
    assert down >= 0
    assert up >= 0
    assert y == 0 or up > 0
    assert x == 0 or down > 0


def test_slow_values_of_untouched_collateral_do_not_depend_on_a_high_price():
    position, market = opened(10 * WAD, first_band=1, last_band=10)
    values = {value_down(market, position, oracle_price=PRICE * k) for k in (1, 2, 5)}
    assert len(values) == 1
    assert abs(value_up(market, position, oracle_price=2 * PRICE) - 10 * WAD) < 10**5


def put(market: Market, amount: int, *, first: int, last: int):
    return deposit(market, amount, first_band=first, last_band=last)


def test_what_a_deposit_refuses():
    pushed = swap(crowded(), 99 * WAD, side=Side.BUY, oracle=OracleLimit(PRICE, 0)).market
    for refused, reason in (
        (put(crowded(), 500, first=1, last=5), LlammaRefusal.AMOUNT_TOO_LOW),
        (put(crowded(), WAD, first=1, last=51), LlammaRefusal.TOO_MANY_BANDS),
        (put(pushed, WAD, first=-5, last=5), LlammaRefusal.BELOW_CURRENT_BAND),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is reason


def test_a_deposit_above_skips_empty_bands():
    done = put(crowded(), WAD, first=-8, last=-4)
    assert isinstance(done, Deposited)
    assert done.market.active_band == -9
    assert done.market.min_band == -8


def test_a_new_share_may_not_be_nothing():
    market = Market(GRID, FEE, bands_y={3: 10**40}, shares={3: 1})
    refused = put(market, 2000, first=3, last=6)
    assert isinstance(refused, Refused)
    assert refused.reason is LlammaRefusal.AMOUNT_TOO_LOW
