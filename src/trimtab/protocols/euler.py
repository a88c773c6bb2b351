"""Euler v2: the account status check, and a liquidation whose discount is the violation itself.

Source: euler-xyz/euler-vault-kit, commit 5b98b420: src/EVault/modules/Liquidation.sol,
src/EVault/shared/LiquidityUtils.sol. LTVs, interest and caps are in `euler_vault`.

Units: balances, debts and values in native units of their assets and of the unit of account; prices
in units of account per 1e18 native units; LTVs and discounts in bps of 1e4; times in seconds.
Borrowing looks at the bid of collateral and the ask of debt, liquidation at the middle of both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.euler_vault import BPS, LoanToValue
from trimtab.units import WAD, mul_div_down, wad_div_down, wad_mul_down

SOCIALIZATION_VALUE_MIN: Final = 10**6


@unique
class EulerRefusal(StrEnum):
    """Why the vault reverts a liquidation."""

    SELF_LIQUIDATION = "self_liquidation"
    BAD_COLLATERAL = "bad_collateral"
    COLLATERAL_DISABLED = "collateral_disabled"
    COOL_OFF = "cool_off"
    EXCESSIVE_REPAY = "excessive_repay"
    MIN_YIELD = "min_yield"


@dataclass(frozen=True, slots=True)
class Refused:
    """A liquidation that the vault reverts: the rule, what was found and what it asks for."""

    reason: EulerRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A price as its bid, middle and ask, in units of account per 1e18 native units."""

    bid: int
    mid: int
    ask: int

    @classmethod
    def flat(cls, price: int) -> Quote:
        """Return a quote without a spread."""
        return cls(price, price, price)


@dataclass(frozen=True, slots=True)
class Pledge:
    """One enabled collateral: its balance in vault shares, its LTVs and its quote."""

    balance: int
    ltv: LoanToValue
    quote: Quote


@dataclass(frozen=True, slots=True)
class EulerPosition:
    """One account: collaterals by name in the order enabled, and debt in assets, rounded up."""

    pledges: dict[str, Pledge]
    debt: int


@dataclass(frozen=True, slots=True)
class EulerRules:
    """The liability vault's rules; the largest discount is below 100 %."""

    discount_max_bps: int
    cool_off_seconds: int = 0
    socializes_debt: bool = True

    def __post_init__(self) -> None:
        assert 0 <= self.discount_max_bps < BPS, f"discount out of range: {self.discount_max_bps}"


@dataclass(frozen=True, slots=True)
class EulerHealth:
    """Both tests of an account, in units of account.

    The status check: LTV-weighted collateral at the bid strictly above debt at the ask. Violation:
    LTV-weighted collateral at the middle, with the ramped LTV, at most the debt at the middle.
    """

    borrow_value: int
    debt_ask_value: int
    liquidation_value: int
    debt_mid_value: int
    passes_status_check: bool
    is_violated: bool


@dataclass(frozen=True, slots=True)
class EulerLiquidation:
    """What a liquidator takes over (`repay`, in assets of debt) and gets (`seized`, in shares).

    repay_max, seized_max: of the whole violation; factor_wad: one less the discount;
    socialized: debt written off against the vault's lenders; the liquidator owes `repay`
    afterwards and must pass the status check.
    """

    repay: int
    seized: int
    repay_max: int
    seized_max: int
    factor_wad: int
    socialized: int
    position: EulerPosition


@dataclass(frozen=True, slots=True)
class EulerOffer:
    """The most that may be repaid (assets of debt) and seized (shares), and the factor in wad."""

    repay: int
    seized: int
    factor_wad: int


def health(position: EulerPosition, debt_quote: Quote, *, now_s: int) -> EulerHealth:
    """Return both tests of an account.

    Args:
        debt_quote: the price of the liability; 1e18 where it is the unit of account itself.
        now_s: the time, for the ramps.

    Rounding: values down, per collateral again down after its LTV; debt down.
    """
    borrow = liquidation = 0
    for pledge in position.pledges.values():
        bid, mid = wad_mul_down(pledge.balance, pledge.quote.bid), _mid_value(pledge)
        borrow += mul_div_down(bid, pledge.ltv.borrow_bps, BPS)
        liquidation += mul_div_down(mid, pledge.ltv.liquidation_bps_at(now_s), BPS)
    ask, mid = (wad_mul_down(position.debt, price) for price in (debt_quote.ask, debt_quote.mid))
    return EulerHealth(
        borrow_value=borrow,
        debt_ask_value=ask,
        liquidation_value=liquidation,
        debt_mid_value=mid,
        passes_status_check=position.debt == 0 or borrow > ask,
        is_violated=mid > 0 and liquidation <= mid,
    )


