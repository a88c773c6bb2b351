"""A journal as Parquet: entries and events in parts that fit into memory, and the audit trail."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trimtab.adapters.files import write_parquet
from trimtab.adapters.stores.mending import batches
from trimtab.adapters.stores.sql_journal import SqlJournal
from trimtab.model.journal_entries import Entry
from trimtab.model.operator_actions import OperatorAction

PART = 50_000
ACTION_TEXTS = ("who", "role", "action", "about", "result", "chain")
EVENT_TEXTS = ("kind", "account", "asset", "payer", "reason")
# Exact integers of any size, as decimal text.
EVENT_NUMBERS = ("quantity", "price", "value", "flow")


def export_parquet(journal: SqlJournal, folder: Path, *, after: int = 0, part: int = PART) -> int:
    """Write the entries above a number as `entries-*.parquet` and `events-*.parquet`.

    The audit trail is written whole, as `actions.parquet`, where there is any.

    Args:
        journal: is read; a writer goes on meanwhile.
        folder: made where it is missing; a file of the same entries is replaced.
        after: the first entry written is the one after this, or after the journal's anchor.
        part: entries to a file.

    Returns:
        How many entries were written.

    Raises:
        DataError: the machine refuses the output, or the journal cannot be read.
    """
    entries = journal.read(max(after, journal.anchor().number))
    written = 0
    folder.mkdir(parents=True, exist_ok=True)
    for batch in batches(entries, part):
        span = f"{batch[0].number:012}-{batch[-1].number:012}"
        write_parquet(folder / f"entries-{span}.parquet", entry_columns(batch))
        write_parquet(folder / f"events-{span}.parquet", event_columns(batch))
        written += len(batch)
    actions = list(journal.actions.read())
    if actions:
        write_parquet(folder / "actions.parquet", action_columns(actions))
    return written


def action_columns(actions: Sequence[OperatorAction]) -> dict[str, list[Any]]:
    """One row for each action of an operator; `timestamp` is when it was done, `about` JSON."""
    columns = {"number": "number", "timestamp": "at_ns"} | {name: name for name in ACTION_TEXTS}
    return {
        name: [getattr(action, source) for action in actions] for name, source in columns.items()
    }


def entry_columns(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """One row for each entry; `timestamp` is when the service took it in."""
    return {
        "number": [entry.number for entry in entries],
        "timestamp": [entry.at_ns for entry in entries],
        "source": [entry.source for entry in entries],
        "source_number": [
            None if entry.source_number is None else str(entry.source_number) for entry in entries
        ],
        "kind": [json.loads(entry.command)["command"] for entry in entries],
        "command": [entry.command for entry in entries],
        "reason": [entry.reason for entry in entries],
        "data": [None if entry.accepted else entry.result for entry in entries],
        "chain": [entry.chain for entry in entries],
    }


def event_columns(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """One row for each event: the entry's number, its place in the entry, and its fields."""
    rows = [
        (entry.number, place, event)
        for entry in entries
        if entry.accepted
        for place, event in enumerate(json.loads(entry.result))
    ]
    columns: dict[str, list[Any]] = {
        "number": [number for number, _, _ in rows],
        "place": [place for _, place, _ in rows],
    }
    for name in (*EVENT_TEXTS, *EVENT_NUMBERS):
        columns[name] = [event[name] for _, _, event in rows]
    return columns
