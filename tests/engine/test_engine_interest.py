"""Interest through the whole engine: who earns it, who owes it, and what a margin makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.venues import (
    DAY_S,
    YEAR_S,
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
    with_rates,
)
from trimtab.engine import supply_amount
from trimtab.model import EventKind, Reason, Table
from trimtab.model.commands import Accrue, Borrow, Deposit, Liquidate, Repay, Withdraw

ETHER, DOLLAR = 10**18, 10**6
DEAR = with_rates(usd(), base=10, slope1=0, slope2=0)
RULES = venue_rules(replace(DEAR, external_supply=0), eth())


def lent(dollars: int = 1500):
    """Fria lends 10,000 USD; anna owes some of it against one ETH."""
    rows = [row("fria", "USD", 10_000 * DOLLAR), row("anna", "ETH", ETHER)]
    return opened(RULES, *rows, row("anna", "USD", -dollars * DOLLAR))


def test_interest_is_told_once_and_by_the_pool():
    store = lent()
    (event,) = accepted(store, Accrue(at(YEAR_S), ("USD", "ETH"))).events
    assert (event.kind, event.asset, event.account) == (EventKind.INTEREST, "USD", "")
    pool = store.get(Table.POOL, "USD")
    assert event.quantity == pool.borrowed - 1500 * DOLLAR
    assert accepted(store, Accrue(at(YEAR_S), ("USD",))).events == ()


def test_debtors_owe_what_suppliers_and_reserves_earn():
    store = lent()
    accepted(store, Accrue(at(YEAR_S), ("USD",)))
    pool = store.get(Table.POOL, "USD")
    earned = supply_amount(pool, account_of(store, "fria").supply["USD"]) - 10_000 * DOLLAR
    interest = pool.borrowed - 1500 * DOLLAR
    # 10 % compounded every second: e^0.1 - 1.
    assert interest == pytest.approx(1500 * DOLLAR * 0.105170918, rel=1e-6)
    assert pool.reserves == interest // 10
    assert interest - pool.reserves - 1 <= earned <= interest - pool.reserves


def test_waiting_alone_makes_an_account_unsafe_and_in_the_end_bankrupt():
    store = lent()
    asked = Liquidate(at(DAY_S), "anna", "USD", "ETH", "keeper")
    assert refused(store, asked) is Reason.HEALTHY
    assert sums_of(store, "anna", at_ns=at(YEAR_S)).excess_maintenance < 0
    assert sums_of(store, "anna", at_ns=at(4 * YEAR_S)).equity < 0
    accepted(store, replace(asked, at_ns=at(YEAR_S)))


def test_a_debt_is_paid_whole_with_its_interest():
    store = lent()
    (told, *_) = [
        event
        for event in accepted(store, Repay(at(YEAR_S), "anna", "USD", None)).events
        if event.kind is EventKind.REPAY
    ]
    assert -told.quantity > 1657 * DOLLAR
    assert dict(account_of(store, "anna").debt) == {}
    accepted(store, Withdraw(at(YEAR_S), "anna", "ETH", None))
    pool = store.get(Table.POOL, "USD")
    assert (pool.borrowed, pool.borrow_shares) == (0, 0)
    assert pool.cash == pool.supplied + pool.reserves


def test_suppliers_leave_with_their_interest_and_the_reserves_stay():
    store = lent()
    accepted(store, Repay(at(YEAR_S), "anna", "USD", None))
    accepted(store, Withdraw(at(YEAR_S), "fria", "USD", None))
    pool = store.get(Table.POOL, "USD")
    assert (pool.supplied, pool.supply_shares) == (0, 0)
    assert pool.cash == pool.reserves > 15 * DOLLAR


@given(st.lists(st.integers(0, 90 * DAY_S), min_size=1, max_size=12))
def test_suppliers_who_come_later_take_nothing_from_those_before(gaps):
    """Each newcomer is worth what he brought, to the unit, and dilutes nobody."""
    store, second = lent(), 0
    fria = account_of(store, "fria").supply["USD"]
    for number, gap in enumerate(gaps):
        second += gap
        accepted(store, Accrue(at(second), ("USD",)))
        before = supply_amount(store.get(Table.POOL, "USD"), fria)
        key, amount = f"new{number}", 7 * DOLLAR + number
        accepted(store, Deposit(at(second), key, "USD", amount))
        pool = store.get(Table.POOL, "USD")
        worth = supply_amount(pool, account_of(store, key).supply["USD"])
        assert worth in (amount, amount - 1)
        assert before <= supply_amount(pool, fria) <= before + 1


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 30 * DAY_S)), max_size=10))
def test_equal_loans_owe_equally_whoever_came_first(loans):
    """Anna borrows before bela in the same second, every time: a unit a loan at the most."""
    rows = [row("fria", "USD", 10**6 * DOLLAR)]
    rows += [row(key, "ETH", 10 * ETHER) for key in ("anna", "bela")]
    store, second = opened(RULES, *rows), 0
    for dollars, gap in loans:
        for key in ("anna", "bela"):
            accepted(store, Borrow(at(second), key, "USD", dollars * DOLLAR))
        second += gap
    debts = [sums_of(store, key, at_ns=at(second)).debt for key in ("anna", "bela")]
    one_unit = 10**54 // DOLLAR
    assert abs(debts[0] - debts[1]) <= one_unit * (1 + len(loans))


def test_utilization_moves_the_rate_between_two_touches_only():
    """A loan raises the rate from its own second on; before it the old rate holds."""
    rules = venue_rules(replace(with_rates(usd(), base=0, slope1=80), external_supply=0), eth())
    rows = [row("fria", "USD", 10_000 * DOLLAR), row("anna", "ETH", 10 * ETHER)]
    store = opened(rules, *rows, row("anna", "USD", -1000 * DOLLAR))
    accepted(store, Borrow(at(YEAR_S), "anna", "USD", 4000 * DOLLAR))
    # A tenth used of a kink at 0.8 and a slope of 80 %: 10 % a year, compounded.
    grown = store.get(Table.POOL, "USD").borrowed / DOLLAR - 4000
    assert grown == pytest.approx(1105.170918, rel=1e-5)
    accepted(store, Accrue(at(YEAR_S + DAY_S), ("USD",)))
    a_day = store.get(Table.POOL, "USD").borrowed / DOLLAR - 4000 - grown
    rate = (grown + 4000) / (10_000 + (grown - 1000))
    assert a_day == pytest.approx((grown + 4000) * rate / 365, rel=1e-3)
