"""Room for the columns of the safe-radius index: levels, chunks, and the side copy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats
from trimtab.kernels.index_works import CHUNK, COPIED_MAX, Copies, Levels, padded

# Memory of the side copy: bytes an account, and blocks at least.
COPY_BYTES = 9.2
BLOCKS_MIN = 8


def no_levels(trigger: Floats, terms: int) -> Levels:
    """Levels without members, and room for nobody."""
    count = trigger.size
    return Levels(
        reference=np.zeros((terms, padded(count))),
        trigger=trigger,
        need=np.zeros(count),
        least=np.zeros(count),
        head=np.full(count, -1, np.int32),
        top=np.zeros(count, np.int32),
        following=np.empty(0, np.int32),
        level=np.empty(0, np.int8),
        spare=np.empty(0, np.int32),
        spares=np.zeros(1, np.int64),
        member=np.empty(0, np.int32),
        slot=np.empty(0, np.int32),
        side=np.empty(0, np.int8),
        copies=_copies((0, 1), np.dtype(np.uint8), chunks=0),
    )


def roomier(old: Levels, book: BookColumns) -> Levels:
    """The levels with room for the accounts of a book, and some more; new ones are safe.

    The side copy starts over, empty.
    """
    accounts = book.accounts
    room = accounts if old.slot.size == 0 else accounts + accounts // 2
    chunks = -(-room // CHUNK) + 2 * old.trigger.size + 2
    fresh = np.arange(old.following.size, chunks, dtype=np.int32)
    spare = np.empty(chunks, np.int32)
    left = int(old.spares[0])
    spare[:left] = old.spare[:left]
    spare[left : left + fresh.size] = fresh[::-1]
    return old._replace(
        following=_longer(old.following, chunks, fill=-1),
        level=_longer(old.level, chunks, fill=0),
        spare=spare,
        spares=np.array([left + fresh.size]),
        member=_longer(old.member, chunks * CHUNK, fill=0),
        slot=_longer(old.slot, room, fill=-1),
        side=_longer(old.side, room, fill=0),
        copies=copies_of(book, chunks=chunks, room=room),
    )


def empty(levels: Levels) -> None:
    """Take everybody out of the levels; sides stay."""
    chunks, blocks = levels.following.size, levels.copies.free.size
    levels.head[:], levels.top[:], levels.slot[:] = -1, 0, -1
    levels.spare[:] = np.arange(chunks, dtype=np.int32)[::-1]
    levels.spares[0] = chunks
    levels.copies.block[:], levels.copies.near[0] = -1, -1
    levels.copies.free[:] = np.arange(blocks, dtype=np.int32)[::-1]
    levels.copies.frees[0] = blocks


def copies_of(book: BookColumns, *, chunks: int, room: int) -> Copies:
    """An empty side copy of a book: as wide as nine in ten of its rows."""
    held = book.count[book.count > 0]
    wide = int(np.quantile(held, 0.9, method="inverted_cdf")) if held.size else 1
    wide = min(max(wide, 1), COPIED_MAX)
    block_bytes = CHUNK * (wide * (8 + book.term.dtype.itemsize) + 1) + 4
    blocks = max(int(COPY_BYTES * room) // block_bytes, BLOCKS_MIN)
    return _copies((blocks, wide), book.term.dtype, chunks=chunks)


def _copies(shape: tuple[int, int], kind: np.dtype[Any], *, chunks: int) -> Copies:
    blocks, wide = shape
    return Copies(
        quantity=np.zeros((blocks, CHUNK, wide)),
        term=np.zeros((blocks, CHUNK, wide), kind),
        positions=np.zeros((blocks, CHUNK), np.uint8),
        block=np.full(chunks, -1, np.int32),
        free=np.arange(blocks, dtype=np.int32)[::-1].copy(),
        frees=np.array([blocks]),
        near=np.array([-1]),
    )


def _longer(column: NDArray[Any], size: int, *, fill: int) -> NDArray[Any]:
    longer = np.full(size, fill, column.dtype)
    longer[: column.size] = column
    return longer
