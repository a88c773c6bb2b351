"""What a journal needs of its database, and the one way it reads and writes there."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from trimtab.adapters.stores.witness import Chain
from trimtab.model.journal_entries import (
    Entry,
    Fault,
    JournalError,
    JournalUnavailableError,
    Tip,
)

T = TypeVar("T")

PAUSE_FIRST_S = 0.05
PAUSE_LAST_S = 1.0


class Database(Protocol):
    """SQLite's file or PostgreSQL's server, held by one writer."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its driver raises."""

    @property
    def where(self) -> str:
        """Its name for messages; without a password."""

    @property
    def reads_only(self) -> bool:
        """Whether it was opened beside another writer."""

    @property
    def patience_s(self) -> float:
        """For how long a database that is gone is waited for; 0: not at all."""

    @property
    def readers(self) -> Engine:
        """Connections that read, for any thread."""

    def prepare(self, access: "Access") -> None:
        """Make the tables of a new journal, or bring those of an old one up to date.

        Raises:
            JournalError: it cannot be used; a damaged one is left to `verify`.
        """

    def open_writer(self) -> Connection:
        """The one connection that writes, with the lock that keeps other writers out.

        Raises:
            JournalError: another writer holds the journal.
        """

    def insert(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write rows of entries in the fastest way the database has."""

    def failure(self, error: Exception) -> JournalError:
        """What went wrong, as the error that says what to do."""

    def witnessed(self, chain: Chain) -> Tip | None:
        """Where a chain is known, from elsewhere, to have stood when it was acknowledged.

        Raises:
            ValueError: the witness itself is damaged.
        """

    def acknowledge(self, chain: Chain, tip: Tip) -> None:
        """A chain is durable up to a tip."""

    def own_fault(self, connection: Connection) -> str | None:
        """What the database's own check finds wrong, None where it finds nothing."""

    def mend(self, access: "Access", fault: Fault) -> None:
        """Set aside what a fault leaves untrusted, and keep the rest."""

    def close(self) -> None:
        """Let go of everything."""


class Access:
    """Reads by any thread, writes one after another, again after a database came back."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._writer: Connection | None = None
        self._turn = threading.RLock()
        # Counts the connections that wrote: what was known through an earlier one may be wrong.
        self.generation = 0
        self.closed = False

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in one transaction of the writer; durable when it returns.

        Work may run more than once, and must find out itself what an earlier run has done.

        Raises:
            JournalError: whatever kept it from being done.
        """
        if self.database.reads_only:
            raise JournalError("the journal was opened for reading", where=self.database.where)
        with self._turn:
            return self._patiently(lambda: self._written(work))

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction that reads.

        Raises:
            JournalError: whatever kept it from being done.
        """
        return self._patiently(lambda: self._seen(work))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the writer's turn over several calls."""
        with self._turn:
            yield

    def release(self) -> None:
        """Close all connections, but keep other writers out."""
        with self._turn:
            self._drop_writer()
            self.database.readers.dispose()

    def close(self) -> None:
        """Close everything; a second call does nothing."""
        with self._turn:
            if not self.closed:
                self.closed = True
                self.release()
                self.database.close()

    def _patiently(self, attempt: Callable[[], T]) -> T:
        began, pause_s = time.monotonic(), PAUSE_FIRST_S
        while True:
            if self.closed:
                raise JournalError("the journal is closed", where=self.database.where)
            try:
                return attempt()
            except JournalUnavailableError:
                if time.monotonic() - began + pause_s > self.database.patience_s:
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_LAST_S)

    def _written(self, work: Callable[[Connection], T]) -> T:
        try:
            if self._writer is None:
                self.generation += 1
                self._writer = self.database.open_writer()
            with self._writer.begin():
                return work(self._writer)
        except JournalError:
            raise
        except self.database.errors as error:
            self._drop_writer()
            raise self.database.failure(error) from None

    def _seen(self, work: Callable[[Connection], T]) -> T:
        try:
            with self.database.readers.begin() as connection:
                return work(connection)
        except JournalError:
            raise
        except self.database.errors as error:
            raise self.database.failure(error) from None

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.invalidate()
            writer.close()
        except self.database.errors:
            # It is gone already; what it left undone is found out by the next one.
            return
