"""Volatility that clusters: GARCH(1,1) and its asymmetric form, by quasi maximum likelihood.

    h(t) = omega + (alpha + gamma [e(t-1) < 0]) e(t-1)**2 + beta h(t-1),   r(t) = mean + e(t)

Source: L. Glosten, R. Jagannathan, D. Runkle, Journal of Finance 48 (1993); gamma = 0 is
T. Bollerslev, Journal of Econometrics 31 (1986).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.returns import FitReport, ReturnPanel, floats, moments_of, require_length

Floats = NDArray[np.float64]

_PERSISTENCE_MOST: Final = 0.9995
# Log returns from which a GARCH variance is learnt; fewer leave its three shares undecided.
GARCH_RETURNS_LEAST: Final = 500


class AsymmetricGarch:
    """One asymmetric GARCH(1,1) per asset; with `asymmetric=False` gamma is 0.

    Learns `mean_`, `omega_`, `alpha_`, `gamma_`, `beta_` (of a step), `last_variance_` (of the step
    after the history), `residuals_` (standardized, rows by assets), `step_seconds_`, `report_`.
    """

    def __init__(
        self, *, asymmetric: bool = True, least_returns: int = GARCH_RETURNS_LEAST
    ) -> None:
        self.asymmetric = asymmetric
        self.least_returns = least_returns

    def fit(self, panel: ReturnPanel) -> AsymmetricGarch:
        """Learn from a panel; DataError where it is too short or does not move."""
        require_length(panel, self.least_returns, model="a GARCH variance")
        found = [_fit(column, asymmetric=self.asymmetric) for column in panel.log_returns.T]
        self.mean_ = panel.log_returns.mean(axis=0)
        points = np.array([point for point, _ in found])
        self.omega_, self.alpha_, self.gamma_, self.beta_ = points.T
        errors = panel.log_returns - self.mean_
        paths = [variances(one, point) for one, point in zip(errors.T, points, strict=True)]
        history = np.stack(paths, axis=1)
        self.last_variance_ = history[-1]
        self.residuals_ = errors / np.sqrt(history[:-1])
        self.step_seconds_ = panel.step_seconds
        persistence = self.alpha_ + 0.5 * self.gamma_ + self.beta_
        level = self.omega_ / (1.0 - persistence)
        self.report_ = FitReport(
            "asymmetric GARCH" if self.asymmetric else "GARCH",
            len(panel),
            {
                "mean": floats(self.mean_),
                "omega": floats(self.omega_),
                "alpha": floats(self.alpha_),
                "gamma": floats(self.gamma_),
                "beta": floats(self.beta_),
                "persistence": floats(persistence),
            },
            moments_of(panel.log_returns, panel.step_years),
            {"vol_annual": floats(np.sqrt(level / panel.step_years))},
            float(sum(likelihood for _, likelihood in found)),
        )
        return self


def variances(errors: Floats, point: Floats) -> Floats:
    """Return the variance of each step and of the one after, from errors and parameters.

    The recursion is linear in h, so a linear filter runs it. It begins at the mean square.
    """
    from scipy.signal import lfilter

    omega, alpha, gamma, beta = point
    squares = errors**2
    driven = omega + (alpha + gamma * (errors < 0.0)) * squares
    start = float(squares.mean())
    found, _ = lfilter([1.0], [1.0, -beta], driven, zi=np.array([beta * start]))
    return np.concatenate([[start], found])


def _fit(returns: Floats, *, asymmetric: bool) -> tuple[Floats, float]:
    """Parameters and log likelihood of one asset, learnt on returns of unit variance."""
    from scipy.optimize import minimize

    scale = float(returns.std())
    unit = (returns - returns.mean()) / scale
    gamma_most = 1.0 if asymmetric else 0.0

    def loss(point: Floats) -> float:
        found = np.maximum(variances(unit, point)[:-1], 1e-8)
        return 0.5 * float((np.log(found) + unit**2 / found).mean())

    limits = {"type": "ineq", "fun": lambda p: _PERSISTENCE_MOST - p[1] - 0.5 * p[2] - p[3]}
    starts = [(0.02, 0.05, 0.04, 0.90), (0.1, 0.1, 0.05, 0.75)]
    tries = [
        minimize(
            loss,
            (omega, alpha, gamma if asymmetric else 0.0, beta),
            method="SLSQP",
            bounds=[(1e-7, 2.0), (0.0, 1.0), (0.0, gamma_most), (0.0, _PERSISTENCE_MOST)],
            constraints=[limits],
            options={"maxiter": 300, "ftol": 1e-10},
        )
        for omega, alpha, gamma, beta in starts
    ]
    best = min(tries, key=lambda one: float(one.fun))
    point = np.array(best.x, dtype=np.float64)
    likelihood = -len(unit) * (float(best.fun) + 0.5 * math.log(2.0 * math.pi) + math.log(scale))
    point[0] *= scale**2
    return point, likelihood
