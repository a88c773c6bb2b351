"""Genesis and the store: a book becomes records that agree, and a step costs what it touches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.venues import START_NS, accepted, asset, at, eth, opened, row, usd, venue_rules
from trimtab.engine import MemoryStore, open_venue, step
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    SUPPLIERS,
    Accepted,
    BookRow,
    FundRules,
    Rejected,
    Table,
    commands,
)
from trimtab.units import WAD, DataError

ETHER, DOLLAR = 10**18, 10**6
ISLE = replace(asset("ISLE", 8, price=5, ltv=50, threshold=60), isolated=True)
DAI = replace(asset("DAI", 18, price=1), mintable=True)
RULES = replace(
    venue_rules(usd(), eth(), ISLE, DAI),
    insurance=FundRules(250_000 * WAD),
    backstop=FundRules(7 * WAD),
)


def assert_agrees(store: MemoryStore) -> None:
    accounts = [store.get(Table.ACCOUNT, key) for key in store.keys(Table.ACCOUNT)]
    for name in store.keys(Table.POOL):
        pool = store.get(Table.POOL, name)
        held, claimed = pool.cash + pool.borrowed, pool.supplied + pool.reserves + pool.minted
        assert held == claimed
        assert pool.supply_shares == sum(each.supply.get(name, 0) for each in accounts)
        assert pool.borrow_shares == sum(each.debt.get(name, 0) for each in accounts)


def test_a_book_becomes_pools_accounts_and_funds():
    rows = [
        row("anna", "ETH", 3 * ETHER),
        row("anna", "USD", -1000 * DOLLAR),
        row("anna/basis", "USD", 50 * DOLLAR),
        row("bela", "DAI", -(10**21)),
        row("bela", "ISLE", 10**11),
    ]
    store = opened(RULES, *rows)
    assert_agrees(store)
    assert store.get(Table.ACCOUNT, "anna").debt == {"USD": 1000 * DOLLAR * 10**6}
    assert store.get(Table.ACCOUNT, "anna/basis").supply == {"USD": 50 * DOLLAR * 10**6}
    assert store.get(Table.ACCOUNT, INSURANCE).supply == {"USD": 250_000 * DOLLAR * 10**6}
    assert store.get(Table.ACCOUNT, BACKSTOP).supply == {"USD": 7 * DOLLAR * 10**6}
    assert store.get(Table.POOL, "DAI").minted == 10**21
    assert store.get(Table.ISOLATION, "ISLE").debt_shares == {"DAI": 10**27}


def test_unknown_suppliers_keep_utilization_at_four_fifths():
    store = opened(RULES, row("anna", "USD", -1001), row("bela", "USD", 51))
    assert store.get(Table.ACCOUNT, SUPPLIERS).supply == {"USD": 1201 * 10**6}
    assert_agrees(store)


@pytest.mark.parametrize("external", [1000, 2000])
def test_known_suppliers_are_taken_as_they_are(external):
    rules = replace(RULES, assets={**RULES.assets, "USD": replace(usd(), external_supply=external)})
    store = opened(rules, row("anna", "USD", -1000))
    assert store.get(Table.ACCOUNT, SUPPLIERS).supply == {"USD": external * 10**6}
    assert_agrees(store)


def test_suppliers_that_do_not_cover_the_debts_are_bad_data():
    rules = replace(RULES, assets={**RULES.assets, "USD": replace(usd(), external_supply=899)})
    with pytest.raises(DataError, match="external_supply") as caught:
        opened(rules, row("anna", "USD", -1000), row("bela", "USD", 100))
    assert "at least 900 native units" in str(caught.value)


def test_rows_of_one_instrument_add_up_and_zero_rows_count_nothing():
    rows = [row("anna", "ETH", ETHER), row("anna", "ETH", ETHER), row("anna", "USD", 0)]
    anna = opened(RULES, *rows, row("bela", "USD", 0)).get(Table.ACCOUNT, "anna")
    assert (dict(anna.supply), dict(anna.debt)) == ({"ETH": 2 * ETHER * 10**6}, {})


def test_a_book_may_override_thresholds_and_name_a_category():
    book = [BookRow("anna", "ETH", ETHER, category="near", threshold_wad=WAD // 2)]
    anna = open_venue(RULES, book, at_ns=START_NS).get(Table.ACCOUNT, "anna")
    assert (dict(anna.thresholds), anna.category) == ({"ETH": WAD // 2}, "near")


def test_prices_start_as_the_rules_say():
    rules = venue_rules(replace(usd(), price_wad=None), replace(eth(), price_wad=None))
    store = opened(rules)
    assert store.get(Table.PRICE, "USD").price_wad == WAD
    assert store.get(Table.PRICE, "ETH") is None


def crowd(count: int) -> MemoryStore:
    """A venue of so many borrowers."""
    rows = [row(f"user{n}", "ETH", ETHER) for n in range(count)]
    return opened(RULES, *rows, *(row(f"user{n}", "USD", -DOLLAR) for n in range(count)))


@pytest.mark.parametrize(
    ("command", "records"),
    [
        (commands.Deposit(at(60), "user3", "ETH", 1), 3),
        (commands.Borrow(at(60), "user3", "USD", 1), 4),
        (commands.SetPrices(at(60), (("ETH", WAD),)), 2),
        (commands.Pause(at(60), 1, "test"), 1),
    ],
)
def test_a_step_replaces_as_many_records_in_a_crowd_as_among_ten(command, records):
    found = []
    for count in (10, 10_000):
        outcome = step(crowd(count), command)
        assert isinstance(outcome, Accepted)
        found.append(set(outcome.changes))
    assert found[0] == found[1]
    assert len(found[0]) == records


def test_the_hash_of_a_state_knows_no_clock_and_every_unit():
    store, other = crowd(3), crowd(3)
    accepted(other, commands.Accrue(at(1), ()))
    assert store.state_hash() == other.state_hash()
    accepted(other, commands.Deposit(at(1), "user1", "ETH", 1))
    assert store.state_hash() != other.state_hash()


def test_a_store_deletes_what_a_change_set_deletes():
    store = crowd(1)
    store.apply(Accepted({(Table.ACCOUNT, "user0"): None}, ()))
    assert store.get(Table.ACCOUNT, "user0") is None
    assert "user0" not in set(store.keys(Table.ACCOUNT))


def test_a_rejection_carries_the_numbers_that_decided():
    outcome = step(crowd(1), commands.Withdraw(at(0), "user0", "ETH", 2 * ETHER))
    assert isinstance(outcome, Rejected)
    assert outcome.data == {"balance": ETHER, "amount": 2 * ETHER}
