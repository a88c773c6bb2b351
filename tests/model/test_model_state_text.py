"""A state's text: what is read back is what was written, in the same order, with the same hash."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.drawn_rules import possible_rules
from tests.model.test_model_canonical_states import STATE
from trimtab.engine import MemoryStore
from trimtab.model import (
    Account,
    Position,
    Ramp,
    Record,
    Rules,
    RulesState,
    Table,
    VenueState,
    digest,
    plain,
)
from trimtab.model.journal_entries import JournalDamagedError
from trimtab.model.state_text import (
    KINDS,
    canonical_pieces,
    decode_state,
    encode_state,
    state_hash,
)

holdings = st.dictionaries(st.text(max_size=3), st.integers(0, 2**200), max_size=4)
accounts = st.builds(
    Account,
    st.text(max_size=4),
    supply=holdings,
    debt=holdings,
    category=st.text(max_size=2),
    in_liquidation=st.booleans(),
    called_ns=st.none() | st.integers(0, 2**63),
    positions=st.dictionaries(
        st.text(max_size=2),
        st.builds(Position, st.integers(-(2**90), 2**90), st.integers(-(2**200), 2**200)),
        max_size=2,
    ),
)


def stored(accounts: dict[str, Account]) -> MemoryStore:
    """A store with one record of each kind and some accounts."""
    records: dict[tuple[Table, str], Record] = {(table, "x"): each for table, each in STATE.items()}
    return MemoryStore(
        {**records, **{(Table.ACCOUNT, key): each for key, each in accounts.items()}}
    )


def text_of(store: MemoryStore) -> bytes:
    return b"".join(encode_state(store.tables()))


def orders(record: Record) -> list[list[str]]:
    """The order of the keys of a record's mappings."""
    assert isinstance(record, Account)
    return [list(record.supply), list(record.debt), list(record.positions)]


@settings(max_examples=30)
@given(st.dictionaries(st.text(max_size=5), accounts, max_size=5))
def test_records_come_back_the_same_and_in_the_same_order(drawn: dict[str, Account]) -> None:
    store = stored(drawn)
    back = MemoryStore(decode_state(text_of(store)))
    assert back.tables() == store.tables()
    for table in Table:
        assert list(back.keys(table)) == list(store.keys(table))
    for key, account in drawn.items():
        found = back.get(Table.ACCOUNT, key)
        assert found is not None
        assert orders(found) == orders(account)
    assert back.state_hash() == store.state_hash()


@settings(max_examples=20)
@given(possible_rules(), st.booleans())
def test_rules_come_back_the_same(rules: Rules, ramping: bool) -> None:
    ramps = (Ramp("assets", "ETH", "max_ltv_wad", 1, 2, 3, 4),) if ramping else ()
    store = MemoryStore({(Table.RULES, ""): RulesState(rules, ramps)})
    back = MemoryStore(decode_state(text_of(store)))
    found = back.get(Table.RULES, "")
    assert found == RulesState(rules, ramps)
    assert isinstance(found, RulesState)
    assert list(found.rules.assets) == list(rules.assets)
    assert back.state_hash() == store.state_hash()


@pytest.mark.parametrize("table", STATE)
def test_each_kind_of_record_keeps_the_types_of_its_fields(table: Table) -> None:
    record = STATE[table]
    (found,) = decode_state(b"".join(encode_state({table: {"k": record}}))).values()
    assert found == record
    assert repr(found) == repr(record)


def test_every_table_has_its_kind() -> None:
    assert set(KINDS) == set(Table)
    assert {table: type(record) for table, record in STATE.items()}.items() <= KINDS.items()


def test_mappings_of_any_kind_are_written() -> None:
    account = Account("a", supply=MappingProxyType({"B": 2, "A": 1}))
    (found,) = decode_state(b"".join(encode_state({Table.ACCOUNT: {"a": account}}))).values()
    assert isinstance(found, Account)
    assert list(found.supply.items()) == [("B", 2), ("A", 1)]


@settings(max_examples=30)
@given(st.dictionaries(st.text(max_size=5), accounts, max_size=5), st.integers(0, 2**63))
def test_the_hash_is_that_of_the_canonical_json_without_the_clock(
    drawn: dict[str, Account], now_ns: int
) -> None:
    store = stored(drawn)
    state = plain({str(table): records for table, records in store.tables().items()})
    for venue in state[Table.VENUE].values():
        del venue["now_ns"]
    text = json.dumps(state, sort_keys=True, separators=(",", ":"))
    assert store.state_hash() == digest(text)
    assert b"".join(canonical_pieces(store.tables())).decode() == text
    later = store.tables()
    venue = STATE[Table.VENUE]
    assert isinstance(venue, VenueState)
    later[Table.VENUE]["x"] = replace(venue, now_ns=now_ns)
    assert state_hash(later) == store.state_hash()
    later[Table.VENUE]["x"] = replace(venue, breaker_level=venue.breaker_level + 1)
    assert state_hash(later) != store.state_hash()


def test_large_states_are_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {f"a{number}": Account(f"a{number}", {"ETH": number}) for number in range(1100)}
    store = stored(drawn)
    pieces = list(encode_state(store.tables()))
    assert len(pieces) >= 4
    assert MemoryStore(decode_state(b"".join(pieces))).tables() == store.tables()
    assert len(list(canonical_pieces(store.tables()))) > len(Table) + 2
    whole = store.state_hash()
    monkeypatch.setattr("trimtab.model.state_text.LINES_AT_ONCE", 7)
    assert store.state_hash() == whole
    assert MemoryStore(decode_state(text_of(store))).tables() == store.tables()


def test_a_state_without_records_has_a_text() -> None:
    assert decode_state(b"".join(encode_state({}))) == {}
    assert state_hash({}) == MemoryStore().state_hash()


def test_a_copy_of_the_tables_does_not_follow_the_store() -> None:
    store = stored({"a": Account("a")})
    copy = store.tables()
    copy[Table.ACCOUNT].clear()
    assert store.get(Table.ACCOUNT, "a") == Account("a")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (b"", "not readable"),
        (b"no text", "not readable"),
        (zlib.compress(b"\xff"), "not readable"),
        (zlib.compress(b""), "not readable"),
        (zlib.compress(b"[2]"), r"another version; found '\[2\]'; expected format 1"),
        (zlib.compress(b'[1],["nowhere","k",{}]'), "not readable"),
        (zlib.compress(b'[1],["account","k",{"kye":"a"}]'), "not readable"),
        (zlib.compress(b'[1],["account","k"]'), "not readable"),
        (zlib.compress(b'[1],["rules","",{"rules":{"venue":"v"}}]'), "not readable"),
    ],
)
def test_other_bytes_are_damage(state: bytes, message: str) -> None:
    with pytest.raises(JournalDamagedError, match=message):
        decode_state(state)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_is_damage_or_another_hash(place: int, bit: int) -> None:
    store = stored({"a": Account("a", {"ETH": 5})})
    text = bytearray(text_of(store))
    text[place % len(text)] ^= 1 << bit
    try:
        found = MemoryStore(decode_state(bytes(text)))
    except JournalDamagedError:
        return
    assert found.tables() == store.tables() or found.state_hash() != store.state_hash()
