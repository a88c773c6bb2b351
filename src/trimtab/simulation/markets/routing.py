"""Several venues as one: a sale goes where the last unit gets most, so that all end alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from trimtab.kernels.impact import ImpactKind
from trimtab.simulation.markets.curves import Floats, MarketCurve, table_curve
from trimtab.units import DataError

# Discounts from a hundredth of a basis point to where 1 % of the price is left.
_FIRST: Final = 1e-6
_LAST: Final = math.log(100.0)
_KNOTS: Final = 300


def merged(venues: Sequence[MarketCurve]) -> MarketCurve:
    """Return the market that best routing over venues makes of them.

    At a discount d of the last unit's price, after the venue's own fee, each venue takes the units
    that bring it there; the whole takes their sum. A venue with a higher fee joins later.

    Raises:
        DataError: no venue, or one without impact, which would take everything.
    """
    if not venues or any(one.kind is ImpactKind.NONE for one in venues):
        raise DataError(
            "these venues cannot be merged",
            found=f"{len(venues)} venues" if venues else "none",
            expected="one or more, each with a depth",
        )
    if len(venues) == 1:
        return venues[0]
    best = max(one.fee_factor for one in venues)
    late = [math.log(best / one.fee_factor) for one in venues]
    discounts = _knots(venues, late)
    taken = np.zeros(discounts.size)
    for one, offset in zip(venues, late, strict=True):
        taken += [one.quantity_at(discount - offset) for discount in discounts]
    if not np.isfinite(taken[-1]):
        raise DataError(
            "these venues cannot be merged",
            found="a venue that takes everything",
            expected="prices that fall with what is sold",
        )
    return table_curve(taken, discounts, fee_factor=best)


def allocation(venues: Sequence[MarketCurve], quantity: float) -> tuple[float, ...]:
    """Return how a sale is split over venues: units to each, at equal marginal price.

    Bisection on the common discount; the units add to the quantity within a billionth.
    """
    best = max(one.fee_factor for one in venues)
    late = [math.log(best / one.fee_factor) for one in venues]
    low, high = 0.0, 1.0

    def at(discount: float) -> list[float]:
        pairs = zip(venues, late, strict=True)
        return [one.quantity_at(discount - offset) for one, offset in pairs]

    while sum(at(high)) < quantity:
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if sum(at(middle)) < quantity else (low, middle)
    parts = at(high)
    # Where the venues' curves stand still, the surplus of the last step is given back.
    excess = sum(parts) - quantity
    before = at(low)
    room = [after - one for after, one in zip(parts, before, strict=True)]
    whole = sum(room)
    if whole <= 0.0:
        return tuple(parts)
    return tuple(part - excess * one / whole for part, one in zip(parts, room, strict=True))


def _knots(venues: Sequence[MarketCurve], late: Sequence[float]) -> Floats:
    """Discounts at which the sum is taken: geometric, where venues join, and their own points."""
    found = [np.array([0.0]), np.geomspace(_FIRST, _LAST, _KNOTS), np.array(late)]
    for one, offset in zip(venues, late, strict=True):
        if one.table is not None:
            found.append(one.table.log + offset)
    knots = np.unique(np.concatenate(found))
    kept: Floats = knots[knots <= _LAST]
    return kept
