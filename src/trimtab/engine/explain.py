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
from trimtab.engine.pools import (
    add_debt,
    debt_amount,
    debt_shares_to_mint,
    remove_supply,
    shares_to_burn,
    supply_amount,
)
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
    prices = _liquidation_prices(sums, exposures, quote=draft.rules.quote)
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
        liquidation_price_wad=prices,
        liquidation_side={
            asset: "above" if exposures[asset].slope < 0 else "below" for asset in prices
        },
        distance_wad=_distance_wad(sums, exposures, quote=draft.rules.quote),
        withdrawable=_withdrawable(account, sums, draft=draft),
        borrowable=_borrowable(account, sums, draft=draft),
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


def _liquidation_prices(
    sums: Sums, exposures: Mapping[str, Exposure], *, quote: str
) -> dict[str, int]:
    """Per asset, the last safe price with all other prices held.

    The maintenance excess is linear in one price: excess(p) = rest + slope x p. For a net long
    asset the account is unsafe below the price, for a net short one above it; an asset that
    alone cannot make the account unsafe is left out, and so is the quote, which is always 1.
    """
    prices = {}
    for asset, exposure in exposures.items():
        if asset == quote:
            continue
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
            allowed = div_down(sums.excess_initial, mark.unit * weight)
            most = min(most, allowed)
            most -= max(0, _fall(mark, shares, amount=most) - allowed)
        room[asset] = max(0, most)
    return room


def _fall(mark: Mark, shares: int, *, amount: int) -> int:
    """By how much a balance falls when `amount` is withdrawn: shares round up, so by it or more."""
    pool, held = mark.pool, supply_amount(mark.pool, shares)
    if amount == held:
        return held
    burned = shares_to_burn(pool, amount)
    after = remove_supply(pool, amount, shares=burned)
    return held - supply_amount(after, shares - burned)


def _rise(mark: Mark, shares: int, *, amount: int) -> tuple[int, int]:
    """By how much a loan raises its account's debt and its pool's: by `amount` or a unit more."""
    pool, mintable = mark.pool, mark.rules.mintable
    minted = debt_shares_to_mint(pool, amount)
    after = add_debt(pool, amount, shares=minted, mintable=mintable)
    owed = debt_amount(after, shares + minted) - debt_amount(pool, shares)
    return owed, after.borrowed - pool.borrowed


def _borrowable(account: Account, sums: Sums, *, draft: Draft) -> dict[str, int]:
    """Per borrowable asset, the native units that margin, cash and cap allow."""
    room = {}
    for asset, rules in draft.rules.assets.items():
        if not rules.borrowable or sums.excess_initial <= 0:
            continue
        mark = draft.mark_if_priced(asset)
        if mark is None:
            continue
        allowed = div_down(sums.excess_initial, mark.unit * mark.rules.liability_weight_wad)
        most = allowed if rules.mintable else min(allowed, mark.pool.cash)
        cap = most + 1 if rules.borrow_cap is None else rules.borrow_cap - mark.pool.borrowed
        most = min(most, cap)
        if most > 0:
            owed, booked = _rise(mark, account.debt.get(asset, 0), amount=most)
            most -= max(0, owed - allowed, booked - cap)
        if most > 0:
            room[asset] = most
    return room
