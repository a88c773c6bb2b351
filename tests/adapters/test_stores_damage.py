"""A damaged file: the damage is found and named, and what is whole is kept when it is cut."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.model.journal_entries import (
    JournalDamagedError,
    JournalError,
    Tip,
)
from trimtab.units import UsageError

COUNT = 300
ENTRIES = chain_of(COUNT)
SNAPSHOTS = [snapshot_at(ENTRIES, number, size=3000) for number in (0, 100, 200)]
NAME = "venue.sqlite"
LOG, WITNESS = f"{NAME}-wal", f"{NAME}.lock"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same journal, once at rest in its file, and once as `kill -9` leaves it, in its log."""
    made = {}
    for kind in ("rest", "killed"):
        folder = made[kind] = tmp_path_factory.mktemp(kind)
        journal = open_store(folder / NAME)
        for first in range(0, COUNT, 50):
            journal.append(ENTRIES[first : first + 50])
            if first + 50 in (100, 200):
                journal.save_snapshot(SNAPSHOTS[(first + 50) // 100])
            if first == 0:
                journal.save_snapshot(SNAPSHOTS[0])
        if kind == "killed":
            copied = tmp_path_factory.mktemp("copied")
            shutil.copytree(folder, copied, dirs_exist_ok=True)
            (copied / f"{NAME}-shm").unlink()
            made[kind] = copied
        journal.close()
    assert (made["killed"] / LOG).stat().st_size > 100_000
    return made


def taken(template: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder / NAME


def contents(journal: SqlJournal) -> tuple[object, ...]:
    """Everything that a journal tells."""
    return (
        list(journal.read(journal.anchor().number)),
        journal.last(),
        journal.anchor(),
        journal.sources(),
        [journal.latest_snapshot(tip.number) for tip in journal.snapshots()],
    )


WHOLE = (ENTRIES, ENTRIES[-1].tip, Tip(), sources_of(ENTRIES), SNAPSHOTS)


def flip(path: Path, source: random.Random) -> str:
    data = bytearray(path.read_bytes())
    place, bit = source.randrange(len(data)), source.randrange(8)
    data[place] ^= 1 << bit
    path.write_bytes(data)
    return f"bit {bit} of byte {place} of {path.name}"


def truncate(path: Path, source: random.Random) -> str:
    size = source.randrange(path.stat().st_size)
    with path.open("r+b") as stream:
        stream.truncate(size)
    return f"{path.name} cut at {size}"


def blank(path: Path, source: random.Random) -> str:
    """A page of nothing, as a lost write leaves it."""
    page = source.randrange(path.stat().st_size >> 12) << 12
    with path.open("r+b") as stream:
        stream.seek(page)
        stream.write(bytes(4096))
    return f"{path.name} without what is at {page}"


def harm(template: Path, tmp_path: Path, *, seed: int) -> tuple[Path, str]:
    source = random.Random(seed)
    path = taken(template, tmp_path)
    targets = [path] * 3 + [each for each in (path.with_name(LOG),) if each.exists()] * 6
    acts = [flip, flip, truncate, blank]
    if seed % 10 == 0:
        targets, acts = [path.with_name(WITNESS)], [flip]
    done = source.choice(acts)(source.choice(targets), source)
    return path, done


def examine(path: Path, done: str) -> bool:
    """Hold a damaged journal to its promise; whether the damage mattered."""
    journal = open_store(path)
    try:
        fault = journal.verify()
        if fault is None:
            assert contents(journal) == WHOLE, done
            return False
        assert "\n" not in str(fault)
        gone = journal.cut_tail(fault, consent=True)
        assert gone == fault.seen - fault.good.number, done
        assert journal.verify() is None, done
        kept = list(journal.read(journal.anchor().number))
        assert kept == ENTRIES[journal.anchor().number : fault.good.number], done
        assert journal.last() == fault.good, done
        assert journal.sources() == sources_of(ENTRIES[: fault.good.number]), done
        kept = [journal.latest_snapshot(tip.number) for tip in journal.snapshots()]
        assert all(snapshot in SNAPSHOTS for snapshot in kept), done
        journal.append(ENTRIES[fault.good.number :])
        assert journal.last() == ENTRIES[-1].tip, done
        return True
    finally:
        journal.close()


@pytest.mark.parametrize("kind", ["rest", "killed"])
def test_no_damage_anywhere_goes_unseen(
    templates: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    mattered = [examine(*harm(templates[kind], tmp_path, seed=seed)) for seed in range(16)]
    assert sum(mattered) >= 8


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["rest", "killed"])
@pytest.mark.parametrize("block", range(10))
def test_no_damage_anywhere_goes_unseen_for_long(
    templates: dict[str, Path], tmp_path: Path, kind: str, block: int
) -> None:
    seeds = range(100 + block * 100, 200 + block * 100)
    mattered = [examine(*harm(templates[kind], tmp_path, seed=seed)) for seed in seeds]
    assert sum(mattered) >= 40


def altered(path: Path, *statements: str) -> SqlJournal:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return open_store(path)


@pytest.mark.parametrize(
    ("statement", "number", "what", "good", "snapshot"),
    [
        ("UPDATE journal_entries SET result = '' WHERE number = 250", 250, "entry 250 d", 249, 0),
        ("DELETE FROM journal_entries WHERE number = 250", 250, "entries are missing", 249, 0),
        ("DELETE FROM journal_entries WHERE number > 290", 291, "it and all up to", 290, 0),
        ("UPDATE journal_entries SET at_ns = 1 WHERE number = 300", 300, "entry 300 does", 299, 0),
        ("UPDATE journal_entries SET source = x'ff' WHERE number = 280", 280, "", 279, 0),
        ("UPDATE journal_entries SET number = 999 WHERE number = 300", 300, "missing", 299, 0),
        ("UPDATE journal_entries SET reason = 'dust' WHERE number = 50", 50, "entry 50", 300, 200),
        ("DELETE FROM journal_entries WHERE number = 150", 150, "missing", 300, 200),
        ("UPDATE journal_standing SET tip_number = 299", 301, "where it stands", 300, 0),
        ("UPDATE journal_standing SET anchor_number = 5", 301, "anchor, entry 5", 300, 0),
        ("DELETE FROM journal_standing", 301, "where it stands", 300, 0),
        ("UPDATE journal_sources SET last_number = 1", 301, "last numbers of the sources", 300, 0),
        ("DELETE FROM journal_sources", 301, "last numbers of the sources", 300, 0),
        ("UPDATE journal_snapshots SET at_ns = 1 WHERE number = 100", 301, "entry 100", 300, 0),
        ("DROP TABLE journal_snapshots", 301, "snapshot", 300, 0),
        ("DROP TABLE journal_entries", 1, "", 200, 200),
    ],
)  # fmt: skip
def test_each_fault_is_named_and_mended(
    templates: dict[str, Path], tmp_path: Path, *, statement: str, number: int, what: str,
    good: int, snapshot: int,
) -> None:  # fmt: skip
    journal = altered(taken(templates["rest"], tmp_path), statement)
    fault = journal.verify()
    assert fault is not None
    if "DROP TABLE journal_entries" not in statement:
        assert (fault.number, fault.good.number, fault.snapshot or 0) == (number, good, snapshot)
    assert what in fault.what
    journal.close()
    assert examine(tmp_path / "journal" / NAME, statement)


def test_both_a_damaged_history_and_a_damaged_tail_leave_what_is_between(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    change = "UPDATE journal_entries SET result = '[]' WHERE number IN (50, 270)"
    journal = altered(taken(templates["rest"], tmp_path), change)
    fault = journal.verify()
    assert fault is not None
    assert (fault.number, fault.good.number, fault.snapshot) == (270, 269, 200)
    journal.close()
    assert examine(tmp_path / "journal" / NAME, change)
    again = open_store(tmp_path / "journal" / NAME)
    assert again.anchor().number == 200
    again.close()


def test_nothing_is_cut_without_consent_or_with_another_fault(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    path = taken(templates["rest"], tmp_path)
    journal = altered(path, "DELETE FROM journal_entries WHERE number > 290")
    fault = journal.verify()
    assert fault is not None
    before = path.read_bytes()
    with pytest.raises(
        UsageError, match="gives up 10 entries of the tail; nothing is cut without consent"
    ):
        journal.cut_tail(fault, consent=False)
    with pytest.raises(JournalError, match="the fault is another one by now"):
        journal.cut_tail(replace(fault, good=Tip(7, "f" * 64)), consent=True)
    assert path.read_bytes() == before
    journal.close()


def test_a_journal_without_its_tail_is_not_written_or_read(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    journal = altered(
        taken(templates["rest"], tmp_path), "DELETE FROM journal_entries WHERE number > 290"
    )
    calls: list[Callable[[], object]] = [
        journal.last,
        journal.anchor,
        journal.sources,
        journal.read,
        journal.snapshots,
        journal.latest_snapshot,
        lambda: journal.append(ENTRIES[290:]),
        lambda: journal.save_snapshot(SNAPSHOTS[1]),
        lambda: journal.retain(100),
    ]
    for call in calls:
        with pytest.raises(JournalDamagedError, match=r"entry 291: it and all up to.*restore"):
            call()
    journal.close()


def test_whole_snapshots_are_kept(templates: dict[str, Path], tmp_path: Path) -> None:
    path = taken(templates["rest"], tmp_path)
    journal = altered(path, "UPDATE journal_entries SET result = '{}' WHERE number = 290")
    fault = journal.verify()
    assert fault is not None
    journal.cut_tail(fault, consent=True)
    assert journal.snapshots() == [each.tip for each in SNAPSHOTS]
    journal.close()


def test_what_was_cut_is_kept_aside(templates: dict[str, Path], tmp_path: Path) -> None:
    path = taken(templates["rest"], tmp_path)
    for turn in ("", "-2"):
        journal = altered(path, "UPDATE journal_entries SET result = '{}' WHERE number = 290")
        fault = journal.verify()
        assert fault is not None
        assert journal.cut_tail(fault, consent=True) == 11
        aside = path.with_name(f"{NAME}.broken-290{turn}")
        with closing(sqlite3.connect(aside)) as beside:
            assert beside.execute("SELECT count(*) FROM journal_entries").fetchone() == (COUNT,)
        journal.append(ENTRIES[289:])
        journal.close()
    left = sorted(each.name for each in path.parent.iterdir())
    assert left == [NAME, f"{NAME}.broken-290", f"{NAME}.broken-290-2", WITNESS]


@pytest.mark.parametrize("lost", ["removed", "emptied"])
def test_a_file_that_is_gone_is_not_begun_anew(
    templates: dict[str, Path], tmp_path: Path, lost: str
) -> None:
    path = taken(templates["rest"], tmp_path)
    path.unlink() if lost == "removed" else path.write_bytes(b"")
    journal = open_store(path)
    with pytest.raises(JournalDamagedError, match=r"whole up to entry 0; .*gives up 300 entries"):
        journal.append(ENTRIES[:1])
    fault = journal.verify()
    assert fault is not None
    journal.cut_tail(fault, consent=True)
    journal.append(ENTRIES[:5])
    assert journal.verify() is None
    journal.close()


def test_a_witness_that_is_behind_is_right(templates: dict[str, Path], tmp_path: Path) -> None:
    path = taken(templates["rest"], tmp_path)
    path.with_name(WITNESS).unlink()
    journal = open_store(path)
    assert contents(journal) == WHOLE
    assert journal.verify() is None
    journal.close()


def test_a_log_of_another_journal_is_a_fault(templates: dict[str, Path], tmp_path: Path) -> None:
    """The witness has seen another entry of this number."""
    path = taken(templates["rest"], tmp_path)
    path.unlink()
    path.with_name(WITNESS).unlink()
    other = open_store(path)
    other.append(chain_of(COUNT, source="other"))
    other.close()
    witness = (templates["rest"] / WITNESS).read_bytes()
    path.with_name(WITNESS).write_bytes(witness)
    journal = open_store(path)
    assert "entry 300 is not the one that was acknowledged" in str(journal.verify())
    journal.close()
