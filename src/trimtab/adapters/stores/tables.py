"""The tables of a journal, the same in SQLite and PostgreSQL, and entries as their rows."""

import json
from collections.abc import Mapping
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

from trimtab.model.journal_entries import Entry, Snapshot, Tip

# In SQLite only a column called INTEGER is the row's own number; it holds 64 bits as well.
NUMBER = BigInteger().with_variant(Integer, "sqlite")
CHAIN = String(64)

METADATA = MetaData()

# One row: where the chain stood before the first entry that is here, and where it stands.
STANDING = Table(
    "journal_standing",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("anchor_number", NUMBER, nullable=False),
    Column("anchor_chain", CHAIN, nullable=False),
    Column("tip_number", NUMBER, nullable=False),
    Column("tip_chain", CHAIN, nullable=False),
)
ENTRIES = Table(
    "journal_entries",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("at_ns", NUMBER, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_number", NUMBER),
    Column("command", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("chain", CHAIN, nullable=False),
    Index("journal_entries_by_source", "source", "source_number", unique=True),
)
SOURCES = Table(
    "journal_sources",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("last_number", NUMBER, nullable=False),
)
SNAPSHOTS = Table(
    "journal_snapshots",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("chain", CHAIN, nullable=False),
    Column("at_ns", NUMBER, nullable=False),
    Column("state_hash", CHAIN, nullable=False),
    Column("genesis_hash", CHAIN, nullable=False),
    Column("sources", Text, nullable=False),
    Column("seal", CHAIN, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
# What was cut off with consent, by the number of the cut.
CUT = Table(
    "journal_cut",
    METADATA,
    Column("cut", Integer, nullable=False),
    *(Column(column.name, column.type) for column in ENTRIES.columns),
)
ENTRY_COLUMNS = tuple(column.name for column in ENTRIES.columns)


def entry_values(entry: Entry) -> tuple[Any, ...]:
    """An entry as the values of its row, in the order of `ENTRY_COLUMNS`."""
    return (
        entry.number,
        entry.at_ns,
        entry.source,
        entry.source_number,
        entry.command,
        entry.reason,
        entry.result,
        entry.chain,
    )


def entry_of(row: Row[Any]) -> Entry:
    """The entry of a row of `ENTRIES`."""
    values: Any = tuple(row)
    return Entry(*values)


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
