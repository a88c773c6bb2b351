"""Levels of accounts that are no sum of coefficients: rates by size, weights by balance, cut gains.

A rate is frozen at the largest size that the level's trigger allows, and a cut is worked out at the
ratio that the level asks for; docs/concepts/safe-radius-bent.md has the proof. Whole columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.bent_sums import Lift, Rows, demands, rows_of
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.index_works import BACK_MAX, GUARD
from trimtab.kernels.requirement import Curves, no_curves
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE

ABSENT = -1
# What a coordinate does to an account: worth more as it rises, less, or it bends a rate.
ASSET, NOTHING, DEBT, BARRIER = 1, 0, -1, 2
# Columns of the curves that no move of a price changes.
FIXED = (
    *("curve", "root", "lead", "slope", "cap"),
    *("first", "bound", "rate", "offset", "bundle", "gain"),
)


class Present(NamedTuple):
    """Coefficients, values of the curves, and what bends them, as coordinates at one moment."""

    value: Floats
    slack: Floats
    kind: NDArray[np.int8]

    @property
    def log(self) -> Floats:
        """Logarithms of magnitudes; 0 of nothing."""
        some = self.value != 0
        return np.log(np.abs(self.value), out=np.zeros(self.value.size), where=some)


def present(coefficients: Coefficients, curves: Curves) -> Present:
    """The coordinates: deciding coefficients, values under a curve, what its rate depends on."""
    terms = np.flatnonzero(curves.curve >= 0)
    number = curves.curve[terms]
    cost = -curves.mark[terms] * curves.scale[number]
    tiered = curves.first[number + 1] - curves.first[number] > 1
    by_notional = np.where(tiered, curves.mark[terms], 1.0)
    barrier = np.where(curves.root[number] > 0, curves.unit[number], by_notional)
    value = np.concatenate([coefficients.decide, cost, barrier])
    kind = np.sign(value).astype(np.int8)
    kind[value.size - barrier.size :] = np.where(barrier > 0, BARRIER, NOTHING)
    slack = np.concatenate([coefficients.slack, coefficients.slack[terms], np.zeros(terms.size)])
    return Present(value, slack, kind)


class BentLevels:
    """Levels of the accounts of a book that are not linear, kept as one column."""

    def __init__(self, trigger: Floats, terms: int) -> None:
        """No accounts yet.

        Arguments:
            trigger: of each level, as in `Levels`.
        """
        self._trigger = trigger
        self._half = (trigger.size - 1) // 2
        self._level = np.full(0, ABSENT, np.int8)
        self._curves = no_curves(terms)
        self.some = False
        self._sign = np.empty(0, np.int8)

    @property
    def nbytes(self) -> int:
        """Memory, bytes."""
        return self._level.nbytes

    def start(self, book: BookColumns, coefficients: Coefficients, *, curves: Curves) -> Ints:
        """Take all levels to the present; return all bent accounts, which stand in none."""
        now = present(coefficients, curves)
        self._curves, self.some = curves, curves.some
        self._level = np.full(book.accounts if self.some else 0, ABSENT, np.int8)
        self._sign, log = now.kind.copy(), now.log
        magnitude = np.abs(now.value)
        self._dust = np.divide(now.slack, magnitude, out=np.zeros(log.size), where=magnitude > 0)
        unheld = np.isnan(book.scale)
        self._begun = np.concatenate([~unheld, np.ones(log.size - unheld.size, np.bool_)])
        self._reference = np.repeat(log[:, None], self._trigger.size, axis=1)
        self._need, self._lift = np.exp(self._trigger), np.exp(self._trigger)
        return self.among(book, np.arange(book.accounts)) if self.some else np.empty(0, np.int64)

    def among(self, book: BookColumns, accounts: Ints) -> Ints:
        """Those of some accounts that are bent; all are out of their levels."""
        if self._level.size < book.accounts:
            fresh = np.full(book.accounts - self._level.size, ABSENT, np.int8)
            self._level = np.concatenate([self._level, fresh])
        self._level[accounts] = ABSENT
        if not self.some:
            return accounts[:0]
        rows = rows_of(book, accounts)
        bent = np.bincount(
            rows.owner, weights=self._curves.bent[rows.term], minlength=accounts.size
        )
        return accounts[bent > 0]

    def fits(self, coefficients: Coefficients, curves: Curves) -> bool:
        """Whether only coordinates moved, and no further than margins allow for.

        Else everybody must be looked at: a curve with other rates, a coefficient that changed sign,
        slack that doubled. A term that nobody held before begins here.
        """
        if not self.some and (curves is self._curves or not curves.some):
            return True
        for name in FIXED:
            if not np.array_equal(getattr(curves, name), getattr(self._curves, name)):
                return False
        now = present(coefficients, curves)
        self._curves = curves
        fresh = ~self._begun & (now.kind != NOTHING)
        if fresh.any():
            magnitude = np.abs(now.value[fresh])
            self._sign[fresh], self._begun[fresh] = now.kind[fresh], True
            self._dust[fresh] = now.slack[fresh] / magnitude
            self._reference[fresh] = now.log[fresh, None]
        some = now.value != 0
        within = now.slack[some] <= 2 * self._dust[some] * np.abs(now.value[some])
        return bool((now.kind == self._sign)[self._begun].all() and within.all())

    def measure(self, coefficients: Coefficients) -> NDArray[np.bool_]:
        """Which levels moved too far; needs and lifts of all are those of now."""
        now = present(coefficients, self._curves)
        move = now.log[:, None] - self._reference
        reach = {}
        for kind in (ASSET, DEBT, BARRIER):
            chosen = (now.kind == kind)[:, None]
            up = move.max(axis=0, where=chosen, initial=-np.inf)
            reach[kind] = (up, (-move).max(axis=0, where=chosen, initial=-np.inf))
        up, down = reach[ASSET]
        debt_up, debt_down = reach[DEBT]
        safe = np.arange(self._trigger.size) <= self._half
        gone = np.where(safe, down + debt_up, up + debt_down)
        back = np.where(safe, up + debt_down, down + debt_up)
        bent, unbent = (np.where(safe, *pair) for pair in (reach[BARRIER], reach[BARRIER][::-1]))
        fired = (gone > self._trigger) | (back > BACK_MAX * self._trigger)
        fired |= (bent > self._trigger) | (unbent > BACK_MAX * self._trigger)
        self._need = np.exp(self._trigger + back)
        self._lift = np.exp(self._trigger + np.maximum(unbent, 0.0))
        fired[0] = True
        return np.asarray(fired)

    def due(self, coefficients: Coefficients) -> Ints:
        """Accounts of the levels that moved too far; these begin again at the present."""
        fired = self.measure(coefficients)
        again = np.flatnonzero(fired)
        self._reference[:, again] = present(coefficients, self._curves).log[:, None]
        self._need[again] = self._lift[again] = np.exp(self._trigger[again])
        return np.flatnonzero((self._level >= 0) & fired[self._level])

    def place(
        self, book: BookColumns, coefficients: Coefficients, *, found: tuple[Ints, NDArray[np.int8]]
    ) -> None:
        """Let accounts with these verdicts each enter the last level before one refuses it."""
        accounts, verdict = found
        self._level[accounts] = 0
        for side, first in ((SAFE, 1), (UNSAFE, 1 + self._half)):
            chosen = accounts[verdict == side]
            for level in range(first, first + self._half):
                if chosen.size:
                    rows = rows_of(book, chosen)
                    takes = self._takes(rows, coefficients, level=level, safe=side == SAFE)
                    chosen = chosen[takes]
                    self._level[chosen] = level
        assert (self._level[accounts[verdict == DOUBT]] == 0).all(), "who is in doubt stays near"

    def _takes(
        self, rows: Rows, coefficients: Coefficients, *, level: int, safe: bool
    ) -> NDArray[np.bool_]:
        lift = Lift(float(self._lift[level]), float(self._need[level]), safe)
        strong, weak = demands(rows, coefficients, curves=self._curves, lift=lift)
        return np.asarray(strong >= weak * lift.need * (1 + GUARD))
