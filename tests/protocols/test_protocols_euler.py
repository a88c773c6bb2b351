"""Euler v2: both tests of an account, the discount that is the violation, who bears the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.euler import (
    EulerLiquidation,
    EulerPosition,
    EulerRefusal,
    EulerRules,
    Pledge,
    Quote,
    Refused,
    health,
    largest_liquidation,
    liquidate,
)
from trimtab.protocols.euler_vault import (
    LoanToValue,
    accrued_index_ray,
    accrued_owed,
    cap_of,
    debt_of_owed,
)
from trimtab.units import RAY, UINT256_MAX, WAD

RULES = EulerRules(discount_max_bps=2000)
FLAT = Quote.flat(WAD)


def account(balance: int, debt: int, *, ltv: int = 9000, price: int = WAD) -> EulerPosition:
    terms = LoanToValue(borrow_bps=ltv, liquidation_bps=ltv)
    return EulerPosition({"c": Pledge(balance, terms, Quote.flat(price))}, debt)


def liquidated(position: EulerPosition, **options) -> EulerLiquidation | Refused:
    chosen = {"collateral": "c", "rules": RULES, "now_s": 1, **options}
    return liquidate(position, chosen.pop("debt_quote", FLAT), **chosen)


def test_the_status_check_is_strict_and_violation_includes_equality():
    edge = health(account(1000, 900), FLAT, now_s=1)
    assert not edge.passes_status_check
    assert edge.is_violated
    safe = health(account(1000, 899), FLAT, now_s=1)
    assert safe.passes_status_check
    assert not safe.is_violated


def test_borrowing_looks_at_bid_and_ask_and_liquidation_at_the_middle():
    terms = LoanToValue(borrow_bps=8000, liquidation_bps=9000)
    spread = Quote(bid=99 * WAD // 100, mid=WAD, ask=101 * WAD // 100)
    position = EulerPosition({"c": Pledge(1000, terms, spread)}, 784)
    checked = health(position, spread, now_s=1)
    assert (checked.borrow_value, checked.debt_ask_value) == (792, 791)
    assert (checked.liquidation_value, checked.debt_mid_value) == (900, 784)
    assert checked.passes_status_check


def test_no_debt_passes_whatever_the_collateral():
    checked = health(account(0, 0), FLAT, now_s=1)
    assert checked.passes_status_check
    assert not checked.is_violated


def test_at_equality_the_discount_is_zero():
    done = liquidated(account(1000, 1000, ltv=10_000))
    assert isinstance(done, EulerLiquidation)
    assert done.factor_wad == WAD
    assert (done.repay, done.seized) == (1000, 1000)


def test_the_discount_is_the_violation_up_to_its_limit():
    done = liquidated(account(10_000, 1000, ltv=900))
    assert isinstance(done, EulerLiquidation)
    assert done.factor_wad == 9 * 10**17
    assert (done.repay, done.seized) == (1000, 1111)
    deep = liquidated(account(10_000, 1000, ltv=100))
    assert isinstance(deep, EulerLiquidation)
    assert deep.factor_wad == 8 * 10**17
    assert (deep.repay, deep.seized) == (1000, 1250)


def test_a_healthy_account_is_no_refusal_but_nothing_happens():
    done = liquidated(account(10_000, 1000))
    assert isinstance(done, EulerLiquidation)
    assert (done.repay, done.seized, done.socialized) == (0, 0, 0)
    assert done.position == account(10_000, 1000)


def test_worthless_collateral_goes_for_nothing_and_the_debt_stays():
    done = liquidated(account(500, 1000, price=0))
    assert isinstance(done, EulerLiquidation)
    assert (done.repay, done.seized) == (0, 500)
    assert done.position.debt == 1000


def test_a_part_is_scaled_down_and_more_than_the_most_is_refused():
    position = account(10_000, 1000, ltv=900)
    part = liquidated(position, repay=333)
    assert isinstance(part, EulerLiquidation)
    assert (part.repay, part.seized) == (333, 369)
    assert (part.repay_max, part.seized_max) == (1000, 1111)
    over = liquidated(position, repay=1001)
    assert isinstance(over, Refused)
    assert over.reason is EulerRefusal.EXCESSIVE_REPAY


def test_what_else_is_refused():
    position = account(10_000, 1000, ltv=900)
    unknown = EulerPosition({"c": replace(position.pledges["c"], ltv=LoanToValue(0, 0, 0, 0))}, 9)
    cool = replace(RULES, cool_off_seconds=10)
    for refused, reason in (
        (liquidated(position, is_self=True), EulerRefusal.SELF_LIQUIDATION),
        (liquidated(position, collateral="d"), EulerRefusal.COLLATERAL_DISABLED),
        (liquidated(unknown), EulerRefusal.BAD_COLLATERAL),
        (liquidated(position, rules=cool, checked_s=0, now_s=9), EulerRefusal.COOL_OFF),
        (liquidated(position, seized_min=1112), EulerRefusal.MIN_YIELD),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is reason
    assert isinstance(liquidated(position, rules=cool, checked_s=0, now_s=10), EulerLiquidation)


def test_the_rest_is_written_off_from_a_value_of_one_million_on():
    for debt, written in ((10**6 - 1, False), (10**6, True)):
        done = liquidated(account(1000, debt))
        assert isinstance(done, EulerLiquidation)
        assert done.position.pledges["c"].balance == 0
        assert (done.socialized > 0) is written
        assert done.repay + done.socialized + done.position.debt == debt
    kept = liquidated(account(1000, 10**7), rules=replace(RULES, socializes_debt=False))
    assert isinstance(kept, EulerLiquidation)
    assert kept.socialized == 0


def test_another_recognized_collateral_prevents_the_write_off():
    first = account(1000, 10**7)
    other = Pledge(1, LoanToValue(0, 0), Quote.flat(0))
    done = liquidated(EulerPosition({**first.pledges, "d": other}, first.debt))
    assert isinstance(done, EulerLiquidation)
    assert done.socialized == 0
    unknown = replace(other, ltv=LoanToValue(0, 0, 0, 0))
    gone = liquidated(EulerPosition({**first.pledges, "d": unknown}, first.debt))
    assert isinstance(gone, EulerLiquidation)
    assert gone.socialized > 0


@given(
    st.integers(0, 10**24),
    st.integers(1, 10**24),
    st.integers(0, 10_000),
    st.integers(0, 10**20),
    st.integers(1, 10**20),
    st.integers(0, 9999),
)
def test_a_liquidation_takes_no_more_than_there_is(balance, debt, ltv, price, debt_price, most):
    position = account(balance, debt, ltv=ltv, price=price)
    rules = EulerRules(most)
    quote = Quote.flat(debt_price)
    offer = largest_liquidation(position, quote, collateral="c", rules=rules, now_s=1)
    assert 0 <= offer.repay <= debt
    assert 0 <= offer.seized <= balance
    assert WAD - WAD * most // 10_000 <= offer.factor_wad <= WAD
    done = liquidate(position, quote, collateral="c", rules=rules, now_s=1)
    assert isinstance(done, EulerLiquidation)
    assert done.repay + done.socialized + done.position.debt == debt
    assert done.seized + done.position.pledges["c"].balance == balance


@given(st.integers(2, 10**24), st.data())
def test_a_part_never_gets_a_better_price_than_the_whole(debt, data):
    position = account(2 * debt, debt, ltv=4000)
    whole = liquidated(position)
    assert isinstance(whole, EulerLiquidation)
    part = data.draw(st.integers(1, whole.repay))
    done = liquidated(position, repay=part)
    assert isinstance(done, EulerLiquidation)
    assert done.seized * whole.repay <= whole.seized * part


RAMP = LoanToValue(
    borrow_bps=5000, liquidation_bps=4000, initial_bps=9000, target_time_s=2000, ramp_seconds=1000
)


@pytest.mark.parametrize(
    ("now", "ltv"), [(1000, 9000), (1001, 8995), (1500, 6500), (1999, 4005), (2000, 4000)]
)
def test_an_ltv_ramps_down_in_a_line(now, ltv):
    assert RAMP.liquidation_bps_at(now) == ltv


def test_an_ltv_rises_at_once():
    assert replace(RAMP, liquidation_bps=9500).liquidation_bps_at(1000) == 9500


@given(st.integers(1000, 2100), st.integers(0, 500))
def test_a_ramp_only_falls(now, later):
    assert RAMP.liquidation_bps_at(now) >= RAMP.liquidation_bps_at(now + later) >= 4000


def test_debts_round_up_and_indices_down():
    assert [debt_of_owed(owed) for owed in (0, 1, 1 << 31, (1 << 31) + 1)] == [0, 1, 1, 2]
    assert accrued_owed(10, 4 * RAY, index_then=3 * RAY) == 13
    assert accrued_index_ray(RAY, 0, seconds=10**9) == RAY
    assert accrued_index_ray(RAY, RAY // 10, seconds=2) == 121 * 10**25


def test_caps_are_decimal_floats():
    assert cap_of(0) == UINT256_MAX
    assert cap_of((250 << 6) | 18) == 25 * 10**17
    assert cap_of(1) == 0
    assert cap_of((1023 << 6) | 63) == 1023 * 10**61


def test_a_discount_of_everything_is_no_rule():
    with pytest.raises(AssertionError):
        EulerRules(discount_max_bps=10_000)
