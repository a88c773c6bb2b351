"""Any possible venue has no conflict, and one step over any edge gives exactly the one expected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.drawn_rules import (
    QUOTE,
    largest_threshold,
    possible_rules,
    with_asset,
    with_near,
)
from tests.model.rule_edges import Changes, Edge, key_of, one_over
from trimtab.model import (
    AssetRules,
    CategoryRules,
    PriceUse,
    Rules,
    Sizing,
    settings_of,
)
from trimtab.model.consistency import first_conflict
from trimtab.units import WAD, format_decimal

NO_WEIGHTS = dict.fromkeys(("max_ltv_wad", "liquidation_end_wad", "liquidation_threshold_wad"), 0)
NO_UNDERLYING: Changes = {"underlying": "", "max_rate_growth_wad": None}


def threshold_of(asset: AssetRules, _: Rules) -> int:
    return largest_threshold(asset.liquidation_bonus_wad, asset.liquidation_fee_wad)


def near_threshold_of(near: CategoryRules, rules: Rules) -> int:
    fee = max(rules.assets[name].liquidation_fee_wad for name in near.assets)
    return largest_threshold(near.liquidation_bonus_wad, fee)


def max_bonus_of(_: Any, rules: Rules) -> int:
    return rules.dynamics.max_bonus_wad


ASSET_EDGES: dict[str, Edge] = {
    "liquidation_threshold": one_over("liquidation_threshold_wad", threshold_of),
    "liquidation_end": one_over(
        "liquidation_end_wad", lambda asset, _: asset.liquidation_threshold_wad
    ),
    "max_ltv": one_over("max_ltv_wad", lambda asset, _: asset.liquidation_end_wad),
    "liquidation_bonus": one_over("liquidation_bonus_wad", max_bonus_of, **NO_WEIGHTS),
    "debt_ceiling": lambda *_: (
        {"isolated": True, "debt_ceiling_wad": 0},
        {"isolated": False, "debt_ceiling_wad": 0},
    ),
    "max_rate_growth": lambda *_: (NO_UNDERLYING, {"underlying": "", "max_rate_growth_wad": 0}),
    "underlying": lambda asset, _: (NO_UNDERLYING, NO_UNDERLYING | {"underlying": asset.name}),
}
NEAR_EDGES: dict[str, Edge] = {
    "liquidation_threshold": one_over("liquidation_threshold_wad", near_threshold_of),
    "max_ltv": one_over("max_ltv_wad", lambda near, _: near.liquidation_threshold_wad),
    "liquidation_bonus": one_over(
        "liquidation_bonus_wad", max_bonus_of, max_ltv_wad=0, liquidation_threshold_wad=0
    ),
    "assets": lambda near, _: ({}, {"assets": (*near.assets, "?")}),
}


@settings(max_examples=60)
@given(possible_rules())
def test_a_possible_venue_has_no_conflict_in_any_order(rules: Rules) -> None:
    assert key_of(rules) is None
    backwards = dict(reversed(rules.assets.items()))
    assert key_of(replace(rules, assets=backwards)) is None


@settings(max_examples=25)
@given(possible_rules())
def test_the_drawn_venues_keep_every_range(rules: Rules) -> None:
    """Else the tests here would speak of venues that no file could describe."""
    records = [*rules.assets.values(), *rules.categories.values(), *rules.markets.values()]
    records += [rules.liquidation, rules.auction, rules.dynamics, rules.oracle]
    records += [rules.deleveraging]
    for record in records:
        for entry, found in settings_of(type(record)):
            value = getattr(record, entry.name)
            if type(value) is int:
                assert found.low is None or value >= found.low, entry.name
                assert found.high is None or value <= found.high, entry.name


@pytest.mark.parametrize("key", ASSET_EDGES)
@settings(max_examples=12)
@given(rules=possible_rules(), data=st.data())
def test_one_step_over_an_edge_of_an_asset(key: str, rules: Rules, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(rules.assets)))
    last, over = ASSET_EDGES[key](rules.assets[name], rules)
    if key == "underlying":  # the others may stand on it, and would be in the circle too
        for other in rules.assets:
            rules = with_asset(rules, other, **NO_UNDERLYING)
    assert key_of(with_asset(rules, name, **last)) is None
    assert key_of(with_asset(rules, name, **over)) == f"assets.{name}.{key}"


@pytest.mark.parametrize("key", NEAR_EDGES)
@settings(max_examples=12)
@given(rules=possible_rules())
def test_one_step_over_an_edge_of_a_category(key: str, rules: Rules) -> None:
    last, over = NEAR_EDGES[key](rules.categories["near"], rules)
    if key == "liquidation_threshold":
        last["max_ltv_wad"] = over["max_ltv_wad"] = 0
    assert key_of(with_near(rules, **last)) is None
    assert key_of(with_near(rules, **over)) == f"categories.near.{key}"


@settings(max_examples=10)
@given(rules=possible_rules(), above=st.integers(1, WAD - 1))
def test_a_cut_may_not_start_below_where_it_ends(rules: Rules, above: int) -> None:
    def at(limit: int | None, after: int) -> str | None:
        cut = replace(rules.deleveraging, pool_gain_wad=limit, pool_gain_after_wad=after)
        return key_of(replace(rules, deleveraging=cut))

    assert (at(above, above), at(None, WAD)) == (None, None)
    assert at(above, above + 1) == "deleveraging.pool_gain_after"


@settings(max_examples=10)
@given(rules=possible_rules(), name=st.text(max_size=8))
def test_a_stale_price_allows_uses_of_the_table_alone(rules: Rules, name: str) -> None:
    uses = [str(use) for use in PriceUse]
    told = key_of(replace(rules, oracle=replace(rules.oracle, stale_allows=(*uses, name))))
    assert told == (None if name in uses else "oracle.stale_allows")


@settings(max_examples=25)
@given(possible_rules())
def test_an_auction_may_not_start_below_its_floor(rules: Rules) -> None:
    start = rules.auction.start_multiplier_wad
    level = replace(rules, auction=replace(rules.auction, floor_multiplier_wad=start))
    assert key_of(level) is None
    under = replace(rules, auction=replace(rules.auction, floor_multiplier_wad=start + 1))
    conflict = first_conflict(under)
    assert conflict is not None
    assert conflict.key == "auction.floor_multiplier"
    assert conflict.found == format_decimal(start + 1, 18)
    assert conflict.expected == f"at most {format_decimal(start, 18)}"


@settings(max_examples=40)
@given(possible_rules())
def test_a_target_must_be_out_of_reach_of_the_bonus(rules: Rules) -> None:
    """Repaying x lifts health only while the target exceeds threshold x (1 + bonus and fee)."""
    products = [
        one.liquidation_threshold_wad * (WAD + one.liquidation_bonus_wad + one.liquidation_fee_wad)
        for one in rules.assets.values()
        if one.name != QUOTE
    ]
    near = rules.categories["near"]
    fee = max(rules.assets[name].liquidation_fee_wad for name in near.assets)
    products.append(near.liquidation_threshold_wad * (WAD + near.liquidation_bonus_wad + fee))
    most = max(products) // WAD

    def at(target: int, sizing: Sizing) -> str | None:
        sized = replace(rules.liquidation, sizing=sizing, target_health_wad=target)
        return key_of(replace(rules, liquidation=sized))

    assert at(most + 1, Sizing.TARGET_HEALTH) is None
    wanted = "liquidation.target_health" if max(products) else None
    assert at(most, Sizing.TARGET_HEALTH) == wanted
    assert {at(most, Sizing.WHOLE), at(most, Sizing.CLOSE_FACTOR)} == {None}


@settings(max_examples=25)
@given(possible_rules(), st.data())
def test_a_circle_is_found_wherever_it_closes(rules: Rules, data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(rules.assets)))
    for name, other in zip(order, [*order[1:], order[0]], strict=True):
        rules = with_asset(rules, name, underlying=other)
    conflict = first_conflict(rules)
    assert conflict is not None
    first = next(iter(rules.assets))
    assert conflict.key == f"assets.{first}.underlying"
    steps = conflict.found.split(" -> ")
    assert steps[0] == steps[-1] == first
    assert set(steps) == set(order)


@settings(max_examples=25)
@given(possible_rules(), st.data())
def test_of_two_conflicts_the_first_asset_in_order_is_told(
    rules: Rules, data: st.DataObject
) -> None:
    names = list(rules.assets)
    broken = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    for name in broken:
        rules = with_asset(rules, name, isolated=False, debt_ceiling_wad=7 * WAD)
    conflict = first_conflict(rules)
    assert conflict is not None
    first = min(broken, key=names.index)
    assert str(conflict) == f"assets.{first}.debt_ceiling: found 7, expected isolated = true"
