"""The safe-radius index: on a tick, look only at accounts that can have changed sides.

The events are those of a full scan, always (docs/concepts/safe-radius.md has the proof). The index
must hear of everything: prices, rates and rules by `tick`, changed positions by `touch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.backends import Backend, face
from trimtab.kernels.bent_radius import BentLevels
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats, Ints, whole
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.index_room import copies_of, empty, no_levels, roomier
from trimtab.kernels.index_works import TickWork, movers_room, padded, standings_room
from trimtab.kernels.requirement import Curves, no_curves
from trimtab.kernels.scan import Exact, judged, require_fitting
from trimtab.kernels.works import DOUBT, UNSAFE

# Triggers of the levels: the first, and how much wider each next one is.
LEVELS = 15
TRIGGER_FIRST = 0.002
TRIGGER_GROWTH = 1.5
# After so many ticks the side copy is arranged anew.
TICKS_BETWEEN = 2000

Rows = NDArray[np.int32]
NOBODY = np.empty(0, np.int64)
NO_VERDICTS = np.empty(0, np.int8)
Now = tuple[Coefficients, Curves]
# Accounts that were looked at, and their verdicts.
Looked = tuple[Ints, NDArray[np.int8]]
NOBODY_ROWS = np.empty(0, np.int32)


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
        curves: Curves | None = None,
        backend: Backend = Backend.AUTO,
        levels: int = LEVELS,
        first: float = TRIGGER_FIRST,
        growth: float = TRIGGER_GROWTH,
    ) -> None:
        """Look at every account once.

        Arguments:
            exact: decides accounts at the prices of `coefficients`.
            curves: rates and weights that depend on sizes, gains that are cut; None: none.
            levels: levels on either side of the edge.
            first: trigger of the first level, a logarithm of a ratio of prices.
            growth: each next trigger over the one before.
        """
        require_fitting(book, coefficients)
        assert 1 <= levels <= 60, "levels are numbered in 8 bits, for both sides"
        assert first > 0, "the first level waits for a move"
        assert growth >= 1, "levels widen"
        self._book = book
        self._faces, self._scan = face("index", backend), face("scan", backend)
        widths = first * growth ** np.arange(levels)
        triggers = np.concatenate([[0.0], widths, widths])
        self._levels = roomier(no_levels(triggers, book.terms), book)
        self._told = np.empty(book.accounts, np.int32)
        self._counts, self._warm = np.zeros(3, np.int64), np.zeros(1)
        self._found, self._movers = standings_room(), movers_room()
        self._moves = np.zeros((4, padded(2 * levels + 1)))
        self._changed, self._changes = np.empty(0, np.int32), np.zeros(1, np.int64)
        self._fired = np.zeros(2 * levels + 1, np.bool_)
        self._chains = np.zeros((2, 2 * levels + 1), np.int32)
        self._calls = 0
        self._entry: Callable[..., bool] | None = None
        self._bent, self._straight = BentLevels(triggers, book.terms), no_curves(book.terms)
        self.start = self._look_at_all(self._now(coefficients, curves), exact=exact)

    @property
    def unsafe(self) -> Ints:
        """Who is unsafe, ascending."""
        return np.flatnonzero(self._levels.side[: self._book.accounts] == UNSAFE)

    @property
    def nbytes(self) -> int:
        """Memory of the index beside the book, bytes."""
        own = (*self._found, *self._movers, self._moves, self._told)
        columns = (*self._levels[:-1], *self._levels.copies, *own)
        return sum(column.nbytes for column in columns) + self._bent.nbytes

    def tick(
        self, coefficients: Coefficients, *, exact: Exact, curves: Curves | None = None
    ) -> Events:
        """Tell who changed sides since the last call.

        Arguments:
            coefficients: what units of the terms are worth now.
            exact: decides accounts at these coefficients.
            curves: as they are now; None: none.
        """
        self._fit(coefficients)
        now = self._now(coefficients, curves)
        work = self._work(coefficients)
        if not (self._bent.fits(*now) and self._tick(work, NOBODY_ROWS)):
            return self._look_at_all(now, exact=exact)
        if self._calls % TICKS_BETWEEN == 0:
            self._faces.arrange(work)
        self._calls += 1
        due = self._bent.due(coefficients) if self._bent.some else NOBODY
        return self._events(work, self._judge(now, due), exact=exact)

    def touch(
        self,
        accounts: ArrayLike,
        coefficients: Coefficients,
        *,
        exact: Exact,
        curves: Curves | None = None,
    ) -> Events:
        """Look at accounts whose positions changed, or that are new.

        Arguments:
            accounts: their numbers; an account named twice is looked at once.
            coefficients: those of the last tick, or of now.
            curves: likewise.
        """
        numbers = np.unique(whole(accounts, "account", below=self._book.accounts).astype(np.int32))
        self._fit(coefficients)
        now = self._now(coefficients, curves)
        work = self._work(coefficients)
        if not self._bent.fits(*now):
            return self._look_at_all(now, exact=exact)
        bent = NOBODY
        if self._bent.some:
            bent = self._bent.among(self._book, numbers.astype(np.int64))
            self._faces.leave(work, bent.astype(np.int32))
            numbers = np.setdiff1d(numbers, bent).astype(np.int32)
            self._bent.measure(coefficients)
        if numbers.size and not self._tick(work, numbers):
            return self._look_at_all(now, exact=exact)
        return self._events(work, self._judge(now, bent), exact=exact)

    def _tick(self, work: TickWork, accounts: Rows) -> bool:
        if self._entry is None:
            self._entry = self._faces.entry(self._faces.tick, (work, accounts))
        return self._entry(work, accounts)

    def _now(self, coefficients: Coefficients, curves: Curves | None) -> Now:
        if self._straight.curve.size != self._book.terms:
            self._straight = no_curves(self._book.terms)
        return coefficients, self._straight if curves is None else curves

    def _look_at_all(self, now: Now, *, exact: Exact) -> Events:
        coefficients, curves = now
        self._terms = self._settled(coefficients)
        empty(self._levels)
        work = self._work(coefficients)
        bent = self._bent.start(self._book, coefficients, curves=curves)
        linear = np.setdiff1d(np.arange(self._book.accounts, dtype=np.int32), bent)
        if linear.size:
            self._tick(work, linear.astype(np.int32))
        self._faces.arrange(work)
        self._calls = 1
        return self._events(work, self._judge(now, bent), exact=exact)

    def _judge(self, now: Now, accounts: Ints) -> Looked:
        """Verdicts of bent accounts, which enter their levels."""
        if not accounts.size:
            return accounts, NO_VERDICTS
        verdict = judged(
            self._book,
            now[0],
            curves=now[1],
            accounts=accounts.astype(np.int32),
            faces=self._scan,
        )
        self._bent.place(self._book, now[0], found=(accounts, verdict))
        return accounts, verdict

    def _events(self, work: TickWork, bent: Looked, *, exact: Exact) -> Events:
        changed, doubtful, examined = work.counts.tolist()
        accounts, verdict = bent
        if not changed and not doubtful and not accounts.size:
            return Events(NOBODY, NOBODY, examined, 0)
        side = self._levels.side
        sure = accounts[(verdict != DOUBT) & (verdict != side[accounts])]
        side[sure] ^= 1
        told = [work.told[:changed].astype(np.int64), sure]
        asked = work.told[work.told.size - doubtful :].astype(np.int64)
        asked = np.concatenate([asked, accounts[verdict == DOUBT]])
        if asked.size:
            sides = exact(asked).astype(np.int8)
            told.append(asked[sides != side[asked]])
            side[asked] = sides
        found = np.sort(np.concatenate(told))
        fell = side[found] == UNSAFE
        return Events(found[fell], found[~fell], examined + accounts.size, int(asked.size))

    def _work(self, coefficients: Coefficients) -> TickWork:
        book = self._book
        self._counts[:] = 0
        return TickWork(
            book.quantity,
            book.term,
            book.start,
            book.count,
            np.ascontiguousarray(coefficients.decide),
            np.ascontiguousarray(coefficients.slack),
            *self._terms,
            self._levels,
            self._told,
            self._counts,
            self._found,
            self._movers,
            self._moves,
            self._changed,
            self._changes,
            self._warm,
            self._fired,
            self._chains,
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
        reference = np.repeat(log[:, None], self._levels.reference.shape[1], axis=1)
        self._levels = self._levels._replace(reference=reference)
        self._changed = np.empty(decide.size, np.int32)
        self._moves[:] = 0.0
        sign = np.where(np.isnan(self._book.scale), np.nan, np.sign(decide))
        return decide.copy(), log, sign, dust

    def _fit(self, coefficients: Coefficients) -> None:
        """Make room for new accounts; whoever widened the book's terms starts over."""
        book, levels = self._book, self._levels
        require_fitting(book, coefficients)
        if book.accounts > levels.slot.size:
            self._levels = roomier(levels, book)
            self._told = np.empty(self._levels.slot.size, np.int32)
            self._calls = 0
        elif levels.copies.term.dtype != book.term.dtype:
            copies = copies_of(book, chunks=levels.following.size, room=levels.slot.size)
            self._levels = levels._replace(copies=copies)
            self._entry = None
            self._calls = 0
        if coefficients.terms != self._terms[0].size:
            self._terms = self._settled(coefficients)
            # No sign is like this one: the next look is at everybody.
            self._terms[2][:] = np.inf
