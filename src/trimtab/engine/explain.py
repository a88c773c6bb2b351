"""Margin answers that explain themselves: levels, liquidation prices, distance, room."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.engine.draft import Draft, Mark
from trimtab.engine.margin import (
    Sums,
    account_sums,
    is_unsafe,
    liability_weight_wad,
    weights,
)
from trimtab.engine.perps.explain import (
    asset_boundary,
    explained_positions,
    exposed_assets,
    joint_distance_wad,
)
from trimtab.engine.pools import (
    add_debt,
    debt_amount,
    debt_shares_to_mint,
    remove_supply,
    shares_to_burn,
    supply_amount,
)
from trimtab.engine.room import adjusted_equity, withdrawal_requirement
from trimtab.engine.scales import EXACT_PER_WAD, WEIGHTED_PER_WAD
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
    quote = draft.rules.quote
    prices = _liquidation_prices(sums, exposures, quote=quote)
    sides = {asset: "above" if exposures[asset].slope < 0 else "below" for asset in prices}
    distance, rise = _distance_wad(sums, exposures, quote=quote), None
    if account.positions:
        prices, sides = _boundaries(account, draft)
        down = joint_distance_wad(account, draft, up=False)
        distance = WAD if down is None else down
        rise = joint_distance_wad(account, draft, up=True)
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
        liquidation_side=sides,
        distance_wad=distance,
        withdrawable=_withdrawable(account, sums, draft=draft),
        borrowable=_borrowable(account, sums, draft=draft),
        unrealized_pnl_wad=div_floor(sums.gains - sums.losses, EXACT_PER_WAD),
        notional_wad=div_down(sums.notional, EXACT_PER_WAD),
        requirement_wad=div_up(sums.requirement_maintenance, WEIGHTED_PER_WAD),
        distance_up_wad=rise,
        positions=explained_positions(account, sums, draft=draft),
    )


def _boundaries(account: Account, draft: Draft) -> tuple[dict[str, int], dict[str, str]]:
    """Last safe prices and their sides for an account with positions, whose excess bends."""
    prices, sides = {}, {}
    for asset in exposed_assets(account, draft):
        price_wad = draft.price_wad(asset)
        found = asset_boundary(account, draft, asset=asset, price_wad=price_wad)
        if found is not None:
            prices[asset], sides[asset] = found
    return prices, sides


def health_wad(sums: Sums) -> int | None:
    """(weighted collateral + gains) / (weighted debt + losses + requirement), wad, down.

    For display only: decisions compare the two sides.
    """
    if sums.liabilities == 0:
        return None
    return mul_div_down(sums.maintenance, WAD, sums.liabilities)


def _leverage_wad(sums: Sums) -> int | None:
    if sums.equity <= 0:
        return None
    # Notional over equity; what a debt finances is exposure too.
    financed = sums.collateral if sums.debt or not sums.notional else 0
    return mul_div_down(financed + sums.notional, WAD, sums.equity)


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
        weight = weights(account, mark.rules, category=category, amount=owned).maintenance
        weighted = owned * weight - owed * liability_weight_wad(mark.rules, owed)
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
        free = _free_for_withdrawal(account, sums, draft=draft)
        if account.at_risk and free < 0:
            most = 0
        elif account.at_risk and weight:
            allowed = div_down(free, mark.low_unit * weight)
            most = min(most, allowed)
            most -= max(0, _fall(mark, shares, amount=most) - allowed)
        room[asset] = max(0, most)
    return room


def _free_for_withdrawal(account: Account, sums: Sums, *, draft: Draft) -> int:
    """Excess (1e-72) that a withdrawal or a loan may use: the initial level's, the positions'."""
    kept = withdrawal_requirement(account, draft)
    return min(sums.excess_initial, adjusted_equity(sums) - kept)


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
    free = _free_for_withdrawal(account, sums, draft=draft)
    for asset, rules in draft.rules.assets.items():
        if not rules.borrowable or free <= 0:
            continue
        mark = draft.mark_if_priced(asset)
        if mark is None:
            continue
        owed_now = debt_amount(mark.pool, account.debt.get(asset, 0))
        weight_wad = liability_weight_wad(mark.rules, owed_now)
        allowed = div_down(free, mark.high_unit * weight_wad)
        most = allowed if rules.mintable else min(allowed, mark.pool.cash)
        cap = most + 1 if rules.borrow_cap is None else rules.borrow_cap - mark.pool.borrowed
        most = min(most, cap)
        if most > 0:
            owed, booked = _rise(mark, account.debt.get(asset, 0), amount=most)
            most -= max(0, owed - allowed, booked - cap)
        if most > 0:
            room[asset] = most
    return room
