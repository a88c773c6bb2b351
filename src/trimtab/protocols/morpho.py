"""Morpho Blue: an exact twin of one isolated market: accrual, shares, health and liquidation.

Source: morpho-org/morpho-blue, commit 3085651a, src/Morpho.sol and its libraries. Amounts are in
native units of the loan asset or of the collateral, shares carry a virtual million per asset, the
price is loan per collateral scaled by 1e36, ratios and rates are wad. A market has one threshold
(lltv) for borrowing and for liquidation; there is no close factor and no liquidation fee.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.morpho_rates import compounded_growth_wad
from trimtab.protocols.morpho_shares import (
    to_assets_down,
    to_assets_up,
    to_shares_down,
    to_shares_up,
)
from trimtab.units import (
    WAD,
    mul_div_down,
    mul_div_up,
    pow10,
    wad_div_down,
    wad_div_up,
    wad_mul_down,
)

PRICE_SCALE: Final = pow10(36)
INCENTIVE_WAD_MAX: Final = 115 * 10**16
INCENTIVE_CURSOR_WAD: Final = 3 * 10**17
FEE_WAD_MAX: Final = 25 * 10**16


@unique
class MorphoRefusal(StrEnum):
    """Why Morpho reverts."""

    INCONSISTENT_INPUT = "inconsistent_input"
    HEALTHY = "healthy"
    MORE_THAN_COLLATERAL = "more_than_collateral"
    MORE_THAN_DEBT = "more_than_debt"
    INSUFFICIENT_COLLATERAL = "insufficient_collateral"
    INSUFFICIENT_LIQUIDITY = "insufficient_liquidity"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that Morpho reverts: the rule, what was found and what it asks for."""

    reason: MorphoRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Market:
    """One market's totals and rules.

    Args:
        lltv_wad: loan-to-value at which it liquidates, below one.
        supply_assets, supply_shares, borrow_assets, borrow_shares: totals.
        fee_wad: part of the interest that the fee recipient gets, at most a quarter.
        fee_shares: supply shares of the fee recipient.
    """

    lltv_wad: int
    supply_assets: int = 0
    supply_shares: int = 0
    borrow_assets: int = 0
    borrow_shares: int = 0
    fee_wad: int = 0
    fee_shares: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.lltv_wad < WAD, f"loan-to-value out of range: {self.lltv_wad}"
        assert 0 <= self.fee_wad <= FEE_WAD_MAX, f"fee out of range: {self.fee_wad}"
        assert self.supply_assets >= 0 <= self.borrow_assets, "negative assets"
        assert self.supply_shares >= 0 <= self.borrow_shares, "negative shares"


@dataclass(frozen=True, slots=True)
class Position:
    """One borrower: collateral in native units, and borrow shares."""

    collateral: int = 0
    borrow_shares: int = 0


@dataclass(frozen=True, slots=True)
class MorphoHealth:
    """Where a position stands.

    Args:
        debt_assets: what the shares owe, rounded up.
        collateral_value: in the loan asset, down.
        debt_max: the most that the collateral carries, down.
        healthy: whether debt is at most that; equality is healthy.
        ltv_wad: debt over collateral value, up; None without collateral value.
    """

    debt_assets: int
    collateral_value: int
    debt_max: int
    healthy: bool
    ltv_wad: int | None


@dataclass(frozen=True, slots=True)
class Liquidation:
    """What a liquidation does.

    Args:
        seized: collateral to the liquidator.
        repaid_assets, repaid_shares: what he pays, up; by one asset more than is owed at most.
        bad_debt_assets, bad_debt_shares: written off at the cost of the market's lenders.
        incentive_wad: the incentive factor.
        market, position: after it.
        before, after: where the position stood and stands.
    """

    seized: int
    repaid_assets: int
    repaid_shares: int
    bad_debt_assets: int
    bad_debt_shares: int
    incentive_wad: int
    market: Market
    position: Position
    before: MorphoHealth
    after: MorphoHealth


def liquidation_incentive_wad(lltv_wad: int) -> int:
    """Return what a liquidator gets per repaid value: 1 / (1 - 0.3 (1 - lltv)), at most 1.15.

    >>> liquidation_incentive_wad(86 * 10**16)
    1043841336116910229
    """
    cut_wad = wad_mul_down(INCENTIVE_CURSOR_WAD, WAD - lltv_wad)
    return min(INCENTIVE_WAD_MAX, wad_div_down(WAD, WAD - cut_wad))


def accrue(market: Market, seconds: int, *, rate_wad: int) -> Market:
    """Return a market some seconds later, at a borrow rate per second in wad.

    Interest rounds down, and so do the fee and its shares; the fee's shares are counted against a
    supply that has the interest but not the fee.
    """
    if seconds == 0:
        return market
    interest = wad_mul_down(market.borrow_assets, compounded_growth_wad(rate_wad, seconds))
    supply_assets = market.supply_assets + interest
    fee = wad_mul_down(interest, market.fee_wad)
    minted = to_shares_down(fee, supply_assets - fee, total_shares=market.supply_shares)
    return replace(
        market,
        borrow_assets=market.borrow_assets + interest,
        supply_assets=supply_assets,
        supply_shares=market.supply_shares + minted,
        fee_shares=market.fee_shares + minted,
    )


