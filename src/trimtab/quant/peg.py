"""How a pegged price strays and returns: the logarithm of the ratio as a mean-reverting process.

x(t + dt) = level + (x(t) - level) exp(-speed dt) + noise: an exact discrete Ornstein-Uhlenbeck
process, learnt by least squares; G. Uhlenbeck and L. Ornstein, Physical Review 36 (1930).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.quant.returns import FitReport
from trimtab.units import YEAR_SECONDS, DataError

Floats = NDArray[np.float64]

_LEAST: Final = 50


class PegReversion:
    """The reversion of one pegged pair.

    Learns `level_` (of the logarithm of the ratio), `reversion_per_year_`, `vol_annual_`,
    `half_life_seconds_`, `report_`.
    """

    def __init__(self, *, least_prices: int = _LEAST) -> None:
        self.least_prices = least_prices

    def fit(self, ratios: ArrayLike, *, step_seconds: float) -> PegReversion:
        """Learn from the ratio of the pegged price to its peg, at equal steps.

        Raises:
            DataError: too short, no price, or no return to a level.
        """
        prices = np.asarray(ratios, dtype=np.float64)
        if prices.size < self.least_prices or not step_seconds > 0.0:
            raise DataError(
                "the price history is too short to calibrate a peg",
                found=f"{prices.size} prices",
                expected=f"at least {self.least_prices}",
            )
        if not (np.isfinite(prices).all() and (prices > 0.0).all()):
            raise DataError("the ratio holds no price", expected="finite numbers above 0")
        logs = np.log(prices)
        now, after = logs[:-1], logs[1:]
        spread = float(now.var())
        slope = float(((now - now.mean()) * (after - after.mean())).mean()) / max(spread, 1e-300)
        if not 0.0 < slope < 1.0:
            raise DataError(
                "the ratio shows no return to a level",
                found=f"a slope of {slope:.4f} from one price to the next",
                expected="between 0 and 1",
                hint="a price that is not pegged is no peg: use another process",
            )
        step = step_seconds / YEAR_SECONDS
        self.level_ = float(after.mean() - slope * now.mean()) / (1.0 - slope)
        self.reversion_per_year_ = -math.log(slope) / step
        noise = after - self.level_ - slope * (now - self.level_)
        self.vol_annual_ = math.sqrt(
            2.0 * self.reversion_per_year_ * float(noise.var()) / (1.0 - slope**2)
        )
        self.half_life_seconds_ = math.log(2.0) / self.reversion_per_year_ * YEAR_SECONDS
        long_run = self.vol_annual_ / math.sqrt(2.0 * self.reversion_per_year_)
        self.report_ = FitReport(
            "peg reversion",
            len(now),
            {
                "level": (self.level_,),
                "reversion_per_year": (self.reversion_per_year_,),
                "vol_annual": (self.vol_annual_,),
            },
            {"spread": (float(logs.std()),)},
            {"spread": (long_run,)},
            -0.5 * len(now) * (1.0 + math.log(2.0 * math.pi * float(noise.var()))),
        )
        return self
