"""Rule changes: bounds, notice, speed, order, and nobody unsafe at the moment of a change."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.venues import (
    DAY_S,
    START_S,
    YEAR_S,
    accepted,
    at,
    eth,
    opened,
    refused,
    row,
    sums_of,
    usd,
    venue_rules,
    with_rates,
)
from trimtab.engine import Draft
from trimtab.engine.ramps import ramp_value
from trimtab.model import (
    CategoryRules,
    DynamicsRules,
    EventKind,
    Ramp,
    Reason,
    RuleChange,
    Table,
)
from trimtab.model.commands import Accrue, Liquidate, SetRules
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

ETHER, DOLLAR = 10**18, 10**6
RULES = replace(
    venue_rules(with_rates(usd()), eth()),
    categories={"near": CategoryRules("near", ("USD", "ETH"), 80 * PERCENT, 85 * PERCENT)},
    dynamics=DynamicsRules(speed_wad=PERCENT, notice_seconds=DAY_S, min_threshold_wad=50 * PERCENT),
)


def venue(dollars: int = 1590):
    return opened(RULES, row("anna", "ETH", ETHER), row("anna", "USD", -dollars * DOLLAR))


def change(field: str, target: int, *, section: str = "assets", name: str = "ETH") -> RuleChange:
    return RuleChange(section, name, field, target)


def asked(*changes: RuleChange, second: int = 0) -> SetRules:
    return SetRules(at(second), changes, "volatility has doubled")


def lower(percent: int) -> tuple[RuleChange, ...]:
    fields = ("max_ltv_wad", "liquidation_end_wad", "liquidation_threshold_wad")
    return tuple(change(field, percent * PERCENT) for field in fields)


def threshold_at(store, second: int) -> int:
    return Draft(store, at(second)).asset_rules("ETH").liquidation_threshold_wad


def test_a_weight_waits_for_the_notice_and_then_moves_at_its_speed():
    store = venue()
    accepted(store, asked(*lower(70)))
    steps = [threshold_at(store, second) for second in (0, DAY_S, 2 * DAY_S, 6 * DAY_S)]
    assert steps == [80 * PERCENT, 80 * PERCENT, 79 * PERCENT, 75 * PERCENT]
    assert threshold_at(store, 11 * DAY_S) == threshold_at(store, YEAR_S) == 70 * PERCENT


def test_a_change_alone_liquidates_nobody_without_notice():
    store = venue()
    accepted(store, asked(*lower(70)))
    for second in (0, DAY_S):
        liquidation = Liquidate(at(second), "anna", "USD", "ETH", "keeper")
        assert refused(store, liquidation) is Reason.HEALTHY
    accepted(store, Liquidate(at(3 * DAY_S), "anna", "USD", "ETH", "keeper"))


def test_the_initial_weight_never_stands_above_a_falling_threshold():
    store = venue()
    accepted(store, asked(change("max_ltv_wad", 70 * PERCENT)))
    accepted(store, asked(*lower(70)))
    for day in range(13):
        rules = Draft(store, at(day * DAY_S)).asset_rules("ETH")
        assert rules.max_ltv_wad <= rules.liquidation_end_wad <= rules.liquidation_threshold_wad


def test_a_change_of_mind_starts_from_where_the_weight_is():
    store = venue()
    accepted(store, asked(*lower(70)))
    second = 3 * DAY_S
    accepted(store, asked(change("liquidation_threshold_wad", 80 * PERCENT), second=second))
    assert threshold_at(store, second) == threshold_at(store, second + DAY_S) == 78 * PERCENT
    assert threshold_at(store, second + 2 * DAY_S) == 79 * PERCENT
    ramps = store.get(Table.RULES, "").ramps
    assert len([r for r in ramps if r.field == "liquidation_threshold_wad"]) == 1


@given(
    st.integers(0, WAD),
    st.integers(0, WAD),
    st.integers(1, 10**8),
    st.integers(-100, 2 * 10**8),
    st.sampled_from(("liquidation_threshold_wad", "liability_weight_wad")),
)
def test_a_ramp_is_a_straight_line_rounded_against_the_account(start, target, length, gone, field):
    ramp = Ramp("assets", "ETH", field, start, target, START_S, START_S + length)
    value = ramp_value(ramp, START_S + gone)
    share = min(Fraction(1), max(Fraction(0), Fraction(gone, length)))
    exact = start + (target - start) * share
    if field == "liability_weight_wad":
        assert exact <= value < exact + 1
    else:
        assert exact - 1 < value <= exact


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (asked(change("liquidation_threshold_wad", 49 * PERCENT)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("liquidation_threshold_wad", 2 * WAD)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("liquidation_bonus_wad", 31 * PERCENT)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("liability_weight_wad", WAD - 1)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("borrowable", 2)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("max_ltv_wad", 81 * PERCENT)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("liquidation_bonus_wad", 26 * PERCENT)), Reason.RULE_OUT_OF_BOUNDS),
        (asked(change("max_ltv_wad", 0, name="NONE")), Reason.RULE_UNKNOWN),
        (asked(change("no_such_field", 0)), Reason.RULE_UNKNOWN),
        (asked(change("accrual", 0)), Reason.RULE_UNKNOWN),
        (asked(change("venue", 0, section="rules")), Reason.RULE_UNKNOWN),
        (asked(change("speed_wad", WAD, section="dynamics")), Reason.RULE_UNKNOWN),
        *(
            (asked(change(field, 1)), Reason.RULE_UNKNOWN)
            for field in ("decimals", "mintable", "isolated", "underlying", "price_wad")
        ),
    ],
)
def test_what_is_out_of_bounds_or_fixed_is_refused(command, reason):
    assert refused(venue(), command) is reason


def test_changes_are_accepted_together_or_not_at_all():
    store = venue()
    before = store.state_hash()
    command = asked(change("supply_cap", 10**30), change("max_ltv_wad", 81 * PERCENT))
    assert refused(store, command) is Reason.RULE_OUT_OF_BOUNDS
    assert store.state_hash() == before


def test_a_bonus_must_fit_the_threshold_while_it_is_still_high():
    """0.65 x 1.3 fits; 0.8 x 1.3, as it would be during the notice, is above one."""
    moves = (*lower(65), change("liquidation_bonus_wad", 30 * PERCENT))
    store = venue()
    assert refused(store, asked(*moves)) is Reason.RULE_OUT_OF_BOUNDS
    accepted(store, asked(*lower(65)))
    bonus = change("liquidation_bonus_wad", 30 * PERCENT)
    assert refused(store, asked(bonus, second=2 * DAY_S)) is Reason.RULE_OUT_OF_BOUNDS
    accepted(store, asked(bonus, second=5 * DAY_S))


@pytest.mark.parametrize(
    ("field", "target"),
    [("base_rate_wad", 10 * WAD), ("slope1_wad", 10 * WAD), ("reserve_factor_wad", WAD)],
)
def test_interest_that_is_due_runs_at_the_old_rate(field, target):
    """A rate raised a year after the last touch of the pool charges nothing for that year."""
    changed, plain = venue(), venue()
    accepted(changed, asked(change(field, target, name="USD"), second=YEAR_S))
    accepted(plain, Accrue(at(YEAR_S), ("USD",)))
    assert changed.get(Table.POOL, "USD") == plain.get(Table.POOL, "USD")
    before = sums_of(plain, "anna", at_ns=at(YEAR_S))
    assert sums_of(changed, "anna", at_ns=at(YEAR_S)) == before


def test_a_category_is_ramped_like_an_asset():
    store = venue()
    down = [
        change("max_ltv_wad", 80 * PERCENT, section="categories", name="near"),
        change("liquidation_threshold_wad", 80 * PERCENT, section="categories", name="near"),
    ]
    accepted(store, asked(*down))
    found = [
        Draft(store, at(day * DAY_S)).category_rules("near").liquidation_threshold_wad
        for day in (0, 1, 2, 6)
    ]
    assert found == [85 * PERCENT, 85 * PERCENT, 84 * PERCENT, 80 * PERCENT]


def test_every_change_is_told_with_its_reason():
    events = accepted(venue(), asked(*lower(70), change("supply_cap", 5))).events
    told = [event for event in events if event.kind is EventKind.RULE]
    assert [event.quantity for event in told] == [70 * PERCENT] * 3 + [5]
    assert told[0].reason == "assets.max_ltv_wad: volatility has doubled"
