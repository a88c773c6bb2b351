"""Morpho Blue: every rounding and edge against a second account of it, in exact fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import morpho
from trimtab.protocols.morpho import Market, MorphoRefusal, Position, Refused
from trimtab.protocols.morpho_rates import compounded_growth_wad
from trimtab.units import WAD

LLTV = 86 * 10**16
HALF_UNIT = 10**36 // 2

# So few units that hardly any quotient is whole: a rounding the other way shows at once.
few = st.integers(1, 40)
shares_ = st.integers(1, 40 * 10**6)
prices = st.integers(1, 60).map(lambda n: n * 10**36 // 7)
lltvs = st.integers(1, 999).map(lambda n: n * 10**15)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    owed = draw(few)
    return Market(
        draw(lltvs),
        supply_assets=owed + draw(few),
        supply_shares=draw(shares_),
        borrow_assets=owed,
        borrow_shares=draw(shares_),
        fee_wad=draw(st.integers(0, 25)) * 10**16,
    )


def owed(shares: int, market: Market) -> int:
    """Assets that borrow shares owe: up, with the virtual asset and the virtual million."""
    return ceil(Fraction(shares * (market.borrow_assets + 1), market.borrow_shares + 10**6))


def shares_of(assets: Fraction, market: Market) -> Fraction:
    return assets * Fraction(market.borrow_shares + 10**6, market.borrow_assets + 1)


def incentive(lltv_wad: int) -> int:
    cut = floor(Fraction(3, 10) * (WAD - lltv_wad))
    return min(115 * 10**16, floor(Fraction(WAD * WAD, WAD - cut)))


@given(markets(), few, shares_, prices)
def test_health_in_fractions(market: Market, collateral: int, shares: int, price: int) -> None:
    found = morpho.health(Position(collateral, shares), price, market=market)
    worth = floor(Fraction(collateral * price, 10**36))
    most = floor(Fraction(worth * market.lltv_wad, WAD))
    debt = owed(shares, market)
    assert (found.debt_assets, found.collateral_value, found.debt_max) == (debt, worth, most)
    assert found.healthy == (most >= debt)
    assert found.ltv_wad == (ceil(Fraction(debt * WAD, worth)) if worth else None)


@given(markets(), few, few, prices)
def test_a_borrow_in_fractions(market: Market, collateral: int, assets: int, price: int) -> None:
    found = morpho.borrow(Position(collateral), price, market=market, assets=assets)
    shares = ceil(shares_of(Fraction(assets), market))
    lent = replace(
        market,
        borrow_assets=market.borrow_assets + assets,
        borrow_shares=market.borrow_shares + shares,
    )
    most = floor(Fraction(floor(Fraction(collateral * price, 10**36)) * market.lltv_wad, WAD))
    if owed(shares, lent) > most:
        reason = MorphoRefusal.INSUFFICIENT_COLLATERAL
        assert found == Refused(reason, most, owed(shares, lent))
    elif lent.borrow_assets > lent.supply_assets:
        reason = MorphoRefusal.INSUFFICIENT_LIQUIDITY
        assert found == Refused(reason, lent.supply_assets, lent.borrow_assets)
    else:
        assert found == (Position(collateral, shares), lent)


@given(markets(), few, shares_, prices, few)
def test_a_liquidation_by_collateral_in_fractions(
    market: Market, collateral: int, shares: int, price: int, seized: int
) -> None:
    market = replace(market, borrow_shares=market.borrow_shares + shares)
    position, seized = Position(collateral, shares), min(seized, collateral)
    found = morpho.liquidate(position, price, market=market, seized=seized)
    if isinstance(found, Refused):
        assert found.reason in (MorphoRefusal.HEALTHY, MorphoRefusal.MORE_THAN_DEBT)
        return
    quoted = ceil(Fraction(seized * price, 10**36))
    part = ceil(Fraction(quoted * WAD, incentive(market.lltv_wad)))
    repaid = ceil(shares_of(Fraction(part), market))
    assert (found.seized, found.repaid_shares) == (seized, repaid)
    check_settled(found, market, position=position)


@given(markets(), few, shares_, prices, st.integers(1, 100))
def test_a_liquidation_by_shares_in_fractions(
    market: Market, collateral: int, shares: int, price: int, percent: int
) -> None:
    market = replace(market, borrow_shares=market.borrow_shares + shares)
    position, asked = Position(collateral, shares), max(1, shares * percent // 100)
    found = morpho.liquidate(position, price, market=market, repaid_shares=asked)
    assets = floor(Fraction(asked * (market.borrow_assets + 1), market.borrow_shares + 10**6))
    with_bonus = floor(Fraction(assets * incentive(market.lltv_wad), WAD))
    taken = floor(Fraction(with_bonus * 10**36, price))
    if isinstance(found, Refused):
        if found.reason is MorphoRefusal.MORE_THAN_COLLATERAL:
            assert (found.found, found.needed) == (taken, collateral)
            assert taken > collateral
        return
    assert (found.seized, found.repaid_shares) == (taken, asked)
    check_settled(found, market, position=position)


def check_settled(found: morpho.Liquidation, market: Market, *, position: Position) -> None:
    """What is paid, what is written off, and the market and position after it."""
    assert found.repaid_assets == owed(found.repaid_shares, market)
    left_shares = position.borrow_shares - found.repaid_shares
    paid = replace(
        market,
        borrow_assets=max(market.borrow_assets - found.repaid_assets, 0),
        borrow_shares=market.borrow_shares - found.repaid_shares,
    )
    bad_shares = left_shares if found.seized == position.collateral else 0
    bad = min(paid.borrow_assets, owed(bad_shares, paid))
    assert (found.bad_debt_shares, found.bad_debt_assets) == (bad_shares, bad)
    assert found.market == replace(
        paid,
        borrow_assets=paid.borrow_assets - bad,
        supply_assets=paid.supply_assets - bad,
        borrow_shares=paid.borrow_shares - bad_shares,
    )
    assert found.position == Position(position.collateral - found.seized, left_shares - bad_shares)
    assert found.incentive_wad == incentive(market.lltv_wad)


@given(markets(), st.integers(10**16, 10**17), st.integers(1, 20))
def test_accrual_in_fractions(market: Market, rate_wad: int, seconds: int) -> None:
    later = morpho.accrue(market, seconds, rate_wad=rate_wad)
    grown = Fraction(market.borrow_assets * compounded_growth_wad(rate_wad, seconds), WAD)
    interest = floor(grown)
    fee = floor(Fraction(interest * market.fee_wad, WAD))
    supplied = market.supply_assets + interest
    minted = floor(Fraction(fee * (market.supply_shares + 10**6), supplied - fee + 1))
    assert later == replace(
        market,
        borrow_assets=market.borrow_assets + interest,
        supply_assets=supplied,
        supply_shares=market.supply_shares + minted,
        fee_shares=minted,
    )


def test_a_fee_and_its_shares_round_down() -> None:
    """Interest of 10 on 10; a quarter of it is 2; 2 * (8 + 1e6) / (30 - 2 + 1) = 68966.07"""
    market = Market(
        LLTV,
        supply_assets=20,
        supply_shares=8,
        borrow_assets=10,
        borrow_shares=10,
        fee_wad=25 * 10**16,
    )
    later = morpho.accrue(market, 1, rate_wad=WAD * 7 // 10)
    assert later.borrow_assets == 20
    assert later.fee_shares == 2 * (8 + 10**6) // 29 == 68_966


def test_the_first_second_earns_interest() -> None:
    market = Market(LLTV, supply_assets=20, supply_shares=20, borrow_assets=10, borrow_shares=10)
    assert morpho.accrue(market, 1, rate_wad=WAD // 10).borrow_assets == 11


def test_the_last_unit_of_threshold_leaves_no_incentive() -> None:
    assert morpho.liquidation_incentive_wad(WAD - 1) == WAD


def test_half_a_unit_of_value_is_none() -> None:
    found = morpho.health(Position(1, 0), 3 * HALF_UNIT, market=Market(LLTV))
    assert found.collateral_value == 1
    assert found.debt_max == 0


def test_one_share_alone_is_a_debt_that_nothing_backs() -> None:
    assert not morpho.health(Position(0, 1), 10**36, market=Market(LLTV)).healthy


def test_a_borrow_of_nothing_says_so() -> None:
    found = morpho.borrow(Position(1), 10**36, market=Market(LLTV), assets=0)
    assert found == Refused(MorphoRefusal.INCONSISTENT_INPUT, 0, 1)


def test_the_only_borrower_who_pays_all_leaves_a_debt_of_nothing() -> None:
    market = Market(
        LLTV, supply_assets=300, supply_shares=300, borrow_assets=90, borrow_shares=90 * 10**6
    )
    found = morpho.liquidate(
        Position(100, 90 * 10**6), 10**36, market=market, repaid_shares=90 * 10**6
    )
    assert isinstance(found, morpho.Liquidation)
    assert (found.repaid_assets, found.market.borrow_assets) == (90, 0)


def test_what_a_market_may_be() -> None:
    assert Market(LLTV) == Market(
        LLTV,
        supply_assets=0,
        supply_shares=0,
        borrow_assets=0,
        borrow_shares=0,
        fee_wad=0,
        fee_shares=0,
    )
    assert Market(0).lltv_wad == 0
    assert Market(LLTV, fee_wad=25 * 10**16).fee_wad == 25 * 10**16
    for wrong in ({"lltv_wad": -1}, {"fee_wad": -1}, {"supply_assets": -1}, {"borrow_shares": -1}):
        with pytest.raises(AssertionError):
            replace(Market(LLTV), **wrong)
