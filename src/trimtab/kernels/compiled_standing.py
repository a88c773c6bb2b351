"""Where accounts stand now, compiled: verdicts and ratios of a chunk, from rows or a side copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.coefficients import ROUND_64, UNDERFLOW_64
from trimtab.kernels.index_works import CHUNK, ENDLESS, GUARD, WIDE, TickWork
from trimtab.kernels.jit import bare_kernel
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE


@bare_kernel
def stand_rows(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Verdict and ratio of at most a chunk of accounts, from their rows in the book.

    Rows lie anywhere in memory. Loads that wait for nothing but their address overlap, those of an
    account's whole sum hardly do; so each row's ends are read once before anything is added.
    """
    first, count = work.found.first, work.found.length
    for place in range(accounts.size):
        first[place] = work.start[accounts[place]]
        count[place] = work.positions[accounts[place]]
    quantity, term = work.quantity, work.term
    touched = 0.0
    for place in range(accounts.size):
        if count[place] > 0:
            last = first[place] + count[place] - 1
            touched += quantity[first[place]] + quantity[last]
            touched += term[first[place]] + term[last]
    work.warm[0] = touched
    add_rows(work, accounts.size)
    rate(work, accounts.size)


@bare_kernel
def add_rows(work: TickWork, size: int) -> None:
    """Sums of the first rows found; one that begins at -1 has its sums."""
    found = work.found
    firsts, counts = found.first[:size], found.length[:size]
    assets, debts, lost = found.owned[:size], found.owed[:size], found.slack[:size]
    quantities, terms, decide, slacks = work.quantity, work.term, work.decide, work.slack
    for place in range(size):
        first = firsts[place]
        if first < 0:
            continue
        owned, owed, slack = 0.0, 0.0, 0.0
        for at in range(first, first + counts[place]):
            term = terms[at]
            value = quantities[at] * decide[term]
            owned += max(value, 0.0)
            owed -= min(value, 0.0)
            slack += slacks[term]
        assets[place], debts[place], lost[place] = owned, owed, slack


@bare_kernel
def rate(work: TickWork, size: int) -> None:
    """Verdict and ratio of the first sums found (docs/concepts/safe-radius.md).

    Both sides are moved against the account by the bound of the sums and twice the slack.
    """
    found = work.found
    verdicts, ratios, counts = found.verdict[:size], found.ratio[:size], found.length[:size]
    assets, debts, slacks = found.owned[:size], found.owed[:size], found.slack[:size]
    for place in range(size):
        owned, owed, slack = assets[place], debts[place], slacks[place]
        error, lost = (counts[place] + 12) * ROUND_64, counts[place] * UNDERFLOW_64
        bound = error * (owned + owed) + slack * (1 + 2.0**-40) + lost
        safe = (owed == 0) | (owned - owed - bound >= 0)
        unsafe = owned - owed + bound < 0
        verdicts[place] = SAFE if safe else UNSAFE if unsafe else DOUBT
        high, low = (owned, owed) if safe else (owed, owned)
        strong = max((high - 2 * slack) * (1 - 4 * error - GUARD), 0.0)
        ratios[place] = ENDLESS if low == 0 else strong / (low + 2 * slack)


@bare_kernel
def stand_copied(work: TickWork, members: tuple[int, int]) -> None:
    """Verdict and ratio of the first members of a chunk that has a block."""
    chunk, size = members
    copies, found = work.levels.copies, work.found
    block = copies.block[chunk]
    decide, slacks = work.decide, work.slack
    quantities, terms = copies.quantity[block], copies.term[block]
    assets, debts, lost = found.owned[:size], found.owed[:size], found.slack[:size]
    for lane in range(size):
        owned, owed, slack = 0.0, 0.0, 0.0
        for column in range(quantities.shape[1]):
            quantity, term = quantities[lane, column], terms[lane, column]
            value = quantity * decide[term]
            owned += max(value, 0.0)
            owed -= min(value, 0.0)
            slack += slacks[term] if quantity > 0 else 0.0
        assets[lane], debts[lane], lost[lane] = owned, owed, slack
    positions, counts = copies.positions[block, :size], found.length[:size]
    some = 0
    for lane in range(size):
        counts[lane] = positions[lane]
        some += positions[lane] == WIDE
    if some:
        stand_wide(work, members)
    rate(work, size)


@bare_kernel
def stand_wide(work: TickWork, members: tuple[int, int]) -> None:
    """Sums of the members of a chunk whose rows are not copied."""
    chunk, size = members
    found = work.found
    for lane in range(size):
        found.first[lane] = -1
        if found.length[lane] == WIDE:
            account = work.levels.member[chunk * CHUNK + lane]
            found.first[lane], found.length[lane] = work.start[account], work.positions[account]
    add_rows(work, size)
