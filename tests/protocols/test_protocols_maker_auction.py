"""Maker's auctions: prices only fall, purchases keep the dust limit, and every edge of the clip."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.maker_auction import (
    Auction,
    AuctionRefusal,
    AuctionRefused,
    AuctionRules,
    ExponentialFall,
    LinearFall,
    StairFall,
    Started,
    Taken,
    dust_limit_rad,
    feed_price_ray,
    keeper_reward_rad,
    kick,
    price_ray,
    redo,
    status,
    take,
    take_at,
)
from trimtab.units import RAY, WAD

RAD = WAD * RAY
RULES = AuctionRules(
    fall=StairFall(step_s=1, cut_ray=99 * 10**25),
    buffer_ray=125 * 10**25,
    reset_seconds=3600,
    reset_ratio_ray=3 * 10**26,
    reward_rad=100 * RAD,
    reward_wad=2 * 10**16,
    dust_rad=22 * RAD,
)
AUCTION = Auction(110 * RAD, 40 * WAD, 5 * RAY, 1000)

cuts = st.integers(min_value=9 * 10**26, max_value=RAY)
falls = st.one_of(
    st.builds(LinearFall, st.integers(1, 10**6)),
    st.builds(StairFall, st.integers(1, 1000), cuts),
    st.builds(ExponentialFall, cuts),
)


@given(falls, st.integers(1, 10**34), st.integers(0, 10**5), st.integers(0, 10**5))
def test_prices_only_fall(fall, top, early, later):
    first, second = sorted((early, later))
    assert price_ray(fall, top, seconds=0) == top
    assert price_ray(fall, top, seconds=first) >= price_ray(fall, top, seconds=second) >= 0


@given(st.integers(1, 10**34), cuts, st.integers(0, 10**5))
def test_the_exponential_is_a_stair_of_one_second(top, cut, seconds):
    stair = price_ray(StairFall(1, cut), top, seconds=seconds)
    assert price_ray(ExponentialFall(cut), top, seconds=seconds) == stair


def test_a_line_ends_at_zero_and_a_stair_waits_for_its_step():
    assert price_ray(LinearFall(3600), RAY, seconds=3599) == 277777777777777777777777
    assert price_ray(LinearFall(3600), RAY, seconds=3600) == 0
    stair = StairFall(90, 5 * 10**26)
    assert [price_ray(stair, 8, seconds=s) for s in (0, 89, 90, 179, 180)] == [8, 8, 4, 4, 2]


def test_a_kick_starts_at_the_feed_with_its_buffer_and_pays_the_keeper():
    feed = feed_price_ray(4 * WAD, RAY)
    started = kick(110 * RAD, 40 * WAD, feed_ray=feed, rules=RULES, now_s=1000)
    assert started == Started(AUCTION, 1022 * RAD // 10)
    assert keeper_reward_rad(1, replace(RULES, reward_rad=0)) == 0


@pytest.mark.parametrize(
    ("target", "lot", "feed", "breaker", "reason"),
    [
        (1, 1, RAY, 1, AuctionRefusal.STOPPED),
        (0, 1, RAY, 0, AuctionRefusal.ZERO_TARGET),
        (1, 0, RAY, 0, AuctionRefusal.ZERO_LOT),
        (1, 1, 0, 0, AuctionRefusal.ZERO_TOP_PRICE),
    ],
)
def test_what_a_kick_refuses(target, lot, feed, breaker, reason):
    rules = replace(RULES, breaker=breaker)
    refused = kick(target, lot, feed_ray=feed, rules=rules, now_s=0)
    assert isinstance(refused, AuctionRefused)
    assert refused.reason is reason


def test_a_reset_is_due_strictly_after_the_tail_or_below_the_cusp():
    line = replace(RULES, fall=LinearFall(7200), reset_ratio_ray=5 * 10**26)
    assert not status(AUCTION, line, now_s=4600).needs_reset
    assert status(AUCTION, line, now_s=4601).is_too_old
    slow = replace(line, reset_seconds=10**6)
    assert not status(AUCTION, slow, now_s=4600).is_too_cheap
    assert status(AUCTION, slow, now_s=4601).is_too_cheap


def test_a_redo_takes_the_feed_of_now_and_pays_for_auctions_worth_it():
    done = redo(AUCTION, RULES, feed_ray=3 * RAY, now_s=4601)
    assert isinstance(done, Started)
    assert done.auction == replace(AUCTION, top_ray=375 * 10**25, started_s=4601)
    assert done.reward_rad == keeper_reward_rad(AUCTION.target_rad, RULES)
    small = replace(AUCTION, target_rad=22 * RAD - 1)
    unpaid = redo(small, RULES, feed_ray=3 * RAY, now_s=4601)
    assert isinstance(unpaid, Started)
    assert unpaid.reward_rad == 0
    cheap = redo(AUCTION, RULES, feed_ray=RAY // 2, now_s=4601)
    assert isinstance(cheap, Started)
    assert cheap.reward_rad == 0


def test_what_a_redo_refuses():
    early = redo(AUCTION, RULES, feed_ray=RAY, now_s=1001)
    stopped = redo(AUCTION, replace(RULES, breaker=2), feed_ray=RAY, now_s=4601)
    worthless = redo(AUCTION, RULES, feed_ray=0, now_s=4601)
    for refused, reason in (
        (early, AuctionRefusal.CANNOT_RESET),
        (stopped, AuctionRefusal.STOPPED),
        (worthless, AuctionRefusal.ZERO_TOP_PRICE),
    ):
        assert isinstance(refused, AuctionRefused)
        assert refused.reason is reason
    assert isinstance(redo(AUCTION, replace(RULES, breaker=1), feed_ray=RAY, now_s=4601), Started)


def bought(amount: int, *, price_max: int = 5 * RAY, now: int = 1000, breaker: int = 0):
    rules = replace(RULES, breaker=breaker)
    return take(AUCTION, amount, price_max_ray=price_max, rules=rules, now_s=now)


def test_what_a_take_refuses():
    for refused, reason in (
        (bought(WAD, breaker=3), AuctionRefusal.STOPPED),
        (bought(WAD, now=4601), AuctionRefusal.NEEDS_RESET),
        (bought(WAD, price_max=5 * RAY - 1), AuctionRefusal.TOO_EXPENSIVE),
    ):
        assert isinstance(refused, AuctionRefused)
        assert refused.reason is reason
    assert isinstance(bought(WAD, breaker=2), Taken)


def test_a_purchase_below_the_target_leaves_the_rest_running():
    taken = bought(11 * WAD)
    assert isinstance(taken, Taken)
    assert (taken.owed_rad, taken.slice, taken.returned) == (55 * RAD, 11 * WAD, 0)
    assert taken.auction == replace(AUCTION, target_rad=55 * RAD, lot=29 * WAD)
    assert taken.freed_rad == 55 * RAD


def test_a_purchase_above_the_target_returns_the_rest_to_the_owner():
    taken = bought(25 * WAD)
    assert isinstance(taken, Taken)
    assert (taken.owed_rad, taken.slice) == (110 * RAD, 22 * WAD)
    assert taken.returned == 18 * WAD
    assert taken.auction is None


def test_a_purchase_is_cut_so_that_the_dust_limit_stays():
    taken = bought(18 * WAD)
    assert isinstance(taken, Taken)
    assert taken.kept_dust
    assert (taken.owed_rad, taken.slice) == (88 * RAD, 176 * 10**17)
    assert taken.auction is not None
    assert taken.auction.target_rad == RULES.dust_rad
    exact = bought(176 * 10**17)
    assert isinstance(exact, Taken)
    assert not exact.kept_dust


def test_an_emptied_lot_ends_the_auction_and_its_loss_stays():
    taken = take_at(AUCTION, 40 * WAD, price=2 * RAY, dust_rad=RULES.dust_rad)
    assert isinstance(taken, Taken)
    assert taken.auction is None
    assert taken.unpaid_rad == 30 * RAD
    assert taken.freed_rad == AUCTION.target_rad


def test_at_the_dust_limit_it_is_all_or_nothing():
    small = replace(AUCTION, target_rad=RULES.dust_rad)
    refused = take_at(small, WAD, price=5 * RAY, dust_rad=RULES.dust_rad)
    assert isinstance(refused, AuctionRefused)
    assert refused.reason is AuctionRefusal.NO_PARTIAL_PURCHASE
    assert isinstance(take_at(small, 40 * WAD, price=5 * RAY, dust_rad=RULES.dust_rad), Taken)


@given(
    st.integers(1, 200),
    st.integers(1, 10**20),
    st.integers(1, 10**20),
    st.integers(0, 10**28),
    st.integers(0, 50),
)
def test_a_purchase_conserves_lot_and_target(target, lot, amount, price, dust):
    auction = Auction(target * RAD, lot, RAY, 0)
    taken = take_at(auction, amount, price=price, dust_rad=dust * RAD)
    if isinstance(taken, AuctionRefused):
        assert auction.target_rad <= dust * RAD
        return
    rest = taken.auction
    left_lot, left_target = (rest.lot, rest.target_rad) if rest else (0, 0)
    assert taken.slice + taken.returned + left_lot == lot
    assert taken.owed_rad + taken.unpaid_rad + left_target == auction.target_rad
    assert taken.slice <= min(lot, amount)
    assert taken.slice * price <= taken.owed_rad < (taken.slice + 1) * price or price == 0
    assert rest is None or rest.target_rad >= dust * RAD or taken.owed_rad == 0


def test_the_cached_dust_limit_is_dust_with_penalty():
    assert dust_limit_rad(20 * RAD, 11 * 10**17) == 22 * RAD
