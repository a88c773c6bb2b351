"""Processes of stress tests: learnt, freed of drift, correlated, pegged, beside still prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.quant.panels import normal_panel
from tests.simulation.path_models import (
    BROWNIAN,
    FILTERED,
    GARCH,
    HESTON,
    JUMPS,
    MODELS,
    NAMES,
    REGIMES,
    grid_of,
)
from tests.simulation.stress_engines import brownian
from trimtab.simulation.paths import (
    BesideStill,
    Brownian,
    GarchPaths,
    PathKind,
    PegPaths,
    Shocked,
    ShockMove,
    price_paths,
)
from trimtab.simulation.stress import Peg, Process
from trimtab.simulation.stress.exposures import falling_assets, moving_assets
from trimtab.simulation.stress.process import correlated, learnt, start_prices, without_drift
from trimtab.units import DataError, UsageError

# Residuals of a fit have no mean; those of the tests' model are plain returns.
CENTERED = replace(FILTERED, residuals=FILTERED.residuals - FILTERED.residuals.mean(axis=0))


def test_a_given_model_is_taken_and_the_rest_stands_still(small):
    found = learnt(Process(model=brownian()), small)
    assert isinstance(found.model, BesideStill)
    assert found.model.assets == ("ETH", "BTC")
    assert (found.reports, found.step_seconds) == ((), 0.0)
    assert start_prices(small, found.model.assets) == (2000.0, 30000.0)


def test_a_model_of_assets_without_a_price_is_refused(small):
    with pytest.raises(UsageError, match=r"the process moves DOGE, which the case has no price of"):
        learnt(Process(model=brownian("DOGE")), small)


def test_a_history_of_its_own_teaches_with_its_step(small):
    panel = normal_panel(600, seed=4)
    assert set(panel.assets) != {"ETH"}
    named = type(panel)(
        ("BTC", "ETH"), panel.step_seconds, panel.log_returns, panel.follows, panel.last_price
    )
    found = learnt(Process(PathKind.BROWNIAN, history=named), small)
    assert isinstance(found.model, Brownian)
    assert found.step_seconds == panel.step_seconds
    assert {report.model for report in found.reports}
    np.testing.assert_array_equal(found.model.drift_annual, 0.0)
    kept = learnt(Process(PathKind.BROWNIAN, history=named, keep_drift=True), small)
    assert (kept.model.drift_annual != 0.0).all()
    np.testing.assert_array_equal(kept.model.vol_annual, found.model.vol_annual)


@pytest.mark.parametrize("model", [BROWNIAN, JUMPS, HESTON, GARCH, CENTERED])
def test_without_drift_a_price_goes_nowhere_on_average(model):
    still = without_drift(model)
    prices = price_paths(still, grid_of(24), seed=3, paths=6000)[:, -1]
    mean, error = prices.mean(axis=0), prices.std(axis=0) / np.sqrt(6000)
    first = np.array([100.0, 200.0])
    # GARCH has its drift from today's variance: good to a share of what the variance moves.
    slack = 0.002 * first if isinstance(still, GarchPaths) or model is CENTERED else 0.0
    assert (np.abs(mean - first) < 4.5 * error + slack).all()


def test_models_without_a_drift_to_drop_stay_as_they_are():
    for kind in ("regimes", "bootstrap", "windows"):
        assert without_drift(MODELS[kind]) is MODELS[kind]


@pytest.mark.parametrize("model", [BROWNIAN, JUMPS, HESTON, GARCH])
def test_correlation_to_one_moves_the_copula(model):
    found = correlated(model, 0.5).dependence.correlation[0, 1]
    assert found == pytest.approx(0.8)
    assert correlated(model, 1.0).dependence.correlation[0, 1] == pytest.approx(1.0)


def test_correlation_to_one_of_regimes_keeps_their_variances():
    found = correlated(REGIMES, 1.0)
    for before, after in zip(REGIMES.covariances, found.covariances, strict=True):
        np.testing.assert_allclose(np.diag(after), np.diag(before))
        assert after[0, 1] == pytest.approx(np.sqrt(before[0, 0] * before[1, 1]))


@pytest.mark.parametrize("kind", ["bootstrap", "filtered", "windows"])
def test_resampled_history_cannot_be_correlated(kind):
    with pytest.raises(UsageError, match="resampled history moves as it did; take brownian"):
        correlated(MODELS[kind], 0.5)


def test_a_peg_needs_enough_prices_to_learn_from(small):
    with pytest.raises(DataError, match="too short to calibrate a peg; found '9 prices'"):
        learnt(Process(model=brownian(), pegs=(Peg("BTC", "ETH"),)), small)


def test_a_peg_is_learnt_from_the_case_and_its_breaks_are_given(demo):
    peg = Peg("STETH", "ETH", depegs_per_year=50.0, depeg_mean=-0.1, depeg_vol=0.02)
    found = learnt(Process(PathKind.BROWNIAN, pegs=(peg,)), demo)
    inner = found.model.model if isinstance(found.model, BesideStill) else found.model
    assert isinstance(inner, PegPaths)
    assert (inner.asset, inner.peg, inner.depegs_per_year) == ("STETH", "ETH", 50.0)
    assert found.reports[-1].model == "peg reversion"
    prices = dict(zip(found.model.assets, start_prices(demo, found.model.assets), strict=True))
    assert inner.gap_now == pytest.approx(np.log(prices["STETH"] / prices["ETH"]))


def test_a_named_shock_falls_on_what_borrowers_own(demo):
    found = learnt(Process(PathKind.BROWNIAN, shock="crash"), demo)
    assert isinstance(found.model, Shocked)
    for move in found.model.shock:
        assert set(move.moves) == {"ETH", "STETH", "WBTC"}
    by_hand = (ShockMove(60.0, {"*": -0.1}),)
    found = learnt(Process(PathKind.BROWNIAN, shock=by_hand), demo)
    assert found.model.shock == by_hand, "what is given is taken as it is"


def test_what_hardly_moves_stays_in_a_shock(demo):
    model = learnt(Process(PathKind.BROWNIAN), demo).model
    prices = start_prices(demo, model.assets)
    moving = dict(zip(model.assets, moving_assets(model), strict=True))
    assert moving["ETH"]
    assert not moving["USDC"]
    falls = dict(zip(model.assets, falling_assets(demo, model, prices=prices), strict=True))
    assert falls == {name: name in ("ETH", "STETH", "WBTC") for name in model.assets}


def test_names_of_path_models_used_here_are_the_tests_own():
    assert BROWNIAN.assets == NAMES
