"""A journal in one SQLite file: write-ahead log, each commit waited for until the disk has it."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.migrating import bring_up, require_current
from trimtab.adapters.stores.tables import ENTRIES, ENTRY_COLUMNS, entry_values
from trimtab.adapters.stores.witness import Chain, Witness, read_witness
from trimtab.model.journal_entries import (
    Entry,
    Fault,
    JournalDamagedError,
    JournalError,
    JournalUnavailableError,
    Tip,
)

WAITS_MS = 5000
LOG_BYTES_KEPT = 64 * 2**20

# Result codes of SQLite (https://www.sqlite.org/rescode.html).
PRIMARY = 0xFF
CUT_SHORT = frozenset({sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})
SYNC_FAILED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})
REFUSING = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH})
PASSING = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not take what is written",
    sqlite3.SQLITE_BUSY: "another program holds the file",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_PERM: "the file cannot be opened",
    sqlite3.SQLITE_AUTH: "the file cannot be opened",
}


class SqliteFile:
    """The file as a `Database`; takes its lock at once, but for one that only reads."""

    errors: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error, UnicodeError)

    def __init__(self, path: Path, *, reads_only: bool = False) -> None:
        """Take the file.

        Raises:
            JournalError: another writer holds it, or what has to be there is not.
        """
        if reads_only and not path.is_file():
            raise JournalError("there is no journal here", where=path.name)
        if not path.parent.is_dir():
            raise JournalError(
                "the journal's folder is not there", where=path.name, found=str(path.parent)
            )
        self.path = path
        self.patience_s = 0.0
        self.reads_only = reads_only
        self._beside = beside(path, ".lock")
        self._witness = None if reads_only else Witness(self._beside, where=path.name)
        self._writers = _engine(path, begin="BEGIN IMMEDIATE", writes=True)
        self.readers = _engine(path, begin="BEGIN", writes=False)
        self._unsynced = False

    @property
    def where(self) -> str:
        """The file's name."""
        return self.path.name

    def prepare(self, access: Access) -> None:
        """Make the tables of a new file, or bring those of an old one up to date.

        Raises:
            JournalError: the file cannot be used; a damaged one is left to `verify`.
        """
        if self.reads_only:
            require_current(access)
            return
        if self._lost():
            return
        with contextlib.suppress(JournalDamagedError):
            access.write(lambda connection: bring_up(connection, where=self.where))

    def open_writer(self) -> Connection:
        """The connection that writes."""
        if self._unsynced:
            raise JournalError(
                "the disk failed to keep what was written",
                where=self.where,
                hint="check the disk, then start again: what was acknowledged before is there",
            )
        return self._writers.connect()

    def insert(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write rows by one prepared statement."""
        connection.exec_driver_sql(_INSERT, [entry_values(entry) for entry in entries])

    def failure(self, error: Exception) -> JournalError:
        """What SQLite's result code means, and what to do about it."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", None)
        said = str(cause)
        if code in SYNC_FAILED:
            self._unsynced = True
        primary = -1 if code is None or code in CUT_SHORT else code & PRIMARY
        what = PASSING.get(primary)
        if what is not None:
            hint = "nothing of this was acknowledged; it goes on when the cause is gone"
            return JournalUnavailableError(what, where=self.where, found=said, hint=hint)
        if primary in REFUSING:
            return JournalError("the file refuses", where=self.where, found=said)
        return JournalDamagedError("the file is not readable", where=self.where, found=said)

    def witnessed(self, chain: Chain) -> Tip | None:
        """Where a chain stood when it was acknowledged, from the file beside."""
        if self._witness is None:
            return read_witness(self._beside, chain)
        return self._witness.read(chain)

    def acknowledge(self, chain: Chain, tip: Tip) -> None:
        """Note a tip in the file beside."""
        if self._witness is not None:
            self._witness.note(chain, tip)

    def own_fault(self, connection: Connection) -> str | None:
        """What SQLite's own check of its pages and indexes finds."""
        found = str(connection.execute(text("PRAGMA integrity_check(1)")).scalar())
        found = " ".join(found.split())
        return None if found == "ok" else f"the file's own check says: {found}"

    def mend(self, access: Access, fault: Fault) -> None:
        """Write what is whole to a new file, and set the old one aside."""
        from trimtab.adapters.stores.mending import mend_file

        mend_file(self.path, access, fault=fault)
        self._unsynced = False
        if self._witness is not None:
            self._witness.forget()
        self.prepare(access)

    def close(self) -> None:
        """Close the file and let other writers in."""
        self._writers.dispose()
        self.readers.dispose()
        if self._witness is not None:
            self._witness.close()

    def _lost(self) -> bool:
        """Whether a file is gone that its witness has seen: no new one may take its place."""
        try:
            seen = self.witnessed(Chain.ENTRIES)
        except ValueError:
            return False
        is_there = self.path.exists() and self.path.stat().st_size > 0
        return seen is not None and seen.number > 0 and not is_there


def beside(path: Path, ending: str) -> Path:
    """A file beside another: the same name with an ending."""
    return path.with_name(path.name + ending)


def _engine(path: Path, *, begin: str, writes: bool) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool) if writes else create_engine(url)

    def connected(connection: Any, _: object) -> None:
        # Transactions are begun and ended here, not guessed by the driver.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={WAITS_MS}")
        for pragma in _WRITES if writes else _READS:
            cursor.execute(pragma)
        cursor.close()

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


# FULL: a commit returns after the log is on the disk, so that it survives a loss of power. The
# last two do the same on systems whose plain sync stops at the disk's own memory.
_WRITES = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",
    "PRAGMA checkpoint_fullfsync=ON",
    f"PRAGMA journal_size_limit={LOG_BYTES_KEPT}",
    "PRAGMA trusted_schema=OFF",
)
_READS = ("PRAGMA query_only=ON", "PRAGMA trusted_schema=OFF")
_INSERT = (
    f"INSERT INTO {ENTRIES.name} ({', '.join(ENTRY_COLUMNS)}) "
    f"VALUES ({', '.join('?' * len(ENTRY_COLUMNS))})"
)
