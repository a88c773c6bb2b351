"""What is whole in a damaged journal, kept; the rest set aside, never deleted."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, literal, select

from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.rows import (
    begin_from,
    note_sources,
    read_range,
    stored_snapshot,
    stored_snapshots,
)
from trimtab.adapters.stores.sql_actions import set_actions_aside, whole_actions
from trimtab.adapters.stores.sql_journal import SqlJournal
from trimtab.adapters.stores.sqlite_file import SqliteFile, beside
from trimtab.adapters.stores.tables import (
    CUT,
    ENTRIES,
    SNAPSHOTS,
    SOURCES,
    STANDING,
    standing_values,
)
from trimtab.adapters.stores.verifying import kept_start, whole_run
from trimtab.model.journal_entries import Entry, Fault, JournalDamagedError, Snapshot, Tip
from trimtab.model.operator_actions import OperatorAction

WRITE_AT_ONCE = 1000
# What SQLite keeps beside its file; the log holds commits and belongs to the file.
LOG, SHARED = "-wal", "-shm"


def mend_file(path: Path, access: Access, *, fault: Fault) -> None:
    """Put a file with what is whole in the place of a damaged one, which is kept aside.

    Args:
        path: the journal's file, whose lock is held.
        access: the damaged journal; its connections are closed.
        fault: what was found; everything up to its last good entry is kept.
    """
    start = kept_start(access, fault)
    fresh = beside(path, ".mended")
    for leftover in (fresh, beside(fresh, LOG), beside(fresh, SHARED)):
        leftover.unlink(missing_ok=True)
    _write_whole(fresh, access, start=start, upto=fault.good)
    access.release()
    aside = _free(path, f".broken-{fault.number}")
    if path.exists():
        os.link(path, aside)
    # The log of the old file must not meet the new one: SQLite would add its pages.
    log = beside(path, LOG)
    if log.exists():
        log.rename(beside(aside, LOG))
    beside(path, SHARED).unlink(missing_ok=True)
    fresh.replace(path)
    beside(fresh, ".lock").unlink(missing_ok=True)
    _sync_folder(path.parent)


def mend_tables(access: Access, fault: Fault) -> None:
    """Keep what is whole in a server's tables, and move the rest of the entries aside."""
    start = kept_start(access, fault)
    begin = Tip() if start is None else start.tip
    run = whole_run(access, begin, marks=frozenset())
    sources = {**({} if start is None else start.sources), **run.sources}
    whole = _whole_snapshots(access, begin.number, upto=fault.good.number)
    kept = [each.tip.number for each in whole]
    actions, broken = whole_actions(access)

    def move(connection: Connection) -> None:
        cut = (connection.execute(select(func.max(CUT.c.cut))).scalar() or 0) + 1
        outside = (ENTRIES.c.number <= begin.number) | (ENTRIES.c.number > fault.good.number)
        rows = select(literal(cut), *ENTRIES.columns).where(outside)
        connection.execute(insert(CUT).from_select([*CUT.columns.keys()], rows))
        connection.execute(delete(ENTRIES).where(outside))
        connection.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.number.not_in(kept)))
        connection.execute(delete(STANDING))
        connection.execute(insert(STANDING), {"id": 1, **standing_values(begin, fault.good)})
        connection.execute(delete(SOURCES))
        note_sources(connection, sources, known={})
        if broken is not None:
            set_actions_aside(connection, len(actions))

    access.write(move)


def fill(
    journal: SqlJournal,
    entries: Iterable[Entry],
    *,
    start: Snapshot | None,
    snapshots: Iterable[Snapshot],
    actions: Iterable[OperatorAction],
) -> None:
    """Fill an empty journal: from a snapshot or entry 1, entries, other snapshots, audit trail."""
    if start is not None:
        journal.access.write(lambda connection: begin_from(connection, start))
    for batch in batches(entries, WRITE_AT_ONCE):
        journal.append(batch)
    for snapshot in snapshots:
        journal.save_snapshot(snapshot)
    journal.actions.extend(actions)


def batches(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    """Entries in lists of at most `size`."""
    rest = iter(entries)
    while batch := list(islice(rest, size)):
        yield batch


def _write_whole(fresh: Path, access: Access, *, start: Snapshot | None, upto: Tip) -> None:
    first, others = (0, 0) if start is None else (start.tip.number, start.tip.number + 1)
    with closing(SqlJournal(SqliteFile(fresh))) as journal:
        entries = read_range(access, first, upto=upto.number)
        snapshots = _whole_snapshots(access, others, upto=upto.number)
        actions, _ = whole_actions(access)
        fill(journal, entries, start=start, snapshots=snapshots, actions=actions)
    assert not beside(fresh, LOG).exists(), "closing moves the log into the file"


def _whole_snapshots(access: Access, first: int, *, upto: int) -> Iterator[Snapshot]:
    try:
        numbers = [tip.number for tip in stored_snapshots(access) if first <= tip.number <= upto]
    except (JournalDamagedError, TypeError):
        return
    for number in numbers:
        try:
            snapshot = stored_snapshot(access, number)
        except JournalDamagedError:
            continue
        if snapshot is not None:
            yield snapshot


def _free(path: Path, ending: str) -> Path:
    """The first name beside a file that nothing has."""
    aside, count = beside(path, ending), 1
    while aside.exists():
        count += 1
        aside = beside(path, f"{ending}-{count}")
    return aside


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
