"""What one unit of each term is worth now: the only thing of a book that prices change.

A *term* is one way in which a quantity enters the sums: an asset owned under certain weights, an
asset owed, a position long or short, its cost. Its coefficients carry price, share index, weight
and sign, so that every margin rule that is linear in quantities is a sum of quantity x coefficient.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.border import Floats, finite
from trimtab.units import DataError

# Unit roundoffs of binary32 and binary64.
ROUND_32 = 2.0**-24
ROUND_64 = 2.0**-53
# Below 2^-100 of the largest a coefficient is kept at that size, in the direction of doubt.
SMALLEST_32 = 2.0**-100
# What underflow of one product can cost, far above it.
UNDERFLOW_32 = 2.0**-120
UNDERFLOW_64 = 2.0**-1000


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Per term, what a unit of quantity adds (quote), as float64 within 4 units of roundoff.

    `decide` is the level that decides whether the account is unsafe: maintenance, or liquidation
    end for terms of accounts in liquidation. `equity` is before weights, `gross` what counts as
    exposure in leverage (>= 0). `slack` (>= 0) bounds the absolute difference between
    quantity x decide and the exact value of a position, as rounding to native units makes; a
    position whose coefficient is not negative is never worth less than nothing. `asset` names the
    asset of a term by number, -1 for the quote, and `still` is what of its maintenance coefficient
    the asset's price does not move, as funding; none where it is not given.
    """

    decide: Floats
    maintenance: Floats
    liquidation_end: Floats
    initial: Floats
    equity: Floats
    gross: Floats
    slack: Floats
    asset: NDArray[np.int64]
    still: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if self.still.size == 0:
            object.__setattr__(self, "still", np.zeros(np.shape(self.decide)))
        for one in fields(self):
            if one.name == "asset":
                continue
            low = 0.0 if one.name in ("gross", "slack") else None
            column = finite(getattr(self, one.name), one.name, low=low)
            object.__setattr__(self, one.name, column)
        object.__setattr__(self, "asset", np.ascontiguousarray(self.asset, dtype=np.int64))
        sizes = {getattr(self, one.name).shape for one in fields(self)}
        if len(sizes) != 1 or len(self.decide.shape) != 1:
            raise DataError("the coefficients do not fit together", found=str(sorted(sizes)))

    @property
    def terms(self) -> int:
        """How many terms there are."""
        return int(self.decide.size)


def linear(
    decide: ArrayLike, *, slack: ArrayLike | None = None, asset: ArrayLike | None = None
) -> Coefficients:
    """Coefficients of a book in which one level stands for all, as in a bare comparison.

    Arguments:
        decide: what a unit of each term adds to the excess, quote; negative for debt.
        slack: bound of the rounding of a position, quote; None is none.
        asset: asset of each term; None gives each term its own.
    """
    column = finite(decide, "decide")
    none = np.zeros(column.shape)
    own = np.arange(column.size) if asset is None else np.asarray(asset, dtype=np.int64)
    gross = np.maximum(column, 0.0)
    slacks = none if slack is None else finite(slack, "slack", low=0.0)
    return Coefficients(column, column, column, column, column, gross, slacks, own)


@dataclass(frozen=True, slots=True)
class ScreenTable:
    """Coefficients of the first pass in float32.

    The sum of quantity x `low` less `margin` being >= 0 proves that the excess is >= 0; the sum of
    quantity x `high` plus `margin` being < 0 proves that it is < 0.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    margin: np.float32


def screen_table(
    lowest: Floats, highest: Floats, *, slack: Floats, scale: Floats, positions: int
) -> ScreenTable:
    """The tables of the first pass for accounts of some number of positions.

    With u = 2^-24, a sum of n products of rounded factors errs by at most (n + 4) u times the sum
    of magnitudes, in any order; each coefficient k is moved by (n + 8) u |k|. Magnitudes are
    brought into float32's range by powers of two, which round nothing.

    Arguments:
        lowest: deciding coefficients, each at the least that a unit can be worth.
        highest: the same at the most; requirements that grow with the size make the difference.
        slack: bound of the rounding of a position.
        scale: power of two by which the screen's quantities of each term were multiplied.
        positions: n.
    """
    low, high = lowest / scale, highest / scale
    largest = max(float(np.abs(low).max(initial=0.0)), float(np.abs(high).max(initial=0.0)))
    norm = 1.0 if largest == 0.0 else 2.0 ** -float(np.frexp(largest)[1])
    move = (positions + 8) * ROUND_32
    lost = float(slack.max(initial=0.0)) * norm
    margin = positions * (lost * (1 + 2.0**-20) + UNDERFLOW_32)
    with np.errstate(over="ignore"):
        return ScreenTable(
            low=_rounded((low - move * np.abs(low)) * norm, small=(-SMALLEST_32, 0.0)),
            high=_rounded((high + move * np.abs(high)) * norm, small=(0.0, SMALLEST_32)),
            margin=np.nextafter(np.float32(margin), np.float32(np.inf)),
        )


def _rounded(column: Floats, *, small: tuple[float, float]) -> NDArray[np.float32]:
    """A column in float32, small magnitudes replaced by one on the side of doubt; 0 stays 0."""
    tiny = np.abs(column) < SMALLEST_32
    column[tiny] = np.select([column[tiny] < 0, column[tiny] > 0], small, 0.0)
    return column.astype(np.float32)
