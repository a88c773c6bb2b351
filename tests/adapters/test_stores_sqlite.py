"""The journal in a SQLite file: what was acknowledged is there, once, in order, whole."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.model.journal_entries import (
    Entry,
    JournalError,
    Tip,
)
from trimtab.model.ports import JournalStore

ENTRIES = chain_of(60)


def test_it_is_the_port(journal: SqlJournal) -> None:
    port: JournalStore = journal
    assert port.last() == Tip()
    assert port.anchor() == Tip()
    assert port.sources() == {}
    assert list(port.read()) == []
    assert port.latest_snapshot() is None
    assert port.verify() is None


def test_what_is_appended_is_read_back_the_same(journal: SqlJournal, path: Path) -> None:
    journal.append(ENTRIES[:1])
    journal.append([])
    journal.append(ENTRIES[1:40])
    assert list(journal.read()) == ENTRIES[:40]
    assert journal.last() == ENTRIES[39].tip
    journal.close()
    with_new = open_store(f"sqlite:///{path}")
    with_new.append(ENTRIES[40:])
    assert list(with_new.read()) == ENTRIES
    assert with_new.sources() == sources_of(ENTRIES)
    assert with_new.verify() is None
    with_new.close()


def test_any_part_can_be_read(journal: SqlJournal) -> None:
    journal.append(ENTRIES)
    assert list(journal.read(50)) == ENTRIES[50:]
    assert list(journal.read(10, limit=5)) == ENTRIES[10:15]
    assert list(journal.read(58, limit=5)) == ENTRIES[58:]
    assert list(journal.read(60)) == []
    assert list(journal.read(limit=0)) == []


def test_long_journals_are_read_in_pages(
    journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.adapters.stores.rows.READ_AT_ONCE", 7)
    journal.append(ENTRIES[:30])
    reading = journal.read(3)
    assert next(reading) == ENTRIES[3]
    # What comes later is not seen by a reader that began before.
    journal.append(ENTRIES[30:])
    assert list(reading) == ENTRIES[4:30]


def test_a_number_of_a_source_is_taken_once(journal: SqlJournal) -> None:
    journal.append(ENTRIES[:20])
    again = chain_of(3, tip=Tip(0, ENTRIES[19].chain))
    moved = [replace(entry, number=20 + entry.number) for entry in again]
    with pytest.raises(JournalError, match=r"number 2 of feed.*more than 38"):
        journal.append(moved)
    other = chain_of(1, tip=ENTRIES[19].tip, source="other")
    journal.append(other)
    assert journal.sources() == {"feed": 38, "other": 42}


def test_reading_goes_on_in_other_threads_while_one_writes(journal: SqlJournal) -> None:
    counts: list[int] = []
    broken: list[list[Entry]] = []

    def read() -> None:
        while not counts or counts[-1] < len(ENTRIES):
            found = list(journal.read())
            counts.append(len(found))
            if found != ENTRIES[: len(found)]:
                broken.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for first in range(0, 60, 3):
        journal.append(ENTRIES[first : first + 3])
    reader.join(timeout=20)
    assert not reader.is_alive()
    assert broken == []
    assert counts == sorted(counts)
    assert all(count % 3 == 0 for count in counts)


def test_a_busy_journal_is_verified_without_holding_its_writer_up(
    journal: SqlJournal, path: Path
) -> None:
    stop, tips = threading.Event(), [Tip()]

    def write() -> None:
        while not stop.is_set():
            batch = chain_of(5, tip=tips[-1])
            journal.append(batch)
            tips.append(batch[-1].tip)
            if len(tips) % 5 == 0:
                journal.save_snapshot(replace(snapshot_at([], 0), tip=tips[-1]))
                journal.prune_snapshots(2)

    writer = threading.Thread(target=write)
    writer.start()
    beside = open_store(path, reads_only=True)
    try:
        for turn in range(6):
            while len(tips) < 5 * (turn + 1):
                stop.wait(0.001)
            assert (journal if turn % 2 else beside).verify() is None
    finally:
        stop.set()
        writer.join(timeout=30)
        beside.close()
    assert journal.verify() is None


def test_a_reader_wants_a_journal_of_this_version(journal: SqlJournal, path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal here"):
        open_store(path.with_name("other.sqlite"), reads_only=True)
    journal.close()
    with sqlite3.connect(path) as beside:
        beside.execute("UPDATE alembic_version SET version_num = 'earlier'")
    with pytest.raises(JournalError, match=r"not those of this version.*open it once for writing"):
        open_store(path, reads_only=True)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="the journal's folder is not there"):
        open_store(tmp_path / "nowhere/venue.sqlite")


def test_every_commit_waits_for_the_disk(journal: SqlJournal) -> None:
    def settings(connection: object) -> list[object]:
        execute = connection.exec_driver_sql  # type: ignore[attr-defined]
        return [execute(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert journal.access.write(settings) == ["wal", 2]
