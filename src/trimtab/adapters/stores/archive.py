"""Back-up and restore: a copy of the SQLite file, or an archive that any store takes.

An archive is a compressed text of one JSON array a line: its head, its snapshots, its audit trail,
its entries, its end. It carries a journal from one store to another, so from SQLite to PostgreSQL
as well.
"""

import base64
import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trimtab.adapters.files.staging import atomic_file, unwritable
from trimtab.adapters.stores.mending import fill
from trimtab.adapters.stores.rows import read_range, stored_snapshot
from trimtab.adapters.stores.sql_journal import SqlJournal
from trimtab.adapters.stores.sqlite_file import SqliteFile
from trimtab.adapters.stores.tables import action_values, entry_values
from trimtab.model.journal_entries import (
    Entry,
    JournalDamagedError,
    JournalError,
    Snapshot,
    Tip,
)
from trimtab.model.operator_actions import OperatorAction

FORMAT = 1
LEVEL = 1
SQLITE_HEAD = b"SQLite format 3\0"


def back_up(journal: SqlJournal, target: Path) -> Tip:
    """Write a back-up while the journal is being written, and read it through once.

    A journal in SQLite becomes a SQLite file, one in PostgreSQL an archive.

    Args:
        journal: opened.
        target: the file to write; it appears whole or not at all.

    Returns:
        The last entry in the back-up.

    Raises:
        JournalError: the journal is damaged, or the back-up does not verify.
        DataError: the machine refuses the file.
    """
    database = journal.access.database
    if not isinstance(database, SqliteFile):
        return write_archive(journal, target)
    with atomic_file(target) as temporary, _folder_beside(target) as folder:
        copied = folder / target.name
        _copy_file(database.path, copied, where=journal.where)
        tip = _verified(copied, where=target.name)
        copied.replace(temporary)
    return tip


def restore(backup: Path, journal: SqlJournal) -> Tip:
    """Fill an empty journal from a back-up, every entry checked; returns the last one.

    Args:
        backup: a file that `back_up` or `write_archive` wrote.
        journal: an empty one, in either store.

    Raises:
        JournalError: the journal is not empty, or the back-up is damaged; nothing is restored that
            does not follow, but what did follow before it may be there.
    """
    if journal.last() != Tip() or journal.snapshots() or journal.actions.last() != Tip():
        raise JournalError(
            "a back-up is restored into an empty journal",
            where=journal.where,
            found=f"a journal of {journal.last().number} entries",
        )
    try:
        with backup.open("rb") as stream:
            head = stream.read(len(SQLITE_HEAD))
    except OSError as error:
        raise JournalError(
            "the back-up cannot be read", where=backup.name, found=error.strerror
        ) from None
    if head == SQLITE_HEAD:
        return _from_file(backup, journal)
    return read_archive(backup, journal)


def write_archive(journal: SqlJournal, target: Path) -> Tip:
    """Write a journal as an archive; it appears whole or not at all.

    Raises:
        JournalError: the journal is damaged.
        DataError: the machine refuses the file.
    """
    anchor, tip = journal.anchor(), journal.last()
    with atomic_file(target) as temporary, gzip.open(temporary, "wt", LEVEL) as stream:
        stream.write(_line(["trimtab journal", FORMAT, anchor.number, tip.number, tip.chain]))
        for snapshot in _snapshots(journal, upto=tip.number):
            stream.write(_line(["snapshot", *_snapshot_values(snapshot)]))
        count = 0
        for action in journal.actions.read():
            stream.write(_line(["action", *action_values(action).values()]))
            count += 1
        for entry in read_range(journal.access, anchor.number, upto=tip.number):
            stream.write(_line(["entry", *entry_values(entry)]))
            count += 1
        stream.write(_line(["end", count]))
    return tip


def read_archive(backup: Path, journal: SqlJournal) -> Tip:
    """Fill an empty journal from an archive; returns the last entry.

    Raises:
        JournalDamagedError: the archive is cut short, or is none.
    """
    lines = _lines(backup)
    head = next(lines, None)
    if head is None or head[:2] != ["trimtab journal", FORMAT]:
        raise JournalDamagedError("this is no back-up of a journal", where=backup.name)
    _, _, anchor, number, chain = head
    snapshots: list[Snapshot] = []
    actions: list[OperatorAction] = []
    entries = _entries(lines, snapshots, actions=actions, where=backup.name)
    # The first entry is read after the last snapshot and action: the lists are then complete.
    first = next(entries, None)
    start = next((each for each in snapshots if each.tip.number == anchor), None)
    if anchor and start is None:
        raise JournalDamagedError("the snapshot at the anchor is missing", where=backup.name)
    start = start if anchor else None
    fill(journal, _again(first, entries), start=start, snapshots=[], actions=actions)
    for each in snapshots:
        if each is not start:
            journal.save_snapshot(each)
    if journal.last() != Tip(number, chain):
        raise JournalDamagedError(
            "the back-up is cut short",
            where=backup.name,
            found=f"entry {journal.last().number}",
            expected=f"entry {number}",
        )
    return journal.last()


