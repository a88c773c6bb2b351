"""One step: keepers act in order, spent accounts are closed out, and what is left is measured.

The order of a step is that of docs/concepts/path-kernel.md; the exact world keeps the same.
"""

from __future__ import annotations

import math

import numpy as np

from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import (
    EDGE,
    Sums,
    account_sums,
    below,
    is_unsafe,
)
from trimtab.kernels.clearing.landing import LANDING, uniform
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.clearing.market_loops import price_after, sell, would_bring
from trimtab.kernels.clearing.offer_loops import Offer, best_offer
from trimtab.kernels.clearing.ordering_loops import sort_pairs
from trimtab.kernels.clearing.outcomes import COLUMNS
from trimtab.kernels.clearing.waterfall_loops import close_out, receive
from trimtab.kernels.compiling import inlined_if_possible

LIQUIDATED, SEIZED = COLUMNS.index("liquidated"), COLUMNS.index("seized")
BONUS_PAID, PROFIT = COLUMNS.index("bonus"), COLUMNS.index("keeper_profit")
GAS_PAID, LIQUIDATIONS = COLUMNS.index("gas"), COLUMNS.index("liquidations")

# A keeper expects to sell all that it takes; what it expects may be off by this share of the debt.
ESTIMATE = 1e-9

# Debt of accounts below water, what they are short of, debt of all that are unsafe.
Left = tuple[float, float, float]


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
    state[asset, on.FUND] += fee / state[asset, on.HELD_WORTH]
    world.held[offer.held_at, on.PENALTY] += fee / state[asset, on.REPORTED]


@inlined_if_possible
def act(world: World, asked: tuple[int, Sums]) -> bool:
    """Take the best offer of an unsafe account if it pays at market prices; return whether."""
    offer = best_offer(world, asked)
    if offer.repay <= 0.0 or offer.refused:
        return False
    found = asked[1]
    debt, asset = world.owed_asset[offer.owed_at], world.held_asset[offer.held_at]
    held = world.held[offer.held_at, on.AMOUNT] * world.assets[asset, on.HELD_WORTH]
    entitled = min(offer.repay * (1.0 + offer.bonus), held)
    out = paid_out(world, (offer, entitled))
    gas, least, tie = world.row[on.GAS], world.terms.min_profit, EDGE * offer.repay
    units = entitled / world.assets[asset, on.REPORTED]
    repaid = offer.repay / world.assets[debt, on.REPORTED]
    expected = would_bring(world, (asset, units)) - repaid * world.assets[debt, on.MARKET] - gas
    if expected < least - ESTIMATE * offer.repay:
        return False
    # What is both got and paid in is neither sold nor bought.
    sold = max(0.0, out - repaid) if asset == debt else out
    bought = max(0.0, repaid - out) if asset == debt else repaid
    profit = would_bring(world, (asset, sold)) - bought * world.assets[debt, on.MARKET] - gas
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
def release(world: World, account: int) -> None:
    """After a liquidation: close the account out if it is spent, else note where it stands."""
    found = account_sums(world, account)
    if is_spent(world, found):
        close_out(world, account)
        return
    world.account[account, on.FLAGGED] = int(below(found[2], found[4]))
    if not world.account[account, on.FLAGGED] > 0:
        for at in range(
            world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]
        ):
            world.held[at, on.PENALTY] = 0.0


@inlined_if_possible
def visit(world: World, account: int) -> None:
    """Liquidate an account until it is safe, none pays, or as often as one step allows."""
    terms = world.terms
    for _ in range(terms.repeats):
        found = account_sums(world, account)
        if world.counts[on.LANDED] >= terms.per_step or not is_unsafe(
            found, world.account[account, on.FLAGGED] > 0
        ):
            return
        if not act(world, (account, found)):
            return
        release(world, account)


@inlined_if_possible
def rounded(gain: float) -> float:
    """Return a gain to 40 bits, so that what is alike but for rounding is a tie."""
    mantissa, exponent = math.frexp(gain)
    return math.ldexp(float(round(math.ldexp(mantissa, 40))), exponent - 40)


@inlined_if_possible
def keepers(world: World, moment: tuple[int, np.uint64, int]) -> None:
    """Due accounts in order of gain, then of name; `moment` is the step, the seed and the path."""
    step, seed, path = moment
    terms = world.terms
    world.row[on.CAPITAL], world.counts[on.LANDED], due = terms.capital, 0, 0
    for place in range(world.counts[on.WAITING]):
        account = world.lists[on.WAITING, place]
        if step - world.account[account, on.SINCE] >= terms.delay_steps:
            offer = best_offer(world, (account, account_sums(world, account)))
            if offer.repay > 0.0:
                world.levels[on.GAIN, due] = -rounded(offer.gain)
                world.lists[on.TURN, due] = account
                due += 1
    sort_pairs(world.levels[on.GAIN, :due], world.lists[on.TURN, :due])
    accounts = world.account.shape[0]
    for place in range(due):
        account = world.lists[on.TURN, place]
        lands = True
        if terms.failure > 0.0:
            number = step * accounts + account
            lands = uniform((seed, path, LANDING), number) >= terms.failure
        if lands:
            visit(world, account)


@inlined_if_possible
def close_spent(world: World, halted: bool) -> Left:
    """Close out who waits and is spent, in the order of their names; return what is left open."""
    spent = 0
    under, short, waiting = 0.0, 0.0, 0.0
    for place in range(world.counts[on.WAITING]):
        account = world.lists[on.WAITING, place]
        found = account_sums(world, account)
        if not is_unsafe(found, world.account[account, on.FLAGGED] > 0):
            world.account[account, on.SINCE] = -1
        elif not halted and is_spent(world, found):
            world.levels[on.GAIN, spent] = 0.0
            world.lists[on.TURN, spent] = account
            spent += 1
        else:
            waiting += found[3]
            under += found[3] if below(found[0], found[3]) else 0.0
            short += max(0.0, found[3] - found[0])
    sort_pairs(world.levels[on.GAIN, :spent], world.lists[on.TURN, :spent])
    for place in range(spent):
        close_out(world, world.lists[on.TURN, place])
    return under, short, waiting
