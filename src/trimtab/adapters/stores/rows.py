"""Rows of a journal's tables, read and written inside a transaction."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, insert, select, update

from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.tables import (
    ENTRIES,
    SNAPSHOTS,
    SOURCES,
    STANDING,
    anchor_of,
    entry_of,
    snapshot_of,
    snapshot_values,
    standing_values,
    tip_of,
)
from trimtab.model.journal_entries import Entry, JournalDamagedError, JournalError, Snapshot, Tip

READ_AT_ONCE = 1000


def standing(connection: Connection) -> tuple[Tip, Tip]:
    """Where the chain stood before the first entry that is here, and where it stands.

    Raises:
        JournalDamagedError: the row is not there, or holds something else.
    """
    row = connection.execute(select(STANDING)).one_or_none()
    if row is None:
        raise JournalDamagedError("the journal does not say where it stands")
    anchor, tip = anchor_of(row), tip_of(row)
    if not all(
        isinstance(each.number, int) and isinstance(each.chain, str) for each in (anchor, tip)
    ):
        raise JournalDamagedError("the journal does not say where it stands", found=str(row))
    return anchor, tip


def holds(connection: Connection, tip: Tip) -> bool:
    """Whether an entry of this number and chain is there."""
    same = (ENTRIES.c.number == tip.number) & (ENTRIES.c.chain == tip.chain)
    return bool(connection.execute(select(exists().where(same))).scalar())


def read_range(access: Access, after: int, *, upto: int) -> Iterator[Entry]:
    """Yield the entries of after < number <= upto, in order, some at a time.

    No transaction stays open between two of them, so that a slow reader holds nothing up.
    """
    while after < upto:
        limit = min(READ_AT_ONCE, upto - after)
        statement = select(ENTRIES).where(ENTRIES.c.number > after, ENTRIES.c.number <= upto)
        ordered = statement.order_by(ENTRIES.c.number).limit(limit)
        found = access.read(partial(_rows, statement=ordered))
        if not found:
            return
        yield from map(entry_of, found)
        after = found[-1].number


def _rows(connection: Connection, statement: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(statement).all()


def stored_sources(connection: Connection) -> dict[str, int]:
    """The last number of each numbered source."""
    rows = connection.execute(select(SOURCES)).all()
    return {row.source: row.last_number for row in rows}


def stored_snapshots(access: Access) -> list[Tip]:
    """The entries at which there are snapshots, whole or not, oldest first."""
    statement = select(SNAPSHOTS.c.number, SNAPSHOTS.c.chain).order_by(SNAPSHOTS.c.number)
    rows = access.read(lambda connection: connection.execute(statement).all())
    return [Tip(row.number, row.chain) for row in rows]


def stored_snapshot(access: Access, number: int) -> Snapshot | None:
    """The snapshot at an entry; None where there is none, or none whose seal holds."""
    statement = select(SNAPSHOTS).where(SNAPSHOTS.c.number == number)
    row = access.read(lambda connection: connection.execute(statement).one_or_none())
    return None if row is None else snapshot_of(row)


def begin_from(connection: Connection, snapshot: Snapshot) -> None:
    """Let an empty journal begin after a snapshot, which is kept in it."""
    connection.execute(update(STANDING).values(standing_values(snapshot.tip, snapshot.tip)))
    connection.execute(insert(SNAPSHOTS), snapshot_values(snapshot))
    note_sources(connection, snapshot.sources, known={})


def drop_before(connection: Connection, anchor: Tip) -> int:
    """Drop the entries up to an anchor, and the snapshots before it; how many entries went."""
    gone = connection.execute(delete(ENTRIES).where(ENTRIES.c.number <= anchor.number)).rowcount
    connection.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.number < anchor.number))
    connection.execute(
        update(STANDING).values(anchor_number=anchor.number, anchor_chain=anchor.chain)
    )
    return gone


def move_tip(connection: Connection, before: Tip, *, after: Tip, where: str) -> None:
    """Say where the chain stands now.

    Raises:
        JournalError: it did not stand where this writer left it.
    """
    same = (STANDING.c.tip_number == before.number) & (STANDING.c.tip_chain == before.chain)
    moved = update(STANDING).where(same).values(tip_number=after.number, tip_chain=after.chain)
    if connection.execute(moved).rowcount != 1:
        raise JournalError("another writer has moved the journal; nothing was added", where=where)


def last_numbers(entries: Sequence[Entry]) -> dict[str, int]:
    """The last number of each numbered source in these entries."""
    return {
        entry.source: entry.source_number for entry in entries if entry.source_number is not None
    }


def rising(entries: Sequence[Entry], known: Mapping[str, int], *, where: str) -> dict[str, int]:
    """The last numbers of sources after these entries.

    Raises:
        JournalError: a number that was taken before.
    """
    last: dict[str, int] = {}
    for entry in entries:
        number = entry.source_number
        if number is None:
            continue
        before = last.get(entry.source, known.get(entry.source))
        if before is not None and number <= before:
            raise JournalError(
                "a source's number was taken before; nothing was added",
                where=where,
                found=f"number {number} of {entry.source}",
                expected=f"more than {before}",
            )
        last[entry.source] = number
    return last


def note_sources(
    connection: Connection, numbers: Mapping[str, int], *, known: Mapping[str, int]
) -> None:
    """Write the last numbers of sources; `known` are those that have a row."""
    for source, number in numbers.items():
        if source in known:
            same = SOURCES.c.source == source
            connection.execute(update(SOURCES).where(same).values(last_number=number))
        else:
            connection.execute(insert(SOURCES), {"source": source, "last_number": number})
