"""Signed option positions grouped by account or expiry, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.option_columns import (
    MOST,
    VOL_MOST,
    YEARS_MOST,
    Flags,
    Floats,
    Integers,
    bounded_column,
    equally_long,
    flag_column,
    float_column,
    offset_column,
    positive_column,
)
from trimtab.units import YEAR_SECONDS, DataError

# What one evaluation of a value may err by, per unit of forward + strike: two exponentials, two
# tails, a logarithm, and the powers and roots that shape a shocked volatility; and what adding one
# number may. docs/concepts/option-values.md adds them up.
VALUE_ERROR: Final = 4e-15
SUM_ERROR: Final = 2.3e-16


@dataclass(frozen=True, slots=True, eq=False)
class OptionBook:
    """Option positions, one row each, in groups of consecutive rows.

    Args:
        amount: signed units, long above 0.
        forward: the part of the forward that shocks multiply, above 0.
        strike: quote per unit, above 0.
        vol_annual: as a fraction, 0 to 1e4.
        seconds: to expiry, 0 or more.
        is_call: true for calls.
        offsets: where each group begins, and the number of rows at the end; groups may be empty.
        forward_fixed: a part of the forward that no shock moves (settled already); 0 by default.
        is_inverse: true where the value is counted in units of the forward; false by default.

    Raises:
        DataError: NaN, infinite, negative or out of range; names the column and the first row.
        UsageError: columns of different lengths.
    """

    amount: Floats
    forward: Floats
    strike: Floats
    vol_annual: Floats
    seconds: Floats
    is_call: Flags
    offsets: Integers
    forward_fixed: Floats
    is_inverse: Flags

    def __init__(
        self,
        *,
        amount: ArrayLike,
        forward: ArrayLike,
        strike: ArrayLike,
        vol_annual: ArrayLike,
        seconds: ArrayLike,
        is_call: ArrayLike,
        offsets: ArrayLike,
        forward_fixed: ArrayLike = 0.0,
        is_inverse: ArrayLike = False,
    ) -> None:
        given = {
            "amount": signed_column(amount, "amount"),
            "forward": positive_column(forward, "forward"),
            "strike": positive_column(strike, "strike"),
            "vol_annual": bounded_column(vol_annual, "vol_annual", most=VOL_MOST),
            "seconds": bounded_column(seconds, "seconds", most=YEARS_MOST * YEAR_SECONDS),
            "is_call": flag_column(is_call, "is_call"),
            "forward_fixed": bounded_column(forward_fixed, "forward_fixed", most=MOST),
            "is_inverse": flag_column(is_inverse, "is_inverse"),
        }
        for name, column in equally_long(given).items():
            object.__setattr__(self, name, column)
        rows = len(self.forward)
        object.__setattr__(self, "offsets", offset_column(offsets, "offsets", rows=rows))

    def __len__(self) -> int:
        return len(self.forward)

    @property
    def groups(self) -> int:
        """Return the number of groups."""
        return len(self.offsets) - 1


def signed_column(values: ArrayLike, name: str) -> Floats:
    """Return values as float64 whose magnitude is at most 1e100.

    Raises:
        DataError: with the first row that is not.
    """
    column = float_column(values, name)
    bounded_column(np.abs(column), name, most=MOST)
    return column


def group_sums(values: NDArray[np.float64], offsets: Integers) -> NDArray[np.float64]:
    """Return the sum of each group of rows (of the first axis); 0 for an empty group.

    Added in the order of the rows, each group by itself.
    """
    groups = len(offsets) - 1
    out = np.zeros((groups, *values.shape[1:]))
    lengths = np.diff(offsets)
    full = lengths > 0
    if full.any():
        out[full] = np.add.reduceat(values, offsets[:-1][full], axis=0)
    return out


def account_column(values: ArrayLike, name: str, *, accounts: int, least: float = -MOST) -> Floats:
    """Return one number per account, from `least` up to 1e100; one number serves all.

    Raises:
        DataError: out of range, or a length that is neither 1 nor `accounts`.
    """
    column = signed_column(values, name)
    if column.size not in (1, accounts):
        raise DataError(
            "the column has the wrong length",
            where=name,
            found=str(column.size),
            expected=f"{accounts}, one row an account",
        )
    if least > -MOST:
        bounded_column(column - least, name, most=MOST)
    return column if column.size == accounts and column.ndim else np.repeat(column, accounts)
