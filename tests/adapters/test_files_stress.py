"""A stress file is read exactly, and every field that is wrong is told in one line."""

from __future__ import annotations

import pytest

from trimtab.adapters.files import read_stress_file
from trimtab.adapters.files.stress_file import KEYS_OF_SHAPE, NEEDS, VENUE_KEYS
from trimtab.model import (
    ChainSettings,
    HorizonSettings,
    ImpactSettings,
    KeeperSettings,
    Kind,
    MarketSettings,
    MarketShape,
    OracleSettings,
    StressSettings,
    TickRange,
    VenueSettings,
    settings_of,
)
from trimtab.units import WAD, DataError, RulesError

WHOLE = """
[horizon]
length = 86400
step = 600
paths = 250

[impact]
feedback = false
volatility_decay = 0.9

[markets.ETH]
kind = "square_root"
daily_volume = 1_000_000
daily_volatility = 0.05
scale = 0.7
fee = 0.0005
thinning = 1.2
depth_least = 0.02
recovery = 600
permanent_share = 0.3
volatility_ref = 0.8

[markets.WBTC]
recovery = 900

[markets.WBTC.venues.exchange]
kind = "linear"
depth = 100
within = 0.02

[markets.WBTC.venues.pool]
kind = "concentrated"
ranges = [[-100, 100, 1000000000], [100, 200, 5]]
base_decimals = 8
quote_decimals = 6

[markets.stETH]
kind = "constant_product"
base_reserve = 2500.5

[markets.LINK]
kind = "depth"
ends = true

[markets."*"]
kind = "none"

[oracle.ETH]
deviation = 0.005
heartbeat = 3600
delay = 12
outage_from = 600
outage_to = 1200
sources = 3
lie_factor = 1.3
lie_from = 0
lie_to = 60

[oracle."*"]
heartbeat = 86400

[chain]
block = 2
gas_cost = 20.5
gas_slope = 0.9
landings_per_block = 4
failure = 0.1
halt_from = 0
halt_to = 30

[keepers]
min_profit = 5
capital = 1000000
delay = 24
"""


def read(tmp_path, text):
    path = tmp_path / "stress.toml"
    path.write_text(text, encoding="utf-8")
    return read_stress_file(path)


