"""The records: frozen, told apart, and with lists that are closed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from trimtab.model import (
    AUCTION_HOLDER,
    BACKSTOP,
    INSURANCE,
    SUPPLIERS,
    Accepted,
    Account,
    Auction,
    Case,
    Event,
    EventKind,
    Isolation,
    Level,
    Payer,
    Pool,
    PriceState,
    Reason,
    Rejected,
    ReplayRules,
    Rules,
    RulesState,
    Table,
    Tick,
    VenueState,
    commands,
)
from trimtab.model.schema import BOOK, EVENTS, GAS, PRICES

EMPTY = Rules("test", "USD", {}, {})
STATE = (
    VenueState(),
    RulesState(EMPTY),
    PriceState("ETH", 1, 2),
    Pool("USD"),
    Account("anna"),
    Auction("1", "anna", "ETH", "USD", 1, 2, 3, 4),
    Isolation("ISLE"),
)


@pytest.mark.parametrize("record", STATE, ids=lambda record: type(record).__name__)
def test_a_record_of_the_state_is_never_changed(record):
    name = fields(record)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(record, name, "other")
    assert replace(record) == record
    assert replace(record) is not record


@pytest.mark.parametrize("kind", commands.Command.__args__, ids=lambda kind: kind.__name__)
def test_a_command_starts_with_its_time(kind):
    assert fields(kind)[0].name == "at_ns"
    assert kind.__doc__.strip().endswith(".")
    assert kind.__slots__


def test_every_table_has_its_record():
    assert len(Table) == len(STATE)


def test_an_untouched_pool_and_a_new_account_are_empty():
    pool, account = Pool("USD"), Account("anna")
    assert {getattr(pool, entry.name) for entry in fields(pool)} == {"USD", 0}
    assert (dict(account.supply), dict(account.debt), dict(account.penalties)) == ({}, {}, {})
    assert (account.in_liquidation, account.restricted, account.called_ns) == (False, False, None)


def test_accounts_do_not_share_their_holdings():
    assert Account("anna").supply is not Account("bela").supply


def test_payers_stand_in_the_order_of_the_waterfall():
    assert [str(payer) for payer in Payer] == [
        "own_margin",
        "penalty",
        "insurance",
        "backstop",
        "adl",
        "socialized",
    ]


def test_levels_stand_strictest_first():
    assert [str(level) for level in Level] == ["initial", "liquidation_end", "maintenance"]


@pytest.mark.parametrize("closed", [Reason, EventKind, Payer, Level, Table])
def test_the_words_of_a_closed_list_are_its_own(closed):
    words = [str(entry.value) for entry in closed]
    assert len(words) == len(set(words))
    assert all(word == word.lower() and " " not in word for word in words)


def test_the_venues_own_accounts_cannot_be_taken_for_anybody_elses():
    own = (INSURANCE, BACKSTOP, SUPPLIERS, AUCTION_HOLDER)
    assert len(set(own)) == 4
    assert all(name.startswith("@") for name in own)


def test_an_outcome_is_one_of_two():
    event = Event(EventKind.PRICE, asset="ETH", price=1)
    accepted = Accepted({(Table.POOL, "USD"): Pool("USD")}, (event,))
    rejected = Rejected(Reason.HEALTHY, {"excess": 0})
    assert accepted.events[0].flow == 0
    assert rejected.reason is Reason.HEALTHY
    assert not isinstance(rejected, Accepted)


def test_the_columns_of_the_tables_are_those_of_the_design():
    assert [column.name for column in BOOK] == [
        *("account", "instrument", "quantity"),
        *("entry_price", "group", "category", "liquidation_threshold"),
    ]
    assert [column.name for column in BOOK if column.required] == [
        *("account", "instrument", "quantity"),
    ]
    assert [column.name for column in PRICES] == ["timestamp", "asset", "price"]
    assert [column.name for column in GAS] == ["timestamp", "gas_cost"]
    assert [column.name for column in EVENTS] == [
        *("timestamp", "seq", "account", "kind", "asset", "quantity", "price", "value"),
        *("payer", "reason", "state_hash"),
    ]


def test_every_event_field_but_the_flow_has_its_column():
    told = {entry.name for entry in fields(Event)}
    assert told - {column.name for column in EVENTS} == {"flow"}


def test_a_case_holds_ticks_and_a_policy():
    case = Case("crash", EMPTY, (), (Tick(1, (("ETH", 2),)),))
    assert case.ticks[0].prices == (("ETH", 2),)
    assert case.replay == ReplayRules()
    assert (case.gas, case.input_hashes) == ((), None)
