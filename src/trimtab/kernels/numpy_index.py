"""The safe-radius index in NumPy: the same levels, kept as one column, looked at whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats
from trimtab.kernels.coefficients import ROUND_64, UNDERFLOW_64
from trimtab.kernels.index_works import BACK_MAX, ENDLESS, GUARD, SETTLED, Levels, TickWork
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE


def tick(work: TickWork, accounts: NDArray[np.int32]) -> bool:
    """Take the levels to the present, or (where there are any) only look at some accounts.

    `slot` holds the level of an account itself here: there are no chunks and no copies. False, and
    nothing done, where everybody must be looked at.
    """
    if not renew(work):
        return False
    levels, fired = work.levels, work.fired
    measure(work, fired)
    if accounts.size == 0:
        levels.reference[:, np.flatnonzero(fired)] = work.log[:, None]
        levels.need[fired] = np.exp(levels.trigger[fired])
        member = levels.slot >= 0
        member[member] = fired[levels.slot[member]]
        accounts = np.flatnonzero(member).astype(np.int32)
    _look(work, accounts)
    return True


def entry(kernel: Callable[..., bool], _: tuple[object, ...]) -> Callable[..., bool]:
    """The function itself: it takes arguments of any type."""
    return kernel


def leave(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Take some accounts out of their levels."""
    work.levels.slot[accounts] = SETTLED


def arrange(work: TickWork) -> None:
    """Nothing to arrange."""


def renew(work: TickWork) -> bool:
    """Take the logarithms to the present; False where something moved that no margin allows for."""
    some = work.decide != 0
    work.known[:] = work.decide
    work.log[:] = 0.0
    work.log[some] = np.log(np.abs(work.decide[some]))
    fresh = np.isnan(work.sign) & some
    work.sign[fresh] = np.sign(work.decide[fresh])
    work.dust[fresh] = work.slack[fresh] / np.abs(work.decide[fresh])
    work.levels.reference[fresh] = work.log[fresh, None]
    same = np.isnan(work.sign) | (np.sign(work.decide) == work.sign)
    within = work.slack <= 2 * work.dust * np.abs(work.decide)
    return bool(same.all() and within[some].all())


def measure(work: TickWork, fired: NDArray[np.bool_]) -> None:
    """Find the levels that moved too far, and the margin that each level asks for now."""
    levels = work.levels
    move = work.log[:, None] - levels.reference[:, : levels.trigger.size]
    assets, debts = (work.decide > 0)[:, None], (work.decide < 0)[:, None]
    safe = np.arange(levels.trigger.size) <= (levels.trigger.size - 1) // 2
    low = (-move).max(axis=0, where=assets, initial=-np.inf)
    low += move.max(axis=0, where=debts, initial=-np.inf)
    high = move.max(axis=0, where=assets, initial=-np.inf)
    high += (-move).max(axis=0, where=debts, initial=-np.inf)
    gone, back = np.where(safe, low, high), np.where(safe, high, low)
    within = (gone <= levels.trigger) & (back <= BACK_MAX * levels.trigger)
    members = np.bincount(levels.slot[levels.slot >= 0], minlength=levels.trigger.size)
    renewed = (members == 0) & ~(within & (4 * back <= levels.trigger))
    levels.reference[:, np.flatnonzero(renewed)] = work.log[:, None]
    fired[:] = ~(within | renewed)
    levels.need[:] = np.exp(levels.trigger + np.where(renewed, 0.0, back))
    fired[0] = True


def _look(work: TickWork, accounts: NDArray[np.int32]) -> None:
    verdict, ratio = stand(work, accounts)
    levels = work.levels
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
    levels.slot[accounts] = _levels_of(levels, verdict, ratio=ratio)


def _levels_of(levels: Levels, verdict: NDArray[np.int8], *, ratio: Floats) -> NDArray[np.int32]:
    found = np.zeros(verdict.size, np.int32)
    half = (levels.trigger.size - 1) // 2
    for side, first in ((SAFE, 1), (UNSAFE, 1 + half)):
        for level in range(first, first + half):
            found[(verdict == side) & (ratio >= levels.need[level])] = level
    found[(ratio == ENDLESS) & (verdict != DOUBT)] = SETTLED
    return found


def stand(work: TickWork, accounts: NDArray[np.int32]) -> tuple[NDArray[np.int8], Floats]:
    """Verdict and ratio of some accounts (see `compiled_standing`)."""
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
    strong = np.maximum((high - 2 * slack) * (1 - 4 * error - GUARD), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return verdict, np.where(low == 0, ENDLESS, strong / (low + 2 * slack))
