"""The order book: bids by price, and what a sale gets from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.markets.curves import Floats, MarketCurve, table_curve
from trimtab.simulation.markets.pools import require_fee, require_positive
from trimtab.units import DataError

LEVELS_LEAST: Final = 3
# Beyond this many levels a table keeps those at evenly spaced logarithms of the quantity.
_KNOTS: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class OrderBookLadder:
    """Bids of a book, best first, and the price between its sides.

    Args:
        middle: quote per unit, between best bid and best ask.
        prices: of the bids, falling.
        quantities: units at each, above 0.
        fee: a taker's, fraction of the proceeds.
        ends: whether nobody buys below the last bid; else the book's mean slope goes on.
    """

    middle: float
    prices: Floats
    quantities: Floats
    fee: float = 0.0
    ends: bool = False

    def __post_init__(self) -> None:
        require_fee(self.fee)
        require_positive("the book has no middle", self.middle)
        prices = np.asarray(self.prices, dtype=np.float64)
        quantities = np.asarray(self.quantities, dtype=np.float64)
        object.__setattr__(self, "prices", prices)
        object.__setattr__(self, "quantities", quantities)
        _check_levels(prices, quantities, side="bids")
        if prices[0] > self.middle:
            raise DataError(
                "the book's best bid is above its middle",
                found=f"{prices[0]:g} above {self.middle:g}",
                expected="a bid of at most the middle",
            )
        if (np.diff(prices) >= 0.0).any():
            raise DataError("the bids do not fall", expected="the best bid first, each price once")

    def curve(self) -> MarketCurve:
        """Return the ladder as a table; half the spread and the fee become its factor.

        Within a level the marginal price goes straight from its own price to the next one's, so
        that proceeds are never above the ladder's; many levels are thinned to 256. Below the last
        bid the price falls as it does over the whole book, or to nothing.
        """
        sold = np.concatenate([[0.0], np.cumsum(self.quantities)])
        fall = np.log(self.prices[0] / self.prices)
        beyond = 0.0 if self.ends else fall[-1] * self.quantities[-1] / sold[-2]
        fall = np.append(fall, fall[-1] + beyond)
        keep = _kept(sold)
        factor = float(self.prices[0]) / self.middle * (1.0 - self.fee)
        return table_curve(sold[keep], fall[keep], fee_factor=factor, ends=self.ends)

    def proceeds(self, quantity: float) -> float:
        """Return the quote that selling a quantity level by level gets, after the fee.

        Raises:
            DataError: the book holds less than that.
        """
        begins = np.concatenate([[0.0], np.cumsum(self.quantities)])
        # Sums in another order differ in their last digits.
        if quantity > begins[-1] * (1.0 + 1e-12):
            raise DataError(
                "the book is not deep enough",
                found=f"{quantity:g} to sell",
                expected=f"at most {begins[-1]:g}",
            )
        taken = np.clip(quantity - begins[:-1], 0.0, self.quantities)
        return float((taken * self.prices).sum()) * (1.0 - self.fee)

    def depth_within(self, fraction: float) -> float:
        """Return the units bid within a fraction below the middle."""
        return float(self.quantities[self.prices >= self.middle * (1.0 - fraction)].sum())


def ladder_of(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    *,
    fee: float = 0.0,
    ends: bool = False,
) -> OrderBookLadder:
    """Return the ladder of a book of (price, quantity) rows in any order; empty rows are left out.

    Raises:
        DataError: a side is missing or has fewer than three levels, prices or quantities are not
            above 0, or the book is crossed.
    """
    sides = []
    for rows, side in ((bids, "bids"), (asks, "asks")):
        found = np.array([row for row in rows if row[1] != 0.0], dtype=np.float64).reshape(-1, 2)
        order = np.argsort(found[:, 0], kind="stable")
        price, first = np.unique(found[order, 0], return_index=True)
        quantity = np.add.reduceat(found[order, 1], first) if first.size else found[:, 1]
        _check_levels(price, quantity, side=side)
        sides.append((price, quantity))
    (bid, units), (ask, _) = sides
    if bid[-1] >= ask[0]:
        raise DataError(
            "the book is crossed",
            found=f"a bid of {bid[-1]:g} and an ask of {ask[0]:g}",
            expected="bids below asks",
        )
    middle = 0.5 * (float(bid[-1]) + float(ask[0]))
    return OrderBookLadder(middle, bid[::-1], units[::-1], fee=fee, ends=ends)


def ladder_of_bands(
    bands: Sequence[tuple[float, float]], *, price: float, fee: float = 0.0, ends: bool = False
) -> OrderBookLadder:
    """Return a ladder of depth bands: (distance in basis points, units bid within it in all).

    Each band's own units are laid at its middle distance.

    Raises:
        DataError: fewer than three bands, or bands whose distance or depth does not rise.
    """
    rows = np.array(sorted(bands), dtype=np.float64).reshape(-1, 2)
    rising = np.diff(rows, axis=0, prepend=0.0) > 0.0
    if not rising.all() or (rows[:, 0] >= 10_000.0).any():
        raise DataError(
            "the depth bands do not rise",
            expected="distances above 0 and below 10000 basis points, each with more depth",
        )
    far = np.concatenate([[0.0], rows[:, 0]])
    prices = price * (1.0 - 0.5e-4 * (far[1:] + far[:-1]))
    units = np.diff(rows[:, 1], prepend=0.0)
    return OrderBookLadder(price, prices, units, fee=fee, ends=ends)


def _check_levels(prices: Floats, quantities: Floats, *, side: str) -> None:
    if not prices.size:
        raise DataError(f"the book has no {side}", expected=f"at least {LEVELS_LEAST} levels")
    if prices.size < LEVELS_LEAST or prices.shape != quantities.shape:
        raise DataError(
            f"the book has too few {side}",
            found=f"{prices.size} levels",
            expected=f"at least {LEVELS_LEAST}",
        )
    fine = np.isfinite(prices) & np.isfinite(quantities) & (prices > 0.0) & (quantities > 0.0)
    if not fine.all():
        row = int(np.argmin(fine))
        raise DataError(
            f"a level of the {side} is no level",
            found=f"{quantities[row]:g} at {prices[row]:g}",
            expected="a price and a quantity above 0",
        )


def _kept(sold: Floats) -> NDArray[np.intp]:
    """The knots of a table: all of a short ladder, of a long one those spread by quantity."""
    if sold.size <= _KNOTS:
        return np.arange(sold.size)
    wanted = np.geomspace(max(sold[1], sold[-1] * 1e-6), sold[-1], _KNOTS - 1)
    rows = np.minimum(np.searchsorted(sold, wanted), sold.size - 1)
    kept: NDArray[np.intp] = np.unique(np.concatenate([[0], rows])).astype(np.intp)
    return kept
