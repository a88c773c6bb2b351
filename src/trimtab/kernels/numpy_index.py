"""The safe-radius index in NumPy: the same levels, kept as one column, looked at whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.coefficients import ROUND_64, UNDERFLOW_64
from trimtab.kernels.index_works import BACK_MAX, GUARD, SETTLED, Levels, Standings, TickWork
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE


def tick(work: TickWork, fired: NDArray[np.bool_]) -> None:
    """Look at the members of every level that moved too far, and spread them again.

    `slot` holds the level of an account itself here: there are no chunks.
    """
    levels = work.levels
    measure(work, fired)
    levels.reference[fired] = work.log
    levels.need[fired] = np.exp(levels.trigger[fired])
    member = levels.slot >= 0
    member[member] = fired[levels.slot[member]]
    _look(work, np.flatnonzero(member).astype(np.int32))


def touch(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Look at some accounts whatever their level; no reference moves."""
    measure(work, np.zeros(work.levels.trigger.size, np.bool_))
    _look(work, accounts)


def renew(work: TickWork) -> bool:
    """Take the logarithms to the present; False where something moved that no margin allows for."""
    some = work.decide != 0
    work.known[:] = work.decide
    work.log[:] = 0.0
    work.log[some] = np.log(np.abs(work.decide[some]))
    fresh = np.isnan(work.sign) & some
    work.sign[fresh] = np.sign(work.decide[fresh])
    work.dust[fresh] = work.slack[fresh] / np.abs(work.decide[fresh])
    work.levels.reference[:, fresh] = work.log[fresh]
    same = np.isnan(work.sign) | (np.sign(work.decide) == work.sign)
    within = work.slack <= 2 * work.dust * np.abs(work.decide)
    return bool(same.all() and within[some].all())


def measure(work: TickWork, fired: NDArray[np.bool_]) -> None:
    """Find the levels that moved too far, and the margin that each level asks for now."""
    levels = work.levels
    move = work.log - levels.reference
    assets, debts = work.decide > 0, work.decide < 0
    safe = np.arange(levels.trigger.size) <= (levels.trigger.size - 1) // 2
    low = (-move).max(axis=1, where=assets, initial=-np.inf)
    low += move.max(axis=1, where=debts, initial=-np.inf)
    high = move.max(axis=1, where=assets, initial=-np.inf)
    high += (-move).max(axis=1, where=debts, initial=-np.inf)
    gone, back = np.where(safe, low, high), np.where(safe, high, low)
    fired |= ~((gone <= levels.trigger) & (back <= BACK_MAX * levels.trigger))
    levels.need[:] = np.exp(levels.trigger + back)
    fired[0] = True


def _look(work: TickWork, accounts: NDArray[np.int32]) -> None:
    standings = stand(work, accounts)
    verdict, levels = standings.verdict, work.levels
    work.counts[2] += accounts.size
    doubtful = accounts[verdict == DOUBT]
    changed = accounts[(verdict != DOUBT) & (verdict != levels.side[accounts])]
    sure = verdict != DOUBT
    levels.side[accounts[sure]] = verdict[sure]
    done, asked = int(work.counts[0]), int(work.counts[1])
    work.told[done : done + changed.size] = changed
    end = work.told.size - asked
    work.told[end - doubtful.size : end] = doubtful[::-1]
    work.counts[:2] += (changed.size, doubtful.size)
    levels.slot[accounts] = _levels_of(levels, standings)


def _levels_of(levels: Levels, standings: Standings) -> NDArray[np.int32]:
    found = np.zeros(standings.verdict.size, np.int32)
    half = (levels.trigger.size - 1) // 2
    for side, first in ((SAFE, 1), (UNSAFE, 1 + half)):
        enters = standings.verdict == side
        for level in range(first, first + half):
            enters &= standings.strong >= standings.weak * levels.need[level]
            found[enters] = level
    found[(standings.weak == 0) & (standings.verdict != DOUBT)] = SETTLED
    return found


def stand(work: TickWork, accounts: NDArray[np.int32]) -> Standings:
    """Verdict and ratio of some accounts (see `compiled_index.stand`)."""
    counts = work.positions[accounts].astype(np.int64)
    owner = np.repeat(np.arange(counts.size), counts)
    offset = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    at = work.start[accounts][owner] + offset
    term = work.term[at]
    value = work.quantity[at] * work.decide[term]
    owned = np.bincount(owner, weights=np.maximum(value, 0.0), minlength=counts.size)
    owed = np.bincount(owner, weights=np.maximum(-value, 0.0), minlength=counts.size)
    slack = np.bincount(owner, weights=work.slack[term], minlength=counts.size)
    error = (counts + 12) * ROUND_64
    bound = error * (owned + owed) + slack * (1 + 2.0**-40) + counts * UNDERFLOW_64
    safe = (owed == 0) | (owned - owed - bound >= 0)
    unsafe = ~safe & (owned - owed + bound < 0)
    verdict = np.where(safe, SAFE, np.where(unsafe, UNSAFE, DOUBT)).astype(np.int8)
    high, low = np.where(safe, owned, owed), np.where(safe, owed, owned)
    strong = (high - 2 * slack) * (1 - 4 * error - GUARD)
    return Standings(verdict, strong, np.where(low == 0, 0.0, low + 2 * slack))
