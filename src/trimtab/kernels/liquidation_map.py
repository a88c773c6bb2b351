"""Where a book would be liquidated: prices by account and asset, value by price, criticality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.backends import Backend, face
from trimtab.kernels.bent_edges import bent_accounts, bent_edges
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats, Ints, finite, same_length
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.requirement import Curves
from trimtab.kernels.scan import require_fitting
from trimtab.kernels.works import EdgeWork
from trimtab.units import DataError


@dataclass(frozen=True, slots=True)
class Edges:
    """One row for each account and asset that alone can make the account unsafe.

    `ratio` is the last safe price over the price now: below it the account is unsafe where `net`
    (its value in the asset at the maintenance level, quote) is positive, above it where negative.
    A bent account may fear both a fall and a rise of an asset: it then has a row for each. Its
    `net` is what its excess gains for each unit of the ratio where it crosses zero.
    """

    account: Ints
    asset: Ints
    ratio: Floats
    net: Floats

    def of(self, asset: int) -> Edges:
        """The rows of one asset."""
        chosen = self.asset == asset
        return Edges(self.account[chosen], self.asset[chosen], self.ratio[chosen], self.net[chosen])


def liquidation_edges(
    book: BookColumns,
    coefficients: Coefficients,
    *,
    curves: Curves | None = None,
    backend: Backend = Backend.AUTO,
) -> Edges:
    """Liquidation prices of all accounts, all other prices held; the quote has none.

    The maintenance excess is linear in one price, so that the price is where the rest of it is
    used up. Positions of an asset on both sides are netted; they stand beside one another. The
    excess of a bent account is linear from bend to bend: its price is the nearest on either side of
    the price now, or, where it is unsafe, the nearest that is safe.

    Arguments:
        curves: requirements that grow faster than the notional, and cut gains, at the maintenance
            level; None is none. A root of the notional is held at what it is now.

    Raises:
        DataError: coefficients of another number of terms than the book's.
    """
    require_fitting(book, coefficients)
    edges = _linear_edges(book, coefficients, backend=backend)
    if curves is None or not curves.some:
        return edges
    accounts = bent_accounts(book, curves)
    bent = np.zeros(book.accounts, np.bool_)
    bent[accounts] = True
    keep = ~bent[edges.account]
    found = bent_edges(book, coefficients, curves=curves, accounts=accounts)
    rows = zip((edges.account, edges.asset, edges.ratio, edges.net), found, strict=True)
    account, asset, ratio, net = (np.concatenate([old[keep], new]) for old, new in rows)
    order = np.argsort(account, kind="stable")
    return Edges(account[order], asset[order], ratio[order], net[order])


def _linear_edges(book: BookColumns, coefficients: Coefficients, *, backend: Backend) -> Edges:
    ratio, net = np.full(book.quantity.size, np.nan), np.zeros(book.quantity.size)
    work = EdgeWork(
        book.quantity,
        book.term,
        book.start,
        book.count,
        coefficients.maintenance,
        coefficients.maintenance - coefficients.still,
        coefficients.asset,
        ratio,
        net,
    )
    face("outputs", backend).edges(work)
    counts = book.count.astype(np.int64)
    owner = np.repeat(np.arange(book.accounts), counts)
    offset = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    at = book.start[owner] + offset
    found = ~np.isnan(ratio[at])
    at = at[found]
    return Edges(owner[found], coefficients.asset[book.term[at]], ratio[at], net[at])


def value_at_risk_by_price(edges: Edges, value: ArrayLike, *, grid: ArrayLike) -> Floats:
    """Value that becomes liquidatable in each bucket of falling price, for one asset.

    Arguments:
        edges: rows of one asset (`Edges.of`); accounts that fear a rise are left out.
        value: per account, quote: debt, collateral or what is asked after.
        grid: ascending price ratios g0 < g1 < ...; bucket k holds edges in (g[k], g[k + 1]].

    Returns:
        One sum per bucket: accounts that are safe at ratio g[k + 1] and no longer at g[k].
    """
    values, steps = finite(value, "value"), _grid(grid)
    falls = edges.net > 0
    return _bucketed(edges.ratio[falls], values[edges.account[falls]], steps=steps)


def value_at_risk_jointly(distance: ArrayLike, value: ArrayLike, *, grid: ArrayLike) -> Floats:
    """Value that becomes liquidatable in each bucket of a joint fall of all assets but the quote.

    Arguments:
        distance: per account, the fraction that may be lost (`Standings.distance`); 1 is never.
        value: per account, quote.
        grid: ascending price ratios; a fall by d is the ratio 1 - d.
    """
    distances, values = finite(distance, "distance", low=0.0), finite(value, "value")
    same_length({"distance": distances, "value": values})
    some = distances < 1
    return _bucketed(1.0 - distances[some], values[some], steps=_grid(grid))


def _bucketed(ratio: Floats, value: Floats, *, steps: Floats) -> Floats:
    bucket = np.searchsorted(steps, ratio, side="left") - 1
    inside = (bucket >= 0) & (bucket < steps.size - 1)
    sums = np.bincount(bucket[inside], weights=value[inside], minlength=steps.size - 1)
    return np.asarray(sums, dtype=np.float64)


def _grid(grid: ArrayLike) -> Floats:
    steps = finite(grid, "grid", low=0.0)
    if steps.ndim != 1 or steps.size < 2 or (np.diff(steps) <= 0).any():
        raise DataError("the grid has no buckets", column="grid", expected="ascending ratios")
    return steps


@dataclass(frozen=True, slots=True)
class Systemic:
    """The book as a whole; infinite where what it is measured against is zero."""

    leverage: float
    debt_over_locked: float
    open_interest_over_depth: float


def systemic(*, locked: float, debt: float, open_interest: float, depth: float) -> Systemic:
    """Aggregate leverage, debt over locked value, open interest over depth.

    Arguments:
        locked: value of all collateral, quote.
        debt: value of all debt, quote.
        open_interest: value of what could be sold by force, quote.
        depth: value that the market takes within the move that is asked after, quote.
    """
    for name, number in (("locked", locked), ("debt", debt)):
        finite([number], name, low=0.0)
    for name, number in (("open_interest", open_interest), ("depth", depth)):
        finite([number], name, low=0.0)
    return Systemic(
        leverage=_over(locked, locked - debt),
        debt_over_locked=_over(debt, locked),
        open_interest_over_depth=_over(open_interest, depth),
    )


def _over(number: float, by: float) -> float:
    return number / by if by > 0 else float("inf") if number > 0 else 0.0


def cascade_gain(
    edges: Edges, sale: ArrayLike, *, price: float, impact: float, grid: ArrayLike
) -> Floats:
    """Impact x density of forced sales by price bucket: above 1 a fall feeds itself.

    A fall of the price by dp makes density x dp units be sold, which lower the price by
    impact x density x dp more.

    Arguments:
        edges: rows of one asset.
        sale: per account, whole units it sells when it falls.
        price: of the asset now, quote.
        impact: fall of the price per unit sold, quote.
        grid: ascending price ratios.
    """
    finite([price, impact], "price and impact", low=0.0)
    steps = _grid(grid)
    units = value_at_risk_by_price(edges, finite(sale, "sale", low=0.0), grid=steps)
    density: Floats = units / (np.diff(steps) * price)
    return impact * density


def is_critical(gain: Floats) -> NDArray[np.bool_]:
    """Whether a cascade sustains itself in each bucket."""
    return gain > 1.0
