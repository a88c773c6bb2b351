"""The range of every setting holds against a running venue, not only against its rules file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.venues import accepted, at, eth, opened, refused, usd, venue_rules
from trimtab.engine.dynamics import FIXED, SECTIONS
from trimtab.model import (
    AssetRules,
    AuctionRules,
    BreakerRules,
    CategoryRules,
    DeleveragingRules,
    Kind,
    LiquidationRules,
    MarginCallRules,
    MarketRules,
    OracleRules,
    PositionLiquidationRules,
    Reason,
    RuleChange,
    Setting,
    Table,
    settings_of,
)
from trimtab.model.commands import SetRules
from trimtab.model.settings import PERCENT

RECORDS = {
    "assets": ("ETH", AssetRules),
    "categories": ("near", CategoryRules),
    "liquidation": ("", LiquidationRules),
    "margin_call": ("", MarginCallRules),
    "auction": ("", AuctionRules),
    "markets": ("ETH-PERP", MarketRules),
    "oracle": ("", OracleRules),
    "breakers": ("", BreakerRules),
    "position_liquidation": ("", PositionLiquidationRules),
    "deleveraging": ("", DeleveragingRules),
}
ALL = [
    (section, name, field.name, setting)
    for section, (name, record) in RECORDS.items()
    for field, setting in settings_of(record)
]
NUMERIC = [
    each
    for each in ALL
    if each[3].choices is None
    and each[3].kind not in (Kind.NAMES, Kind.TEXT, Kind.TIERS)
    and each[3].key not in FIXED
]
OTHERS = [each for each in ALL if each not in NUMERIC]


def venue():
    near = CategoryRules("near", ("USD", "ETH"), 70 * PERCENT, 75 * PERCENT)
    isolated = replace(eth(), isolated=True)
    rules = replace(venue_rules(usd(), isolated), categories={"near": near})
    market = MarketRules("ETH-PERP", 10 * PERCENT, 5 * PERCENT, asset="ETH")
    return opened(replace(rules, markets={"ETH-PERP": market}))


def asked(section: str, name: str, field: str, target: int) -> SetRules:
    return SetRules(at(0), (RuleChange(section, name, field, target),), "a test of bounds")


def ids(entry) -> str:
    return f"{entry[0]}.{entry[2]}"


def test_every_section_that_may_change_is_tested():
    assert set(RECORDS) == set(SECTIONS)
    assert len(NUMERIC) > 40


@pytest.mark.parametrize("entry", NUMERIC, ids=ids)
def test_a_target_below_its_range_is_refused(entry):
    section, name, field, setting = entry
    low = 0 if setting.kind is Kind.FLAG else setting.low
    assert low is not None
    assert refused(venue(), asked(section, name, field, low - 1)) is Reason.RULE_OUT_OF_BOUNDS


@pytest.mark.parametrize("entry", NUMERIC, ids=ids)
def test_a_target_above_its_range_is_refused(entry):
    section, name, field, setting = entry
    high = 1 if setting.kind is Kind.FLAG else setting.high
    if high is None:
        accepted(venue(), asked(section, name, field, 10**60))
    else:
        reason = refused(venue(), asked(section, name, field, high + 1))
        assert reason is Reason.RULE_OUT_OF_BOUNDS


@pytest.mark.parametrize("entry", NUMERIC, ids=ids)
def test_the_value_in_force_may_be_set_again(entry):
    section, name, field, setting = entry
    store = venue()
    record = getattr(store.get(Table.RULES, "").rules, section)
    record = record[name] if name else record
    value = getattr(record, field)
    if value is None:
        assert setting.kind in (Kind.AMOUNT, Kind.VALUE, Kind.RATIO, Kind.SECONDS, Kind.COUNT)
        return
    accepted(store, asked(section, name, field, int(value)))
    rules = getattr(store.get(Table.RULES, "").rules, section)
    after = getattr(rules[name] if name else rules, field)
    assert (after, type(after)) == (value, type(value))


@pytest.mark.parametrize("entry", OTHERS, ids=ids)
def test_what_is_no_number_or_is_fixed_cannot_be_set(entry):
    section, name, field, _ = entry
    assert refused(venue(), asked(section, name, field, 1)) is Reason.RULE_UNKNOWN


def ramped() -> list[tuple[str, str, str, Setting]]:
    return [each for each in NUMERIC if each[3].ramped]


@pytest.mark.parametrize("entry", NUMERIC, ids=ids)
def test_weights_that_can_make_an_account_unsafe_ramp_and_others_do_not(entry):
    section, name, field, setting = entry
    assert setting.ramped == (field in THREATENING.get(section, ()))
    assert (entry in ramped()) == setting.ramped
    assert bool(name) == (section in ("assets", "categories", "markets"))


# What moves an excess at the maintenance level (and the initial rate, for whom it is a promise).
THREATENING = {
    "assets": {
        *("liquidation_threshold_wad", "liquidation_end_wad", "liability_weight_wad"),
        "size_factor_wad",
    },
    "categories": {"liquidation_threshold_wad"},
    "markets": {
        *("initial_margin_wad", "maintenance_margin_wad", "gain_weight_wad"),
        *("size_factor_wad", "size_discount_wad", "skew_margin_wad"),
    },
}
