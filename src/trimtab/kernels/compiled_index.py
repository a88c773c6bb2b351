"""The safe-radius index, compiled. `numpy_index` does the same with whole columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.coefficients import ROUND_64, UNDERFLOW_64
from trimtab.kernels.index_works import BACK_MAX, CHUNK, GUARD, SETTLED, Levels, Standings, TickWork
from trimtab.kernels.jit import kernel
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE


@kernel
def fetched(
    work: TickWork, accounts: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where the accounts' rows begin and how long they are, with the rows on their way to a cache.

    Rows lie anywhere in memory. Loads that wait for nothing but their address overlap, those of an
    account's whole sum hardly do; so each row's ends are read once before anything is added.
    """
    firsts = np.empty(accounts.size, np.int64)
    counts = np.empty(accounts.size, np.int32)
    for place in range(accounts.size):
        firsts[place] = work.start[accounts[place]]
        counts[place] = work.positions[accounts[place]]
    quantity, term, side = work.quantity, work.term, work.levels.side
    touched = 0.0
    for place in range(accounts.size):
        if counts[place] == 0:
            continue
        first = firsts[place]
        last = first + counts[place] - 1
        touched += quantity[first] + quantity[last] + side[accounts[place]]
        touched += term[first] + term[last]
    work.warm[0] = touched
    return firsts, counts


@kernel
def stand(work: TickWork, accounts: NDArray[np.int32]) -> Standings:
    """Verdict and ratio of some accounts (docs/concepts/safe-radius.md).

    Both sides are moved against the account by the bound of the sums and twice the slack.
    """
    quantity, terms, decide, slacks = work.quantity, work.term, work.decide, work.slack
    verdict = np.empty(accounts.size, np.int8)
    strong, weak = np.empty(accounts.size), np.empty(accounts.size)
    firsts, counts = fetched(work, accounts)
    for place in range(accounts.size):
        first, positions = firsts[place], counts[place]
        owned, owed, slack = 0.0, 0.0, 0.0
        for at in range(first, first + positions):
            term = terms[at]
            value = quantity[at] * decide[term]
            owned += max(value, 0.0)
            owed -= min(value, 0.0)
            slack += slacks[term]
        error = (positions + 12) * ROUND_64
        bound = error * (owned + owed) + slack * (1 + 2.0**-40) + positions * UNDERFLOW_64
        safe = owed == 0 or owned - owed - bound >= 0
        sure = safe or owned - owed + bound < 0
        verdict[place] = (SAFE if safe else UNSAFE) if sure else DOUBT
        high, low = (owned, owed) if safe else (owed, owned)
        strong[place] = (high - 2 * slack) * (1 - 4 * error - GUARD)
        weak[place] = 0.0 if low == 0 else low + 2 * slack
    return Standings(verdict, strong, weak)


@kernel
def renew(work: TickWork) -> bool:
    """Take the logarithms to the present; False where something moved that no margin allows for.

    That is a coefficient that changed sign, or slack that doubled against its coefficient: twice
    the slack is in each ratio. A term that nobody held before (its sign is NaN) begins here.
    """
    usual = True
    sign, dust = work.sign, work.dust
    for term in range(work.decide.size):
        now = work.decide[term]
        if now != work.known[term]:
            work.known[term] = now
            work.log[term] = np.log(abs(now)) if now != 0 else 0.0
        if np.isnan(sign[term]) and now != 0:
            sign[term], dust[term] = np.sign(now), work.slack[term] / abs(now)
            work.levels.reference[:, term] = work.log[term]
        usual &= np.isnan(sign[term]) or np.sign(now) == sign[term]
        usual &= now == 0 or work.slack[term] <= 2 * dust[term] * abs(now)
    return usual


