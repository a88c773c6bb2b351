"""One account's liquidation: whether it pays a keeper at market prices, and what it moves."""

from __future__ import annotations

from typing import Final

from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import (
    EDGE,
    Sums,
    account_sums,
    below,
    is_unsafe,
    remember,
    sums_now,
)
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.clearing.market_loops import price_after, sell, would_bring
from trimtab.kernels.clearing.offer_loops import Offer, best_offer, is_kept, kept_offer
from trimtab.kernels.clearing.outcomes import COLUMNS
from trimtab.kernels.clearing.waterfall_loops import close_out, receive
from trimtab.kernels.compiling import inlined_if_possible

LIQUIDATED, SEIZED = COLUMNS.index("liquidated"), COLUMNS.index("seized")
BONUS_PAID, PROFIT = COLUMNS.index("bonus"), COLUMNS.index("keeper_profit")
GAS_PAID, LIQUIDATIONS = COLUMNS.index("gas"), COLUMNS.index("liquidations")

# A keeper expects to sell all that it takes; what it expects may be off by this share of the debt.
ESTIMATE = 1e-9

NOTHING: Final[Sums] = (0.0, 0.0, 0.0, 0.0, 0.0)


@inlined_if_possible
def is_spent(world: World, found: Sums) -> bool:
    """Return whether an account is bankrupt and what collateral it has is dust."""
    collateral, _, _, debt, _ = found
    if debt <= 0.0 or not below(collateral, debt):
        return False
    terms = world.terms
    small = collateral <= terms.dust_collateral * (1.0 + EDGE)
    return bool(small or collateral <= debt * terms.dust_share * (1.0 + EDGE))


@inlined_if_possible
def paid_out(world: World, deal: tuple[Offer, float]) -> float:
    """Return the units that a liquidator gets at once; the rest is a claim on the pool."""
    offer, entitled = deal
    state = world.assets
    asset, debt = world.held_asset[offer.held_at], world.owed_asset[offer.owed_at]
    cash = state[asset, on.CASH]
    if asset == debt:
        cash += offer.repay / state[debt, on.REPORTED]
    return float(min(entitled / state[asset, on.REPORTED], cash))


@inlined_if_possible
def settle(world: World, deal: tuple[Offer, float, float, float]) -> None:
    """Move debt and collateral of a liquidation: offer, value seized, units paid out, fee."""
    offer, entitled, out, fee = deal
    state = world.assets
    debt, asset = world.owed_asset[offer.owed_at], world.held_asset[offer.held_at]
    units = offer.repay / state[debt, on.REPORTED]
    owed = world.owed[offer.owed_at, on.AMOUNT] * state[debt, on.OWED_INDEX]
    rest = (owed - units) / state[debt, on.OWED_INDEX]
    world.owed[offer.owed_at, on.AMOUNT] = rest if owed - units > EDGE * owed else 0.0
    state[debt, on.BORROWED] = max(0.0, state[debt, on.BORROWED] - units)
    receive(world, (debt, units))
    state[asset, on.SUPPLIED] -= out
    state[asset, on.CASH] -= out
    shares = (entitled + fee) / state[asset, on.HELD_WORTH]
    rest = world.held[offer.held_at, on.AMOUNT] - shares
    world.held[offer.held_at, on.AMOUNT] = rest if rest > EDGE * shares else 0.0
    if fee > 0.0:
        state[asset, on.FUND] += fee / state[asset, on.HELD_WORTH]
        world.held[offer.held_at, on.PENALTY] += fee / state[asset, on.REPORTED]


