"""Gearbox v3: weighted value under quotas, the waterfall, repayments in order, and ramps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.gearbox import (
    CreditAccount,
    FullLiquidation,
    GearboxRefusal,
    Holding,
    PartialLiquidation,
    Refused,
    TokenPrice,
    health,
    liquidate,
    liquidate_partially,
)
from trimtab.protocols.gearbox_credit import (
    CreditDebt,
    LiquidationFees,
    Owed,
    TransferFee,
    amount_received,
    amount_sent,
    liquidation_payments,
    share_loss,
    threshold_bps,
)
from trimtab.units import RAY

FEES = LiquidationFees(fee=150, discount=9600, fee_expired=100, discount_expired=9800)
PRICES = {
    "USDC": TokenPrice(decimals=6, main=10**8),
    "WETH": TokenPrice(decimals=18, main=2000 * 10**8, reserve=1900 * 10**8),
}


def account(
    weth: int = 10**18, usdc: int = 0, *, debt: int = 1500 * 10**6, quota: int = 10**12
) -> CreditAccount:
    holdings = {"WETH": Holding(weth, 8000, quota), "USDC": Holding(usdc, 9000, None)}
    return CreditAccount(holdings, "USDC", CreditDebt(debt))


def test_equality_is_healthy_and_a_unit_of_debt_more_is_not():
    assert not health(account(debt=1600 * 10**6), PRICES, fees=FEES).is_unhealthy
    more = health(account(debt=1600 * 10**6 + 1), PRICES, fees=FEES)
    assert more.is_unhealthy
    assert more.is_liquidatable


def test_a_quota_caps_a_token_but_never_the_underlying():
    checked = health(account(usdc=10**9, quota=1000 * 10**6), PRICES, fees=FEES)
    assert checked.weighted_value_usd == (1000 + 900) * 10**8
    assert checked.total_value_usd == 3000 * 10**8
    assert checked.total_value == 3000 * 10**6


def test_a_token_without_quota_does_not_count():
    checked = health(account(quota=0), PRICES, fees=FEES)
    assert (checked.total_value, checked.weighted_value_usd) == (0, 0)


def test_the_safe_price_is_the_lesser_feed_and_zero_without_a_reserve():
    assert PRICES["WETH"].safe == 1900 * 10**8
    assert PRICES["USDC"].safe == 0
    checked = health(account(), PRICES, fees=FEES, uses_safe_prices=True)
    assert checked.total_value_usd == 1900 * 10**8


def test_a_healthy_account_is_liquidated_only_when_expired_and_at_lower_terms():
    refused = liquidate(account(), PRICES, fees=FEES)
    assert isinstance(refused, Refused)
    assert refused.reason is GearboxRefusal.NOT_LIQUIDATABLE
    done = liquidate(account(), PRICES, fees=FEES, is_expired=True)
    assert isinstance(done, FullLiquidation)
    assert done.payments.funds == 1960 * 10**6
    assert done.payments.to_pool == 1520 * 10**6
    assert done.payments.to_owner == 440 * 10**6
    assert not done.zeroes_borrowing


def test_without_a_debt_there_is_nothing_to_liquidate():
    assert isinstance(liquidate(account(debt=0), PRICES, fees=FEES, is_expired=True), Refused)


def test_bad_debt_needs_the_loss_policy_and_stops_borrowing():
    bad = account(debt=2000 * 10**6)
    refused = liquidate(bad, PRICES, fees=FEES)
    assert isinstance(refused, Refused)
    assert refused.reason is GearboxRefusal.LOSS_NOT_APPROVED
    done = liquidate(bad, PRICES, fees=FEES, loss_approved=True)
    assert isinstance(done, FullLiquidation)
    assert done.payments.loss == 80 * 10**6
    assert done.payments.to_owner == 0
    assert done.zeroes_borrowing
    assert done.zeroes_quota_limits


def test_a_loss_burns_the_treasury_first():
    both = share_loss(100, treasury_shares=30, pool_assets=2000, pool_shares=1000)
    assert (both.burned_shares, both.covered, both.uncovered) == (30, 60, 40)
    covered = share_loss(100, treasury_shares=50, pool_assets=2000, pool_shares=1000)
    assert (covered.burned_shares, covered.uncovered) == (50, 0)
    empty = share_loss(5, treasury_shares=0, pool_assets=0, pool_shares=0)
    assert (empty.burned_shares, empty.uncovered) == (0, 5)


money = st.integers(min_value=0, max_value=10**24)
rates = st.integers(min_value=0, max_value=5000)
transfer_fees = st.one_of(
    st.none(),
    st.builds(TransferFee, st.integers(0, 500), st.one_of(st.none(), money), st.booleans()),
)


@given(money, money, money, rates, st.integers(0, 5000), transfer_fees)
def test_payments_sum_to_the_discounted_value(principal, interest, value, fee, premium, transfer):
    owed = Owed(principal, interest, interest * fee // 10_000)
    paid = liquidation_payments(
        owed, value, fee_bps=fee, discount_bps=10_000 - premium, transfer_fee=transfer
    )
    assert paid.to_pool + paid.to_owner == paid.funds <= value
    assert paid.profit == 0 or paid.loss == 0
    if transfer is None:
        assert paid.to_pool + paid.loss == principal + interest + paid.profit
    if paid.to_owner:
        assert paid.loss == 0


@given(money, transfer_fees)
def test_what_is_sent_covers_what_has_to_arrive(amount, fee):
    sent = amount_sent(amount, fee)
    assert sent >= amount
    assert amount_received(sent, fee) <= sent
    if fee is not None and not fee.is_surcharge:
        assert amount_received(sent, fee) >= amount


def test_a_fee_of_usdt_is_grossed_up_and_capped():
    assert amount_sent(9_950, TransferFee(50)) == 10_000
    assert amount_received(10_000, TransferFee(50)) == 9_950
    assert amount_sent(10**6, TransferFee(50, fee_max=7)) == 10**6 + 7
    assert amount_received(10**6, TransferFee(50, fee_max=7)) == 10**6 - 7
    assert amount_sent(8150, TransferFee(50, is_surcharge=True)) == 8190
    assert amount_received(9600, TransferFee(50, is_surcharge=True)) == 9552


DEBT = CreditDebt(
    1000, index_then=RAY, index_now=RAY * 12 // 10, quota_interest=100, quota_fees=10,
    interest_fee_bps=5000,
)  # fmt: skip


def test_a_debt_is_owed_with_its_fees():
    assert DEBT.base_interest == 200
    assert DEBT.owed == Owed(principal=1000, interest=300, fees=10 + 100 + 50)


@pytest.mark.parametrize(
    ("paid", "principal", "base", "quota", "fees"),
    [
        (4, 1000, 200, 100, 6),
        (10, 1000, 200, 100, 0),
        (85, 1000, 200, 50, 0),
        (160, 1000, 200, 0, 0),
        (310, 1000, 100, 0, 0),
        (460, 1000, 0, 0, 0),
        (1459, 1, 0, 0, 0),
    ],
)
def test_repayments_go_fees_then_quota_then_base_then_principal(paid, principal, base, quota, fees):
    after, left = DEBT.repaid(paid)
    assert left == 0
    assert (after.principal, after.quota_interest, after.quota_fees) == (principal, quota, fees)
    assert abs(after.base_interest - base) <= 1


def test_more_than_the_debt_comes_back():
    after, left = DEBT.repaid(1500)
    assert left == 40
    assert after.owed.total == 0


@given(st.integers(1, 10**24), st.integers(0, 10**12), money, money, rates, money)
def test_a_repayment_never_lowers_a_debt_by_more_than_it_is(
    principal, growth, quota_interest, quota_fees, fee, paid
):
    debt = CreditDebt(
        principal,
        index_now=RAY + growth * 10**15,
        quota_interest=quota_interest,
        quota_fees=quota_fees,
        interest_fee_bps=fee,
    )
    after, left = debt.repaid(paid)
    assert 0 <= left <= paid
    # A step of the index is worth about principal / 1e9 units of interest at most.
    slack = 4 + principal // 10**20
    assert after.owed.total >= debt.owed.total - (paid - left) - slack
    assert after.owed.total <= debt.owed.total


def partially(which: CreditAccount, amount: int, **options):
    chosen = {"token": "WETH", "amount": amount, "fees": FEES, **options}
    return liquidate_partially(which, PRICES, **chosen)


def test_a_partial_liquidation_has_to_end_healthy():
    ill = account(debt=1650 * 10**6)
    enough = partially(ill, 600 * 10**6)
    assert isinstance(enough, PartialLiquidation)
    assert enough.fee == 9 * 10**6
    assert enough.repaid == 591 * 10**6
    assert enough.seized == 3125 * 10**14
    assert enough.account.debt.principal == 1059 * 10**6
    assert not enough.health.is_unhealthy
    little = partially(ill, 10 * 10**6)
    assert isinstance(little, Refused)
    assert little.reason is GearboxRefusal.NOT_ENOUGH_COLLATERAL


def test_what_else_a_partial_liquidation_refuses():
    ill = account(debt=1650 * 10**6)
    for refused, reason in (
        (partially(account(), 10**8), GearboxRefusal.NOT_LIQUIDATABLE),
        (partially(ill, 10**8, token="USDC"), GearboxRefusal.UNDERLYING_NOT_LIQUIDATABLE),
        (partially(ill, 10**8, seized_min=10**18), GearboxRefusal.SEIZED_LESS_THAN_REQUIRED),
        (partially(ill, 10**10), GearboxRefusal.NOT_ENOUGH_BALANCE),
        (partially(ill, 1900 * 10**6), GearboxRefusal.ZERO_DEBT_WITH_QUOTAS),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is reason


def test_what_a_repayment_leaves_over_stays_on_the_account():
    ill = account(debt=1650 * 10**6)
    free = replace(
        ill, holdings={"USDC": Holding(0, 9000, None), "WETH": Holding(10**18, 8000, None)}
    )
    done = partially(free, 1900 * 10**6)
    assert isinstance(done, PartialLiquidation)
    assert done.account.debt.owed.total == 0
    assert done.account.holdings["USDC"].balance == done.repaid - 1650 * 10**6


@pytest.mark.parametrize(
    ("initial", "final", "since", "threshold"),
    [
        (4000, 6000, -1, 4000),
        (4000, 6000, 0, 4000),
        (2000, 1000, 5000, 1666),
        (3000, 6000, 5000, 4000),
        (3000, 6000, 15000, 6000),
        (3000, 6000, 10**9, 6000),
    ],
)
def test_thresholds_ramp_both_ways(initial, final, since, threshold):
    assert threshold_bps(initial, final, since_start_s=since, duration_s=15000) == threshold


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 10**6), st.data())
def test_a_ramp_stays_between_its_ends_and_never_turns(initial, final, duration, data):
    times = sorted(data.draw(st.tuples(st.integers(-9, duration), st.integers(0, 2 * duration))))
    early, later = (
        threshold_bps(initial, final, since_start_s=t, duration_s=duration) for t in times
    )
    assert min(initial, final) <= early <= max(initial, final)
    assert (later - early) * (final - initial) >= 0
