"""Where bent accounts stop being safe along one price: exactly, from one bend to the next.

With all other prices held, an excess is a line in the price between its *bends*: bounds of tiers,
and the price at which a pnl whose gains are cut is zero. Rates that grow with the root of a size do
not move, as sizes do not. docs/concepts/liquidation-map.md has the rules.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.bent_sums import Rows, rows_of
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.requirement import Curves, rooted_rates


class Lines(NamedTuple):
    """Lines: `slope` x price ratio + `rest`, each from the ratio `at` up, owned by `of`."""

    of: Ints
    at: Floats
    slope: Floats
    rest: Floats

    def only(self, chosen: NDArray[Any]) -> Lines:
        """Some of them, in the order of the argument."""
        return Lines(self.of[chosen], self.at[chosen], self.slope[chosen], self.rest[chosen])


class Pairs(NamedTuple):
    """Accounts (their place among some) with assets; of each row its pair, -1 where nothing moves.

    `excess` is that of the account now, `moving` what the rows of the pair are worth of it before
    requirements and cuts, in proportion to the price.
    """

    row: Ints
    owner: Ints
    asset: Ints
    excess: Floats
    moving: Floats


class Crossings(NamedTuple):
    """Where pairs turn safe (`up`) or unsafe as the price rises; `step` is the excess's slope."""

    pair: Ints
    place: Ints
    at: Floats
    up: Ints
    step: Floats


def bent_accounts(book: BookColumns, curves: Curves) -> Ints:
    """Accounts that hold any term with a curve or with gains that are cut."""
    every = rows_of(book, np.arange(book.accounts))
    return np.flatnonzero(np.bincount(every.owner, curves.bent[every.term], book.accounts) > 0)


def bent_edges(
    book: BookColumns, coefficients: Coefficients, *, curves: Curves, accounts: Ints
) -> tuple[Ints, Ints, Floats, Floats]:
    """Account, asset, ratio and net of the edges of some accounts (see `liquidation_map.Edges`).

    Arguments:
        curves: at the maintenance level; roots are of sizes, whose units no price moves.
        accounts: account numbers.
    """
    rows = rows_of(book, accounts)
    worth, moving = worths(coefficients, curves)
    pieces = _pieces(rows, curves)
    values = rows.quantity * worth[rows.term], rows.quantity * moving[rows.term]
    pairs = _pairs(rows, coefficients, values=values)
    cuts = _cuts(rows, curves, pairs=pairs, values=values)
    excess = _total(rows, values[0]) + _total(rows, _needs(pieces, rows)) + cuts[0]
    pairs = pairs._replace(excess=excess[pairs.owner])
    lines = _lines(pairs, _moved(pieces, pairs.row), cuts=cuts[1])
    found = _nearest(_crossings(lines), _now(lines, pairs.owner.size))
    owner, asset = pairs.owner[found.pair], pairs.asset[found.pair]
    return accounts[owner], asset, found.at, found.step


def worths(coefficients: Coefficients, curves: Curves) -> tuple[Floats, Floats]:
    """Per term, what a unit adds to the maintenance excess but for curves, and what moves of it.

    A debt whose weight grows with it is a requirement altogether, as it is where it decides.
    """
    owed = (curves.curve >= 0) & (coefficients.decide == 0) & (coefficients.maintenance < 0)
    worth = np.where(owed, 0.0, coefficients.maintenance)
    return worth, np.where(coefficients.asset >= 0, worth - coefficients.still, 0.0)


def _total(rows: Rows, column: Floats) -> Floats:
    sums = np.bincount(rows.owner, weights=column, minlength=rows.counts.size)
    return np.asarray(sums, dtype=np.float64)


