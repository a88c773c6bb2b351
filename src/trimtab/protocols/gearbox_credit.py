"""Gearbox v3: a credit account's debt, who is paid in a liquidation, and thresholds that ramp.

Source: Gearbox-protocol/core-v3, commit 510fc654: contracts/libraries/CreditLogic.sol and
USDTFees.sol, and PoolV3.repayCreditAccount. Amounts in native units of the underlying, ratios in
bps of 1e4, times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from trimtab.units import RAY, mul_div_down

BPS: Final = 10_000
_INDEX_PRECISION: Final = 10**9


@dataclass(frozen=True, slots=True)
class Owed:
    """What an account owes: principal, interest (base and quota) and the protocol's fees."""

    principal: int
    interest: int = 0
    fees: int = 0

    @property
    def total(self) -> int:
        """Return all of it."""
        return self.principal + self.interest + self.fees


@dataclass(frozen=True, slots=True)
class CreditDebt:
    """A debt as the credit manager keeps it, with the pool's index of now.

    index_then, index_now: the pool's interest index at the last change and now, in ray;
    quota_interest: accrued up to now; quota_fees: of changed quotas; interest_fee_bps: the
    protocol's fee on both kinds of interest.
    """

    principal: int
    index_then: int = RAY
    index_now: int = RAY
    quota_interest: int = 0
    quota_fees: int = 0
    interest_fee_bps: int = 0

    def __post_init__(self) -> None:
        parts = (self.principal, self.quota_interest, self.quota_fees, self.interest_fee_bps)
        assert min(parts) >= 0, f"negative part of a debt: {parts}"
        assert 0 < self.index_then <= self.index_now, "the pool's index fell"

    @property
    def base_interest(self) -> int:
        """Return the interest of the principal since the last change, floored."""
        return mul_div_down(self.principal, self.index_now, self.index_then) - self.principal

    @property
    def owed(self) -> Owed:
        """Return what is owed now; the fee on each kind of interest is floored apart."""
        fees = self.quota_fees
        for interest in (self.base_interest, self.quota_interest):
            fees += mul_div_down(interest, self.interest_fee_bps, BPS)
        return Owed(self.principal, self.base_interest + self.quota_interest, fees)

    def repaid(self, amount: int) -> tuple[CreditDebt, int]:
        """Return the debt after a repayment, and what was left over of it.

        Quota fees go first, then quota interest, then base interest, each with its fee, then the
        principal. An amount too small for an interest is split between pool and protocol, the
        pool's part floored; the index moves so that the unpaid base interest remains.
        """
        if amount >= self.owed.total:
            cleared = replace(self, principal=0, index_then=self.index_now, quota_interest=0)
            return replace(cleared, quota_fees=0), amount - self.owed.total
        fee_bps = self.interest_fee_bps
        quota_fees = max(0, self.quota_fees - amount)
        left = amount - (self.quota_fees - quota_fees)
        to_quota, left = _interest_paid(self.quota_interest, left, fee_bps=fee_bps)
        index = self.index_then
        if left:
            to_base, left = _interest_paid(self.base_interest, left, fee_bps=fee_bps)
            index = self._index_after(to_base)
        return replace(
            self,
            principal=self.principal - left,
            index_then=index,
            quota_interest=self.quota_interest - to_quota,
            quota_fees=quota_fees,
        ), 0

    def _index_after(self, paid: int) -> int:
        """The index that leaves base interest less `paid`: indices carry 9 more digits, floored."""
        if paid == self.base_interest:
            return self.index_now
        now = self.index_now * _INDEX_PRECISION
        step = mul_div_down(_INDEX_PRECISION * paid, self.index_then, self.principal)
        return mul_div_down(now, self.index_then, now - step)


@dataclass(frozen=True, slots=True)
class LiquidationFees:
    """Fee and discount (one less the premium) in bps, for unhealthy and for expired accounts."""

    fee: int
    discount: int
    fee_expired: int
    discount_expired: int

    def fee_bps(self, *, is_expired: bool) -> int:
        """Return the protocol's fee on the value liquidated."""
        return self.fee_expired if is_expired else self.fee

    def discount_bps(self, *, is_expired: bool) -> int:
        """Return what a liquidator pays for a value of 1e4."""
        return self.discount_expired if is_expired else self.discount


