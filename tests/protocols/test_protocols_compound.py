"""Compound III: principal, checks, absorption, store-front and rates."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import compound
from trimtab.protocols.compound import Account, CompoundRefusal, Market, RateCurve, Refused
from trimtab.units import UINT256_MAX, WAD, YEAR_SECONDS

DOLLAR = 10**8
CENT = 10**16
ETH = compound.CollateralAsset(
    10**18,
    borrow_factor_wad=80 * CENT,
    liquidate_factor_wad=85 * CENT,
    liquidation_factor_wad=93 * CENT,
    supply_cap=1_000 * 10**18 + 1,
)
BTC = replace(ETH, unit=10**8, borrow_factor_wad=70 * CENT, liquidate_factor_wad=77 * CENT)
MARKET = Market(
    "USD",
    base_unit=10**6,
    assets={"ETH": ETH, "BTC": BTC},
    supply_principal=10**13,
    borrow_principal=5 * 10**12,
    cash=6 * 10**12,
    store_front_factor_wad=60 * CENT,
    target_reserves=2 * 10**12,
    borrow_min=100 * 10**6,
    supply_curve=RateCurve.of_year(85 * CENT, [0, 4 * CENT, 3 * WAD]),
    borrow_curve=RateCurve.of_year(80 * CENT, [CENT, 3 * CENT, 4 * WAD]),
)
PRICES = {"USD": DOLLAR, "ETH": 2_000 * DOLLAR, "BTC": 60_000 * DOLLAR}
indices = st.integers(10**15, 5 * 10**15)
markets = st.builds(lambda s, b: replace(MARKET, supply_index=s, borrow_index=b), indices, indices)
accounts = st.builds(
    lambda principal, eth, btc: Account(principal, {"ETH": eth, "BTC": btc}),
    st.integers(-4 * 10**12, 10**12),
    st.integers(0, 10**21),
    st.integers(0, 10**9),
)


def owing(dollars, eth=10**18, *, btc=0):
    return Account(-dollars * 10**6, {"ETH": eth, "BTC": btc})


# Principal and present value


@given(st.integers(-(10**20), 10**20), markets)
def test_a_round_trip_never_enriches_the_account(balance, market):
    principal = compound.principal_value(balance, market)
    back = compound.present_value(principal, market)
    assert back <= balance
    assert balance - back <= max(market.supply_index, market.borrow_index) // 10**15 + 1


@given(st.integers(-(10**20), 10**20), markets)
def test_a_debt_is_shown_rounded_down(principal, market):
    shown = compound.present_value(principal, market)
    index = market.supply_index if principal >= 0 else market.borrow_index
    assert abs(shown) <= abs(Fraction(principal * index, 10**15)) < abs(shown) + 1


# The two checks


def test_liquidity_of_exactly_zero_is_safe_for_both():
    at = compound.health(owing(1_600), PRICES, market=MARKET)
    assert at.borrow_liquidity == 0
    assert at.borrow_collateralized
    edge = compound.health(owing(1_700), PRICES, market=MARKET)
    assert edge.liquidation_liquidity == 0
    assert not edge.liquidatable
    assert not edge.borrow_collateralized
    over = Account(-1_700 * 10**6 - 1, {"ETH": 10**18})
    assert compound.health(over, PRICES, market=MARKET).liquidatable


@given(st.integers(0, 10**15), st.integers(0, 10**20))
def test_who_owes_nothing_is_never_liquidatable(principal, eth):
    found = compound.health(Account(principal, {"ETH": eth}), PRICES, market=MARKET)
    assert found.borrow_collateralized
    assert not found.liquidatable


@given(accounts, markets)
def test_liquidatable_accounts_cannot_borrow(account, market):
    found = compound.health(account, PRICES, market=market)
    assert not (found.liquidatable and found.borrow_collateralized)
    assert found.borrow_liquidity <= found.liquidation_liquidity


def test_the_debts_value_is_cut_in_the_borrowers_favor():
    """One unit of debt worth 0.99 of a price unit counts as nothing owed."""
    market = replace(MARKET, base_unit=100)
    cheap = {**PRICES, "USD": 99}
    found = compound.health(Account(-1), cheap, market=market)
    assert found.base_value == 0
    assert not found.liquidatable
    assert compound.health(Account(-1), {**cheap, "USD": 100}, market=market).liquidatable


def test_factors_are_kept_with_four_decimals():
    assert compound.stored_factor_wad(WAD) == WAD
    assert compound.stored_factor_wad(WAD - 1) == 9_999 * 10**14
    assert ETH.stored.supply_cap == 1_000 * 10**18
    sharp = replace(MARKET, assets={"ETH": replace(ETH, liquidate_factor_wad=WAD - 1)})
    held = Account(-2_000 * 10**6, {"ETH": 10**18})
    assert compound.health(held, PRICES, market=sharp).liquidation_liquidity == -20_000_000


def test_borrow_needs_collateral_and_a_minimum():
    fresh = Account(0, {"ETH": 10**18})
    drawn, after = compound.borrow(fresh, PRICES, market=MARKET, amount=1_600 * 10**6)
    assert drawn.principal == -1_600 * 10**6
    assert after.borrow_principal - MARKET.borrow_principal == 1_600 * 10**6
    assert compound.reserves(after) == compound.reserves(MARKET)
    more = compound.borrow(fresh, PRICES, market=MARKET, amount=1_600 * 10**6 + 1)
    assert more == Refused(CompoundRefusal.NOT_COLLATERALIZED, -100, 0)
    less = compound.borrow(fresh, PRICES, market=MARKET, amount=100 * 10**6 - 1)
    assert less.reason is CompoundRefusal.BORROW_TOO_SMALL


def test_a_withdrawal_across_zero_moves_both_totals():
    held = Account(300 * 10**6, {"ETH": 10**18})
    drawn, after = compound.borrow(held, PRICES, market=MARKET, amount=500 * 10**6)
    assert drawn.principal == -200 * 10**6
    assert MARKET.supply_principal - after.supply_principal == 300 * 10**6
    assert after.borrow_principal - MARKET.borrow_principal == 200 * 10**6


# Absorption


def test_a_healthy_account_is_not_absorbed():
    found = compound.liquidate(owing(1_700), PRICES, market=MARKET)
    assert found == Refused(CompoundRefusal.NOT_LIQUIDATABLE, 0, -1)


def test_what_the_credit_leaves_becomes_supply():
    found = compound.liquidate(owing(1_800), PRICES, market=MARKET)
    assert found.credit_value == 1_860 * DOLLAR
    assert (found.debt, found.surplus, found.shortfall) == (1_800 * 10**6, 60 * 10**6, 0)
    assert found.base_paid_out == 1_860 * 10**6
    assert found.account == Account(60 * 10**6)
    assert found.seized == {"ETH": 10**18}
    assert found.reserves_before - found.reserves_after == 1_860 * 10**6


def test_what_the_credit_does_not_pay_is_the_reserves():
    found = compound.liquidate(owing(2_500), PRICES, market=MARKET)
    assert (found.surplus, found.shortfall) == (0, 640 * 10**6)
    assert found.account.principal == 0
    assert found.reserves_before - found.reserves_after == 2_500 * 10**6


@given(accounts, markets)
def test_what_holds_of_every_absorption(account, market):
    found = compound.liquidate(account, PRICES, market=market)
    if isinstance(found, Refused):
        assert not compound.health(account, PRICES, market=market).liquidatable
        return
    assert found.account.principal >= 0
    assert found.account.collateral == {}
    assert 0 in (found.surplus, found.shortfall)
    assert found.market.borrow_principal == market.borrow_principal + account.principal
    assert found.market.supply_principal == market.supply_principal + found.account.principal
    assert found.market.cash == market.cash
    # The reserves pay what the account is relieved of and given, but for a unit of each index.
    paid = found.reserves_before - found.reserves_after
    assert abs(paid - found.base_paid_out) <= 3 + max(market.supply_index, 0) // 10**15


# Store-front


def test_the_discount_is_part_of_the_penalty():
    """Penalty 7 %, 60 % of it: 4.2 % off 2000 is 1916."""
    out = compound.quote_collateral("ETH", 1_916 * 10**6, prices=PRICES, market=MARKET)
    assert out == 10**18


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_two_purchases_never_give_more_than_one(one, other):
    def quote(amount):
        return compound.quote_collateral("ETH", amount, prices=PRICES, market=MARKET)

    assert quote(one) + quote(other) <= quote(one + other)


def test_sale_until_the_target_is_reached():
    def buy(market, *, stock=10**21, out_min=0):
        return compound.buy_collateral(
            "ETH", 1_916 * 10**6, prices=PRICES, market=market, stock=stock, out_min=out_min
        )

    assert compound.reserves(MARKET) == 10**12
    sold = buy(MARKET, out_min=10**18)
    assert sold.collateral_out == 10**18
    assert sold.reserves_after == 10**12 + 1_916 * 10**6
    full = replace(MARKET, target_reserves=10**12)
    assert buy(full).reason is CompoundRefusal.NOT_FOR_SALE
    assert not isinstance(buy(replace(full, target_reserves=10**12 + 1)), Refused)
    in_debt = replace(full, cash=0, target_reserves=0)
    assert not isinstance(buy(in_debt), Refused)
    assert buy(MARKET, out_min=10**18 + 1).reason is CompoundRefusal.TOO_MUCH_SLIPPAGE
    assert buy(MARKET, stock=10**18 - 1).reason is CompoundRefusal.INSUFFICIENT_RESERVES
    assert buy(MARKET, stock=UINT256_MAX).base_in == 1_916 * 10**6


# Rates


def test_utilization_may_exceed_one_and_is_zero_without_supply():
    assert compound.utilization_wad(MARKET) == WAD // 2
    assert compound.utilization_wad(replace(MARKET, borrow_principal=2 * 10**13)) == 2 * WAD
    assert compound.utilization_wad(replace(MARKET, supply_principal=0)) == 0


def test_yearly_numbers_are_cut_to_seconds():
    curve = RateCurve.of_year(80 * CENT, [10**16, 5 * 10**16, 30 * 10**16])
    assert (curve.base_wad, curve.slope_low_wad, curve.slope_high_wad) == (
        317097919,
        1585489599,
        9512937595,
    )
    assert curve.rate_wad(80 * CENT) == 317097919 + 1585489599 * 8 // 10
    over = curve.rate_wad(80 * CENT + 1)
    assert over == curve.rate_wad(80 * CENT)


@given(st.integers(0, 3 * WAD), st.integers(0, 3 * WAD))
def test_more_use_is_never_cheaper(one, other):
    low, high = sorted((one, other))
    for curve in (MARKET.supply_curve, MARKET.borrow_curve):
        assert curve.rate_wad(low) <= curve.rate_wad(high)


@given(markets, st.integers(0, YEAR_SECONDS))
def test_indices_never_fall_and_grow_simply(market, seconds):
    later = compound.accrue(market, seconds)
    rate_wad = compound.borrow_rate_wad(market)
    exact = market.borrow_index * (1 + Fraction(rate_wad * seconds, WAD))
    assert later.borrow_index <= exact < later.borrow_index + 1
    assert later.supply_index >= market.supply_index
    assert compound.accrue(market, 0) == market


def test_negative_collateral_is_no_account():
    with pytest.raises(AssertionError):
        Account(0, {"ETH": -1})
