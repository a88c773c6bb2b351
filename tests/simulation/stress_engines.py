"""Small engines of paths, whose outcomes are known, for tests of all that stands around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.kernels.clearing.outcomes import COLUMNS, outcomes_of
from trimtab.model import Case
from trimtab.simulation.paths import Brownian, Dependence
from trimtab.simulation.stress import Process, StressQuestion

HOUR = 3600.0
YEAR = 365 * 24 * HOUR


def table_of(count: int, **columns: np.ndarray) -> np.ndarray:
    """Paths by COLUMNS, 0 where nothing is given."""
    table = np.zeros((count, len(COLUMNS)))
    for name, column in columns.items():
        table[:, COLUMNS.index(name)] = column
    return table


@dataclass(frozen=True)
class FallEngine:
    """Loses the share by which the first asset fell at the end, beyond `spared`, times `scale`.

    The fund pays the first `fund`, suppliers the rest; with feedback a quarter more is liquidated.
    """

    assets: tuple[str, ...]
    spared: float = 0.05
    scale: float = 1000.0
    fund: float = 50.0
    feedback: bool = True

    def __call__(self, prices, first_path):
        fall = 1.0 - prices[:, -1, 0] / prices[:, 0, 0]
        loss = self.scale * np.maximum(fall - self.spared, 0.0)
        paid = np.minimum(loss, self.fund)
        table = table_of(
            len(prices),
            bad_debt=loss,
            liquidated=2000.0 * np.maximum(fall, 0.0) * (1.25 if self.feedback else 1.0),
            insurance_used=paid,
            socialized=loss - paid,
            undercollateralized_time=3.0 * loss,
            insolvent=(loss > self.fund).astype(float),
        )
        displacement = np.full((len(prices), len(self.assets)), -0.01)
        return outcomes_of(table, displacement, assets=self.assets, first_path=first_path)


@dataclass(frozen=True)
class BarrierEngine:
    """Insolvent where the first asset was at a share of its first price, or below, at a step."""

    assets: tuple[str, ...]
    ratio: float

    def __call__(self, prices, first_path):
        hit = (prices[:, 1:, 0] <= self.ratio * prices[:, :1, 0]).any(axis=1).astype(float)
        table = table_of(len(prices), bad_debt=hit, socialized=hit, insolvent=hit)
        displacement = np.zeros((len(prices), len(self.assets)))
        return outcomes_of(table, displacement, assets=self.assets, first_path=first_path)


def falls(question, grid, *, feedback):
    """The maker of `FallEngine`."""
    del question
    return FallEngine(grid.assets, feedback=feedback)


def brownian(asset: str = "ETH", vol: float = 0.8) -> Brownian:
    """One asset whose price is a martingale."""
    return Brownian((asset,), np.zeros(1), np.array([vol]), Dependence(np.eye(1)))


def asked(case: Case, *, paths: int = 200, vol: float = 0.8, **choices: object) -> StressQuestion:
    """A question of a week in steps of hours."""
    given = {"process": Process(model=brownian(vol=vol)), "step_seconds": HOUR, **choices}
    return StressQuestion(case, 168 * HOUR, paths, **given)
