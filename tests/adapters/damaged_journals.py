"""Journals to damage, and the promise that damaged ones are held to."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.adapters.journal_chains import actions_of, chain_of, snapshot_at, sources_of
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.model.journal_entries import Tip

COUNT = 300
ENTRIES = chain_of(COUNT)
SNAPSHOTS = [snapshot_at(ENTRIES, number, size=3000) for number in (0, 100, 200)]
ACTIONS = actions_of(24)
NAME = "venue.sqlite"
LOG, WITNESS = f"{NAME}-wal", f"{NAME}.lock"


def made_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
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
            journal.actions.extend(ACTIONS[4 * (first // 50) :][:4])
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
        list(journal.actions.read()),
    )


WHOLE = (ENTRIES, ENTRIES[-1].tip, Tip(), sources_of(ENTRIES), SNAPSHOTS, ACTIONS)


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
        actions = list(journal.actions.read())
        assert actions == ACTIONS[: len(actions)], done
        journal.actions.extend(ACTIONS[len(actions) :])
        journal.append(ENTRIES[fault.good.number :])
        assert journal.last() == ENTRIES[-1].tip, done
        return True
    finally:
        journal.close()


def altered(path: Path, *statements: str) -> SqlJournal:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return open_store(path)
