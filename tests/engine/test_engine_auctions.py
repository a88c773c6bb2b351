"""Auctions: the three curves, and a lot from its start to the last unit of the debt."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.venues import (
    START_NS,
    accepted,
    account_of,
    at,
    eth,
    opened,
    refused,
    row,
    sums_of,
    usd,
    venue_rules,
    with_asset,
)
from trimtab.engine import auction_price_wad, holder, needs_reset
from trimtab.model import (
    INSURANCE,
    Accepted,
    Auction,
    AuctionCurve,
    AuctionRules,
    EventKind,
    FundRules,
    LiquidationRules,
    Payer,
    Reason,
    Sizing,
    Table,
)
from trimtab.model.commands import (
    Borrow,
    Deposit,
    FundDeposit,
    Liquidate,
    Repay,
    ResetAuction,
    StartAuction,
    TakeAuction,
    Withdraw,
)
from trimtab.model.settings import PERCENT
from trimtab.units import UINT256_MAX, WAD

ETHER, DOLLAR = 10**18, 10**6
LOT = Auction("1", "anna", "ETH", "USD", 0, 2400 * WAD, 0, START_NS)
CURVES = {
    AuctionCurve.LINEAR: AuctionRules(duration_seconds=1000),
    AuctionCurve.STAIR: AuctionRules(AuctionCurve.STAIR, step_seconds=90, cut_wad=99 * PERCENT),
    AuctionCurve.EXPONENTIAL: AuctionRules(AuctionCurve.EXPONENTIAL, cut_wad=WAD - WAD // 1000),
}
PLAIN = AuctionRules(
    start_multiplier_wad=WAD,
    floor_multiplier_wad=0,
    duration_seconds=10_000,
    reset_after_seconds=8000,
    penalty_wad=10 * PERCENT,
    lot_buffer_wad=WAD,
)
RULES = replace(
    venue_rules(usd(), eth()),
    auction=PLAIN,
    liquidation=LiquidationRules(sizing=Sizing.WHOLE),
    insurance=FundRules(1000 * WAD),
)
START = StartAuction(at(0), "anna", "USD", "ETH", "keeper")


def price_after(seconds: int, rules: AuctionRules, auction: Auction = LOT) -> int:
    return auction_price_wad(auction, rules, now_s=at(seconds) // 10**9)


def exact_price(seconds: int, rules: AuctionRules) -> Fraction:
    if rules.curve is AuctionCurve.LINEAR:
        return 2400 * WAD * max(Fraction(0), 1 - Fraction(seconds, rules.duration_seconds))
    steps = seconds // rules.step_seconds if rules.curve is AuctionCurve.STAIR else seconds
    return 2400 * WAD * Fraction(rules.cut_wad, WAD) ** steps


@pytest.mark.parametrize("curve", list(AuctionCurve))
@given(st.integers(0, 2000))
def test_the_price_follows_its_curve(curve, seconds):
    rules = CURVES[curve]
    price, exact = price_after(seconds, rules), exact_price(seconds, rules)
    # pow_ray rounds half up at each product: a handful of ray on a price of some thousand wad.
    assert abs(price - exact) <= (1 if curve is AuctionCurve.LINEAR else 10**4)
    assert price >= price_after(seconds + 1, rules)


def test_a_linear_auction_ends_at_zero_or_at_its_floor():
    rules = CURVES[AuctionCurve.LINEAR]
    assert price_after(500, rules) == 1200 * WAD
    assert price_after(1000, rules) == price_after(9000, rules) == 0
    assert price_after(999, rules, replace(LOT, floor_wad=100 * WAD)) == 100 * WAD


def test_a_stair_holds_its_price_for_a_step():
    rules = CURVES[AuctionCurve.STAIR]
    assert price_after(0, rules) == price_after(89, rules) == 2400 * WAD
    assert price_after(90, rules) == 2376 * WAD


@pytest.mark.parametrize(
    ("seconds", "rules", "expected"),
    [
        (8400, AuctionRules(), False),
        (8401, AuctionRules(), True),
        (599, replace(CURVES[AuctionCurve.LINEAR], reset_below_wad=40 * PERCENT), False),
        (601, replace(CURVES[AuctionCurve.LINEAR], reset_below_wad=40 * PERCENT), True),
        (999, CURVES[AuctionCurve.LINEAR], False),
        (1000, CURVES[AuctionCurve.LINEAR], True),
    ],
)
def test_an_auction_too_old_or_too_cheap_needs_a_reset(seconds, rules, expected):
    assert needs_reset(LOT, rules, now_s=at(seconds) // 10**9) is expected


def indebted(dollars: int = 1700, *, rules=RULES):
    return opened(rules, row("anna", "ETH", ETHER), row("anna", "USD", -dollars * DOLLAR))


def take(seconds: int, amount: int = ETHER, most: int = UINT256_MAX) -> TakeAuction:
    return TakeAuction(at(seconds), "1", amount, most, "taker")


def kinds(outcome: Accepted) -> list[EventKind]:
    return [event.kind for event in outcome.events]


def test_a_lot_covers_debt_and_penalty_and_no_more():
    store = indebted()
    accepted(store, START)
    lot = account_of(store, holder("1"))
    assert lot.supply["ETH"] == 1870 * ETHER // 2000 * 10**6
    assert lot.debt["USD"] == 1700 * DOLLAR * 10**6
    anna = account_of(store, "anna")
    assert (dict(anna.debt), anna.auctions, anna.in_liquidation) == ({}, 1, False)
    assert anna.supply["ETH"] == 130 * ETHER // 2000 * 10**6


def test_what_a_sale_brings_above_debt_and_penalty_stays_with_the_account():
    store = indebted()
    accepted(store, START)
    last = accepted(store, take(0))
    assert EventKind.AUCTION_END in kinds(last)
    assert sum(e.flow for e in last.events if e.asset == "USD") == 1870 * DOLLAR
    assert account_of(store, INSURANCE).supply["USD"] == 1170 * DOLLAR * 10**6
    anna = account_of(store, "anna")
    assert (anna.auctions, dict(anna.debt)) == (0, {})
    assert anna.supply["ETH"] == 130 * ETHER // 2000 * 10**6
    assert store.get(Table.ACCOUNT, holder("1")) is None
    assert store.get(Table.AUCTION, "1") is None


def test_slices_pay_the_debt_first_and_then_the_penalty():
    store = indebted()
    accepted(store, START)
    accepted(store, take(0, ETHER * 8 // 10))
    lot = account_of(store, holder("1"))
    assert lot.debt["USD"] == 100 * DOLLAR * 10**6
    part = accepted(store, take(0, ETHER // 10))
    assert EventKind.FEE in kinds(part)
    assert store.get(Table.AUCTION, "1").penalty == 70 * DOLLAR
    assert dict(account_of(store, holder("1")).debt) == {}
    accepted(store, take(0))
    assert store.get(Table.AUCTION, "1") is None


def test_a_lot_that_brings_too_little_goes_through_the_waterfall():
    """The whole ETH at half its start price: 1,000 of 2,500 come in, the fund pays 1,000."""
    store = indebted(2500)
    accepted(store, START)
    assert account_of(store, "anna").supply == {}
    outcome = accepted(store, take(5000))
    losses = [(e.payer, e.quantity) for e in outcome.events if e.kind is EventKind.LOSS]
    assert losses == [(Payer.INSURANCE, 1000 * DOLLAR), (Payer.SOCIALIZED, 500 * DOLLAR)]
    assert dict(account_of(store, "anna").debt) == {}


def test_the_surplus_of_a_lot_returns():
    store = indebted(
        1700, rules=replace(RULES, auction=replace(PLAIN, lot_buffer_wad=105 * PERCENT))
    )
    accepted(store, START)
    accepted(store, take(0))
    assert account_of(store, "anna").supply["ETH"] == 130 * ETHER // 2000 * 10**6
    assert sums_of(store, "anna").debt == 0


def test_a_buyer_is_protected_by_his_highest_price():
    store = indebted()
    accepted(store, START)
    assert refused(store, take(0, most=2000 * WAD - 1)) is Reason.AUCTION_TOO_EXPENSIVE
    assert refused(store, take(0, amount=0)) is Reason.AMOUNT_NOT_POSITIVE
    accepted(store, take(1, most=2000 * WAD))


def test_an_expired_auction_is_reset_and_sold():
    store = indebted(rules=replace(RULES, auction=replace(PLAIN, keeper_tip_wad=WAD)))
    accepted(store, START)
    assert refused(store, ResetAuction(at(8000), "1", "keeper")) is Reason.AUCTION_CURRENT
    assert refused(store, take(8001)) is Reason.AUCTION_EXPIRED
    events = accepted(store, ResetAuction(at(8001), "1", "keeper")).events
    assert [e.quantity for e in events if e.kind is EventKind.KEEPER_REWARD] == [DOLLAR]
    accepted(store, take(8001))
    assert store.get(Table.AUCTION, "1") is None


def test_the_keeper_is_paid_a_tip_and_a_share_as_far_as_the_fund_reaches():
    paid = replace(PLAIN, keeper_tip_wad=3 * WAD, keeper_share_wad=PERCENT)
    event = accepted(indebted(rules=replace(RULES, auction=paid)), START).events[1]
    assert (event.kind, event.quantity) == (EventKind.KEEPER_REWARD, 20 * DOLLAR)
    assert (event.account, event.flow) == ("keeper", -20 * DOLLAR)
    poor = replace(RULES, auction=paid, insurance=FundRules(7 * WAD))
    assert accepted(indebted(rules=poor), START).events[1].quantity == 7 * DOLLAR


def test_a_safe_account_is_not_auctioned():
    assert refused(indebted(1600), START) is Reason.HEALTHY
    store = indebted()
    assert refused(store, replace(START, collateral="USD")) is Reason.INSUFFICIENT_BALANCE
    assert refused(store, replace(START, debt="ETH")) is Reason.INSUFFICIENT_BALANCE


def test_a_slice_may_not_leave_a_debt_of_dust():
    rules = replace(RULES, liquidation=LiquidationRules(Sizing.WHOLE, dust_debt_wad=100 * WAD))
    store = indebted(rules=rules)
    accepted(store, START)
    assert refused(store, take(0, ETHER * 84 // 100)) is Reason.DUST
    accepted(store, take(0, ETHER * 80 // 100))


def test_nobody_but_the_auction_reaches_its_lot():
    store = indebted()
    accepted(store, START)
    lot = holder("1")
    for command in (
        Withdraw(at(0), lot, "ETH", 1),
        Borrow(at(0), lot, "USD", 1),
        Repay(at(0), lot, "USD", 1),
        Deposit(at(0), lot, "ETH", 1),
        Deposit(at(0), holder("2"), "ETH", 1),
        FundDeposit(at(0), lot, "ETH", 1),
        Liquidate(at(0), lot, "USD", "ETH", "keeper"),
        replace(take(0), taker=lot),
    ):
        assert refused(store, command) is Reason.UNKNOWN_ACCOUNT


def test_a_lot_whose_pool_lost_everything_ends_its_auction():
    store = indebted()
    accepted(store, START)
    pool = replace(store.get(Table.POOL, "ETH"), supplied=0, cash=0)
    store.apply(Accepted({(Table.POOL, "ETH"): pool}, ()))
    outcome = accepted(store, take(0))
    assert EventKind.AUCTION_END in kinds(outcome)
    assert sum(e.quantity for e in outcome.events if e.kind is EventKind.LOSS) == 1700 * DOLLAR


def test_isolated_debt_follows_the_lot():
    rules = with_asset(RULES, replace(eth(), isolated=True, debt_ceiling_wad=10**4 * WAD))
    store = indebted(rules=rules)
    for command in (START, take(0, ETHER // 2)):
        accepted(store, command)
        owed = account_of(store, holder("1")).debt["USD"]
        assert store.get(Table.ISOLATION, "ETH").debt_shares == {"USD": owed}
    accepted(store, take(0))
    assert store.get(Table.ISOLATION, "ETH").debt_shares == {}
