"""Presets: importers by hand and on all 33 and 349 real markets, held against the twins."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import DATA
from trimtab.protocols import dydx, exchanges_presets, hyperliquid, synthetix
from trimtab.protocols import perp_venue_presets as by_hand
from trimtab.protocols.dydx_presets import SCRIPT_TIERS, genesis_presets, preset_of
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.protocols.perp_presets import (
    OPEN_END,
    InterestScale,
    PerpPreset,
    PerpTier,
    exact_wad,
)
from trimtab.units import WAD, RulesError

CENT = WAD // 100
MILLION = 10**6


def bracket(tier=1, *, low="0", high="5000", rate="0.01", leverage="50", cum="0"):
    return {
        "tier": tier,
        "currency": "USDT",
        "minNotional": low,
        "maxNotional": high,
        "maintenanceMarginRate": rate,
        "maxLeverage": leverage,
        "maintenanceAmount": cum,
    }


ROWS = [bracket(), bracket(2, low="5000", high="50000", rate="0.02", leverage="25", cum="50")]


def genesis(**changes):
    tier = {"id": 0, "name": "Large", "initial_margin_ppm": 50_000}
    tier |= {"maintenance_fraction_ppm": 600_000} | changes.pop("tier", {})
    ticker = {"params": {"ticker": "BTC-USD", "liquidity_tier": 0} | changes.pop("market", {})}
    return {
        "perpetuals": {"liquidity_tiers": [tier], "perpetuals": [ticker]},
        "clob": {"liquidations_config": {"max_liquidation_fee_ppm": 15_000}},
    } | changes


@pytest.fixture(scope="module")
def binance() -> dict[str, PerpPreset]:
    path = DATA / "configs" / "binance_usdm_leverage_tiers.json.gz"
    with gzip.open(path, "rt") as handle:
        return brackets_presets(json.load(handle, parse_float=str))


@pytest.fixture(scope="module")
def mainnet() -> dict[str, PerpPreset]:
    path = DATA / "configs" / "dydx_v4_mainnet_genesis_risk.json"
    return genesis_presets(json.loads(path.read_text(encoding="utf-8")))


def test_brackets_become_tiers():
    found = brackets_presets({"X/USDT:USDT": ROWS})["X/USDT:USDT"]
    assert found.tiers == (
        PerpTier(0, 5000 * WAD, 2 * CENT, CENT),
        PerpTier(5000 * WAD, OPEN_END, 4 * CENT, 2 * CENT, 50 * WAD),
    )
    assert found.maintenance().breaks() == ()
    assert found.maintenance().maintenance(6000 * WAD) == 70 * WAD
    # 5000 at 2 % need 100, at 4 % 200.
    assert found.initial_breaks() == ((5000 * WAD, 100 * WAD),)


def test_an_error_in_a_deduction_is_a_break():
    wrong = [ROWS[0], ROWS[1] | {"maintenanceAmount": "49"}]
    (found,) = brackets_presets({"X": wrong})["X"].maintenance().breaks()
    assert (found.lower, found.jump) == (5000 * WAD, WAD)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"minNotional": "4000"}, "do not join"),
        ({"maxNotional": "5000"}, "do not join"),
        ({"maxLeverage": "0.5"}, "out of range"),
        ({"maintenanceMarginRate": "0"}, "out of range"),
        ({"maintenanceMarginRate": "much"}, "not a number"),
    ],
)
def test_a_wrong_bracket_is_named(change, words):
    with pytest.raises(RulesError, match=words) as caught:
        brackets_presets({"X": [ROWS[0], ROWS[1] | change]})
    assert "X, bracket 2" in str(caught.value)


def test_missing_parts_are_named():
    with pytest.raises(RulesError, match="no bracket"):
        brackets_presets({"X": []})
    short = {key: value for key, value in ROWS[0].items() if key != "maxLeverage"}
    with pytest.raises(RulesError, match="maxLeverage"):
        brackets_presets({"X": [short]})


def test_numbers_stay_exact():
    assert exact_wad({"a": "1e-7"}, "a", where="x") == 10**11
    assert exact_wad({"a": 5000}, "a", where="x") == 5000 * WAD
    with pytest.raises(RulesError):
        exact_wad({"a": "1e-19"}, "a", where="x")


def test_a_genesis_market_has_its_tier():
    found = genesis_presets(genesis())["BTC-USD"]
    assert found.tiers == (PerpTier(0, OPEN_END, 5 * CENT, 3 * CENT),)
    assert found.interest is None
    assert found.liquidation_fee_wad == 15 * WAD // 1000
    caps = {"open_interest_lower_cap": 20, "open_interest_upper_cap": 50 * MILLION}
    scaled = genesis_presets(genesis(tier=caps))["BTC-USD"]
    assert scaled.interest == InterestScale(20 * 10**12, 50 * WAD)


@pytest.mark.parametrize(
    ("loaded", "words"),
    [
        ({}, "perpetuals"),
        (genesis(clob={}), "liquidations_config"),
        (genesis(tier={"initial_margin_ppm": 2 * MILLION}), "above one"),
        (genesis(tier={"initial_margin_ppm": -1}), "not a whole number"),
        (genesis(market={"liquidity_tier": 7}), "no such liquidity tier"),
        (genesis(market={"liquidity_tier": True}), "not a whole number"),
    ],
)
def test_a_wrong_genesis_is_named(loaded, words):
    with pytest.raises(RulesError, match=words) as caught:
        genesis_presets(loaded)
    assert "\n" not in str(caught.value)


@given(st.sampled_from(sorted(SCRIPT_TIERS)), st.integers(1, 10**13))
def test_a_dydx_preset_is_its_twin(name, notional):
    tier, preset = SCRIPT_TIERS[name], preset_of("X-USD", SCRIPT_TIERS[name])
    held = notional * 10**12
    assert -(-preset.initial_wad(held) // 10**12) == dydx.initial_margin(tier, notional)
    gap = preset.maintenance().maintenance(held) - dydx.maintenance_margin(tier, notional) * 10**12
    # The venue rounds up twice, to whole quantums; the record once.
    assert -2 * 10**12 < gap <= 0


@given(st.integers(0, 10**9))
def test_a_hyperliquid_preset_is_its_twin(notional):
    for preset in by_hand.HYPERLIQUID:
        low, high = preset.tiers
        tiers = hyperliquid.Tiers(
            tuple(
                hyperliquid.Tier(tier.lower_wad, round(WAD / tier.initial_wad))
                for tier in (low, high)
            )
        )
        twin, found = tiers.maintenance(notional * WAD), preset.maintenance()
        # Thirtieths are no decimals: a fraction is rounded up by at most 1e-18.
        assert twin <= found.maintenance(notional * WAD) <= twin + 2 * notional + 2
        assert all(abs(one.jump) <= 1 for one in found.breaks())


def test_a_synthetix_preset_is_its_twin():
    (pair, _) = by_hand.SYNTHETIX
    market = synthetix.Market(
        skew_scale=4_500_000_000 * WAD,
        initial_factor=55 * WAD // 10,
        initial_ratio_min=5 * CENT,
        maintenance_scalar=333 * WAD // 1000,
    )
    size = 1_000_000 * WAD
    ratio = pair.tiers[0].initial_wad + size * pair.skew_margin_wad // pair.skew_scale_wad
    assert abs(synthetix.initial_ratio_wad(market, size) - ratio) <= 2
    assert pair.tiers[0].maintenance_wad == 1665 * WAD // 100_000


def test_presets_by_hand_say_when_where_and_what_is_missing():
    assert len({(p.venue, p.market) for p in by_hand.BY_HAND}) == len(by_hand.BY_HAND)
    for preset in by_hand.BY_HAND:
        assert preset.as_of[:3] == "202"
        assert preset.source
        assert preset.missing
        for tier in preset.tiers:
            assert 0 < tier.maintenance_wad <= tier.initial_wad <= WAD


def test_a_table_with_a_gap_is_no_preset():
    (preset, *_) = by_hand.HYPERLIQUID
    low, high = preset.tiers
    with pytest.raises(AssertionError, match="gap"):
        replace(preset, tiers=(low, replace(high, lower_wad=high.lower_wad + 1)))


@pytest.mark.shared
def test_all_33_markets_of_the_mainnet_genesis(mainnet):
    assert len(mainnet) == 33
    fractions = {name: preset.tiers[0].initial_wad for name, preset in mainnet.items()}
    assert fractions["BTC-USD"] == fractions["ETH-USD"] == 5 * CENT
    counts = [sum(one == f for one in fractions.values()) for f in (5 * CENT, 10 * CENT, 20 * CENT)]
    assert counts == [2, 25, 6]
    for preset in mainnet.values():
        (tier,) = preset.tiers
        assert tier.maintenance_wad in (tier.initial_wad * 6 // 10, tier.initial_wad // 2)
        assert preset.interest is None


@pytest.mark.shared
def test_all_349_markets_of_the_exchange(binance):
    assert len(binance) == 349
    assert sum(len(preset.tiers) for preset in binance.values()) == 2805
    assert {preset.quote for preset in binance.values()} == {"USDT", "USDC", "BTC"}
    assert binance["BTC/USDT:USDT"].tiers[0].maintenance_wad == 4 * WAD // 1000
    assert binance["BTC/USDT:USDT"].maintenance().maintenance(50_000 * WAD) == 200 * WAD


@pytest.mark.shared
def test_maintenance_of_all_349_markets_is_continuous_and_rises(binance):
    for name, preset in binance.items():
        table = preset.maintenance()
        assert table.breaks() == (), name
        for low, high in zip(preset.tiers, preset.tiers[1:], strict=False):
            assert low.maintenance_wad <= high.maintenance_wad, name
            edge = high.lower_wad
            assert 0 <= table.maintenance(edge) - table.maintenance(edge - 1) <= 1, name


@pytest.mark.shared
def test_initial_margin_of_all_349_markets_breaks_at_every_edge(binance):
    edges = sum(len(preset.tiers) - 1 for preset in binance.values())
    breaks = [one for preset in binance.values() for one in preset.initial_breaks()]
    assert edges == 2456
    assert len(breaks) == 2456
    assert all(jump > 0 for _, jump in breaks)
    below = [
        name
        for name, preset in binance.items()
        for tier in preset.tiers
        if tier.initial_wad < tier.maintenance_wad
    ]
    assert below == []


@pytest.mark.shared
def test_importing_floats_gives_the_same_as_importing_text(binance):
    path = DATA / "configs" / "binance_usdm_leverage_tiers.json.gz"
    with gzip.open(path, "rt") as handle:
        assert brackets_presets(json.load(handle)) == binance
    assert exchanges_presets.AS_OF == "2024-10"
