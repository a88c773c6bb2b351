"""The journal in a SQLite file: what was acknowledged is there, once, in order, whole."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.adapters.stores.migrating import HEAD, MIGRATIONS
from trimtab.model.journal_entries import (
    Entry,
    JournalError,
    Tip,
)
from trimtab.model.ports import JournalStore

ENTRIES = chain_of(60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "venue.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    opened = open_store(path)
    yield opened
    opened.close()


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


def test_a_batch_that_is_there_is_acknowledged_again(journal: SqlJournal) -> None:
    journal.append(ENTRIES[:20])
    journal.append(ENTRIES[10:20])
    journal.append(ENTRIES[:20])
    assert list(journal.read()) == ENTRIES[:20]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (ENTRIES[21:25], "do not follow"),
        (ENTRIES[18:25], "taken before"),
        ([replace(ENTRIES[20], result="[]")], "do not follow"),
        ([ENTRIES[20], ENTRIES[22]], "do not follow"),
        (chain_of(5, tip=ENTRIES[19].tip, source="feed")[2:3], "do not follow"),
        ([replace(ENTRIES[19], chain="f" * 64, source_number=None)], "do not follow"),
    ],
)
def test_what_does_not_follow_is_refused_whole(
    journal: SqlJournal, batch: list[Entry], message: str
) -> None:
    journal.append(ENTRIES[:20])
    with pytest.raises(JournalError, match=message):
        journal.append(batch)
    assert list(journal.read()) == ENTRIES[:20]
    journal.append(ENTRIES[20:])
    assert journal.verify() is None


def test_a_number_of_a_source_is_taken_once(journal: SqlJournal) -> None:
    journal.append(ENTRIES[:20])
    again = chain_of(3, tip=Tip(0, ENTRIES[19].chain))
    moved = [replace(entry, number=20 + entry.number) for entry in again]
    with pytest.raises(JournalError, match=r"number 2 of feed.*more than 38"):
        journal.append(moved)
    other = chain_of(1, tip=ENTRIES[19].tip, source="other")
    journal.append(other)
    assert journal.sources() == {"feed": 38, "other": 42}


def test_one_writer_at_a_time(journal: SqlJournal, path: Path) -> None:
    with pytest.raises(JournalError, match="another writer holds the journal; stop it first"):
        open_store(path)
    code = f"from trimtab.adapters.stores import open_store; open_store({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another writer holds the journal" in done.stderr
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="the journal is closed"):
        journal.append(ENTRIES[:1])
    open_store(path).close()


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


def test_a_reader_looks_on_beside_the_writer(journal: SqlJournal, path: Path) -> None:
    journal.append(ENTRIES[:40])
    journal.save_snapshot(snapshot_at(ENTRIES, 20))
    beside = open_store(path, reads_only=True)
    assert list(beside.read()) == ENTRIES[:40]
    journal.append(ENTRIES[40:])
    assert beside.last() == ENTRIES[-1].tip
    assert beside.latest_snapshot() == snapshot_at(ENTRIES, 20)
    assert beside.verify() is None
    for write in (
        lambda: beside.append(chain_of(1, tip=ENTRIES[-1].tip)),
        lambda: beside.save_snapshot(snapshot_at(ENTRIES, 40)),
        lambda: beside.retain(20),
    ):
        with pytest.raises(JournalError, match="opened for reading"):
            write()
    beside.close()
    assert journal.verify() is None


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


def test_the_tables_are_made_by_steps_that_end_at_the_head(journal: SqlJournal, path: Path) -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD
    with sqlite3.connect(path) as beside:
        assert beside.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from trimtab.adapters.stores.tables import METADATA

    with journal.access.database.readers.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_journal_of_a_later_version_is_refused(journal: SqlJournal, path: Path) -> None:
    journal.close()
    with sqlite3.connect(path) as beside:
        beside.execute("UPDATE alembic_version SET version_num = 'much_later'")
    with pytest.raises(JournalError, match=r"written by a later version.*much_later.*back-up"):
        open_store(path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="the journal's folder is not there"):
        open_store(tmp_path / "nowhere/venue.sqlite")


def test_every_commit_waits_for_the_disk(journal: SqlJournal) -> None:
    def settings(connection: object) -> list[object]:
        execute = connection.exec_driver_sql  # type: ignore[attr-defined]
        return [execute(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert journal.access.write(settings) == ["wal", 2]
