"""What a stress file and a depth table say becomes the terms of a run."""

from __future__ import annotations

import math

import pytest

from trimtab.adapters.files.stress_file import stress_of_tables
from trimtab.adapters.files.toml_text import DecimalText
from trimtab.kernels.clearing import KeeperTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, log_impact, proceeds
from trimtab.model import DepthRow, Side, StressSettings
from trimtab.simulation.chain import stated_keepers, stated_oracles
from trimtab.simulation.markets import stated_terms
from trimtab.units import WAD, DataError

GIVEN = {"prices": {"ETH": 2000.0, "USDC": 1.0}, "volatilities": {"ETH": 0.75}}
LEVELS = tuple(
    DepthRow("ETH", side, price_wad=price * WAD, quantity_wad=10 * WAD)
    for side, prices in ((Side.BID, (1999, 1990, 1980)), (Side.ASK, (2001, 2010, 2020)))
    for price in prices
)


def settings_from(**tables):
    return stress_of_tables(tables)


def terms(settings, assets=("ETH",), depth=()):
    return stated_terms(settings, assets, depth=depth, **GIVEN)


def market(**keys):
    keys = {
        k: DecimalText(v) if isinstance(v, str) and v[0].isdigit() else v for k, v in keys.items()
    }
    return settings_from(markets={"ETH": keys})


def fall(found, quantity, asset=0):
    return 1.0 - math.exp(-log_impact(found, asset, outstanding=quantity))


def test_laws_and_pools_sell_as_they_are_stated():
    line = terms(market(kind="linear", depth=100, within="0.02", fee="0.001"))
    assert fall(line, 100.0) == pytest.approx(0.02)
    assert line.fee[0] == pytest.approx(0.999)
    root = terms(market(kind="square_root", daily_volume=10_000, daily_volatility="0.05"))
    assert log_impact(root, 0, outstanding=100.0) == pytest.approx(0.05 * 0.1)
    pool = terms(market(kind="constant_product", base_reserve=500))
    assert fall(pool, 500.0) == pytest.approx(0.75)
    ranged = terms(
        market(
            kind="concentrated",
            ranges=[[-300_000, 100_000, 10**17]],
            base_decimals=18,
            quote_decimals=6,
        )
    )
    assert ranged.kind[0] == ImpactKind.TABLE
    # Virtual reserve: L / root of the raw price, 2000e-12.
    virtual = 1e17 / math.sqrt(2000e-12) / 1e18
    assert log_impact(ranged, 0, outstanding=virtual) == pytest.approx(2 * math.log(2), rel=1e-3)


def test_the_rows_of_the_depth_table_are_sold_into_without_being_named():
    found = terms(StressSettings(), depth=LEVELS)
    assert proceeds(found, 0, amount=1e-6) == pytest.approx(1e-6 * 1999 / 2000)
    assert found.sigma_ref[0] == 0.75
    named = terms(market(kind="depth", ends=True), depth=LEVELS)
    assert fall(named, 30.001) > 0.999


@pytest.mark.parametrize("worth", [False, True])
def test_bands_in_units_and_in_quote_are_the_same_market(worth):
    def band(bps, units, value):
        given = {"value_wad": value * WAD} if worth else {"quantity_wad": units * WAD}
        return DepthRow("ETH", Side.BID, distance_wad=bps * WAD // 10_000, **given)

    # 10 units at 1990, 10 at 1970 and 10 at 1950: the middles of their bands.
    rows = (band(200, 20, 39_600), band(100, 10, 19_900), band(300, 30, 59_100))
    found = terms(StressSettings(), depth=rows)
    assert fall(found, 20.0) == pytest.approx(1 - 1950 / 1990, rel=1e-9)
    assert found.fee[0] == pytest.approx(1990 / 2000)


def test_venues_are_merged_and_live_as_the_market_says():
    one = {"kind": "constant_product", "base_reserve": 500}
    table = {"venues": {"a": one, "b": one}, "recovery": 60, "thinning": 2}
    table |= {"permanent_share": DecimalText("0.25"), "depth_least": DecimalText("0.1")}
    found = terms(settings_from(markets={"*": table}), ("ETH", "USDC"))
    assert fall(found, 1000.0) == pytest.approx(0.75, rel=1e-3)
    assert list(found.recovery_seconds) == [60.0, 60.0]
    assert list(found.thinning) == [2.0, 2.0]
    assert list(found.permanent_share) == [0.25, 0.25]
    assert list(found.depth_least) == [0.1, 0.1]
    assert list(found.sigma_ref) == [0.75, 1.0]


def test_feedback_and_decay_are_those_of_the_file():
    table = {"impact": {"feedback": False, "volatility_decay": DecimalText("0.8")}}
    found = terms(settings_from(**table, markets={"ETH": {"kind": "none"}}))
    assert not found.feedback
    assert found.decay == 0.8


def test_an_asset_without_depth_is_refused():
    with pytest.raises(DataError, match="no market to be sold in; found 'ETH'; expected its depth"):
        terms(StressSettings())
    with pytest.raises(DataError, match="the asset has no depth; found 'ETH'; expected rows of it"):
        terms(market(kind="depth"))
    with pytest.raises(DataError, match="no liquidity below its price"):
        terms(market(kind="concentrated", ranges=[[800_000, 800_010, 5]]))


def test_an_asset_that_nobody_holds_needs_no_market():
    found = stated_terms(StressSettings(), ("ETH", "USDC"), depth=LEVELS, pledged={"ETH"}, **GIVEN)
    assert [ImpactKind(kind).name for kind in found.kind] == ["TABLE", "NONE"]
    with pytest.raises(DataError, match="no market to be sold in; found 'USDC'"):
        stated_terms(StressSettings(), ("ETH", "USDC"), depth=LEVELS, pledged={"USDC"}, **GIVEN)


def test_oracles_and_keepers_are_as_stated():
    settings = settings_from(
        oracle={"ETH": {"deviation": DecimalText("0.005"), "heartbeat": 3600, "delay": 61}},
        chain={"block": 12, "gas_cost": 30, "landings_per_block": 2, "halt_to": 600},
        keepers={"min_profit": 5, "delay": 60},
    )
    found = stated_oracles(settings, ("ETH", "USDC"), step_seconds=60.0)
    expected = oracle_terms(
        ("ETH", "USDC"), deviation=[0.005, 0.0], heartbeat_steps=[60, 0], delay_steps=[2, 0]
    )
    for name in ("deviation", "heartbeat_steps", "delay_steps", "outage_to", "lie_factor"):
        assert list(getattr(found, name)) == list(getattr(expected, name))
    keepers = stated_keepers(settings, step_seconds=60.0)
    assert keepers == KeeperTerms(
        min_profit=5.0, gas=30.0, per_step=10, delay_steps=1, halt=(0, 10)
    )
    assert stated_keepers(StressSettings(), step_seconds=60.0) == KeeperTerms()
