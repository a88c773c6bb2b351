"""Presets of perpetual markets, read back by the loader of rules and run by the engine."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

import trimtab
from tests.conftest import DATA
from trimtab.adapters.files import read_rules
from trimtab.model import Rules
from trimtab.protocols import drift, perp_venue_presets, synthetix
from trimtab.protocols.dydx_presets import SCRIPT_TIERS, genesis_presets, preset_of
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.protocols.perp_presets import PerpPreset, RootScale
from trimtab.protocols.perp_rules import VENUE_SECTIONS, market_toml, venue_toml
from trimtab.units import WAD

HEAD = '[venue]\nname = "presets"\nquote = "USD"\n\n'
SCRIPT = [preset_of(f"{name}-USD", tier) for name, tier in SCRIPT_TIERS.items()]


def rules_text(presets: list[PerpPreset]) -> str:
    names = [f"X{number}" for number in range(len(presets))]
    assets = "".join(f"[assets.{name}]\ndecimals = 18\n\n" for name in names)
    tables = (
        market_toml(preset, name=f"{name}-PERP", asset=name)
        for name, preset in zip(names, presets, strict=True)
    )
    return HEAD + assets + "\n".join(tables)


def read(tmp_path: Path, presets: list[PerpPreset]) -> Rules:
    path = tmp_path / "rules.toml"
    path.write_text(rules_text(presets), encoding="utf-8")
    rules, _ = read_rules(path)
    return rules


def check(rules: Rules, presets: list[PerpPreset]) -> None:
    assert len(rules.markets) == len(presets)
    for market, preset in zip(rules.markets.values(), presets, strict=True):
        first = preset.tiers[0]
        assert market.initial_margin_wad == first.initial_wad
        assert market.maintenance_margin_wad == first.maintenance_wad
        if len(preset.tiers) > 1:
            rows = [(t.lower_wad, t.initial_wad, t.maintenance_wad) for t in preset.tiers]
            read_back = [(t.floor_wad, t.initial_wad, t.maintenance_wad) for t in market.tiers]
            assert read_back == rows
        scale = preset.interest
        bounds = (scale.lower_wad, scale.upper_wad) if scale else (0, 0)
        assert (market.oi_lower_wad, market.oi_upper_wad) == bounds
        assert market.skew_margin_wad == preset.skew_margin_wad
        assert market.initial_gain_weight_wad == preset.gain_weight_wad
        assert market.insurance_fee_wad == preset.liquidation_fee_wad


def test_presets_by_hand_are_rules(tmp_path: Path) -> None:
    presets = [*perp_venue_presets.BY_HAND, *SCRIPT]
    check(read(tmp_path, presets), presets)


@pytest.mark.parametrize("venue", VENUE_SECTIONS)
def test_how_a_venue_liquidates_is_rules(tmp_path: Path, venue: str) -> None:
    presets = [one for one in (*perp_venue_presets.BY_HAND, *SCRIPT) if one.venue == venue]
    path = tmp_path / "rules.toml"
    market = (presets or SCRIPT)[:1]  # Binance's come from a file
    path.write_text(rules_text(market) + "\n" + venue_toml(venue), encoding="utf-8")
    rules, _ = read_rules(path)
    sections = VENUE_SECTIONS[venue]
    sizing = sections["position_liquidation"]["sizing"].strip('"')
    assert rules.position_liquidation.sizing == sizing
    assert rules.deleveraging.policy == sections["deleveraging"]["policy"].strip('"')
    if venue == "dYdX v4":
        assert rules.position_liquidation.portion_wad == WAD // 10
    if venue == "Hyperliquid":
        assert rules.position_liquidation.ladder_share_wad == WAD // 5


def test_a_venue_without_sections_has_none() -> None:
    assert venue_toml("GMX v2") == ""


@pytest.mark.shared
def test_all_349_and_33_imported_markets_are_rules(tmp_path: Path) -> None:
    with gzip.open(DATA / "configs/binance_usdm_leverage_tiers.json.gz", "rt") as handle:
        presets = list(brackets_presets(json.load(handle, parse_float=str)).values())
    text = (DATA / "configs/dydx_v4_mainnet_genesis_risk.json").read_text(encoding="utf-8")
    presets += genesis_presets(json.loads(text)).values()
    check(read(tmp_path, presets), presets)


def held(folder: Path, preset: PerpPreset, *, size: int, price: int, margin: int):
    """What `health` says of one account with one position of whole coins."""
    (folder / "rules.toml").write_text(rules_text([preset]))
    rows = [f"a,USD,{margin},", f"a,X0-PERP,{size},{price}"]
    (folder / "book.csv").write_text("\n".join(["account,instrument,quantity,entry_price", *rows]))
    (folder / "prices.csv").write_text(f"timestamp,asset,price\n2026-01-01,X0,{price}\n")
    (account,) = trimtab.health(trimtab.load_case(folder)).standing.accounts
    (position,) = account.positions
    return position


@pytest.mark.parametrize("size", [1_000, -400_000, 2_000_000])
def test_skew_margins_are_those_of_the_synthetix_twin(tmp_path: Path, size: int) -> None:
    preset = perp_venue_presets.SYNTHETIX[1]
    market = synthetix.Market(
        skew_scale=2_000_000 * WAD,
        initial_factor=1264 * WAD // 1000,
        initial_ratio_min=WAD // 20,
        maintenance_scalar=317 * WAD // 1000,
        margin_min=50 * WAD,
    )
    twin = synthetix.Position(market, size * WAD, 3 * WAD, 3 * WAD)
    found = held(tmp_path, preset, size=size, price=3, margin=10_000_000)
    assert abs(found.initial_wad - synthetix.initial_margin(twin)) <= 10**9
    assert abs(found.maintenance_wad - synthetix.maintenance_margin(twin)) <= 10**9


@pytest.mark.parametrize("size", [1, 1_000, 250_000])
def test_root_margins_are_those_of_the_drift_twin(tmp_path: Path, size: int) -> None:
    factor = 50  # millionths
    root = RootScale(8 * WAD // 10, factor * 10**12)
    preset = replace(perp_venue_presets.DRIFT, root=root)
    market = drift.PerpMarket(1_000, 500, imf_factor=factor)
    found = held(tmp_path, preset, size=size, price=150, margin=100_000_000)
    for level, exact in (
        (drift.Level.INITIAL, found.initial_wad),
        (drift.Level.MAINTENANCE, found.maintenance_wad),
    ):
        ratio = drift.margin_ratio(market, size * 10**9, level=level)
        # The venue cuts its ratio to a basis point, twice on the way.
        gap = exact - size * 150 * WAD * ratio // 10_000
        assert 0 <= gap <= size * 150 * WAD * 2 // 10_000
