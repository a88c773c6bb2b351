"""Options as columns, checked once: what no kernel can compute with never reaches one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.units import DataError, UsageError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

# Squares and products of what is accepted stay far inside float64, and all of it is normal.
LEAST, MOST = 1e-100, 1e100
VOL_MOST = 1e4
YEARS_MOST = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class OptionColumns:
    """European options on forwards, one row each. Making one checks and copies what needs it.

    Every argument is a column or one number for all rows.

    Args:
        forward: quote per unit, above 0 (from 1e-100 to 1e100).
        strike: quote per unit, 0 or more (0, or in the same range).
        vol_annual: volatility as a fraction, 0.8 for 80 % a year; from 0 to 1e4.
        years: to expiry, a year being 365 days; from 0 to 1e4.
        is_call: true for calls, false for puts.
        discount: of one quote paid at expiry; above 0, 1 by default.

    Raises:
        DataError: NaN, infinite, negative or out of range; names the column and the first row.
        UsageError: columns of different lengths, or no column at all.
    """

    forward: Floats
    strike: Floats
    vol_annual: Floats
    years: Floats
    is_call: Flags
    discount: Floats

    def __init__(
        self,
        *,
        forward: ArrayLike,
        strike: ArrayLike,
        vol_annual: ArrayLike,
        years: ArrayLike,
        is_call: ArrayLike,
        discount: ArrayLike = 1.0,
    ) -> None:
        given = {
            "forward": positive_column(forward, "forward"),
            "strike": positive_column(strike, "strike", allow_zero=True),
            "vol_annual": bounded_column(vol_annual, "vol_annual", most=VOL_MOST),
            "years": bounded_column(years, "years", most=YEARS_MOST),
            "is_call": flag_column(is_call, "is_call"),
            "discount": positive_column(discount, "discount"),
        }
        for name, column in equally_long(given).items():
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.forward)


def float_column(values: ArrayLike, name: str) -> Floats:
    """Return values as a contiguous float64 column of finite numbers.

    Raises:
        DataError: a text, a NaN or an infinity, or more than one dimension.
    """
    try:
        if np.asarray(values).dtype.kind not in "biufO":
            raise TypeError("texts, times and complex numbers are no numbers to compute with")
        column = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            "the column holds no numbers",
            where=name,
            found=type(values).__name__,
            expected="float64 numbers",
        ) from error
    if np.ndim(values) > 1:
        raise DataError(
            "a column has one dimension",
            where=name,
            found=str(np.shape(values)),
            hint="pass one number per row",
        )
    _refuse(column, np.isfinite(column), name=name, expected="a finite number")
    return column


def positive_column(values: ArrayLike, name: str, *, allow_zero: bool = False) -> Floats:
    """Return values as float64 from 1e-100 to 1e100, and 0 where allowed.

    Raises:
        DataError: with the first row that is not.
    """
    column = float_column(values, name)
    fine = (column >= LEAST) & (column <= MOST)
    expected = f"a number from {LEAST:g} to {MOST:g}"
    if allow_zero:
        fine |= column == 0.0
        expected = f"0, or {expected}"
    _refuse(column, fine, name=name, expected=expected)
    return column


def bounded_column(values: ArrayLike, name: str, *, most: float) -> Floats:
    """Return values as float64 from 0 to `most`.

    Raises:
        DataError: with the first row that is not.
    """
    column = float_column(values, name)
    fine = (column >= 0.0) & (column <= most)
    _refuse(column, fine, name=name, expected=f"a number from 0 to {most:g}")
    return column


def flag_column(values: ArrayLike, name: str) -> Flags:
    """Return values as booleans; 0 and 1 are accepted, other numbers are not.

    Raises:
        DataError: anything else.
    """
    column = np.ascontiguousarray(values)
    if column.dtype != np.bool_:
        fine = np.isin(column, (0, 1))
        _refuse(column, fine, name=name, expected="true or false")
    return column.astype(np.bool_)


def offset_column(values: ArrayLike, name: str, *, rows: int) -> Integers:
    """Return where each group of rows begins, and the number of rows at the end, as int64.

    Raises:
        DataError: not from 0 to `rows`, or falling.
    """
    column = np.ascontiguousarray(values, dtype=np.int64)
    fits = column.ndim == 1 and column.size > 0 and column[0] == 0 and column[-1] == rows
    if not fits or bool((np.diff(column) < 0).any()):
        raise DataError(
            "the offsets do not cut the rows into groups",
            where=name,
            found=str(column.ravel()[:5].tolist()),
            expected=f"rising numbers from 0 to {rows}",
        )
    return column


def equally_long(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns at one length, single numbers repeated.

    Raises:
        UsageError: two lengths; names both columns.
    """
    lengths = {name: column.size for name, column in columns.items() if column.size != 1}
    longest = next(iter(lengths.values()), 1)
    for name, length in lengths.items():
        if length != longest:
            first = next(iter(lengths))
            raise UsageError(f"{name} holds {length} rows and {first} holds {longest}")
    return {
        name: column if column.ndim and column.size == longest else np.repeat(column, longest)
        for name, column in columns.items()
    }


def _refuse(column: Any, fine: Any, *, name: str, expected: str) -> None:
    if bool(np.all(fine)):
        return
    row = int(np.argmin(np.atleast_1d(fine)))
    found: Sequence[Any] = np.atleast_1d(column).tolist()
    raise DataError(
        "the number cannot be computed with",
        where=name,
        row=row,
        found=str(found[row]),
        expected=expected,
    )
