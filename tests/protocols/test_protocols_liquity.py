"""Liquity v2: where a trove goes, the pool's product and sums, the carried error, the shutdown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.liquity import (
    STAKED_BRANCH,
    WETH_BRANCH,
    LiquityRefusal,
    Refused,
    Trove,
    TroveLiquidation,
    health,
    interest_on,
    latest,
    liquidate,
    liquidate_all,
    pool_for_offsets,
    ratio_wad,
)
from trimtab.protocols.liquity_branch import (
    PRODUCT_START,
    SCALE_FACTOR,
    Redistribution,
    StabilityPool,
    average_rate_wad,
    branch_interest,
    period_seconds,
    pool_yield,
    redeem_urgently,
    shutdown_test,
    upfront_fee,
)
from trimtab.units import UINT256_MAX, WAD, YEAR_SECONDS

PRICE = 2000 * WAD
SUMS = Redistribution(total_stakes=100 * WAD)

amounts = st.integers(min_value=1, max_value=10**26)


def taken(trove: Trove, *, pool: int = 10**30, rules=WETH_BRANCH, price: int = PRICE):
    return liquidate(trove, price, rules=rules, pool=pool, troves=2)


def test_the_ratio_is_floored_and_endless_without_a_debt():
    assert ratio_wad(WAD, 3 * WAD, price_wad=WAD) == 333333333333333333
    assert ratio_wad(WAD, 0, price_wad=PRICE) == UINT256_MAX


def test_the_minimum_itself_is_safe():
    at = Trove(collateral=11 * WAD, debt=20_000 * WAD)
    refused = taken(at)
    assert isinstance(refused, Refused)
    assert refused.reason is LiquityRefusal.NOTHING_TO_LIQUIDATE
    assert isinstance(taken(replace(at, debt=20_000 * WAD + 20_000)), TroveLiquidation)


def test_the_only_trove_is_never_liquidated():
    trove = Trove(WAD, 1990 * WAD)
    refused = liquidate(trove, PRICE, rules=WETH_BRANCH, pool=0, troves=1)
    assert isinstance(refused, Refused)
    assert refused.reason is LiquityRefusal.ONLY_TROVE_LEFT


def test_the_pool_takes_five_percent_and_the_borrower_claims_the_rest():
    done = taken(Trove(collateral=10 * WAD, debt=18_500 * WAD))
    assert isinstance(done, TroveLiquidation)
    assert done.offset_debt == 18_500 * WAD
    assert done.gas_collateral == 5 * 10**16
    assert done.to_pool == 97125 * 10**14
    assert done.surplus == 10 * WAD - 5 * 10**16 - 97125 * 10**14
    assert done.redistributed_debt == done.redistributed_collateral == 0


def test_gas_compensation_stops_at_two_units():
    done = taken(Trove(collateral=1000 * WAD, debt=1_900_000 * WAD))
    assert isinstance(done, TroveLiquidation)
    assert done.gas_collateral == 2 * WAD


def test_what_the_pool_cannot_take_is_redistributed_with_the_larger_penalty():
    trove = Trove(collateral=10 * WAD, debt=18_500 * WAD)
    done = taken(trove, pool=9_250 * WAD)
    assert isinstance(done, TroveLiquidation)
    assert done.offset_debt == done.redistributed_debt == 9_250 * WAD
    assert done.to_pool == 485625 * 10**13
    # 5 units of its own and the surplus of the offset, up to 9250 * 1.1 / 2000 = 5.0875.
    assert done.redistributed_collateral == 50875 * 10**14
    assert done.surplus == 10**19 - 25 * 10**15 - 485625 * 10**13 - 50875 * 10**14
    none = taken(trove, pool=0)
    assert isinstance(none, TroveLiquidation)
    assert none.gas_collateral == 0
    assert none.redistributed_collateral == 10 * WAD


def test_staked_branches_redistribute_at_twenty_percent():
    trove = Trove(collateral=10 * WAD, debt=16_000 * WAD)
    weth = taken(trove, pool=0, rules=replace(WETH_BRANCH, minimum_wad=2 * WAD))
    staked = taken(trove, pool=0, rules=replace(STAKED_BRANCH, minimum_wad=2 * WAD))
    assert isinstance(weth, TroveLiquidation)
    assert isinstance(staked, TroveLiquidation)
    assert weth.redistributed_collateral == 88 * 10**17
    assert staked.redistributed_collateral == 96 * 10**17


@given(amounts, amounts, st.integers(0, 10**26), st.integers(1, 10**24))
def test_debt_and_collateral_go_somewhere_whole(collateral, debt, pool, price):
    done = taken(Trove(collateral, debt), pool=pool, price=price)
    if isinstance(done, Refused):
        assert collateral * price // debt >= WETH_BRANCH.minimum_wad
        return
    assert done.offset_debt + done.redistributed_debt == debt
    seized = done.to_pool + done.gas_collateral + done.redistributed_collateral
    assert seized + done.surplus == collateral
    assert done.to_pool * price <= done.offset_debt * 105 * 10**16
    assert done.redistributed_collateral * price <= done.redistributed_debt * 110 * 10**16


def test_the_pool_keeps_one_bold():
    assert [pool_for_offsets(d) for d in (0, 5, WAD, WAD + 7)] == [0, 0, 0, 7]


def test_one_call_uses_the_pool_up_in_order():
    troves = [Trove(WAD, 1900 * WAD), Trove(WAD, 100 * WAD), Trove(2 * WAD, 3900 * WAD)]
    done = liquidate_all(troves, PRICE, rules=WETH_BRANCH, deposits=2001 * WAD, count=3)
    first, healthy, last = done
    assert isinstance(first, TroveLiquidation)
    assert isinstance(healthy, Refused)
    assert isinstance(last, TroveLiquidation)
    assert first.offset_debt == 1900 * WAD
    assert (last.offset_debt, last.redistributed_debt) == (100 * WAD, 3800 * WAD)


def test_a_trove_owes_interest_and_what_was_redistributed_to_it():
    sums = SUMS.added(5 * WAD, 1000 * WAD)
    trove = Trove(10 * WAD, 2000 * WAD, rate_wad=5 * 10**16, updated_s=0, stake=10 * WAD)
    checked = health(trove, PRICE, rules=WETH_BRANCH, sums=sums, now_s=YEAR_SECONDS)
    assert checked.accrued_interest == 100 * WAD
    assert checked.redistributed_debt == 100 * WAD
    assert checked.redistributed_collateral == WAD // 2
    assert checked.debt == 2200 * WAD
    assert checked.ratio_wad == 105 * 10**17 * PRICE // (2200 * WAD)
    once = latest(trove, sums, now_s=YEAR_SECONDS)
    assert latest(once, sums, now_s=YEAR_SECONDS) == once


def test_interest_stops_at_the_shutdown():
    assert period_seconds(10, now_s=100, shutdown_s=None) == 90
    assert period_seconds(10, now_s=100, shutdown_s=40) == 30
    assert period_seconds(50, now_s=100, shutdown_s=40) == 0
    trove = Trove(10 * WAD, 2000 * WAD, rate_wad=WAD, updated_s=0)
    stopped = health(trove, PRICE, rules=WETH_BRANCH, sums=SUMS, now_s=10**9, shutdown_s=0)
    assert stopped.accrued_interest == 0


@given(st.lists(st.tuples(amounts, st.integers(1, 10**18)), min_size=1, max_size=5), st.data())
def test_the_branch_accrues_at_least_the_sum_of_its_troves(troves, data):
    seconds = data.draw(st.integers(0, 10**9))
    own = sum(interest_on(debt, rate, seconds=seconds) for debt, rate in troves)
    weighted = sum(debt * rate for debt, rate in troves)
    assert branch_interest(weighted, seconds=seconds) >= own


@given(st.integers(1, 10**26), st.lists(st.tuples(amounts, amounts), min_size=1, max_size=8))
def test_redistribution_loses_nothing_to_rounding_over_time(stakes, parts):
    sums = Redistribution(total_stakes=stakes)
    for collateral, debt in parts:
        sums = sums.added(collateral, debt)
        assert 0 <= sums.collateral_error < stakes
        assert 0 <= sums.debt_error < stakes
    given_coll = sum(collateral for collateral, _ in parts) * WAD
    given_debt = sum(debt for _, debt in parts) * WAD
    assert sums.collateral_per_stake * stakes + sums.collateral_error == given_coll
    assert sums.debt_per_stake * stakes + sums.debt_error == given_debt


def test_without_a_debt_nothing_is_redistributed():
    assert SUMS.added(WAD, 0) is SUMS
    with pytest.raises(AssertionError):
        Redistribution(0).added(WAD, WAD)


def test_stakes_are_corrected_by_the_snapshots():
    assert SUMS.stake_of(7) == 7
    snapped = SUMS.snapped(200 * WAD)
    assert snapped.stake_of(10 * WAD) == 5 * WAD


def test_depositors_share_an_offset_pro_rata():
    pool, alice = StabilityPool(0).joined(100 * WAD)
    pool, bob = pool.joined(300 * WAD)
    after = pool.offset(200 * WAD, 4 * WAD)
    assert (alice.worth(after), bob.worth(after)) == (50 * WAD, 150 * WAD)
    assert (alice.collateral_gain(after), bob.collateral_gain(after)) == (WAD, 3 * WAD)
    late_pool, late = after.joined(50 * WAD)
    assert late.collateral_gain(late_pool) == 0


def test_the_product_is_scaled_up_before_it_loses_its_digits():
    pool, whale = StabilityPool(0).joined(10**11 * WAD)
    emptied = pool.offset(10**11 * WAD - WAD, 5 * WAD)
    assert emptied.scale == 1
    assert emptied.product >= PRODUCT_START // SCALE_FACTOR
    assert whale.worth(emptied) == WAD
    assert abs(whale.collateral_gain(emptied) - 5 * WAD) <= 1


def test_the_pool_is_never_emptied():
    with pytest.raises(AssertionError):
        StabilityPool(100 * WAD).offset(100 * WAD, WAD)


@given(st.lists(st.integers(1, 10**24), min_size=2, max_size=5), st.data())
def test_depositors_never_get_more_than_the_pool_has(deposits, data):
    pool, owners = StabilityPool(0), []
    for amount in (WAD, *deposits):
        pool, owner = pool.joined(amount)
        owners.append(owner)
    for _ in range(data.draw(st.integers(1, 4))):
        debt = data.draw(st.integers(0, pool_for_offsets(pool.deposits)))
        pool = pool.offset(debt, data.draw(st.integers(0, 10**24)))
    assert sum(owner.worth(pool) for owner in owners) <= pool.deposits
    assert sum(owner.collateral_gain(pool) for owner in owners) <= pool.collateral


def test_a_branch_shuts_down_strictly_below_its_ratio_or_without_an_oracle():
    rules = {"price_wad": PRICE, "shutdown_ratio_wad": WETH_BRANCH.shutdown_wad}
    at = shutdown_test(11 * WAD, 20_000 * WAD, oracle_failed=False, **rules)
    below = shutdown_test(11 * WAD, 20_000 * WAD + 20_000, oracle_failed=False, **rules)
    failed = shutdown_test(99 * WAD, WAD, oracle_failed=True, **rules)
    empty = shutdown_test(0, 0, oracle_failed=False, **rules)
    assert [test.shuts_down for test in (at, below, failed, empty)] == [False, True, True, False]


def test_urgent_redemption_pays_two_percent_and_stops_at_the_collateral():
    done = redeem_urgently(1000 * WAD, collateral=10 * WAD, debt=5000 * WAD, price_wad=PRICE)
    assert (done.redeemed, done.collateral) == (1000 * WAD, 51 * 10**16)
    capped = redeem_urgently(9000 * WAD, collateral=WAD, debt=5000 * WAD, price_wad=PRICE)
    assert capped.collateral == WAD
    assert capped.redeemed == 1960784313725490196078


def test_fees_of_new_debt_and_the_pools_part():
    assert upfront_fee(36_500 * WAD, 10**17) == 70 * WAD
    assert average_rate_wad(6 * WAD, 2) == 3 * WAD
    assert average_rate_wad(6, 0) == 0
    assert pool_yield(100) == 75
