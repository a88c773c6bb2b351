"""Impossible combinations of rules: each is found, named by its key, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.crisis import Variant, crisis_rules
from tests.engine.venues import asset, eth, usd, venue_rules
from trimtab.model import (
    Accrual,
    AdlPolicy,
    AdlPrice,
    AuctionCurve,
    AuctionRules,
    BonusCurve,
    CallExpiry,
    CategoryRules,
    DynamicsRules,
    LiquidationRules,
    PositionSizing,
    Rules,
    Sizing,
    SpiralRule,
)
from trimtab.model.consistency import first_conflict
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

RULES = venue_rules(usd(), eth())
STAKED = replace(asset("STETH", 18), underlying="ETH")


def with_eth(**changes) -> Rules:
    return replace(RULES, assets={**RULES.assets, "ETH": replace(eth(), **changes)})


def with_category(**changes) -> Rules:
    near = CategoryRules("near", ("USD", "ETH"), 90 * PERCENT, 93 * PERCENT, 2 * PERCENT)
    return replace(RULES, categories={"near": replace(near, **changes)})


def with_staked(**changes) -> Rules:
    return replace(RULES, assets={**RULES.assets, "STETH": replace(STAKED, **changes)})


def target(percent: int, sizing: Sizing = Sizing.TARGET_HEALTH) -> Rules:
    rules = with_eth(liquidation_bonus_wad=25 * PERCENT)
    return replace(
        rules,
        liquidation=LiquidationRules(sizing=sizing, target_health_wad=percent * PERCENT),
    )


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        with_eth(liquidation_bonus_wad=25 * PERCENT),
        with_eth(isolated=True, debt_ceiling_wad=1),
        with_category(),
        with_staked(max_rate_growth_wad=1),
        target(101),
        target(100, sizing=Sizing.WHOLE),
        replace(RULES, auction=AuctionRules(start_multiplier_wad=WAD, floor_multiplier_wad=WAD)),
    ],
)
def test_possible_rules_have_no_conflict(rules):
    assert first_conflict(rules) is None


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("position_sizing", PositionSizing)
def test_the_rules_of_the_state_machine_are_possible(position_sizing, strict):
    variant = Variant(
        *(Sizing.TARGET_HEALTH, BonusCurve.SHORTFALL, SpiralRule.CUT, AuctionCurve.STAIR),
        *(Accrual.LINEAR, CallExpiry.REDUCE),
        dusty=True,
        thin=True,
        strict=strict,
        position_sizing=position_sizing,
        policy=AdlPolicy.QUEUE,
        adl_price=AdlPrice.MARK,
    )
    assert first_conflict(crisis_rules(variant)) is None


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        (with_eth(liquidation_end_wad=81 * PERCENT), "assets.ETH.liquidation_end"),
        (with_eth(max_ltv_wad=81 * PERCENT), "assets.ETH.max_ltv"),
        (with_eth(liquidation_bonus_wad=31 * PERCENT), "assets.ETH.liquidation_bonus"),
        (with_eth(debt_ceiling_wad=1), "assets.ETH.debt_ceiling"),
        (
            with_eth(liquidation_bonus_wad=25 * PERCENT, liquidation_fee_wad=1),
            "assets.ETH.liquidation_threshold",
        ),
        (with_eth(max_rate_growth_wad=1), "assets.ETH.max_rate_growth"),
        (with_staked(underlying="NONE"), "assets.STETH.underlying"),
        (with_staked(underlying="STETH"), "assets.STETH.underlying"),
        (target(100), "liquidation.target_health"),
        (with_category(max_ltv_wad=94 * PERCENT), "categories.near.max_ltv"),
        (with_category(assets=("USD", "NONE")), "categories.near.assets"),
        (
            with_category(liquidation_bonus_wad=8 * PERCENT),
            "categories.near.liquidation_threshold",
        ),
        (
            replace(RULES, auction=AuctionRules(floor_multiplier_wad=121 * PERCENT)),
            "auction.floor_multiplier",
        ),
        (
            replace(RULES, dynamics=DynamicsRules(max_bonus_wad=4 * PERCENT)),
            "assets.ETH.liquidation_bonus",
        ),
    ],
)
def test_an_impossible_combination_is_named_by_its_key(rules, key):
    conflict = first_conflict(rules)
    assert conflict is not None
    assert conflict.key == key
    assert str(conflict) == f"{key}: found {conflict.found}, expected {conflict.expected}"


def test_a_circle_of_underlyings_is_found():
    there = replace(STAKED, name="THERE", underlying="BACK")
    back = replace(STAKED, name="BACK", underlying="THERE")
    rules = replace(RULES, assets={**RULES.assets, "THERE": there, "BACK": back})
    conflict = first_conflict(rules)
    assert conflict is not None
    assert (conflict.found, conflict.expected) == ("THERE -> BACK -> THERE", "no circle")
