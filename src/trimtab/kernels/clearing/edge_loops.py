"""Who is unsafe: an account's sums, and until when it need not be looked at.

With weighted collateral M and weighted debt L now, and values that grow by exp(c) and exp(d) from
now on, M L stay on their side while ln(M / L) >= max d - min c over the account's assets. A group
shares one pair of asset sets, and so one spread max d - min c a step; an account sleeps until the
spread passes its own level. With one asset held and one owed the level is the edge itself.
"""

from __future__ import annotations

import math
from typing import Final

from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.compiling import inlined_if_possible

# A share of the sums within which a difference is a tie: far above their rounding.
EDGE: Final = 1e-12
# What a level is lowered by, a logarithm, against the rounding of logarithms.
EARLY: Final = 1e-9

# Collateral, at maintenance, at liquidation end, debt, weighted debt.
Sums = tuple[float, float, float, float, float]


@inlined_if_possible
def account_sums(world: World, account: int) -> Sums:
    """Return an account's sums at the reported prices."""
    collateral, maintenance, end, debt, weighted = 0.0, 0.0, 0.0, 0.0, 0.0
    for at in range(world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]):
        value = world.held[at, on.AMOUNT] * world.assets[world.held_asset[at], on.HELD_WORTH]
        collateral += value
        maintenance += value * world.held[at, on.WEIGHT]
        end += value * world.held[at, on.END]
    for at in range(world.account[account, on.OWED_FIRST], world.account[account, on.OWED_LAST]):
        asset = world.owed_asset[at]
        value = world.owed[at, on.AMOUNT] * world.assets[asset, on.OWED_WORTH]
        debt += value
        weighted += value * world.assets[asset, on.LIABILITY]
    return collateral, maintenance, end, debt, weighted


@inlined_if_possible
def remember(world: World, asked: tuple[int, Sums]) -> None:
    """Keep the sums of who waits at a place for the rest of the step."""
    place, found = asked
    world.known[place, on.COLLATERAL] = found[0]
    world.known[place, on.MAINTENANCE] = found[1]
    world.known[place, on.AT_END] = found[2]
    world.known[place, on.DEBT] = found[3]
    world.known[place, on.WEIGHTED] = found[4]


@inlined_if_possible
def sums_now(world: World, place: int) -> Sums:
    """Return the sums of who waits at a place: those kept, unless suppliers have paid since."""
    if world.counts[on.SOCIALIZED_NOW] > 0:
        return account_sums(world, world.lists[on.WAITING, place])
    return (
        world.known[place, on.COLLATERAL],
        world.known[place, on.MAINTENANCE],
        world.known[place, on.AT_END],
        world.known[place, on.DEBT],
        world.known[place, on.WEIGHTED],
    )


@inlined_if_possible
def below(left: float, right: float) -> bool:
    """Return whether left < right by more than a tie."""
    return bool(left - right < -EDGE * (left + right))


@inlined_if_possible
def is_unsafe(found: Sums, flagged: bool) -> bool:
    """Return whether a liquidation may start, or go on up to the liquidation end."""
    _, maintenance, end, _, weighted = found
    return below(maintenance, weighted) or (flagged and below(end, weighted))


@inlined_if_possible
def revalue(world: World, asset: int) -> None:
    """Bring what a unit held and a unit owed are worth up to the reported price and the indices."""
    state = world.assets
    price = state[asset, on.REPORTED]
    moved = 0.0
    if price != state[asset, on.FIRST_PRICE]:
        moved = math.log(price / state[asset, on.FIRST_PRICE])
    state[asset, on.HELD_WORTH] = price * state[asset, on.HELD_INDEX]
    state[asset, on.OWED_WORTH] = price * state[asset, on.OWED_INDEX]
    state[asset, on.HELD_LOG] = moved + state[asset, on.HELD_INDEX_LOG]
    state[asset, on.OWED_LOG] = moved + state[asset, on.OWED_INDEX_LOG]


@inlined_if_possible
def spread_out(world: World, group: int) -> float:
    """Return a group's spread: highest move of what it owes less lowest of what it holds.

    Where nothing that it holds counts, it has no room at all: infinite.
    """
    groups, state = world.groups, world.assets
    if groups[group, on.HELD_COUNT] == 0:
        return math.inf
    low, high = math.inf, -math.inf
    for at in range(on.MEMBERS, on.MEMBERS + groups[group, on.HELD_COUNT]):
        low = min(low, state[groups[group, at], on.HELD_LOG])
    middle = on.MEMBERS + state.shape[0]
    for at in range(middle, middle + groups[group, on.OWED_COUNT]):
        high = max(high, state[groups[group, at], on.OWED_LOG])
    return high - low


