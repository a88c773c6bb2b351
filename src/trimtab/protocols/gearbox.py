"""Gearbox v3: weighted collateral under quotas, full and partial liquidation of a credit account.

Source: Gearbox-protocol/core-v3, commit 510fc654: contracts/libraries/CollateralLogic.sol,
contracts/libraries/CreditLogic.sol, contracts/credit/CreditFacadeV3.sol, CreditManagerV3.sol.
The waterfall and the ramps stand in `gearbox_credit`, the pool's loss too.

Units: balances, quotas and debts in native units, prices and values in USD with 8 decimals,
thresholds, fees and discounts in bps of 1e4. Quotas are counted in the underlying.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique

from trimtab.protocols.gearbox_credit import (
    BPS,
    CreditDebt,
    LiquidationFees,
    Payments,
    TransferFee,
    amount_sent,
    liquidation_payments,
)
from trimtab.units import RAY, mul_div_down, pow10


@unique
class GearboxRefusal(StrEnum):
    """Why the facade reverts a liquidation."""

    NOT_LIQUIDATABLE = "not_liquidatable"
    LOSS_NOT_APPROVED = "loss_not_approved"
    UNDERLYING_NOT_LIQUIDATABLE = "underlying_not_liquidatable"
    SEIZED_LESS_THAN_REQUIRED = "seized_less_than_required"
    NOT_ENOUGH_BALANCE = "not_enough_balance"
    ZERO_DEBT_WITH_QUOTAS = "zero_debt_with_quotas"
    NOT_ENOUGH_COLLATERAL = "not_enough_collateral"


@dataclass(frozen=True, slots=True)
class Refused:
    """A liquidation that the facade reverts: the rule, what was found and what it asks for."""

    reason: GearboxRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """A token's decimals and its feeds in USD with 8 decimals; `reserve` None: there is none."""

    decimals: int
    main: int
    reserve: int | None = None

    @property
    def safe(self) -> int:
        """Return the safe price: the lesser of both feeds, 0 without a reserve feed."""
        return 0 if self.reserve is None else min(self.main, self.reserve)


@dataclass(frozen=True, slots=True)
class Holding:
    """A token on the account: balance, threshold in bps now, and quota in units of underlying.

    `quota` None is for the underlying alone, whose weighted value has no quota.
    """

    balance: int
    threshold_bps: int
    quota: int | None = 0


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """A credit account: its holdings by token, the underlying among them, and its debt."""

    holdings: dict[str, Holding]
    underlying: str
    debt: CreditDebt


@dataclass(frozen=True, slots=True)
class CreditHealth:
    """What decides: total weighted value (each token capped by its quota) against total debt, USD.

    `is_unhealthy`: weighted value strictly below debt. `is_liquidatable`: that, or expired, with a
    debt. total_value: of all holdings, in units of underlying.
    """

    total_value_usd: int
    weighted_value_usd: int
    debt_usd: int
    total_value: int
    is_unhealthy: bool
    is_liquidatable: bool
    has_bad_debt: bool


@dataclass(frozen=True, slots=True)
class FullLiquidation:
    """A whole account closed: the payments; a loss zeroes quota limits, and new borrowing if the
    account was unhealthy."""

    payments: Payments
    zeroes_borrowing: bool
    zeroes_quota_limits: bool


@dataclass(frozen=True, slots=True)
class PartialLiquidation:
    """Debt repaid for one token: `repaid` and `fee` in underlying, `seized` in the token."""

    repaid: int
    fee: int
    seized: int
    account: CreditAccount
    health: CreditHealth


def health(
    account: CreditAccount,
    prices: dict[str, TokenPrice],
    *,
    fees: LiquidationFees,
    is_expired: bool = False,
    uses_safe_prices: bool = False,
    transfer_fee: TransferFee | None = None,
) -> CreditHealth:
    """Return whether an account may be liquidated.

    Args:
        prices: of every token held; fees: for the test of bad debt.
        uses_safe_prices: as withdrawals do: the lesser feed for collateral, never for debt.

    Rounding: values, weights and quotas down, so against the account; debt down, for it.
    """
    quote = prices[account.underlying]
    unit_usd = mul_div_down(RAY, _price(quote, uses_safe_prices), pow10(quote.decimals))
    total = weighted = 0
    for token, held in account.holdings.items():
        if held.quota == 0:
            continue  # a token without quota is not enabled, and so not counted at all
        price = prices[token]
        value = mul_div_down(held.balance, _price(price, uses_safe_prices), pow10(price.decimals))
        weight = mul_div_down(value, held.threshold_bps, BPS)
        if held.quota is not None:
            weight = min(weight, mul_div_down(held.quota, unit_usd, RAY))
        total, weighted = total + value, weighted + weight
    owed = account.debt.owed
    to_send = amount_sent(owed.total, transfer_fee)
    debt_usd = mul_div_down(to_send, quote.main, pow10(quote.decimals))
    total_value = mul_div_down(total, pow10(quote.decimals), quote.main)
    is_unhealthy = weighted < debt_usd
    due = (owed.principal + owed.interest) * BPS
    return CreditHealth(
        total_value_usd=total,
        weighted_value_usd=weighted,
        debt_usd=debt_usd,
        total_value=total_value,
        is_unhealthy=is_unhealthy,
        is_liquidatable=account.debt.principal > 0 and (is_unhealthy or is_expired),
        has_bad_debt=total_value * fees.discount_bps(is_expired=False) < due,
    )


