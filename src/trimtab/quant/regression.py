"""Least squares with what a reader has to know of a fit: its errors, R squared and residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.units import DataError

Floats = NDArray[np.float64]

# Columns that depend on one another leave no pivot; this is far below any column that does not.
_RANK: Final = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class LineFit:
    """Coefficients of a linear model, one per column of its design.

    errors: standard errors that hold where residuals differ in size (White's, scaled by
    n / (n - k)); r_squared: 1 - residual sum of squares over that around the mean, below 0 where
    the mean alone fits better; residual_spread: root mean square of the residuals.
    """

    coefficients: Floats
    errors: Floats
    r_squared: float
    residual_spread: float
    residuals: Floats

    def __len__(self) -> int:
        return len(self.residuals)


def least_squares(design: ArrayLike, target: ArrayLike, *, model: str) -> LineFit:
    """Return the least squares fit of a target on the columns of a design.

    Args:
        design: rows by columns, finite; a constant is a column of ones, given by the caller.
        target: one number per row, finite.
        model: what is fitted, for the message.

    Raises:
        DataError: fewer than two more rows than columns, a target that does not vary, columns that
            determine one another.

    Source: H. White, Econometrica 48 (1980), with the small-sample factor.
    """
    columns = np.atleast_2d(np.asarray(design, dtype=np.float64))
    values = np.asarray(target, dtype=np.float64)
    rows, count = columns.shape
    if rows < count + 2 or values.shape != (rows,):
        raise DataError(
            f"there are too few observations to fit {model}",
            found=f"{values.size} observations",
            expected=f"at least {count + 2}",
        )
    around = float(((values - values.mean()) ** 2).sum())
    if not (np.isfinite(columns).all() and np.isfinite(values).all()) or not around > 0.0:
        raise DataError(
            f"the observations cannot fit {model}", expected="finite numbers that differ"
        )
    orthogonal, triangle = np.linalg.qr(columns)
    scale = np.abs(columns).max(axis=0) * np.sqrt(rows)
    if (np.abs(np.diag(triangle)) <= _RANK * scale).any():
        raise DataError(
            f"the causes in {model} determine one another", expected="columns that differ"
        )
    coefficients = np.linalg.solve(triangle, orthogonal.T @ values)
    residuals = values - columns @ coefficients
    inverse = np.linalg.inv(triangle)
    scores = (columns * residuals[:, None]) @ (inverse @ inverse.T)
    errors = np.sqrt((scores**2).sum(axis=0) * rows / (rows - count))
    squares = float((residuals**2).sum())
    return LineFit(
        coefficients, errors, 1.0 - squares / around, float(np.sqrt(squares / rows)), residuals
    )
