"""Curve LLAMMA v2: what holds for a loan whatever the market does to it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.protocols.test_protocols_llamma_setting import FEE, GRID, PRICE, opened, totals
from trimtab.protocols.llamma import HardLiquidation, Loan, health, liquidate
from trimtab.protocols.llamma_bands import Grid, OracleLimit, curve, market_price
from trimtab.protocols.llamma_exchange import Market, Side, swap
from trimtab.protocols.llamma_shares import holdings, value_down, withdraw
from trimtab.units import WAD

DISCOUNT = 6 * 10**16

amounts = st.integers(10**12, 10**22)
prices = st.integers(PRICE // 2, PRICE * 3 // 2)
widths = st.integers(4, 20)


def moved(market: Market, price: int, *, amount: int = 10**30) -> Market:
    """The market after arbitrage brought it as far towards the oracle as one side pays for."""
    oracle = OracleLimit(price, 0)
    band = market.active_band
    x, y = market.held(band)
    is_cheap = market_price(market.grid, band, x=x, y=y, oracle_price=price) < price
    side = Side.BUY if is_cheap else Side.SELL
    spent = swap(market, 1, side=side, oracle=oracle)
    return swap(spent.market, amount, side=side, oracle=oracle).market


@given(st.integers(2, 500), st.integers(10**15, 10**24), st.integers(10**15, 10**24), prices)
def test_the_price_in_a_band_lies_between_its_ends(amplification, x, y, oracle):
    grid = Grid(amplification, PRICE)
    low, high = grid.market_price_down(0, oracle), grid.market_price_up(0, oracle)
    found = market_price(grid, 0, x=x, y=y, oracle_price=oracle)
    slack = 10**12 + high // 10**6
    assert low - slack <= found <= high + slack


@given(st.integers(10**9, 10**24), st.integers(10**9, 10**24), prices)
def test_the_invariant_is_at_least_the_product(x, y, oracle):
    shape = curve(GRID, x, y=y, oracle_price=oracle, price_up=GRID.oracle_price_up(0))
    assert shape.invariant == (shape.f + x) * (shape.g + y)
    assert shape.f > 0
    assert shape.g > 0
    # With no collateral left x has its largest value, and it is more than there is now.
    assert shape.invariant // shape.g >= shape.f + x


@settings(max_examples=40)
@given(amounts, widths, prices)
def test_health_falls_with_debt(amount, width, price):
    position, market = opened(amount, first_band=1, last_band=width)
    worth = value_down(market, position, oracle_price=price)
    assume(worth > 10**6)
    healths = [
        health(Loan(position, debt, DISCOUNT), market, oracle_price=price).health_wad
        for debt in (worth // 2, worth, 2 * worth)
    ]
    assert healths == sorted(healths, reverse=True)
    assert healths[0] > 0 > healths[2]


@settings(max_examples=40)
@given(amounts, prices, st.integers(1, WAD))
def test_a_hard_liquidation_sums_to_the_bands_and_the_debt(amount, price, fraction):
    position, market = opened(amount, first_band=1, last_band=8)
    market = moved(market, price)
    worth = value_down(market, position, oracle_price=price)
    assume(worth > 10**6)
    loan = Loan(position, 2 * worth, DISCOUNT)
    before = totals(market)
    done = liquidate(loan, market, oracle_price=price, fraction_wad=fraction)
    assert isinstance(done, HardLiquidation)
    left = done.loan.debt if done.loan else 0
    assert done.repaid + left == loan.debt
    assert done.repaid == min(done.x, done.repaid) + done.from_liquidator
    assert done.x == min(done.x, done.repaid) + done.to_liquidator_x
    after = totals(done.market)
    # The last owner of a band leaves its dust behind, a unit of each asset a band at most.
    assert 0 <= before[0] - after[0] - done.x <= 8
    assert 0 <= before[1] - after[1] - done.y <= 8


@settings(max_examples=40)
@given(amounts, prices, st.integers(1, WAD - 1))
def test_a_fraction_never_lowers_the_health_of_what_stays(amount, price, fraction):
    position, market = opened(amount, first_band=1, last_band=8)
    worth = value_down(market, position, oracle_price=price)
    assume(worth > 10**9)
    debt = worth * (WAD - DISCOUNT) // WAD
    loan = Loan(position, debt + debt // 10**4 + 1, DISCOUNT)
    done = liquidate(loan, market, oracle_price=price, fraction_wad=fraction)
    if not isinstance(done, HardLiquidation) or done.loan is None:
        return
    assume(done.loan.debt > 10**9)
    after = health(done.loan, done.market, oracle_price=price, is_full=False)
    before = health(loan, market, oracle_price=price, is_full=False)
    assert after.health_wad >= before.health_wad - 10**10


@settings(max_examples=40)
@given(st.integers(10**15, 10**22), widths, prices, prices)
def test_falling_and_rising_again_gains_the_borrower_fees_at_most(amount, width, low, high):
    position, market = opened(amount, first_band=1, last_band=width)
    there = moved(market, min(low, high))
    back = moved(there, max(low, high))
    start = value_down(market, position, oracle_price=PRICE)
    end = value_down(back, position, oracle_price=PRICE)
    # Fees stay in the bands, and grow with the distance of the oracle; nothing else is gained.
    assert end <= start + start // 2
    assert holdings(back, position)[1] <= amount + amount // 2 + 50


@settings(max_examples=40)
@given(amounts, amounts, prices)
def test_owners_share_what_a_swap_left(one, other, price):
    first, market = opened(one, first_band=1, last_band=6)
    second, market = opened(other, first_band=1, last_band=6, market=market)
    market = moved(market, price)
    held = totals(market)
    owned = [holdings(market, position) for position in (first, second)]
    assert sum(x for x, _ in owned) <= held[0] + 12
    assert sum(y for _, y in owned) <= held[1] + 12
    gone = withdraw(market, first, fraction_wad=WAD)
    rest = holdings(gone.market, second)
    assert rest[0] >= owned[1][0] - 12
    assert rest[1] >= owned[1][1] - 12


def test_a_larger_fee_gives_less():
    _, market = opened(10 * WAD, first_band=1, last_band=10)
    oracle = OracleLimit(GRID.oracle_price_up(4), 0)
    cheap = swap(market, 100 * WAD, side=Side.BUY, oracle=oracle)
    dear = swap(replace(market, fee_wad=5 * FEE), 100 * WAD, side=Side.BUY, oracle=oracle)
    moving = swap(market, 100 * WAD, side=Side.BUY, oracle=replace(oracle, fee_wad=5 * FEE))
    assert cheap.got > dear.got == moving.got
