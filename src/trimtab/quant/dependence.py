"""How assets move together: a Gaussian or Student copula of their ranks.

Each column becomes its ranks, ranks become quantiles of the normal or Student law, and their
correlation is the copula's. Ranks do not care about the shape of the margins.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.returns import (
    SINGULAR,
    FitReport,
    ReturnPanel,
    floats,
    require_length,
    require_regular,
)

Floats = NDArray[np.float64]

# Beyond the last the copula is taken for Gaussian: its tails can no longer be told apart.
_DEGREES: Final = (2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0, 30.0, 50.0)


class CopulaDependence:
    """The copula of a panel; with `student=False` Gaussian.

    Learns `correlation_`, `degrees_` (of freedom; infinite is Gaussian), `report_`.
    """

    def __init__(self, *, student: bool = True, least_returns: int = 100) -> None:
        self.student = student
        self.least_returns = least_returns

    def fit(self, panel: ReturnPanel) -> CopulaDependence:
        """Learn from a panel; DataError where it is too short, or the covariance is singular."""
        require_length(panel, self.least_returns, model="how assets move together")
        return self.fit_residuals(panel.log_returns, panel.assets)

    def fit_residuals(self, rows: Floats, assets: tuple[str, ...]) -> CopulaDependence:
        """Learn from any rows of numbers, as a GARCH's residuals."""
        uniforms = _ranks(rows)
        choices = [math.inf, *(_DEGREES if self.student and len(assets) > 1 else ())]
        require_regular(_likelihood(uniforms, math.inf)[0], assets)
        found = {degrees: _likelihood(uniforms, degrees) for degrees in choices}
        self.degrees_ = max(found, key=lambda degrees: found[degrees][1])
        self.correlation_, likelihood = found[self.degrees_]
        above = np.triu_indices(len(assets), 1)
        self.report_ = FitReport(
            "Gaussian copula" if math.isinf(self.degrees_) else "Student copula",
            len(rows),
            {"degrees": (self.degrees_,), "correlation": floats(self.correlation_[above])},
            {"correlation": floats(np.atleast_2d(np.corrcoef(rows.T))[above])},
            {"correlation": floats(self.correlation_[above])},
            likelihood,
        )
        return self


def _ranks(rows: Floats) -> Floats:
    """Ranks from 1 / (n + 1) to n / (n + 1) per column, ties in order of rows."""
    order = np.argsort(np.argsort(rows, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray((order + 1.0) / (len(rows) + 1.0), dtype=np.float64)


def _likelihood(uniforms: Floats, degrees: float) -> tuple[Floats, float]:
    """The correlation of a copula's quantiles, and its log likelihood."""
    from scipy.special import gammaln, ndtri, stdtrit

    is_normal = math.isinf(degrees)
    scores: Any = ndtri(uniforms) if is_normal else stdtrit(degrees, uniforms)
    count = scores.shape[1]
    correlation: Floats = np.asarray(np.atleast_2d(np.corrcoef(scores.T)), dtype=np.float64)
    if float(np.linalg.eigvalsh(correlation)[0]) <= SINGULAR:
        return correlation, -math.inf
    root = np.linalg.cholesky(correlation)
    distance = (np.linalg.solve(root, scores.T) ** 2).sum(axis=0)
    volume = float(np.log(np.diag(root)).sum())
    if is_normal:
        logs = -volume - 0.5 * (distance - (scores**2).sum(axis=1))
        return correlation, float(logs.sum())
    half = 0.5 * (degrees + count)
    constant = (
        gammaln(half)
        + (count - 1) * gammaln(0.5 * degrees)
        - count * gammaln(0.5 * (degrees + 1.0))
        - volume
    )
    margins = 0.5 * (degrees + 1.0) * np.log1p(scores**2 / degrees).sum(axis=1)
    logs = constant - half * np.log1p(distance / degrees) + margins
    return correlation, float(logs.sum())