@inlined_if_possible
def gathered(world: World, group: int) -> float:
    """Return the highest move of what a group holds less the lowest of what it owes."""
    groups, state = world.groups, world.assets
    low, high = math.inf, -math.inf
    for at in range(on.MEMBERS, on.MEMBERS + groups[group, on.HELD_COUNT]):
        high = max(high, state[groups[group, at], on.HELD_LOG])
    middle = on.MEMBERS + state.shape[0]
    for at in range(middle, middle + groups[group, on.OWED_COUNT]):
        low = min(low, state[groups[group, at], on.OWED_LOG])
    return high - low


@inlined_if_possible
def level_of(world: World, asked: tuple[int, Sums]) -> float:
    """Return the spread up to which a safe account sleeps: infinite where it owes nothing.

    Its own spread from now on is at most the group's, plus what `gathered` is now.
    """
    account, found = asked
    if found[4] <= 0.0:
        return math.inf
    level = found[1]
    if world.account[account, on.FLAGGED] > 0:
        level = min(level, found[2])
    if level <= 0.0:
        return -math.inf
    room = math.log(level / found[4]) - EARLY
    return room - gathered(world, world.account[account, on.GROUP])


@inlined_if_possible
def wake(world: World, account: int) -> None:
    """Put an account among those that are awake."""
    place = world.counts[on.WAITING]
    world.lists[on.WAITING, place] = account
    world.counts[on.WAITING] = place + 1


@inlined_if_possible
def lie_down(world: World, asked: tuple[int, Sums]) -> None:
    """Let a safe account sleep again, if it owes anything."""
    account, found = asked
    world.account[account, on.SINCE] = -1
    if found[3] <= 0.0:
        return
    place = world.counts[on.SLEEPING]
    block = place // on.BLOCK
    level = level_of(world, (account, found))
    world.level[place] = level
    world.lowest[block] = min(world.lowest[block], level) if place % on.BLOCK > 0 else level
    world.lists[on.SLEEPING, place] = account
    world.lists[on.GROUPED, place] = world.account[account, on.GROUP]
    world.counts[on.SLEEPING] = place + 1


@inlined_if_possible
def get_up(world: World, place: int) -> None:
    """Wake a sleeper; the last one takes its place."""
    wake(world, world.lists[on.SLEEPING, place])
    last = world.counts[on.SLEEPING] - 1
    world.level[place] = world.level[last]
    world.lists[on.SLEEPING, place] = world.lists[on.SLEEPING, last]
    world.lists[on.GROUPED, place] = world.lists[on.GROUPED, last]
    world.counts[on.SLEEPING] = last


@inlined_if_possible
def rouse_block(world: World, block: int) -> None:
    """Wake those of a block of sleepers whose level is passed."""
    at, lowest = block * on.BLOCK, math.inf
    while at < min((block + 1) * on.BLOCK, world.counts[on.SLEEPING]):
        if world.spread[world.lists[on.GROUPED, at]] > world.level[at]:
            get_up(world, at)
        else:
            lowest = min(lowest, world.level[at])
            at += 1
    world.lowest[block] = lowest


@inlined_if_possible
def rouse(world: World) -> None:
    """Bring the groups' spreads up to date and wake the accounts whose level is passed."""
    widest = -math.inf
    for group in range(world.groups.shape[0]):
        spread = spread_out(world, group)
        world.spread[group] = spread
        widest = max(widest, spread)
        at, last = world.groups[group, on.FOLLOWING], world.groups[group, on.LAST]
        while at < last and spread > world.wake[at]:
            wake(world, at)
            world.lists[on.ENTERED, world.counts[on.ENTERED]] = at
            world.counts[on.ENTERED] += 1
            at += 1
        world.groups[group, on.FOLLOWING] = at
    block = 0
    while block * on.BLOCK < world.counts[on.SLEEPING]:
        if widest > world.lowest[block]:
            rouse_block(world, block)
        block += 1


@inlined_if_possible
def find_waiting(world: World, step: int) -> None:
    """Keep of those awake who is unsafe, since when and with what sums; the others sleep."""
    found, awake = 0, world.counts[on.WAITING]
    for place in range(awake):
        account = world.lists[on.WAITING, place]
        total = account_sums(world, account)
        if not is_unsafe(total, world.account[account, on.FLAGGED] > 0):
            lie_down(world, (account, total))
            continue
        if world.account[account, on.SINCE] < 0:
            world.account[account, on.SINCE] = step
        world.lists[on.WAITING, found] = account
        remember(world, (found, total))
        found += 1
    world.counts[on.WAITING] = found
