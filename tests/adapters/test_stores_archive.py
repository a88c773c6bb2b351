"""Back-ups come back whole, in either store; exports hold every entry and every event."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from tests.adapters.postgres import PostgresOfTests
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.adapters.stores.archive import back_up, restore, write_archive
from trimtab.adapters.stores.exporting import export_parquet
from trimtab.model.journal_entries import JournalDamagedError, JournalError, Tip
from trimtab.units import DataError

ENTRIES = chain_of(120)
SNAPSHOTS = [snapshot_at(ENTRIES, number) for number in (0, 40, 80)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    opened = open_store(tmp_path / "venue.sqlite")
    opened.append(ENTRIES)
    for snapshot in SNAPSHOTS:
        opened.save_snapshot(snapshot)
    yield opened
    opened.close()


def contents(journal: SqlJournal) -> tuple[object, ...]:
    anchor = journal.anchor()
    snapshots = [journal.latest_snapshot(tip.number) for tip in journal.snapshots()]
    return anchor, list(journal.read(anchor.number)), journal.sources(), snapshots


def restored(backup: Path, tmp_path: Path, name: str = "restored") -> SqlJournal:
    fresh = open_store(tmp_path / f"{name}.sqlite")
    assert restore(backup, fresh) == ENTRIES[-1].tip
    assert fresh.verify() is None
    return fresh


@pytest.mark.parametrize("way", [back_up, write_archive])
@pytest.mark.parametrize("retained", [0, 40])
def test_what_is_restored_is_what_was_backed_up(
    journal: SqlJournal, tmp_path: Path, way: object, retained: int
) -> None:
    if retained:
        journal.retain(retained)
    target = tmp_path / "saved"
    assert way(journal, target) == ENTRIES[-1].tip  # type: ignore[operator]
    before = target.read_bytes()
    fresh = restored(target, tmp_path)
    assert contents(fresh) == contents(journal)
    more = chain_of(5, tip=ENTRIES[-1].tip)
    fresh.append(more)
    assert fresh.last() == more[-1].tip
    fresh.close()
    # A back-up is read, not used up, and nothing is left beside it.
    assert target.read_bytes() == before
    names = {each.name.removesuffix("-wal").removesuffix("-shm") for each in tmp_path.iterdir()}
    expected = {"venue.sqlite", "restored.sqlite"}
    assert names == {"saved", *expected, *(f"{name}.lock" for name in expected)}


def test_a_file_that_was_backed_up_is_a_journal_itself(journal: SqlJournal, tmp_path: Path) -> None:
    back_up(journal, tmp_path / "copy.sqlite")
    copy = open_store(tmp_path / "copy.sqlite")
    assert contents(copy) == contents(journal)
    copy.append(chain_of(5, tip=ENTRIES[-1].tip))
    copy.close()


def test_a_back_up_is_taken_while_the_journal_is_written(
    journal: SqlJournal, tmp_path: Path
) -> None:
    stop, tips = threading.Event(), [ENTRIES[-1].tip]

    def write() -> None:
        while not stop.is_set():
            batch = chain_of(5, tip=tips[-1])
            journal.append(batch)
            tips.append(batch[-1].tip)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for turn in range(3):
            while len(tips) < 10 * (turn + 1):
                stop.wait(0.001)
            for way in (back_up, write_archive):
                target = tmp_path / f"{way.__name__}-{turn}"
                tip = way(journal, target)
                assert tip in tips
                fresh = open_store(tmp_path / f"{way.__name__}-{turn}.sqlite")
                assert restore(target, fresh) == tip
                assert fresh.verify() is None
                fresh.close()
    finally:
        stop.set()
        writer.join(timeout=20)


def test_a_journal_moves_to_postgresql_and_back(
    journal: SqlJournal, tmp_path: Path, postgres: PostgresOfTests
) -> None:
    back_up(journal, tmp_path / "copy.sqlite")
    served = open_store(postgres.create())
    assert restore(tmp_path / "copy.sqlite", served) == ENTRIES[-1].tip
    assert contents(served) == contents(journal)
    assert served.verify() is None
    back_up(served, tmp_path / "served")
    served.close()
    again = restored(tmp_path / "served", tmp_path)
    assert contents(again) == contents(journal)
    again.close()


def test_only_an_empty_journal_takes_a_back_up(journal: SqlJournal, tmp_path: Path) -> None:
    back_up(journal, tmp_path / "saved")
    with pytest.raises(JournalError, match=r"into an empty journal.*120 entries"):
        restore(tmp_path / "saved", journal)


def test_a_damaged_journal_is_not_backed_up(journal: SqlJournal, tmp_path: Path) -> None:
    change = "UPDATE journal_entries SET reason = 'dust' WHERE number = 100"
    journal.access.write(lambda connection: connection.exec_driver_sql(change))
    with pytest.raises(JournalDamagedError, match="saved: entry 100: entry 100 does not follow"):
        back_up(journal, tmp_path / "saved")
    assert sorted(each.name for each in tmp_path.iterdir() if "saved" in each.name) == []
    write_archive(journal, tmp_path / "saved")
    fresh = open_store(tmp_path / "fresh.sqlite")
    with pytest.raises(JournalError, match="do not follow the last one"):
        restore(tmp_path / "saved", fresh)
    assert fresh.last().number == 0
    fresh.close()


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("way", [back_up, write_archive])
def test_a_back_up_that_was_cut_short_is_refused(
    journal: SqlJournal, tmp_path: Path, way: object, kept: float
) -> None:
    target = tmp_path / "saved"
    way(journal, target)  # type: ignore[operator]
    data = target.read_bytes()
    target.write_bytes(data[: int(len(data) * kept)])
    fresh = open_store(tmp_path / "fresh.sqlite")
    with pytest.raises(JournalError, match=r"back-up|saved"):
        restore(target, fresh)
    fresh.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "cut short"),
        (lambda lines: [*lines[:50], *lines[51:]], "cut short"),
        (lambda lines: [*lines[:50], lines[51], lines[50], *lines[52:]], "taken before"),
        (lambda lines: [*lines, lines[-1]], "cut short"),
        (lambda lines: lines[1:], "no back-up of a journal"),
        (lambda lines: [lines[0].replace("120", "121"), *lines[1:]], "cut short"),
        (lambda lines: [line.replace('"alice', '"malice') for line in lines], "do not follow"),
        (lambda lines: [line.replace("b" * 64, "e" * 64) for line in lines], "entry 0 is damaged"),
        (lambda lines: ["{", *lines], "not readable"),
    ],
)
def test_an_archive_that_was_changed_is_refused(
    journal: SqlJournal, tmp_path: Path, change: object, message: str
) -> None:
    target = tmp_path / "saved"
    write_archive(journal, target)
    with gzip.open(target, "rt") as stream:
        lines = stream.read().splitlines()
    assert json.loads(lines[-1]) == ["end", 120]
    with gzip.open(target, "wt") as stream:
        stream.write("\n".join(change(lines)))  # type: ignore[operator]
    fresh = open_store(tmp_path / "fresh.sqlite")
    with pytest.raises(JournalError, match=message):
        restore(target, fresh)
    fresh.close()


def test_what_cannot_be_written_or_read_is_said(journal: SqlJournal, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the output cannot be written"):
        back_up(journal, tmp_path / "nowhere/saved")
    fresh = open_store(tmp_path / "fresh.sqlite")
    with pytest.raises(JournalError, match="the back-up cannot be read"):
        restore(tmp_path / "nothing", fresh)
    fresh.close()


def test_an_export_holds_every_entry_and_every_event(journal: SqlJournal, tmp_path: Path) -> None:
    out = tmp_path / "export"
    assert export_parquet(journal, out, part=50) == 120
    assert len(list(out.glob("entries-*.parquet"))) == 3
    with duckdb.connect() as tables:
        entries = tables.execute(
            f"SELECT number, epoch_ns(timestamp), source, source_number, kind, command, reason, "
            f"chain FROM '{out}/entries-*.parquet' ORDER BY number"
        ).fetchall()
        events = tables.execute(
            f"SELECT number, place, kind, account, asset, quantity, flow, payer "
            f"FROM '{out}/events-*.parquet' ORDER BY number, place"
        ).fetchall()
    assert [row[0] for row in entries] == list(range(1, 121))
    for row, entry in zip(entries, ENTRIES, strict=True):
        number = None if entry.source_number is None else str(entry.source_number)
        assert row[1:4] == (entry.at_ns, entry.source, number)
        assert row[4:] == ("Deposit", entry.command, entry.reason, entry.chain)
    accepted = [entry.number for entry in ENTRIES if entry.accepted]
    assert events == [(n, 0, "deposit", "alice", "ETH", "5", "5", None) for n in accepted]


def test_an_export_begins_where_it_is_told_to(journal: SqlJournal, tmp_path: Path) -> None:
    assert export_parquet(journal, tmp_path / "late", after=100) == 20
    journal.retain(40)
    assert export_parquet(journal, tmp_path / "rest") == 80
    assert export_parquet(journal, tmp_path / "none", after=120) == 0
    assert sources_of(ENTRIES) == journal.sources()
    assert journal.anchor() != Tip()
