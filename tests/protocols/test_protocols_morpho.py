"""Morpho Blue: shares, accrual, health and liquidation, on examples and in general."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.protocols import morpho
from trimtab.protocols.morpho import Market, MorphoRefusal, Position, Refused
from trimtab.protocols.morpho_rates import compounded_growth_wad
from trimtab.protocols.morpho_shares import (
    to_assets_down,
    to_assets_up,
    to_shares_down,
    to_shares_up,
)
from trimtab.units import WAD

PRICE = 2_000 * 10**36
LLTV = 86 * 10**16
amounts = st.integers(0, 10**30)
lltvs = st.integers(0, WAD - 1) | st.sampled_from([385 * 10**15, 86 * 10**16, 98 * 10**16])


def lent(supply, *, lltv_wad=LLTV, fee_wad=0):
    return Market(lltv_wad, supply_assets=supply, supply_shares=supply * 10**6, fee_wad=fee_wad)


def borrowed(collateral, assets, *, supply=10**27, lltv_wad=LLTV):
    """A market of one lender and one borrower, at whatever price allows the borrow."""
    found = morpho.borrow(
        Position(collateral), 10**63, market=lent(supply, lltv_wad=lltv_wad), assets=assets
    )
    assert not isinstance(found, Refused)
    return found


def liquidated(position, market, *, price=PRICE, seized=0, repaid_shares=0):
    found = morpho.liquidate(
        position, price, market=market, seized=seized, repaid_shares=repaid_shares
    )
    assert isinstance(found, morpho.Liquidation), found
    return found


@given(amounts, amounts, amounts)
def test_conversions_round_as_they_say_and_never_enrich(amount, assets, shares):
    exact = Fraction(amount * (shares + 10**6), assets + 1)
    down = to_shares_down(amount, assets, total_shares=shares)
    up = to_shares_up(amount, assets, total_shares=shares)
    assert down <= exact < down + 1
    assert up - 1 < exact <= up
    assert to_assets_down(down, assets, total_shares=shares) <= amount
    assert to_assets_up(up, assets, total_shares=shares) >= amount


def test_an_empty_market_gives_a_million_shares_per_asset():
    assert to_shares_down(7, 0, total_shares=0) == 7 * 10**6


@pytest.mark.parametrize(
    ("lltv_milli", "incentive"),
    [
        (0, 1150000000000000000),
        (385, 1150000000000000000),
        (625, 1126760563380281690),
        (770, 1074113856068743286),
        (860, 1043841336116910229),
        (915, 1026167265264238070),
        (945, 1016776817488561260),
        (965, 1010611419909044972),
        (980, 1006036217303822937),
    ],
)
def test_incentives(lltv_milli, incentive):
    assert morpho.liquidation_incentive_wad(lltv_milli * 10**15) == incentive


def test_the_cap_of_the_incentive_binds_below_5652():
    assert morpho.liquidation_incentive_wad(565 * 10**15) == 115 * 10**16
    assert morpho.liquidation_incentive_wad(5653 * 10**14) < 115 * 10**16


@given(lltvs)
def test_the_incentive_falls_with_the_threshold_and_leaves_room(lltv_wad):
    incentive = morpho.liquidation_incentive_wad(lltv_wad)
    assert WAD <= incentive <= 115 * 10**16
    assert incentive * lltv_wad < WAD * WAD


# Accrual


@given(amounts, st.integers(0, 10**12), st.integers(0, 10**9), st.integers(0, 25 * 10**16))
def test_interest_reaches_both_sides_and_the_fee_only_shares(owed, rate_wad, seconds, fee_wad):
    market = Market(
        LLTV,
        supply_assets=owed * 2,
        supply_shares=owed * 2 * 10**6,
        borrow_assets=owed,
        borrow_shares=owed * 10**6,
        fee_wad=fee_wad,
    )
    later = morpho.accrue(market, seconds, rate_wad=rate_wad)
    interest = later.borrow_assets - owed
    assert interest == owed * compounded_growth_wad(rate_wad, seconds) // WAD
    assert later.supply_assets - market.supply_assets == interest
    assert later.borrow_shares == market.borrow_shares
    minted = later.supply_shares - market.supply_shares
    assert minted == later.fee_shares
    worth = to_assets_down(minted, later.supply_assets, total_shares=later.supply_shares)
    assert worth <= interest * fee_wad // WAD


def test_no_time_changes_nothing():
    assert morpho.accrue(lent(10**18), 0, rate_wad=10**18) == lent(10**18)


# Health and borrowing


def test_debt_of_exactly_the_most_is_healthy():
    position, market = borrowed(10**18, 1_720 * 10**18)
    found = morpho.health(position, PRICE, market=market)
    assert found.debt_assets == found.debt_max == 1_720 * 10**18
    assert found.healthy
    assert found.ltv_wad == LLTV
    assert not morpho.health(position, PRICE - 10**18, market=market).healthy


def test_no_debt_is_healthy_even_without_collateral():
    found = morpho.health(Position(), PRICE, market=lent(0))
    assert found.healthy
    assert found.ltv_wad is None


def test_borrow_needs_collateral_and_liquidity():
    market = lent(1_000 * 10**18)
    poor = morpho.borrow(Position(10**18), PRICE, market=market, assets=1_720 * 10**18 + 1)
    assert poor.reason is MorphoRefusal.INSUFFICIENT_COLLATERAL
    dry = morpho.borrow(Position(10**18), PRICE, market=market, assets=1_000 * 10**18 + 1)
    assert dry.reason is MorphoRefusal.INSUFFICIENT_LIQUIDITY
    assert not isinstance(
        morpho.borrow(Position(10**18), PRICE, market=market, assets=1_000 * 10**18), Refused
    )


# Liquidation


def test_exactly_one_input_is_given():
    position, market = borrowed(10**18, 1_800 * 10**18)
    for both in ({}, {"seized": 1, "repaid_shares": 1}):
        found = morpho.liquidate(position, PRICE, market=market, **both)
        assert found.reason is MorphoRefusal.INCONSISTENT_INPUT


def test_a_healthy_position_is_left_alone():
    position, market = borrowed(10**18, 1_720 * 10**18)
    found = morpho.liquidate(position, PRICE, market=market, seized=1)
    assert found == Refused(MorphoRefusal.HEALTHY, 1_720 * 10**18, 1_720 * 10**18 + 1)


def test_more_than_there_is_is_refused():
    position, market = borrowed(10**18, 1_800 * 10**18)
    shares = morpho.liquidate(
        position, PRICE, market=market, repaid_shares=position.borrow_shares + 1
    )
    assert shares.reason is MorphoRefusal.MORE_THAN_DEBT
    deep, market = borrowed(10**18, 3_000 * 10**18)
    seized = morpho.liquidate(deep, PRICE, market=market, seized=10**18 + 1)
    assert seized.reason is MorphoRefusal.MORE_THAN_COLLATERAL


def test_all_shares_repaid_leave_the_rest_of_the_collateral():
    position, market = borrowed(10**18, 1_800 * 10**18)
    found = liquidated(position, market, repaid_shares=position.borrow_shares)
    assert found.repaid_assets == 1_800 * 10**18
    assert found.seized == 1_800 * 1_043841336116910229 // 2_000
    assert found.position.borrow_shares == 0
    assert found.position.collateral == 10**18 - found.seized
    assert found.after.healthy
    assert found.bad_debt_shares == 0


def test_bad_debt_is_the_lenders_at_once_unless_one_unit_stays():
    position, market = borrowed(10**18, 3_000 * 10**18)
    whole = liquidated(position, market, seized=10**18)
    repaid = -(-2_000 * 10**36 // 1_043841336116910229)
    assert whole.repaid_assets == repaid
    assert whole.bad_debt_assets == 3_000 * 10**18 - repaid
    assert whole.market.borrow_assets == 0
    assert whole.market.supply_assets == market.supply_assets - whole.bad_debt_assets
    assert whole.position == Position()
    spared = liquidated(position, market, seized=10**18 - 1)
    assert spared.bad_debt_assets == 0
    assert spared.position.collateral == 1
    assert spared.position.borrow_shares > 0
    assert spared.market.supply_assets == market.supply_assets


collaterals, excesses = st.integers(1, 10**24), st.integers(1, 2_000)
parts = st.integers(1, 100)


@given(collaterals, excesses, lltvs, parts, st.booleans(), st.integers(0, 10**10))
def test_what_holds_of_every_liquidation(collateral, over, lltv_wad, part, by_shares, rate_wad):
    owed = collateral * 2_000 * lltv_wad * (1_000 + over) // 1_000 // WAD + 1
    position, market = borrowed(collateral, owed, supply=10**28)
    market = morpho.accrue(market, 10**6, rate_wad=rate_wad)
    asked = max((position.borrow_shares if by_shares else collateral) * part // 100, 1)
    result = morpho.liquidate(
        position,
        PRICE,
        market=market,
        seized=0 if by_shares else asked,
        repaid_shares=asked if by_shares else 0,
    )
    assume(isinstance(result, morpho.Liquidation))
    assert result.seized <= collateral
    # The liquidator never gets more than the incentive on what he pays.
    exact = Fraction(result.repaid_assets * result.incentive_wad * 10**36, WAD * PRICE)
    assert result.seized <= exact
    # Lenders lose the bad debt and nothing else; one borrower owns all the debt there is.
    assert market.supply_assets - result.market.supply_assets == result.bad_debt_assets
    assert result.market.borrow_shares == result.position.borrow_shares
    if result.position.collateral:
        assert result.bad_debt_shares == 0
    else:
        assert result.position.borrow_shares == 0 == result.market.borrow_shares


@given(st.integers(10**15, 10**24), parts, st.integers(1, 30))
def test_a_liquidation_of_a_solvent_position_does_not_raise_its_ltv(collateral, part, per_mille):
    owed = collateral * 2_000 * (860 + per_mille) // 1_000
    position, market = borrowed(collateral, owed)
    found = liquidated(position, market, repaid_shares=position.borrow_shares * part // 200 + 1)
    before = Fraction(owed, collateral)
    after = Fraction(found.after.debt_assets, found.position.collateral)
    assert after <= before + Fraction(1, 10**12)


def test_a_fee_above_a_quarter_is_no_market():
    with pytest.raises(AssertionError):
        replace(lent(1), fee_wad=25 * 10**16 + 1)
    with pytest.raises(AssertionError):
        replace(lent(1), lltv_wad=WAD)
