"""Terms of some assets become terms of all; the exact engine hears them; books have exposures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation.stress_engines import HOUR, asked, falls
from trimtab.kernels.clearing import oracle_terms
from trimtab.kernels.impact import ImpactKind, ImpactTable, impact_terms, log_impact
from trimtab.simulation.stress import EngineKind, prepared, run_stress, terms_of
from trimtab.simulation.stress.covering import market_of, oracle_of
from trimtab.simulation.stress.exposures import exposures
from trimtab.units import UsageError

ASSETS = ("BTC", "ETH", "USDC")


def test_markets_of_some_assets_keep_theirs_and_free_the_rest():
    table = ImpactTable(np.array([0.0, 1.0]), np.array([0.0, 0.2]))
    given = impact_terms(
        ("ETH", "BTC"),
        kind=[ImpactKind.TABLE, ImpactKind.LINEAR],
        first=[0.0, 0.3],
        fee=[0.99, 0.98],
        recovery_seconds=600.0,
        tables=(table, None),
        feedback=False,
    )
    found = market_of(given, ASSETS)
    assert found.assets == ASSETS
    assert found.fee.tolist() == [0.98, 0.99, 1.0]
    assert not found.feedback
    for place, expected in enumerate((0.6, 0.4, 0.0)):
        assert log_impact(found, place, outstanding=2.0) == pytest.approx(expected)
    assert market_of(None, ASSETS).kind.tolist() == [0, 0, 0]
    idle = impact_terms(("DOGE",))
    assert market_of(idle, ASSETS).assets == ASSETS, "no impact needs no path"


def test_oracles_of_some_assets_keep_theirs():
    given = oracle_terms(("ETH",), deviation=0.01, delay_steps=3)
    found = oracle_of(given, ASSETS)
    assert found.delay_steps.tolist() == [0, 3, 0]
    assert found.deviation.tolist() == [0.0, 0.01, 0.0]
    assert oracle_of(None, ASSETS).is_market


def test_terms_of_an_asset_without_a_path_are_refused(small):
    market = impact_terms(("DOGE",), kind=ImpactKind.LINEAR, first=1.0)
    with pytest.raises(UsageError, match=r"^market: terms of DOGE, which has no path; paths are"):
        prepared(asked(small, market=market), engine=falls)
    with pytest.raises(UsageError, match=r"^oracle: terms of DOGE, which has no path"):
        prepared(asked(small, oracle=oracle_terms(("DOGE",))), engine=falls)


def test_keepers_are_the_cases_own_unless_given(small):
    grid = prepared(asked(small), engine=falls).grid
    keepers = terms_of(asked(small), grid).keepers
    assert keepers.gas == small.replay.gas_cost_wad / 1e18
    assert keepers.min_profit == small.replay.min_profit_wad / 1e18
    dearer = replace(keepers, gas=77.0)
    assert terms_of(asked(small, keepers=dearer), grid).keepers.gas == 77.0


def test_exposures_are_what_borrowers_own_less_what_they_owe(small):
    found = exposures(small, ("BTC", "ETH"), prices=(30000.0, 2000.0))
    owing = {row.account for row in small.book if row.quantity < 0}
    rows = [r for r in small.book if r.account in owing and r.instrument == "ETH"]
    units = sum(row.quantity for row in rows) / 10 ** small.rules.assets["ETH"].decimals
    assert found[1] == pytest.approx(2000.0 * units)


def test_thin_markets_make_it_worse_in_the_exact_engine(small):
    """The same paths and book: with sales that move the price, more is lost and liquidated."""
    question = replace(
        asked(small, paths=12, vol=1.5, engine=EngineKind.EXACT), step_seconds=24 * HOUR
    )
    thin = impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=0.02)
    free = run_stress(question, curve=False)
    moved = run_stress(replace(question, market=thin), curve=False)
    assert moved.loss.mean.value > free.loss.mean.value
    assert moved.outcomes.columns["displacement_ETH"].min() < -0.05
    assert (free.outcomes.columns["displacement_ETH"] == 0.0).all()
