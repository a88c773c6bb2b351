"""Who is unsafe: an account's sums, and until when it need not be looked at.

With weighted collateral M and weighted debt L now, and values that grow by exp(c) and exp(d) from
now on, M L stay on their side while ln(M / L) >= max d - min c over the account's assets. A group
shares one pair of asset sets, and so one spread max d - min c a step; an account sleeps until the
spread passes its own level. With one asset held and one owed the level is the edge itself.
"""

from __future__ import annotations

import math
from typing import Final

from trimtab.kernels.clearing.layout import (
    ACTIVE,
    AMOUNT,
    END,
    ENTERED,
    FIRST_PRICE,
    FLAGGED,
    FOLLOWING,
    GROUP,
    GROUPED,
    HELD_COUNT,
    HELD_FIRST,
    HELD_INDEX,
    HELD_INDEX_LOG,
    HELD_LAST,
    HELD_LOG,
    HELD_WORTH,
    LAST,
    LIABILITY,
    MEMBERS,
    OWED_COUNT,
    OWED_FIRST,
    OWED_INDEX,
    OWED_INDEX_LOG,
    OWED_LAST,
    OWED_LOG,
    OWED_WORTH,
    REPORTED,
    SINCE,
    WAITING,
    WAKE,
    WEIGHT,
    World,
)
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
    for at in range(world.account[account, HELD_FIRST], world.account[account, HELD_LAST]):
        value = world.held[at, AMOUNT] * world.assets[world.held_asset[at], HELD_WORTH]
        collateral += value
        maintenance += value * world.held[at, WEIGHT]
        end += value * world.held[at, END]
    for at in range(world.account[account, OWED_FIRST], world.account[account, OWED_LAST]):
        asset = world.owed_asset[at]
        value = world.owed[at, AMOUNT] * world.assets[asset, OWED_WORTH]
        debt += value
        weighted += value * world.assets[asset, LIABILITY]
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
    price = state[asset, REPORTED]
    moved = 0.0
    if price != state[asset, FIRST_PRICE]:
        moved = math.log(price / state[asset, FIRST_PRICE])
    state[asset, HELD_WORTH] = price * state[asset, HELD_INDEX]
    state[asset, OWED_WORTH] = price * state[asset, OWED_INDEX]
    state[asset, HELD_LOG] = moved + state[asset, HELD_INDEX_LOG]
    state[asset, OWED_LOG] = moved + state[asset, OWED_INDEX_LOG]


@inlined_if_possible
def spread_out(world: World, group: int) -> float:
    """Return a group's spread: highest move of what it owes less lowest of what it holds."""
    groups, state = world.groups, world.assets
    low, high = math.inf, -math.inf
    for at in range(MEMBERS, MEMBERS + groups[group, HELD_COUNT]):
        low = min(low, state[groups[group, at], HELD_LOG])
    middle = MEMBERS + state.shape[0]
    for at in range(middle, middle + groups[group, OWED_COUNT]):
        high = max(high, state[groups[group, at], OWED_LOG])
    return high - low


@inlined_if_possible
def gathered(world: World, group: int) -> float:
    """Return the highest move of what a group holds less the lowest of what it owes."""
    groups, state = world.groups, world.assets
    low, high = math.inf, -math.inf
    for at in range(MEMBERS, MEMBERS + groups[group, HELD_COUNT]):
        high = max(high, state[groups[group, at], HELD_LOG])
    middle = MEMBERS + state.shape[0]
    for at in range(middle, middle + groups[group, OWED_COUNT]):
        low = min(low, state[groups[group, at], OWED_LOG])
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
    if world.account[account, FLAGGED] > 0:
        level = min(level, found[2])
    if level <= 0.0:
        return -math.inf
    room = math.log(level / found[4]) - EARLY
    return room - gathered(world, world.account[account, GROUP])


@inlined_if_possible
def enter(world: World, account: int) -> None:
    """Put an account among those that are looked at."""
    place = world.counts[ACTIVE]
    world.levels[WAKE, place] = -math.inf
    world.lists[ACTIVE, place] = account
    world.lists[GROUPED, place] = world.account[account, GROUP]
    world.counts[ACTIVE] += 1
    world.lists[ENTERED, world.counts[ENTERED]] = account
    world.counts[ENTERED] += 1


@inlined_if_possible
def leave(world: World, place: int) -> None:
    """Take an account that owes nothing any more out of those that are looked at."""
    last = world.counts[ACTIVE] - 1
    world.levels[WAKE, place] = world.levels[WAKE, last]
    world.lists[ACTIVE, place] = world.lists[ACTIVE, last]
    world.lists[GROUPED, place] = world.lists[GROUPED, last]
    world.counts[ACTIVE] = last


@inlined_if_possible
def rouse(world: World) -> None:
    """Bring the groups' spreads up to date and enter the accounts whose first level is passed."""
    for group in range(world.groups.shape[0]):
        spread = spread_out(world, group)
        world.spread[group] = spread
        at, last = world.groups[group, FOLLOWING], world.groups[group, LAST]
        while at < last and spread > world.order_wake[at]:
            enter(world, world.order[at])
            at += 1
        world.groups[group, FOLLOWING] = at


@inlined_if_possible
def find_waiting(world: World, step: int) -> None:
    """List who is unsafe now and since when; the others sleep on, or leave."""
    found, at = 0, 0
    while at < world.counts[ACTIVE]:
        if world.spread[world.lists[GROUPED, at]] <= world.levels[WAKE, at]:
            at += 1
            continue
        account = world.lists[ACTIVE, at]
        total = account_sums(world, account)
        if total[3] <= 0.0:
            leave(world, at)
            continue
        wake = -math.inf
        if is_unsafe(total, world.account[account, FLAGGED] > 0):
            if world.account[account, SINCE] < 0:
                world.account[account, SINCE] = step
            world.lists[WAITING, found] = account
            found += 1
        else:
            world.account[account, SINCE] = -1
            wake = level_of(world, (account, total))
        world.levels[WAKE, at] = wake
        at += 1
    world.counts[WAITING] = found
