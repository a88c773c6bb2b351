"""Of a market's settings, those that ramp are exactly those that can make a position unsafe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.venues import START_NS, asset, eth, venue_rules
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe, open_venue
from trimtab.engine.dynamics import FIXED, TEXTUAL
from trimtab.model import (
    SINGLE,
    Account,
    BookRow,
    BreakerRules,
    DeleveragingRules,
    Kind,
    MarketRules,
    OracleRules,
    PositionLiquidationRules,
    Rules,
    RulesState,
    Setting,
    Table,
    settings_of,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

MARKET = MarketRules(
    "ETH-PERP",
    initial_margin_wad=10 * PERCENT,
    maintenance_margin_wad=5 * PERCENT,
    asset="ETH",
    skew_scale=1000 * WAD,
    size_factor_wad=PERCENT,
    skew_margin_wad=PERCENT,
)
RULES = replace(
    venue_rules(asset("USD", 6, price=1, ltv=100, threshold=100), eth()),
    markets={"ETH-PERP": MARKET},
)
SECTIONS = {
    "oracle": OracleRules(),
    "breakers": BreakerRules(),
    "position_liquidation": PositionLiquidationRules(),
    "deleveraging": DeleveragingRules(),
}
# One ether at 2,000: a rate of max(0.05, 0.8 x 0.05 + 0.01) = 0.05, and 0.01 / 1000 x 0.05 / 0.1.
REQUIRED = 100 * 10**6 + 10**4
RAMPED = {
    "initial_margin",
    "maintenance_margin",
    "size_factor",
    "size_discount",
    "skew_margin",
    "gain_weight",
}


def opened() -> dict[Any, Any]:
    """Anna pays her requirement exactly with dollars, bela with an unrealized gain."""
    book = (
        BookRow("anna", "USD", REQUIRED),
        BookRow("anna", "ETH-PERP", WAD, entry_price_wad=2000 * WAD),
        BookRow("bela", "ETH-PERP", WAD, entry_price_wad=2000 * WAD - REQUIRED * 10**12),
    )
    store = open_venue(RULES, book, at_ns=START_NS)
    return {(t, key): store.get(t, key) for t in Table for key in store.keys(t)}


FOUND = opened()


def unsafe_under(rules: Rules) -> bool:
    """Whether anna or bela is unsafe, before or while one is liquidated."""
    for key in ("anna", "bela"):
        for in_liquidation in (False, True):
            account = FOUND[Table.ACCOUNT, key]
            assert isinstance(account, Account)
            changed = replace(account, in_liquidation=in_liquidation)
            state = {(Table.ACCOUNT, key): changed, (Table.RULES, SINGLE): RulesState(rules)}
            draft = Draft(MemoryStore(FOUND | state), START_NS)
            if is_unsafe(changed, account_sums(changed, draft)):
                return True
    return False


def with_market(**changes: Any) -> Rules:
    return replace(RULES, markets={"ETH-PERP": replace(MARKET, **changes)})


def others_of(value: Any, found: Setting) -> list[Any]:
    """Other values of a setting: its ends, and a step to either side."""
    if found.kind is Kind.FLAG:
        return [not value]
    near = [] if value is None else [value - 1, value + 1]
    low, high = found.low or 0, 10**30 if found.high is None else found.high
    return [other for other in (low, *near, high) if low <= other <= high and other != value]


def test_both_stand_exactly_at_the_edge() -> None:
    assert not unsafe_under(RULES)
    draft = Draft(MemoryStore(FOUND), START_NS)
    for key in ("anna", "bela"):
        sums = account_sums(draft.account(key), draft)
        assert sums.excess_maintenance == sums.excess_liquidation_end == 0


@pytest.mark.parametrize("entry", [field.name for field, _ in settings_of(MarketRules)])
def test_only_a_ramped_setting_can_make_a_position_unsafe(entry: str) -> None:
    (found,) = [one for field, one in settings_of(MarketRules) if field.name == entry]
    if found.ramped or found.key in FIXED or found.choices or found.kind in TEXTUAL:
        # It moves at a bounded speed, or a running venue may not change it at all.
        assert found.key not in RAMPED or found.ramped
        return
    for other in others_of(getattr(MARKET, entry), found):
        assert not unsafe_under(with_market(**{entry: other})), f"{entry} = {other}"


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ("maintenance_margin_wad", 5 * PERCENT + 1),
        ("size_factor_wad", PERCENT + 1),
        ("size_discount_wad", 80 * PERCENT + 100),
        ("skew_margin_wad", 2 * PERCENT),
        ("gain_weight_wad", WAD - 1),
        ("position_margin_wad", 1),
        ("skew_scale", 500 * WAD),
        ("liquidation_end_margin_wad", 6 * PERCENT),
    ],
)
def test_a_little_of_it_is_enough(entry: str, target: int) -> None:
    (found,) = [one for field, one in settings_of(MarketRules) if field.name == entry]
    assert found.ramped or found.key in FIXED
    assert unsafe_under(with_market(**{entry: target}))


@pytest.mark.parametrize("section", SECTIONS)
def test_no_guard_makes_a_position_unsafe(section: str) -> None:
    record = SECTIONS[section]
    assert getattr(RULES, section) == record
    for field, found in settings_of(type(record)):
        assert not found.ramped
        if found.choices or found.kind in TEXTUAL:
            continue
        for other in others_of(getattr(record, field.name), found):
            rules = replace(RULES, **{section: replace(record, **{field.name: other})})
            assert not unsafe_under(rules), f"{section}.{found.key} = {other}"


def test_nothing_else_of_a_market_is_ramped() -> None:
    assert {found.key for _, found in settings_of(MarketRules) if found.ramped} == RAMPED
