"""Entries and snapshots for tests of journals."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.model import Accepted, Event, EventKind, Reason, Rejected
from trimtab.model import commands as c
from trimtab.model.journal_entries import Entry, Snapshot, Tip, entry_after
from trimtab.model.operator_actions import OperatorAction, action_after

DONE = Accepted({}, (Event(EventKind.DEPOSIT, "alice", "ETH", quantity=5, flow=5),))
REFUSED = Rejected(Reason.BORROW_CAP, {"cap": 10, "asset": "USD"})


def chain_of(count: int, *, tip: Tip = Tip(), source: str = "feed") -> list[Entry]:  # noqa: B008
    """Entries that follow a tip: deposits, every third refused, every fifth without a number."""
    entries: list[Entry] = []
    for number in range(tip.number + 1, tip.number + count + 1):
        entry = entry_after(
            tip,
            c.Deposit(number, "alice", "ETH", 10**20 + number),
            outcome=REFUSED if number % 3 == 0 else DONE,
            at_ns=number * 7,
            source="" if number % 5 == 0 else source,
            source_number=None if number % 5 == 0 else number * 2,
        )
        entries.append(entry)
        tip = entry.tip
    return entries


def sources_of(entries: Sequence[Entry]) -> dict[str, int]:
    """The last number of each source in entries."""
    return {each.source: each.source_number for each in entries if each.source_number is not None}


def snapshot_at(entries: Sequence[Entry], number: int, *, size: int = 100) -> Snapshot:
    """A snapshot of some bytes at one of the entries from number 1 on; 0 is before the first."""
    tip = Tip() if number == 0 else entries[number - 1].tip
    state = bytes((number + step) % 256 for step in range(size))
    return Snapshot(tip, number * 7, "a" * 64, "b" * 64, sources_of(entries[:number]), state)


def actions_of(count: int, *, tip: Tip = Tip()) -> list[OperatorAction]:  # noqa: B008
    """Actions of operators that follow a tip."""
    actions: list[OperatorAction] = []
    for number in range(tip.number + 1, tip.number + count + 1):
        action = action_after(
            tip,
            "pause" if number % 2 else "resume",
            at_ns=10**18 - number,
            who="anna",
            role="admin",
            about={"level": number, "reason": "thin \x00 books \n é"},
            result=f"done: entry {number}",
        )
        actions.append(action)
        tip = action.tip
    return actions
