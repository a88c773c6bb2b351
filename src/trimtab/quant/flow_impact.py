"""What stays of a price's fall after forced sales, learnt from returns and the flow beside them.

    fall(t) = constant + sum over k of response(k) flow(t - k) + noise

The running sum of the responses is what one unit sold has moved the price by after so many steps.
It is told as a fall at its peak of which a share stays and the rest recovers:

    fall after peak by h = peak (permanent_share + (1 - permanent_share) exp(-h / recovery))
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.quant.regression import least_squares
from trimtab.quant.returns import FitReport
from trimtab.units import DataError

Floats = NDArray[np.float64]

# A response is at its highest within this many steps; later ones are recovery.
_PEAK_STEPS: Final = 3
_RECOVERIES: Final = 200


class FlowImpact:
    """The impact of a flow of sales, and how much of it is for good.

    A price that falls makes forced sales, as they make it fall: what is learnt holds both, and is
    more than sales alone would do.

    Learns `coefficient_` (log price per unit sold, at the peak; per root of a unit where `root`),
    `error_` (of the first response), `permanent_share_`, `recovery_seconds_`, `response_` (its
    running sum, one per lag), `r_squared_`, `r_squared_now_` (of the flow of the same step alone),
    `report_`.
    """

    def __init__(self, *, lags: int = 30, root: bool = False, least_steps: int = 500) -> None:
        self.lags = lags
        self.root = root
        self.least_steps = least_steps

    def fit(self, log_returns: ArrayLike, sold: ArrayLike, *, step_seconds: float) -> FlowImpact:
        """Learn from log returns and units sold less units bought in the same steps.

        Raises:
            DataError: too few steps, another number of flows, or no flow at all.
        """
        fall, flow = -np.asarray(log_returns, np.float64), np.asarray(sold, np.float64)
        if fall.size < self.least_steps + self.lags or fall.shape != flow.shape:
            raise DataError(
                "the flow is too short to calibrate an impact",
                found=f"{fall.size} returns and {flow.size} flows",
                expected=f"at least {self.least_steps + self.lags} of both",
            )
        if not (np.isfinite(flow).all() and flow.any()):
            raise DataError("there is no flow to calibrate an impact", expected="units sold")
        size = np.sign(flow) * np.sqrt(np.abs(flow)) if self.root else flow
        rows = fall.size - self.lags
        lagged = [size[self.lags - k : self.lags - k + rows] for k in range(self.lags + 1)]
        target = fall[self.lags :]
        ones = np.ones(rows)
        found = least_squares(np.column_stack([ones, *lagged]), target, model="a flow's impact")
        now = least_squares(np.column_stack([ones, size[self.lags :]]), target, model="an impact")
        self.response_ = np.cumsum(found.coefficients[1:])
        peak = int(np.argmax(self.response_[:_PEAK_STEPS]))
        self.coefficient_ = float(self.response_[peak])
        if not self.coefficient_ > 0.0:
            raise DataError(
                "the price does not fall with what is sold",
                found=f"{self.coefficient_:.3g} a unit",
                expected="above 0",
            )
        share, steps = _recovery(self.response_[peak:] / self.coefficient_)
        self.permanent_share_, self.recovery_seconds_ = share, steps * step_seconds
        self.error_ = float(found.errors[1])
        self.r_squared_, self.r_squared_now_ = found.r_squared, now.r_squared
        self.report_ = FitReport(
            "root flow impact" if self.root else "flow impact",
            rows,
            {
                "coefficient": (self.coefficient_,),
                "permanent_share": (self.permanent_share_,),
                "recovery_seconds": (self.recovery_seconds_,),
            },
            {"response_last": (float(self.response_[-1]),)},
            {"response_last": (self.coefficient_ * share,)},
            quality={
                "r_squared": (self.r_squared_,),
                "r_squared_same_step": (self.r_squared_now_,),
                "residual_spread": (found.residual_spread,),
                "coefficient_error": (self.error_,),
            },
        )
        return self


def _recovery(response: Floats) -> tuple[float, float]:
    """The share that stays and the time constant, in steps, of a response that begins at 1."""
    after = np.arange(response.size, dtype=np.float64)
    best = (np.inf, 1.0, 1.0)
    for steps in np.geomspace(0.25, 4.0 * response.size, _RECOVERIES):
        decay = np.exp(-after / steps)
        # response - decay = share (1 - decay): one coefficient, by least squares.
        rest = 1.0 - decay
        share = float(np.clip((rest * (response - decay)).sum() / (rest**2).sum(), 0.0, 1.0))
        misfit = float(((decay + share * rest - response) ** 2).sum())
        best = min(best, (misfit, share, float(steps)))
    return best[1], best[2]