@kernel
def spread(work: TickWork, reference: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """How far the coefficients moved from a reference: assets down and up, debts down and up."""
    asset_down, asset_up, debt_down, debt_up = -np.inf, -np.inf, -np.inf, -np.inf
    for term in range(work.decide.size):
        move = work.log[term] - reference[term]
        if work.decide[term] > 0:
            asset_down, asset_up = max(asset_down, -move), max(asset_up, move)
        elif work.decide[term] < 0:
            debt_down, debt_up = max(debt_down, -move), max(debt_up, move)
    return asset_down, asset_up, debt_down, debt_up


@kernel
def measure(work: TickWork, fired: NDArray[np.bool_]) -> None:
    """Find the levels that moved too far, and the margin that each level asks for now."""
    levels = work.levels
    safe_levels = (levels.trigger.size - 1) // 2
    for level in range(1, levels.trigger.size):
        if levels.head[level] < 0:
            levels.reference[level] = work.log
            levels.need[level] = np.exp(levels.trigger[level])
            continue
        asset_down, asset_up, debt_down, debt_up = spread(work, levels.reference[level])
        if level <= safe_levels:
            gone, back = asset_down + debt_up, asset_up + debt_down
        else:
            gone, back = asset_up + debt_down, asset_down + debt_up
        # A level whose prices moved far to the good asks for margins that nobody has left.
        within = gone <= levels.trigger[level] and back <= BACK_MAX * levels.trigger[level]
        fired[level] |= not within
        levels.need[level] = np.exp(levels.trigger[level] + back)
    fired[0] = True


@kernel
def settle(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Decide accounts that stand in no level, tell changes of side, and let each enter a level."""
    levels = work.levels
    standings = stand(work, accounts)
    side, told, counts = levels.side, work.told, work.counts
    entered = np.empty(accounts.size, np.int8)
    for place in range(accounts.size):
        account, verdict = accounts[place], standings.verdict[place]
        if verdict == DOUBT:
            counts[1] += 1
            told[told.size - counts[1]] = account
        elif verdict != side[account]:
            side[account] = verdict
            told[counts[0]] = account
            counts[0] += 1
        entered[place] = 0 if verdict == DOUBT else verdict + 1
    counts[2] += accounts.size
    choose(levels, (standings, entered))
    enter(levels, (accounts, entered))


@kernel
def choose(levels: Levels, found: tuple[Standings, NDArray[np.int8]]) -> None:
    """Replace 0 (in doubt), 1 (safe), 2 (unsafe) by the level to enter: as high as may be."""
    standings, entered = found
    half = (levels.trigger.size - 1) // 2
    need = levels.need
    for place in range(entered.size):
        strong, weak = standings.strong[place], standings.weak[place]
        if entered[place] and weak == 0:
            entered[place] = SETTLED
        elif entered[place]:
            first = 1 + (entered[place] - 1) * half
            level = 0
            while level < half and strong >= weak * need[first + level]:
                level += 1
            entered[place] = first + level - 1 if level else 0


@kernel
def enter(levels: Levels, entered: tuple[NDArray[np.int32], NDArray[np.int8]]) -> None:
    """Append accounts to their levels."""
    accounts, into = entered
    head, top, member, slots = levels.head, levels.top, levels.member, levels.slot
    for place in range(accounts.size):
        level = into[place]
        if level == SETTLED:
            slots[accounts[place]] = -1
            continue
        if head[level] < 0 or top[level] == CHUNK:
            levels.spares[0] -= 1
            fresh = levels.spare[levels.spares[0]]
            levels.following[fresh] = head[level]
            levels.level[fresh] = level
            head[level] = fresh
            top[level] = 0
        slot = head[level] * CHUNK + top[level]
        member[slot] = accounts[place]
        slots[accounts[place]] = slot
        top[level] += 1


@kernel
def leave(levels: Levels, account: int) -> None:
    """Take an account out of its level: the last member takes its slot."""
    slot = levels.slot[account]
    if slot < 0:
        return
    level = levels.level[slot // CHUNK]
    chunk = levels.head[level]
    levels.top[level] -= 1
    moved = levels.member[chunk * CHUNK + levels.top[level]]
    levels.member[slot] = moved
    levels.slot[moved] = slot
    levels.slot[account] = -1
    if levels.top[level] == 0:
        levels.head[level] = levels.following[chunk]
        levels.top[level] = CHUNK
        release(levels, chunk)


@kernel
def release(levels: Levels, chunk: int) -> None:
    """Put an empty chunk back."""
    levels.spare[levels.spares[0]] = chunk
    levels.spares[0] += 1


@kernel
def drain(work: TickWork, chain: tuple[int, int]) -> None:
    """Look at every member of a detached chain of chunks, and put the chunks back."""
    chunk, size = chain
    while chunk >= 0:
        settle(work, work.levels.member[chunk * CHUNK : chunk * CHUNK + size])
        following = work.levels.following[chunk]
        release(work.levels, chunk)
        chunk, size = following, CHUNK


@kernel
def tick(work: TickWork, fired: NDArray[np.bool_]) -> None:
    """Look at the members of every level that moved too far, and spread them again.

    `fired` takes which levels did; those that the caller sets are looked at too.
    """
    levels = work.levels
    measure(work, fired)
    chains, tops = levels.head.copy(), levels.top.copy()
    for level in range(fired.size):
        if fired[level]:
            levels.head[level] = -1
            levels.reference[level] = work.log
            levels.need[level] = np.exp(levels.trigger[level])
    for level in range(fired.size):
        if fired[level]:
            drain(work, (chains[level], tops[level]))


@kernel
def touch(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Look at some accounts whatever their level; no reference moves."""
    measure(work, np.zeros(work.levels.trigger.size, np.bool_))
    for account in accounts:
        leave(work.levels, account)
    settle(work, accounts)
