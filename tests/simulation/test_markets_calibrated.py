"""Markets are what estimators learnt, and a law's fit to a market is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.quant.market_samples import flows_and_returns, reverting_depths
from tests.simulation.market_shapes import ladder
from trimtab.kernels.impact import ImpactKind
from trimtab.quant import DepthResilience, DepthThinning, FlowImpact
from trimtab.simulation.markets import (
    ConstantProductPool,
    LinearImpact,
    SquareRootImpact,
    curve_fits,
    market_of_book,
    market_of_flow,
)
from trimtab.units import DataError

SPREADS = np.exp(np.random.default_rng(1).normal(0.0, 0.5, 400))
THINNING = DepthThinning().fit(9.0 * SPREADS**-0.8, SPREADS)


@pytest.mark.parametrize("root", [False, True])
def test_a_flow_becomes_the_market_that_made_it(root):
    made = {"peak": 4e-5, "share": 0.3, "recovery": 5.0, "root": root}
    fit = FlowImpact(root=root).fit(*flows_and_returns(20_000, **made), step_seconds=60.0)
    market = market_of_flow(fit, thinning=THINNING)
    kind = ImpactKind.SQUARE_ROOT if root else ImpactKind.LINEAR
    assert market.curve.kind is kind
    assert market.curve.first == pytest.approx(4e-5, rel=0.03)
    assert market.permanent_share == pytest.approx(0.3, abs=0.04)
    assert market.recovery_seconds == pytest.approx(300.0, rel=0.15)
    assert market.thinning == pytest.approx(0.8)
    assert market.depth_factor(2 * market.sigma_ref) == pytest.approx(
        max(0.5**0.8, market.depth_least)
    )
    assert market_of_flow(fit).depth_factor(50.0) == 1.0


def test_a_watched_book_becomes_a_market():
    fit = DepthResilience().fit(reverting_depths(2000, keep=0.8), step_seconds=1.0)
    curve = ladder().curve()
    market = market_of_book(curve, fit)
    assert market.curve is curve
    assert market.left_after(8.0, fit.half_life_seconds_) == pytest.approx(4.0)
    assert market.permanent_share == 0.0


def test_depth_that_grows_in_storms_does_not_thin():
    grows = DepthThinning().fit(9.0 * SPREADS**0.5, SPREADS)
    fit = DepthResilience().fit(reverting_depths(500, keep=0.5), step_seconds=1.0)
    market = market_of_book(ladder().curve(), fit, thinning=grows)
    assert grows.exponent_ == pytest.approx(-0.5)
    assert market.thinning == 0.0
    assert market.depth_factor(100.0) == 1.0


def test_a_law_fits_itself_and_no_other():
    line = curve_fits(LinearImpact(2e-4).curve(), deepest=500.0)
    assert line["line"].quality["r_squared"][0] == pytest.approx(1.0)
    assert line["line"].parameters["coefficient"][0] == pytest.approx(2e-4)
    assert line["square root"].quality["r_squared"][0] < 0.95
    root = curve_fits(SquareRootImpact(3e-3).curve(), deepest=500.0)
    assert root["square root"].parameters["coefficient"][0] == pytest.approx(3e-3)
    pool = curve_fits(ConstantProductPool(1000.0, 1.0, 0.0).curve(), deepest=10.0)
    assert pool["line"].parameters["coefficient"][0] == pytest.approx(2 / 1000, rel=0.01)


def test_a_table_is_described_to_its_end():
    book = ladder(40)
    found = curve_fits(book.curve())
    deepest = float(book.quantities.sum())
    assert found["line"].data_moments["discount_last"][0] == pytest.approx(
        book.curve().log_impact(deepest)
    )
    assert math.isfinite(found["line"].quality["residual_spread"][0])
    with pytest.raises(DataError, match="a law needs no fit of itself"):
        curve_fits(LinearImpact(1e-4).curve())
