"""GMX v2: liquidation of an isolated position and auto-deleveraging of a side.

Source: gmx-io/gmx-synthetics, commit a5c0c883, contracts/position/PositionUtils.sol,
contracts/adl/AdlUtils.sol, contracts/market/MarketUtils.sol. USD and factors 1e30, sizes in token
units, prices 1e30 per token unit; every price comes as a pair and the worse one is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import mul_div_down

ONE: Final = 10**30


@unique
class Reason(StrEnum):
    """Why a position may be liquidated."""

    BELOW_MIN_COLLATERAL = "below_min_collateral"
    NOT_POSITIVE = "not_positive"
    BELOW_LEVERAGE_MIN = "below_leverage_min"


@dataclass(frozen=True, slots=True)
class PricePair:
    """The lowest and the highest price of an oracle report, 1e30 USD per token unit."""

    low: int
    high: int

    def pick(self, *, maximize: bool) -> int:
        """Return the higher or the lower price."""
        return self.high if maximize else self.low


@dataclass(frozen=True, slots=True)
class Pool:
    """Both sides' tokens of a market, in token units, and their prices."""

    long_tokens: int
    long_prices: PricePair
    short_tokens: int = 0
    short_prices: PricePair = PricePair(ONE, ONE)

    def side_usd(self, *, is_long: bool) -> int:
        """Return the value that backs one side, at the lowest price, 1e30."""
        if is_long:
            return self.long_tokens * self.long_prices.low
        return self.short_tokens * self.short_prices.low


@dataclass(frozen=True, slots=True)
class Position:
    """A position, or the open interest of a side: USD paid for it (1e30) and index token units."""

    size_usd: int
    tokens: int
    is_long: bool

    def pnl(self, price: int) -> int:
        """Return the profit at a price of the index token, 1e30, signed."""
        worth = self.tokens * price
        return worth - self.size_usd if self.is_long else self.size_usd - worth


@dataclass(frozen=True, slots=True)
class Rules:
    """Factors of a market and a side, 1e30.

    profit_max_traders: pool share that profits are paid up to; profit_max_adl: above which the side
    may be deleveraged; profit_min_after_adl: which an order must not go below; collateral_min_usd;
    collateral_factor: of the size, least collateral; impact_max: of the size, largest negative
    price impact of the liquidation test; open_interest_factor: of the side's open interest in USD,
    the least collateral factor of a new position.
    """

    profit_max_traders: int = ONE
    profit_max_adl: int = ONE
    profit_min_after_adl: int = 0
    collateral_min_usd: int = 0
    collateral_factor: int = 0
    impact_max: int = ONE
    open_interest_factor: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a position's collateral, 1e30, and why it may be liquidated, if it may."""

    remaining_usd: int
    reason: Reason | None

    @property
    def liquidatable(self) -> bool:
        """Return whether it may be liquidated."""
        return self.reason is not None


def pnl_factor(pnl_usd: int, pool_usd: int) -> int:
    """Return profit over pool value, 1e30, cut toward zero; 0 for an empty pool."""
    if pool_usd == 0:
        return 0
    return mul_div_toward_zero(pnl_usd, ONE, denominator=pool_usd)


def adl_enabled(factor: int, rules: Rules) -> bool:
    """Return whether a side may be deleveraged: its factor is positive and above the limit."""
    return factor > 0 and factor > rules.profit_max_adl


def adl_order_valid(before: int, after: int, *, rules: Rules) -> bool:
    """Return whether a deleveraging order may stand: it lowers the factor, and not too far.

    Args:
        before and after: the side's factor, 1e30.
    """
    enabled = adl_enabled(before, rules)
    return enabled and after < before and after >= rules.profit_min_after_adl


def paid_pnl(pnl_usd: int, *, side_pnl_usd: int, pool_usd: int, rules: Rules) -> int:
    """Return what a position's profit pays: its share of the side's capped profit, floored.

    Args:
        pnl_usd: of the position, signed; side_pnl_usd: of all positions of the side, signed.
    """
    cap = mul_div_down(pool_usd, rules.profit_max_traders, ONE)
    if pnl_usd <= 0 or side_pnl_usd <= cap:
        return pnl_usd
    return mul_div_down(pnl_usd, cap, side_pnl_usd)


def capped_impact(impact_usd: int, *, size_usd: int, rules: Rules) -> int:
    """Return the price impact of the liquidation test: no gain, and no more than the floor."""
    return max(min(impact_usd, 0), -mul_div_down(size_usd, rules.impact_max, ONE))


def health(
    position: Position,
    collateral: int,
    *,
    prices: PricePair,
    collateral_prices: PricePair,
    rules: Rules,
    impact_usd: int = 0,
    fees_usd: int = 0,
) -> Standing:
    """Return what is left after everything and whether the position may be liquidated.

    collateral * lowest price + profit at the worse price + capped impact - fees.

    Args:
        collateral: token units; impact_usd: of closing it all, 1e30, signed; fees_usd: due, 1e30.
    """
    price = prices.pick(maximize=not position.is_long)
    remaining = collateral * collateral_prices.low + position.pnl(price) - fees_usd
    remaining += capped_impact(impact_usd, size_usd=position.size_usd, rules=rules)
    least = mul_div_down(position.size_usd, rules.collateral_factor, ONE)
    reason = None
    if remaining < rules.collateral_min_usd:
        reason = Reason.BELOW_MIN_COLLATERAL
    elif remaining <= 0:
        reason = Reason.NOT_POSITIVE
    elif remaining < least:
        reason = Reason.BELOW_LEVERAGE_MIN
    return Standing(remaining, reason)


def opening_collateral_min(size_usd: int, *, open_interest_usd: int, rules: Rules) -> int:
    """Return the least collateral of a new size, 1e30: the leverage falls with open interest.

    Args:
        open_interest_usd: of the side, with the new position, 1e30.
    """
    scaled = mul_div_down(open_interest_usd, rules.open_interest_factor, ONE)
    return mul_div_down(size_usd, max(rules.collateral_factor, scaled), ONE)
