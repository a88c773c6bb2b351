"""Maker's vaults: safety, the dog's limits and dust, the jug, and the vow's balance sheet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.maker import (
    AuctionRoom,
    Bark,
    MakerRefusal,
    Refused,
    Vault,
    VaultType,
    accrued_index_ray,
    adjust,
    health,
    liquidate,
    safety_price_ray,
)
from trimtab.protocols.maker_vow import (
    Vow,
    VowAuction,
    VowRefusal,
    VowRefused,
    VowRules,
    heal,
    push,
    receive,
    release,
    reward,
    settle_auctioned,
    start_debt_auction,
    start_surplus_auction,
)
from trimtab.units import RAY, WAD

RAD = WAD * RAY
TERMS = VaultType(
    index_ray=RAY,
    safety_price_ray=2 * RAY,
    dust_rad=20 * RAD,
    penalty_wad=11 * 10**17,
    hole_rad=1000 * RAD,
)
WIDE = AuctionRoom(1000 * RAD, 0)

amounts = st.integers(min_value=0, max_value=10**30)
rates = st.integers(min_value=RAY, max_value=3 * RAY)


def unsafe_vault(collateral: int = 40 * WAD, shares: int = 100 * WAD) -> Vault:
    return Vault(collateral, shares)


def test_equality_is_safe_and_one_unit_more_of_debt_is_not():
    edge = Vault(50 * WAD, 100 * WAD)
    assert health(edge, TERMS).is_safe
    assert health(edge, TERMS).excess_rad == 0
    beyond = health(Vault(50 * WAD, 100 * WAD + 1), TERMS)
    assert not beyond.is_safe
    assert beyond.is_liquidatable


def test_an_invalid_feed_makes_a_vault_unsafe_and_not_liquidatable():
    checked = health(unsafe_vault(), replace(TERMS, safety_price_ray=0))
    assert not checked.is_safe
    assert not checked.is_liquidatable


def test_the_safety_price_is_floored_after_each_division():
    assert safety_price_ray(200 * WAD, RAY, ratio_ray=15 * 10**26) == 133333333333333333333333333333
    twice = safety_price_ray(WAD, 3 * RAY, ratio_ray=3 * RAY)
    assert twice == 111111111111111111111111111


def test_the_index_grows_by_the_half_up_power():
    rate = 1000000001547125957863212448
    grown = accrued_index_ray(RAY, rate, seconds=31_536_000)
    assert abs(grown - 105 * 10**25) < 10**16
    assert accrued_index_ray(RAY + 7, rate, seconds=0) == RAY + 7


def test_a_whole_vault_goes_where_there_is_room():
    bark = liquidate(unsafe_vault(), TERMS, limits=WIDE)
    assert isinstance(bark, Bark)
    assert (bark.lot, bark.debt_shares) == (40 * WAD, 100 * WAD)
    assert bark.target_rad == 110 * RAD
    assert bark.due_rad == 100 * RAD
    assert bark.vault == Vault(0, 0)
    assert bark.terms.on_auction_rad == bark.limits.on_auction_rad == 110 * RAD
    assert not bark.takes_dust


def test_the_smaller_room_limits_what_is_taken():
    bark = liquidate(unsafe_vault(), replace(TERMS, hole_rad=55 * RAD), limits=WIDE)
    assert isinstance(bark, Bark)
    assert bark.debt_shares == 50 * WAD
    assert bark.lot == 20 * WAD
    global_room = AuctionRoom(60 * RAD, 38 * RAD)
    small = liquidate(unsafe_vault(), TERMS, limits=global_room)
    assert isinstance(small, Bark)
    assert small.room_rad == 22 * RAD
    assert small.debt_shares == 20 * WAD


def test_a_dusty_rest_is_taken_along_past_the_limit():
    terms = replace(TERMS, hole_rad=100 * RAD)
    bark = liquidate(unsafe_vault(), terms, limits=WIDE)
    assert isinstance(bark, Bark)
    assert bark.takes_dust
    assert bark.target_rad == 110 * RAD > terms.hole_rad


def test_a_rest_of_exactly_dust_stays():
    terms = replace(TERMS, hole_rad=88 * RAD)
    bark = liquidate(unsafe_vault(), terms, limits=WIDE)
    assert isinstance(bark, Bark)
    assert bark.vault.debt_shares * RAY == TERMS.dust_rad
    assert not bark.takes_dust


@pytest.mark.parametrize(
    ("vault", "terms", "limits", "reason"),
    [
        (Vault(50 * WAD, 100 * WAD), TERMS, WIDE, MakerRefusal.NOT_UNSAFE),
        (Vault(1, 0), TERMS, WIDE, MakerRefusal.NOT_UNSAFE),
        (unsafe_vault(), TERMS, AuctionRoom(5 * RAD, 5 * RAD), MakerRefusal.LIMIT_HIT),
        (unsafe_vault(), replace(TERMS, on_auction_rad=10**60), WIDE, MakerRefusal.LIMIT_HIT),
        (unsafe_vault(), TERMS, AuctionRoom(21 * RAD, 0), MakerRefusal.DUSTY_AUCTION),
        (Vault(0, 100 * WAD), TERMS, WIDE, MakerRefusal.NULL_AUCTION),
    ],
)
def test_what_the_dog_refuses(vault, terms, limits, reason):
    refused = liquidate(vault, terms, limits=limits)
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@given(amounts, amounts, rates, st.integers(0, 10**50), st.integers(WAD, 2 * WAD))
def test_a_bark_takes_no_more_than_there_is_and_rounds_down(ink, art, rate, hole, chop):
    terms = replace(TERMS, index_ray=rate, hole_rad=hole, penalty_wad=chop)
    vault = Vault(ink, art)
    bark = liquidate(vault, terms, limits=AuctionRoom(10**60, 0))
    if isinstance(bark, Refused):
        return
    assert 0 < bark.lot <= ink
    assert bark.lot + bark.vault.collateral == ink
    assert bark.debt_shares + bark.vault.debt_shares == art
    assert bark.lot * art <= ink * bark.debt_shares < (bark.lot + 1) * art
    assert bark.due_rad <= bark.target_rad
    assert bark.takes_dust or bark.target_rad <= hole
    left = bark.vault.debt_shares * rate
    assert left == 0 or left >= terms.dust_rad


@given(amounts, amounts, rates)
def test_liquidatable_and_safe_exclude_one_another(ink, art, rate):
    checked = health(Vault(ink, art), replace(TERMS, index_ray=rate))
    assert checked.is_safe != checked.is_liquidatable
    assert checked.is_safe == (checked.excess_rad >= 0)


def changed(vault: Vault, collateral: int, *, shares: int, ceiling: int = 10**60):
    terms = replace(TERMS, ceiling_rad=500 * RAD, total_shares=400 * WAD)
    return adjust(
        vault,
        terms,
        collateral_change=collateral,
        shares_change=shares,
        total_debt_rad=900 * RAD,
        total_ceiling_rad=ceiling,
    )


def test_drawing_is_held_to_both_ceilings_safety_and_dust():
    vault = Vault(200 * WAD, 50 * WAD)
    assert changed(vault, 0, shares=100 * WAD) == Vault(200 * WAD, 150 * WAD)
    over = changed(vault, 0, shares=100 * WAD + 1)
    assert isinstance(over, Refused)
    assert over.reason is MakerRefusal.CEILING_EXCEEDED
    system = changed(vault, 0, shares=WAD, ceiling=900 * RAD)
    assert isinstance(system, Refused)
    assert system.reason is MakerRefusal.CEILING_EXCEEDED
    unsafe = changed(vault, -180 * WAD, shares=0)
    assert isinstance(unsafe, Refused)
    assert unsafe.reason is MakerRefusal.NOT_SAFE
    dusty = changed(vault, 0, shares=-31 * WAD)
    assert isinstance(dusty, Refused)
    assert dusty.reason is MakerRefusal.DUST
    assert changed(vault, 0, shares=-50 * WAD) == Vault(200 * WAD, 0)


def test_an_unsafe_vault_may_always_become_less_risky():
    assert changed(unsafe_vault(), WAD, shares=0) == Vault(41 * WAD, 100 * WAD)
    assert changed(unsafe_vault(), 0, shares=-10 * WAD) == Vault(40 * WAD, 90 * WAD)


VOW_RULES = VowRules(
    wait_seconds=100,
    debt_bid_rad=50 * RAD,
    debt_lot=250 * WAD,
    surplus_lot_rad=10 * RAD,
    buffer_rad=500 * RAD,
)


def test_queued_debt_is_auctioned_after_the_wait_and_without_surplus():
    vow = push(Vow(), 100 * RAD, now_s=1000)
    assert vow.free_debt_rad == 0
    early = release(vow, 1000, rules=VOW_RULES, now_s=1099)
    assert isinstance(early, VowRefused)
    assert early.reason is VowRefusal.WAIT_NOT_FINISHED
    freed = release(vow, 1000, rules=VOW_RULES, now_s=1100)
    assert isinstance(freed, Vow)
    assert freed.free_debt_rad == 100 * RAD
    rich = start_debt_auction(receive(freed, 1), VOW_RULES)
    assert isinstance(rich, VowRefused)
    assert rich.reason is VowRefusal.SURPLUS_NOT_ZERO
    flop = start_debt_auction(freed, VOW_RULES)
    assert isinstance(flop, VowAuction)
    assert (flop.lot, flop.bid_rad) == (250 * WAD, 50 * RAD)
    assert flop.vow.free_debt_rad == 50 * RAD


def test_a_debt_auction_needs_its_whole_bid_of_free_debt():
    vow = reward(Vow(), 50 * RAD - 1)
    refused = start_debt_auction(vow, VOW_RULES)
    assert isinstance(refused, VowRefused)
    assert refused.reason is VowRefusal.INSUFFICIENT_DEBT


def test_surplus_is_auctioned_above_the_buffer_and_all_debt():
    vow = receive(push(Vow(), 7 * RAD, now_s=0), 517 * RAD)
    flap = start_surplus_auction(vow, VOW_RULES)
    assert isinstance(flap, VowAuction)
    assert (flap.lot, flap.bid_rad) == (10 * RAD, 0)
    assert flap.vow.surplus_rad == 507 * RAD
    short = start_surplus_auction(replace(vow, surplus_rad=517 * RAD - 1), VOW_RULES)
    assert isinstance(short, VowRefused)
    assert short.reason is VowRefusal.INSUFFICIENT_SURPLUS
    indebted = start_surplus_auction(replace(vow, queue=()), VOW_RULES)
    assert isinstance(indebted, VowRefused)
    assert indebted.reason is VowRefusal.DEBT_NOT_ZERO


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_healing_cancels_equal_amounts_or_nothing(surplus, debt, auctioned, amount):
    vow = Vow(surplus_rad=surplus, bad_debt_rad=debt + auctioned, on_auction_rad=auctioned)
    for after, room in ((heal(vow, amount), debt), (settle_auctioned(vow, amount), auctioned)):
        if amount > min(surplus, room):
            assert isinstance(after, VowRefused)
            continue
        assert isinstance(after, Vow)
        assert after.surplus_rad == surplus - amount
        assert after.bad_debt_rad == vow.bad_debt_rad - amount
        assert after.free_debt_rad >= 0