def _pairs(rows: Rows, coefficients: Coefficients, *, values: tuple[Floats, Floats]) -> Pairs:
    asset = coefficients.asset[rows.term]
    moved = asset >= 0
    wide = int(coefficients.asset.max(initial=0)) + 1
    key, place = np.unique(rows.owner[moved] * wide + asset[moved], return_inverse=True)
    row = np.full(rows.owner.size, -1, np.int64)
    row[moved] = place
    moving = np.bincount(place, weights=values[1][moved], minlength=key.size).astype(np.float64)
    return Pairs(row, key // wide, key % wide, np.zeros(key.size), moving)


def _pieces(rows: Rows, curves: Curves) -> Lines:
    """Of each curved row (`of`), what each of its pieces adds to slope and rest, and from where."""
    row = np.flatnonzero(curves.curve[rows.term] >= 0)
    number, held = curves.curve[rows.term[row]], rows.quantity[row]
    first = curves.first[number].astype(np.int64)
    counts = curves.first[number + 1] - first
    whose = np.repeat(np.arange(row.size), counts)
    offset = np.arange(whose.size) - np.repeat(np.cumsum(counts) - counts, counts)
    piece = first[whose] + offset
    rate = np.maximum(curves.rate[piece], rooted_rates(curves, number, quantity=held)[whose])
    notional = (held * curves.mark[rows.term[row]])[whose]
    scale = curves.scale[number][whose]
    steep = scale * (1.0 + curves.slope[number] * held)[whose]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        at = np.where(offset == 0, 0.0, curves.bound[piece] / notional)
    slope = -_steps(rate, offset == 0) * notional * steep
    return Lines(row[whose], at, slope, -_steps(curves.offset[piece], offset == 0) * scale)


def _steps(column: Floats, begins: Ints) -> Floats:
    """By how much each number exceeds the one before it, or nothing where a stretch begins."""
    return np.where(begins, column, np.diff(column, prepend=0.0))


def _needs(pieces: Lines, rows: Rows) -> Floats:
    """What each row's requirement takes from its account now (negative)."""
    reached = np.where(pieces.at <= 1.0, pieces.slope + pieces.rest, 0.0)
    return np.bincount(pieces.of, weights=reached, minlength=rows.owner.size).astype(np.float64)


def _moved(pieces: Lines, pair: Ints) -> Lines:
    """The pieces of rows that move, by pair."""
    moved = pieces.only(pair[pieces.of] >= 0)
    return moved._replace(of=pair[moved.of])


def _cuts(
    rows: Rows, curves: Curves, *, pairs: Pairs, values: tuple[Floats, Floats]
) -> tuple[Floats, Lines]:
    """What gains count less by: now, by account (negative), and by pair along its price."""
    bundle = curves.bundle[rows.term]
    chosen = np.flatnonzero(bundle >= 0)
    key = rows.owner[chosen] * (int(curves.bundle.max(initial=0)) + 1) + bundle[chosen]
    _, one, place = np.unique(key, return_index=True, return_inverse=True)
    value = np.bincount(place, weights=values[0][chosen], minlength=one.size)
    cut = 1.0 - curves.gain[rows.term[chosen[one]]]
    lost = -cut * np.maximum(value, 0.0)
    now = np.bincount(rows.owner[chosen[one]], weights=lost, minlength=rows.counts.size)
    moves = pairs.row[chosen] >= 0
    pair, place = pairs.row[chosen[moves]], place[moves]
    _, one, again = np.unique(
        pair * (value.size + 1) + place, return_index=True, return_inverse=True
    )
    slope = np.bincount(again, weights=values[1][chosen[moves]], minlength=one.size).astype(float)
    swings = Lines(pair[one], np.zeros(one.size), slope, value[place[one]] - slope)
    return now.astype(np.float64), _swung(swings, cut[place[one]])


def _swung(value: Lines, cut: Floats) -> Lines:
    """What is cut of values along the price: from 0 where they are gains, and where they turn."""
    slope, rest = cut * value.slope, cut * value.rest
    gains = (value.rest > 0) | ((value.rest == 0) & (value.slope > 0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        zero = -value.rest / value.slope
    turns = (zero > 0) & np.isfinite(zero)
    begins = Lines(value.of, value.at, -np.where(gains, slope, 0.0), -np.where(gains, rest, 0.0))
    change = np.where(gains, 1.0, -1.0)
    bends = Lines(value.of, zero, change * slope, change * rest)
    return _joined(begins, bends.only(turns))


def _joined(*parts: Lines) -> Lines:
    return Lines(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _lines(pairs: Pairs, pieces: Lines, *, cuts: Lines) -> Lines:
    """The excess of each pair: lines by pair and place, the first from 0, one from 1."""
    size = pairs.owner.size
    every = _joined(pieces, cuts)
    # What does not move stays as it is now: the excess less what the pair adds to it at 1.
    reached = np.where(every.at <= 1.0, every.slope + every.rest, 0.0)
    rest = pairs.excess - pairs.moving - np.bincount(every.of, reached, minlength=size)
    from_0 = every.at == 0
    first = Lines(
        np.arange(size),
        np.zeros(size),
        pairs.moving + np.bincount(every.of[from_0], every.slope[from_0], minlength=size),
        rest + np.bincount(every.of[from_0], every.rest[from_0], minlength=size),
    )
    later = every.only(~from_0 & np.isfinite(every.at))
    now = Lines(np.arange(size), np.ones(size), np.zeros(size), np.zeros(size))
    changes = _joined(first, later, now)
    counts = np.bincount(changes.of, minlength=size)
    lines = changes.only(_order(changes, counts))
    begin = np.cumsum(counts) - counts
    # Running sums within each pair, so that no account's scale rounds another's.
    for place in range(1, int(counts.max(initial=0))):
        at = begin[counts > place] + place
        lines.slope[at] += lines.slope[at - 1]
        lines.rest[at] += lines.rest[at - 1]
    return lines


def _order(lines: Lines, counts: Ints) -> Ints:
    """By pair, and within one by place: pairs of equal counts are sorted as rows of one table."""
    order = np.argsort(lines.of, kind="stable")
    place, begin = lines.at[order], np.cumsum(counts) - counts
    found = order.copy()
    for count in np.unique(counts).tolist():
        table = begin[counts == count][:, None] + np.arange(count)
        sorting = np.argsort(place[table], axis=1, kind="stable")
        found[table] = order[np.take_along_axis(table, sorting, axis=1)]
    return found


def _now(lines: Lines, pairs: int) -> tuple[Ints, Floats]:
    """Of each pair the place of the line that holds now, and its value there."""
    place = np.searchsorted(lines.of, np.arange(pairs)) - 1
    place += np.bincount(lines.of[lines.at <= 1.0], minlength=pairs)
    return place, lines.slope[place] + lines.rest[place]


def _crossings(lines: Lines) -> Crossings:
    """All crossings in order: within a line at an even place, between two of them at an odd one."""
    last = np.append(lines.of[1:] != lines.of[:-1], True)[: lines.of.size]
    end = np.where(last, np.inf, np.append(lines.at[1:], np.inf)[: lines.of.size])
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        begins = lines.rest + lines.slope * lines.at
        ends = np.where(lines.slope == 0, lines.rest, lines.rest + lines.slope * end)
        root = np.clip(-lines.rest / lines.slope, lines.at, end)
    inside = np.flatnonzero((begins < 0) != (ends < 0))
    between = np.flatnonzero(~last[:-1] & ((ends[:-1] < 0) != (begins[1:] < 0)))
    up = ends[between] < 0
    jump = begins[between + 1] - ends[between]
    step = np.where(
        up,
        np.maximum(lines.slope[between], jump),
        np.minimum(lines.slope[between + 1], jump),
    )
    return Crossings(
        np.concatenate([lines.of[inside], lines.of[between]]),
        np.concatenate([2 * inside, 2 * between + 1]),
        np.concatenate([root[inside], end[between]]),
        np.concatenate([begins[inside] < 0, up]).astype(np.int64),
        np.concatenate([lines.slope[inside], step]),
    )


def _nearest(found: Crossings, now: tuple[Ints, Floats]) -> Crossings:
    """Of each pair the nearest crossings out of safety; of an unsafe one those into it.

    Where there are two, what is unsafe below comes first.
    """
    ahead = found.place - 2 * now[0][found.pair]
    safe = now[1][found.pair] >= 0
    wanted = np.flatnonzero((found.up == 1) == ((ahead < 0) == safe))
    side = 2 * found.pair + 1 - found.up
    order = wanted[np.lexsort((np.abs(ahead[wanted]), side[wanted]))]
    one = order[np.unique(side[order], return_index=True)[1]]
    place, at = found.place[one], found.at[one]
    return Crossings(found.pair[one], place, at, found.up[one], found.step[one])
