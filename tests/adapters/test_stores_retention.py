"""Snapshots and retention of a journal, and what its failures are called."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.model.journal_entries import (
    JournalDamagedError,
    JournalError,
    JournalUnavailableError,
    Tip,
)
from trimtab.units import UsageError

ENTRIES = chain_of(60)


def test_snapshots_come_back_as_they_were(journal: SqlJournal) -> None:
    journal.append(ENTRIES)
    snapshots = [snapshot_at(ENTRIES, number) for number in (0, 20, 40)]
    for snapshot in snapshots:
        journal.save_snapshot(snapshot)
    assert journal.snapshots() == [each.tip for each in snapshots]
    assert journal.latest_snapshot() == snapshots[2]
    assert journal.latest_snapshot(39) == snapshots[1]
    assert journal.latest_snapshot(0) == snapshots[0]
    again = replace(snapshots[2], at_ns=99)
    journal.save_snapshot(again)
    assert journal.latest_snapshot() == again
    assert journal.verify() is None
    assert journal.prune_snapshots(1) == 2
    assert journal.snapshots() == [again.tip]
    with pytest.raises(UsageError, match="at least one"):
        journal.prune_snapshots(0)


def test_a_snapshot_is_of_an_entry_that_is_there(journal: SqlJournal) -> None:
    journal.append(ENTRIES[:20])
    for other in (snapshot_at(ENTRIES, 21), replace(snapshot_at(ENTRIES, 5), tip=Tip(5, "f" * 64))):
        with pytest.raises(JournalError, match="with another chain, or of none"):
            journal.save_snapshot(other)
    assert journal.snapshots() == []


def test_a_snapshot_that_was_changed_is_not_given_out(journal: SqlJournal, path: Path) -> None:
    journal.append(ENTRIES)
    for number in (20, 40):
        journal.save_snapshot(snapshot_at(ENTRIES, number))
    with sqlite3.connect(path) as beside:
        beside.execute("UPDATE journal_snapshots SET at_ns = at_ns + 1 WHERE number = 40")
    latest = journal.latest_snapshot()
    assert latest == snapshot_at(ENTRIES, 20)
    assert "the snapshot at entry 40 is damaged" in str(journal.verify())


def test_retention_keeps_the_chain_and_the_sources(journal: SqlJournal, path: Path) -> None:
    journal.append(chain_of(3, source="early"))
    early = list(journal.read())
    later = chain_of(37, tip=early[-1].tip)
    entries = [*early, *later]
    journal.append(later)
    for number in (10, 20, 30):
        journal.save_snapshot(snapshot_at(entries, number))
    assert journal.retain(20) == 20
    assert journal.retain(20) == 0
    assert journal.anchor() == entries[19].tip
    assert journal.snapshots() == [entries[19].tip, entries[29].tip]
    assert list(journal.read(20)) == entries[20:]
    with pytest.raises(JournalError, match=r"dropped by retention.*entries after 20"):
        journal.read(19)
    assert journal.sources() == sources_of(entries)
    assert journal.verify() is None
    # The anchor's snapshot holds what the dropped entries said, and stays.
    assert journal.prune_snapshots(1) == 0
    journal.append(chain_of(20, tip=entries[-1].tip))
    assert journal.retain(30) == 10
    journal.close()
    again = open_store(path)
    assert again.sources()["early"] == 6
    assert again.verify() is None
    again.close()


def test_retention_asks_for_a_whole_snapshot(journal: SqlJournal) -> None:
    journal.append(ENTRIES)
    with pytest.raises(JournalError, match="no whole snapshot at entry 20; nothing was dropped"):
        journal.retain(20)
    assert list(journal.read()) == ENTRIES


def broken(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as the driver says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (sqlite3.SQLITE_FULL, JournalUnavailableError, "the disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, JournalUnavailableError, "does not take what is written"),
        (sqlite3.SQLITE_IOERR_FSYNC, JournalUnavailableError, "does not take what is written"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, JournalUnavailableError, "another program holds the file"),
        (sqlite3.SQLITE_CANTOPEN, JournalUnavailableError, "cannot be opened"),
        (sqlite3.SQLITE_READONLY, JournalUnavailableError, "cannot be written"),
        (sqlite3.SQLITE_CORRUPT_INDEX, JournalDamagedError, "not readable"),
        (sqlite3.SQLITE_NOTADB, JournalDamagedError, "not readable"),
        (sqlite3.SQLITE_IOERR_SHORT_READ, JournalDamagedError, "not readable"),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, JournalError, "the file refuses"),
    ],
)
def test_each_failure_says_what_it_is(
    journal: SqlJournal, code: int, kind: type[JournalError], message: str
) -> None:
    failure = journal.access.database.failure(broken(code))
    assert type(failure) is kind
    assert re.search(message, str(failure))
    assert "venue.sqlite" in str(failure)


def test_after_a_failed_sync_nothing_is_written_until_it_is_opened_anew(
    journal: SqlJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system's memory held of the file may be lost: a later sync would not tell."""
    journal.append(ENTRIES[:20])

    def fail(*_: object) -> None:
        raise broken(sqlite3.SQLITE_IOERR_FSYNC)

    with monkeypatch.context() as failing:
        failing.setattr(journal.access.database, "insert", fail)
        with pytest.raises(JournalUnavailableError, match="nothing of this was acknowledged"):
            journal.append(ENTRIES[20:40])
    with pytest.raises(JournalError, match=r"failed to keep what was written.*start again"):
        journal.append(ENTRIES[20:40])
    assert list(journal.read()) == ENTRIES[:20]
    journal.close()
    again = open_store(path)
    again.append(ENTRIES[20:40])
    assert again.verify() is None
    again.close()
