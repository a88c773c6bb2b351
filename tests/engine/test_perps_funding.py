"""Funding: every form by hand, zero-sum to the last digit, and booked at the prices in force."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.markets import (
    ETHER,
    PERP,
    POOL,
    cash,
    contracts,
    draft_of,
    equity,
    held,
    inverse,
    opened,
    perp,
    rules_with,
    state_of,
    tick,
    trade,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine.perps.funding import Moment, funded, premium_rate_wad, rate_over
from trimtab.engine.perps.valuation import owed_cost
from trimtab.model import EventKind, Funding, MarketState, Reason, Table, commands
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

HOURS_8 = 28_800
rates = st.integers(-WAD, WAD)
prices = st.integers(1, 10**6 * WAD)
seconds = st.integers(0, 10**8)


def moment(mark: int, index: int, *, after: int = HOURS_8) -> Moment:
    return Moment(mark * WAD, index * WAD, 10**18, after)


def costs(store) -> int:
    """All accounts' costs with the funding they have not booked."""
    state, total = state_of(store), 0
    for key in store.keys(Table.ACCOUNT):
        found = store.get(Table.ACCOUNT, key).positions.get(PERP)
        total += owed_cost(found, state) if found is not None else 0
    return total


@pytest.mark.parametrize(
    ("mark", "index", "settings", "expected"),
    [
        (2020, 2000, {}, PERCENT),
        (1980, 2000, {}, -PERCENT),
        (2000, 2000, {"funding_interest_wad": 10**14}, 10**14),
        (2020, 2000, {"funding_interest_wad": -(10**15)}, PERCENT - 10**15),
        (2200, 2000, {"funding_cap_wad": 3 * PERCENT}, 3 * PERCENT),
        (1800, 2000, {"funding_cap_wad": 3 * PERCENT}, -3 * PERCENT),
        # Six times initial less maintenance, dYdX's clamp: 6 x 5 % = 30 %.
        (3000, 2000, {"funding_clamp_wad": 6 * WAD}, 30 * PERCENT),
        # The tighter of the two.
        (3000, 2000, {"funding_clamp_wad": 6 * WAD, "funding_cap_wad": 4 * PERCENT}, 4 * PERCENT),
        (2000, 3000, {}, -(WAD // 3)),
    ],
)
def test_the_premium_rate_by_hand(mark, index, settings, expected):
    rules = perp(funding=Funding.PREMIUM, **settings)
    assert premium_rate_wad(rules, mark_wad=mark * WAD, index_wad=index * WAD) == expected


def test_a_premium_is_paid_once_a_period_at_the_index_price():
    """1 % of 2,000 over 8 h: 20 dollars a contract, 5 of them in 2 h."""
    rules = perp(funding=Funding.PREMIUM)
    changed, paid = funded(MarketState(PERP), rules, moment=moment(2020, 2000))
    assert Fraction(paid * 10**18, 10**54) == 20
    assert (changed.long_index, changed.short_index) == (paid, -paid)
    _, quarter = funded(MarketState(PERP), rules, moment=moment(2020, 2000, after=7200))
    assert quarter * 4 == paid


def test_the_skew_moves_the_rate_and_the_rate_is_kept():
    """Half the scale long at 9 a day of velocity: 4.5 a day more after a day, 2.25 on average."""
    rules = perp(funding=Funding.VELOCITY, funding_velocity_wad=9 * WAD, skew_scale=100 * ETHER)
    state = MarketState(PERP, long=60 * ETHER, short=10 * ETHER)
    mean, after, period = rate_over(state, rules, moment=moment(1, 1), seconds=86_400)
    assert (mean, after, period) == (9 * WAD // 4, 9 * WAD // 2, 86_400)


@pytest.mark.parametrize(("long", "short", "sign"), [(900, 0, 1), (0, 900, -1), (50, 50, 0)])
def test_the_velocity_is_clamped_to_the_scale(long, short, sign):
    rules = perp(funding=Funding.VELOCITY, funding_velocity_wad=WAD, skew_scale=100)
    state = MarketState(PERP, long=long, short=short)
    assert rate_over(state, rules, moment=moment(1, 1), seconds=86_400)[1] == sign * WAD


def test_a_recorded_rate_runs_from_when_it_is_set():
    rules = rules_with(perp(funding=Funding.RECORDED))
    store = opened(rules, cash("a", 9000), cash("b", 9000), held("a", 1), held("b", -1))
    accepted(store, commands.SetFunding(at(HOURS_8), PERP, PERCENT))
    assert equity(store, "a") == 9000
    tick(store, 2000, seconds=2 * HOURS_8)
    assert equity(store, "a") == 8980
    assert equity(store, "b") == 9020


@pytest.mark.parametrize("rate", [WAD + 1, -WAD - 1])
def test_a_recorded_rate_stays_within_the_price(rate):
    store = opened(rules_with(perp(funding=Funding.RECORDED)), cash("a", 1))
    asked = commands.SetFunding(at(0), PERP, rate)
    assert refused(store, asked) is Reason.RULE_OUT_OF_BOUNDS


@pytest.mark.parametrize("form", [Funding.NONE, Funding.PREMIUM])
def test_only_a_recorded_market_takes_a_rate(form):
    store = opened(rules_with(perp(funding=form)), cash("a", 1))
    assert refused(store, commands.SetFunding(at(0), PERP, 1)) is Reason.RULE_OUT_OF_BOUNDS


def test_no_funding_moves_nothing():
    store = opened(rules_with(), cash("a", 900), held("a", 1))
    tick(store, 2000, seconds=10**8, mark=2500)
    tick(store, 2000, seconds=2 * 10**8, mark=2000)
    assert equity(store, "a") == 900


@given(
    form=st.sampled_from(Funding),
    mark=prices,
    index=prices,
    rate=rates,
    after=seconds,
    long=st.integers(0, 10**24),
    short=st.integers(0, 10**24),
)
def test_what_one_side_pays_the_other_gets(form, mark, index, rate, after, long, short):
    """I1 over funding: indices move by equal and opposite amounts, in every form."""
    rules = perp(funding=form, skew_scale=10**21, funding_velocity_wad=WAD)
    state = MarketState(PERP, long=long, short=short, rate_wad=rate)
    changed, paid = funded(state, rules, moment=Moment(mark, index, 10**18, after))
    assert changed.long_index == -changed.short_index == paid
    assert changed.funded_s == after


@given(mark=prices, index=prices, after=st.integers(1, 10**6))
def test_a_premium_is_paid_by_the_side_that_is_ahead(mark, index, after):
    rules = perp(funding=Funding.PREMIUM)
    _, paid = funded(MarketState(PERP), rules, moment=Moment(mark, index, 10**18, after))
    assert paid == 0 or (paid > 0) == (mark > index)


@given(cuts=st.lists(st.integers(1, 50_000), min_size=1, max_size=12))
def test_booking_often_or_once_is_the_same_but_for_the_last_digit(cuts):
    rules = perp(funding=Funding.PREMIUM)
    once, _ = funded(MarketState(PERP), rules, moment=moment(2031, 2000, after=sum(cuts)))
    often, now = MarketState(PERP), 0
    for cut in cuts:
        now += cut
        often, _ = funded(often, rules, moment=moment(2031, 2000, after=now))
    assert 0 <= once.long_index - often.long_index <= len(cuts)


@given(size=st.integers(-(10**22), 10**22).filter(bool), hours=st.integers(1, 1000))
def test_the_costs_of_a_market_keep_their_sum(size, hours):
    rules = rules_with(perp(funding=Funding.PREMIUM))
    rows = [cash("a", 10**9), replace(held("a", 1), quantity=size), cash("b", 10**9)]
    store = opened(rules, *rows, held("b", -3))
    before = costs(store)
    tick(store, 2000, mark=2040)
    tick(store, 2100, seconds=3600 * hours, mark=2050)
    assert costs(store) == before


def test_a_price_runs_until_the_next_one_comes():
    """Eight hours at a premium of 1 % of 2,000, though the premium is gone when it is booked."""
    store = opened(rules_with(perp(funding=Funding.PREMIUM)), cash("a", 900), held("a", 1))
    tick(store, 2000, mark=2020)
    tick(store, 2000, seconds=HOURS_8, mark=2000)
    assert equity(store, "a") == 880


def test_a_new_mark_alone_books_at_the_old_one():
    store = opened(rules_with(perp(funding=Funding.PREMIUM)), cash("a", 900), held("a", 1))
    tick(store, 2000, mark=2020)
    accepted(store, commands.SubmitMark(at(HOURS_8), PERP, (("book", 2000 * WAD),)))
    assert equity(store, "a") == 880


def test_a_market_on_a_yield_bearing_asset_books_when_its_underlying_moves():
    rules = rules_with(perp(funding=Funding.RECORDED, asset="STETH"))
    staked = replace(rules.assets["ETH"], name="STETH", underlying="ETH", price_wad=None)
    rules = replace(rules, assets={**rules.assets, "STETH": staked})
    store = opened(rules, cash("a", 9000), held("a", 1))
    accepted(store, commands.SetFunding(at(0), PERP, PERCENT))
    accepted(store, commands.SetPrices(at(HOURS_8), (("ETH", 4000 * WAD),)))
    index = state_of(store).long_index
    assert Fraction(index * ETHER, 10**54) == 20
    accepted(store, commands.SetExchangeRate(at(2 * HOURS_8), "STETH", 2 * WAD))
    assert Fraction((state_of(store).long_index - index) * ETHER, 10**54) == 40


def test_time_without_a_price_is_not_made_up_for():
    rules = rules_with(perp(funding=Funding.RECORDED))
    silent = replace(rules.assets["ETH"], price_wad=None)
    rules = replace(rules, assets={**rules.assets, "ETH": silent})
    store = opened(rules, cash("a", 9000), held("a", 1))
    accepted(store, commands.SetFunding(at(0), PERP, PERCENT))
    tick(store, 2000, seconds=HOURS_8)
    assert state_of(store).long_index == 0
    tick(store, 2000, seconds=2 * HOURS_8)
    assert state_of(store).long_index > 0


def test_an_inverse_contract_pays_in_its_asset():
    """2,000 contracts of a dollar at 2,000: one ether of notional, 1 % of it is 0.01 ether."""
    rules = rules_with(inverse(funding=Funding.RECORDED))
    store = opened(rules, cash("a", 9000), contracts("a", 2000))
    accepted(store, commands.SetFunding(at(0), PERP, PERCENT))
    tick(store, 2000, seconds=HOURS_8)
    assert Fraction(state_of(store).long_index * 2000 * 10**6, 10**36) == Fraction(1, 100)
    assert equity(store, "a") == 8980


def test_the_pool_pays_and_gets_as_any_holder():
    store = opened(rules_with(perp(funding=Funding.PREMIUM)), cash("a", 900), held("a", 1))
    before = equity(store, POOL)
    tick(store, 2000, mark=2020)
    tick(store, 2000, seconds=HOURS_8, mark=2000)
    assert equity(store, POOL) == before + 20


def test_funding_is_an_event_with_its_rate_and_what_the_larger_side_paid():
    store = opened(rules_with(perp(funding=Funding.PREMIUM)), cash("a", 9000), held("a", 3))
    tick(store, 2000, mark=2020)
    events = accepted(store, commands.SetPrices(at(HOURS_8), (("ETH", 2000 * WAD),))).events
    (event,) = (e for e in events if e.kind is EventKind.FUNDING)
    assert (event.asset, event.price, event.value) == (PERP, PERCENT, 60 * WAD)


def test_a_fill_books_the_funding_of_the_side_it_leaves():
    """A long that becomes a short owes what the long paid, and nothing of what shorts got."""
    rules = rules_with(perp(funding=Funding.PREMIUM))
    store = opened(rules, cash("a", 9000), cash("b", 9000), held("a", 1), held("b", -1))
    tick(store, 2000, mark=2020)
    tick(store, 2000, seconds=HOURS_8, mark=2000)
    accepted(store, trade("a", "b", -2, 2000, seconds=HOURS_8))
    assert (equity(store, "a"), equity(store, "b")) == (8980, 9020)
    assert draft_of(store).account("a").positions[PERP].size == -ETHER
