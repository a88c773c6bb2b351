"""Liquidations of a handful of units at awkward prices: where roundings are as large as amounts.

The example in which chained floors would let health fall to zero lives here. Every command runs
under the watch of all invariants.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from tests.engine.venues import START_NS, asset, at, row, venue_rules
from tests.engine.watch import WatchedVenue
from trimtab.model import (
    Accepted,
    Accrual,
    EventKind,
    LiquidationRules,
    Rules,
    Sizing,
    SpiralRule,
    commands,
)
from trimtab.units import WAD

BPS = 10**14
decimals = st.integers(0, 3)
prices = st.integers(WAD // 10**6, 10 * WAD) | st.sampled_from((333_333_333_333_333_334, WAD))
few = st.integers(1, 60)
weights = st.integers(1, 9_000)


@st.composite
def small_rules(draw) -> Rules:
    """Two assets of few decimals; interest strong enough to move the indices between steps."""
    one = asset("ONE", draw(decimals), price=1)
    token = asset("TOKEN", draw(decimals))
    rates = {"base_rate_wad": draw(st.sampled_from((0, WAD))), "accrual": Accrual.LINEAR}
    threshold = draw(weights) * BPS
    token = replace(
        token,
        price_wad=draw(prices),
        liquidation_threshold_wad=threshold,
        liquidation_end_wad=threshold,
        liquidation_bonus_wad=draw(st.integers(0, 1_100)) * BPS,
        liquidation_fee_wad=draw(st.sampled_from((0, 50, 300))) * BPS,
        liability_weight_wad=draw(st.sampled_from((WAD, WAD * 10 // 9 + 1))),
        **rates,
    )
    liquidation = LiquidationRules(
        sizing=draw(st.sampled_from(Sizing)),
        spiral=draw(st.sampled_from(SpiralRule)),
        minimum_bonus_wad=draw(st.sampled_from((0, 100))) * BPS,
    )
    rules = venue_rules(replace(one, reserve_factor_wad=WAD // 10, **rates), token)
    return replace(rules, liquidation=liquidation)


def example_rules(*, threshold_bps: int = 910) -> Rules:
    token = replace(
        asset("TOKEN", 0),
        price_wad=333_333_333_333_333_334,
        liquidation_threshold_wad=threshold_bps * BPS,
        liquidation_end_wad=threshold_bps * BPS,
    )
    rules = venue_rules(asset("ONE", 0, price=1), token)
    return replace(rules, liquidation=LiquidationRules(minimum_bonus_wad=0))


@given(small_rules(), few, few, few, st.lists(st.tuples(few, few), min_size=1, max_size=4))
@example(example_rules(), 33, 5, 1, [(2, 1)])
def test_small_liquidations_break_no_invariant(rules, held, owed, others, bites):
    book = [row("anna", "TOKEN", held), row("anna", "ONE", -owed)]
    book += [row("bela", "ONE", 10 * others), row("bela", "TOKEN", -others)]
    venue = WatchedVenue(rules, book, at_ns=START_NS)
    second = 0
    for repay, days in bites:
        second += days * 86_400
        asked = commands.Liquidate(at(second), "anna", "ONE", "TOKEN", "keeper", repay)
        venue.run(asked)
    venue.run(commands.Liquidate(at(second), "anna", "ONE", "TOKEN", "keeper"))
    venue.replay()
    assert venue.tally.total == len(bites) + 1


@given(small_rules(), few, few, few, st.lists(st.tuples(few, few), min_size=1, max_size=4))
def test_small_auctions_break_no_invariant(rules, held, owed, others, slices):
    book = [row("anna", "TOKEN", held), row("anna", "ONE", -owed)]
    book += [row("bela", "ONE", 10 * others), row("bela", "TOKEN", -others)]
    venue = WatchedVenue(rules, book, at_ns=START_NS)
    venue.run(commands.StartAuction(at(0), "anna", "ONE", "TOKEN", "keeper"))
    second = 0
    for amount, minutes in slices:
        second += minutes * 60
        venue.run(commands.TakeAuction(at(second), "1", amount, 10**30, "taker"))
        venue.run(commands.ResetAuction(at(second), "1", "keeper"))
    venue.run(commands.TakeAuction(at(second), "1", 10**9, 10**30, "taker"))
    venue.replay()
    assert venue.tally.total == 2 + 2 * len(slices)


@given(small_rules(), few, few, st.lists(st.tuples(few, few), min_size=1, max_size=6))
def test_small_loans_break_no_invariant(rules, held, lent, moves):
    """In and out in units and days: no path leaves with more than it brought."""
    book = [row("anna", "TOKEN", held), row("fria", "ONE", lent)]
    book += [row("bela", "ONE", 60), row("bela", "TOKEN", -1)]
    venue = WatchedVenue(rules, book, at_ns=START_NS)
    second = 0
    for amount, days in moves:
        second += days * 86_400
        venue.run(commands.Borrow(at(second), "bela", "TOKEN", amount))
        venue.run(commands.Deposit(at(second), "anna", "TOKEN", amount))
        venue.run(commands.Withdraw(at(second), "anna", "TOKEN", amount))
        venue.run(commands.Repay(at(second), "bela", "TOKEN", amount))
    venue.run(commands.Repay(at(second), "bela", "TOKEN", None))
    venue.run(commands.Withdraw(at(second), "anna", "TOKEN", None))
    venue.replay()
    assert venue.tally.accepted["Deposit"] == len(moves)


def test_the_worked_example_closes_two_of_five_and_keeps_the_rest_backed():
    """33 tokens at a third back 5: repaying 2 takes 5 tokens (2 / 0.334, rounded down)."""
    book = [row("anna", "TOKEN", 33), row("anna", "ONE", -5)]
    venue = WatchedVenue(example_rules(), book, at_ns=START_NS)
    outcome = venue.run(commands.Liquidate(at(0), "anna", "ONE", "TOKEN", "keeper", 2))
    assert isinstance(outcome, Accepted)
    seized = [event for event in outcome.events if event.kind is EventKind.SEIZE]
    assert [event.quantity for event in seized] == [-5]
