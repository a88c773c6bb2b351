"""What sales do to a price, learnt: the size of the fall, how it heals, what stays of it.

`g` is the logarithm by which the marginal price stands below the price without sales.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.quant.regression import least_squares
from trimtab.quant.returns import FitReport
from trimtab.units import DataError

Floats = NDArray[np.float64]

SQUARE_ROOT: Final = 0.5
LINEAR: Final = 1.0


class PowerImpact:
    """g(Q) = a Q**exponent through the origin, of points of a depth curve.

    Learns `coefficient_` (per unit of the quantity to the exponent), `error_`, `r_squared_`,
    `residual_spread_` (of g), `report_`. The square root is that of B. Toth et al., Physical Review
    X 1 (2011); exponent 1 is A. Kyle, Econometrica 53 (1985).
    """

    def __init__(self, *, exponent: float = SQUARE_ROOT, least_points: int = 8) -> None:
        self.exponent = exponent
        self.least_points = least_points

    def fit(self, quantities: ArrayLike, discounts: ArrayLike) -> PowerImpact:
        """Learn from quantities sold, above 0, and the log discount after each.

        Raises:
            DataError: too few points, quantities that are not above 0, or no fall at all.
        """
        sold = np.asarray(quantities, dtype=np.float64)
        fallen = np.asarray(discounts, dtype=np.float64)
        if sold.size < self.least_points or sold.shape != fallen.shape:
            raise DataError(
                "there are too few points to calibrate an impact",
                found=f"{sold.size} points",
                expected=f"at least {self.least_points}",
                hint="give a book with more levels",
            )
        if not (sold > 0.0).all() or not (fallen >= 0.0).all():
            raise DataError(
                "a depth curve falls with what is sold",
                expected="quantities above 0 and discounts of at least 0",
            )
        found = least_squares((sold**self.exponent)[:, None], fallen, model="an impact")
        self.coefficient_ = float(found.coefficients[0])
        self.error_ = float(found.errors[0])
        self.r_squared_ = found.r_squared
        self.residual_spread_ = found.residual_spread
        self.report_ = FitReport(
            f"impact of exponent {self.exponent:g}",
            len(found),
            {"coefficient": (self.coefficient_,), "exponent": (self.exponent,)},
            {"discount_last": (float(fallen[-1]),)},
            {"discount_last": (self.coefficient_ * float(sold[-1]) ** self.exponent,)},
            quality={
                "r_squared": (self.r_squared_,),
                "residual_spread": (self.residual_spread_,),
                "coefficient_error": (self.error_,),
            },
        )
        return self


class DepthResilience:
    """How fast depth returns to its level after it was taken: a first-order autoregression.

    log depth(t + dt) = level + keep (log depth(t) - level) + noise. Learns `half_life_seconds_`,
    `recovery_seconds_` (of exp(-dt / recovery)), `keep_`, `level_`, `r_squared_`, `report_`.
    """

    def __init__(self, *, least_samples: int = 50) -> None:
        self.least_samples = least_samples

    def fit(self, depths: ArrayLike, *, step_seconds: float) -> DepthResilience:
        """Learn from depths above 0, sampled at equal steps.

        Raises:
            DataError: too few, a depth that is not above 0, or no return to a level.
        """
        depth = np.asarray(depths, dtype=np.float64)
        if depth.size < self.least_samples or not step_seconds > 0.0:
            raise DataError(
                "the depths are too few to calibrate how they recover",
                found=f"{depth.size} samples",
                expected=f"at least {self.least_samples}",
            )
        logs = _logs(depth, "depth")
        design = np.column_stack([np.ones(logs.size - 1), logs[:-1]])
        found = least_squares(design, logs[1:], model="how depth recovers")
        self.keep_ = float(found.coefficients[1])
        if not 0.0 < self.keep_ < 1.0:
            raise DataError(
                "the depth shows no return to a level",
                found=f"a slope of {self.keep_:.4f} from one sample to the next",
                expected="between 0 and 1",
            )
        self.level_ = float(found.coefficients[0]) / (1.0 - self.keep_)
        self.recovery_seconds_ = -step_seconds / math.log(self.keep_)
        self.half_life_seconds_ = self.recovery_seconds_ * math.log(2.0)
        self.r_squared_ = found.r_squared
        error = float(found.errors[1])
        self.report_ = FitReport(
            "depth resilience",
            len(found),
            {
                "half_life_seconds": (self.half_life_seconds_,),
                "recovery_seconds": (self.recovery_seconds_,),
                "keep": (self.keep_,),
            },
            {"log_spread": (float(logs.std()),)},
            {"log_spread": (found.residual_spread / math.sqrt(1.0 - self.keep_**2),)},
            quality={
                "r_squared": (self.r_squared_,),
                "residual_spread": (found.residual_spread,),
                "keep_error": (error,),
            },
        )
        return self


class DepthThinning:
    """How depth falls with volatility: log depth = level of its group - exponent log volatility.

    Learns `exponent_`, `error_`, `r_squared_` (of what the levels of the groups leave),
    `volatility_ref_` (the median), `depth_least_` (depth over its group's median, of which one
    moment in a hundred has less), `report_`.
    """

    def __init__(self, *, least_points: int = 50) -> None:
        self.least_points = least_points

    def fit(
        self, depths: ArrayLike, volatilities: ArrayLike, *, groups: ArrayLike | None = None
    ) -> DepthThinning:
        """Learn from depths and volatilities of the same moments, both above 0.

        Args:
            groups: one label per moment; each group has a level of its own, and only what moves
                within it counts. None is one group.

        Raises:
            DataError: too few, or not above 0, or a volatility that does not vary within a group.
        """
        depth, spread = np.asarray(depths, np.float64), np.asarray(volatilities, np.float64)
        if depth.size < self.least_points or depth.shape != spread.shape:
            raise DataError(
                "the depths are too few to calibrate how they thin",
                found=f"{depth.size} moments",
                expected=f"at least {self.least_points}",
            )
        logs, moves = _logs(depth, "depth"), _logs(spread, "volatility")
        labels = np.zeros(depth.size) if groups is None else np.asarray(groups)
        _, group = np.unique(labels, return_inverse=True)
        design = (moves - _means(moves, group))[:, None]
        found = least_squares(design, logs - _means(logs, group), model="how depth thins")
        self.exponent_ = -float(found.coefficients[0])
        self.error_ = float(found.errors[0])
        self.r_squared_ = found.r_squared
        self.volatility_ref_ = float(np.median(spread))
        medians = np.array([np.median(depth[group == one]) for one in range(group.max() + 1)])
        self.depth_least_ = float(np.quantile(depth / medians[group], 0.01))
        self.report_ = FitReport(
            "depth thinning",
            len(found),
            {
                "exponent": (self.exponent_,),
                "volatility_ref": (self.volatility_ref_,),
                "depth_least": (self.depth_least_,),
            },
            quality={
                "r_squared": (self.r_squared_,),
                "residual_spread": (found.residual_spread,),
                "exponent_error": (self.error_,),
            },
        )
        return self


def _means(values: Floats, group: NDArray[np.int64]) -> Floats:
    sums = np.bincount(group, weights=values)
    return np.asarray((sums / np.bincount(group))[group], dtype=np.float64)


def _logs(values: Floats, what: str) -> Floats:
    if not (np.isfinite(values) & (values > 0.0)).all():
        row = int(np.argmin(np.isfinite(values) & (values > 0.0)))
        raise DataError(
            f"the {what} is not above 0", row=row, found=str(values[row]), expected="above 0"
        )
    return np.asarray(np.log(values), dtype=np.float64)
