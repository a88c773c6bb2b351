"""The text of a state: every field counts, no float passes, and the bytes are those of before."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.drawn_rules import possible_rules, with_asset
from trimtab.engine import MemoryStore
from trimtab.model import (
    SINGLE,
    Account,
    Auction,
    Isolation,
    MarketState,
    Observation,
    OracleState,
    Orders,
    Pool,
    Position,
    PriceState,
    Ramp,
    Record,
    Rules,
    RulesState,
    StablePrice,
    Table,
    Trip,
    VenueState,
    account_key,
    canonical_json,
    digest,
    plain,
    split_key,
)

BIG = 2**200 + 1
STATE: dict[Table, Record] = {
    Table.VENUE: VenueState(7, 1, {"oracle": Trip(2, 9)}, BIG, 4, 2, 3, BIG),
    Table.PRICE: PriceState("ETH", BIG, 5, 6, 7),
    Table.POOL: Pool("USD", 1, 2, 3, 4, 5, 6, 7, 8, BIG, 10),
    Table.ACCOUNT: Account(
        "anna",
        {"ETH": BIG},
        {"USD": 4},
        "near",
        {"ETH": 5},
        {"USD": 6},
        in_liquidation=True,
        auctions=1,
        called_ns=8,
        last_call_ns=9,
        restricted=True,
        positions={"P": Position(-5, BIG, 3)},
        orders={"P": Orders(1, 2)},
        leverage={"P": 10**17},
        liquidation_ns=5,
        released_wad=6,
        closed_ns={"P": 7},
    ),
    Table.AUCTION: Auction("1", "anna", "ETH", "USD", 1, 2, 3, 4),
    Table.ISOLATION: Isolation("ISLE", {"USD": 3}),
    Table.MARKET: MarketState("P", 9, 8, 7, -6, 5, 4, -3, 2, 1, BIG, 1, ((1, 2),)),
    Table.ORACLE: OracleState(
        "ETH", {"feed": Observation(BIG, 2, 3)}, StablePrice(1, 2, (3, 4), 5, 6, 7), 8, 9
    ),
}


def other(value: Any) -> Any:
    """A value of the same kind that is not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, tuple):
        return (*value, (3, 4))
    if is_dataclass(value):
        return replace(
            value, **{fields(value)[0].name: other(getattr(value, fields(value)[0].name))}
        )
    return {**value, "NEW": 1}


def numbers_in(data: Any) -> list[Any]:
    """Everything in plain data that is neither a text, nor a truth, nor nothing."""
    if isinstance(data, dict):
        return [found for entry in data.values() for found in numbers_in(entry)]
    if isinstance(data, list):
        return [found for entry in data for found in numbers_in(entry)]
    return [] if data is None or isinstance(data, str | bool) else [data]


@pytest.mark.parametrize("table", STATE)
def test_no_field_of_a_record_can_change_unseen(table: Table) -> None:
    record = STATE[table]
    texts = {canonical_json(record)}
    for entry in fields(record):
        texts.add(
            canonical_json(replace(record, **{entry.name: other(getattr(record, entry.name))}))
        )
    assert len(texts) == 1 + len(fields(record))


@pytest.mark.parametrize("table", STATE)
def test_no_field_of_a_record_may_be_a_float(table: Table) -> None:
    record = STATE[table]
    for entry in fields(record):
        for inexact in (1.0, {"ETH": 1.0}, (1, [2.5])):
            with pytest.raises(AssertionError, match="float has no canonical form"):
                plain(replace(record, **{entry.name: inexact}))


@pytest.mark.parametrize("table", STATE)
def test_a_record_is_one_line_of_sorted_keys_that_reads_back_as_itself(table: Table) -> None:
    text = canonical_json(STATE[table])
    assert text.isascii()
    assert not set(text) & set(" \n\t")
    data = json.loads(text)
    assert list(data) == sorted(entry.name for entry in fields(STATE[table]))
    assert canonical_json(data) == text
    assert numbers_in(data) == []