def _copy_file(path: Path, target: Path, *, where: str) -> None:
    # In one step: a copy in several begins anew whenever something was written between two.
    try:
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(target)) as copied,
        ):
            source.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise JournalError("no back-up was written", where=where, found=str(error)) from None


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A folder for what is not yet to be seen, on the same disk."""
    try:
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            yield Path(folder)
    except OSError as error:
        raise unwritable(path, error) from None


def _verified(path: Path, *, where: str) -> Tip:
    with closing(SqlJournal(SqliteFile(path))) as copied:
        fault = copied.verify()
        if fault is not None:
            raise JournalDamagedError(str(fault), where=where)
        return copied.last()


def _from_file(backup: Path, journal: SqlJournal) -> Tip:
    """The back-up is copied first: reading a SQLite file may write beside it."""
    with _folder_beside(backup) as folder:
        path = folder / backup.name
        _copy_file(backup, path, where=backup.name)
        with closing(SqlJournal(SqliteFile(path))) as copied:
            fault = copied.verify()
            if fault is not None:
                raise JournalDamagedError(str(fault), where=backup.name)
            anchor, tip = copied.anchor(), copied.last()
            snapshots = list(_snapshots(copied, upto=tip.number))
            start = snapshots.pop(0) if anchor != Tip() else None
            entries = read_range(copied.access, anchor.number, upto=tip.number)
            actions = copied.actions.read()
            fill(journal, entries, start=start, snapshots=snapshots, actions=actions)
    return tip


def _snapshots(journal: SqlJournal, *, upto: int) -> Iterator[Snapshot]:
    for tip in journal.snapshots():
        snapshot = stored_snapshot(journal.access, tip.number) if tip.number <= upto else None
        if snapshot is not None:
            yield snapshot


def _entries(
    lines: Iterator[list[Any]],
    snapshots: list[Snapshot],
    *,
    actions: list[OperatorAction],
    where: str,
) -> Iterator[Entry]:
    """Yield the entries of an archive; snapshots and actions before them go into their lists."""
    count = 0
    for kind, *values in lines:
        if kind == "snapshot":
            snapshots.append(_snapshot(values, where=where))
        elif kind == "action":
            count += 1
            actions.append(OperatorAction(*values))
        elif kind == "entry":
            count += 1
            yield Entry(*values)
        elif [kind, *values] == ["end", count] and next(lines, None) is None:
            return
    raise JournalDamagedError("the back-up is cut short", where=where, found=f"{count} lines")


def _again(first: Entry | None, rest: Iterator[Entry]) -> Iterator[Entry]:
    if first is not None:
        yield first
    yield from rest


def _snapshot_values(snapshot: Snapshot) -> list[Any]:
    state = base64.b64encode(snapshot.state).decode()
    times = [snapshot.at_ns, snapshot.state_hash, snapshot.genesis_hash, dict(snapshot.sources)]
    return [snapshot.tip.number, snapshot.tip.chain, *times, state, snapshot.seal]


def _snapshot(values: list[Any], *, where: str) -> Snapshot:
    number, chain, at_ns, state_hash, genesis_hash, sources, state, seal = values
    snapshot = Snapshot(
        Tip(number, chain), at_ns, state_hash, genesis_hash, sources, base64.b64decode(state)
    )
    if snapshot.seal != seal:
        raise JournalDamagedError(f"the snapshot at entry {number} is damaged", where=where)
    return snapshot


def _lines(path: Path) -> Iterator[list[Any]]:
    try:
        with gzip.open(path, "rt") as stream:
            for line in stream:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        found = " ".join(str(error).split())
        raise JournalDamagedError(
            "the back-up is not readable", where=path.name, found=found
        ) from None


def _line(values: list[Any]) -> str:
    return json.dumps(values, separators=(",", ":")) + "\n"
