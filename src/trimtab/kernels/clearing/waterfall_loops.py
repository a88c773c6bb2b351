"""Who pays a loss: the engine's waterfall in floats, each asset's pool with its cash.

A debt that nobody will pay leaves a deficit in its pool; own margin, penalties, reserves and fund,
the backstop and at last the suppliers fill it, in that order (`engine.waterfall`).
"""

from __future__ import annotations

import math

from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import revalue
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.clearing.outcomes import COLUMNS
from trimtab.kernels.compiling import inlined_if_possible

BAD_DEBT, PENALTY_PAID = COLUMNS.index("bad_debt"), COLUMNS.index("penalty")
INSURANCE_USED = COLUMNS.index("insurance_used")
BACKSTOP_USED = COLUMNS.index("backstop_used")
SOCIALIZED = COLUMNS.index("socialized")


@inlined_if_possible
def receive(world: World, payment: tuple[int, float]) -> None:
    """Take units in: they burn what was minted first, and are cash after that."""
    asset, units = payment
    state = world.assets
    burned = min(units, state[asset, on.MINTED])
    state[asset, on.MINTED] -= burned
    state[asset, on.CASH] += units - burned


@inlined_if_possible
def swap(world: World, order: tuple[int, int, float, float]) -> tuple[float, float]:
    """Sell at reported prices: (sold, bought, units held, units needed) to (given, bought units).

    No more is sold than the pool has in cash.
    """
    sold, bought, most, need = order
    state = world.assets
    price_in, price_out = state[bought, on.REPORTED], state[sold, on.REPORTED]
    given = min(min(most, state[sold, on.CASH]), need * price_in / price_out)
    if given <= 0.0:
        return 0.0, 0.0
    taken = min(need, given * price_out / price_in)
    state[sold, on.SUPPLIED] -= given
    state[sold, on.CASH] -= given
    receive(world, (bought, taken))
    return given, taken


@inlined_if_possible
def pay_with(world: World, payment: tuple[int, int, float, float]) -> tuple[float, float]:
    """Pay up to `need` units of an asset out of units held of another, or cancel a claim on it.

    Args:
        payment: asset held, asset owed, units held, units needed.

    Returns:
        Units held that went, and units paid.
    """
    sold, owed, held, need = payment
    if sold == owed:
        paid = min(held, need)
        world.assets[owed, on.SUPPLIED] -= paid
        return paid, paid
    return swap(world, payment)


@inlined_if_possible
def from_fund(world: World, claim: tuple[int, int, float]) -> float:
    """Let the holdings in a row of the state pay units of an asset: itself, the quote, the others.

    Returns:
        Units paid.
    """
    row, owed, need = claim
    state, quote = world.assets, world.terms.quote
    paid = 0.0
    for turn in range(-2, world.assets.shape[0]):
        sold = owed if turn == -2 else (quote if turn == -1 else turn)
        again = turn >= -1 and (sold == owed or (turn >= 0 and sold == quote))
        if again or need <= paid or state[sold, row] <= 0.0:
            continue
        index = state[sold, on.HELD_INDEX]
        given, found = pay_with(world, (sold, owed, state[sold, row] * index, need - paid))
        state[sold, row] = max(0.0, state[sold, row] - given / index)
        paid += found
    return min(paid, need)


@inlined_if_possible
def from_account(world: World, claim: tuple[int, int, float]) -> float:
    """Let an account's own collateral pay units of an asset: itself, the quote, then the others.

    Returns:
        Units paid.
    """
    account, owed, need = claim
    quote = world.terms.quote
    first, last = world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]
    paid = 0.0
    for turn in range(3):
        for at in range(first, last):
            sold = world.held_asset[at]
            own = 0 if sold == owed else (1 if sold == quote else 2)
            if own != turn or need <= paid or world.held[at, on.AMOUNT] <= 0.0:
                continue
            index = world.assets[sold, on.HELD_INDEX]
            given, found = pay_with(
                world, (sold, owed, world.held[at, on.AMOUNT] * index, need - paid)
            )
            world.held[at, on.AMOUNT] = max(0.0, world.held[at, on.AMOUNT] - given / index)
            paid += found
    return min(paid, need)


@inlined_if_possible
def from_penalties(world: World, claim: tuple[int, int, float]) -> float:
    """Give back the fees that this account's liquidation took, out of the fund; units paid."""
    account, owed, left = claim
    first, last = world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]
    taken = 0.0
    for at in range(first, last):
        taken += world.held[at, on.PENALTY] * world.assets[world.held_asset[at], on.REPORTED]
    price = world.assets[owed, on.REPORTED]
    most = min(left, taken / price)
    if most <= 0.0:
        return 0.0
    for at in range(first, last):
        world.held[at, on.PENALTY] *= max(0.0, (taken - most * price) / taken)
    return from_fund(world, (on.FUND, owed, most))


@inlined_if_possible
def from_suppliers(world: World, loss: tuple[int, float]) -> None:
    """Lower the index of an asset's suppliers; a minted asset has none."""
    asset, units = loss
    state = world.assets
    supplied = state[asset, on.SUPPLIED]
    carried = min(units, supplied)
    if world.assets[asset, on.MINTABLE] > 0.0 or carried <= 0.0:
        return
    scale = max((supplied - carried) / supplied, 1e-300)
    state[asset, on.SUPPLIED] = supplied - carried
    state[asset, on.HELD_INDEX] *= scale
    state[asset, on.HELD_INDEX_LOG] += math.log(scale)
    revalue(world, asset)
    world.counts[on.SOCIALIZED_NOW] += 1


@inlined_if_possible
def write_off(world: World, debt: tuple[int, int]) -> None:
    """End a row of an account's debt and book the loss to its payers."""
    account, at = debt
    row = world.row
    asset = world.owed_asset[at]
    state = world.assets
    left = world.owed[at, on.AMOUNT] * state[asset, on.OWED_INDEX]
    world.owed[at, on.AMOUNT] = 0.0
    state[asset, on.BORROWED] = max(0.0, state[asset, on.BORROWED] - left)
    price = state[asset, on.REPORTED]
    left -= from_account(world, (account, asset, left))
    row[BAD_DEBT] += left * price
    paid = from_penalties(world, (account, asset, left))
    row[PENALTY_PAID] += paid * price
    left -= paid
    paid = min(left, state[asset, on.RESERVES])
    state[asset, on.RESERVES] -= paid
    paid += from_fund(world, (on.FUND, asset, left - paid))
    row[INSURANCE_USED] += paid * price
    left -= paid
    paid = from_fund(world, (on.BACKSTOP, asset, left))
    row[BACKSTOP_USED] += paid * price
    left -= paid
    if left > 0.0:
        row[SOCIALIZED] += left * price
        from_suppliers(world, (asset, left))


@inlined_if_possible
def close_out(world: World, account: int) -> None:
    """Write off all debts of an account; what no payer could use goes to the fund."""
    for at in range(world.account[account, on.OWED_FIRST], world.account[account, on.OWED_LAST]):
        if world.owed[at, on.AMOUNT] > 0.0:
            write_off(world, (account, at))
    for at in range(world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]):
        world.assets[world.held_asset[at], on.FUND] += world.held[at, on.AMOUNT]
        world.held[at, on.AMOUNT] = 0.0
        world.held[at, on.PENALTY] = 0.0
    world.account[account, on.FLAGGED] = 0
    world.account[account, on.SINCE] = -1
