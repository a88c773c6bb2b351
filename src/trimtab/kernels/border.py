"""What may enter a kernel: finite numbers, whole ids in range. Everything else is refused here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.units import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def finite(values: ArrayLike, name: str, *, low: float | None = None) -> Floats:
    """The values as float64, each finite and none below `low`.

    Arguments:
        values: numbers of any shape.
        name: what they are, for the error.
        low: least value allowed; None is any.

    Raises:
        DataError: no numbers, NaN, an infinity, or a value below `low`; it names the first one.
    """
    found = _numbers(values, name)
    if found.dtype.kind not in "fiub":
        raise DataError(
            "the column holds no numbers",
            column=name,
            found=str(found.dtype),
            expected="floats or integers",
        )
    floats = np.ascontiguousarray(found, dtype=np.float64)
    bad = ~np.isfinite(floats)
    if low is not None:
        bad |= floats < low
    if bad.any():
        place = int(np.flatnonzero(bad.ravel())[0])
        raise DataError(
            "the number cannot be used",
            row=place,
            column=name,
            found=str(floats.ravel()[place]),
            expected="a finite number" if low is None else f"a finite number, {low:g} or more",
        )
    return floats


def whole(values: ArrayLike, name: str, *, below: int) -> NDArray[Any]:
    """Whole numbers from 0 to `below` - 1, in whatever integer type they come.

    Raises:
        DataError: other than integers, a negative one, or one not below `below`.
    """
    found = _numbers(values, name)
    if found.size == 0:
        return found.astype(np.int64)
    if found.dtype.kind not in "iu":
        raise DataError(
            "the column holds no whole numbers",
            column=name,
            found=str(found.dtype),
            expected="integers",
        )
    if int(found.min()) < 0 or int(found.max()) >= below:
        place = int(np.flatnonzero((found < 0) | (found >= below))[0])
        raise DataError(
            "the number is out of range",
            row=place,
            column=name,
            found=str(found[place]),
            expected=f"0 to {below - 1}",
        )
    return found


def same_length(columns: dict[str, NDArray[Any]]) -> int:
    """The common length of flat columns.

    Raises:
        DataError: a column that is not flat, or is longer or shorter than the first.
    """
    sizes = {name: column.shape for name, column in columns.items()}
    first = next(iter(sizes.values()))
    for name, shape in sizes.items():
        if len(shape) != 1 or shape != first:
            raise DataError(
                "the columns do not fit together",
                column=name,
                found=f"shape {shape}",
                expected=f"a flat column of {first[0] if first else 0} rows",
            )
    return int(first[0])


def _numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    if np.ma.isMaskedArray(values):
        raise DataError("the column has empty cells", column=name, expected="a number in each row")
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        raise DataError("the column holds no numbers", column=name) from None