def test_texts_of_records_stay_as_they_are() -> None:
    """Journals and published state hashes hold them; a new field is a new state hash."""
    assert canonical_json(Isolation("ISLE", {"b": 2**64, "a": 0})) == (
        '{"asset":"ISLE","debt_shares":{"a":"0","b":"18446744073709551616"}}'
    )
    assert canonical_json(VenueState()) == (
        '{"auctions_started":"0","backstop_capital_wad":"0","breaker_level":"0",'
        '"fund_peak_wad":"0","now_ns":"0","trips":{},"window_start_s":"0","window_used_wad":"0"}'
    )
    assert canonical_json(Account("ü", called_ns=None)) == (
        '{"auctions":"0","called_ns":null,"category":"","closed_ns":{},"debt":{},'
        '"in_liquidation":false,"key":"\\u00fc","last_call_ns":null,"leverage":{},'
        '"liquidation_ns":null,"orders":{},"penalties":{},"positions":{},"released_wad":"0",'
        '"restricted":false,"supply":{},"thresholds":{}}'
    )
    assert canonical_json(Position(-5, 2**60, 0)) == (
        '{"cost":"1152921504606846976","index":"0","size":"-5"}'
    )
    ramp = Ramp("assets", "ETH", "max_ltv_wad", -1, 2, 3, 4)
    assert canonical_json((ramp, Table.POOL)) == (
        '[{"end_s":"4","field":"max_ltv_wad","name":"ETH","section":"assets",'
        '"start":"-1","start_s":"3","target":"2"},"pool"]'
    )


@settings(max_examples=30)
@given(possible_rules(), st.data())
def test_rules_are_told_apart_by_their_smallest_change(rules: Rules, data: st.DataObject) -> None:
    text = canonical_json(RulesState(rules))
    assert numbers_in(plain(rules)) == []
    turned = replace(rules, assets=dict(reversed(rules.assets.items())))
    assert canonical_json(RulesState(turned)) == text
    name = data.draw(st.sampled_from(sorted(rules.assets)))
    field = data.draw(st.sampled_from(["max_ltv_wad", "slope2_wad", "mintable", "underlying"]))
    value = getattr(rules.assets[name], field)
    changed = with_asset(rules, name, **{field: other(value)})
    assert canonical_json(RulesState(changed)) != text
    back = with_asset(changed, name, **{field: value})
    assert digest(canonical_json(RulesState(back))) == digest(text)


@given(st.permutations(list(STATE)), st.sampled_from(list(STATE)))
def test_the_state_hash_is_of_the_records_not_of_their_order(
    order: list[Table], changed: Table
) -> None:
    def hash_of(state: dict[Table, Record], tables: list[Table]) -> str:
        return MemoryStore({(table, SINGLE): state[table] for table in tables}).state_hash()

    assert hash_of(STATE, order) == hash_of(STATE, list(STATE))
    record = STATE[changed]
    name = fields(record)[-1].name
    moved = {**STATE, changed: replace(record, **{name: other(getattr(record, name))})}
    assert hash_of(moved, order) != hash_of(STATE, order)


@given(st.dictionaries(st.text(max_size=4), st.integers() | st.none() | st.booleans(), max_size=4))
def test_nothing_false_and_zero_are_three_things(held: dict[str, Any]) -> None:
    texts = {canonical_json({**held, "x": value}) for value in (None, False, 0, "", (), {})}
    assert len(texts) == 6


slashless = st.text(min_size=1, max_size=6).filter(lambda name: "/" not in name)


@given(slashless, slashless | st.just(""), slashless, slashless | st.just(""))
def test_two_groups_never_share_a_key(one: str, its: str, two: str, that: str) -> None:
    """A book's names hold no slash, so a key says both parts and nothing else."""
    assert (account_key(one, its) == account_key(two, that)) == ((one, its) == (two, that))
    assert split_key(account_key(one, its)) == (one, its)
    assert account_key(*split_key(account_key(one, its))) == account_key(one, its)
