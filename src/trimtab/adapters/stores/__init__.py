"""Durable journals: one SQLite file, or a PostgreSQL server (extra `service`)."""

from pathlib import Path

from trimtab.adapters.stores.database import Database
from trimtab.adapters.stores.sql_journal import SqlJournal
from trimtab.adapters.stores.sqlite_file import SqliteFile
from trimtab.model.journal_entries import JournalError

__all__ = ["SqlJournal", "open_store"]

SERVERS = ("postgresql", "postgres", "postgresql+psycopg")


def open_store(location: str | Path, *, reads_only: bool = False) -> SqlJournal:
    """Open a journal for writing, made where there is none.

    Args:
        location: a file, `sqlite:///file`, or `postgresql://user@host/database`.
        reads_only: beside another writer: to look, verify, back up, export.

    Raises:
        JournalError: another writer holds it, or it cannot be reached. A damaged journal opens,
            and says so at every call but `verify` and `cut_tail`.
    """
    database = _database(location, reads_only)
    try:
        return SqlJournal(database)
    except BaseException:
        database.close()
        raise


def _database(location: str | Path, reads_only: bool) -> Database:
    scheme, separator, rest = str(location).partition("://")
    if not separator:
        return SqliteFile(Path(location), reads_only=reads_only)
    if scheme == "sqlite":
        return SqliteFile(Path(rest.removeprefix("/")), reads_only=reads_only)
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
