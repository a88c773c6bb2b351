"""A journal in PostgreSQL: one session writes and holds a lock, and comes back after a restart."""

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.migrating import bring_up, require_current
from trimtab.adapters.stores.tables import ENTRIES, ENTRY_COLUMNS, entry_values
from trimtab.adapters.stores.witness import Chain
from trimtab.model.journal_entries import (
    Entry,
    Fault,
    JournalDamagedError,
    JournalError,
    JournalUnavailableError,
    Tip,
)

PATIENCE_S = 30.0
CONNECT_S = 5

# Classes and codes of errors: https://www.postgresql.org/docs/current/errcodes-appendix.html
PASSING_CLASSES = ("08", "53", "57", "58", "40")
PASSING_CODES = frozenset({"25006"})
DAMAGE_CODES = frozenset({"42P01", "42703", "XX001", "XX002", "22021"})


class PostgresServer:
    """A database of a server as a `Database`; takes its lock when the journal is prepared."""

    errors: tuple[type[Exception], ...] = (SQLAlchemyError, psycopg.Error, UnicodeError)

    def __init__(
        self, url: URL, *, patience_s: float = PATIENCE_S, reads_only: bool = False
    ) -> None:
        """A server by its URL; `patience_s` is how long one that went away is waited for."""
        self.reads_only = reads_only
        driven = url.set(drivername="postgresql+psycopg")
        ways: dict[str, Any] = {
            "connect_timeout": CONNECT_S,
            "keepalives_idle": CONNECT_S,
            "keepalives_interval": CONNECT_S,
            "keepalives_count": 3,
            "application_name": "trimtab journal",
        }
        self._writers = create_engine(driven, poolclass=NullPool, connect_args=ways)
        self.readers: Engine = create_engine(driven, pool_pre_ping=True, connect_args=ways)
        self._where = f"{url.host or url.query.get('host', 'local')}/{url.database or ''}"
        self._patience_s = patience_s
        self._held = False

    @property
    def where(self) -> str:
        """Host and database."""
        return self._where

    @property
    def patience_s(self) -> float:
        """How long a server that went away is waited for; not at all before the first time."""
        return self._patience_s if self._held else 0.0

    def prepare(self, access: Access) -> None:
        """Take the lock; make the tables, or bring old ones up to date.

        Raises:
            JournalError: another writer, a server that cannot be reached, or a later version.
        """
        if self.reads_only:
            require_current(access)
        else:
            access.write(lambda connection: bring_up(connection, where=self.where))

    def open_writer(self) -> Connection:
        """The session that writes, with the lock that ends with it."""
        connection = self._writers.connect()
        try:
            with connection.begin():
                self._require_durable(connection)
                # Nobody else may turn this off for the sessions of this database.
                connection.execute(text("SET synchronous_commit = on"))
                is_held = connection.execute(text(_LOCK)).scalar()
        except BaseException:
            connection.close()
            raise
        if is_held:
            self._held = True
            return connection
        connection.close()
        if self._held:
            # Its own former session, which the server has not yet given up; or somebody else.
            raise JournalUnavailableError(
                "another session holds the journal since the connection was lost", where=self.where
            )
        raise JournalError(
            "another writer holds the journal",
            where=self.where,
            hint="stop it first, or use another database",
        )

    def insert(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write rows by COPY."""
        driven = connection.connection.driver_connection
        assert isinstance(driven, psycopg.Connection), "the engine drives psycopg"
        with driven.cursor() as cursor, cursor.copy(_COPY) as copy:
            for entry in entries:
                copy.write_row(entry_values(entry))

    def failure(self, error: Exception) -> JournalError:
        """What the server's code means, and what to do about it."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlstate", None) or ""
        # The driver says where it went before it says why it failed.
        said = " ".join(str(cause).split()).rpartition("failed: ")[2]
        if code in DAMAGE_CODES or isinstance(cause, UnicodeError):
            return JournalDamagedError("the tables are not readable", where=self.where, found=said)
        lost = not code and isinstance(cause, psycopg.OperationalError)
        if lost or code.startswith(PASSING_CLASSES) or code in PASSING_CODES:
            return JournalUnavailableError(
                "the server does not answer",
                where=self.where,
                found=said,
                hint="what was not acknowledged may be sent again",
            )
        return JournalError("the server refuses", where=self.where, found=f"{code} {said}")

    def witnessed(self, chain: Chain) -> Tip | None:
        """A server has no witness beside it."""
        del chain
        return None

    def acknowledge(self, chain: Chain, tip: Tip) -> None:
        """Nothing to note."""

    def own_fault(self, connection: Connection) -> str | None:
        """The server checks its pages itself, where it was set up with checksums."""
        del connection
        return None

    def mend(self, access: Access, fault: Fault) -> None:
        """Move what is not kept to the table of what was cut."""
        from trimtab.adapters.stores.mending import mend_tables

        mend_tables(access, fault)

    def close(self) -> None:
        """Close all sessions, and with them the lock."""
        self._writers.dispose()
        self.readers.dispose()

    def _require_durable(self, connection: Connection) -> None:
        if connection.execute(text("SHOW fsync")).scalar() != "on":
            raise JournalError(
                "the server does not wait for its disk: fsync is off",
                where=self.where,
                hint="turn it on; without it nothing is durable",
            )


# One journal in a schema, one lock.
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('trimtab journal ' || current_schema(), 0))"
_COPY = f"COPY {ENTRIES.name} ({', '.join(ENTRY_COLUMNS)}) FROM STDIN"
