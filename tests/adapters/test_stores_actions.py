"""The audit trail in a journal's database: durable in either store, whole, and never rewritten."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Connection, text

from tests.adapters.journal_chains import actions_of, chain_of, snapshot_at
from tests.adapters.postgres import PostgresOfTests
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.adapters.stores.archive import back_up, restore, write_archive
from trimtab.adapters.stores.exporting import export_parquet
from trimtab.model.journal_entries import (
    JournalDamagedError,
    JournalError,
    JournalUnavailableError,
    Tip,
)
from trimtab.model.operator_actions import OperatorAction, checked_actions
from trimtab.model.ports import ActionStore

ENTRIES = chain_of(40)
ACTIONS = actions_of(30)


@pytest.fixture(params=["path", "url"], ids=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def change(journal: SqlJournal, statement: str) -> None:
    def run(connection: Connection) -> None:
        connection.execute(text(statement))

    journal.access.write(run)


def test_it_is_the_port_and_survives_its_writer(journal: SqlJournal, location: str) -> None:
    port: ActionStore = journal.actions
    assert (port.last(), list(port.read())) == (Tip(), [])
    for action in ACTIONS[:3]:
        port.append(action)
    journal.append(ENTRIES[:5])
    journal.close()
    again = open_store(location)
    assert list(again.actions.read()) == ACTIONS[:3]
    assert again.actions.last() == ACTIONS[2].tip
    again.actions.extend(ACTIONS[3:])
    assert list(again.actions.read(28)) == ACTIONS[28:]
    assert again.verify() is None
    beside = open_store(location, reads_only=True)
    assert list(checked_actions(beside.actions.read())) == ACTIONS
    with pytest.raises(JournalError, match="opened for reading"):
        beside.actions.append(actions_of(1, tip=ACTIONS[-1].tip)[0])
    beside.close()
    again.close()


def test_a_long_trail_is_read_in_pages(
    journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.adapters.stores.sql_actions.READ_AT_ONCE", 7)
    journal.actions.extend(ACTIONS)
    assert list(journal.actions.read()) == ACTIONS


def test_an_action_that_is_there_is_acknowledged_again(journal: SqlJournal) -> None:
    journal.actions.extend(ACTIONS[:5])
    journal.actions.append(ACTIONS[4])
    journal.actions.extend(ACTIONS[2:5])
    assert list(journal.actions.read()) == ACTIONS[:5]


@pytest.mark.parametrize(
    "actions",
    [
        [ACTIONS[6]],
        [ACTIONS[3]],
        [replace(ACTIONS[5], result="otherwise")],
        [ACTIONS[5], replace(ACTIONS[6], who="boris")],
        actions_of(1, tip=Tip(5, "f" * 64)),
    ],
)
def test_what_does_not_follow_is_refused_whole(
    journal: SqlJournal, actions: list[OperatorAction]
) -> None:
    journal.actions.extend(ACTIONS[:5])
    if actions == [ACTIONS[3]]:
        journal.actions.extend(actions)
        assert list(journal.actions.read()) == ACTIONS[:5], "an old one changes nothing"
        return
    with pytest.raises(JournalError, match="does not follow the last one of the audit trail"):
        journal.actions.extend(actions)
    assert list(journal.actions.read()) == ACTIONS[:5]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE journal_actions SET result = 'nothing' WHERE number = 7", 7),
        ("UPDATE journal_actions SET who = 'boris' WHERE number = 30", 30),
        ("UPDATE journal_actions SET at_ns = 5 WHERE number = 1", 1),
        ("DELETE FROM journal_actions WHERE number = 12", 12),
        ("DELETE FROM journal_actions WHERE number = 1", 1),
        ("UPDATE journal_actions SET about = '{}' WHERE number > 9", 10),
    ],
)
def test_a_changed_trail_is_named_and_what_is_whole_is_kept(
    journal: SqlJournal, location: str, *, statement: str, number: int
) -> None:
    journal.append(ENTRIES)
    journal.save_snapshot(snapshot_at(ENTRIES, 20))
    journal.actions.extend(ACTIONS)
    change(journal, statement)
    fault = journal.verify()
    assert fault is not None
    assert f"action {number} of the audit trail is missing or was changed" in fault.what
    assert (fault.number, fault.good, fault.seen) == (41, ENTRIES[-1].tip, 40)
    with pytest.raises(JournalDamagedError, match=f"action {number} of the audit trail"):
        list(checked_actions(journal.actions.read()))
    assert journal.cut_tail(fault, consent=True) == 0
    assert journal.verify() is None
    assert list(journal.read()) == ENTRIES
    assert journal.snapshots() == [ENTRIES[19].tip]
    assert list(journal.actions.read()) == ACTIONS[: number - 1]
    journal.actions.extend(ACTIONS[number - 1 :])
    journal.close()
    again = open_store(location)
    assert list(checked_actions(again.actions.read())) == ACTIONS
    again.close()


def test_what_was_cut_stays_in_the_server_s_table(journal: SqlJournal, location: str) -> None:
    if "://" not in location:
        pytest.skip("a file is set aside whole")
    journal.actions.extend(ACTIONS)
    for cut, number in ((1, 20), (2, 10)):
        change(journal, f"UPDATE journal_actions SET role = 'x' WHERE number = {number}")
        fault = journal.verify()
        assert fault is not None
        journal.cut_tail(fault, consent=True)
        counted = "SELECT count(*) FROM journal_actions WHERE cut = " + str(cut)
        with journal.access.database.readers.connect() as connection:
            assert connection.execute(text(counted)).scalar() == (11 if cut == 1 else 10)
    assert list(journal.actions.read()) == ACTIONS[:9]


@pytest.mark.parametrize("way", [back_up, write_archive])
def test_a_back_up_carries_the_trail(
    journal: SqlJournal,
    tmp_path: Path,
    way: Callable[[SqlJournal, Path], Tip],
) -> None:
    journal.append(ENTRIES)
    for number in (0, 20):
        journal.save_snapshot(snapshot_at(ENTRIES, number))
    journal.actions.extend(ACTIONS)
    way(journal, tmp_path / "saved")
    fresh = open_store(tmp_path / "fresh.sqlite")
    restore(tmp_path / "saved", fresh)
    assert list(fresh.read()) == ENTRIES
    assert list(fresh.actions.read()) == ACTIONS
    assert fresh.snapshots() == [Tip(), ENTRIES[19].tip]
    assert fresh.verify() is None
    fresh.close()


def test_an_export_holds_the_whole_trail(journal: SqlJournal, tmp_path: Path) -> None:
    journal.append(ENTRIES)
    assert export_parquet(journal, tmp_path / "none", after=40) == 0
    assert list((tmp_path / "none").iterdir()) == []
    journal.actions.extend(ACTIONS)
    assert export_parquet(journal, tmp_path / "out", after=39) == 1
    with duckdb.connect() as tables:
        rows = tables.execute(
            "SELECT number, epoch_ns(timestamp), who, role, action, about, result, chain "
            f"FROM '{tmp_path}/out/actions.parquet' ORDER BY number"
        ).fetchall()
    assert rows == [astuple(action) for action in ACTIONS]


def test_a_trail_alone_is_no_empty_journal(tmp_path: Path) -> None:
    source, target = open_store(tmp_path / "a.sqlite"), open_store(tmp_path / "b.sqlite")
    for journal in (source, target):
        journal.actions.extend(ACTIONS)
    write_archive(source, tmp_path / "saved")
    with pytest.raises(JournalError, match="into an empty journal"):
        restore(tmp_path / "saved", target)
    for journal in (source, target):
        journal.close()


def test_an_archive_without_one_of_its_actions_is_refused(tmp_path: Path) -> None:
    source = open_store(tmp_path / "a.sqlite")
    source.append(ENTRIES)
    source.actions.extend(ACTIONS)
    write_archive(source, tmp_path / "saved")
    source.close()
    with gzip.open(tmp_path / "saved", "rt") as stream:
        lines = stream.read().splitlines()
    assert lines[3].startswith('["action",3,')
    with gzip.open(tmp_path / "saved", "wt") as stream:
        stream.write("\n".join(lines[:3] + lines[4:]))
    fresh = open_store(tmp_path / "b.sqlite")
    with pytest.raises(JournalDamagedError, match="cut short"):
        restore(tmp_path / "saved", fresh)
    fresh.close()


def test_an_action_while_the_server_is_away_is_not_acknowledged(
    postgres: PostgresOfTests,
) -> None:
    journal = open_store(postgres.create())
    journal.actions.append(ACTIONS[0])
    journal.access.database._patience_s = 0.2  # type: ignore[attr-defined]
    postgres.stop()
    try:
        with pytest.raises(JournalUnavailableError):
            journal.actions.append(ACTIONS[1])
    finally:
        postgres.start()
    journal.access.database._patience_s = 30.0  # type: ignore[attr-defined]
    journal.actions.append(ACTIONS[1])
    assert list(journal.actions.read()) == ACTIONS[:2]
    journal.close()
