"""Durable journals: one SQLite file, or a PostgreSQL server (extra `service`)."""

from pathlib import Path

from trimtab.adapters.stores.sql_journal import SqlJournal
from trimtab.adapters.stores.sqlite_file import SqliteFile

__all__ = ["SqlJournal", "open_store"]


def open_store(location: str | Path) -> SqlJournal:
    """Open a journal for writing, made where there is none.

    Args:
        location: a file, `sqlite:///file`, or `postgresql://user@host/database`.

    Raises:
        JournalError: another writer holds it, or it cannot be reached. A damaged journal opens,
            and says so at every call but `verify` and `cut_tail`.
    """
    text = str(location).removeprefix("sqlite:///")
    database = SqliteFile(Path(text))
    try:
        database.prepare()
        return SqlJournal(database)
    except BaseException:
        database.close()
        raise
