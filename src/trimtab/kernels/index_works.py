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
# A level is looked at too when entering it costs this many times its trigger more than at first.
BACK_MAX = 2.0
# What margins are shortened by, beside the error of their sums: logarithms of coefficients are
# below 800 and thus within 1e-13, and a distance takes the difference of four of them.
GUARD = 1e-11


class Levels(NamedTuple):
    """Where the accounts stand.

    Level 0 is looked at on every tick; levels 1 to n hold safe accounts, n + 1 to 2 n unsafe ones.
    `reference` holds a level's log coefficients, `trigger` how far it may move before it is looked
    at. `need` is the ratio that an account needs to enter a level now. A level's members stand in a
    chain of chunks from `head`, of which only the first may have room (`top` entries used). `slot`
    is where an account stands in `member`; `side` its side: SAFE or UNSAFE.
    """

    reference: Floats
    trigger: Floats
    need: Floats
    head: NDArray[np.int32]
    top: NDArray[np.int32]
    following: NDArray[np.int32]
    level: NDArray[np.int8]
    spare: NDArray[np.int32]
    spares: Ints
    member: NDArray[np.int32]
    slot: NDArray[np.int32]
    side: NDArray[np.int8]


class TickWork(NamedTuple):
    """One look at the index: the book's rows, the coefficients now, the levels, what comes out.

    `known` are the coefficients of the call before and `log` their log magnitudes; `sign` and
    `dust` (slack over magnitude) are those at the last look at everybody. `told` takes accounts
    that changed sides from its front and accounts in doubt from its back; `counts` how many
    changed, are in doubt, were looked at. `warm` takes what is read only to be read.
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
    warm: Floats


class Standings(NamedTuple):
    """Some accounts now: their verdict, and the ratio `strong` / `weak` that holds them there.

    A safe account's strong side is what it owns and its weak side what it owes, both moved against
    it by every error; an unsafe account's the other way round. Weak is 0 where no price matters.
    """

    verdict: NDArray[np.int8]
    strong: Floats
    weak: Floats