def liquidate(
    position: EulerPosition,
    debt_quote: Quote,
    *,
    collateral: str,
    rules: EulerRules,
    now_s: int,
    repay: int | None = None,
    seized_min: int = 0,
    checked_s: int | None = None,
    is_self: bool = False,
) -> EulerLiquidation | Refused:
    """Take over debt of a violated account for one collateral at a discount.

    Args:
        collateral: the name of the collateral to seize.
        repay: debt to take over, in assets; None takes the most. seized_min: least shares wanted.
        checked_s: when the account last passed a status check, for the cool-off.
        is_self: the liquidator is the violator.

    Returns:
        The amounts and the position after, or why not. A healthy account is no refusal: both
        amounts are zero. Worthless collateral goes for no repayment.
    """
    refusal = _refusal(
        position, collateral, rules=rules, now_s=now_s, checked_s=checked_s, is_self=is_self
    )
    if refusal is not None:
        return refusal
    offer = largest_liquidation(
        position, debt_quote, collateral=collateral, rules=rules, now_s=now_s
    )
    paid, seized = offer.repay, offer.seized
    if repay is not None and position.debt:
        if repay > offer.repay:
            return Refused(EulerRefusal.EXCESSIVE_REPAY, repay, offer.repay)
        if offer.repay:
            paid, seized = repay, mul_div_down(repay, offer.seized, offer.repay)
    if seized < seized_min:
        return Refused(EulerRefusal.MIN_YIELD, seized, seized_min)
    return _executed(
        position, debt_quote, collateral=collateral, rules=rules, offer=offer, paid=paid, got=seized
    )


def largest_liquidation(
    position: EulerPosition,
    debt_quote: Quote,
    *,
    collateral: str,
    rules: EulerRules,
    now_s: int,
) -> EulerOffer:
    """Return the most that may be repaid and seized (checkLiquidation); both 0 when healthy.

    The factor is health itself, floored, and at least one less the largest discount. Debt worth its
    factor buys collateral worth one; where that is more than there is, the repayment shrinks.
    """
    checked = health(position, debt_quote, now_s=now_s)
    if not checked.is_violated:
        return EulerOffer(0, 0, WAD)
    owed = checked.debt_mid_value
    floor = WAD - mul_div_down(WAD, rules.discount_max_bps, BPS)
    factor = max(wad_div_down(checked.liquidation_value, owed), floor)
    pledge = position.pledges[collateral]
    held_value = _mid_value(pledge)
    if held_value == 0:
        return EulerOffer(0, pledge.balance, factor)
    repay_value, seized_value = owed, wad_div_down(owed, factor)
    if held_value < seized_value:
        repay_value, seized_value = wad_mul_down(held_value, factor), held_value
    return EulerOffer(
        repay=mul_div_down(repay_value, position.debt, owed),
        seized=mul_div_down(seized_value, pledge.balance, held_value),
        factor_wad=factor,
    )


def _refusal(
    position: EulerPosition,
    collateral: str,
    *,
    rules: EulerRules,
    now_s: int,
    checked_s: int | None,
    is_self: bool,
) -> Refused | None:
    if is_self:
        return Refused(EulerRefusal.SELF_LIQUIDATION, 1, 0)
    pledge = position.pledges.get(collateral)
    if pledge is None:
        return Refused(EulerRefusal.COLLATERAL_DISABLED, 0, 1)
    if not pledge.ltv.is_recognized:
        return Refused(EulerRefusal.BAD_COLLATERAL, 0, 1)
    if checked_s is not None and now_s < checked_s + rules.cool_off_seconds:
        return Refused(EulerRefusal.COOL_OFF, now_s, checked_s + rules.cool_off_seconds)
    return None


def _executed(
    position: EulerPosition,
    debt_quote: Quote,
    *,
    collateral: str,
    rules: EulerRules,
    offer: EulerOffer,
    paid: int,
    got: int,
) -> EulerLiquidation:
    pledge = position.pledges[collateral]
    pledges = position.pledges | {collateral: replace(pledge, balance=pledge.balance - got)}
    left = position.debt - paid
    value = wad_mul_down(position.debt, debt_quote.mid)
    is_empty = all(one.balance == 0 for one in pledges.values() if one.ltv.is_recognized)
    is_written_off = value >= SOCIALIZATION_VALUE_MIN and rules.socializes_debt and is_empty
    socialized = left if is_written_off else 0
    return EulerLiquidation(
        repay=paid,
        seized=got,
        repay_max=offer.repay,
        seized_max=offer.seized,
        factor_wad=offer.factor_wad,
        socialized=socialized,
        position=EulerPosition(pledges, left - socialized),
    )


def _mid_value(pledge: Pledge) -> int:
    return wad_mul_down(pledge.balance, pledge.quote.mid)