def health(position: Position, price: int, *, market: Market) -> MorphoHealth:
    """Return where a position stands at a price scaled by 1e36; no debt is healthy."""
    debt = _owed(position.borrow_shares, market)
    worth = mul_div_down(position.collateral, price, PRICE_SCALE)
    most = wad_mul_down(worth, market.lltv_wad)
    return MorphoHealth(
        debt_assets=debt,
        collateral_value=worth,
        debt_max=most,
        healthy=position.borrow_shares == 0 or most >= debt,
        ltv_wad=wad_div_up(debt, worth) if worth else None,
    )


def borrow(
    position: Position, price: int, *, market: Market, assets: int
) -> tuple[Position, Market] | Refused:
    """Return position and market after a borrow of assets; its shares round up."""
    if assets == 0:
        return Refused(MorphoRefusal.INCONSISTENT_INPUT, assets, 1)
    shares = to_shares_up(assets, market.borrow_assets, total_shares=market.borrow_shares)
    owing = replace(position, borrow_shares=position.borrow_shares + shares)
    lent = replace(
        market,
        borrow_assets=market.borrow_assets + assets,
        borrow_shares=market.borrow_shares + shares,
    )
    after = health(owing, price, market=lent)
    if not after.healthy:
        reason = MorphoRefusal.INSUFFICIENT_COLLATERAL
        return Refused(reason, after.debt_max, after.debt_assets)
    if lent.borrow_assets > lent.supply_assets:
        reason = MorphoRefusal.INSUFFICIENT_LIQUIDITY
        return Refused(reason, lent.supply_assets, lent.borrow_assets)
    return owing, lent


def liquidate(
    position: Position,
    price: int,
    *,
    market: Market,
    seized: int = 0,
    repaid_shares: int = 0,
) -> Liquidation | Refused:
    """Return what a liquidation does, or which rule refuses it.

    Args:
        position: the borrower.
        price: scaled by 1e36, above zero.
        market: accrued to now.
        seized, repaid_shares: what the liquidator asks for; exactly one is not zero.

    From seized collateral the value rounds up, its part without incentive up, and its shares up;
    from shares the assets round down, with incentive down, and the collateral down. With no
    collateral left the remaining shares are written off; one unit left keeps them.
    """
    if (seized == 0) == (repaid_shares == 0):
        return Refused(MorphoRefusal.INCONSISTENT_INPUT, repaid_shares, seized)
    before = health(position, price, market=market)
    if before.healthy:
        return Refused(MorphoRefusal.HEALTHY, before.debt_assets, before.debt_max + 1)
    incentive_wad = liquidation_incentive_wad(market.lltv_wad)
    if seized:
        repaid_shares = _shares_for(seized, price, market=market, incentive_wad=incentive_wad)
    else:
        seized = _collateral_for(repaid_shares, price, market=market, incentive_wad=incentive_wad)
    if repaid_shares > position.borrow_shares:
        return Refused(MorphoRefusal.MORE_THAN_DEBT, repaid_shares, position.borrow_shares)
    if seized > position.collateral:
        return Refused(MorphoRefusal.MORE_THAN_COLLATERAL, seized, position.collateral)
    return _settle(position, price, market=market, seized=seized, repaid_shares=repaid_shares)


def _settle(
    position: Position, price: int, *, market: Market, seized: int, repaid_shares: int
) -> Liquidation:
    """Move collateral and debt, and write off what nothing backs any more."""
    repaid_assets = _owed(repaid_shares, market)
    left = Position(position.collateral - seized, position.borrow_shares - repaid_shares)
    # The shares' assets may exceed the total by one.
    paid = replace(
        market,
        borrow_assets=max(market.borrow_assets - repaid_assets, 0),
        borrow_shares=market.borrow_shares - repaid_shares,
    )
    bad_shares = left.borrow_shares if left.collateral == 0 else 0
    bad_assets = min(paid.borrow_assets, _owed(bad_shares, paid))
    settled = replace(
        paid,
        borrow_assets=paid.borrow_assets - bad_assets,
        supply_assets=paid.supply_assets - bad_assets,
        borrow_shares=paid.borrow_shares - bad_shares,
    )
    left = replace(left, borrow_shares=left.borrow_shares - bad_shares)
    return Liquidation(
        seized=seized,
        repaid_assets=repaid_assets,
        repaid_shares=repaid_shares,
        bad_debt_assets=bad_assets,
        bad_debt_shares=bad_shares,
        incentive_wad=liquidation_incentive_wad(market.lltv_wad),
        market=settled,
        position=left,
        before=health(position, price, market=market),
        after=health(left, price, market=settled),
    )


def _owed(shares: int, market: Market) -> int:
    return to_assets_up(shares, market.borrow_assets, total_shares=market.borrow_shares)


def _shares_for(seized: int, price: int, *, market: Market, incentive_wad: int) -> int:
    quoted = mul_div_up(seized, price, PRICE_SCALE)
    repaid = wad_div_up(quoted, incentive_wad)
    return to_shares_up(repaid, market.borrow_assets, total_shares=market.borrow_shares)


def _collateral_for(shares: int, price: int, *, market: Market, incentive_wad: int) -> int:
    assets = to_assets_down(shares, market.borrow_assets, total_shares=market.borrow_shares)
    return mul_div_down(wad_mul_down(assets, incentive_wad), PRICE_SCALE, price)
