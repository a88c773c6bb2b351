"""Compound III: an exact twin of the borrow and liquidation checks, absorb and the store-front.

Source: compound-finance/comet, commit d5a30b0a, contracts/Comet.sol (CometWithExtendedAssetList, 24
assets, decides alike). Values have 8 decimals. A debt's value is cut toward zero, so that Comet
rounds in the borrower's favor. Absorption takes the whole account: it never leaves a residue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique

from trimtab.protocols.compound_market import (
    CollateralAsset,
    Market,
    Prices,
    RateCurve,
    accrue,
    borrow_rate_wad,
    present_value,
    principal_value,
    reserves,
    stored_factor_wad,
    supply_rate_wad,
    utilization_wad,
)
from trimtab.units import WAD, mul_div_down, wad_mul_down

__all__ = [
    "Absorption",
    "Account",
    "CollateralAsset",
    "CompoundHealth",
    "CompoundRefusal",
    "Market",
    "RateCurve",
    "Refused",
    "Sale",
    "accrue",
    "borrow",
    "borrow_rate_wad",
    "buy_collateral",
    "health",
    "liquidate",
    "present_value",
    "principal_value",
    "quote_collateral",
    "reserves",
    "stored_factor_wad",
    "supply_rate_wad",
    "utilization_wad",
]


@unique
class CompoundRefusal(StrEnum):
    """Why Comet reverts."""

    NOT_LIQUIDATABLE = "not_liquidatable"
    BORROW_TOO_SMALL = "borrow_too_small"
    NOT_COLLATERALIZED = "not_collateralized"
    NOT_FOR_SALE = "not_for_sale"
    TOO_MUCH_SLIPPAGE = "too_much_slippage"
    INSUFFICIENT_RESERVES = "insufficient_reserves"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that Comet reverts: the rule, what was found and what it asks for."""

    reason: CompoundRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Account:
    """One account: signed principal (negative is owed) and collateral in native units by name."""

    principal: int = 0
    collateral: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert all(amount >= 0 for amount in self.collateral.values()), "negative collateral"


@dataclass(frozen=True, slots=True)
class CompoundHealth:
    """Where an account stands; values with 8 decimals.

    Args:
        balance: base in native units, signed.
        base_value: its value, cut toward zero.
        values: worth of each collateral.
        borrow_liquidity, liquidation_liquidity: base value plus the weighted collateral.
        borrow_collateralized: whether the first is zero or more, or nothing is owed.
        liquidatable: whether something is owed and the second is below zero; zero is safe.
    """

    balance: int
    base_value: int
    values: Mapping[str, int]
    borrow_liquidity: int
    liquidation_liquidity: int
    borrow_collateralized: bool
    liquidatable: bool


@dataclass(frozen=True, slots=True)
class Absorption:
    """What absorbing an account does.

    Args:
        seized: collateral that the market now owns, by name.
        credit_value: what the account is credited for it, with 8 decimals.
        debt: base that was owed, in native units.
        base_paid_out: what it is relieved of and given: debt paid, and any surplus.
        surplus: base that the account is left with.
        shortfall: debt that the credit does not pay, which the reserves bear.
        reserves_before, reserves_after: signed, in native units of base.
        account, market: after it.
    """

    seized: Mapping[str, int]
    credit_value: int
    debt: int
    base_paid_out: int
    surplus: int
    shortfall: int
    reserves_before: int
    reserves_after: int
    account: Account
    market: Market


@dataclass(frozen=True, slots=True)
class Sale:
    """Collateral sold from the store-front: units out, base in, reserves after, market after."""

    collateral_out: int
    base_in: int
    reserves_after: int
    market: Market


def health(account: Account, prices: Prices, *, market: Market) -> CompoundHealth:
    """Return where an account stands.

    Args:
        account: principal and collateral.
        prices: 8 decimals, of the base and of every collateral held.
        market: accrued to now (Comet's own checks read the stored indices).
    """
    balance = present_value(account.principal, market)
    base_value = _cut(balance * prices[market.base], market.base_unit)
    values = {
        name: market.assets[name].value(amount, prices[name])
        for name, amount in account.collateral.items()
        if amount
    }
    borrowing = _weighted(values, {n: market.assets[n].stored.borrow_factor_wad for n in values})
    keeping = _weighted(values, {n: market.assets[n].stored.liquidate_factor_wad for n in values})
    owes = account.principal < 0
    return CompoundHealth(
        balance=balance,
        base_value=base_value,
        values=values,
        borrow_liquidity=base_value + borrowing,
        liquidation_liquidity=base_value + keeping,
        borrow_collateralized=not owes or base_value + borrowing >= 0,
        liquidatable=owes and base_value + keeping < 0,
    )


