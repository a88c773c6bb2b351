"""Presets as rules of the engine: the text, what it keeps exactly, and what it cannot say."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import perp_venue_presets as by_hand
from trimtab.protocols.dydx_presets import SCRIPT_TIERS, preset_of
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.protocols.perp_rules import market_toml, settings, unsaid
from trimtab.units import WAD

BRACKETS = brackets_presets(
    {
        "BTC": [
            {"minNotional": low, "maxNotional": high, "maintenanceMarginRate": rate}
            | {"maxLeverage": leverage, "maintenanceAmount": cum, "currency": "USDT"}
            for low, high, rate, leverage, cum in (
                ("0", "50000", "0.004", "125", "0"),
                ("50000", "600000", "0.005", "100", "50"),
                ("600000", "3000000", "0.01", "75", "3050"),
            )
        ]
    }
)["BTC"]


def read(preset):
    text = market_toml(preset, name="X-PERP", asset="X")
    return tomllib.loads(text, parse_float=Decimal)["markets"]["X-PERP"]


def test_brackets_become_tiers_of_parts():
    found = read(BRACKETS)
    assert found["asset"] == "X"
    assert found["initial_margin"] == Decimal("0.008")
    assert [[Decimal(cell) for cell in row] for row in found["tiers"]] == [
        [0, Decimal("0.008"), Decimal("0.004")],
        [50_000, Decimal("0.01"), Decimal("0.005")],
        # 1 / 75 is no decimal: rounded up to 1e-18.
        [600_000, Decimal("0.013333333333333334"), Decimal("0.01")],
    ]
    assert "insurance_fee" not in found


@given(st.integers(0, 2_999_999))
def test_rates_of_the_parts_give_the_maintenance_of_the_brackets(notional):
    tiers = [[Decimal(cell) for cell in row] for row in read(BRACKETS)["tiers"]]
    total = Decimal(0)
    for place, (low, _, rate) in enumerate(tiers):
        high = tiers[place + 1][0] if place + 1 < len(tiers) else notional
        total += max(Decimal(0), min(Decimal(notional), high) - low) * rate
    assert BRACKETS.maintenance().maintenance(notional * WAD) == int(total * WAD)


def test_open_interest_scales_by_dollars():
    found = read(preset_of("X-USD", SCRIPT_TIERS["Small-Cap"]))
    assert (found["oi_lower"], found["oi_upper"]) == (20_000_000, 50_000_000)
    assert (found["initial_margin"], found["maintenance_margin"]) == (
        Decimal("0.1"),
        Decimal("0.05"),
    )
    assert found["insurance_fee"] == Decimal("0.015")
    assert "oi_lower" not in read(preset_of("X-USD", SCRIPT_TIERS["Large-Cap"]))


def test_skew_roots_and_gains_have_their_settings():
    skewed = read(by_hand.SYNTHETIX[0])
    assert (skewed["skew_scale"], skewed["skew_margin"]) == (4_500_000_000, Decimal("5.5"))
    drift = settings(by_hand.DRIFT)
    assert drift["gain_cap"] == "100"
    assert "size_factor" not in drift
    assert settings(by_hand.PERP_V2)["initial_gain_weight"] == "0"
    assert settings(by_hand.HYPERLIQUID[0])["withdrawal_margin"] == "0.1"


@pytest.mark.parametrize("preset", by_hand.BY_HAND, ids=lambda p: f"{p.venue} {p.market}")
def test_every_preset_is_a_table_of_toml(preset):
    found = read(preset)
    assert found["kind"] == "perp"
    assert 0 < found["maintenance_margin"] <= found["initial_margin"] <= 1


def test_what_cannot_be_said_is_told():
    assert unsaid(by_hand.PERP_V2) == by_hand.PERP_V2.missing
    assert "the whole notional" in unsaid(BRACKETS)[-1]
    for preset in by_hand.BY_HAND:
        assert set(preset.missing) <= set(unsaid(preset))
