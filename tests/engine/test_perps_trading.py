"""Fills and settlement: what is realized, from what it is paid, and what has to wait."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    cash,
    draft_of,
    equity,
    held,
    inverse,
    mark_of,
    opened,
    position,
    rules_with,
    state_of,
    tick,
    told,
    trade,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine.perps.fills import changed, fill_cost
from trimtab.model import EventKind, Position, Reason, commands
from trimtab.units import WAD


def two(market=None, **sections):
    """a and b with 2,000 dollars each."""
    return opened(rules_with(market, **sections), cash("a", 2000), cash("b", 2000))


def kinds(outcome) -> list[EventKind]:
    return [event.kind for event in outcome.events]


def test_a_fill_opens_both_sides_and_moves_no_money():
    store = two()
    outcome = accepted(store, trade("a", "b", 3, 2000))
    assert (position(store, "a").size, position(store, "b").size) == (3 * ETHER, -3 * ETHER)
    assert (equity(store, "a"), equity(store, "b")) == (2000, 2000)
    (event,) = (e for e in outcome.events if e.kind is EventKind.TRADE)
    assert (event.account, event.reason, event.quantity) == ("a", "b", 3 * ETHER)
    assert (event.price, event.value) == (2000 * WAD, 6000 * WAD)
    assert (state_of(store).long, state_of(store).short) == (3 * ETHER, 3 * ETHER)


def test_a_close_realizes_from_what_the_other_side_paid_in():
    store = two()
    accepted(store, trade("a", "b", 3, 2000))
    tick(store, 2100)
    outcome = accepted(store, trade("b", "a", 3, 2100))
    realized = {e.account: e.quantity for e in outcome.events if e.kind is EventKind.REALIZED}
    assert realized == {"b": -300 * DOLLAR, "a": 300 * DOLLAR}
    assert (equity(store, "a"), equity(store, "b")) == (2300, 1700)
    assert state_of(store).held == 0


def test_a_gain_waits_until_a_loss_has_been_paid_in():
    """The winner closes first, against somebody new: there is nothing to pay it from yet."""
    store = opened(rules_with(), cash("a", 2000), cash("b", 2000), cash("c", 2000))
    accepted(store, trade("a", "b", 3, 2000))
    tick(store, 2100)
    outcome = accepted(store, trade("a", "c", -3, 2100))
    assert EventKind.UNSETTLED in kinds(outcome)
    assert equity(store, "a") == 2300
    assert position(store, "a") == Position(0, -300 * 10**54, 0)
    assert refused(store, commands.Settle(at(0), "a", PERP)) is Reason.NOTHING_TO_SETTLE
    accepted(store, commands.Settle(at(0), "b", PERP))
    accepted(store, commands.Settle(at(0), "a", PERP))
    assert told(store, "a").withdrawable["USD"] == 2300 * DOLLAR


def test_the_gain_of_an_open_position_is_not_paid_out():
    store = two()
    accepted(store, trade("a", "b", 3, 2000))
    tick(store, 2100)
    assert refused(store, commands.Settle(at(0), "a", PERP)) is Reason.NOTHING_TO_SETTLE


def test_a_loss_is_paid_from_cash_first_and_then_becomes_a_debt():
    ether = replace(cash("a", 0), instrument="ETH", quantity=ETHER)
    lender = cash("lender", 10**6)
    store = opened(rules_with(), ether, cash("a", 100), cash("b", 9000), lender)
    accepted(store, trade("a", "b", 3, 2000))
    tick(store, 1900)
    accepted(store, commands.Settle(at(0), "a", PERP))
    account = draft_of(store).account("a")
    assert "USD" not in account.supply
    assert told(store, "a").debt_wad == 200 * WAD
    assert state_of(store).held == 300 * DOLLAR
    assert equity(store, "a") == pytest.approx(1700)
    # Its next gain ends the debt before it is cash.
    tick(store, 2000)
    accepted(store, trade("a", "b", -3, 2000))
    assert "USD" not in draft_of(store).account("a").debt
    assert equity(store, "a") == pytest.approx(2100)


def test_no_debt_stands_on_nothing():
    """A loss beyond the equity stays in the position: nobody lends against it."""
    store = opened(rules_with(), cash("a", 300), held("a", 1), cash("lender", 10**6))
    tick(store, 1500)
    accepted(store, commands.Settle(at(0), "a", PERP))
    assert draft_of(store).account("a").debt == {}
    assert state_of(store).held == 300 * DOLLAR
    assert equity(store, "a") == -200


def test_dust_of_a_closed_loss_can_be_settled_and_ends_in_the_surplus():
    store = opened(rules_with(), cash("a", 2000), held("a", 1), cash("b", 2000))
    odd = commands.Trade(at(0), PERP, "a", "b", -ETHER, 2000 * WAD - 1)
    accepted(store, odd)
    assert PERP not in draft_of(store).account("a").positions
    assert state_of(store).surplus == 10**48 - 10**36
    assert state_of(store).held == 1


@pytest.mark.parametrize(
    ("before", "size", "cost", "after", "realized"),
    [
        (Position(0, 0), 5, 50, Position(5, 50), 0),
        (Position(5, 50), 5, 60, Position(10, 110), 0),
        (Position(10, 110), -5, -60, Position(5, 50), 5),
        (Position(10, 110), -10, -90, Position(0, 20), -20),
        (Position(10, 110), -15, -180, Position(-5, -70), 10),
        (Position(-6, -60), 6, 30, Position(0, -30), 30),
        (Position(0, -7), 5, 50, Position(5, 43), 0),
        # A third of an odd cost: the closed part's rounds up.
        (Position(3, 100), -1, -40, Position(2, 60), 6),
    ],
)
def test_a_change_of_size_by_hand(before, size, cost, after, realized):
    found = changed(before, size, cost=cost)
    assert (found.position, found.realized) == (after, realized)


@given(
    size=st.integers(-(10**20), 10**20).filter(bool),
    cost=st.integers(-(10**60), 10**60),
    change=st.integers(-(10**20), 10**20).filter(bool),
    price=st.integers(1, 10**60),
)
def test_a_change_realizes_the_closed_part_and_never_more(size, cost, change, price):
    found = changed(Position(size, cost), change, cost=price if change > 0 else -price)
    assert found.position.size == size + change
    if size * change > 0:
        assert found.realized == 0
        return
    part = Fraction(min(abs(size), abs(change)), 1)
    exact = -cost * part / abs(size) - (price if change > 0 else -price) * part / abs(change)
    assert 0 <= exact - found.realized < 2


@given(size=st.integers(-(10**15), 10**15), price=st.integers(1, 10**24))
def test_an_inverse_fill_costs_both_sides_the_same(size, price):
    mark = mark_of(opened(rules_with(inverse()), cash("a", 1)))
    cost = fill_cost(size, mark, price_wad=price)
    exact = -Fraction(size * WAD * mark.lift, price)
    assert 0 <= cost - exact < 1
