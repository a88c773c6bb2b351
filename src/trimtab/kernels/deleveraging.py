"""Who is cut, and by how much, over columns: `engine.perps.policies` for millions of accounts.

float64 only finds the level, or the place in the queue; what its error bound leaves open is decided
in integers. The cuts are exact integers that sum to the quantity, unit for unit the engine's:
floors, and one unit more to the largest remainders, ties to the first in the order of the columns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.fractions import Ints, floors, pro_rata, total, with_remainders
from trimtab.model import AdlPolicy

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A quotient of two products of converted integers is off by less than this share of it.
SHARE_OFF = 2.0**-48


@dataclass(frozen=True, slots=True)
class Counterparties:
    """Columns of int64, one row an account, in the order of their keys.

    `size` is held on the other side and `naked` (at most the size) the part of it that hedges
    nothing, native units >= 0 that sum to less than 2^63; `equity`, `pnl` and `notional` (>= 0)
    are in one unit of value.
    """

    size: Ints
    naked: Ints
    equity: Ints
    pnl: Ints
    notional: Ints


def cuts(held: Counterparties, quantity: int, *, policy: AdlPolicy) -> Ints:
    """How much of each size is cut: [accounts], native units; their sum is the quantity.

    What hedges nothing is cut first. The caller checks that the sizes reach the quantity.
    """
    assert 0 <= quantity <= total(held.size), "counterparties reach the quantity"
    naked = total(held.naked)
    first = min(quantity, naked)
    found = _allocated(held, held.naked, quantity=first, policy=policy)
    if first == quantity:
        return found
    rest = held.size - held.naked
    return found + _allocated(held, rest, quantity=quantity - first, policy=policy)


def _allocated(held: Counterparties, room: Ints, *, quantity: int, policy: AdlPolicy) -> Ints:
    if quantity == 0:
        return np.zeros_like(room)
    if policy is AdlPolicy.PRO_RATA:
        return pro_rata(room, quantity)
    if policy is AdlPolicy.QUEUE:
        return queued(held, room, quantity=quantity)
    return water_fill(room, held.equity, quantity=quantity)


def queue_scores(held: Counterparties) -> Floats:
    """Pnl x leverage, rounded: pnl / equity, of a loss pnl x equity / notional^2; inf if broke."""
    pnl, equity = held.pnl.astype(float), held.equity.astype(float)
    notional = np.maximum(held.notional, 1).astype(float)
    broke = held.equity <= 0
    gains = pnl / np.where(broke, 1.0, equity)
    # One quotient at a time: the squares of large values would lose nothing, but overflow sooner.
    losses = (pnl / notional) * (equity / notional)
    scores: Floats = np.where(broke, np.inf, np.where(pnl >= 0, gains, losses))
    return scores


def queued(held: Counterparties, room: Ints, *, quantity: int) -> Ints:
    """Cut the highest scores in full, each before the next; ties to the first.

    Whoever stands clear of the last score that is reached is told from it by float64; those that
    its error bound cannot tell are ordered by their exact scores.
    """
    scores = queue_scores(held)
    last = _last_score(scores, room, quantity=quantity)
    near = scores == last
    if last != 0.0 and np.isfinite(last):
        near = np.abs(scores - last) <= 2 * SHARE_OFF * abs(last)
    whole = (scores > last) & ~near
    found = np.where(whole, room, 0)
    rows = np.flatnonzero(near)
    if last != 0.0 and np.isfinite(last) and len(rows) > 1:
        rows = np.array(sorted(rows.tolist(), key=lambda row: _exact(held, row)))
    found[rows] = in_order(room[rows], quantity - total(found))
    return found


def _last_score(scores: Floats, room: Ints, *, quantity: int) -> float:
    """The score at which the sizes, summed from the highest score on, reach the quantity."""
    while True:
        pivot = float(np.partition(scores, len(scores) // 2)[len(scores) // 2])
        above, level = scores > pivot, scores == pivot
        higher = total(room[above])
        if higher >= quantity:
            scores, room = scores[above], room[above]
            continue
        quantity -= higher + total(room[level])
        if quantity <= 0:
            return pivot
        below = scores < pivot
        scores, room = scores[below], room[below]


def _exact(held: Counterparties, row: int) -> int:
    """The negative of a score with 320 binary digits after the point: see the engine's."""
    pnl, equity = int(held.pnl[row]), int(held.equity[row])
    if pnl >= 0:
        return -((pnl << 320) // equity)
    return -((pnl * equity << 320) // max(1, int(held.notional[row])) ** 2)


def in_order(room: Ints, quantity: int) -> Ints:
    """Cut each in full before the next, in the order of the rows."""
    before = np.cumsum(room) - room
    found: Ints = np.clip(quantity - before, 0, room)
    return found


def water_fill(room: Ints, equity: Ints, *, quantity: int) -> Ints:
    """Cut the highest leverages down to one level: sum max(0, N - L E) = Q (arXiv 2603.15963).

    Accounts without equity come first, in proportion to their sizes.
    """
    found = np.zeros_like(room)
    broke = np.flatnonzero((equity <= 0) & (room > 0))
    first = min(quantity, total(room[broke]))
    if first:
        found[broke] = pro_rata(room[broke], first)
    if first < quantity:
        rest = np.flatnonzero((equity > 0) & (room > 0))
        found[rest] = _level(room[rest], equity[rest], quantity=quantity - first)
    return found


def _level(room: Ints, equity: Ints, *, quantity: int) -> Ints:
    """Down to the level P / E, P = sum N - Q and E = sum of equity over those above it."""
    found = np.zeros_like(room)
    above = _first_guess(room, equity, quantity=quantity)
    while True:
        kept, equities = total(room[above]) - quantity, total(equity[above])
        exact = _above(room, equity, kept=kept, equities=equities)
        if np.array_equal(exact, above):
            break
        above = exact
    rows = np.flatnonzero(above)
    whole, rests = floors(room[rows], equity[rows], kept=kept, denominator=equities)
    found[rows] = with_remainders(whole, rests, quantity=quantity)
    return found


def _first_guess(room: Ints, equity: Ints, *, quantity: int) -> Mask:
    """Those above the level, up to the rounding of float64.

    Newton's steps on a convex sum: the level rises from that of all accounts, and those that it
    passes never come back.
    """
    sizes, equities, level = room.astype(float), equity.astype(float), -np.inf
    while True:
        last, level = level, (float(sizes.sum()) - quantity) / float(equities.sum())
        keep = sizes > level * equities
        if level <= last or bool(keep.all()) or not bool(keep.any()):
            break
        sizes, equities = sizes[keep], equities[keep]
    guess: Mask = room > level * equity.astype(float)
    return guess if bool(guess.any()) else np.ones(len(room), dtype=np.bool_)


def _above(room: Ints, equity: Ints, *, kept: int, equities: int) -> Mask:
    """Whether N / E of each is above the level, exactly."""
    sizes, level = room.astype(float), kept / equities * equity.astype(float)
    clear = np.abs(sizes - level) > SHARE_OFF * (sizes + np.abs(level))
    above: Mask = sizes > level
    for row in np.flatnonzero(~clear).tolist():
        above[row] = int(room[row]) * equities > kept * int(equity[row])
    return above
