"""The safe-radius index, compiled. `numpy_index` does the same with whole columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.compiled_levels import arrange, enter, vacate
from trimtab.kernels.compiled_standing import stand_copied, stand_rows
from trimtab.kernels.index_works import BACK_MAX, CHUNK, ENDLESS, SETTLED, Levels, TickWork
from trimtab.kernels.jit import bare_kernel, entry
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE

__all__ = ["arrange", "entry", "leave", "tick"]

# A level that nobody stands in.
NOWHERE = -2
# A tick that moves less than one coefficient in so many stretches what is known of the levels.
FEW = 8


@bare_kernel
def renew(work: TickWork) -> bool:
    """Take the logarithms to the present; False where something moved that no margin allows for.

    That is a coefficient that changed sign, or slack that doubled against its coefficient: twice
    the slack is in each ratio. A term that nobody held before (its sign is NaN) begins here.
    """
    usual, changes = True, 0
    sign, dust, changed = work.sign, work.dust, work.changed
    for term in range(work.decide.size):
        now = work.decide[term]
        if now != work.known[term]:
            work.known[term] = now
            work.log[term] = np.log(abs(now)) if now != 0 else 0.0
            changed[changes] = term
            changes += 1
        if np.isnan(sign[term]) and now != 0:
            sign[term], dust[term] = np.sign(now), work.slack[term] / abs(now)
            work.levels.reference[term] = work.log[term]
        usual &= np.isnan(sign[term]) or np.sign(now) == sign[term]
        usual &= now == 0 or work.slack[term] <= 2 * dust[term] * abs(now)
    work.changes[0] = changes
    return usual


@bare_kernel
def spread(work: TickWork) -> None:
    """How far assets and debts rose at most and at least since each level's reference.

    Where few coefficients moved, what was found before is only stretched by them: bounds, as
    others may have moved back since.
    """
    reference, moves, changed = work.levels.reference, work.moves, work.changed
    changes, terms = work.changes[0], work.decide.size
    few = FEW * changes <= terms
    if not few:
        moves[0], moves[1], moves[2], moves[3] = -np.inf, np.inf, -np.inf, np.inf
    for number in range(changes if few else terms):
        term = changed[number] if few else number
        if work.decide[term] != 0:
            now, references = work.log[term], reference[term]
            first = 0 if work.decide[term] > 0 else 2
            most, least = moves[first], moves[first + 1]
            for level in range(references.size):
                move = now - references[level]
                most[level] = move if move > most[level] else most[level]
                least[level] = move if move < least[level] else least[level]


@bare_kernel
def renew_reference(work: TickWork, level: int) -> None:
    """Take a level to the present."""
    reference, log = work.levels.reference, work.log
    work.moves[:, level] = 0.0
    for term in range(log.size):
        reference[term, level] = log[term]


@bare_kernel
def measure(work: TickWork, fired: NDArray[np.bool_]) -> None:
    """Find the levels that moved too far, and the margin that each level asks for now."""
    spread(work)
    if compare(work, fired) and FEW * work.changes[0] <= work.decide.size:
        # It was bounds that said so.
        work.changes[0] = work.decide.size
        spread(work)
        fired[:] = False
        compare(work, fired)
    fired[0] = True


@bare_kernel
def compare(work: TickWork, fired: NDArray[np.bool_]) -> bool:
    """Set whose moves are beyond a level's trigger, and the needs of the others; say if any is."""
    levels, moves = work.levels, work.moves
    half, some = (levels.trigger.size - 1) // 2, False
    for level in range(1, levels.trigger.size):
        gone, back = moves[2, level] - moves[1, level], moves[0, level] - moves[3, level]
        if level > half:
            gone, back = back, gone
        trigger = levels.trigger[level]
        # A level whose prices moved far to the good asks for margins that nobody has left.
        within = gone <= trigger and back <= BACK_MAX * trigger
        if levels.head[level] < 0 and not (within and 4 * back <= trigger):
            renew_reference(work, level)
            within, back = True, 0.0
        fired[level] = not within
        some |= not within
        levels.need[level] = np.exp(trigger + back)
    return some


@bare_kernel
def lessen(levels: Levels) -> None:
    """The least need of each level and the wider ones of its side."""
    half = (levels.trigger.size - 1) // 2
    for level in range(levels.trigger.size - 1, 0, -1):
        wider = levels.least[level + 1] if level not in (half, 2 * half) else np.inf
        levels.least[level] = min(levels.need[level], wider)


