"""Curve LLAMMA v2: the loan: its health, where it goes, and its hard liquidation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.test_protocols_llamma_setting import GRID, PRICE, opened
from trimtab.protocols.llamma import (
    HardLiquidation,
    Loan,
    debt_now,
    effective_collateral,
    first_band_for,
    health,
    liquidate,
    removed_fraction_wad,
    to_liquidate,
)
from trimtab.protocols.llamma_bands import OracleLimit
from trimtab.protocols.llamma_exchange import Market, Side, swap
from trimtab.protocols.llamma_shares import LlammaRefusal, Range, Refused
from trimtab.units import WAD

DISCOUNT = 6 * 10**16


def loan_of(debt: int, *, first: int = 5, amount: int = 10 * WAD) -> tuple[Loan, Market]:
    position, market = opened(amount, first_band=first, last_band=first + 9)
    return Loan(position, debt, DISCOUNT), market


def test_health_is_the_slow_value_less_the_discount():
    loan, market = loan_of(25_000 * WAD)
    checked = health(loan, market, oracle_price=PRICE, is_full=False)
    assert checked.above_band_wad == 0
    assert checked.health_wad == checked.x_down * (WAD - DISCOUNT) // loan.debt - WAD
    assert checked.y <= 10 * WAD
    assert checked.x == 0


def test_full_health_adds_what_lies_above_the_first_band():
    loan, market = loan_of(25_000 * WAD)
    full = health(loan, market, oracle_price=PRICE)
    bare = health(loan, market, oracle_price=PRICE, is_full=False)
    gap = PRICE - GRID.oracle_price_up(5)
    assert full.above_band_wad == gap * full.y // loan.debt > 0
    assert full.health_wad == bare.health_wad + full.above_band_wad


def test_a_healthy_loan_is_not_liquidated_by_others():
    loan, market = loan_of(20_000 * WAD)
    refused = liquidate(loan, market, oracle_price=PRICE)
    assert isinstance(refused, Refused)
    assert refused.reason is LlammaRefusal.NOT_UNHEALTHY


def test_a_whole_liquidation_takes_all_bands():
    loan, market = loan_of(30_000 * WAD)
    done = liquidate(loan, market, oracle_price=PRICE)
    assert isinstance(done, HardLiquidation)
    assert done.health_before_wad < 0
    assert done.removed_wad == WAD
    assert (done.repaid, done.from_liquidator) == (30_000 * WAD, 30_000 * WAD)
    assert done.loan is None
    assert 10 * WAD - done.y <= 10 * 1000 + 10


def test_a_fraction_leaves_the_borrower_a_little_more():
    loan, market = loan_of(30_000 * WAD)
    done = liquidate(loan, market, oracle_price=PRICE, fraction_wad=WAD // 2)
    assert isinstance(done, HardLiquidation)
    assert done.repaid == 15_000 * WAD
    assert done.removed_wad < WAD // 2
    assert done.loan is not None
    assert done.loan.debt == 15_000 * WAD
    after = health(done.loan, done.market, oracle_price=PRICE)
    assert after.health_wad > done.health_before_wad


def test_the_borrower_may_close_a_healthy_loan_in_part():
    loan, market = loan_of(20_000 * WAD)
    done = liquidate(
        loan,
        market,
        oracle_price=PRICE,
        fraction_wad=WAD // 4,
        is_approved=True,
        market_discount_wad=9 * 10**16,
    )
    assert isinstance(done, HardLiquidation)
    assert done.removed_wad == WAD // 4
    assert done.loan is not None
    assert done.loan.discount_wad == 9 * 10**16


def test_an_approved_call_may_not_end_unhealthy():
    loan, market = loan_of(26_400 * WAD)
    assert not health(loan, market, oracle_price=PRICE).is_liquidatable
    refused = liquidate(
        loan,
        market,
        oracle_price=PRICE,
        fraction_wad=WAD // 10,
        is_approved=True,
        market_discount_wad=3 * 10**17,
    )
    assert isinstance(refused, Refused)
    assert refused.reason is LlammaRefusal.ENDS_UNHEALTHY


def test_less_borrowed_asset_than_expected_is_slippage():
    loan, market = loan_of(30_000 * WAD)
    refused = liquidate(loan, market, oracle_price=PRICE, x_min=1)
    assert isinstance(refused, Refused)
    assert refused.reason is LlammaRefusal.SLIPPAGE


def test_soft_liquidation_pays_the_debt_before_the_liquidator_does():
    loan, market = loan_of(26_000 * WAD)
    low = GRID.oracle_price_up(14)
    pushed = swap(market, 10**30, side=Side.BUY, oracle=OracleLimit(low, 0))
    assert pushed.paid > 0
    checked = health(loan, pushed.market, oracle_price=low)
    assert checked.x > 0
    dear = replace(loan, debt=checked.x + 5_000 * WAD)
    need = to_liquidate(dear, pushed.market, fraction_wad=WAD, is_approved=False)
    assert need == dear.debt - checked.x
    done = liquidate(dear, pushed.market, oracle_price=low)
    assert isinstance(done, HardLiquidation)
    assert done.from_liquidator == dear.debt - done.x


@given(st.integers(1, WAD), st.integers(0, WAD // 2))
def test_the_removed_fraction_lies_below_the_fraction(fraction, limit):
    removed = removed_fraction_wad(fraction, limit)
    assert 0 <= removed <= fraction
    assert removed >= fraction * fraction // WAD - 1
    assert removed_fraction_wad(fraction, 0) == fraction
    assert removed_fraction_wad(WAD, limit) == WAD


@given(st.integers(0, WAD), st.integers(0, WAD), st.integers(0, WAD // 2))
def test_the_removed_fraction_grows_with_the_fraction(one, other, limit):
    small, large = sorted((one, other))
    assert removed_fraction_wad(small, limit) <= removed_fraction_wad(large, limit) + 1


def test_debts_round_up():
    assert debt_now(10, WAD + 1, multiplier_then_wad=WAD) == 11
    assert debt_now(10, WAD, multiplier_then_wad=WAD) == 10


@given(st.integers(4, 50), st.integers(0, 3 * 10**17), st.integers(10**6, 10**26))
def test_effective_collateral_is_less_than_the_collateral(bands, discount, collateral):
    counted = effective_collateral(GRID, collateral, bands=bands, discount_wad=discount)
    assert counted <= collateral * (WAD - discount) // WAD
    more = effective_collateral(GRID, collateral, bands=bands, discount_wad=discount + 10**15)
    assert more <= counted


def first_band(debt: int, *, price: int = PRICE, market: Market | None = None):
    return first_band_for(
        market or opened(1000 * WAD, first_band=30, last_band=34)[1],
        10 * WAD,
        debt=debt,
        bands=10,
        discount_wad=9 * 10**16,
        oracle_price=price,
    )


def test_less_debt_goes_further_down():
    bands = [first_band(debt * WAD) for debt in (25_000, 20_000, 10_000, 5_000)]
    assert bands == sorted(bands)
    assert len(set(bands)) == 4


def test_a_loan_at_its_first_band_is_healthy():
    band = first_band(20_000 * WAD)
    assert isinstance(band, int)
    loan, market = loan_of(20_000 * WAD, first=band)
    assert health(loan, market, oracle_price=PRICE, is_full=False).health_wad >= 0


def test_debt_above_the_oracle_is_too_high():
    for refused in (first_band(31_000 * WAD), first_band(20_000 * WAD, price=PRICE // 2)):
        assert isinstance(refused, Refused)
        assert refused.reason is LlammaRefusal.DEBT_TOO_HIGH


def test_a_debt_that_the_collateral_cannot_measure_is_refused():
    refused = first_band(10**60)
    assert isinstance(refused, Refused)
    assert refused.reason is LlammaRefusal.AMOUNT_TOO_LOW


def test_bands_in_liquidation_are_not_skipped():
    _, market = opened(WAD, first_band=1, last_band=4)
    pushed = swap(market, 500 * WAD, side=Side.BUY, oracle=OracleLimit(PRICE * 9 // 10, 0)).market
    assert pushed.active_band >= 1
    refused = first_band(27_000 * WAD, market=pushed)
    assert isinstance(refused, Refused)
    assert refused.reason is LlammaRefusal.DEBT_TOO_HIGH


def test_a_loan_needs_a_debt():
    with pytest.raises(AssertionError):
        health(Loan(Range(0, (1,)), 0, 0), Market(GRID, 10**16), oracle_price=PRICE)
