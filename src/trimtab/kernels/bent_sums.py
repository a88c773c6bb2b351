"""What holds bent accounts on their side while prices move within a level's trigger."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.coefficients import ROUND_64, Coefficients
from trimtab.kernels.index_works import GUARD
from trimtab.kernels.requirement import ROUNDED_RATE, Curves, rooted_rates


class Rows(NamedTuple):
    """Positions of some accounts: the place of the account among them, term and quantity."""

    owner: Ints
    term: NDArray[Any]
    quantity: Floats
    counts: Ints


class Lift(NamedTuple):
    """How much sizes may change before the level is looked at, and the ratio that it asks for."""

    size: float
    need: float
    safe: bool


def rows_of(book: BookColumns, accounts: Ints) -> Rows:
    """The rows of some accounts, one account after another."""
    counts = book.count[accounts].astype(np.int64)
    owner = np.repeat(np.arange(counts.size), counts)
    offset = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    at = book.start[accounts][owner] + offset
    return Rows(owner, book.term[at], book.quantity[at], counts)


def demands(
    rows: Rows, coefficients: Coefficients, *, curves: Curves, lift: Lift
) -> tuple[Floats, Floats]:
    """Per account, what must be at least the need times what: the strong and the weak side.

    Both are moved against the account by every error. Of a safe account the strong side is what it
    owns less the gains that are cut, the weak one what it owes and the requirement of its lifted
    sizes; of an unsafe one what it owes, requires (of lowered sizes) and loses by cuts, and what it
    owns.
    """
    size = rows.counts.size
    value = rows.quantity * coefficients.decide[rows.term]
    owned, owed = (_summed(rows, np.maximum(part, 0.0)) for part in (value, -value))
    slack = _summed(rows, coefficients.slack[rows.term])
    error = 4 * (rows.counts + 12) * ROUND_64 + GUARD
    required = np.bincount(rows.owner, weights=_required(rows, curves, lift=lift), minlength=size)
    cut = _cut(rows, curves, value=value, lift=lift)
    if lift.safe:
        strong = (owned - 2 * slack) * (1 - error) - cut
        return strong, owed + 2 * slack + required
    strong = (owed - 2 * slack) * (1 - error) + required + cut
    return strong, owned + 2 * slack


def _summed(rows: Rows, column: Floats) -> Floats:
    sums = np.bincount(rows.owner, weights=column, minlength=rows.counts.size)
    return np.asarray(sums, dtype=np.float64)


def _required(rows: Rows, curves: Curves, *, lift: Lift) -> Floats:
    """Requirement of each row now, at the rate of a lifted (safe) or lowered size."""
    found = np.zeros(rows.owner.size)
    toward = 1 if lift.safe else -1
    change = lift.size**toward * (1 + toward * GUARD)
    numbers = curves.curve[rows.term]
    for number in np.unique(numbers[numbers >= 0]).tolist():
        chosen = np.flatnonzero(numbers == number)
        held = rows.quantity[chosen]
        notional = held * curves.mark[rows.term[chosen]]
        own = slice(curves.first[number], curves.first[number + 1])
        lifted = notional * change
        piece = np.maximum(np.searchsorted(curves.bound[own], lifted, side="right") - 1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.where(lifted > 0, curves.offset[own][piece] / lifted, 0.0)
        rate = curves.rate[own][piece] + apart
        rate = np.maximum(rate, rooted_rates(curves, number, quantity=held * change))
        rate = np.maximum(rate * (1 + toward * GUARD) + toward * ROUNDED_RATE, 0.0)
        found[chosen] = rate * notional * (1 + curves.slope[number] * held) * curves.scale[number]
    return found


def _cut(rows: Rows, curves: Curves, *, value: Floats, lift: Lift) -> Floats:
    """What gains count less by: of a safe account as the level's need leaves them, else swells."""
    bundle = curves.bundle[rows.term]
    chosen = bundle >= 0
    owner, term, worth = rows.owner[chosen], rows.term[chosen], value[chosen]
    key = owner * (int(curves.bundle.max(initial=0)) + 1) + bundle[chosen]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    up, down = (
        np.bincount(place, weights=np.maximum(part, 0.0), minlength=first.size)
        for part in (worth, -worth)
    )
    error = (4 * (rows.counts[owner[first]] + 12) * ROUND_64 + GUARD) * (1 if lift.safe else -1)
    # Safe: c - need d, as much as it may be; unsafe: need c - d, as little.
    swollen = (1.0, lift.need) if lift.safe else (lift.need, 1.0)
    gain = np.maximum(up * swollen[0] * (1 + error) - down * swollen[1] * (1 - error), 0.0)
    lost = (1 - curves.gain[term[first]]) * gain
    return np.bincount(owner[first], weights=lost, minlength=rows.counts.size).astype(np.float64)
