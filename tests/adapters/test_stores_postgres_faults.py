"""The journal in PostgreSQL: damage, and servers that will not do, are said in one line."""

from __future__ import annotations

import pytest

from tests.adapters.journal_chains import chain_of, snapshot_at, sources_of
from tests.adapters.postgres import PostgresOfTests, execute
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.model.journal_entries import JournalDamagedError, JournalError

ENTRIES = chain_of(400)


@pytest.fixture
def location(url: str) -> str:
    return url


@pytest.mark.parametrize(
    ("statement", "number", "good", "anchor", "cut"),
    [
        ("UPDATE journal_entries SET result = '[]' WHERE number = 350", 350, 349, 0, 51),
        ("DELETE FROM journal_entries WHERE number = 350", 350, 349, 0, 50),
        ("UPDATE journal_entries SET result = '[]' WHERE number = 50", 50, 400, 200, 200),
        ("UPDATE journal_standing SET tip_number = 3", 401, 400, 0, 0),
        ("DELETE FROM journal_standing", 401, 400, 0, 0),
        ("DELETE FROM journal_sources", 401, 400, 0, 0),
        ("UPDATE journal_snapshots SET at_ns = 5 WHERE number = 100", 401, 400, 0, 0),
    ],
)
def test_each_fault_is_named_and_mended(
    journal: SqlJournal, url: str, *, statement: str, number: int, good: int, anchor: int, cut: int
) -> None:
    journal.append(ENTRIES)
    for each in (0, 100, 200):
        journal.save_snapshot(snapshot_at(ENTRIES, each))
    journal.close()
    execute(url, statement)
    again = open_store(url)
    fault = again.verify()
    assert fault is not None
    assert (fault.number, fault.good.number) == (number, good)
    again.cut_tail(fault, consent=True)
    assert again.verify() is None
    assert (again.anchor().number, again.last().number) == (anchor, good)
    assert list(again.read(anchor)) == ENTRIES[anchor:good]
    assert again.sources() == sources_of(ENTRIES[:good])
    assert execute(url, "SELECT count(*) FROM journal_cut WHERE cut = 1") == [(cut,)] or not cut
    again.append(ENTRIES[good:])
    again.close()


def test_a_journal_without_its_tables_says_so(journal: SqlJournal, url: str) -> None:
    journal.append(ENTRIES[:5])
    execute(url, "DROP TABLE journal_entries")
    with pytest.raises(JournalDamagedError, match="the tables are not readable"):
        journal.append(ENTRIES[5:6])
    assert "not readable" in str(journal.verify())


def test_a_server_that_waits_for_no_disk_is_refused(postgres: PostgresOfTests, url: str) -> None:
    postgres.stop()
    postgres.start("fsync=off")
    try:
        with pytest.raises(JournalError, match="fsync is off; turn it on"):
            open_store(url)
    finally:
        postgres.stop()
        postgres.start()


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("postgresql://u:secret@127.0.0.1:1/nowhere", "the server does not answer"),
        ("mysql://host/there", "no journal is kept there; found 'mysql://'"),
    ],
)
def test_what_cannot_be_reached_is_said_without_a_password(location: str, message: str) -> None:
    with pytest.raises(JournalError, match=message) as caught:
        open_store(location)
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_said(postgres: PostgresOfTests) -> None:
    with pytest.raises(JournalError, match='database "missing" does not exist'):
        open_store(postgres.url().replace("/postgres?", "/missing?"))