def test_everything_that_is_said_is_read_exactly(tmp_path):
    found = read(tmp_path, WHOLE)
    assert found.horizon == HorizonSettings(86400, 600, 250)
    assert found.impact == ImpactSettings(False, WAD * 9 // 10)
    ether = found.market("ETH")
    assert ether == MarketSettings(
        "ETH",
        permanent_share_wad=3 * WAD // 10,
        recovery_seconds=600,
        thinning_wad=12 * WAD // 10,
        depth_least_wad=2 * WAD // 100,
        volatility_ref_wad=8 * WAD // 10,
        venues=(
            VenueSettings(
                "ETH",
                MarketShape.SQUARE_ROOT,
                fee_wad=5 * WAD // 10_000,
                daily_volume_wad=10**6 * WAD,
                daily_volatility_wad=5 * WAD // 100,
                scale_wad=7 * WAD // 10,
            ),
        ),
    )
    exchange, pool = found.market("WBTC").venues
    assert (exchange.name, exchange.depth_wad, exchange.within_wad) == (
        "exchange",
        100 * WAD,
        2 * WAD // 100,
    )
    assert pool.ranges == (TickRange(-100, 100, 10**9), TickRange(100, 200, 5))
    assert (pool.base_decimals, pool.quote_decimals) == (8, 6)
    assert found.market("stETH").venues[0].base_reserve_wad == 25005 * WAD // 10
    assert found.market("LINK").venues[0].ends
    assert found.oracle("ETH") == OracleSettings(
        "ETH", 5 * WAD // 1000, 3600, 12, 600, 1200, 3, 13 * WAD // 10, 0, 60
    )
    assert found.chain == ChainSettings(2, 205 * WAD // 10, 9 * WAD // 10, 4, WAD // 10, 0, 30)
    assert found.keepers == KeeperSettings(5 * WAD, 10**6 * WAD, 24)


def test_an_asset_that_is_not_named_takes_what_stands_for_every_other(tmp_path):
    found = read(tmp_path, WHOLE)
    assert found.market("UNI").venues[0].kind is MarketShape.NONE
    assert found.oracle("UNI").heartbeat_seconds == 86400
    empty = read(tmp_path, "# nothing\n")
    assert empty == StressSettings()
    assert empty.market("UNI") is None
    assert empty.oracle("UNI") == OracleSettings("UNI")


LINES = [
    ("[market.ETH]", "key market: unknown section; did you mean markets?"),
    ("markets = 3", "key markets: the section is not a table; expected a line [markets]"),
    ("[markets]\nETH = 3", "key markets.ETH: the section is not a table"),
    ("[markets.ETH]\nfee = 0", "key markets.ETH.kind: the key is missing"),
    ('[markets.ETH]\nkind = "cubic"', "key markets.ETH.kind: there is no such choice"),
    ('[markets.ETH]\nkind = "linear"', "needs its depth; expected coefficient, or depth"),
    (
        '[markets.ETH]\nkind = "square_root"\ndaily_volume = 5',
        "needs its depth; expected coefficient, or daily_volume and daily_volatility",
    ),
    ('[markets.ETH]\nkind = "constant_product"', "needs its depth; expected base_reserve"),
    ('[markets.ETH]\nkind = "concentrated"', "needs its depth; expected ranges"),
    ('[markets.ETH]\nkind = "concentrated"\nranges = []', "needs its depth; expected ranges"),
    (
        '[markets.ETH]\nkind = "linear"\ncoefficient = 0.1\ndepth = 4',
        "the depth is said twice; found 'coefficient and depth'; expected one of them",
    ),
    (
        '[markets.ETH]\nkind = "linear"\ncoefficient = 0.1\nscale = 2',
        "key markets.ETH.scale: a market of kind linear has no such key; expected fee, coeff",
    ),
    ('[markets.ETH]\nkind = "none"\nfee = 0', "of kind none has no such key; expected no other"),
    (
        '[markets.ETH]\nkind = "none"\n[markets.ETH.venues.a]\nkind = "depth"',
        "key markets.ETH.kind: the market has venues and is one itself",
    ),
    (
        '[markets.ETH.venues.a]\nkind = "depth"\n[markets.ETH.venues.b]\nkind = "none"',
        "key markets.ETH.venues.b.kind: a venue without impact would take everything",
    ),
    ('[markets."@x"]\nkind = "none"', "the asset name begins with @"),
    ('[markets.ETH]\nkind = "linear"\ndepth = "4"', "the value has the wrong type; found '4'"),
    ("[oracle.ETH]\ndeviation = 5", "key oracle.ETH.deviation: the value is out of range"),
    ("[oracle.ETH]\noutage_from = 9\noutage_to = 3", "oracle.ETH.outage_to: it ends before it"),
    ("[oracle.ETH]\nlie_from = 9", "key oracle.ETH.lie_to: it begins and never ends; expected"),
    ("[chain]\nhalt_from = 9\nhalt_to = 3", "key chain.halt_to: it ends before it begins"),
    ("[keepers]\ncapitol = 5", "key keepers.capitol: unknown key; did you mean capital?"),
    ("[horizon]\nlength = 60\nstep = 61", "key horizon.step: a step is longer than the horizon"),
    ("[horizon]\npaths = 0", "key horizon.paths: the value is out of range; found '0'"),
    ("[horizon", "stress.toml: the file is not TOML"),
]


@pytest.mark.parametrize(("text", "message"), LINES)
def test_what_is_wrong_is_told_in_one_line(tmp_path, text, message):
    with pytest.raises(RulesError) as said:
        read(tmp_path, text)
    assert str(said.value).startswith("stress.toml: ")
    assert message in str(said.value)
    assert "\n" not in str(said.value)


def ranged():
    """Each number that has a range, with the section it stands in and text outside of it."""
    sections = {
        "horizon": HorizonSettings,
        "impact": ImpactSettings,
        "chain": ChainSettings,
        "keepers": KeeperSettings,
        "oracle.ETH": OracleSettings,
        "markets.ETH": MarketSettings,
    }
    for section, record in sections.items():
        for _, entry in settings_of(record):
            if entry.kind not in (Kind.FLAG, Kind.CHOICE):
                yield pytest.param(section, entry.key, id=f"{section}.{entry.key}")
    for shape, keys in KEYS_OF_SHAPE.items():
        for key in keys:
            entry = next(one for _, one in settings_of(VenueSettings) if one.key == key)
            if entry.kind not in (Kind.FLAG, Kind.RANGES):
                yield pytest.param(f"markets.{shape}", key, id=f"{shape}.{key}")


@pytest.mark.parametrize(("section", "key"), list(ranged()))
def test_every_number_has_a_least(tmp_path, section, key):
    with pytest.raises(
        RulesError, match=r"stress\.toml: key .*: the value is out of range"
    ) as said:
        read(tmp_path, f"[{section}]\n{kind_line(section)}{key} = -1")
    assert key in str(said.value)


@pytest.mark.parametrize(("section", "key"), list(ranged()))
def test_every_number_is_a_number(tmp_path, section, key):
    with pytest.raises(RulesError, match="the value has the wrong type; found 'x'") as said:
        read(tmp_path, f'[{section}]\n{kind_line(section)}{key} = "x"')
    assert key in str(said.value)


def kind_line(section):
    name = section.partition(".")[2]
    return f'kind = "{name}"\n' if name in list(MarketShape) else ""


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("[[1, 2]]", "range 1 is not of three whole numbers"),
        ("[[1, 2, 3], [1, 2, 0.5]]", "range 2 is not of three whole numbers"),
        ("[[2, 1, 3]]", "range 1 is out of range; found '2, 1, 3'"),
        ("[[1, 2, 0]]", "and liquidity above 0"),
        ("[[-900000, 2, 1]]", "expected ticks from -887272 to 887272"),
        ("3", "the value has the wrong type; found 'a number'"),
        ("[3]", "range 1 is not of three whole numbers; found 'a number'"),
    ],
)
def test_ranges_of_ticks(tmp_path, row, message):
    with pytest.raises(RulesError, match=r"key markets\.ETH\.ranges") as said:
        read(tmp_path, f'[markets.ETH]\nkind = "concentrated"\nranges = {row}')
    assert message in str(said.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_stress_file(tmp_path / "stress.toml")


def test_every_key_of_a_venue_belongs_to_a_kind():
    keys = {key for found in KEYS_OF_SHAPE.values() for key in found} | {"kind"}
    assert keys == set(VENUE_KEYS)
    for shape, groups in NEEDS.items():
        assert all(key in KEYS_OF_SHAPE[shape] for group in groups for key in group)
