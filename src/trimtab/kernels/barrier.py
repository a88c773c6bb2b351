"""The cascade barrier: how far a forced sale runs, by one binary search for each shock.

Accounts fall in the order of their liquidation prices, each selling a quantity that does not depend
on the price; what has been sold lowers the price. docs/concepts/cascade-barrier.md has the proofs
and says when the answer is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trimtab.kernels.backends import Backend, face
from trimtab.kernels.border import Floats, Ints, finite, same_length
from trimtab.units import DataError

# Steps from a rounded quotient to the float that is sought; two are enough in the normal range.
STEPS_MAX = 64
# Price over the price before, by cumulative quantity sold: 1 at 0, never rising, never negative.
Impact = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Barrier:
    """One sold asset: accounts by falling liquidation price, and what a price must stay above.

    `limit[j]` is the lowest starting price at which no more than j accounts fall. `order` lists
    the accounts; `sold[j]` is what the first j sell together, `factor[j]` what the price is
    multiplied with then.
    """

    order: Ints
    price: Floats
    sold: Floats
    factor: Floats
    limit: Floats


@dataclass(frozen=True, slots=True)
class Fall:
    """What each shock brings: how many accounts fell, what they sold, and the price at the end."""

    fallen: Ints
    sold: Floats
    price: Floats


def barrier(liquidation_price: ArrayLike, quantity: ArrayLike, *, impact: Impact) -> Barrier:
    """Prepare the barrier of one sold asset.

    An account falls when the price is *below* its liquidation price (equality is safe, as in the
    engine); at price p0 and j sales it faces p0 x impact(sold[j]).

    Arguments:
        liquidation_price: per account, quote; 0 is never.
        quantity: what the account sells when it falls, whole units >= 0.
        impact: price over p0 by cumulative quantity sold; 1 at 0 and never rising.

    Raises:
        DataError: a number that is none, or an impact that rises, starts elsewhere or is negative.
    """
    prices = finite(liquidation_price, "liquidation_price", low=0.0)
    quantities = finite(quantity, "quantity", low=0.0)
    same_length({"liquidation_price": prices, "quantity": quantities})
    order = np.argsort(-prices, kind="stable")
    price = prices[order]
    sold = np.concatenate([[0.0], np.cumsum(quantities[order])])
    factor = checked_impact(impact, sold)
    # Account j + 1 falls iff p0 g(S[j]) < L[j + 1]; nobody is left after the last.
    edges = np.concatenate([_edges(price, factor[:-1]), [0.0]])
    return Barrier(order, price, sold, factor, np.minimum.accumulate(edges))


def _edges(price: Floats, factor: Floats) -> Floats:
    """The least float p0 whose rounded product with the factor is not below the price.

    The quotient is within some units of roundoff of it; the product, which is what a scan
    compares, never falls when p0 rises, so that a few steps find the very float.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        edge = np.where(price > 0, price / factor, 0.0)
        for _ in range(STEPS_MAX):
            low = edge * factor < price
            edge[low] = np.nextafter(edge[low], np.inf)
            below = np.nextafter(edge, 0.0)
            high = (edge > 0) & np.isfinite(edge) & (below * factor >= price)
            edge[high] = below[high]
            if not (low.any() or high.any()):
                break
    return edge


def checked_impact(impact: Impact, sold: Floats) -> Floats:
    """The impact at cumulative quantities.

    Raises:
        DataError: an impact that rises, does not start at 1, or is negative.
    """
    factor = finite(impact(sold), "impact", low=0.0)
    if factor.shape != sold.shape or factor[0] != 1.0 or (np.diff(factor) > 0).any():
        raise DataError(
            "the impact is no decreasing function",
            column="impact",
            expected="one factor for each quantity, 1 at 0, and never rising",
        )
    return factor


def fall(prepared: Barrier, prices: ArrayLike, *, backend: Backend = Backend.AUTO) -> Fall:
    """Where cascades stop that start at some prices: one binary search each.

    Arguments:
        prices: starting prices p0, quote, >= 0; each is a shock of its own.
    """
    starts = finite(prices, "price", low=0.0).ravel()
    fallen = np.empty(starts.size, np.int64)
    face("cascade", backend).search(prepared.limit, (starts, fallen))
    return Fall(fallen, prepared.sold[fallen], starts * prepared.factor[fallen])
