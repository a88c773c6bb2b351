"""Where an account stands, worked out anew from the raw records with fractions.

Nothing here calls the engine's margin, pool or ramp functions: it is the second opinion that the
invariants are checked against. Values are quote units, weights plain fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from tests.engine.market_standing import terms_of
from trimtab.model import Account, Pool, Table
from trimtab.units import WAD

Records = Mapping[tuple[Table, str], Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's sums at the three levels, in quote units.

    With positions, `weighted_debt` is all that maintenance holds against the account: debts,
    losses, requirement; what another level asks more is taken off its own sum.
    """

    collateral: Fraction
    debt: Fraction
    initial: Fraction
    end: Fraction
    maintenance: Fraction
    weighted_debt: Fraction
    pnl: Fraction = Fraction(0)

    @property
    def equity(self) -> Fraction:
        return self.collateral + self.pnl - self.debt

    def is_unsafe(self, *, in_liquidation: bool) -> bool:
        if self.maintenance < self.weighted_debt:
            return True
        return in_liquidation and self.end < self.weighted_debt


def owned(pool: Pool, shares: int) -> int:
    """Native units of supply shares: what the pool owes their holder, rounded down."""
    return floor(Fraction(shares * pool.supplied, pool.supply_shares)) if shares else 0


def owed(pool: Pool, shares: int) -> int:
    """Native units of debt shares: what their holder owes the pool, rounded up."""
    return ceil(Fraction(shares * pool.borrowed, pool.borrow_shares)) if shares else 0


def price_wad(records: Records, asset: str) -> int:
    """Oracle price; a yield-bearing asset's is its underlying's times its rate."""
    rules = records[Table.RULES, ""].rules.assets[asset]
    state = records.get((Table.PRICE, asset))
    if not rules.underlying:
        return state.price_wad
    rate = rules.exchange_rate_wad if state is None else state.rate_wad
    return price_wad(records, rules.underlying) * rate // WAD


def unit_price(records: Records, asset: str) -> Fraction:
    """Quote units that one native unit of an asset is worth."""
    decimals = records[Table.RULES, ""].rules.assets[asset].decimals
    return Fraction(price_wad(records, asset), WAD * 10**decimals)


def ramped(records: Records, field: str, *, section: str, name: str, now_s: int) -> Fraction:
    """A weight at a moment: on the straight line of its ramp, rounded against the account."""
    state = records[Table.RULES, ""]
    target = getattr(getattr(state.rules, section)[name], field)
    for ramp in state.ramps:
        if (ramp.section, ramp.name, ramp.field) != (section, name, field):
            continue
        if now_s >= ramp.end_s and now_s > ramp.start_s:
            return Fraction(ramp.target, WAD)
        gone = Fraction(max(0, now_s - ramp.start_s), max(1, ramp.end_s - ramp.start_s))
        exact = ramp.start + (ramp.target - ramp.start) * gone
        rounded = ceil(exact) if field == "liability_weight_wad" else floor(exact)
        return Fraction(rounded, WAD)
    return Fraction(target, WAD)


def weights_of(
    records: Records, account: Account, *, asset: str, now_s: int
) -> tuple[Fraction, Fraction, Fraction]:
    """Collateral weights at the initial, liquidation-end and maintenance level."""
    rules = records[Table.RULES, ""].rules
    category = rules.categories.get(account.category)
    if category is not None and asset in category.assets:
        threshold = ramped(
            records,
            "liquidation_threshold_wad",
            section="categories",
            name=account.category,
            now_s=now_s,
        )
        initial, end = min(Fraction(category.max_ltv_wad, WAD), threshold), threshold
    else:
        threshold, end = (
            ramped(records, field, section="assets", name=asset, now_s=now_s)
            for field in ("liquidation_threshold_wad", "liquidation_end_wad")
        )
        end = min(end, threshold)
        initial = min(Fraction(rules.assets[asset].max_ltv_wad, WAD), end)
    if asset in account.thresholds:
        threshold = Fraction(account.thresholds[asset], WAD)
        end = min(end, threshold) if end else threshold
        initial = min(initial, end)
    return initial, end, threshold


def liability_weight(records: Records, asset: str, *, now_s: int) -> Fraction:
    return ramped(records, "liability_weight_wad", section="assets", name=asset, now_s=now_s)


def standing(records: Records, key: str, *, now_s: int) -> Standing:
    """An account's sums; the pools of `records` have their interest booked."""
    account = records.get((Table.ACCOUNT, key), Account(key))
    collateral = initial = end = maintenance = debt = weighted = Fraction(0)
    for asset, shares in account.supply.items():
        amount = owned(records[Table.POOL, asset], shares)
        value = amount * unit_price(records, asset)
        weight = weights_of(records, account, asset=asset, now_s=now_s)
        collateral += value
        initial += value * weight[0] * worse(records, asset)[0]
        end += value * weight[1]
        maintenance += value * weight[2]
    for asset, shares in account.debt.items():
        value = owed(records[Table.POOL, asset], shares) * unit_price(records, asset)
        debt += value
        weight = liability_weight(records, asset, now_s=now_s)
        weighted += value * weight
        initial -= value * weight * (worse(records, asset)[1] - 1)
    pnl = Fraction(0)
    for market in account.positions.keys() | account.orders.keys():
        asset = records[Table.RULES, ""].rules.markets[market].asset
        index = price_wad(records, asset)
        stable = stable_wad(records, asset) or index
        prices = (index, min(index, stable), max(index, stable))
        found = terms_of(records, account, market, prices=prices, now_s=now_s)
        pnl += found.pnl
        initial += found.initial_gains - (found.initial - found.maintenance)
        initial -= found.initial_losses - found.losses
        end += found.gains - (found.end - found.maintenance)
        maintenance += found.gains
        weighted += found.losses + found.maintenance
    return Standing(collateral, debt, initial, end, maintenance, weighted, pnl)


def stable_wad(records: Records, asset: str) -> int:
    """The stable price, 0 where none is kept."""
    state = records.get((Table.ORACLE, asset))
    kept = records[Table.RULES, ""].rules.oracle.stable_price
    return state.stable.price_wad if kept and state is not None and state.stable else 0


def worse(records: Records, asset: str) -> tuple[Fraction, Fraction]:
    """Lesser and greater of price and stable price, over the price."""
    price = price_wad(records, asset)
    share = Fraction(stable_wad(records, asset) or price, price)
    return min(Fraction(1), share), max(Fraction(1), share)