def liquidate(
    account: CreditAccount,
    prices: dict[str, TokenPrice],
    *,
    fees: LiquidationFees,
    is_expired: bool = False,
    loss_approved: bool = False,
    transfer_fee: TransferFee | None = None,
) -> FullLiquidation | Refused:
    """Close a whole account: pool first, then its owner, loss to the pool.

    Args:
        is_expired: the facade is past its date; a healthy account then goes at the lower terms.
        loss_approved: what the loss policy says where an unhealthy account has bad debt.

    Returns:
        The payments, or why not. Whoever liquidates owes the pool and the owner their parts and
        keeps what the collateral is worth beyond them.
    """
    checked = health(account, prices, fees=fees, is_expired=is_expired, transfer_fee=transfer_fee)
    if not checked.is_liquidatable:
        reason = GearboxRefusal.NOT_LIQUIDATABLE
        return Refused(reason, checked.weighted_value_usd, checked.debt_usd)
    is_loss_case = checked.is_unhealthy and checked.has_bad_debt
    if is_loss_case and not loss_approved:
        return Refused(
            GearboxRefusal.LOSS_NOT_APPROVED, checked.total_value, account.debt.owed.total
        )
    expired_terms = not checked.is_unhealthy
    payments = liquidation_payments(
        account.debt.owed,
        checked.total_value,
        fee_bps=fees.fee_bps(is_expired=expired_terms),
        discount_bps=fees.discount_bps(is_expired=expired_terms),
        transfer_fee=transfer_fee,
    )
    return FullLiquidation(payments, is_loss_case, payments.loss > 0)


def liquidate_partially(
    account: CreditAccount,
    prices: dict[str, TokenPrice],
    *,
    token: str,
    amount: int,
    fees: LiquidationFees,
    seized_min: int = 0,
    is_expired: bool = False,
) -> PartialLiquidation | Refused:
    """Repay part of the debt for one token; the account must end healthy.

    Args:
        token: seized at its main price less the discount; never the underlying.
        amount: underlying that the liquidator pays, its fee included.
        seized_min: the least the liquidator wants of the token.

    Rounding: seized down, fee down. Transfer fees of the underlying are left out.
    """
    checked = health(account, prices, fees=fees, is_expired=is_expired)
    if not checked.is_liquidatable:
        reason = GearboxRefusal.NOT_LIQUIDATABLE
        return Refused(reason, checked.weighted_value_usd, checked.debt_usd)
    if token == account.underlying:
        return Refused(GearboxRefusal.UNDERLYING_NOT_LIQUIDATABLE, 0, 0)
    expired_terms = not checked.is_unhealthy
    fee = mul_div_down(amount, fees.fee_bps(is_expired=expired_terms), BPS)
    converted = _converted(amount, prices[account.underlying], into=prices[token])
    seized = mul_div_down(converted, BPS, fees.discount_bps(is_expired=expired_terms))
    if seized < seized_min:
        return Refused(GearboxRefusal.SEIZED_LESS_THAN_REQUIRED, seized, seized_min)
    held = account.holdings[token]
    if seized > held.balance:
        return Refused(GearboxRefusal.NOT_ENOUGH_BALANCE, held.balance, seized)
    after = _after_partial(account, token, seized=seized, repaid=amount - fee)
    if after.debt.principal == 0 and any(one.quota for one in account.holdings.values()):
        return Refused(GearboxRefusal.ZERO_DEBT_WITH_QUOTAS, 0, 1)
    end = health(after, prices, fees=fees, is_expired=is_expired)
    if end.is_unhealthy:
        reason = GearboxRefusal.NOT_ENOUGH_COLLATERAL
        return Refused(reason, end.weighted_value_usd, end.debt_usd)
    return PartialLiquidation(amount - fee, fee, seized, after, end)


def _after_partial(
    account: CreditAccount, token: str, *, seized: int, repaid: int
) -> CreditAccount:
    held = account.holdings[token]
    reduced = replace(held, balance=held.balance - seized)
    debt, left = account.debt.repaid(repaid)
    holdings = account.holdings | {token: reduced}
    own = holdings.get(account.underlying, Holding(0, 0, None))
    holdings[account.underlying] = replace(own, balance=own.balance + left)
    return CreditAccount(holdings, account.underlying, debt)


def _price(price: TokenPrice, is_safe: bool) -> int:
    return price.safe if is_safe else price.main


def _converted(amount: int, price: TokenPrice, *, into: TokenPrice) -> int:
    numerator = price.main * pow10(into.decimals)
    return mul_div_down(amount, numerator, into.main * pow10(price.decimals))
