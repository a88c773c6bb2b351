"""One step: keepers act in order, spent accounts are closed out, and what is left is measured.

The order of a step is that of docs/concepts/path-kernel.md; the exact world keeps the same.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import below, is_unsafe, lie_down, sums_now
from trimtab.kernels.clearing.landing import LANDING, uniform
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.clearing.liquidation_loops import cannot_pay, is_spent, visit
from trimtab.kernels.clearing.offer_loops import best_offer, keep
from trimtab.kernels.clearing.ordering_loops import sort_pairs
from trimtab.kernels.clearing.waterfall_loops import close_out
from trimtab.kernels.compiling import inlined_if_possible
from trimtab.kernels.impact import KIND

# Bits of a gain that do not count, and half of the last that does.
_DROPPED: Final = 13
_HALF_BIT: Final = 1 << (_DROPPED - 1)

# Debt of accounts below water, what they are short of, debt of all that are unsafe.
Left = tuple[float, float, float]


@inlined_if_possible
def never_pays(world: World, place: int) -> bool:
    """Return whether the offer kept will not pay in this step, whoever sells what before.

    Sales only lower prices: that of what is repaid, too, unless it has no impact. The offer is
    the same for all of the step where capital is no limit and suppliers do not pay.
    """
    debt = world.owed_asset[world.lists[on.OFFER_OWED, place]]
    steady = world.terms.capital == math.inf and world.curves.assets[debt, KIND] == 0.0
    return steady and cannot_pay(world, place)


@inlined_if_possible
def turn_of(gain: float) -> int:
    """Return the key of a gain, the largest first.

    It has 40 bits of the gain, so that what is alike but for rounding is a tie.
    """
    return -int((np.float64(gain).view(np.int64) + _HALF_BIT) >> _DROPPED)


@inlined_if_possible
def line_up(world: World, step: int) -> tuple[int, int]:
    """Put who is due in turn, and who cannot pay in this step at the far end of the same lists.

    Returns:
        How many there are at the front, and the first place of the far end.
    """
    terms, turns = world.terms, world.turns
    due, late = 0, turns.keys.size
    for place in range(world.counts[on.WAITING]):
        account = world.lists[on.WAITING, place]
        if step - world.account[account, on.SINCE] < terms.delay_steps:
            continue
        offer = best_offer(world, (account, sums_now(world, place)))
        if offer.repay <= 0.0:
            continue
        keep(world, (place, offer))
        turns.names[place] = world.name[account]
        to = due
        if never_pays(world, place):
            to = late = late - 1
        else:
            due += 1
        turns.keys[to], turns.items[to] = turn_of(offer.gain), place
    sort_pairs(turns, due)
    return due, late


@inlined_if_possible
def recall(world: World, lined: tuple[int, int, int]) -> tuple[int, int]:
    """Put those at the far end in turn too: suppliers have paid, and what an account holds is less.

    Args:
        lined: whose turn it was, and what `line_up` returned.

    Returns:
        The same turn in the new order, and how many there are in all.
    """
    turn, due, late = lined
    turns = world.turns
    place, size = turns.items[turn], turns.keys.size
    for at in range(late, size):
        turns.keys[due], turns.items[due] = turns.keys[at], turns.items[at]
        due += 1
    sort_pairs(turns, due)
    turn = 0
    while turns.items[turn] != place:
        turn += 1
    return turn, due


@inlined_if_possible
def lands(world: World, asked: tuple[np.uint64, int, int, int]) -> bool:
    """Return whether the transactions for a place land: of (seed, path, step, place)."""
    seed, path, step, place = asked
    failure = world.terms.failure
    if failure <= 0.0:
        return True
    number = step * world.account.shape[0] + world.turns.names[place]
    return bool(uniform((seed, path, LANDING), number) >= failure)


@inlined_if_possible
def keepers(world: World, moment: tuple[int, np.uint64, int]) -> None:
    """Due accounts in order of gain, then of name; `moment` is the step, the seed and the path."""
    step, seed, path = moment
    world.row[on.CAPITAL], world.counts[on.LANDED] = world.terms.capital, 0
    due, late = line_up(world, step)
    turn = 0
    while turn < due:
        place = world.turns.items[turn]
        if not cannot_pay(world, place) and lands(world, (seed, path, step, place)):
            visit(world, place)
            if world.counts[on.SOCIALIZED_NOW] > 0 and late < world.turns.keys.size:
                turn, due = recall(world, (turn, due, late))
                late = world.turns.keys.size
        turn += 1


@inlined_if_possible
def close_spent(world: World, halted: bool) -> Left:
    """Close out who waits and is spent, in the order of their names; return what is left open.

    Who is safe by now sleeps again.
    """
    spent, kept = 0, 0
    under, short, waiting = 0.0, 0.0, 0.0
    for place in range(world.counts[on.WAITING]):
        account = world.lists[on.WAITING, place]
        found = sums_now(world, place)
        if not is_unsafe(found, world.account[account, on.FLAGGED] > 0):
            lie_down(world, (account, found))
        elif not halted and is_spent(world, found):
            world.turns.keys[spent] = world.turns.names[account] = world.name[account]
            world.turns.items[spent] = account
            spent += 1
        else:
            world.lists[on.WAITING, kept] = account
            kept += 1
            waiting += found[3]
            under += found[3] if below(found[0], found[3]) else 0.0
            short += max(0.0, found[3] - found[0])
    world.counts[on.WAITING] = kept
    sort_pairs(world.turns, spent)
    for turn in range(spent):
        close_out(world, world.turns.items[turn])
    return under, short, waiting
