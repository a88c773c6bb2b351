"""The journal in PostgreSQL: restarted, cut off and held by two, it loses and doubles nothing."""

from __future__ import annotations

import threading

import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from tests.adapters.postgres import PostgresOfTests, execute
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.postgres_server import PostgresServer
from trimtab.model.journal_entries import (
    JournalError,
    JournalUnavailableError,
    Tip,
)

ENTRIES = chain_of(400)


@pytest.fixture
def location(url: str) -> str:
    return url


def drop_sessions(url: str) -> None:
    """End the sessions of journals, as a failing network does."""
    execute(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'trimtab journal' AND datname = current_database()",
    )


def patient(journal: SqlJournal, seconds: float) -> None:
    database = journal.access.database
    assert isinstance(database, PostgresServer)
    database._patience_s = seconds


def test_it_tells_what_it_was_told(journal: SqlJournal, url: str) -> None:
    assert (journal.last(), journal.anchor(), journal.sources()) == (Tip(), Tip(), {})
    for first in range(0, 400, 40):
        journal.append(ENTRIES[first : first + 40])
    snapshots = [snapshot_at(ENTRIES, number, size=100_000) for number in (0, 100, 200)]
    for snapshot in snapshots:
        journal.save_snapshot(snapshot)
    assert list(journal.read()) == ENTRIES
    assert list(journal.read(390, limit=3)) == ENTRIES[390:393]
    assert journal.sources() == sources_of(ENTRIES)
    assert journal.snapshots() == [each.tip for each in snapshots]
    assert journal.latest_snapshot() == snapshots[2]
    assert journal.latest_snapshot(150) == snapshots[1]
    assert journal.verify() is None
    assert journal.retain(100) == 100
    assert journal.prune_snapshots(1) == 0
    journal.close()
    again = open_store(url)
    assert list(again.read(100)) == ENTRIES[100:]
    assert (again.anchor(), again.last()) == (ENTRIES[99].tip, ENTRIES[-1].tip)
    assert again.sources() == sources_of(ENTRIES)
    assert again.verify() is None
    again.close()


def test_texts_of_any_kind_come_back(journal: SqlJournal) -> None:
    entries = chain_of(3, source='tab\\t "quoted" \\N é 𝄞 \';--')
    journal.append(entries)
    assert list(journal.read()) == entries


def test_a_session_that_was_ended_is_opened_again(journal: SqlJournal, url: str) -> None:
    for first in range(0, 100, 20):
        journal.append(ENTRIES[first : first + 20])
        drop_sessions(url)
        assert journal.last().number == first + 20
    assert list(journal.read()) == ENTRIES[:100]
    assert journal.verify() is None


@pytest.mark.parametrize("committed", [True, False])
def test_a_batch_of_unknown_fate_is_looked_for(
    journal: SqlJournal, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """The server goes away during the commit: with the batch in, or without it."""
    journal.append(ENTRIES[:20])
    whole, cuts = Access._written, []

    def cut_off(access: Access, work: object) -> object:
        if cuts:
            return whole(access, work)  # type: ignore[arg-type]
        cuts.append(1)
        if committed:
            whole(access, work)  # type: ignore[arg-type]
        access._drop_writer()
        raise JournalUnavailableError("cut off")

    monkeypatch.setattr(Access, "_written", cut_off)
    journal.append(ENTRIES[20:40])
    assert cuts == [1]
    journal.append(ENTRIES[40:60])
    assert list(journal.read()) == ENTRIES[:60]
    assert journal.verify() is None


def test_after_patience_the_same_batch_may_be_appended_again(
    postgres: PostgresOfTests, journal: SqlJournal
) -> None:
    journal.append(ENTRIES[:20])
    patient(journal, 0.3)
    postgres.stop()
    try:
        with pytest.raises(JournalUnavailableError, match="the server does not answer"):
            journal.append(ENTRIES[20:40])
        with pytest.raises(JournalUnavailableError, match="the server does not answer"):
            journal.last()
    finally:
        postgres.start()
    journal.append(ENTRIES[20:40])
    assert list(journal.read()) == ENTRIES[:40]


def test_restarts_in_the_middle_of_appends_lose_and_double_nothing(
    postgres: PostgresOfTests, journal: SqlJournal
) -> None:
    acknowledged: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def write() -> None:
        tip = Tip()
        try:
            while not done.is_set():
                batch = chain_of(7, tip=tip)
                journal.append(batch)
                tip = batch[-1].tip
                acknowledged.append(tip.number)
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    for turn in range(3):
        count = len(acknowledged)
        while len(acknowledged) < count + 10 and not failures:
            done.wait(0.01)
        postgres.stop(crash=turn != 1)
        postgres.start()
    done.set()
    writer.join(timeout=60)
    assert not writer.is_alive()
    assert failures == []
    entries = list(journal.read())
    assert [entry.number for entry in entries] == list(range(1, acknowledged[-1] + 1))
    assert entries == chain_of(len(entries))
    assert journal.verify() is None


def test_a_writer_that_lost_its_lock_to_another_does_not_write(
    journal: SqlJournal, url: str
) -> None:
    journal.append(ENTRIES[:20])
    patient(journal, 0.3)
    drop_sessions(url)
    other = open_store(url)
    other.append(ENTRIES[20:30])
    with pytest.raises(JournalUnavailableError, match="another session holds the journal since"):
        journal.append(ENTRIES[20:30])
    other.append(ENTRIES[30:40])
    other.close()
    # The same batch is there already; another one would not follow.
    with pytest.raises(JournalError, match="do not follow"):
        journal.append(chain_of(15, tip=ENTRIES[19].tip, source="other"))
    journal.append(ENTRIES[20:30])
    assert list(journal.read()) == ENTRIES[:40]


def test_a_tip_that_another_moved_is_not_moved_on(journal: SqlJournal, url: str) -> None:
    journal.append(ENTRIES[:20])
    execute(url, "UPDATE journal_standing SET tip_number = 19")
    with pytest.raises(JournalError, match="another writer has moved the journal"):
        journal.append(ENTRIES[20:30])
    assert execute(url, "SELECT count(*) FROM journal_entries") == [(20,)]
