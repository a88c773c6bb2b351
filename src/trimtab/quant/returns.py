"""Log returns of several assets on one clock, and what is reported of a fit to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.units import YEAR_SECONDS, DataError

Floats = NDArray[np.float64]

# Two steps are alike within this share of a step; candles of one length differ by less.
_CLOCK_SLACK: Final = 0.01
SINGULAR: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ReturnPanel:
    """Log returns of assets (columns) over equal steps (rows), none of them across a gap.

    follows: whether a row's step begins where the row before it ends; last_price: of each asset.
    """

    assets: tuple[str, ...]
    step_seconds: float
    log_returns: Floats
    follows: NDArray[np.bool_]
    last_price: Floats

    @property
    def step_years(self) -> float:
        """Return the length of a step in years of 365 days."""
        return self.step_seconds / YEAR_SECONDS

    def __len__(self) -> int:
        return len(self.log_returns)


@dataclass(frozen=True, slots=True)
class FitReport:
    """How well a model fits: what was learnt, and moments of the data beside those of the model.

    Args:
        model: its name.
        observations: steps learnt from.
        parameters: by name, one number per asset or one for all.
        data_moments, model_moments: by name: annual volatility, skewness, excess kurtosis of one
            step and the like, one number per asset.
        log_likelihood: in all, where the model has one.
        quality: by name: `r_squared`, `residual_spread`, standard errors and the like.
    """

    model: str
    observations: int
    parameters: Mapping[str, tuple[float, ...]]
    data_moments: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    model_moments: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    log_likelihood: float | None = None
    quality: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def return_panel(
    times_ns: Sequence[int] | NDArray[np.int64],
    prices: Mapping[str, ArrayLike],
    *,
    step_seconds: float | None = None,
) -> ReturnPanel:
    """Return the log returns between neighboring times that are one step apart.

    Args:
        times_ns: rising, ns UTC.
        prices: a column per asset, above 0, one price per time.
        step_seconds: length of a step; None is the median distance of two times.

    Raises:
        DataError: fewer than two times, times that do not rise, prices that are no prices, columns
            of another length.
    """
    times = np.asarray(times_ns, dtype=np.int64)
    if times.ndim != 1 or times.size < 2 or not prices:
        raise DataError(
            "the price history is too short", found=f"{times.size} times", expected="two or more"
        )
    gaps = np.diff(times)
    if (gaps <= 0).any():
        row = int(np.argmax(gaps <= 0)) + 1
        raise DataError("time does not rise", row=row, expected="a later time in each row")
    columns = [_checked(name, column, rows=times.size) for name, column in prices.items()]
    step_ns = float(np.median(gaps)) if step_seconds is None else step_seconds * 1e9
    whole = np.abs(gaps - step_ns) <= _CLOCK_SLACK * step_ns
    if not whole.any():
        raise DataError(
            "no two prices are one step apart",
            found=f"steps of about {np.median(gaps) / 1e9:g} seconds",
            expected=f"{step_ns / 1e9:g} seconds",
        )
    logs = np.log(np.stack(columns, axis=1))
    follows = np.concatenate([[False], whole[:-1]])
    return ReturnPanel(
        tuple(prices),
        step_ns / 1e9,
        np.diff(logs, axis=0)[whole],
        follows[whole],
        np.exp(logs[-1]),
    )


def require_length(panel: ReturnPanel, least: int, *, model: str) -> None:
    """Raise DataError where a history is too short, or does not move, to calibrate a model."""
    if len(panel) < least:
        raise DataError(
            f"the price history is too short to calibrate {model}",
            found=f"{len(panel)} returns",
            expected=f"at least {least}",
            hint="give a longer history or a shorter step",
        )
    for asset, spread in zip(panel.assets, panel.log_returns.std(axis=0), strict=True):
        if not spread > 1e-12:
            raise DataError(
                f"the price does not move, so there is no {model} to calibrate",
                found=asset,
                expected="prices that differ",
                hint="leave the asset out, or give it a constant price",
            )


def require_regular(correlation: Floats, assets: Sequence[str]) -> None:
    """Raise DataError where a correlation matrix is singular; names the nearest pair."""
    if len(assets) < 2 or float(np.linalg.eigvalsh(correlation)[0]) > SINGULAR:
        return
    apart = np.abs(correlation) - np.eye(len(assets))
    one, other = divmod(int(np.argmax(apart)), len(assets))
    raise DataError(
        "the covariance is singular: some assets are a sum of others",
        found=f"{assets[one]} and {assets[other]} correlate {correlation[one, other]:.6f}",
        expected="assets that do not determine one another",
        hint="leave one out, or derive its price from the other",
    )


def moments_of(returns: Floats, step_years: float) -> dict[str, tuple[float, ...]]:
    """Return annual volatility, skewness and excess kurtosis of one step, per column."""
    centered = returns - returns.mean(axis=0)
    spread = centered.std(axis=0)
    skew = (centered**3).mean(axis=0) / spread**3
    kurtosis = (centered**4).mean(axis=0) / spread**4 - 3.0
    return {
        "vol_annual": floats(spread / np.sqrt(step_years)),
        "skewness": floats(skew),
        "excess_kurtosis": floats(kurtosis),
    }


def floats(values: Floats) -> tuple[float, ...]:
    """Return an array as plain floats."""
    return tuple(float(value) for value in np.ravel(values))


def _checked(name: str, column: ArrayLike, *, rows: int) -> Floats:
    values = np.asarray(column, dtype=np.float64)
    if values.shape != (rows,):
        raise DataError(
            "the prices have another length than the times",
            column=name,
            found=str(values.shape),
            expected=f"{rows} prices",
        )
    fine = np.isfinite(values) & (values > 0.0)
    if not fine.all():
        row = int(np.argmin(fine))
        raise DataError(
            "the price is no price",
            column=name,
            row=row,
            found=str(values[row]),
            expected="above 0",
        )
    return values
