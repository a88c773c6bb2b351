"""The tables of a journal, the same in SQLite and PostgreSQL, and entries as their rows."""

import json
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from trimtab.model.journal_entries import Entry, Snapshot, Tip
from trimtab.model.operator_actions import OperatorAction

# In SQLite only a column called INTEGER is the row's own number; it holds 64 bits as well.
NUMBER = BigInteger().with_variant(Integer, "sqlite")
CHAIN = String(64)

METADATA = MetaData()


def _key(name: str, kind: TypeEngine[Any] = NUMBER) -> Column[Any]:
    """A column by which rows are named; who writes counts, not the database."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def _needed(kind: TypeEngine[Any], *names: str) -> list[Column[Any]]:
    return [Column(name, kind, nullable=False) for name in names]


# One row: where the chain stood before the first entry that is here, and where it stands.
STANDING = Table(
    "journal_standing",
    METADATA,
    _key("id", Integer()),
    *_needed(NUMBER, "anchor_number", "tip_number"),
    *_needed(CHAIN, "anchor_chain", "tip_chain"),
)
# Columns of entries and actions stand in the order of the fields.
ENTRIES = Table(
    "journal_entries",
    METADATA,
    _key("number"),
    *_needed(NUMBER, "at_ns"),
    *_needed(Text(), "source"),
    Column("source_number", NUMBER),
    *_needed(Text(), "command", "reason", "result"),
    *_needed(CHAIN, "chain"),
    Index("journal_entries_by_source", "source", "source_number", unique=True),
)
SOURCES = Table(
    "journal_sources",
    METADATA,
    _key("source", Text()),
    *_needed(NUMBER, "last_number"),
)
SNAPSHOTS = Table(
    "journal_snapshots",
    METADATA,
    _key("number"),
    *_needed(NUMBER, "at_ns"),
    *_needed(CHAIN, "chain", "state_hash", "genesis_hash", "seal"),
    *_needed(Text(), "sources"),
    *_needed(LargeBinary(), "state"),
)
# What was cut off with consent, by the number of the cut.
CUT = Table(
    "journal_cut",
    METADATA,
    *_needed(Integer(), "cut"),
    *(Column(column.name, column.type) for column in ENTRIES.columns),
)
# The audit trail; cut is 0 for what counts, else the number of the cut that set it aside.
ACTIONS = Table(
    "journal_actions",
    METADATA,
    _key("cut", Integer()),
    _key("number"),
    *_needed(NUMBER, "at_ns"),
    *_needed(Text(), "who", "role", "action", "about", "result"),
    *_needed(CHAIN, "chain"),
)
ENTRY_COLUMNS = tuple(column.name for column in ENTRIES.columns)
ACTION_COLUMNS = tuple(column.name for column in ACTIONS.columns if column.name != "cut")
_entry = attrgetter(*ENTRY_COLUMNS)
_action = attrgetter(*ACTION_COLUMNS)


def entry_values(entry: Entry) -> tuple[Any, ...]:
    """An entry as the values of its row, in the order of `ENTRY_COLUMNS`."""
    values: tuple[Any, ...] = _entry(entry)
    return values


def entry_of(row: Row[Any]) -> Entry:
    """The entry of a row of `ENTRIES`."""
    values: Any = tuple(row)
    return Entry(*values)


def action_values(action: OperatorAction) -> dict[str, Any]:
    """An action as the values of its row, but for `cut`."""
    return dict(zip(ACTION_COLUMNS, _action(action), strict=True))


def action_of(row: Row[Any]) -> OperatorAction:
    """The action of a row of `ACTIONS` without `cut`."""
    values: Any = tuple(row)
    return OperatorAction(*values)


def anchor_of(row: Row[Any]) -> Tip:
    """Where the chain stood before the first entry, from the row of `STANDING`."""
    return Tip(row.anchor_number, row.anchor_chain)


def tip_of(row: Row[Any]) -> Tip:
    """Where the chain stands, from the row of `STANDING`."""
    return Tip(row.tip_number, row.tip_chain)


def standing_values(anchor: Tip, tip: Tip) -> dict[str, Any]:
    """The row of `STANDING` without its id."""
    return {
        "anchor_number": anchor.number,
        "anchor_chain": anchor.chain,
        "tip_number": tip.number,
        "tip_chain": tip.chain,
    }


def snapshot_values(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the values of its row."""
    return {
        "number": snapshot.tip.number,
        "chain": snapshot.tip.chain,
        "at_ns": snapshot.at_ns,
        "state_hash": snapshot.state_hash,
        "genesis_hash": snapshot.genesis_hash,
        "sources": json.dumps(dict(snapshot.sources), sort_keys=True),
        "seal": snapshot.seal,
        "state": snapshot.state,
    }


def snapshot_of(row: Row[Any]) -> Snapshot | None:
    """The snapshot of a row; None where it is not what its seal says."""
    try:
        sources: Mapping[str, int] = json.loads(row.sources)
        snapshot = Snapshot(
            Tip(row.number, row.chain),
            at_ns=row.at_ns,
            state_hash=row.state_hash,
            genesis_hash=row.genesis_hash,
            sources=sources,
            state=bytes(row.state),
        )
        return snapshot if snapshot.seal == row.seal else None
    except (AssertionError, TypeError, ValueError):
        return None
