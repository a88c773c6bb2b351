"""Margin answers that explain themselves: levels, liquidation prices, distance, room."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.engine.draft import Draft, Mark
from trimtab.engine.margin import (
    EXACT_PER_WAD,
    WEIGHTED_PER_WAD,
    Sums,
    account_sums,
    is_unsafe,
    weights,
)
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.model import Account, Explanation, Level, split_key
from trimtab.units import WAD, div_down, div_floor, div_up, mul_div_down


@dataclass(frozen=True, slots=True)
class Exposure:
    """One asset of one account: net weighted native units per level, and what they are worth.

    `slope` is d(maintenance excess) / d(price in wad), in 1e-54 of the quote: amount x weight less
    debt x liability weight, lifted to the common scale.
    """

    mark: Mark
    slope: int
    net: int


def explain(account: Account, draft: Draft) -> Explanation:
    """Everything a person would ask about one account at the draft's time and prices."""
    sums = account_sums(account, draft)
    exposures = _exposures(account, draft)
    name, group = split_key(account.key)
    return Explanation(
        account=name,
        group=group,
        collateral_wad=div_down(sums.collateral, EXACT_PER_WAD),
        weighted_collateral_wad=div_down(sums.maintenance, WEIGHTED_PER_WAD),
        debt_wad=div_up(sums.debt, EXACT_PER_WAD),
        weighted_debt_wad=div_up(sums.weighted_debt, WEIGHTED_PER_WAD),
        equity_wad=div_floor(sums.equity, EXACT_PER_WAD),
        health_wad=health_wad(sums),
        leverage_wad=_leverage_wad(sums),
        excess_wad={
            Level.INITIAL: div_floor(sums.excess_initial, WEIGHTED_PER_WAD),
            Level.LIQUIDATION_END: div_floor(sums.excess_liquidation_end, WEIGHTED_PER_WAD),
            Level.MAINTENANCE: div_floor(sums.excess_maintenance, WEIGHTED_PER_WAD),
        },
        liquidatable=is_unsafe(account, sums),
        binding=_binding(account, sums),
        liquidation_price_wad=_liquidation_prices(sums, exposures),
        distance_wad=_distance_wad(sums, exposures, quote=draft.rules.quote),
        withdrawable=_withdrawable(account, sums, draft=draft),
        borrowable=_borrowable(sums, draft),
    )


def health_wad(sums: Sums) -> int | None:
    """Weighted collateral over weighted debt, wad, rounded down; for display only."""
    if sums.weighted_debt == 0:
        return None
    return mul_div_down(sums.maintenance, WAD, sums.weighted_debt)


def _leverage_wad(sums: Sums) -> int | None:
    if sums.equity <= 0:
        return None
    return mul_div_down(sums.collateral, WAD, sums.equity)


def _binding(account: Account, sums: Sums) -> str:
    """The strictest promise the account breaks, the one that matters most first."""
    if sums.excess_maintenance < 0:
        return "bankrupt" if sums.equity < 0 else str(Level.MAINTENANCE)
    if account.in_liquidation and sums.excess_liquidation_end < 0:
        return str(Level.LIQUIDATION_END)
    if sums.excess_initial < 0:
        return str(Level.INITIAL)
    return "none"


def _exposures(account: Account, draft: Draft) -> Mapping[str, Exposure]:
    category = draft.category_rules(account.category)
    found: dict[str, Exposure] = {}
    for asset in sorted(account.supply.keys() | account.debt.keys()):
        mark = draft.mark(asset)
        owned = supply_amount(mark.pool, account.supply.get(asset, 0))
        owed = debt_amount(mark.pool, account.debt.get(asset, 0))
        weighted = owned * weights(account, mark.rules, category=category).maintenance
        weighted -= owed * mark.rules.liability_weight_wad
        lift = div_down(mark.unit, mark.price_wad)
        found[asset] = Exposure(mark, weighted * lift, weighted * mark.unit)
    return found


def _liquidation_prices(sums: Sums, exposures: Mapping[str, Exposure]) -> dict[str, int]:
    """Per asset, the last safe price with all other prices held.

    The maintenance excess is linear in one price: excess(p) = rest + slope x p. For a net long
    asset the account is unsafe below the price, for a net short one above it; an asset that
    alone cannot make the account unsafe is left out.
    """
    prices = {}
    for asset, exposure in exposures.items():
        rest = sums.excess_maintenance - exposure.net
        if exposure.slope > 0 and rest < 0:
            prices[asset] = div_up(-rest, exposure.slope)
        elif exposure.slope < 0 and rest >= 0:
            prices[asset] = div_down(rest, -exposure.slope)
    return prices


def _distance_wad(sums: Sums, exposures: Mapping[str, Exposure], *, quote: str) -> int:
    """Fraction by which all net collateral but the quote must fall for the excess to be zero."""
    if sums.weighted_debt == 0:
        return WAD
    if sums.excess_maintenance <= 0:
        return 0
    falling = sum(x.net for asset, x in exposures.items() if asset != quote and x.net > 0)
    if sums.excess_maintenance >= falling:
        return WAD
    return mul_div_down(sums.excess_maintenance, WAD, falling)


def _withdrawable(account: Account, sums: Sums, *, draft: Draft) -> dict[str, int]:
    """Per collateral, the native units that can leave with the initial excess still >= 0."""
    category = draft.category_rules(account.category)
    room = {}
    for asset, shares in account.supply.items():
        mark = draft.mark(asset)
        most = min(supply_amount(mark.pool, shares), mark.pool.cash)
        weight = weights(account, mark.rules, category=category).initial
        if account.debt and sums.excess_initial < 0:
            most = 0
        elif account.debt and weight:
            most = min(most, div_down(sums.excess_initial, mark.unit * weight))
        room[asset] = most
    return room


def _borrowable(sums: Sums, draft: Draft) -> dict[str, int]:
    """Per borrowable asset, the native units that margin, cash and cap allow."""
    room = {}
    for asset, rules in draft.rules.assets.items():
        if not rules.borrowable or sums.excess_initial <= 0:
            continue
        mark = draft.mark_if_priced(asset)
        if mark is None:
            continue
        most = div_down(sums.excess_initial, mark.unit * rules.liability_weight_wad)
        if not rules.mintable:
            most = min(most, mark.pool.cash)
        if rules.borrow_cap is not None:
            most = min(most, max(0, rules.borrow_cap - mark.pool.borrowed))
        if most:
            room[asset] = most
    return room
