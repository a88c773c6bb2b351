"""Fees, prices, limits, orders and own leverage: what an account may do in a market."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    cash,
    contracts,
    draft_of,
    equity,
    funds,
    held,
    inverse,
    opened,
    perp,
    position,
    rules_with,
    state_of,
    sums_at,
    tick,
    trade,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine import account_sums, step
from trimtab.engine.perps.fills import pool_price_wad
from trimtab.engine.perps.settlement import realize
from trimtab.model import Accepted, EventKind, MarketState, Reason, Table, commands
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

HOLDER = "@market/ETH-PERP"


def two(market=None, **sections):
    """a and b with 2,000 dollars each."""
    return opened(rules_with(market, **sections), cash("a", 2000), cash("b", 2000))


def kinds(outcome) -> list[EventKind]:
    return [event.kind for event in outcome.events]


def test_a_fee_goes_to_the_fund_and_the_maker_s_is_its_own():
    store = two(perp(taker_fee_wad=10**15, maker_fee_wad=2 * 10**14), **funds(insurance=5))
    outcome = accepted(store, trade("a", "b", 1, 2000))
    fees = {e.account: -e.quantity for e in outcome.events if e.kind is EventKind.TRADE_FEE}
    assert fees == {"a": 2 * DOLLAR, "b": 4 * DOLLAR // 10}
    assert equity(store, "@insurance") == pytest.approx(7.4)


def test_the_pool_pays_no_fee_and_needs_no_margin():
    store = two(perp(taker_fee_wad=10**15, maker_fee_wad=10**15, pool_balance_wad=0))
    outcome = accepted(store, trade("a", POOL, 9, 2000))
    assert kinds(outcome).count(EventKind.TRADE_FEE) == 1
    assert position(store, POOL).size == -9 * ETHER
    assert (state_of(store).long, state_of(store).short) == (9 * ETHER, 0)


@pytest.mark.parametrize(
    ("long", "short", "size", "expected"),
    [(0, 0, 10, 105), (0, 0, -10, 95), (20, 0, 10, 125), (20, 0, -20, 110), (0, 50, 10, 55)],
)
def test_the_pool_s_price_goes_with_the_mean_of_the_skew(long, short, size, expected):
    """A premium of skew / 100, half-way between before and after (Synthetix v3)."""
    rules = perp(skew_scale=100)
    found = pool_price_wad(rules, MarketState(PERP, long, short), size=size, price_wad=100 * WAD)
    assert found == expected * WAD


@given(
    skew=st.integers(-(10**9), 10**9),
    size=st.integers(-(10**9), 10**9).filter(bool),
    price=st.integers(1, 10**24),
)
def test_a_round_trip_with_the_pool_never_gains(skew, size, price):
    rules = perp(skew_scale=10**10)
    before = MarketState(PERP, max(0, skew), max(0, -skew))
    after = skew + size
    bought = pool_price_wad(rules, before, size=size, price_wad=price)
    there = MarketState(PERP, max(0, after), max(0, -after))
    sold = pool_price_wad(rules, there, size=-size, price_wad=price)
    assert size * (sold - bought) <= 0
    assert abs(sold - bought) <= 1


def test_a_taker_of_the_pool_names_its_worst_price():
    store = two(perp(skew_scale=1000 * ETHER))
    beyond = trade("a", POOL, 4, 2003.9)
    assert refused(store, beyond) is Reason.PRICE_BEYOND_LIMIT
    accepted(store, trade("a", POOL, 4, 2004))
    assert refused(store, trade("a", POOL, -4, 2004.1)) is Reason.PRICE_BEYOND_LIMIT
    accepted(store, trade("a", POOL, -4, 2004))
    assert equity(store, "a") == 2000


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (trade("a", "b", 0, 2000), Reason.AMOUNT_NOT_POSITIVE),
        (trade("a", "a", 1, 2000), Reason.SELF_LIQUIDATION),
        (trade("a", "b", 1, 0), Reason.PRICE_INVALID),
        (trade("a", "nobody", 1, 2000), Reason.UNKNOWN_ACCOUNT),
        (trade("nobody", "b", 1, 2000), Reason.UNKNOWN_ACCOUNT),
        (trade("a", "@suppliers", 1, 2000), Reason.UNKNOWN_ACCOUNT),
        (trade(POOL, "a", 1, 2000), Reason.UNKNOWN_ACCOUNT),
        (trade("a", "b", 11, 2000), Reason.INITIAL_MARGIN),
        (trade("a", "b", -11, 2000), Reason.INITIAL_MARGIN),
        (replace(trade("a", "b", 1, 2000), market="NONE"), Reason.UNKNOWN_MARKET),
    ],
)
def test_what_is_no_trade_is_refused(command, reason):
    assert refused(two(), command) is reason


def test_ten_times_the_margin_is_the_most():
    store = two()
    accepted(store, trade("a", "b", 10, 2000))
    assert sums_at(store, "a").excess_initial == 0
    assert refused(store, trade("a", "b", 0.001, 2000)) is Reason.INITIAL_MARGIN


def test_profits_do_not_buy_leverage():
    """Ten longs gain 1,000: nothing of it counts for the next, unless the rules say so."""
    for weight, reason in ((0, Reason.INITIAL_MARGIN), (WAD, None)):
        store = opened(
            rules_with(perp(initial_gain_weight_wad=weight)), cash("a", 2000), cash("b", 9000)
        )
        accepted(store, trade("a", "b", 9, 2000))
        tick(store, 2100)
        more = trade("a", "b", 2, 2100)
        if reason is None:
            accepted(store, more)
        else:
            assert refused(store, more) is reason


def test_a_gain_counts_up_to_its_cap():
    market = perp(initial_gain_weight_wad=WAD, gain_cap_wad=100 * WAD)
    store = opened(rules_with(market), cash("a", 2000), held("a", 5), cash("b", 2000))
    tick(store, 2100)
    assert sums_at(store, "a").initial == 2100 * 10**72
    assert sums_at(store, "a").maintenance == 2500 * 10**72


def test_a_reduction_below_the_initial_level_is_allowed_at_a_fair_price_only():
    store = opened(rules_with(), cash("a", 1000), held("a", 9), cash("b", 10**6))
    assert sums_at(store, "a").excess_initial < 0
    accepted(store, trade("a", "b", -1, 2000))
    # 200 of margin come free a coin; a price that takes 201 of them makes it worse.
    assert refused(store, trade("a", "b", -1, 1799)) is Reason.INITIAL_MARGIN


def test_a_reduction_cannot_hand_the_last_equity_to_a_friend():
    """Closing all at a bad price frees the requirement and leaves a loss to others: refused."""
    store = opened(rules_with(), cash("a", 900), held("a", 5), cash("friend", 10**6))
    tick(store, 1840)
    assert equity(store, "a") == 100
    worse = trade("a", "friend", -5, 1800)
    assert refused(store, worse) is Reason.INITIAL_MARGIN
    # A part at a price that leaves less equity for what stays than before: refused as well.
    assert refused(store, trade("a", "friend", -2.5, 1810)) is Reason.INITIAL_MARGIN
    accepted(store, trade("a", "friend", -5, 1821))
    assert equity(store, "a") == pytest.approx(5)


@settings(max_examples=60)
@given(part=st.integers(1, 100), price=st.integers(1500, 2000), margin=st.integers(820, 1400))
def test_no_reduction_makes_a_loss_for_others(part, price, margin):
    store = opened(rules_with(), cash("a", margin), held("a", 5), cash("b", 10**6))
    tick(store, 1840)
    before = sums_at(store, "a")
    outcome = step(store, trade("a", "b", -5 * part / 100, price))
    if isinstance(outcome, Accepted):
        store.apply(outcome)
        assert sums_at(store, "a").equity >= min(0, before.equity)


def test_open_interest_stops_at_its_cap_and_may_always_fall():
    store = opened(rules_with(perp(oi_cap_wad=10_000 * WAD)), cash("a", 9000), cash("b", 9000))
    accepted(store, trade("a", "b", 5, 2000))
    assert refused(store, trade("a", "b", 0.001, 2000)) is Reason.OPEN_INTEREST_CAP
    tick(store, 3000)
    accepted(store, trade("a", "b", -1, 3000))
    assert refused(store, trade("a", "b", 0.5, 3000)) is Reason.OPEN_INTEREST_CAP


def test_orders_count_at_their_worst_side():
    store = two()
    accepted(store, commands.SetOrders(at(0), "a", PERP, 4 * ETHER, 9 * ETHER))
    assert sums_at(store, "a").requirement_initial == 1800 * 10**72
    assert sums_at(store, "a").requirement_maintenance == 0
    accepted(store, trade("a", "b", 3, 2000))
    # Three long: seven if all bids fill, six short if all asks do.
    assert sums_at(store, "a").requirement_initial == 1400 * 10**72


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        (11, 0, Reason.INITIAL_MARGIN),
        (0, 11, Reason.INITIAL_MARGIN),
        (-1, 0, Reason.AMOUNT_NOT_POSITIVE),
        (0, 1 << 260, Reason.AMOUNT_NOT_POSITIVE),
    ],
)
def test_orders_beyond_the_margin_are_refused(bids, asks, reason):
    size = (bids * ETHER if bids < 1000 else bids, asks * ETHER if asks < 1000 else asks)
    assert refused(two(), commands.SetOrders(at(0), "a", PERP, *size)) is reason


def test_fewer_orders_are_always_allowed():
    store = two()
    accepted(store, commands.SetOrders(at(0), "a", PERP, 5 * ETHER, 0))
    accepted(store, trade("a", "b", 5, 2000))
    tick(store, 1700)
    accepted(store, commands.SetOrders(at(0), "a", PERP, ETHER, 0))
    accepted(store, commands.SetOrders(at(0), "a", PERP, 0, 0))
    assert draft_of(store).account("a").orders == {}


def test_an_account_may_ask_more_of_itself_and_take_it_back():
    store = two()
    accepted(store, commands.SetLeverage(at(0), "a", PERP, 50 * PERCENT))
    assert refused(store, trade("a", "b", 3, 2000)) is Reason.INITIAL_MARGIN
    accepted(store, trade("a", "b", 2, 2000))
    asked = commands.SetLeverage(at(0), "a", PERP, 51 * PERCENT)
    assert refused(store, asked) is Reason.INITIAL_MARGIN
    # Less than the market asks changes nothing.
    accepted(store, commands.SetLeverage(at(0), "a", PERP, PERCENT))
    accepted(store, trade("a", "b", 8, 2000))
    assert refused(store, trade("a", "b", 1, 2000)) is Reason.INITIAL_MARGIN


@pytest.mark.parametrize("rate", [-1, WAD + 1])
def test_an_own_rate_is_a_share(rate):
    asked = commands.SetLeverage(at(0), "a", PERP, rate)
    assert refused(two(), asked) is Reason.RULE_OUT_OF_BOUNDS


def test_a_restricted_account_takes_no_new_risk():
    store = two()
    accepted(store, trade("a", "b", 9, 2000))
    account = replace(draft_of(store).account("a"), restricted=True, called_ns=at(0))
    store.apply(Accepted({(Table.ACCOUNT, "a"): account}, ()))
    tick(store, 1900)
    assert refused(store, trade("a", "b", 0.1, 1900)) is Reason.RESTRICTED
    bids = commands.SetOrders(at(0), "a", PERP, 1, 0)
    assert refused(store, bids) is Reason.RESTRICTED
    accepted(store, trade("a", "b", -0.1, 1900))


def test_realizing_leaves_the_equity_but_for_a_unit():
    store = opened(rules_with(), cash("a", 900), held("a", 1), cash("b", 900), held("b", -1))
    tick(store, 1900)
    before = sums_at(store, "a").equity
    draft = draft_of(store)
    assert realize(draft, "a", market=PERP, exact=-(10**56) - 1) == -100_000_001
    lost = before - account_sums(draft.account("a"), draft).equity
    assert 0 <= lost <= 10**48
    assert draft.account(HOLDER).supply["USD"] > 0


def test_an_inverse_trade_realizes_the_asset():
    """20,000 contracts from 2,000 to 2,500: ten ether less eight."""
    ether = {key: replace(cash(key, 0), instrument="ETH", quantity=9 * ETHER) for key in "ab"}
    store = opened(
        rules_with(inverse()), *ether.values(), contracts("a", 20_000), contracts("b", -20_000)
    )
    tick(store, 2500)
    close = commands.Trade(at(0), PERP, "b", "a", 20_000 * DOLLAR, 2500 * WAD)
    accepted(store, close)
    assert equity(store, "a") == pytest.approx(11 * 2500)
    assert equity(store, "b") == pytest.approx(7 * 2500)


def test_settling_an_inverse_gain_does_not_change_what_it_is_worth():
    """At a mark above the index a claim in ether is worth the index, paid out or not."""
    ether = {key: replace(cash(key, 0), instrument="ETH", quantity=9 * ETHER) for key in "ab"}
    store = opened(
        rules_with(inverse()), *ether.values(), contracts("a", 20_000), contracts("b", -20_000)
    )
    tick(store, 2000, mark=2100)
    before = equity(store, "a")
    close = commands.Trade(at(0), PERP, "b", "a", 20_000 * DOLLAR, 2100 * WAD)
    accepted(store, close)
    assert equity(store, "a") == pytest.approx(before, abs=1e-9)
