"""Keepers as policies: what pays at the market's own depth, by which route, and when to sell.

A keeper that borrows for one transaction (FLASH) sells at once what it seized, into the impact of
its own sale. One with money of its own (INVENTORY) may keep it and sell by a schedule, which costs
less and carries the risk of the price meanwhile. A lot of an auction is sold at once too, and only
as much of it is bought as pays.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from trimtab.agents.execution import ExecutionTerms, next_share, optimal_cost, optimal_variance
from trimtab.agents.keeper import KEEPER, Offer, best_offer
from trimtab.agents.observing import Beat, Intent, MarketView, Observation, Sale
from trimtab.engine import auction_price_wad, holder, supply_amount
from trimtab.model import commands as c
from trimtab.units import (
    UINT256_MAX,
    WAD,
    YEAR_SECONDS,
    UsageError,
    div_down,
    fixed_of,
    float_of,
    mul_div_down,
)

# Share of what is paid within which an estimated gain may be a rounding off.
_ROUNDING = 1e-9


@unique
class Route(StrEnum):
    """How a keeper pays for a liquidation, and what becomes of the collateral.

    FLASH: with a loan of one transaction, sold at once. DUMP: its own money, sold at once.
    INVENTORY: its own money, kept and sold by a schedule.
    """

    FLASH = "flash"
    DUMP = "dump"
    INVENTORY = "inventory"


@dataclass(frozen=True, slots=True)
class Patience:
    """How an inventory is sold: within some intervals, at a risk aversion (1 / quote)."""

    intervals: int = 12
    risk_aversion: float = 1e-7

    def __post_init__(self) -> None:
        if self.intervals < 1 or not 0.0 <= self.risk_aversion < math.inf:
            raise UsageError(
                f"patience has an interval or more and a risk aversion of 0 or more: found {self}"
            )


def execution_terms(
    market: MarketView, asset: str, *, units: float, seconds: float, patience: Patience
) -> ExecutionTerms:
    """Return the terms of selling an asset in a market, straightened over an interval's part.

    A market whose impact is g x per unit and is absorbed between two intervals costs price g n^2 /
    2 for a sale of n in one of them, of which a share stays: temporary = price g seconds / 2,
    permanent = price g share. That is exact for small linear impact, an estimate for other shapes.
    """
    price = market.price(asset)
    slope = price * market.slope(asset, max(units / patience.intervals, 1e-12))
    return ExecutionTerms(
        volatility=price * market.volatility(asset) / math.sqrt(YEAR_SECONDS),
        temporary=slope * seconds / 2.0,
        permanent=slope * market.permanent_share(asset),
        risk_aversion=patience.risk_aversion,
        seconds=seconds,
        fixed=price * (1.0 - market.fee(asset)),
    )


def due_sales(observation: Observation, patience: Patience) -> tuple[Intent, ...]:
    """Return this interval's part of every lot: what its schedule sells now; all at its end."""
    intents = []
    for lot in observation.funds.lots:
        if lot.units <= 0:
            continue
        left = max(1, patience.intervals - (observation.step - lot.since_step))
        whole = units_float(observation, lot.asset, units=lot.units)
        terms = execution_terms(
            observation.market,
            lot.asset,
            units=whole,
            seconds=observation.step_seconds,
            patience=patience,
        )
        part = lot.units if left == 1 else math.ceil(lot.units * next_share(terms, left))
        intents.append(Intent(sales=(Sale(lot.asset, min(part, lot.units)),)))
    return tuple(intents)


def units_float(observation: Observation, asset: str, *, units: int) -> float:
    """Native units as whole units, a float."""
    return float_of(units, observation.draft.rules.assets[asset].decimals)


