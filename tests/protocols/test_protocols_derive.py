"""Derive's standard margin and auction: numbers worked by hand, and what must always hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.protocols import derive_auction as auction
from trimtab.protocols import derive_standard as standard
from trimtab.protocols.derive_portfolio_rules import OptionPosition
from trimtab.protocols.derive_standard_presets import DEPLOYED_BTC, TEST_DEPEG, TEST_RULES
from trimtab.units import WAD

CENT = WAD // 100
DAY = 86400

options = st.builds(
    OptionPosition,
    strike_wad=st.integers(500, 4000).map(lambda n: n * WAD),
    is_call=st.booleans(),
    amount_wad=st.integers(-50, 50).map(lambda n: n * WAD // 10),
    vol_wad=st.integers(10, 200).map(lambda n: n * CENT),
)


def expiry_of(*held, confidence=WAD):
    return standard.StandardExpiry(7 * DAY, 1500 * WAD, confidence, tuple(held))


def market_of(**held):
    return standard.StandardMarket(**{"rules": TEST_RULES, "spot_wad": 1500 * WAD, **held})


def net(*markets, cash=0, stable=WAD, is_initial=True):
    return standard.margin(
        markets, cash, stable_price_wad=stable, depeg=TEST_DEPEG, is_initial=is_initial
    ).net_wad


def test_a_perpetual_needs_its_share_of_notional():
    held = market_of(perp_size_wad=-2 * WAD, perp_price_wad=1000 * WAD, perp_cash_wad=7 * WAD)
    assert net(held, cash=WAD) == (1 + 7 - 200) * WAD
    assert net(held, cash=WAD, is_initial=False) == (1 + 7 - 130) * WAD


def test_base_collateral_is_weighted_and_doubt_is_charged():
    held = market_of(base_wad=WAD)
    assert net(held) == 150 * WAD
    doubted = replace(held, spot_confidence_wad=15 * CENT)
    assert net(doubted) == (150 - 510) * WAD
    assert net(doubted, is_initial=False) == 150 * WAD
    assert net(replace(held, rules=DEPLOYED_BTC), is_initial=False) == 1125 * WAD


def test_a_long_option_neither_needs_nor_gives_margin():
    held = expiry_of(OptionPosition(1500 * WAD, True, WAD, WAD))
    assert net(market_of(expiries=(held,))) == 0


def test_a_call_spread_needs_its_greatest_loss():
    low = OptionPosition(1100 * WAD, True, -WAD, WAD)
    high = OptionPosition(1300 * WAD, True, WAD, WAD)
    assert net(market_of(expiries=(expiry_of(low, high),))) == -200 * WAD


def test_the_depeg_charges_perpetuals_and_shorts():
    short = OptionPosition(10**6 * WAD, True, -WAD, CENT)
    held = market_of(perp_size_wad=WAD, expiries=(expiry_of(short),))
    assert net(held, stable=88 * CENT) - net(held) == -360 * WAD  # 2 * 0.1 * 1.2 * 1500
    assert net(held, stable=88 * CENT, is_initial=False) == net(held, is_initial=False)


def test_low_confidence_charges_short_options_only():
    short = OptionPosition(1500 * WAD, False, -WAD, WAD)
    fine, low = expiry_of(short), expiry_of(short, confidence=39 * CENT)
    charge = net(market_of(expiries=(fine,))) - net(market_of(expiries=(low,)))
    assert charge == 366 * WAD  # 0.61 * 0.4 * 1500
    longs = expiry_of(replace(short, amount_wad=WAD), confidence=0)
    assert net(market_of(expiries=(longs,))) == 0


@settings(max_examples=50)
@given(st.lists(options, min_size=1, max_size=4))
def test_initial_is_never_easier_than_maintenance(held):
    found = market_of(expiries=(expiry_of(*held),))
    assert net(found) <= net(found, is_initial=False)
    assert net(found) <= 0


@settings(max_examples=50)
@given(st.lists(options, min_size=1, max_size=4))
def test_netting_in_an_expiry_never_needs_more(held):
    together = net(market_of(expiries=(expiry_of(*held),)))
    apart = sum(net(market_of(expiries=(expiry_of(one),))) for one in held)
    assert together >= apart - 10
    turned = net(market_of(expiries=(expiry_of(*held[::-1]),)))
    assert turned == together


RULES = auction.AuctionRules(
    start_wad=WAD,
    cutoff_wad=80 * CENT,
    fast_seconds=600,
    slow_seconds=7200,
    insolvent_seconds=600,
    buffer_wad=10 * CENT,
)


@pytest.mark.parametrize(
    ("elapsed_s", "expected"),
    [(0, 100), (300, 90), (600, 80), (960, 76), (4200, 40), (7800, 0), (99999, 0)],
)
def test_the_discount_falls_in_two_legs(elapsed_s, expected):
    assert auction.discount_wad(RULES, elapsed_s) == expected * CENT


def test_the_slow_leg_moves_in_steps_as_the_contract_does():
    # 0.8 * 601 = 480.8 is cut to 480 before the division.
    assert auction.discount_wad(RULES, 1201) == 80 * CENT - 480 * WAD // 7200


def test_a_share_brings_the_account_to_its_buffer():
    standing = auction.Standing(-100 * WAD, 300 * WAD)
    assert auction.buffer_margin_wad(standing, RULES) == -140 * WAD
    assert auction.max_share_wad(standing, RULES, discount_wad=90 * CENT) == WAD * 140 // 410
    bid = auction.bid_solvent(standing, RULES, elapsed_s=300, share_wad=WAD)
    assert (bid.share_wad, bid.ends) == (WAD * 140 // 410, True)
    assert bid.cash_wad == 270 * WAD * bid.share_wad // WAD
    small = auction.bid_solvent(standing, RULES, elapsed_s=300, share_wad=CENT)
    assert (small.cash_wad, small.ends) == (270 * CENT, False)
    assert small.bidder_cash_min_wad == (270 + 140) * CENT


@given(st.integers(-(10**6), -1), st.integers(1, 10**6), st.integers(0, 7799))
def test_after_the_largest_bid_the_buffer_is_met(maintenance, mark, elapsed_s):
    standing = auction.Standing(maintenance * WAD, mark * WAD)
    bid = auction.bid_solvent(standing, RULES, elapsed_s=elapsed_s, share_wad=WAD)
    if isinstance(bid, auction.Refused):
        assert bid.reason is auction.AuctionRefusal.SOLVENT_AUCTION_ENDED
        return
    left = WAD - bid.share_wad
    buffer = auction.buffer_margin_wad(standing, RULES)
    # What is left of the buffer shortfall is covered by the cash; one unit of share is 1e-18.
    assert abs(buffer * left + bid.cash_wad * WAD) <= (abs(buffer) + mark * WAD) + 2 * WAD


def test_an_insolvent_account_pays_its_bidder_from_the_module_first():
    standing = auction.Standing(-300 * WAD, -100 * WAD)
    assert auction.start_is_solvent(standing) is False
    bid = auction.bid_insolvent(
        standing, RULES, elapsed_s=12, share_wad=WAD // 2, module_cash_wad=50 * WAD
    )
    assert (bid.cash_wad, bid.from_module_wad, bid.socialized_wad) == (
        -52 * WAD,
        50 * WAD,
        2 * WAD,
    )
    assert auction.insolvent_payout_wad(standing, RULES, elapsed_s=600) == 300 * WAD
    assert auction.insolvent_payout_wad(auction.Standing(0, 0), RULES, elapsed_s=9) == 0


def test_refusals_say_why():
    sound = auction.start_is_solvent(auction.Standing(0, WAD))
    assert sound == auction.Refused(auction.AuctionRefusal.NOT_UNDER_MAINTENANCE, 0, -1)
    over = auction.Standing(-WAD, WAD, reserved_cash_wad=2 * WAD)
    found = auction.bid_solvent(over, RULES, elapsed_s=0, share_wad=WAD)
    assert found.reason is auction.AuctionRefusal.RESERVED_CASH_ABOVE_MARK


def test_the_fee_is_a_part_of_what_is_sold():
    standing = auction.Standing(-100 * WAD, 300 * WAD)
    rules = replace(RULES, fee_wad=10 * CENT)
    assert auction.liquidation_fee_wad(standing, rules) == 300 * (WAD * 140 // 440) // 10
    assert auction.liquidation_fee_wad(auction.Standing(-WAD, 0), rules) == 0


def test_withdrawals_wait_for_the_module():
    assert auction.is_withdrawal_blocked(2, 1)
    assert not auction.is_withdrawal_blocked(2, 2)
    assert not auction.is_withdrawal_blocked(0, -1)
