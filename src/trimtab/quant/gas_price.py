"""How the price of gas rises with volatility: a line through both, relative to their medians."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.quant.regression import least_squares
from trimtab.quant.returns import FitReport
from trimtab.units import DataError


class GasSlope:
    """gas = level (1 + slope (volatility / reference - 1)), the reference its median.

    Learns `slope_`, `error_`, `gas_level_` (at the reference), `volatility_ref_`, `r_squared_`,
    `rank_correlation_`, `report_`.
    """

    def __init__(self, *, least_points: int = 50) -> None:
        self.least_points = least_points

    def fit(self, gas_prices: ArrayLike, volatilities: ArrayLike) -> GasSlope:
        """Learn from gas prices and volatilities of the same moments, both above 0.

        Raises:
            DataError: too few, or not above 0, or no gas at the reference.
        """
        gas, spread = np.asarray(gas_prices, np.float64), np.asarray(volatilities, np.float64)
        if gas.size < self.least_points or gas.shape != spread.shape:
            raise DataError(
                "the gas prices are too few to calibrate their slope",
                found=f"{gas.size} moments",
                expected=f"at least {self.least_points}",
            )
        if not ((gas > 0.0) & (spread > 0.0)).all():
            raise DataError("gas or volatility is not above 0", expected="numbers above 0")
        self.volatility_ref_ = float(np.median(spread))
        excess = spread / self.volatility_ref_ - 1.0
        design = np.column_stack([np.ones(gas.size), excess])
        found = least_squares(design, gas, model="the slope of gas")
        self.gas_level_ = float(found.coefficients[0])
        if not self.gas_level_ > 0.0:
            raise DataError(
                "gas costs nothing at the reference volatility", found=f"{self.gas_level_:.3g}"
            )
        self.slope_ = float(found.coefficients[1]) / self.gas_level_
        self.error_ = float(found.errors[1]) / self.gas_level_
        self.r_squared_ = found.r_squared
        ranks = np.argsort(np.argsort(np.stack([gas, spread]), axis=1), axis=1)
        self.rank_correlation_ = float(np.atleast_2d(np.corrcoef(ranks))[0, 1])
        self.report_ = FitReport(
            "gas slope",
            len(found),
            {
                "slope": (self.slope_,),
                "gas_level": (self.gas_level_,),
                "volatility_ref": (self.volatility_ref_,),
            },
            quality={
                "r_squared": (self.r_squared_,),
                "residual_spread": (found.residual_spread,),
                "slope_error": (self.error_,),
                "rank_correlation": (self.rank_correlation_,),
            },
        )
        return self
