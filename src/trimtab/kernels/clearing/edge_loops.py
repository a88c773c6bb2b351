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
def enter(world: World, account: int) -> None:
    """Put an account among those that are looked at."""
    place = world.counts[on.ACTIVE]
    world.levels[on.WAKE, place] = -math.inf
    world.lists[on.ACTIVE, place] = account
    world.lists[on.GROUPED, place] = world.account[account, on.GROUP]
    world.counts[on.ACTIVE] += 1
    world.lists[on.ENTERED, world.counts[on.ENTERED]] = account
    world.counts[on.ENTERED] += 1


@inlined_if_possible
def leave(world: World, place: int) -> None:
    """Take an account that owes nothing any more out of those that are looked at."""
    last = world.counts[on.ACTIVE] - 1
    world.levels[on.WAKE, place] = world.levels[on.WAKE, last]
    world.lists[on.ACTIVE, place] = world.lists[on.ACTIVE, last]
    world.lists[on.GROUPED, place] = world.lists[on.GROUPED, last]
    world.counts[on.ACTIVE] = last


@inlined_if_possible
def rouse(world: World) -> None:
    """Bring the groups' spreads up to date and enter the accounts whose first level is passed."""
    for group in range(world.groups.shape[0]):
        spread = spread_out(world, group)
        world.spread[group] = spread
        at, last = world.groups[group, on.FOLLOWING], world.groups[group, on.LAST]
        while at < last and spread > world.order_wake[at]:
            enter(world, world.order[at])
            at += 1
        world.groups[group, on.FOLLOWING] = at


@inlined_if_possible
def find_waiting(world: World, step: int) -> None:
    """List who is unsafe now and since when; the others sleep on, or leave."""
    found, at = 0, 0
    while at < world.counts[on.ACTIVE]:
        if world.spread[world.lists[on.GROUPED, at]] <= world.levels[on.WAKE, at]:
            at += 1
            continue
        account = world.lists[on.ACTIVE, at]
        total = account_sums(world, account)
        if total[3] <= 0.0:
            leave(world, at)
            continue
        wake = -math.inf
        if is_unsafe(total, world.account[account, on.FLAGGED] > 0):
            if world.account[account, on.SINCE] < 0:
                world.account[account, on.SINCE] = step
            world.lists[on.WAITING, found] = account
            found += 1
        else:
            world.account[account, on.SINCE] = -1
            wake = level_of(world, (account, total))
        world.levels[on.WAKE, at] = wake
        at += 1
    world.counts[on.WAITING] = found
