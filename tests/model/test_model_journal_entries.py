"""Entries of a journal: bound to all before them, and read back as the command that was decided."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from trimtab.model import Accepted, Event, EventKind, Reason, Rejected
from trimtab.model import commands as c
from trimtab.model.journal_entries import (
    FIRST_CHAIN,
    Entry,
    Fault,
    JournalDamagedError,
    Snapshot,
    Tip,
    chained,
    checked,
    command_of,
    entry_after,
)
from trimtab.units import DataError

DONE = Accepted({}, (Event(EventKind.DEPOSIT, "alice", "ETH", quantity=5, flow=5),))
REFUSED = Rejected(Reason.BORROW_CAP, {"cap": 10, "asset": "USD"})


def chain_of(count: int) -> list[Entry]:
    """Entries that follow one another: deposits, every third of them refused."""
    entries: list[Entry] = []
    tip = Tip()
    for number in range(1, count + 1):
        entry = entry_after(
            tip,
            c.Deposit(number, "alice", "ETH", 10**20 + number),
            outcome=REFUSED if number % 3 == 0 else DONE,
            at_ns=number * 7,
            source="feed",
            source_number=number * 2,
        )
        entries.append(entry)
        tip = entry.tip
    return entries


def test_an_entry_holds_command_and_outcome_as_canonical_texts() -> None:
    entry = entry_after(Tip(), c.Deposit(1, "al\nice", "ETH", 2**80), outcome=DONE, at_ns=9)
    assert (entry.number, entry.at_ns, entry.source, entry.source_number) == (1, 9, "", None)
    assert json.loads(entry.command)["amount"] == str(2**80)
    assert json.loads(entry.result)[0]["quantity"] == "5"
    assert entry.accepted
    assert command_of(entry) == c.Deposit(1, "al\nice", "ETH", 2**80)


def test_a_rejection_keeps_its_reason_and_its_numbers() -> None:
    entry = entry_after(Tip(), c.Borrow(1, "a", "USD", 11), outcome=REFUSED, at_ns=9)
    assert entry.reason == "borrow_cap"
    assert not entry.accepted
    assert json.loads(entry.result) == {"cap": "10", "asset": "USD"}


def test_the_chain_is_what_the_guide_says() -> None:
    entry = entry_after(Tip(), c.Accrue(1, ()), outcome=DONE, at_ns=9, source="é", source_number=3)
    head = '[1,9,"\\u00e9",3,""]'
    text = "\n".join((FIRST_CHAIN, head, entry.command, entry.result))
    assert entry.chain == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"at_ns": 1},
        {"source": "other"},
        {"source_number": None},
        {"command": "{}"},
        {"reason": "dust"},
        {"result": "[]"},
    ],
)
def test_every_field_is_in_the_chain(change: dict[str, object]) -> None:
    entry = chain_of(1)[0]
    assert chained(FIRST_CHAIN, replace(entry, **change)) != entry.chain
    assert chained("1" * 64, entry) != entry.chain
    assert chained(FIRST_CHAIN, replace(entry, chain="")) == entry.chain


def test_what_follows_is_yielded_and_nothing_else() -> None:
    entries = chain_of(5)
    assert list(checked(entries, Tip())) == entries
    assert list(checked(entries[2:], entries[1].tip)) == entries[2:]
    with pytest.raises(JournalDamagedError, match="entries are missing; found 'entry 4 after"):
        list(checked([*entries[:2], *entries[3:]], Tip()))
    changed = [*entries[:2], replace(entries[2], result="[]"), *entries[3:]]
    with pytest.raises(JournalDamagedError, match="entry 3 does not follow"):
        list(checked(changed, Tip()))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"command":"Deposit"}', '{"command":"Nope"}'])
def test_a_text_that_no_command_wrote_is_damage(text: str) -> None:
    with pytest.raises(JournalDamagedError, match="entry 1 holds no command"):
        command_of(replace(chain_of(1)[0], command=text))


@pytest.mark.parametrize("source", ["a\nb", "x" * 101, "\x00", "\ud800"])
def test_a_source_without_a_usable_name_is_refused(source: str) -> None:
    with pytest.raises(DataError, match="no usable name"):
        entry_after(Tip(), c.Accrue(1, ()), outcome=DONE, at_ns=0, source=source)


def test_the_seal_covers_everything_in_a_snapshot() -> None:
    snapshot = Snapshot(Tip(3, "a" * 64), 1, "b" * 64, "c" * 64, {"feed": 2}, b"state")
    others = [
        replace(snapshot, tip=Tip(4, "a" * 64)),
        replace(snapshot, tip=Tip(3, "d" * 64)),
        replace(snapshot, at_ns=2),
        replace(snapshot, state_hash="d" * 64),
        replace(snapshot, genesis_hash="d" * 64),
        replace(snapshot, sources={"feed": 3}),
        replace(snapshot, state=b"stata"),
    ]
    assert len({snapshot.seal, *(other.seal for other in others)}) == 8
    assert replace(snapshot).seal == snapshot.seal


def test_a_fault_is_one_line() -> None:
    fault = Fault(8, "it does not follow", Tip(7, "a" * 64), 9)
    assert str(fault) == (
        "entry 8: it does not follow; whole up to entry 7; cutting gives up 2 entries of the tail"
    )
    assert str(replace(fault, seen=8)).endswith("cutting gives up 1 entry of the tail")
    assert str(replace(fault, seen=7)).endswith("cutting gives up no entry of the tail")
    assert str(Fault(8, "it is missing", Tip(30, "a" * 64), 30, snapshot=20)) == (
        "entry 8: it is missing; whole from the snapshot at entry 20 up to entry 30; "
        "cutting gives up no entry of the tail, and the history before the snapshot"
    )