@inlined_if_possible
def act(world: World, asked: tuple[int, Sums, bool]) -> bool:
    """Take the best offer of an unsafe account if it pays at market prices; return whether.

    `asked`: its place, its sums, and whether it has been liquidated in this step already.
    """
    place, found, again = asked
    if not again and is_kept(world, found):
        offer = kept_offer(world, place)
    else:
        offer = best_offer(world, (world.lists[on.WAITING, place], found))
    if offer.repay <= 0.0 or offer.refused:
        return False
    debt, asset = world.owed_asset[offer.owed_at], world.held_asset[offer.held_at]
    held = world.held[offer.held_at, on.AMOUNT] * world.assets[asset, on.HELD_WORTH]
    entitled = min(offer.repay * (1.0 + offer.bonus), held)
    out = paid_out(world, (offer, entitled))
    gas, least, tie = world.row[on.GAS], world.terms.min_profit, EDGE * offer.repay
    units = entitled / world.assets[asset, on.REPORTED]
    repaid = offer.repay / world.assets[debt, on.REPORTED]
    brought, price = would_bring(world, (asset, units)), world.assets[debt, on.MARKET]
    if brought - repaid * price - gas < least - ESTIMATE * offer.repay:
        return False
    # What is both got and paid in is neither sold nor bought.
    sold = max(0.0, out - repaid) if asset == debt else out
    bought = max(0.0, repaid - out) if asset == debt else repaid
    if sold < units:
        brought = would_bring(world, (asset, sold))
    profit = brought - bought * price - gas
    if units > out:
        profit += (units - out) * price_after(world, (asset, sold))
    if profit < least - tie or profit <= tie:
        return False
    equity = found[0] - found[3] + offer.repay - entitled
    fee = max(0.0, min(min(offer.repay * offer.fee, held - entitled), equity))
    settle(world, (offer, entitled, out, fee))
    sell(world, (asset, sold))
    row = world.row
    row[LIQUIDATED] += offer.repay
    row[SEIZED] += entitled
    row[BONUS_PAID] += max(0.0, entitled - offer.repay)
    row[PROFIT] += profit
    row[GAS_PAID] += gas
    row[LIQUIDATIONS] += 1.0
    world.row[on.CAPITAL] -= offer.repay
    world.counts[on.LANDED] += 1
    return True


@inlined_if_possible
def release(world: World, place: int) -> Sums:
    """After a liquidation: close the account out if it is spent, else note where it stands.

    Returns:
        The account's sums, all 0 where it is closed.
    """
    account = world.lists[on.WAITING, place]
    found = account_sums(world, account)
    if is_spent(world, found):
        close_out(world, account)
        remember(world, (place, NOTHING))
        return NOTHING
    remember(world, (place, found))
    world.account[account, on.FLAGGED] = int(below(found[2], found[4]))
    if not world.account[account, on.FLAGGED] > 0:
        for at in range(
            world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]
        ):
            world.held[at, on.PENALTY] = 0.0
    return found


@inlined_if_possible
def cannot_pay(world: World, place: int) -> bool:
    """Return whether even the market price of now, without impact of its own, is too little.

    No unit sells for more than the market price before the sale, and each is worth at most that to
    who is owed it.
    """
    if not is_kept(world, sums_now(world, place)):
        return False
    offer = kept_offer(world, place)
    state = world.assets
    debt, asset = world.owed_asset[offer.owed_at], world.held_asset[offer.held_at]
    most = (offer.repay + offer.gain) * state[asset, on.OVER_REPORTED]
    cost = offer.repay * state[debt, on.OVER_REPORTED] + world.row[on.GAS]
    return bool(most - cost < world.terms.min_profit - 2.0 * ESTIMATE * offer.repay)


@inlined_if_possible
def visit(world: World, place: int) -> None:
    """Liquidate who waits at a place until it is safe, none pays, or the step allows no more."""
    terms = world.terms
    account, found = world.lists[on.WAITING, place], sums_now(world, place)
    for turn in range(terms.repeats):
        flagged = world.account[account, on.FLAGGED] > 0
        if world.counts[on.LANDED] >= terms.per_step or not is_unsafe(found, flagged):
            return
        if not act(world, (place, found, turn > 0)):
            return
        found = release(world, place)
