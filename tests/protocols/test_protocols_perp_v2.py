"""Perp v2: numbers by hand at every threshold of the contracts, and what must always hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import perp_v2
from trimtab.protocols.perp_v2 import (
    PerpAccount,
    PerpPosition,
    PerpRefusal,
    PerpRules,
    Refused,
)
from trimtab.units import WAD

RULES = PerpRules()


def position(size, opened, price):
    return PerpPosition(size * WAD, opened * WAD, price * WAD)


def account(collateral, *positions):
    return PerpAccount(collateral * WAD, positions)


positions = st.builds(
    PerpPosition,
    size_wad=st.integers(-(10**4), 10**4).map(lambda n: n * WAD // 10),
    open_notional_wad=st.integers(-(10**6), 10**6).map(lambda n: n * WAD // 10),
    price_wad=st.integers(1, 5000).map(lambda n: n * WAD),
)
accounts = st.builds(
    PerpAccount,
    collateral_wad=st.integers(-(10**5), 10**5).map(lambda n: n * WAD),
    positions=st.lists(positions, min_size=1, max_size=3).map(tuple),
)


def test_a_long_is_liquidatable_below_six_and_a_quarter_percent():
    # 10 bought at 100 for 1000; at 94 the value is 940, the account 100 - 60 = 40 < 58.75.
    found = perp_v2.health(account(100, position(10, -1000, 94)), RULES)
    assert found.account_value_wad == 40 * WAD
    assert found.requirement_wad == 58 * WAD + WAD * 3 // 4
    assert found.is_liquidatable
    assert not perp_v2.health(account(119, position(10, -1000, 94)), RULES).is_liquidatable


def test_equality_is_safe():
    held = account(0, PerpPosition(16 * WAD, -1500 * WAD, 100 * WAD))
    found = perp_v2.health(held, RULES)
    assert found.account_value_wad == found.requirement_wad == 100 * WAD
    assert not found.is_liquidatable


def test_initial_margin_is_charged_on_debt_and_profits_do_not_count():
    # A long owes 1000 of quote: 10 % is 100, though its value is 1200 by now.
    found = perp_v2.health(account(100, position(10, -1000, 120)), RULES)
    assert found.account_value_wad == 300 * WAD
    assert found.free_wad == 0


def test_quote_debts_net_over_markets_and_base_debts_do_not():
    both = account(0, position(10, -1000, 100), position(-5, 500, 100))
    assert perp_v2.debt_value_wad(both) == (500 + 500) * WAD


@pytest.mark.parametrize(
    ("collateral", "size"),
    [
        (40, 5),  # 4 % is above half of the requirement: half of a lone position
        (31, 10),  # 3.1 % is below 3.125 %: all of it
        (63, 0),  # above the requirement
    ],
)
def test_how_much_of_a_position_may_be_taken(collateral, size):
    held = account(collateral, position(10, -1000, 100))
    assert perp_v2.liquidatable_size_wad(held, 0, rules=RULES) == size * WAD


def test_a_position_of_a_hundred_dollars_goes_whole():
    small = account(4, position(1, -100, 100))
    assert perp_v2.liquidatable_size_wad(small, 0, rules=RULES) == WAD
    larger = account(4, PerpPosition(101 * WAD // 100, -101 * WAD, 100 * WAD))
    assert perp_v2.liquidatable_size_wad(larger, 0, rules=RULES) == 505 * WAD // 1000


def test_the_share_counts_the_whole_account():
    # 3000 in all, this one 1000: 3000 / 2000 is more than all of it; the larger one a half more.
    held = account(120, position(10, -1000, 100), position(-20, 2000, 100))
    assert perp_v2.liquidatable_size_wad(held, 0, rules=RULES) == 10 * WAD
    assert perp_v2.liquidatable_size_wad(held, 1, rules=RULES) == -15 * WAD


def test_a_share_beyond_24_bits_reverts():
    # 10,000 beside 200: 10,200 / 400 = 25.5 of itself, and 2**24 millionths are 16.8.
    held = account(400, position(100, -10_000, 100), position(2, -200, 100))
    found = perp_v2.liquidatable_size_wad(held, 1, rules=RULES)
    assert found == Refused(PerpRefusal.RATIO_OVERFLOW, 25_500_000, 2**24 - 1)
    assert perp_v2.liquidate(held, 1, rules=RULES) == found


def test_half_of_the_penalty_goes_to_the_fund():
    found = perp_v2.liquidate(account(100, position(10, -1000, 94)), 0, rules=RULES)
    # 5 at 94 are 470; 2.5 % are 11.75; the half realizes 470 - 500 = -30.
    assert (found.size_wad, found.notional_wad) == (-5 * WAD, 470 * WAD)
    assert found.penalty_wad == 1175 * WAD // 100
    assert found.to_liquidator_wad == found.to_fund_wad == 5875 * WAD // 1000
    assert found.after.collateral_wad == 5825 * WAD // 100
    assert found.after.positions == (position(5, -500, 94),)
    assert found.bad_debt_wad == 0


def test_a_spent_account_pays_all_to_the_liquidator_and_leaves_bad_debt():
    held = account(100, position(10, -1000, 85))
    found = perp_v2.liquidate(held, 0, rules=RULES)
    assert found.size_wad == -10 * WAD
    assert found.to_fund_wad == 0
    assert found.to_liquidator_wad == found.penalty_wad == 2125 * WAD // 100
    assert found.bad_debt_wad == (50 * WAD + found.penalty_wad)
    refused = perp_v2.liquidate(held, 0, rules=RULES, fund_wad=71 * WAD)
    assert refused.reason is PerpRefusal.FUND_TOO_SMALL
    assert refused.limit == found.bad_debt_wad


def test_an_account_worth_exactly_nothing_still_shares_its_penalty():
    held = account(150, position(10, -1000, 85))
    assert perp_v2.health(held, RULES).account_value_wad == 0
    found = perp_v2.liquidate(held, 0, rules=RULES)
    assert found.size_wad == -10 * WAD
    assert found.to_fund_wad == found.to_liquidator_wad
    assert found.bad_debt_wad == found.penalty_wad


def test_what_is_refused():
    safe = account(500, position(10, -1000, 94))
    assert perp_v2.liquidate(safe, 0, rules=RULES).reason is PerpRefusal.ENOUGH_VALUE
    unsafe = account(100, position(10, -1000, 94))
    wrong = perp_v2.liquidate(unsafe, 0, rules=RULES, wanted_wad=-WAD)
    assert wrong.reason is PerpRefusal.WRONG_SIDE
    assert perp_v2.liquidate(unsafe, 0, rules=RULES, wanted_wad=WAD).size_wad == -WAD
    assert perp_v2.liquidate(unsafe, 0, rules=RULES, wanted_wad=9 * WAD).size_wad == -5 * WAD


def test_funding_is_capped_at_a_tenth_of_the_index():
    assert perp_v2.capped_premium_wad(105 * WAD, 100 * WAD, rules=RULES) == 5 * WAD
    assert perp_v2.capped_premium_wad(120 * WAD, 100 * WAD, rules=RULES) == 10 * WAD
    assert perp_v2.capped_premium_wad(80 * WAD, 100 * WAD, rules=RULES) == -10 * WAD
    assert perp_v2.funding_payment_wad(2 * WAD, 10 * WAD, seconds=43_200) == 10 * WAD
    assert perp_v2.funding_payment_wad(-2 * WAD, 10 * WAD, seconds=86_400) == -20 * WAD


def test_bands_of_price():
    assert not perp_v2.is_over_tick_limit(1000, 0)
    assert perp_v2.is_over_tick_limit(-1001, 0)
    assert perp_v2.spread_ppm(95 * WAD, 100 * WAD) == -50_000
    assert perp_v2.may_add_liquidity(110 * WAD, 100 * WAD)
    assert not perp_v2.may_add_liquidity(WAD * 1100001 // 10000, 100 * WAD)
    # Outside already, a swap may come back but not go farther out.
    assert perp_v2.is_within_band(150_000, 120_000, spread_max_ppm=100_000)
    assert not perp_v2.is_within_band(150_000, 160_000, spread_max_ppm=100_000)
    assert not perp_v2.is_within_band(0, -100_001, spread_max_ppm=100_000)


@given(st.permutations([90 * WAD, 100 * WAD, 130 * WAD]))
def test_the_mark_is_a_median(prices):
    found = perp_v2.mark_price_wad(prices[0], prices[1], index_with_premium_wad=prices[2])
    assert found == 100 * WAD


@given(accounts)
def test_a_liquidation_conserves_value_but_for_the_penalty(held):
    found = perp_v2.liquidate(held, 0, rules=RULES)
    if isinstance(found, Refused):
        return
    before = perp_v2.health(held, RULES).account_value_wad
    after = perp_v2.health(found.after, RULES).account_value_wad
    assert abs(before - found.penalty_wad - after) <= 2 * len(held.positions)
    assert found.to_liquidator_wad + found.to_fund_wad == found.penalty_wad
    assert abs(found.after.positions[0].size_wad) <= abs(held.positions[0].size_wad)


@given(accounts, st.integers(1, 10**4))
def test_collateral_never_hurts_and_order_decides_nothing(held, more):
    found = perp_v2.health(held, RULES)
    richer = perp_v2.health(replace(held, collateral_wad=held.collateral_wad + more * WAD), RULES)
    assert richer.free_wad >= found.free_wad
    assert found.is_liquidatable or not richer.is_liquidatable
    assert perp_v2.health(replace(held, positions=held.positions[::-1]), RULES) == found
