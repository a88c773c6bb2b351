"""Chunks of the levels and their side copies, compiled: enter and leave at a cost of one row."""

from __future__ import annotations

from trimtab.kernels.index_works import CHUNK, SETTLED, WIDE, Levels, TickWork
from trimtab.kernels.jit import bare_kernel


@bare_kernel
def rank(levels: Levels, level: int) -> int:
    """How far from the edge a level is, on either side."""
    half = (levels.trigger.size - 1) // 2
    return level if level <= half else level - half


@bare_kernel
def begin(levels: Levels, level: int) -> None:
    """A fresh chunk at the head of a level, with a block if it is near and one is left."""
    levels.spares[0] -= 1
    fresh = levels.spare[levels.spares[0]]
    levels.following[fresh] = levels.head[level]
    levels.level[fresh] = level
    levels.head[level] = fresh
    levels.top[level] = 0
    copies = levels.copies
    if copies.frees[0] > 0 and rank(levels, level) <= copies.near[0]:
        copies.frees[0] -= 1
        copies.block[fresh] = copies.free[copies.frees[0]]


@bare_kernel
def release(levels: Levels, chunk: int) -> None:
    """Put an empty chunk and its block back."""
    levels.spare[levels.spares[0]] = chunk
    levels.spares[0] += 1
    copies = levels.copies
    if copies.block[chunk] >= 0:
        copies.free[copies.frees[0]] = copies.block[chunk]
        copies.frees[0] += 1
        copies.block[chunk] = -1


@bare_kernel
def lane(block: int, slot: int) -> int:
    """The lane of the side copy that belongs to a slot of a chunk with a block; -1 without."""
    return block * CHUNK + slot % CHUNK if block >= 0 else -1


@bare_kernel
def copy(work: TickWork, listed: int) -> None:
    """Bring rows into their lanes, from another lane or the book, in the order of the list."""
    movers, copies = work.movers, work.levels.copies
    quantities, terms, positions = copies.quantity, copies.term, copies.positions
    rows, ids, starts, counts = work.quantity, work.term, work.start, work.positions
    wide = quantities.shape[2]
    for number in range(listed):
        target, source = movers.target[number], movers.source[number]
        if target < 0:
            continue
        block, at = target // CHUNK, target % CHUNK
        if source >= 0:
            other, there = source // CHUNK, source % CHUNK
            positions[block, at] = positions[other, there]
            for column in range(wide):
                quantities[block, at, column] = quantities[other, there, column]
                terms[block, at, column] = terms[other, there, column]
            continue
        account = movers.account[number]
        first, count = starts[account], counts[account]
        fits = count <= wide
        positions[block, at] = count if fits else WIDE
        for column in range(wide):
            held = fits and column < count
            quantities[block, at, column] = rows[first + column] if held else 0.0
            terms[block, at, column] = ids[first + column] if held else 0


@bare_kernel
def enter(work: TickWork, listed: int) -> None:
    """Append movers to their levels; rows come from the slots so far where those have blocks."""
    levels, movers = work.levels, work.movers
    head, top, member, slots = levels.head, levels.top, levels.member, levels.slot
    blocks = levels.copies.block
    for number in range(listed):
        account, level, slot = movers.account[number], movers.into[number], movers.slot[number]
        movers.target[number] = -1
        if level == SETTLED:
            slots[account] = -1
            continue
        if head[level] < 0 or top[level] == CHUNK:
            begin(levels, level)
        target = head[level] * CHUNK + top[level]
        member[target] = account
        slots[account] = target
        top[level] += 1
        movers.target[number] = lane(blocks[head[level]], target)
        movers.source[number] = lane(blocks[slot // CHUNK], slot) if slot >= 0 else -1
    copy(work, listed)


@bare_kernel
def vacate(work: TickWork, listed: int) -> None:
    """Take the slots of movers out of their levels: the last member of the level takes each."""
    levels, movers = work.levels, work.movers
    member, blocks = levels.member, levels.copies.block
    for number in range(listed):
        slot = movers.slot[number]
        level = levels.level[slot // CHUNK]
        chunk = levels.head[level]
        levels.top[level] -= 1
        last = chunk * CHUNK + levels.top[level]
        movers.target[number] = -1
        if last != slot:
            moved = member[last]
            member[slot] = moved
            levels.slot[moved] = slot
            movers.account[number] = moved
            movers.target[number] = lane(blocks[slot // CHUNK], slot)
            movers.source[number] = lane(blocks[chunk], last)
        if levels.top[level] == 0:
            levels.head[level] = levels.following[chunk]
            levels.top[level] = CHUNK
            release(levels, chunk)
    copy(work, listed)


@bare_kernel
def arrange(work: TickWork) -> None:
    """Give the blocks to the levels nearest the edge, as far as three in four of them go.

    The rest is for what the levels grow by. A chunk that gets a block copies its rows from the
    book.
    """
    levels, copies = work.levels, work.levels.copies
    half = (levels.trigger.size - 1) // 2
    blocks, near = copies.free.size, 0
    taken = 0
    for reach in range(half + 1):
        taken += length(levels, reach) + (length(levels, reach + half) if reach else 0)
        if taken <= blocks - blocks // 4:
            near = reach
    copies.near[0] = near
    for keeps in (False, True):
        for level in range(levels.trigger.size):
            if (rank(levels, level) <= near) == keeps:
                lend(work, (level, keeps))


@bare_kernel
def length(levels: Levels, level: int) -> int:
    """How many chunks a level has."""
    chunk, found = levels.head[level], 0
    while chunk >= 0:
        chunk = levels.following[chunk]
        found += 1
    return found


@bare_kernel
def lend(work: TickWork, terms: tuple[int, bool]) -> None:
    """Give a block to each chunk of a level that has none, or (if it keeps none) take them back."""
    level, keeps = terms
    levels, copies = work.levels, work.levels.copies
    chunk, size = levels.head[level], levels.top[level]
    while chunk >= 0:
        if keeps and copies.block[chunk] < 0 and copies.frees[0] > 0:
            copies.frees[0] -= 1
            copies.block[chunk] = copies.free[copies.frees[0]]
            for place in range(size):
                work.movers.account[place] = levels.member[chunk * CHUNK + place]
                work.movers.target[place] = lane(copies.block[chunk], place)
                work.movers.source[place] = -1
            copy(work, size)
        elif not keeps and copies.block[chunk] >= 0:
            copies.free[copies.frees[0]] = copies.block[chunk]
            copies.frees[0] += 1
            copies.block[chunk] = -1
        chunk, size = levels.following[chunk], CHUNK
