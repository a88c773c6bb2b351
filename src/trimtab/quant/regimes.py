"""Hidden regimes: joint normal returns whose means and covariances switch by a Markov chain.

Source: J. Hamilton, Econometrica 57 (1989); learnt by expectation maximization (L. Baum et al.,
Annals of Mathematical Statistics 41, 1970).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.returns import FitReport, ReturnPanel, floats, moments_of, require_length
from trimtab.units import DataError

Floats = NDArray[np.float64]

STATES_MOST: Final = 5
# Of the covariance of the data, added to each state's: no state may shrink onto one row.
_RIDGE: Final = 1e-4
_ENOUGH: Final = 1e-8


class RegimeSwitching:
    """A hidden Markov chain of `states` regimes, calm first.

    Learns `moves_` (chance of the next regime, rows from), `means_` and `covariances_` of a step,
    `now_` (chance of each regime after the history), `shares_` (long-run), `step_seconds_`,
    `iterations_`, `report_`.
    """

    moves_: Floats
    means_: Floats
    covariances_: Floats
    now_: Floats

    def __init__(
        self, *, states: int = 2, iterations_max: int = 200, least_returns: int = 200
    ) -> None:
        self.states = states
        self.iterations_max = iterations_max
        self.least_returns = least_returns

    def fit(self, panel: ReturnPanel) -> RegimeSwitching:
        """Learn from a panel; DataError where it is too short, or states are out of range."""
        if not 2 <= self.states <= STATES_MOST:
            raise DataError(
                "a number of regimes that cannot be told apart",
                found=str(self.states),
                expected=f"2 to {STATES_MOST}",
            )
        require_length(panel, self.least_returns, model="regimes")
        self._start(panel.log_returns)
        likelihood = -math.inf
        for step in range(1, self.iterations_max + 1):
            self.iterations_ = step
            before, likelihood = likelihood, self._improve(panel.log_returns)
            if likelihood - before < _ENOUGH * abs(likelihood):
                break
        order = np.argsort([np.trace(one) for one in self.covariances_], kind="stable")
        self.means_, self.covariances_ = self.means_[order], self.covariances_[order]
        self.moves_, self.now_ = self.moves_[np.ix_(order, order)], self.now_[order]
        self.shares_ = _long_run(self.moves_)
        self.step_seconds_ = panel.step_seconds
        self.report_ = self._report(panel, likelihood)
        return self

    def _start(self, returns: Floats) -> None:
        """Begin with rows sorted by size, cut into equal parts, and regimes that last."""
        size = (((returns - returns.mean(axis=0)) / returns.std(axis=0)) ** 2).sum(axis=1)
        parts = np.array_split(np.argsort(size, kind="stable"), self.states)
        self._ridge = _RIDGE * np.diag(returns.var(axis=0))
        self.means_ = np.stack([returns[part].mean(axis=0) for part in parts])
        self.covariances_ = np.stack([_covariance(returns[part]) + self._ridge for part in parts])
        stay = 0.95
        leave = (1.0 - stay) / (self.states - 1)
        self.moves_ = np.full((self.states, self.states), leave)
        np.fill_diagonal(self.moves_, stay)
        self.now_ = np.full(self.states, 1.0 / self.states)
        self._first = self.now_

    def _improve(self, returns: Floats) -> float:
        from trimtab.quant import regime_loops

        logs = np.stack(
            [_log_density(returns, m, cov=c) for m, c in self._regimes()],
            axis=1,
        )
        top = logs.max(axis=1)
        densities = np.exp(logs - top[:, None])
        filtered, smoothed = np.empty_like(densities), np.empty_like(densities)
        found = regime_loops.forward(densities, self.moves_, start=self._first, out=filtered)
        counts = regime_loops.backward(densities, self.moves_, filtered=filtered, out=smoothed)
        self.now_ = filtered[-1] @ self.moves_
        weights = smoothed.sum(axis=0)
        self._first = smoothed[0]
        self.moves_ = counts / counts.sum(axis=1, keepdims=True)
        self.means_ = (smoothed.T @ returns) / weights[:, None]
        for state in range(self.states):
            gaps = returns - self.means_[state]
            spread = (smoothed[:, state, None] * gaps).T @ gaps / weights[state]
            self.covariances_[state] = spread + self._ridge
        return float(found + top.sum())

    def _regimes(self) -> Iterator[tuple[Floats, Floats]]:
        return zip(self.means_, self.covariances_, strict=True)

    def _report(self, panel: ReturnPanel, likelihood: float) -> FitReport:
        mean = self.shares_ @ self.means_
        second = sum(
            share * (np.diag(cov) + (center - mean) ** 2)
            for share, cov, center in zip(self.shares_, self.covariances_, self.means_, strict=True)
        )
        steps = np.sqrt(np.stack([np.diag(cov) for cov in self.covariances_]) / panel.step_years)
        return FitReport(
            f"{self.states} regimes",
            len(panel),
            {
                "stay": floats(np.diag(self.moves_)),
                "share": floats(self.shares_),
                **{f"vol_annual_{n}": floats(row) for n, row in enumerate(steps)},
            },
            moments_of(panel.log_returns, panel.step_years),
            {"vol_annual": floats(np.sqrt(np.asarray(second) / panel.step_years))},
            likelihood,
        )


def _covariance(rows: Floats) -> Floats:
    gaps = rows - rows.mean(axis=0)
    found: Floats = gaps.T @ gaps / max(len(rows), 1)
    return found


def _log_density(rows: Floats, mean: Floats, *, cov: Floats) -> Floats:
    root = np.linalg.cholesky(cov)
    unit = np.linalg.solve(root, (rows - mean).T)
    constant = np.log(np.diag(root)).sum() + 0.5 * len(mean) * math.log(2.0 * math.pi)
    found: Floats = -0.5 * (unit**2).sum(axis=0) - constant
    return found


def _long_run(moves: Floats) -> Floats:
    """The stationary law of a Markov chain."""
    states = len(moves)
    system = np.concatenate([moves.T - np.eye(states), np.ones((1, states))])
    target = np.concatenate([np.zeros(states), [1.0]])
    found = np.maximum(np.linalg.lstsq(system, target, rcond=None)[0], 0.0)
    share: Floats = found / found.sum()
    return share