def borrow(
    account: Account, prices: Prices, *, market: Market, amount: int
) -> tuple[Account, Market] | Refused:
    """Return account and market after a withdrawal of base, which is a borrow below zero."""
    balance = present_value(account.principal, market) - amount
    principal = principal_value(balance, market)
    drawn = replace(account, principal=principal)
    lent = _with_principal(market, account.principal, principal=principal)
    lent = replace(lent, cash=market.cash - amount)
    if balance < 0:
        if -balance < market.borrow_min:
            return Refused(CompoundRefusal.BORROW_TOO_SMALL, -balance, market.borrow_min)
        after = health(drawn, prices, market=lent)
        if not after.borrow_collateralized:
            return Refused(CompoundRefusal.NOT_COLLATERALIZED, after.borrow_liquidity, 0)
    return drawn, lent


def liquidate(account: Account, prices: Prices, *, market: Market) -> Absorption | Refused:
    """Return what absorbing an account does, or that it is not liquidatable.

    The whole account goes: its collateral to the market, its debt to the reserves. It is credited
    with each collateral's value times its liquidation factor, both down, converted to base, down;
    what exceeds the debt becomes its base supply.
    """
    before = health(account, prices, market=market)
    if not before.liquidatable:
        return Refused(CompoundRefusal.NOT_LIQUIDATABLE, before.liquidation_liquidity, -1)
    factors = {name: market.assets[name].stored.liquidation_factor_wad for name in before.values}
    credit_value = _weighted(before.values, factors)
    credit = mul_div_down(credit_value, market.base_unit, prices[market.base])
    balance = max(before.balance + credit, 0)
    principal = principal_value(balance, market)
    settled = _with_principal(market, account.principal, principal=principal)
    return Absorption(
        seized={name: amount for name, amount in account.collateral.items() if amount},
        credit_value=credit_value,
        debt=-before.balance,
        base_paid_out=balance - before.balance,
        surplus=balance,
        shortfall=max(-before.balance - credit, 0),
        reserves_before=reserves(market),
        reserves_after=reserves(settled),
        account=Account(principal),
        market=settled,
    )


def quote_collateral(asset: str, base_amount: int, *, prices: Prices, market: Market) -> int:
    """Return the collateral that the store-front gives for base, in native units, rounded down.

    The discount is the store-front factor's part of the liquidation penalty, down, and the price
    after it is rounded down; the two last divisions floor one after the other.
    """
    rules = market.assets[asset].stored
    discount_wad = wad_mul_down(market.store_front_factor_wad, WAD - rules.liquidation_factor_wad)
    price = wad_mul_down(prices[asset], WAD - discount_wad)
    paid = mul_div_down(prices[market.base] * base_amount, rules.unit, price)
    return mul_div_down(paid, 1, market.base_unit)


def buy_collateral(
    asset: str, base_amount: int, *, prices: Prices, market: Market, stock: int, out_min: int = 0
) -> Sale | Refused:
    """Return a sale of absorbed collateral, or which rule refuses it.

    Args:
        asset: what to buy.
        base_amount: base paid, in native units.
        prices: 8 decimals.
        market: its reserves must be below its target.
        stock: units of the asset that the market owns.
        out_min: least that the buyer takes.
    """
    own = reserves(market)
    if own >= 0 and own >= market.target_reserves:
        return Refused(CompoundRefusal.NOT_FOR_SALE, own, market.target_reserves)
    out = quote_collateral(asset, base_amount, prices=prices, market=market)
    if out < out_min:
        return Refused(CompoundRefusal.TOO_MUCH_SLIPPAGE, out, out_min)
    if out > stock:
        return Refused(CompoundRefusal.INSUFFICIENT_RESERVES, stock, out)
    paid = replace(market, cash=market.cash + base_amount)
    return Sale(out, base_amount, reserves_after=reserves(paid), market=paid)


def _with_principal(market: Market, old: int, *, principal: int) -> Market:
    """The totals after one account's principal has moved, across zero or not."""
    return replace(
        market,
        supply_principal=market.supply_principal + max(principal, 0) - max(old, 0),
        borrow_principal=market.borrow_principal + max(-principal, 0) - max(-old, 0),
    )


def _weighted(values: Mapping[str, int], factors_wad: Mapping[str, int]) -> int:
    return sum(wad_mul_down(value, factors_wad[name]) for name, value in values.items())


def _cut(a: int, b: int) -> int:
    """Return a / b rounded toward zero, for a signed a and a positive b."""
    return mul_div_down(a, 1, b) if a >= 0 else -mul_div_down(-a, 1, b)
