"""Who is cut, and by how much, when a position has to be closed against its counterparties.

Pure functions from candidates and a quantity to cuts, in native contract units. Every policy cuts
exactly the quantity: shares are floored, and the units left over go to the largest remainders,
ties to the first by key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.model import AdlPolicy
from trimtab.units import WAD, div_floor, mul_div_down

# Scores are compared as integers of this many binary digits after the point.
SCORE_BITS = 320


@dataclass(frozen=True, slots=True)
class Candidate:
    """A counterparty: its size on the other side, equity and unrealized pnl (exact, 1e-54).

    `naked` is the part of the size that its other holdings of the same asset do not hedge;
    `notional` is the exact value of the size.
    """

    key: str
    size: int
    naked: int
    equity: int
    pnl: int
    notional: int


def cuts(candidates: Sequence[Candidate], quantity: int, *, policy: AdlPolicy) -> Mapping[str, int]:
    """How much of each candidate's size is cut; their sum is the quantity.

    The part that hedges nothing is cut first, so that a hedged book is left one-legged only where
    nothing else is left. The caller checks that the sizes reach the quantity.
    """
    assert 0 <= quantity <= sum(c.size for c in candidates), "counterparties reach the quantity"
    first = min(quantity, sum(c.naked for c in candidates))
    naked = {c.key: c.naked for c in candidates}
    found = allocated(candidates, naked, quantity=first, policy=policy)
    if first == quantity:
        return found
    rest = {c.key: c.size - c.naked for c in candidates}
    more = allocated(candidates, rest, quantity=quantity - first, policy=policy)
    return {c.key: found[c.key] + more[c.key] for c in candidates}


def allocated(
    candidates: Sequence[Candidate], room: Mapping[str, int], *, quantity: int, policy: AdlPolicy
) -> dict[str, int]:
    """One pass over the sizes in `room`."""
    if policy is AdlPolicy.PRO_RATA:
        return pro_rata(room, quantity)
    if policy is AdlPolicy.QUEUE:
        return in_order([c.key for c in ranked(candidates, policy=policy)], room, quantity=quantity)
    equity = {c.key: c.equity for c in candidates}
    return water_fill(room, equity, quantity=quantity)


def ranked(candidates: Sequence[Candidate], *, policy: AdlPolicy) -> list[Candidate]:
    """Candidates in the order in which a policy reaches them, the first to be cut first."""
    score = leverage_score if policy is AdlPolicy.WATER_FILL else queue_score
    return sorted(candidates, key=lambda c: (-score(c), c.key))


def queue_score(candidate: Candidate) -> int:
    """Pnl x leverage: pnl over notional times notional over equity; a loss is divided by it.

    pnl / equity for a gain, pnl x equity / notional^2 for a loss (Binance and BitMEX, as reported).
    Without equity the score is beyond every other.
    """
    if candidate.equity <= 0:
        return 1 << (4 * SCORE_BITS)
    if candidate.pnl >= 0:
        return div_floor(candidate.pnl << SCORE_BITS, candidate.equity)
    weighted = candidate.pnl * candidate.equity
    return div_floor(weighted << SCORE_BITS, max(1, candidate.notional) ** 2)


def leverage_score(candidate: Candidate) -> int:
    """Notional over equity; without equity beyond every other."""
    if candidate.equity <= 0:
        return 1 << (4 * SCORE_BITS)
    return div_floor(candidate.notional << SCORE_BITS, candidate.equity)


def in_order(order: Sequence[str], room: Mapping[str, int], *, quantity: int) -> dict[str, int]:
    """Cut each in full before the next."""
    found = dict.fromkeys(order, 0)
    left = quantity
    for key in order:
        found[key] = min(room[key], left)
        left -= found[key]
    return found


def pro_rata(room: Mapping[str, int], quantity: int) -> dict[str, int]:
    """Cut everyone by the same share of size."""
    total = sum(room.values())
    if total == 0:
        return dict.fromkeys(room, 0)
    return rounded({key: size * quantity for key, size in room.items()}, total, room=room)


def water_fill(
    room: Mapping[str, int], equity: Mapping[str, int], *, quantity: int
) -> dict[str, int]:
    """Cut the highest leverages down to one level L: sum max(0, N - L E) = Q.

    The level is the least that the quantity allows, so that the highest leverage after the cut is
    minimal (Campbell, Hey, Moallemi, Nutz 2026, arXiv 2603.15963). Accounts without equity have
    infinite leverage: they are cut first, in proportion to their sizes.
    """
    broke = {key: size for key, size in room.items() if equity[key] <= 0}
    found = dict.fromkeys(room, 0)
    first = min(quantity, sum(broke.values()))
    found |= pro_rata(broke, first)
    rest = {key: size for key, size in room.items() if equity[key] > 0 and size}
    if first < quantity:
        found |= _level(rest, equity, quantity=quantity - first)
    return found


def _level(room: Mapping[str, int], equity: Mapping[str, int], *, quantity: int) -> dict[str, int]:
    """The level over accounts with equity: L = (sum N - Q) / sum E over those above it."""
    order = sorted(room, key=lambda key: (-div_floor(room[key] << SCORE_BITS, equity[key]), key))
    sizes = equities = count = 0
    for key in order:
        # The next account is above the level that those before it would be cut to.
        if count and (sizes - quantity) * equity[key] >= room[key] * equities:
            break
        sizes, equities, count = sizes + room[key], equities + equity[key], count + 1
    above = order[:count]
    owed = {key: room[key] * equities - (sizes - quantity) * equity[key] for key in above}
    return dict.fromkeys(room, 0) | rounded(owed, equities, room=room)


def rounded(
    owed: Mapping[str, int], denominator: int, *, room: Mapping[str, int]
) -> dict[str, int]:
    """Fractions over one denominator as integers of the same sum: floors, largest remainders."""
    floors = {key: div_floor(max(0, value), denominator) for key, value in owed.items()}
    left = div_floor(sum(max(0, value) for value in owed.values()), denominator)
    left -= sum(floors.values())
    by_rest = sorted(owed, key=lambda key: (floors[key] * denominator - max(0, owed[key]), key))
    for key in by_rest:
        if left == 0:
            break
        if floors[key] < room[key]:
            floors[key] += 1
            left -= 1
    assert left == 0, "remainders are fewer than accounts with room"
    return floors


def leverage_wad(candidate: Candidate) -> int | None:
    """Notional over equity in wad, rounded down; None without equity."""
    if candidate.equity <= 0:
        return None
    return mul_div_down(candidate.notional, WAD, candidate.equity)
