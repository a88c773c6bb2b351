"""The columns of the safe-radius index, and the one record in which kernels take them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats, Ints

# Accounts of a level stand in chunks of this many.
CHUNK = 256
# Level of accounts that no price can move to the other side: they owe nothing.
SETTLED = -1
# Ratio of such accounts.
ENDLESS = -1.0
# A level is looked at too when entering it costs this many times its trigger more than at first.
BACK_MAX = 2.0
# What margins are shortened by, beside the error of their sums: logarithms of coefficients are
# below 800 and thus within 1e-13, and a distance takes the difference of four of them.
GUARD = 1e-11
# Positions of a row in the side copy, where it is not copied.
WIDE = 255
# Columns of levels come in as many as a loop takes at a time.
LANES = 16
# Rows of the side copy have room for this many positions at most.
COPIED_MAX = 16


class Copies(NamedTuple):
    """Rows of accounts near the edge once more, beside one another: blocks of one chunk each.

    Lanes with fewer positions than there is room for hold quantities of zero. `positions` is how
    many a lane has, WIDE where its row is to be read in the book. `block` says which block a chunk
    has (-1: none); `free` lists blocks without a chunk, `frees` of them. Only levels up to `near`
    on either side have blocks, as far as there are.
    """

    quantity: Floats
    term: NDArray[Any]
    positions: NDArray[np.uint8]
    block: NDArray[np.int32]
    free: NDArray[np.int32]
    frees: Ints
    near: Ints


class Levels(NamedTuple):
    """Where the accounts stand.

    Level 0 is looked at on every tick; levels 1 to n hold safe accounts, n + 1 to 2 n unsafe ones.
    `reference` holds log coefficients by term and level (and some columns more), `trigger` how far
    a level may move before it is looked at. `need` is the ratio that an account needs to enter a
    level now, `least` the least need of this and the wider levels of its side. A level's members
    stand in a chain of chunks from `head`, of which only the first may have room (`top` entries
    used). `slot` is where an account stands in `member`; `side` its side: SAFE or UNSAFE.
    """

    reference: Floats
    trigger: Floats
    need: Floats
    least: Floats
    head: NDArray[np.int32]
    top: NDArray[np.int32]
    following: NDArray[np.int32]
    level: NDArray[np.int8]
    spare: NDArray[np.int32]
    spares: Ints
    member: NDArray[np.int32]
    slot: NDArray[np.int32]
    side: NDArray[np.int8]
    copies: Copies


class Standings(NamedTuple):
    """Up to a chunk of accounts now: their verdict, and the ratio that holds them there.

    A safe account's ratio is what it owns over what it owes, both moved against it by every error;
    an unsafe account's the other way round. It is ENDLESS where no price matters. `owned`, `owed`
    and `slack` are sums on the way, `first` and `length` where rows lie in the book.
    """

    verdict: NDArray[np.int8]
    ratio: Floats
    owned: Floats
    owed: Floats
    slack: Floats
    first: Ints
    length: NDArray[np.int32]


class Movers(NamedTuple):
    """Up to a chunk of accounts on their way: who, into which level, from which slot (-1: none).

    `target` and `source` are lanes of the side copy (block x CHUNK + lane) that a row moves to and
    from: no lane (-1) to move to is nothing to do, none to come from is the book.
    """

    account: NDArray[np.int32]
    into: NDArray[np.int32]
    slot: NDArray[np.int32]
    target: NDArray[np.int32]
    source: NDArray[np.int32]


class TickWork(NamedTuple):
    """One look at the index: the book's rows, the coefficients now, the levels, what comes out.

    `known` are the coefficients of the call before and `log` their log magnitudes; `sign` and
    `dust` (slack over magnitude) are those at the last look at everybody. `told` takes accounts
    that changed sides from its front and accounts in doubt from its back; `counts` how many
    changed, are in doubt, were looked at. `moves` has by level the most and the least that assets,
    and debts, rose since its reference, or bounds of them; `changed` takes terms whose coefficient
    is another than before, `changes` how many these are (`terms`: as good as all). `warm` takes
    what is read only to be read; `fired` says which levels moved too far, and `chains` takes their
    heads and tops.
    """

    quantity: Floats
    term: NDArray[Any]
    start: Ints
    positions: NDArray[np.int32]
    decide: Floats
    slack: Floats
    known: Floats
    log: Floats
    sign: Floats
    dust: Floats
    levels: Levels
    told: NDArray[np.int32]
    counts: Ints
    found: Standings
    movers: Movers
    moves: Floats
    changed: NDArray[np.int32]
    changes: Ints
    warm: Floats
    fired: NDArray[np.bool_]
    chains: NDArray[np.int32]


def standings_room() -> Standings:
    """Room for the standings of a chunk."""
    return Standings(
        verdict=np.empty(CHUNK, np.int8),
        ratio=np.empty(CHUNK),
        owned=np.empty(CHUNK),
        owed=np.empty(CHUNK),
        slack=np.empty(CHUNK),
        first=np.empty(CHUNK, np.int64),
        length=np.empty(CHUNK, np.int32),
    )


def movers_room() -> Movers:
    """Room for the movers of a chunk."""
    return Movers(*(np.empty(CHUNK, np.int32) for _ in range(5)))


def padded(levels: int) -> int:
    """Columns of levels with those that only fill up."""
    return -(-levels // LANES) * LANES
