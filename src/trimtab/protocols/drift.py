"""Drift v2: size-dependent weights and margin ratios, weighted profit, margin of an account.

Source: drift-labs/protocol-v2, commit 0ae3e3b1, programs/drift/src/math/margin.rs and
state/perp_market.rs. Base 1e9, quote and prices 1e6, ratios and weights 1e4, imf factors 1e6.
Rust's integer division cuts toward zero. Liquidation is in `drift_liquidation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import div_down, mul_div_down, sqrt_down

BASE: Final = 10**9
PRICE: Final = 10**6
QUOTE: Final = 10**6
MARGIN: Final = 10**4
WEIGHT: Final = 10**4
_IMF: Final = 10**6
_ROOT: Final = 10**5
_PERCENTAGE: Final = 10**6
INITIAL_PROFIT_MAX: Final = 100 * QUOTE
ORDER_MARGIN: Final = 10**4


@unique
class Level(StrEnum):
    """Which of the three requirements is asked for."""

    INITIAL = "initial"
    FILL = "fill"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class PerpMarket:
    """A perpetual market's margin parameters.

    Ratios in 1e4; imf_factor in 1e6 (0 turns size scaling off); the high-leverage ratios are 0
    where the mode is not offered; the profit weights in 1e4; profit_imbalance_max: net user profit
    in quote above which the initial weight shrinks, 0 for never.
    """

    initial: int
    maintenance: int
    imf_factor: int = 0
    high_leverage_initial: int = 0
    high_leverage_maintenance: int = 0
    profit_initial_weight: int = WEIGHT
    profit_maintenance_weight: int = WEIGHT
    profit_imf_factor: int = 0
    profit_imbalance_max: int = 0


@dataclass(frozen=True, slots=True)
class PerpPosition:
    """A perpetual position and its open orders.

    base: 1e9, signed; profit: unrealized profit with unsettled funding, quote; bids and asks: base
    of open orders, both not negative; orders: how many.
    """

    base: int
    profit: int = 0
    bids: int = 0
    asks: int = 0
    orders: int = 0

    @property
    def base_worst(self) -> int:
        """Return the base with all bids or all asks filled, whichever is larger in magnitude."""
        bought, sold = self.base + self.bids, self.base - self.asks
        return bought if abs(bought) > abs(sold) else sold


@dataclass(frozen=True, slots=True)
class PerpMargin:
    """A position's requirement, its weighted profit and the value of its worst-case base, quote."""

    requirement: int
    profit: int
    value: int


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of the quote asset: now and its five-minute mean; strict takes the worse."""

    price: int = PRICE
    mean: int = PRICE
    strict: bool = False

    @property
    def low(self) -> int:
        """Return the price at which assets count."""
        return min(self.price, self.mean) if self.strict else self.price

    @property
    def high(self) -> int:
        """Return the price at which liabilities count."""
        return max(self.price, self.mean) if self.strict else self.price


def liability_weight(size: int, weight: int, *, imf_factor: int) -> int:
    """Return max(w, 0.8 w + imf * sqrt(size)): the weight of a borrow, in 1e4.

    Args:
        size: 1e9, not negative; weight: 1e4; imf_factor: 1e6, 0 for no scaling.
    """
    return max(weight, sized_ratio(size, weight, imf_factor=imf_factor))


def sized_ratio(size: int, ratio: int, *, imf_factor: int) -> int:
    """Return 0.8 r + imf * sqrt(size) in 1e4, floored; r itself for a factor of 0."""
    if imf_factor == 0:
        return ratio
    root = sqrt_down(10 * size + 1)
    return ratio - div_down(ratio, 5) + div_down(root * imf_factor * MARGIN, _ROOT * _IMF)


def asset_weight(size: int, weight: int, *, imf_factor: int) -> int:
    """Return min(w, 1.1 / (1 + imf * sqrt(size))): the weight of a deposit, in 1e4, floored."""
    if imf_factor == 0:
        return weight
    root = sqrt_down(10 * size + 1)
    discount = _IMF + div_down(root * imf_factor, _ROOT)
    return min(weight, mul_div_down(_IMF + div_down(_IMF, 10), WEIGHT, discount))


def margin_ratio(
    market: PerpMarket, size: int, *, level: Level, high_leverage: bool = False
) -> int:
    """Return the margin ratio of a size, in 1e4: max(m, 0.8 m + imf * sqrt(size)).

    Args:
        size: base, 1e9, not negative; high_leverage: the account is in that mode.
    """
    ordinary = _at(level, market.initial, maintenance=market.maintenance)
    sized = sized_ratio(size, ordinary, imf_factor=market.imf_factor)
    if not high_leverage or market.high_leverage_initial == 0:
        return max(ordinary, sized)
    low = _at(level, market.high_leverage_initial, maintenance=market.high_leverage_maintenance)
    if market.imf_factor == 0:
        return low
    return _high_leverage_ratio(low, ordinary, sized=sized)


def _high_leverage_ratio(low: int, ordinary: int, *, sized: int) -> int:
    """Between 0.8 m and m the ratio runs from the low one to the ordinary one; then it is sized."""
    if sized >= ordinary:
        return sized
    missing = mul_div_down(ordinary - sized, _PERCENTAGE, max(div_down(ordinary, 5), 1))
    used = max(_PERCENTAGE - missing, 0)
    return low + mul_div_down(max(ordinary - low, 1), used, _PERCENTAGE)


def _at(level: Level, initial: int, *, maintenance: int) -> int:
    if level is Level.INITIAL:
        return initial
    return maintenance if level is Level.MAINTENANCE else div_down(initial + maintenance, 2)


def profit_weight(market: PerpMarket, profit: int, *, level: Level, market_profit: int = 0) -> int:
    """Return the weight of unrealized profit in 1e4; a loss always counts in full.

    Args:
        profit: of the position, quote; market_profit: net unsettled profit of all users, quote.
    """
    if profit <= 0:
        return WEIGHT
    if level is Level.MAINTENANCE:
        return market.profit_maintenance_weight
    weight, most = market.profit_initial_weight, market.profit_imbalance_max
    if most > 0 and market_profit > most:
        weight = mul_div_down(weight, most, market_profit)
    return asset_weight(profit * 10**3, weight, imf_factor=market.profit_imf_factor)


def perp_margin(
    position: PerpPosition,
    market: PerpMarket,
    *,
    price: int,
    level: Level,
    quote: Quote | None = None,
    ratio_min: int = 0,
    market_profit: int = 0,
    high_leverage: bool = False,
) -> PerpMargin:
    """Return the requirement and the counted profit of a position with its orders, in quote.

    Args:
        price: oracle, 1e6; quote: of the quote asset, one if None; ratio_min: the user's own
            smallest ratio (1e4), which only ever raises; market_profit: as in `profit_weight`.
    """
    settle = quote or Quote()
    worst = abs(position.base_worst)
    value = mul_div_down(mul_div_down(worst, price, BASE), settle.high, PRICE)
    own = margin_ratio(market, worst, level=level, high_leverage=high_leverage)
    required = mul_div_down(value, max(own, ratio_min), MARGIN) + position.orders * ORDER_MARGIN
    weight = profit_weight(market, position.profit, level=level, market_profit=market_profit)
    profit = mul_div_toward_zero(position.profit, weight, denominator=WEIGHT)
    at = settle.low if profit > 0 else settle.high
    profit = mul_div_toward_zero(profit, at, denominator=PRICE)
    if level is Level.INITIAL:
        profit = min(profit, INITIAL_PROFIT_MAX)
    return PerpMargin(required, profit, value)


def being_liquidated(
    collateral: int, maintenance: int, *, liabilities: int, buffer_ratio: int, was_liquidated: bool
) -> bool:
    """Return whether liquidation starts or goes on: it ends only above the buffered requirement.

    Args:
        collateral: weighted, quote, signed; maintenance: requirement, quote; liabilities: value of
            borrows and perpetual base, quote; buffer_ratio: 1e4 of that value (200 is 2 %).
    """
    if not was_liquidated:
        return collateral < maintenance
    return collateral < maintenance + mul_div_down(liabilities, buffer_ratio, MARGIN)
