"""The smallest shock that breaks a venue, against venues whose edge is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import norm

from tests.simulation.stress_engines import HOUR, table_of
from trimtab.kernels.clearing.outcomes import outcomes_of
from trimtab.simulation.paths import Brownian, Dependence
from trimtab.simulation.stress import Process, StressQuestion, reverse_stress
from trimtab.simulation.stress.failing import failing_accounts
from trimtab.units import DataError, UsageError

CORRELATION = np.array([[1.0, 0.6], [0.6, 1.0]])
VOL = np.array([0.6, 0.9])
WEIGHTS = np.array([0.7, 0.3])
WEEK = 168 * HOUR


@dataclass(frozen=True)
class HalfSpace:
    """Insolvent where a weighted sum of the log moves at the end is below -edge."""

    assets: tuple[str, ...]
    weights: tuple[float, ...]
    edge: float

    def __call__(self, prices, first_path):
        moves = np.log(prices[:, -1] / prices[:, 0]) @ np.array(self.weights)
        loss = np.maximum(-moves - self.edge, 0.0) * 1e6
        table = table_of(
            len(prices), bad_debt=loss, socialized=loss, insolvent=(loss > 0).astype(float)
        )
        none = np.zeros((len(prices), len(self.assets)))
        return outcomes_of(table, none, assets=self.assets, first_path=first_path)


def asked(case, *, share=0.0, **choices):
    dependence = Dependence(CORRELATION).towards_one(share)
    model = Brownian(("BTC", "ETH"), np.zeros(2), VOL, dependence)
    return StressQuestion(case, WEEK, 1, step_seconds=HOUR, process=Process(model=model), **choices)


def half_space(weights, edge):
    def maker(question, grid, *, feedback):
        assert feedback, "a shock goes through the cascade"
        del question
        return HalfSpace(grid.assets, tuple(weights), edge)

    return maker


@pytest.mark.parametrize("weights", [(0.7, 0.3), (0.0, 1.0), (1.0, 0.0), (1.0, -0.4)])
def test_the_edge_of_a_half_space_is_found(small, weights):
    """Distance e / sqrt(w'Cw) at the moves -e Cw / w'Cw: the point of the plane nearest 0."""
    question = asked(small)
    found = reverse_stress(question, engine=half_space(weights, 0.3))
    covariance = CORRELATION * np.outer(VOL, VOL) * 7 / 365
    spread = math.sqrt(np.array(weights) @ covariance @ np.array(weights))
    assert found.is_found
    assert found.distance == pytest.approx(0.3 / spread, rel=4e-3)
    assert found.distance >= 0.3 / spread, "never closer than the truth"
    assert found.probability == pytest.approx(norm.cdf(-found.distance))
    nearest = -0.3 * covariance @ np.array(weights) / spread**2
    moves = np.log1p([found.shock[asset] for asset in ("BTC", "ETH")])
    np.testing.assert_allclose(moves, nearest, atol=0.04)
    assert moves @ np.array(weights) < -0.3
    assert found.shocks_tried < 3000


def test_a_venue_that_survives_everything_says_so(small):
    found = reverse_stress(asked(small), engine=half_space(WEIGHTS, 1e9))
    assert not found.is_found
    assert (found.distance, found.probability) == (math.inf, 0.0)
    document = found.to_json()
    assert (document["distance"], document["is_found"]) == (None, False)


def test_a_loss_can_be_the_end_in_place_of_insolvency(small):
    first = reverse_stress(asked(small), engine=half_space(WEIGHTS, 0.3))
    far = reverse_stress(asked(small), engine=half_space(WEIGHTS, 0.3), loss_limit=1e5)
    covariance = CORRELATION * np.outer(VOL, VOL) * 7 / 365
    spread = math.sqrt(WEIGHTS @ covariance @ WEIGHTS)
    assert far.distance == pytest.approx(0.4 / spread, rel=4e-3)
    assert far.distance > first.distance
    assert far.loss > 1e5
    with pytest.raises(UsageError, match="loss limit: found -1, expected 0 or more"):
        reverse_stress(asked(small), engine=half_space(WEIGHTS, 0.3), loss_limit=-1)


def test_a_singular_covariance_is_refused_by_name(small):
    with pytest.raises(DataError, match=r"singular.*BTC and ETH correlate 1.0"):
        reverse_stress(asked(small, share=1.0), engine=half_space(WEIGHTS, 0.3))
    still = replace(asked(small), process=Process(None))
    with pytest.raises(DataError, match="the prices stand still: no covariance"):
        reverse_stress(still, engine=half_space(WEIGHTS, 0.3))


def test_the_same_seed_finds_the_same_shock(small):
    one, other = (reverse_stress(asked(small), engine=half_space(WEIGHTS, 0.3)) for _ in range(2))
    assert one == other


def test_who_fails_is_told_exactly(small):
    """Nobody at the first prices; after a fall those who are unsafe, the weakest first."""
    assert failing_accounts(small, {}) == ()
    fallen = failing_accounts(small, {"ETH": -0.5, "BTC": -0.5})
    assert fallen
    ratios = [one.equity / one.debt for one in fallen]
    assert ratios == sorted(ratios)
    assert ratios[0] < 0.0
    for one in fallen:
        assert one.collateral - one.debt == pytest.approx(one.equity)
