"""What cutting asks for, what it keeps, and what a damaged journal still does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.damaged_journals import (
    COUNT,
    ENTRIES,
    NAME,
    SNAPSHOTS,
    WHOLE,
    WITNESS,
    altered,
    contents,
    examine,
    taken,
)
from tests.adapters.journal_chains import chain_of
from trimtab.adapters.stores import open_store
from trimtab.model.journal_entries import JournalDamagedError, JournalError, Tip
from trimtab.units import UsageError


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
