"""The settings marked as ramped are exactly those by which a rule change can make one unsafe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.venues import START_NS, asset, opened, row, usd, venue_rules
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe
from trimtab.model import (
    SINGLE,
    Account,
    AssetRules,
    AuctionRules,
    CategoryRules,
    DynamicsRules,
    FundRules,
    Kind,
    LiquidationRules,
    MarginCallRules,
    ReplayRules,
    Rules,
    RulesState,
    Setting,
    Table,
    settings_of,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

RECORDS = (
    *(AssetRules, CategoryRules, LiquidationRules, MarginCallRules, AuctionRules),
    *(FundRules, DynamicsRules, ReplayRules),
)
# What an asset is, and what it is worth: a running venue may not change them (engine.dynamics).
IDENTITY = {"decimals", "underlying", "exchange_rate", "price"}
NEAR = CategoryRules("near", ("ETH", "USD"), 80 * PERCENT, 80 * PERCENT, 5 * PERCENT)
RULES = replace(
    venue_rules(usd(), asset("ETH", 18, price=2000, ltv=80, threshold=80, bonus=5)),
    categories={"near": NEAR},
)
RAMPED = {
    ("AssetRules", "liquidation_end"),
    ("AssetRules", "liquidation_threshold"),
    ("AssetRules", "borrow_factor"),
    ("AssetRules", "size_factor"),
    ("CategoryRules", "liquidation_threshold"),
}


def store_of(rules: Rules, *, category: str, in_liquidation: bool) -> MemoryStore:
    """A tenth of an ether against 160 dollars: health exactly 1 at a threshold of 80 %."""
    store = opened(RULES, row("anna", "ETH", 10**17), row("anna", "USD", -160 * 10**6))
    found = {(t, key): store.get(t, key) for t in Table for key in store.keys(t)}
    anna = found[Table.ACCOUNT, "anna"]
    assert isinstance(anna, Account)
    found[Table.ACCOUNT, "anna"] = replace(anna, category=category, in_liquidation=in_liquidation)
    found[Table.RULES, SINGLE] = RulesState(rules)
    return MemoryStore({key: record for key, record in found.items() if record is not None})


def unsafe_under(rules: Rules) -> bool:
    """Whether an account at the edge is unsafe: plain, in the category, or half liquidated."""
    for category in ("", "near"):
        for in_liquidation in (False, True):
            store = store_of(rules, category=category, in_liquidation=in_liquidation)
            draft = Draft(store, START_NS)
            anna = draft.account("anna")
            if is_unsafe(anna, account_sums(anna, draft)):
                return True
    return False


def others_of(value: Any, found: Setting) -> list[Any]:
    """Other values of a setting: its ends, and a step to either side where it is a number."""
    if found.kind is Kind.FLAG:
        return [not value]
    if found.choices is not None:
        return [choice for choice in found.choices if choice != value]
    if found.kind in (Kind.TEXT, Kind.NAMES):
        return []
    near = [] if value is None else [value - 1, value + 1]
    low, high = found.low or 0, 10**30 if found.high is None else found.high
    return [other for other in (low, *near, high) if low <= other <= high and other != value]


def under(record: Any, changed: Any) -> Rules:
    """The rules with one of their records replaced."""
    if isinstance(record, AssetRules):
        return replace(RULES, assets={**RULES.assets, record.name: changed})
    if isinstance(record, CategoryRules):
        return replace(RULES, categories={"near": changed})
    sections = ("liquidation", "margin_call", "auction", "insurance", "backstop", "dynamics")
    section = next(name for name in sections if getattr(RULES, name) is record)
    return replace(RULES, **{section: changed})


LIVE = (
    *(RULES.assets["ETH"], RULES.assets["USD"], NEAR, RULES.liquidation, RULES.margin_call),
    *(RULES.auction, RULES.insurance, RULES.dynamics),
)


def test_the_account_stands_exactly_at_the_edge() -> None:
    assert not unsafe_under(RULES)
    for in_liquidation in (False, True):
        store = store_of(RULES, category="near", in_liquidation=in_liquidation)
        draft = Draft(store, START_NS)
        sums = account_sums(draft.account("anna"), draft)
        assert sums.excess_maintenance == sums.excess_liquidation_end == 0


@pytest.mark.parametrize("record", LIVE, ids=lambda record: type(record).__name__)
def test_only_a_ramped_setting_can_make_an_account_unsafe(record: Any) -> None:
    for entry, found in settings_of(type(record)):
        if found.ramped or found.key in IDENTITY:
            continue
        for other in others_of(getattr(record, entry.name), found):
            rules = under(record, replace(record, **{entry.name: other}))
            assert not unsafe_under(rules), f"{type(record).__name__}.{found.key} = {other}"


@pytest.mark.parametrize(
    ("record", "field", "target"),
    [
        (RULES.assets["ETH"], "liquidation_threshold_wad", 80 * PERCENT - 1),
        (RULES.assets["ETH"], "liquidation_end_wad", 80 * PERCENT - 1),
        (RULES.assets["USD"], "liability_weight_wad", WAD + 1),
        (RULES.assets["USD"], "size_factor_wad", WAD),
        (NEAR, "liquidation_threshold_wad", 80 * PERCENT - 1),
    ],
)
def test_one_unit_of_a_ramped_setting_is_enough(record: Any, field: str, target: int) -> None:
    (marked,) = [found for entry, found in settings_of(type(record)) if entry.name == field]
    assert marked.ramped
    assert (type(record).__name__, marked.key) in RAMPED
    assert unsafe_under(under(record, replace(record, **{field: target})))


def test_nothing_else_is_ramped() -> None:
    marked = {
        (record.__name__, found.key)
        for record in RECORDS
        for _, found in settings_of(record)
        if found.ramped
    }
    assert marked == RAMPED


@pytest.mark.parametrize("record", RECORDS)
def test_a_range_is_not_empty_and_a_ramp_has_both_ends(record: type) -> None:
    for _, found in settings_of(record):
        if found.low is not None and found.high is not None:
            assert found.low < found.high, found.key
        if found.ramped:
            assert found.kind in (Kind.RATIO, Kind.FACTOR)
            assert found.high is not None
