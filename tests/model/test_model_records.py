"""The records: frozen, told apart, and with lists that are closed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from trimtab.model import (
    AUCTION_HOLDER,
    BACKSTOP,
    INSURANCE,
    MARKET_HOLDER,
    MARKET_POOL,
    SUPPLIERS,
    Accepted,
    Account,
    AssetRules,
    Auction,
    Case,
    Event,
    EventKind,
    FundingTick,
    Isolation,
    Level,
    MarketKind,
    MarketRules,
    MarketState,
    Observation,
    OracleState,
    OracleTick,
    Orders,
    Payer,
    Pool,
    Position,
    PriceState,
    Reason,
    Rejected,
    ReplayRules,
    Rules,
    RulesState,
    StablePrice,
    Table,
    Tick,
    Tier,
    Trip,
    VenueState,
    commands,
    contract_decimals,
)
from trimtab.model.schema import BOOK, EVENTS, FUNDING, GAS, ORACLE, PRICES

EMPTY = Rules("test", "USD", {}, {})
STATE = (
    VenueState(),
    RulesState(EMPTY),
    PriceState("ETH", 1, 2),
    Pool("USD"),
    Account("anna"),
    Auction("1", "anna", "ETH", "USD", 1, 2, 3, 4),
    Isolation("ISLE"),
    MarketState("ETH-PERP"),
    OracleState("ETH"),
)
PARTS = (
    *(Trip(1, 2), Observation(1, 0, 2), StablePrice(1, 2, ()), Position(), Orders()),
    *(OracleTick(1, "ETH", "feed", 2, 0, 1), FundingTick(1, "ETH-PERP", -1), Tier(0, 2, 1)),
)


@pytest.mark.parametrize("record", [*STATE, *PARTS], ids=lambda record: type(record).__name__)
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
    own = (INSURANCE, BACKSTOP, SUPPLIERS, AUCTION_HOLDER, MARKET_POOL, MARKET_HOLDER)
    assert len(set(own)) == 6
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
    assert [column.name for column in ORACLE] == [
        *("timestamp", "asset", "source", "price", "confidence", "published"),
    ]
    assert [column.name for column in ORACLE if not column.required] == ["confidence", "published"]
    assert [column.name for column in FUNDING] == ["timestamp", "market", "rate"]
    assert all(column.required for column in (*FUNDING, *GAS, *PRICES))
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
    assert (case.gas, case.observations, case.funding, case.input_hashes) == ((), (), (), None)


def test_the_fields_of_observations_and_rates_stand_as_replays_read_them():
    """`Case.observations` and `Case.funding` are built by position elsewhere."""
    assert [entry.name for entry in fields(OracleTick)] == [
        *("at_ns", "asset", "source", "price_wad", "confidence_wad", "published_ns"),
    ]
    assert [entry.name for entry in fields(FundingTick)] == ["at_ns", "market", "rate_wad"]


def test_what_an_account_risks_is_a_debt_a_position_or_an_order():
    account = Account("anna", supply={"USD": 1})
    assert not account.at_risk
    assert replace(account, debt={"ETH": 1}).at_risk
    assert replace(account, orders={"P": Orders(1, 0)}).at_risk
    settled = replace(account, positions={"P": Position(0, -1, 0)})
    assert (settled.at_risk, settled.has_open_positions) == (True, False)
    assert replace(account, positions={"P": Position(-1, 0, 0)}).has_open_positions


def test_the_skew_is_what_the_pool_has_to_take():
    assert MarketState("P", long=7, short=3).skew == 4
    assert MarketState("P", long=3, short=7).skew == -4


def test_an_inverse_contract_counts_the_quote_and_a_linear_one_its_asset():
    assets = {"USD": AssetRules("USD", 6), "BTC": AssetRules("BTC", 8)}
    rules = Rules("test", "USD", assets, {})
    linear = MarketRules("P", 2, 1, asset="BTC")
    inverse = replace(linear, kind=MarketKind.INVERSE_PERP)
    assert (linear.is_inverse, inverse.is_inverse) == (False, True)
    assert (contract_decimals(rules, linear), contract_decimals(rules, inverse)) == (8, 6)
    assert contract_decimals(rules, replace(inverse, decimals=0)) == 0


def test_the_liquidation_end_of_a_market_is_its_maintenance_rate_unless_given():
    market = MarketRules("P", 20, 10, asset="BTC")
    assert market.end_margin_wad == 10
    assert replace(market, liquidation_end_margin_wad=15).end_margin_wad == 15
