"""The safe-radius index: on a tick, look only at accounts that can have changed sides.

The events are those of a full scan, always (docs/concepts/safe-radius.md has the proof). The index
must hear of everything: prices, rates and rules by `tick`, changed positions by `touch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.backends import Backend, face
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats, Ints, whole
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.index_works import CHUNK, Levels, TickWork
from trimtab.kernels.scan import Exact, require_fitting
from trimtab.kernels.works import UNSAFE

# Triggers of the levels: the first, and how much wider each next one is.
LEVELS = 14
TRIGGER_FIRST = 0.006
TRIGGER_GROWTH = 1.5


Rows = NDArray[np.int32]
NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Events:
    """Accounts that changed sides (ascending), how many were looked at, how many were asked for."""

    fell: Ints
    rose: Ints
    examined: int
    asked: int


class SafeRadiusIndex:
    """Who is unsafe, kept up to date at a cost of those who are near the edge.

    One caller at a time: a tick changes the index. The book's columns are read at every call.
    """

    def __init__(
        self,
        book: BookColumns,
        coefficients: Coefficients,
        *,
        exact: Exact,
        backend: Backend = Backend.AUTO,
        levels: int = LEVELS,
        first: float = TRIGGER_FIRST,
        growth: float = TRIGGER_GROWTH,
    ) -> None:
        """Look at every account once.

        Arguments:
            exact: decides accounts at the prices of `coefficients`.
            levels: levels on either side of the edge.
            first: trigger of the first level, a logarithm of a ratio of prices.
            growth: each next trigger over the one before.
        """
        require_fitting(book, coefficients)
        assert 1 <= levels <= 60, "levels are numbered in 8 bits, for both sides"
        assert first > 0, "the first level waits for a move"
        assert growth >= 1, "levels widen"
        self._book = book
        self._faces = face("index", backend)
        widths = first * growth ** np.arange(levels)
        self._levels = _no_levels(np.concatenate([[0.0], widths, widths]), book.terms)
        self._told = np.empty(0, np.int32)
        self._counts = np.zeros(3, np.int64)
        self._warm = np.zeros(1)
        self._hold(book.accounts)
        self._terms = self._settled(coefficients)
        self.start = self._run(self._work(coefficients), _all(book), exact=exact)

    @property
    def unsafe(self) -> Ints:
        """Who is unsafe, ascending."""
        return np.flatnonzero(self._levels.side[: self._book.accounts] == UNSAFE)

    @property
    def nbytes(self) -> int:
        """Memory of the index beside the book, bytes."""
        return sum(column.nbytes for column in self._levels) + self._told.nbytes

    def tick(self, coefficients: Coefficients, *, exact: Exact) -> Events:
        """Tell who changed sides since the last call.

        Arguments:
            coefficients: what units of the terms are worth now.
            exact: decides accounts at these coefficients.
        """
        self._fit(coefficients)
        work = self._work(coefficients)
        if not self._faces.renew(work):
            return self._look_at_all(coefficients, exact=exact)
        return self._run(work, None, exact=exact)

    def _look_at_all(self, coefficients: Coefficients, *, exact: Exact) -> Events:
        self._terms = self._settled(coefficients)
        return self._run(self._work(coefficients), _all(self._book), exact=exact)

    def touch(self, accounts: ArrayLike, coefficients: Coefficients, *, exact: Exact) -> Events:
        """Look at accounts whose positions changed, or that are new.

        Arguments:
            accounts: their numbers; an account named twice is looked at once.
            coefficients: those of the last tick, or of now.
        """
        numbers = whole(accounts, "account", below=self._book.accounts).astype(np.int32)
        self._fit(coefficients)
        work = self._work(coefficients)
        if not self._faces.renew(work):
            return self._look_at_all(coefficients, exact=exact)
        return self._run(work, np.unique(numbers), exact=exact)

    def _run(self, work: TickWork, accounts: Rows | None, *, exact: Exact) -> Events:
        if accounts is None:
            self._faces.tick(work, np.zeros(work.levels.trigger.size, np.bool_))
        else:
            self._faces.touch(work, accounts)
        changed, doubtful, examined = work.counts.tolist()
        if not changed and not doubtful:
            return Events(NOBODY, NOBODY, examined, 0)
        told = [work.told[:changed]]
        if doubtful:
            asked = work.told[work.told.size - doubtful :].astype(np.int64)
            sides = exact(asked).astype(np.int8)
            others = sides != self._levels.side[asked]
            self._levels.side[asked] = sides
            told.append(asked[others].astype(np.int32))
        found = np.sort(np.concatenate(told)).astype(np.int64)
        fell = self._levels.side[found] == UNSAFE
        return Events(found[fell], found[~fell], examined, doubtful)

    def _work(self, coefficients: Coefficients) -> TickWork:
        book = self._book
        self._counts[:] = 0
        return TickWork(
            book.quantity,
            book.term,
            book.start,
            book.count,
            coefficients.decide,
            coefficients.slack,
            *self._terms,
            self._levels,
            self._told,
            self._counts,
            self._warm,
        )

    def _settled(self, coefficients: Coefficients) -> tuple[Floats, Floats, Floats, Floats]:
        """Take every level to the present; whoever calls looks at all accounts next.

        Returns:
            Coefficients, their log magnitudes, their signs (NaN: nobody ever held the term), and
            slack over magnitude.
        """
        decide = coefficients.decide
        magnitude = np.abs(decide)
        some = magnitude > 0
        log, dust = np.zeros(decide.size), np.zeros(decide.size)
        log[some] = np.log(magnitude[some])
        dust[some] = coefficients.slack[some] / magnitude[some]
        reference = np.tile(log, (self._levels.trigger.size, 1))
        self._levels = self._levels._replace(reference=reference)
        sign = np.where(np.isnan(self._book.scale), np.nan, np.sign(decide))
        return decide.copy(), log, sign, dust

    def _fit(self, coefficients: Coefficients) -> None:
        """Make room for new accounts; whoever widened the book's terms starts over."""
        require_fitting(self._book, coefficients)
        self._hold(self._book.accounts)
        if coefficients.terms != self._terms[0].size:
            self._terms = self._settled(coefficients)
            # No sign is like this one: the next look is at everybody.
            self._terms[2][:] = np.inf

    def _hold(self, accounts: int) -> None:
        """Make room for this many accounts; new ones are safe until looked at."""
        old = self._levels
        if accounts <= old.slot.size:
            return
        room = accounts if old.slot.size == 0 else accounts + accounts // 2
        chunks = -(-room // CHUNK) + 2 * old.trigger.size + 2
        fresh = np.arange(old.following.size, chunks, dtype=np.int32)
        spare = np.empty(chunks, np.int32)
        left = int(old.spares[0])
        spare[:left] = old.spare[:left]
        spare[left : left + fresh.size] = fresh[::-1]
        self._levels = replace_columns(
            old, chunks=chunks, room=room, spare=spare, spares=np.array([left + fresh.size])
        )
        self._told = np.empty(room, np.int32)


def _all(book: BookColumns) -> Rows:
    return np.arange(book.accounts, dtype=np.int32)


def replace_columns(
    old: Levels, *, chunks: int, room: int, spare: NDArray[np.int32], spares: Ints
) -> Levels:
    """The levels with room for more chunks and accounts."""
    return old._replace(
        following=_longer(old.following, chunks, fill=-1),
        level=_longer(old.level, chunks, fill=0),
        spare=spare,
        spares=spares,
        member=_longer(old.member, chunks * CHUNK, fill=0),
        slot=_longer(old.slot, room, fill=-1),
        side=_longer(old.side, room, fill=0),
    )


def _longer(column: NDArray[Any], size: int, *, fill: int) -> NDArray[Any]:
    longer = np.full(size, fill, column.dtype)
    longer[: column.size] = column
    return longer


def _no_levels(trigger: Floats, terms: int) -> Levels:
    count = trigger.size
    return Levels(
        reference=np.zeros((count, terms)),
        trigger=trigger,
        need=np.zeros(count),
        head=np.full(count, -1, np.int32),
        top=np.zeros(count, np.int32),
        following=np.empty(0, np.int32),
        level=np.empty(0, np.int8),
        spare=np.empty(0, np.int32),
        spares=np.zeros(1, np.int64),
        member=np.empty(0, np.int32),
        slot=np.empty(0, np.int32),
        side=np.empty(0, np.int8),
    )
