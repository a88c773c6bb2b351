"""Margin calls: between initial and maintenance, with notice, and never a liquidation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.venues import (
    accepted,
    account_of,
    at,
    eth,
    opened,
    refused,
    row,
    sums_of,
    usd,
    venue_rules,
)
from trimtab.model import CallExpiry, EventKind, MarginCallRules, Reason
from trimtab.model.commands import (
    Borrow,
    CallMargin,
    Deposit,
    ExpireCall,
    Liquidate,
    Reduce,
    Repay,
    SetPrices,
    Withdraw,
)
from trimtab.units import WAD

ETHER, DOLLAR = 10**18, 10**6
INTERVAL_S, GRACE_S = 3600, 7200
CALL = CallMargin(at(0), "anna")
REDUCE = Reduce(at(GRACE_S), "anna", "USD", "ETH", "keeper")


def venue(dollars: int = 1550, *, on_expiry: CallExpiry = CallExpiry.REDUCE):
    """Anna with one ETH: 1,500 may be borrowed, above 1,600 a liquidation starts."""
    rules = replace(
        venue_rules(usd(), eth()),
        margin_call=MarginCallRules(INTERVAL_S, GRACE_S, on_expiry),
    )
    return opened(rules, row("anna", "ETH", ETHER), row("anna", "USD", -dollars * DOLLAR))


def expired(**choices):
    store = venue(**choices)
    accepted(store, CALL)
    accepted(store, ExpireCall(at(GRACE_S), "anna"))
    return store


@pytest.mark.parametrize("dollars", [1500, 1601])
def test_only_an_account_between_the_levels_is_called(dollars):
    assert refused(venue(dollars), CALL) is Reason.CALL_NOT_DUE


@pytest.mark.parametrize("dollars", [1501, 1600])
def test_a_call_says_what_is_missing(dollars):
    (event,) = accepted(venue(dollars), CALL).events
    assert (event.kind, event.value) == (EventKind.CALL, (dollars - 1500) * WAD)


def test_a_call_is_repeated_after_the_interval_only():
    store = venue()
    accepted(store, CALL)
    early = replace(CALL, at_ns=at(INTERVAL_S) - 1)
    assert refused(store, early) is Reason.CALL_NOT_DUE
    accepted(store, replace(CALL, at_ns=at(INTERVAL_S)))
    assert account_of(store, "anna").last_call_ns == at(INTERVAL_S)
    assert account_of(store, "anna").called_ns == at(0), "a reminder extends no grace"


@pytest.mark.parametrize(
    "answer",
    [Repay(at(1), "anna", "USD", 50 * DOLLAR), Deposit(at(1), "anna", "USD", 60 * DOLLAR)],
)
def test_a_call_is_met_at_the_initial_level(answer):
    store = venue()
    accepted(store, CALL)
    assert EventKind.CALL_MET in [event.kind for event in accepted(store, answer).events]
    assert account_of(store, "anna").called_ns is None
    assert refused(store, ExpireCall(at(GRACE_S), "anna")) is Reason.CALL_NOT_DUE


def test_an_answer_that_is_too_small_leaves_the_call_open():
    store = venue()
    accepted(store, CALL)
    accepted(store, Repay(at(1), "anna", "USD", 49 * DOLLAR))
    assert account_of(store, "anna").called_ns == at(0)


def test_a_call_expires_after_its_grace_and_once():
    store = venue()
    accepted(store, CALL)
    early = ExpireCall(at(GRACE_S) - 1, "anna")
    assert refused(store, early) is Reason.CALL_NOT_DUE
    accepted(store, replace(early, at_ns=at(GRACE_S)))
    assert account_of(store, "anna").restricted
    assert refused(store, ExpireCall(at(GRACE_S), "anna")) is Reason.CALL_NOT_DUE


def test_a_price_that_came_back_counts_as_an_answer():
    store = venue()
    accepted(store, CALL)
    accepted(store, SetPrices(at(1), (("ETH", 2200 * WAD),)))
    (event,) = accepted(store, ExpireCall(at(GRACE_S), "anna")).events
    assert event.kind is EventKind.CALL_MET
    assert not account_of(store, "anna").restricted


def test_a_restricted_account_takes_no_risk_until_it_is_back():
    store = expired(on_expiry=CallExpiry.RESTRICT)
    later = at(GRACE_S)
    assert refused(store, Borrow(later, "anna", "USD", 1)) is Reason.RESTRICTED
    assert refused(store, Withdraw(later, "anna", "ETH", 1)) is Reason.RESTRICTED
    assert refused(store, REDUCE) is Reason.CALL_NOT_DUE
    accepted(store, SetPrices(later, (("ETH", 2200 * WAD),)))
    accepted(store, Borrow(later, "anna", "USD", DOLLAR))
    assert not account_of(store, "anna").restricted


def test_an_expired_call_does_not_liquidate():
    store = expired()
    asked = Liquidate(at(GRACE_S), "anna", "USD", "ETH", "keeper")
    assert refused(store, asked) is Reason.HEALTHY


def test_a_reduction_at_par_goes_to_the_initial_level_and_no_further():
    store = expired()
    equity = sums_of(store, "anna").equity
    events = accepted(store, REDUCE).events
    # x (1 - 0.75) = 50: 200 leave on both sides.
    assert [e.quantity for e in events if e.kind is EventKind.REDUCE] == [-200 * DOLLAR]
    assert [e.quantity for e in events if e.kind is EventKind.SEIZE] == [-ETHER // 10]
    assert [e.kind for e in events][-1] is EventKind.CALL_MET
    sums = sums_of(store, "anna")
    assert (sums.excess_initial, sums.equity) == (0, equity)
    assert refused(store, REDUCE) is Reason.CALL_NOT_DUE


def test_a_reduction_names_what_the_account_owes_and_holds():
    store = expired()
    assert refused(store, replace(REDUCE, debt="ETH")) is Reason.INSUFFICIENT_BALANCE
    assert refused(store, replace(REDUCE, collateral="USD")) is Reason.INSUFFICIENT_BALANCE


def test_below_maintenance_an_account_is_liquidated_and_not_reduced():
    store = expired()
    accepted(store, SetPrices(at(GRACE_S), (("ETH", 1900 * WAD),)))
    assert refused(store, REDUCE) is Reason.CALL_NOT_DUE
    accepted(store, Liquidate(at(GRACE_S), "anna", "USD", "ETH", "keeper"))
