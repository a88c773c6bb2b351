"""Settings: every number of the rules says its key, its unit, its range and what it is for."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from enum import StrEnum

import pytest

from trimtab.model import (
    UNIT_OF_KIND,
    AssetRules,
    AuctionRules,
    BreakerRules,
    CategoryRules,
    DeleveragingRules,
    DynamicsRules,
    FundRules,
    Kind,
    LiquidationRules,
    MarginCallRules,
    MarketRules,
    OracleRules,
    PositionLiquidationRules,
    ReplayRules,
    Rules,
    Tier,
    canonical_json,
    settings_of,
)
from trimtab.model.settings import PERCENT, ratio, setting
from trimtab.units import WAD

RECORDS = (
    *(AssetRules, CategoryRules, LiquidationRules, MarginCallRules, AuctionRules),
    *(FundRules, DynamicsRules, ReplayRules, MarketRules, OracleRules, BreakerRules),
    *(PositionLiquidationRules, DeleveragingRules),
)
ALL = [
    pytest.param(record, field, found, id=f"{record.__name__}.{field.name}")
    for record in RECORDS
    for field, found in settings_of(record)
]
INTEGERS = (Kind.RATIO, Kind.FACTOR, Kind.VALUE, Kind.PRICE, Kind.AMOUNT, Kind.SECONDS, Kind.COUNT)
SUFFIX = {
    Kind.RATIO: "_wad",
    Kind.FACTOR: "_wad",
    Kind.VALUE: "_wad",
    Kind.PRICE: "_wad",
    Kind.SECONDS: "_seconds",
}


@pytest.mark.parametrize(("record", "field", "found"), ALL)
def test_a_setting_is_documented_in_a_line(record, field, found):
    assert found.doc, f"{record.__name__}.{field.name} says nothing"
    assert len(found.doc) < 120
    assert not found.doc.endswith(".")
    assert found.key == found.key.lower()
    assert found.kind in UNIT_OF_KIND


@pytest.mark.parametrize(("record", "field", "found"), ALL)
def test_a_name_carries_its_unit_and_a_key_does_not(record, field, found):
    suffix = SUFFIX.get(found.kind, "")
    assert field.name.endswith(suffix), f"{record.__name__}.{field.name}"
    assert not found.key.endswith(("_wad", "_seconds", "_ns"))
    if suffix and found.kind is not Kind.FACTOR:
        assert field.name.removesuffix(suffix) == found.key


@pytest.mark.parametrize(("record", "field", "found"), ALL)
def test_a_default_lies_in_its_range(record, field, found):
    assert field in fields(record)
    value = field.default
    if found.kind not in INTEGERS or not isinstance(value, int):
        assert found.kind in UNIT_OF_KIND
        return
    assert found.low is None or value >= found.low
    assert found.high is None or value <= found.high


@pytest.mark.parametrize(("record", "field", "found"), ALL)
def test_a_choice_lists_its_words_and_nothing_else_does(record, field, found):
    assert field in fields(record)
    assert (found.kind is Kind.CHOICE) == (found.choices is not None)
    if found.choices is not None:
        assert issubclass(found.choices, StrEnum)
        assert field.default in found.choices


@pytest.mark.parametrize("record", RECORDS)
def test_a_key_is_given_once(record):
    keys = [found.key for _, found in settings_of(record)]
    assert len(keys) == len(set(keys))
    assert keys, f"{record.__name__} has no settings"


@pytest.mark.parametrize("record", [*RECORDS, Rules])
def test_rules_are_frozen_records(record):
    assert is_dataclass(record)
    assert record.__slots__
    assert {entry.name for entry in fields(record)} == set(record.__slots__)


def test_rules_are_changed_by_replacement_only():
    rules = LiquidationRules()
    with pytest.raises(FrozenInstanceError):
        rules.target_health_wad = WAD
    assert replace(rules, target_health_wad=2 * WAD).target_health_wad == 2 * WAD
    assert rules.target_health_wad == 105 * PERCENT


def test_the_documented_defaults_stand():
    """Other programs rely on them (docs/rules.md)."""
    asset, liquidation, auction = AssetRules("ETH", 18), LiquidationRules(), AuctionRules()
    assert (asset.kink_wad, asset.liability_weight_wad) == (80 * PERCENT, WAD)
    assert (asset.borrowable, asset.mintable, asset.isolated) == (True, False, False)
    assert (asset.supply_cap, asset.borrow_cap, asset.external_supply) == (None, None, None)
    assert (liquidation.sizing, liquidation.spiral) == ("target_health", "cut")
    assert (liquidation.target_health_wad, liquidation.close_factor_wad) == (
        105 * PERCENT,
        50 * PERCENT,
    )
    assert (auction.curve, auction.start_multiplier_wad) == ("linear", 120 * PERCENT)
    assert (auction.floor_multiplier_wad, auction.penalty_wad) == (60 * PERCENT, 0)
    assert FundRules().balance_wad == 0
    assert MarginCallRules().on_expiry == "restrict"
    assert DynamicsRules().notice_seconds == 86_400


def test_the_documented_defaults_of_markets_stand():
    market, oracle, closing = MarketRules("P", 2, 1), OracleRules(), PositionLiquidationRules()
    assert (market.initial_gain_weight_wad, market.gain_weight_wad) == (0, WAD)
    assert (market.withdrawal_margin_wad, market.funding) == (10 * PERCENT, "none")
    assert (market.funding_period_seconds, market.window_seconds) == (28_800, 30)
    assert (market.oi_cap_wad, market.pool_balance_wad, market.tiers) == (None, None, ())
    assert (oracle.quorum, oracle.max_age_seconds, oracle.stale_allows) == (1, None, ())
    assert (oracle.delay_slot_seconds, oracle.delay_limit_wad) == (3600, 6 * PERCENT)
    breakers = BreakerRules()
    tripped_by = (breakers.volatility_sigmas_wad, breakers.oracle_failures)
    assert (*tripped_by, breakers.outage_blocks, breakers.fund_loss_wad) == (None,) * 4
    assert (closing.sizing, closing.portion_wad) == ("shortage", 10 * PERCENT)
    assert (closing.fee_margin_share_wad, closing.backstop_below_wad) == (95 * PERCENT, WAD)
    assert (DeleveragingRules().policy, DeleveragingRules().price) == ("water_fill", "bankruptcy")


LIVE = Rules(
    "test",
    "USD",
    {"ETH": AssetRules("ETH", 18)},
    {"near": CategoryRules("near", ("ETH",), 1, 2)},
    markets={"P": MarketRules("P", 2, 1, asset="ETH")},
)
NAMED = {AssetRules: ("assets", "ETH"), CategoryRules: ("categories", "near")}
NAMED |= {MarketRules: ("markets", "P")}
PLAIN = {
    LiquidationRules: "liquidation",
    MarginCallRules: "margin_call",
    AuctionRules: "auction",
    DynamicsRules: "dynamics",
    OracleRules: "oracle",
    BreakerRules: "breakers",
    PositionLiquidationRules: "position_liquidation",
    DeleveragingRules: "deleveraging",
}


def other_than(value, found):
    """Another value of a setting, of its own type."""
    if found.choices is not None:
        return next(choice for choice in found.choices if choice != value)
    if found.kind is Kind.FLAG:
        return not value
    if found.kind is Kind.TEXT:
        return value + "x"
    if found.kind is Kind.NAMES:
        return (*value, "x")
    if found.kind is Kind.TIERS:
        return (*value, Tier(0, 2, 1))
    return 7 if value is None else value + 1


@pytest.mark.parametrize(("record", "field", "found"), ALL)
def test_no_setting_of_a_venue_can_change_unseen(record, field, found):
    """The state hash is of the rules too, so that two journals of one hash had the same rules."""
    if record is ReplayRules:  # a replay's own policy is no rule of the venue
        assert ReplayRules not in {**NAMED, **PLAIN}
        return
    if record in NAMED:
        section, name = NAMED[record]
        old = getattr(LIVE, section)[name]
        new = replace(old, **{field.name: other_than(getattr(old, field.name), found)})
        changed = replace(LIVE, **{section: {name: new}})
    else:
        section = PLAIN.get(record, "backstop")
        old = getattr(LIVE, section)
        new = replace(old, **{field.name: other_than(getattr(old, field.name), found)})
        changed = replace(LIVE, **{section: new})
    assert type(new) is record
    assert canonical_json(changed) != canonical_json(LIVE)


def test_every_section_of_the_rules_is_known_to_the_tests_here():
    sections = {entry.name for entry in fields(Rules)} - {"venue", "quote"}
    named = {section for section, _ in NAMED.values()}
    assert sections == named | set(PLAIN.values()) | {"insurance", "backstop"}


def test_what_may_be_absent_says_what_absence_means():
    for record in RECORDS:
        for field, found in settings_of(record):
            if field.default is None and found.key not in ("liquidation_end", "price"):
                assert "absent" in found.doc, f"{record.__name__}.{found.key}"


def test_a_field_without_a_setting_is_a_name():
    for record in (AssetRules, CategoryRules, MarketRules):
        bare = {entry.name for entry in fields(record)} - {
            entry.name for entry, _ in settings_of(record)
        }
        assert bare == {"name"}


def test_a_ratio_is_a_fraction_unless_it_says_otherwise():
    plain = ratio("share", "a share").metadata["setting"]
    assert (plain.kind, plain.low, plain.high, plain.ramped) == (Kind.RATIO, 0, WAD, False)
    wide = ratio("gear", "a gear", low=1, high=9 * WAD, ramped=True).metadata["setting"]
    assert (wide.low, wide.high, wide.ramped) == (1, 9 * WAD, True)


def test_a_setting_without_a_default_must_be_given():
    with pytest.raises(TypeError):
        AssetRules("ETH")
    needed = setting("decimals", Kind.COUNT, doc="needed")
    assert needed.metadata["setting"].low == 0