@dataclass(frozen=True, slots=True)
class TransferFee:
    """What a token takes of a transfer: `rate_bps` of it, at most `fee_max`.

    With `is_surcharge` the sender adds floor(amount * rate), as the tests of the library do; else
    what has to be sent is grossed up to amount / (1 - rate), as for USDT (USDTFees.sol).
    """

    rate_bps: int
    fee_max: int | None = None
    is_surcharge: bool = False


@dataclass(frozen=True, slots=True)
class Payments:
    """Who gets what of the discounted value of an account, in underlying.

    to_pool: sent to the pool, transfer fee included; to_owner: what remains; profit: of the pool's
    part the protocol's; loss: principal and interest that stay unpaid.
    """

    funds: int
    to_pool: int
    to_owner: int
    profit: int
    loss: int


@dataclass(frozen=True, slots=True)
class PoolLoss:
    """A loss at the pool: the treasury's shares burn first, all holders bear the rest."""

    burned_shares: int
    covered: int
    uncovered: int


def liquidation_payments(
    debt: Owed,
    total_value: int,
    *,
    fee_bps: int,
    discount_bps: int,
    transfer_fee: TransferFee | None = None,
) -> Payments:
    """Return the payments of a full liquidation.

    The pool is due principal, interest, fees and floor(value * fee). Of funds = floor(value *
    discount) it is paid in full and the owner gets the rest; where they fall short the pool gets
    them all, and first the protocol's profit shrinks, then a loss remains.
    """
    due = debt.total + mul_div_down(total_value, fee_bps, BPS)
    funds = mul_div_down(total_value, discount_bps, BPS)
    sent, arrived = amount_sent(due, transfer_fee), due
    if funds <= sent:
        sent, arrived = funds, amount_received(funds, transfer_fee)
    lent = debt.principal + debt.interest
    return Payments(
        funds=funds,
        to_pool=sent,
        to_owner=funds - sent,
        profit=max(0, arrived - lent),
        loss=max(0, lent - arrived),
    )


def amount_sent(amount: int, fee: TransferFee | None) -> int:
    """Return what has to be sent so that `amount` arrives; the fee is floored."""
    if fee is None:
        return amount
    kept = BPS if fee.is_surcharge else BPS - fee.rate_bps
    return amount + _capped(mul_div_down(amount, fee.rate_bps, kept), fee)


def amount_received(amount: int, fee: TransferFee | None) -> int:
    """Return what arrives of an amount sent: a surcharging token floors this, USDT its fee."""
    if fee is None:
        return amount
    if fee.is_surcharge:
        return mul_div_down(amount, BPS - fee.rate_bps, BPS)
    return amount - _capped(mul_div_down(amount, fee.rate_bps, BPS), fee)


def threshold_bps(initial_bps: int, final_bps: int, *, since_start_s: int, duration_s: int) -> int:
    """Return a liquidation threshold on its ramp, up or down, floored.

    Args:
        since_start_s: seconds since the ramp began, negative before it; duration_s: of the ramp.
    """
    if since_start_s <= 0:
        return initial_bps
    if since_start_s >= duration_s:
        return final_bps
    left = duration_s - since_start_s
    return mul_div_down(initial_bps * left + final_bps * since_start_s, 1, duration_s)


def share_loss(loss: int, *, treasury_shares: int, pool_assets: int, pool_shares: int) -> PoolLoss:
    """Return who bears a loss: the treasury's pool shares burn first, then every holder.

    Rounding: shares down, and what the missing shares were worth down; an empty pool is at par.
    """
    shares = mul_div_down(loss, pool_shares, pool_assets) if pool_shares else loss
    burned = min(shares, treasury_shares)
    missing = shares - burned
    uncovered = mul_div_down(missing, pool_assets, pool_shares) if pool_shares else missing
    return PoolLoss(burned_shares=burned, covered=loss - uncovered, uncovered=uncovered)


def _capped(fee: int, rules: TransferFee) -> int:
    return fee if rules.fee_max is None else min(fee, rules.fee_max)


def _interest_paid(interest: int, amount: int, *, fee_bps: int) -> tuple[int, int]:
    """How much interest a payment settles, its fee being paid along, and what is left of it."""
    due = interest + mul_div_down(interest, fee_bps, BPS)
    if amount >= due:
        return interest, amount - due
    return mul_div_down(amount, BPS, BPS + fee_bps), 0
