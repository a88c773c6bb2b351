"""Mango v4: the three health levels of a cross account, with open orders at their worst.

Source: blockworks-foundation/mango-v4, commit 1303a4a1, programs/mango-v4/src/health/cache.rs.
Everything is wad: balances in native units, prices and weights. The program keeps 48 binary places
(I80F48); this twin keeps 18 decimal ones and floors each product, so the two agree to about 1e-9.
The stable price is in `mango_stable_price`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, unique

from trimtab.protocols.signed import wad_mul_floor
from trimtab.units import WAD, mul_div_down, mul_div_up


@unique
class Level(StrEnum):
    """Opening asks for INITIAL; liquidation starts below MAINTENANCE, ends at LIQUIDATION_END."""

    INITIAL = "initial"
    LIQUIDATION_END = "liquidation_end"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Prices:
    """The oracle and the stable price, wad; the initial level takes the worse of the two."""

    oracle_wad: int
    stable_wad: int

    def asset_wad(self, level: Level) -> int:
        """Return the price at which an asset counts."""
        if level is Level.INITIAL:
            return min(self.oracle_wad, self.stable_wad)
        return self.oracle_wad

    def liability_wad(self, level: Level) -> int:
        """Return the price at which a liability counts."""
        if level is Level.INITIAL:
            return max(self.oracle_wad, self.stable_wad)
        return self.oracle_wad


@dataclass(frozen=True, slots=True)
class Weights:
    """Initial and maintenance weights of an asset (at most one) and a liability (at least one)."""

    asset_initial_wad: int
    liability_initial_wad: int
    asset_maintenance_wad: int
    liability_maintenance_wad: int

    def asset_wad(self, level: Level) -> int:
        """Return the weight of an asset."""
        maintenance = level is Level.MAINTENANCE
        return self.asset_maintenance_wad if maintenance else self.asset_initial_wad

    def liability_wad(self, level: Level) -> int:
        """Return the weight of a liability."""
        maintenance = level is Level.MAINTENANCE
        return self.liability_maintenance_wad if maintenance else self.liability_initial_wad


@dataclass(frozen=True, slots=True)
class Token:
    """A token position and what its bank says.

    balance: native units, wad, signed; deposits and borrows: of the whole bank, native units, wad,
    deposits with the tokens that open orders may still bring; the two starts: quote, wad, above
    which the weights are scaled at the initial level; None for never.
    """

    balance: int
    prices: Prices
    weights: Weights
    deposits: int = 0
    borrows: int = 0
    deposit_scale_start: int | None = None
    borrow_scale_start: int | None = None

    def asset_weight_wad(self, level: Level) -> int:
        """Return the asset weight, times start / deposits' value once that is above the start."""
        weight, start = self.weights.asset_wad(level), self.deposit_scale_start
        if level is not Level.INITIAL or start is None:
            return weight
        value = mul_div_down(self.deposits, self.prices.asset_wad(level), WAD)
        return weight if value <= start else mul_div_down(weight, start, value)

    def liability_weight_wad(self, level: Level) -> int:
        """Return the liability weight, times borrows' value / start once that is above."""
        weight, start = self.weights.liability_wad(level), self.borrow_scale_start
        if level is not Level.INITIAL or start is None:
            return weight
        value = mul_div_up(self.borrows, self.prices.liability_wad(level), WAD)
        return weight if value <= start else mul_div_up(weight, value, start)

    def health(self, level: Level) -> int:
        """Return balance * price * weight, quote, wad, floored."""
        if self.balance >= 0:
            return self.asset_value(self.balance, level)
        return self.liability_value(self.balance, level)

    def asset_value(self, amount: int, level: Level) -> int:
        """Return the weighted value of an amount held."""
        worth = wad_mul_floor(amount, self.prices.asset_wad(level))
        return wad_mul_floor(worth, self.asset_weight_wad(level))

    def liability_value(self, amount: int, level: Level) -> int:
        """Return the weighted value of an amount owed."""
        worth = wad_mul_floor(amount, self.prices.liability_wad(level))
        return wad_mul_floor(worth, self.liability_weight_wad(level))


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """Funds reserved in one spot market, native units, wad.

    base and quote: places of the tokens; highest_bid_wad and lowest_ask_wad: price limits of the
    orders, quote per base; None where unknown.
    """

    base: int
    quote: int
    reserved_base: int
    reserved_quote: int
    highest_bid_wad: int | None = None
    lowest_ask_wad: int | None = None


