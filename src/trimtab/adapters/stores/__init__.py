"""Durable journals: one SQLite file, or a PostgreSQL server (extra `service`)."""

from pathlib import Path

from trimtab.adapters.stores.database import Database
from trimtab.adapters.stores.recognizing import require_journal
from trimtab.adapters.stores.sql_journal import SqlJournal
from trimtab.adapters.stores.sqlite_file import SqliteFile
from trimtab.model.journal_entries import JournalError

__all__ = ["SqlJournal", "file_of", "open_store"]

SERVERS = ("postgresql", "postgres", "postgresql+psycopg")


def open_store(location: str | Path, *, reads_only: bool = False) -> SqlJournal:
    """Open a journal for writing, made where there is none.

    Args:
        location: a file, `sqlite:///file`, or `postgresql://user@host/database`.
        reads_only: beside another writer: to look, verify, back up, export.

    Raises:
        JournalError: another writer holds it, it cannot be reached, or it is another program's
            file. A damaged journal opens, and says so at every call but `verify` and `cut_tail`.
    """
    file = file_of(location)
    if file is not None:
        require_journal(file, may_be_new=not reads_only)
    database = _database(location, reads_only)
    try:
        return SqlJournal(database)
    except BaseException:
        database.close()
        raise


def file_of(location: str | Path) -> Path | None:
    """Return the file that a location names; None where it is of a server."""
    scheme, separator, rest = str(location).partition("://")
    if not separator:
        return Path(location)
    return Path(rest.removeprefix("/")) if scheme == "sqlite" else None


def _database(location: str | Path, reads_only: bool) -> Database:
    file = file_of(location)
    if file is not None:
        return SqliteFile(file, reads_only=reads_only)
    scheme = str(location).partition("://")[0]
    if scheme not in SERVERS:
        raise JournalError(
            "no journal is kept there",
            found=f"{scheme}://",
            expected="a file, sqlite:///file or postgresql://user@host/database",
        )
    # The driver is loaded by those alone who use it.
    from sqlalchemy import make_url

    from trimtab.adapters.stores.postgres_server import PostgresServer

    return PostgresServer(make_url(str(location)), reads_only=reads_only)