@dataclass(frozen=True, slots=True)
class KeeperPolicy:
    """A keeper.

    Args:
        routes: those it may take, at least one; of several the one that it values most.
        min_profit_wad: least profit after gas, 0 or more; a wei at least.
        capital_wad: most that it pays for one account (wad of the quote); None: its funds.
        patience: how it sells what it keeps.
        halvings: how often it halves what does not pay whole, to sell less at once; 0: never.
    """

    routes: tuple[Route, ...] = (Route.FLASH,)
    min_profit_wad: int = 0
    capital_wad: int | None = None
    patience: Patience = Patience()
    halvings: int = 0
    name: str = KEEPER
    beats: frozenset[Beat] = frozenset({Beat.OFFERED, Beat.LOTS, Beat.CLOSING})

    def __post_init__(self) -> None:
        if not self.routes or self.min_profit_wad < 0 or self.halvings < 0:
            raise UsageError(f"a keeper has a route, and no number below 0: found {self}")

    @property
    def least_wad(self) -> int:
        """The least that it acts for, after gas."""
        return max(self.min_profit_wad, 1)

    def observe(self, observation: Observation) -> Sequence[Intent]:
        """Take an account on offer, bid for lots, or sell what is due of the inventory."""
        if observation.beat is Beat.CLOSING:
            return due_sales(observation, self.patience)
        if observation.beat is Beat.LOTS:
            found = [self._bid(observation, key) for key in observation.focus]
        else:
            found = [self._liquidation(observation, key) for key in observation.focus]
        return [intent for intent in found if intent is not None]

    def _liquidation(self, observation: Observation, key: str) -> Intent | None:
        best: tuple[float, Intent] | None = None
        for route in self.routes:
            capital = self._capital(observation, route)
            offer = best_offer(observation.draft, key, capital_wad=capital)
            found = None if offer is None else self._valued(observation, offer, route=route)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
        return None if best is None else best[1]

    def _capital(self, observation: Observation, route: Route) -> int | None:
        limits = [self.capital_wad]
        if route is not Route.FLASH:
            limits.append(observation.funds.cash_wad)
        known = [limit for limit in limits if limit is not None]
        return min(known) if known else None

    def _valued(
        self, observation: Observation, offer: Offer, *, route: Route
    ) -> tuple[float, Intent] | None:
        """What an offer is worth by a route, and the intent; halved while it does not pay."""
        least_gain = float_of(self.least_wad + observation.gas_wad, 18)
        for halving in range(self.halvings + 1):
            repay = offer.repay >> halving
            gain, costs = self._gain(observation, offer, repay=repay, route=route)
            # An estimate: what it cannot tell from the least is tried, and decided exactly.
            room = _ROUNDING * float_of(offer.cost_wad, 18)
            if gain - costs >= least_gain - room:
                break
        else:
            return None
        if repay == 0:
            return None
        keeps = route is Route.INVENTORY
        least = self.least_wad + (fixed_of(costs, 18) if keeps else 0)
        pair = offer.quote.pair
        command = c.Liquidate(
            observation.draft.now_ns,
            offer.account,
            pair.debt.asset,
            pair.collateral.asset,
            self.name,
            repay=repay,
            flash_payment=repay if route is Route.FLASH else None,
        )
        return gain - costs, Intent((command,), sell_seized=not keeps, least_wad=least)

    def _gain(
        self, observation: Observation, offer: Offer, *, repay: int, route: Route
    ) -> tuple[float, float]:
        """The gain at the market's prices, and what selling is expected to cost, quote."""
        pair, market = offer.quote.pair, observation.market
        bonus = WAD + offer.quote.terms.bonus_wad
        value = min(pair.held_value, mul_div_down(repay * pair.debt.unit, bonus, WAD))
        asset = pair.collateral.asset
        units = units_float(observation, asset, units=div_down(value, pair.collateral.unit))
        paid = units_float(observation, pair.debt.asset, units=repay) * market.price(
            pair.debt.asset
        )
        whole = units * market.price(asset)
        if route is not Route.INVENTORY:
            return whole - paid, whole - market.proceeds(asset, units)
        terms = execution_terms(
            market, asset, units=units, seconds=observation.step_seconds, patience=self.patience
        )
        intervals = self.patience.intervals
        risk = optimal_variance(units, terms, intervals=intervals) * terms.risk_aversion
        return whole - paid, optimal_cost(units, terms, intervals=intervals) + risk

    def _bid(self, observation: Observation, key: str) -> Intent | None:
        """As much of a lot as pays when it is sold at once: all of it, or a half, and so on."""
        draft, market = observation.draft, observation.market
        auction = draft.auction(key)
        asset = auction.collateral
        price_wad = auction_price_wad(auction, draft.rules.auction, now_s=draft.now_s)
        shares = draft.account(holder(key)).supply.get(asset, 0)
        lot = supply_amount(draft.pool(asset), shares)
        # The price is in the quote; it is paid in the debt's asset at its reported price.
        reported = float_of(draft.mark(auction.debt).price_wad, 18)
        price = float_of(price_wad, 18) * market.price(auction.debt) / reported
        for halving in range(self.halvings + 1):
            amount = lot >> halving
            units = units_float(observation, asset, units=amount)
            gain = market.proceeds(asset, units) - units * price
            if amount and gain > float_of(self.least_wad + observation.gas_wad, 18):
                taken = c.TakeAuction(draft.now_ns, key, amount, UINT256_MAX, self.name)
                return Intent((taken,), sell_seized=True, least_wad=self.least_wad)
        return None
