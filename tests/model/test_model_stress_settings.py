"""Settings of a stress run are frozen nouns whose defaults change nothing."""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model import (
    EVERY_ASSET,
    UNIT_OF_KIND,
    ChainSettings,
    DepthRow,
    HorizonSettings,
    ImpactSettings,
    KeeperSettings,
    Kind,
    MarketSettings,
    MarketShape,
    OracleSettings,
    Side,
    StressSettings,
    TickRange,
    VenueSettings,
    settings_of,
)
from trimtab.model.schema import BOOK, DEPTH, FUNDING, GAS, ORACLE, PRICES
from trimtab.units import WAD

RECORDS = [
    VenueSettings,
    MarketSettings,
    OracleSettings,
    ChainSettings,
    KeeperSettings,
    ImpactSettings,
    HorizonSettings,
]
SUFFIX = {
    Kind.RATIO: "_wad",
    Kind.VALUE: "_wad",
    Kind.AMOUNT: "_wad",
    Kind.SECONDS: "_seconds",
}


@pytest.mark.parametrize("record", [*RECORDS, StressSettings, DepthRow, TickRange])
def test_settings_are_frozen_records(record):
    assert is_dataclass(record)
    assert record.__slots__
    assert {entry.name for entry in fields(record)} == set(record.__slots__)


@pytest.mark.parametrize("record", RECORDS)
def test_a_name_carries_its_unit_and_a_key_does_not(record):
    keys = []
    for entry, found in settings_of(record):
        assert entry.name == found.key + SUFFIX.get(found.kind, "")
        assert found.kind in UNIT_OF_KIND
        assert 0 < len(found.doc) < 120
        assert not found.doc.endswith(".")
        assert (found.kind is Kind.CHOICE) == (found.choices is not None)
        keys.append(found.key)
    assert keys
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("record", RECORDS)
def test_a_default_is_an_integer_in_its_range(record):
    for entry, found in settings_of(record):
        if type(entry.default) is int:
            assert found.low <= entry.default
            assert found.high is None or entry.default <= found.high
        assert not isinstance(entry.default, float)


def test_defaults_hold_nothing_back():
    oracle, chain, keepers = OracleSettings("A"), ChainSettings(), KeeperSettings()
    assert (oracle.deviation_wad, oracle.delay_seconds, oracle.lie_factor_wad) == (0, 0, WAD)
    assert oracle.outage_from_seconds == oracle.outage_to_seconds
    assert oracle.lie_from_seconds == oracle.lie_to_seconds
    assert (chain.failure_wad, chain.gas_cost_wad, chain.landings_per_block) == (0, 0, None)
    assert chain.halt_from_seconds == chain.halt_to_seconds
    assert (keepers.capital_wad, keepers.min_profit_wad, keepers.delay_seconds) == (None, 0, 0)
    assert ImpactSettings().feedback
    market = MarketSettings("A")
    assert (market.permanent_share_wad, market.thinning_wad, market.venues) == (0, 0, ())


def test_an_asset_takes_its_own_section_before_that_of_every_asset():
    own = MarketSettings("A", venues=(VenueSettings("A", MarketShape.NONE),))
    every = replace(own, name=EVERY_ASSET)
    slow = OracleSettings(EVERY_ASSET, delay_seconds=9)
    found = StressSettings(
        markets={"A": own, EVERY_ASSET: every},
        oracles={EVERY_ASSET: slow},
    )
    assert found.market("A") is own
    assert found.market("B") is every
    assert found.oracle("A") is slow
    assert StressSettings(markets={"A": own}).market("B") is None
    assert StressSettings().oracle("B") == OracleSettings("B")


def test_settings_are_changed_by_replacement_only():
    horizon = HorizonSettings()
    with pytest.raises(FrozenInstanceError):
        horizon.paths = 5
    assert replace(horizon, paths=5).paths == 5
    assert (horizon.length_seconds, horizon.step_seconds, horizon.paths) == (604_800, 3600, 1000)


def test_kinds_and_sides_are_told_by_their_words():
    assert [*MarketShape] == [
        "none",
        "linear",
        "square_root",
        "constant_product",
        "concentrated",
        "depth",
    ]
    assert [*Side] == ["bid", "ask"]


def test_a_row_of_depth_has_a_column_for_each_of_its_numbers():
    columns = {column.name for column in DEPTH}
    assert columns == {
        "asset",
        "side",
        "price",
        "distance_bps",
        "quantity",
        "value",
        "timestamp",
    }
    assert [column.name for column in DEPTH if column.required] == ["asset", "side"]
    for table in (BOOK, PRICES, GAS, ORACLE, FUNDING, DEPTH):
        names = [column.name for column in table]
        assert len(names) == len(set(names))
    row = DepthRow("A", Side.BID, price_wad=WAD, quantity_wad=WAD)
    assert (row.distance_wad, row.value_wad) == (None, None)


@pytest.mark.parametrize(
    ("record", "keys"),
    [
        (OracleSettings, {"deviation", "heartbeat", "delay", "sources", "lie_factor"}),
        (ChainSettings, {"block", "gas_cost", "gas_slope", "landings_per_block", "failure"}),
        (KeeperSettings, {"min_profit", "capital", "delay", "halvings"}),
        (ImpactSettings, {"feedback", "volatility_decay"}),
        (HorizonSettings, {"length", "step", "paths"}),
    ],
)
def test_the_keys_of_a_section(record, keys):
    spans = {
        key for _, found in settings_of(record) if (key := found.key).endswith(("_from", "_to"))
    }
    assert {found.key for _, found in settings_of(record)} - spans == keys
    begins = {key.removesuffix("_from") for key in spans if key.endswith("_from")}
    assert begins == {key.removesuffix("_to") for key in spans if key.endswith("_to")}


def test_a_venue_needs_its_kind_and_nothing_else():
    required = [
        entry.name
        for entry in fields(VenueSettings)
        if entry.default is MISSING and entry.default_factory is MISSING
    ]
    assert required == ["name", "kind"]
    assert TickRange(-1, 1, 5).lower_tick == -1


NAMES = st.sets(st.sampled_from(["A", "B", "C", EVERY_ASSET]))


@given(sold=NAMES, heard=NAMES, asset=st.sampled_from(["A", "B", "C"]))
def test_an_asset_is_never_given_the_section_of_another(sold, heard, asset):
    settings = StressSettings(
        markets={name: MarketSettings(name) for name in sold},
        oracles={name: OracleSettings(name, delay_seconds=1) for name in heard},
    )
    market, oracle = settings.market(asset), settings.oracle(asset)
    if asset in sold:
        assert market.name == asset
    elif EVERY_ASSET in sold:
        assert market.name == EVERY_ASSET
    else:
        assert market is None
    if asset in heard:
        assert oracle.name == asset
    elif EVERY_ASSET in heard:
        assert oracle.name == EVERY_ASSET
    else:
        assert oracle == OracleSettings(asset)
        assert oracle.delay_seconds == 0
