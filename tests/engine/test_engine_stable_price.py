"""The stable price: bounded in speed, equal to the exact twin of the protocol it is after."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.markets import cash, held, opened, rules_with, sums_at, tick
from tests.engine.venues import accepted, at, refused
from trimtab.engine import Draft
from trimtab.engine.stable_price import SECONDS_MAX, SLOTS, followed, started
from trimtab.model import EventKind, OracleRules, Reason, RuleChange, commands
from trimtab.protocols import mango_stable_price as twin
from trimtab.units import WAD

RULES = OracleRules(stable_price=True)
steps = st.lists(
    st.tuples(st.integers(1, 5000), st.integers(WAD // 10, 20 * WAD)), min_size=1, max_size=60
)


def walk(path, *, start: int = WAD, rules: OracleRules = RULES):
    stable, now = started(start, 0), 0
    for seconds, price in path:
        now += seconds
        stable = followed(stable, price, now_s=now, rules=rules)
    return stable


@given(path=steps)
def test_the_twin_walks_the_same_path(path):
    """Within 1e-12 of the price on any path: the two differ in the order of rounding only."""
    model, now = twin.started(WAD, 0), 0
    for seconds, price in path:
        now += seconds
        model = twin.updated(model, price, now_s=now)
    found = walk(path).price_wad
    assert abs(found - model.price_wad) <= max(10**6, model.price_wad // 10**12)


@given(path=steps)
def test_a_step_moves_no_further_than_its_limit_and_never_past_the_price(path):
    stable, now = started(WAD, 0), 0
    for seconds, price in path:
        now += seconds
        after = followed(stable, price, now_s=now, rules=RULES)
        counted = min(now - stable.updated_s, SECONDS_MAX)
        most = Fraction(stable.price_wad * RULES.stable_limit_wad * counted, WAD)
        assert abs(after.price_wad - stable.price_wad) <= most
        low, high = sorted((stable.price_wad, price))
        assert low <= after.price_wad <= high
        stable = after


def test_updates_closer_than_ten_seconds_are_ignored():
    stable = started(WAD, 100)
    assert followed(stable, 2 * WAD, now_s=109, rules=RULES) is stable
    assert followed(stable, 2 * WAD, now_s=110, rules=RULES).price_wad > WAD


def test_a_pump_of_an_hour_moves_it_by_less_than_the_recorded_case():
    """Ten times the price for an hour: 1.78, not 10 (the program's own test, within 0.1)."""
    found = walk([(60, 10 * WAD)] * 60)
    assert found.price_wad == pytest.approx(1.780573177182 * WAD, rel=1e-9)


def test_a_lasting_change_is_followed_within_days():
    found = walk([(60, 2 * WAD)] * (3 * 24 * 60))
    assert found.price_wad == 2 * WAD


def test_the_delay_price_lags_by_a_day():
    stable = walk([(60, 2 * WAD)] * (12 * 60))
    assert min(stable.delays_wad) == WAD
    stable = walk([(60, 2 * WAD)] * (48 * 60))
    assert min(stable.delays_wad) > 19 * WAD // 10
    assert len(stable.delays_wad) == SLOTS


def test_a_long_silence_fills_every_slot_with_one_step():
    stable = followed(started(WAD, 0), 10 * WAD, now_s=10 * 86_400 + 3600, rules=RULES)
    assert set(stable.delays_wad) == {WAD * 106 // 100}


def strict(**settings):
    return rules_with(oracle=replace(RULES, **settings))


def test_the_initial_level_takes_the_worse_of_the_two_and_maintenance_the_price():
    """ETH doubles at once: collateral counts at about the old price, a short at the new."""
    store = opened(strict(), cash("a", 10_000), held("a", -1), held("b", 1), cash("b", 1000))
    tick(store, 2000, seconds=0)
    tick(store, 4000, seconds=600)
    stable = Draft(store, at(600)).stable_wad("ETH")
    assert 2000 * WAD < stable < 2500 * WAD
    long, short = sums_at(store, "b"), sums_at(store, "a")
    # b's gain: none of it counts at the initial level; its requirement is at the dearer price.
    assert long.requirement_initial == 4000 * 10**71
    assert long.excess_maintenance > long.excess_initial
    assert short.initial_extra == 0
    assert short.losses == 2000 * 10**54


def test_a_short_s_loss_counts_at_the_stable_price_while_the_price_has_fallen():
    store = opened(strict(), cash("a", 10_000), held("a", -1))
    tick(store, 2000, seconds=0)
    tick(store, 1000, seconds=600)
    sums = sums_at(store, "a")
    stable = Draft(store, at(600)).stable_wad("ETH")
    assert sums.gains == 1000 * 10**54
    assert sums.initial_extra == max(0, stable - 2000 * WAD) * 10**54
    assert sums.requirement_initial == stable * 10**53


def test_a_jump_beyond_the_limit_is_refused_and_the_last_price_stays():
    store = opened(strict(max_jump_wad=3 * WAD), cash("a", 10))
    tick(store, 2000, seconds=0)
    events = accepted(store, commands.SetPrices(at(60), (("ETH", 6001 * WAD),))).events
    assert [(e.kind, e.reason) for e in events] == [(EventKind.PRICE_REFUSED, "jump")]
    assert Draft(store, at(60)).price_wad("ETH") == 2000 * WAD
    events = accepted(store, commands.SetPrices(at(61), (("ETH", 6000 * WAD),))).events
    assert [e.kind for e in events] == [EventKind.PRICE]


def test_a_venue_that_stops_keeping_it_uses_the_price_alone():
    store = opened(strict(), cash("a", 10))
    tick(store, 2000, seconds=0)
    tick(store, 3000, seconds=60)
    assert Draft(store, at(60)).stable_wad("ETH")
    change = RuleChange("oracle", "", "stable_price", 0)
    accepted(store, commands.SetRules(at(61), (change,), "a test"))
    assert Draft(store, at(61)).stable_wad("ETH") == 0


def test_the_quote_has_none():
    store = opened(strict(), cash("a", 10))
    accepted(store, commands.SetPrices(at(60), (("USD", WAD),)))
    assert Draft(store, at(60)).stable_wad("USD") == 0
    assert refused(store, commands.SetPrices(at(61), (("USD", 2 * WAD),))) is Reason.PRICE_INVALID
