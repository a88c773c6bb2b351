"""What a journal promises in either store: what follows is taken, once, by one writer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from tests.adapters.journal_chains import chain_of, snapshot_at
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.adapters.stores.migrating import HEAD, MIGRATIONS, STEPS
from trimtab.adapters.stores.tables import METADATA
from trimtab.model.journal_entries import Entry, JournalError, Tip

ENTRIES = chain_of(60)


@pytest.fixture(params=["path", "url"], ids=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


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


def test_one_writer_at_a_time(journal: SqlJournal, location: str) -> None:
    with pytest.raises(JournalError, match="another writer holds the journal; stop it first"):
        open_store(location)
    code = f"from trimtab.adapters.stores import open_store; open_store({location!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another writer holds the journal" in done.stderr
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="the journal is closed"):
        journal.append(ENTRIES[:1])
    open_store(location).close()


def test_a_reader_looks_on_beside_the_writer(journal: SqlJournal, location: str) -> None:
    journal.append(ENTRIES[:40])
    journal.save_snapshot(snapshot_at(ENTRIES, 20))
    beside = open_store(location, reads_only=True)
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


def said(journal: SqlJournal, statement: str) -> object:
    """Run a statement as the writer; the first value that it gives."""

    def run(connection: Connection) -> object:
        found = connection.execute(text(statement))
        return found.scalar() if found.returns_rows else None

    return journal.access.write(run)


def test_the_tables_are_made_by_steps_that_end_at_the_head(journal: SqlJournal) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(str(MIGRATIONS))
    assert steps.get_current_head() == HEAD
    assert [each.revision for each in steps.walk_revisions()] == [*reversed(STEPS)]
    assert said(journal, "SELECT version_num FROM alembic_version") == HEAD
    with journal.access.database.readers.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_journal_of_the_first_tables_is_brought_up_with_all_that_is_in_it(
    journal: SqlJournal, location: str
) -> None:
    journal.append(ENTRIES[:40])
    journal.save_snapshot(snapshot_at(ENTRIES, 20))
    said(journal, "DROP TABLE journal_actions")
    said(journal, f"UPDATE alembic_version SET version_num = '{STEPS[0]}'")
    journal.close()
    with pytest.raises(JournalError, match="open it once for writing"):
        open_store(location, reads_only=True)
    again = open_store(location)
    assert list(again.read()) == ENTRIES[:40]
    assert again.latest_snapshot() == snapshot_at(ENTRIES, 20)
    assert again.actions.last() == Tip()
    again.append(ENTRIES[40:])
    assert again.verify() is None
    assert said(again, "SELECT version_num FROM alembic_version") == HEAD
    again.close()


def test_a_journal_of_a_later_version_is_refused(journal: SqlJournal, location: str) -> None:
    said(journal, "UPDATE alembic_version SET version_num = 'much_later'")
    journal.close()
    with pytest.raises(JournalError, match=r"written by a later version.*much_later.*back-up"):
        open_store(location)