@bare_kernel
def sort_out(work: TickWork, standing: tuple[NDArray[np.int32], int]) -> int:
    """Tell changes of side and doubts, and list who is for another level than where they stand.

    The last lane comes first; return how many are listed.
    """
    accounts, level = standing
    levels, movers, told, counts = work.levels, work.movers, work.told, work.counts
    verdicts, ratios, side, least = work.found.verdict, work.found.ratio, levels.side, levels.least
    half = (levels.trigger.size - 1) // 2
    own = SAFE if level <= half else UNSAFE
    low = levels.need[level] if level > 0 else np.inf
    high = np.inf if level in (0, half, 2 * half) else least[level + 1]
    listed = 0
    for place in range(accounts.size - 1, -1, -1):
        verdict, ratio = verdicts[place], ratios[place]
        if verdict == own and low <= ratio < high:
            continue
        account = accounts[place]
        if verdict == DOUBT:
            counts[1] += 1
            told[told.size - counts[1]] = account
        elif verdict != side[account]:
            side[account] = verdict
            told[counts[0]] = account
            counts[0] += 1
        into = 0
        if verdict != DOUBT:
            first = 1 + verdict * half
            while into < half and ratio >= least[first + into]:
                into += 1
            into = first + into - 1 if into else 0
            into = SETTLED if ratio == ENDLESS else into
        movers.account[listed], movers.into[listed], movers.slot[listed] = account, into, place
        listed += into != level
    counts[2] += accounts.size
    return listed


@bare_kernel
def look(work: TickWork, chain: tuple[int, int, int]) -> None:
    """Look at a level's members from a chunk and its size on; who is for another level moves.

    What leaves makes room for the last member, which stands before the chain or has been looked at:
    lanes are taken from the last to the first.
    """
    levels = work.levels
    level, chunk, size = chain
    while chunk >= 0:
        following, first = levels.following[chunk], chunk * CHUNK
        members = levels.member[first : first + size]
        if levels.copies.block[chunk] >= 0:
            stand_copied(work, (chunk, size))
        else:
            stand_rows(work, members)
        listed = sort_out(work, (members, level))
        if listed:
            slots = work.movers.slot
            for number in range(listed):
                slots[number] += first
            enter(work, listed)
            vacate(work, listed)
        chunk, size = following, CHUNK


@bare_kernel
def advance(work: TickWork) -> None:
    """Look at the members of every level that moved too far, and spread them again."""
    fired, levels, chains = work.fired, work.levels, work.chains
    for level in range(1, fired.size):
        if fired[level]:
            renew_reference(work, level)
            levels.need[level] = np.exp(levels.trigger[level])
    lessen(levels)
    for level in range(fired.size):
        chains[0, level], chains[1, level] = levels.head[level], levels.top[level]
    for level in range(fired.size):
        if fired[level] and chains[0, level] >= 0:
            look(work, (level, chains[0, level], chains[1, level]))


@bare_kernel
def leave(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Take some accounts out of their levels."""
    slots, movers = work.levels.slot, work.movers
    for account in accounts:
        if slots[account] >= 0:
            movers.slot[0] = slots[account]
            slots[account] = -1
            # Who takes the place may be one of these too: its row there is not read any more.
            vacate(work, 1)


@bare_kernel
def visit(work: TickWork, accounts: NDArray[np.int32]) -> None:
    """Look at some accounts whatever their level; no reference of a level with members moves."""
    movers = work.movers
    lessen(work.levels)
    leave(work, accounts)
    for begin in range(0, accounts.size, CHUNK):
        piece = accounts[begin : begin + CHUNK]
        stand_rows(work, piece)
        listed = sort_out(work, (piece, NOWHERE))
        for number in range(listed):
            movers.slot[number] = -1
        enter(work, listed)


@bare_kernel
def tick(work: TickWork, accounts: NDArray[np.int32]) -> bool:
    """Take the levels to the present, or (where there are any) only look at some accounts.

    False, and nothing done, where everybody must be looked at.
    """
    if not renew(work):
        return False
    measure(work, work.fired)
    if accounts.size:
        visit(work, accounts)
    else:
        advance(work)
    return True