@dataclass(frozen=True, slots=True)
class Perp:
    """A perpetual position: base, bids and asks in base native units, quote; all wad.

    settle: place of the token its profit settles in; overall_*_wad: weight of a positive result.
    """

    base: int
    quote: int
    bids: int
    asks: int
    prices: Prices
    weights: Weights
    overall_initial_wad: int = WAD
    overall_maintenance_wad: int = WAD
    settle: int = 0

    def unweighted_health(self, level: Level) -> int:
        """Return quote plus the worse of all bids filled and all asks filled, wad."""
        bought = self._filled(self.bids, self.prices.liability_wad(level), level=level)
        sold = self._filled(-self.asks, self.prices.asset_wad(level), level=level)
        return self.quote + min(bought, sold)

    def health(self, level: Level) -> int:
        """Return what is added to the settle token: a gain counts with the overall weight."""
        found = self.unweighted_health(level)
        if found <= 0:
            return found
        maintenance = level is Level.MAINTENANCE
        overall = self.overall_maintenance_wad if maintenance else self.overall_initial_wad
        return wad_mul_floor(found, overall)

    def _filled(self, orders: int, price_wad: int, *, level: Level) -> int:
        base = self.base + orders
        if base < 0:
            at, weight = self.prices.liability_wad(level), self.weights.liability_wad(level)
        else:
            at, weight = self.prices.asset_wad(level), self.weights.asset_wad(level)
        return wad_mul_floor(wad_mul_floor(base, weight), at) - wad_mul_floor(orders, price_wad)


@dataclass(frozen=True, slots=True)
class Account:
    """Token positions, open orders of spot markets, perpetual positions."""

    tokens: Sequence[Token]
    orders: Sequence[OpenOrders] = ()
    perps: Sequence[Perp] = ()


@dataclass(frozen=True, slots=True)
class _Reserved:
    """One market's reserved funds, all taken as base or all as quote."""

    orders: OpenOrders
    as_base: int
    as_quote: int


def health(account: Account, level: Level) -> int:
    """Return the health of an account at a level, quote, wad.

    Perpetual results join their settle token before its weight; each spot market's reserved funds
    count as all base or all quote, whichever is worse, last on top of everything else of the token.
    """
    tokens = list(account.tokens)
    for perp in account.perps:
        held = tokens[perp.settle]
        tokens[perp.settle] = replace(held, balance=held.balance + perp.health(level))
    reserved = [_reserved(tokens, orders, level=level) for orders in account.orders]
    total = sum(token.health(level) for token in tokens)
    most = [token.balance for token in tokens]
    for market in reserved:
        most[market.orders.base] += market.as_base
        most[market.orders.quote] += market.as_quote
    return total + sum(_worse(tokens, most, market=market, level=level) for market in reserved)


def may_open(account: Account) -> bool:
    """Return whether the account may stand so after opening: initial health of zero or more."""
    return health(account, Level.INITIAL) >= 0


def being_liquidated(account: Account, *, was_liquidated: bool) -> bool:
    """Return whether liquidation starts (maintenance below zero) or goes on (to its end level)."""
    level = Level.LIQUIDATION_END if was_liquidated else Level.MAINTENANCE
    return health(account, level) < 0


def _reserved(tokens: Sequence[Token], orders: OpenOrders, *, level: Level) -> _Reserved:
    base, quote = tokens[orders.base].prices, tokens[orders.quote].prices
    bought = mul_div_down(
        orders.reserved_quote, quote.asset_wad(level), max(base.liability_wad(level), 1)
    )
    sold = mul_div_down(
        orders.reserved_base, base.asset_wad(level), max(quote.liability_wad(level), 1)
    )
    if orders.highest_bid_wad is not None:
        bought = min(bought, mul_div_down(orders.reserved_quote, WAD, orders.highest_bid_wad))
    if orders.lowest_ask_wad is not None:
        sold = min(sold, mul_div_down(orders.reserved_base, orders.lowest_ask_wad, WAD))
    return _Reserved(orders, orders.reserved_base + bought, orders.reserved_quote + sold)


def _worse(tokens: Sequence[Token], most: Sequence[int], *, market: _Reserved, level: Level) -> int:
    base, quote = market.orders.base, market.orders.quote
    if market.as_base == 0 or market.as_quote == 0:
        return 0
    return min(
        _effect(tokens[base], market.as_base, most=most[base], level=level),
        _effect(tokens[quote], market.as_quote, most=most[quote], level=level),
    )


def _effect(token: Token, amount: int, *, most: int, level: Level) -> int:
    """What an amount adds to health when it comes last: first it repays, then it is held."""
    held = min(max(most, 0), amount)
    return token.asset_value(held, level) + token.liability_value(amount - held, level)
