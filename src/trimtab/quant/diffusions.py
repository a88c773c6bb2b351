"""Diffusions learnt from log returns: geometric Brownian motion, Merton's jumps, Heston's variance.

Every process is per asset; how assets move together is `CopulaDependence`. Rates are per year of
365 days; the drift is that of the price: E[S(t)] = S(0) exp(drift t).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.returns import (
    FitReport,
    ReturnPanel,
    floats,
    moments_of,
    require_length,
)

Floats = NDArray[np.float64]

_JUMPS_MAX: Final = 8


class GeometricBrownian:
    """d ln S = (drift - vol**2 / 2) dt + vol dW, by maximum likelihood.

    Learns `drift_annual_`, `vol_annual_`, `vol_error_` (standard error) per asset, `report_`.
    """

    def __init__(self, *, least_returns: int = 20) -> None:
        self.least_returns = least_returns

    def fit(self, panel: ReturnPanel) -> GeometricBrownian:
        """Learn from a panel; DataError where it is too short or does not move."""
        require_length(panel, self.least_returns, model="a Brownian motion")
        returns, step = panel.log_returns, panel.step_years
        variance = returns.var(axis=0) / step
        self.vol_annual_ = np.sqrt(variance)
        self.drift_annual_ = returns.mean(axis=0) / step + 0.5 * variance
        self.vol_error_ = self.vol_annual_ / math.sqrt(2.0 * len(panel))
        spread = self.vol_annual_ * math.sqrt(step)
        likelihood = -0.5 * len(panel) * (1.0 + np.log(2.0 * math.pi * spread**2))
        zero = np.zeros_like(variance)
        self.report_ = FitReport(
            "geometric Brownian motion",
            len(panel),
            {"drift_annual": floats(self.drift_annual_), "vol_annual": floats(self.vol_annual_)},
            moments_of(returns, step),
            {
                "vol_annual": floats(self.vol_annual_),
                "skewness": floats(zero),
                "excess_kurtosis": floats(zero),
            },
            float(likelihood.sum()),
        )
        return self


class MertonJumps:
    """A Brownian motion with normal jumps of the logarithm at Poisson times, by likelihood.

    A step's density is the mixture over n jumps, n up to 8, of normals with mean m dt + n jump_mean
    and variance vol**2 dt + n jump_vol**2. Source: R. Merton, "Option pricing when underlying stock
    returns are discontinuous", Journal of Financial Economics 3 (1976).

    Learns `drift_annual_`, `vol_annual_` (of the diffusion), `jumps_per_year_`, `jump_mean_`,
    `jump_vol_` per asset, `report_`.
    """

    def __init__(self, *, least_returns: int = 250) -> None:
        self.least_returns = least_returns

    def fit(self, panel: ReturnPanel) -> MertonJumps:
        """Learn from a panel; DataError where it is too short or does not move."""
        require_length(panel, self.least_returns, model="a jump diffusion")
        step = panel.step_years
        found = [_merton_fit(column) for column in panel.log_returns.T]
        mean, spread, rate, jump_mean, jump_vol, likelihood = (
            np.array(column) for column in zip(*found, strict=True)
        )
        self.vol_annual_ = spread / math.sqrt(step)
        self.jumps_per_year_ = rate / step
        self.jump_mean_, self.jump_vol_ = jump_mean, jump_vol
        # E[exp of a step] = exp(mean + spread**2 / 2 + rate (E[exp jump] - 1)).
        growth = np.exp(jump_mean + 0.5 * jump_vol**2) - 1.0
        self.drift_annual_ = (mean + 0.5 * spread**2 + rate * growth) / step
        variance = spread**2 + rate * (jump_mean**2 + jump_vol**2)
        third = rate * (jump_mean**3 + 3.0 * jump_mean * jump_vol**2)
        fourth = rate * (jump_mean**4 + 6.0 * jump_mean**2 * jump_vol**2 + 3.0 * jump_vol**4)
        self.report_ = FitReport(
            "Merton jumps",
            len(panel),
            {
                "drift_annual": floats(self.drift_annual_),
                "vol_annual": floats(self.vol_annual_),
                "jumps_per_year": floats(self.jumps_per_year_),
                "jump_mean": floats(jump_mean),
                "jump_vol": floats(jump_vol),
            },
            moments_of(panel.log_returns, step),
            {
                "vol_annual": floats(np.sqrt(variance / step)),
                "skewness": floats(third / variance**1.5),
                "excess_kurtosis": floats(fourth / variance**2),
            },
            float(likelihood.sum()),
        )
        return self


class HestonVolatility:
    """dv = speed (level - v) dt + vol_of_vol sqrt(v) dW', correlated with the price, by moments.

    level from squared returns; speed and the variance of v from how their autocovariance falls,
    exp(-speed lag); the correlation from how returns go with later squared returns. Source of the
    process: S. Heston, Review of Financial Studies 6 (1993).

    Learns `drift_annual_`, `variance_level_`, `reversion_per_year_`, `vol_of_vol_`,
    `correlation_` (of price and variance) and `variance_now_` per asset, `report_`.
    """

    def __init__(self, *, lags: int = 60, least_returns: int = 500) -> None:
        self.lags = lags
        self.least_returns = least_returns

    def fit(self, panel: ReturnPanel) -> HestonVolatility:
        """Learn from a panel; DataError where it is too short or does not move."""
        require_length(panel, max(self.least_returns, 4 * self.lags), model="a Heston variance")
        step = panel.step_years
        found = [_heston_fit(column, self.lags, step=step) for column in panel.log_returns.T]
        level, speed, vol_of_vol, correlation, now = (
            np.array(column) for column in zip(*found, strict=True)
        )
        self.variance_level_, self.reversion_per_year_ = level, speed
        self.vol_of_vol_, self.correlation_, self.variance_now_ = vol_of_vol, correlation, now
        self.drift_annual_ = panel.log_returns.mean(axis=0) / step + 0.5 * level
        # A short step is a mixture of normals over the law of v: kurtosis 3 Var(v) / level**2.
        kurtosis = 3.0 * vol_of_vol**2 / (2.0 * speed * level)
        self.report_ = FitReport(
            "Heston variance",
            len(panel),
            {
                "drift_annual": floats(self.drift_annual_),
                "variance_level": floats(level),
                "reversion_per_year": floats(speed),
                "vol_of_vol": floats(vol_of_vol),
                "correlation": floats(correlation),
            },
            moments_of(panel.log_returns, step),
            {"vol_annual": floats(np.sqrt(level)), "excess_kurtosis": floats(kurtosis)},
        )
        return self


def _merton_fit(returns: Floats) -> tuple[float, ...]:
    """Mean and spread of a step, jumps a step, mean and spread of a jump, log likelihood."""
    from scipy.optimize import minimize

    scale = float(returns.std())
    unit = (returns - returns.mean()) / scale
    jumps = np.abs(unit) > 3.0
    rate = max(float(jumps.mean()), 2.0 / len(unit))
    start = [0.0, math.log(0.8), math.log(rate), 0.0, math.log(3.0)]
    bounds = [(-1, 1), (-4, 1), (-12, 0), (-10, 10), (-3, 4)]

    def loss(point: Floats) -> float:
        return -_merton_likelihood(unit, point) / len(unit)

    best = minimize(loss, start, method="L-BFGS-B", bounds=bounds)
    mean, spread, rate_log, jump_mean, jump_vol = best.x
    likelihood = -float(best.fun) * len(unit) - len(unit) * math.log(scale)
    return (
        float(mean) * scale + float(returns.mean()),
        math.exp(spread) * scale,
        math.exp(rate_log),
        float(jump_mean) * scale,
        math.exp(jump_vol) * scale,
        likelihood,
    )


def _merton_likelihood(unit: Floats, point: Floats) -> float:
    mean, spread, rate, jump_mean, jump_vol = point
    counts = np.arange(_JUMPS_MAX + 1)
    weights = counts * rate - math.exp(rate) - np.cumsum(np.log(np.maximum(counts, 1)))
    variance = math.exp(2.0 * spread) + counts * math.exp(2.0 * jump_vol)
    gaps = unit[:, None] - mean - counts * jump_mean
    logs = weights - 0.5 * (np.log(2.0 * math.pi * variance) + gaps**2 / variance)
    top = logs.max(axis=1)
    return float((top + np.log(np.exp(logs - top[:, None]).sum(axis=1))).sum())


def _heston_fit(returns: Floats, lags: int, *, step: float) -> tuple[float, ...]:
    """Level, speed, vol of vol, correlation and present variance, annual."""
    from scipy.optimize import curve_fit

    centered = returns - returns.mean()
    squares = centered**2 / step
    level = float(squares.mean())
    gaps = squares - level
    ranks = np.arange(1, lags + 1)
    cov = np.array([float((gaps[:-lag] * gaps[lag:]).mean()) for lag in ranks])
    first = max(float(cov[: max(lags // 10, 1)].mean()), 0.01 * level**2)

    def falling(lag: Any, *point: float) -> Any:
        return point[0] * np.exp(-point[1] * lag * step)

    # Faster than this a variance is noise, and its paths would need a shorter step.
    slowest, fastest = 0.2 / (lags * step), 0.5 / step
    (size, speed), _ = curve_fit(
        falling,
        ranks,
        cov,
        p0=(first, min(3.0 / (lags * step), 0.4 / step)),
        bounds=([1e-4 * level**2, slowest], [np.inf, fastest]),
    )
    vol_of_vol = math.sqrt(2.0 * float(speed) * float(size) / level)
    cross = np.array([float((centered[:-lag] * gaps[lag:]).mean()) for lag in ranks])
    shape = np.exp(-float(speed) * (ranks - 0.5) * step)
    leverage = float((cross * shape).sum() / (shape**2).sum()) / (vol_of_vol * level * step)
    weight = np.exp(-float(speed) * step * np.arange(len(squares)))
    now = float((squares[::-1] * weight).sum() / weight.sum())
    return level, float(speed), vol_of_vol, min(max(leverage, -0.95), 0.95), now
