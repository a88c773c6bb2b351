"""A durable journal in an SQL database: the port of `model.ports`, over SQLAlchemy Core."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, delete, insert

from trimtab.adapters.stores.database import Access, Database
from trimtab.adapters.stores.rows import (
    drop_before,
    holds,
    last_numbers,
    move_tip,
    note_sources,
    read_range,
    rising,
    standing,
    stored_snapshot,
    stored_snapshots,
    stored_sources,
)
from trimtab.adapters.stores.sql_actions import SqlActions
from trimtab.adapters.stores.tables import SNAPSHOTS, snapshot_values
from trimtab.adapters.stores.verifying import find_fault, find_live_fault, quick_fault
from trimtab.adapters.stores.witness import Chain
from trimtab.model.journal_entries import (
    Entry,
    Fault,
    JournalDamagedError,
    JournalError,
    Snapshot,
    Tip,
    checked,
)
from trimtab.units import UsageError

READ_AT_ONCE = 500


class SqlJournal:
    """A `JournalStore` (see `model.ports`) in SQLite or PostgreSQL; made by `open_store`."""

    def __init__(self, database: Database) -> None:
        self._access = Access(database)
        # What the writer's connection of this generation knows; read anew by the next one.
        self._generation = 0
        self._tip = Tip()
        self._sources: dict[str, int] = {}
        database.prepare(self._access)
        self._fault = quick_fault(self._access)

    @property
    def where(self) -> str:
        """Name of the file or the server's database, for messages."""
        return self._access.database.where

    @property
    def access(self) -> Access:
        """The database, for what goes beyond the port: back-up, export, mending."""
        return self._access

    @property
    def actions(self) -> SqlActions:
        """The audit trail of the venue's operators, in the same database."""
        return SqlActions(self._access)

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries durably, in one transaction (see the port)."""
        if not entries:
            return
        with self._access.turn():
            self._require_whole()
            try:
                self._access.write(lambda connection: self._add(connection, entries))
            except BaseException:
                self._generation = 0
                raise
            self._tip = entries[-1].tip
            self._sources.update(last_numbers(entries))
            self._access.database.acknowledge(Chain.ENTRIES, self._tip)

    def read(self, after: int = 0, *, limit: int | None = None) -> Iterator[Entry]:
        """Yield entries above a number, in order (see the port)."""
        self._require_whole()
        anchor, tip = self._access.read(standing)
        if after < anchor.number and limit != 0:
            raise JournalError(
                "these entries were dropped by retention",
                where=self.where,
                found=f"entries after {after}",
                expected=f"entries after {anchor.number}",
            )
        upto = tip.number if limit is None else min(tip.number, after + limit)
        return read_range(self._access, after, upto=upto)

    def last(self) -> Tip:
        """Where the chain stands."""
        self._require_whole()
        return self._access.read(standing)[1]

    def anchor(self) -> Tip:
        """Where the chain stood before the first entry that is here."""
        self._require_whole()
        return self._access.read(standing)[0]

    def sources(self) -> Mapping[str, int]:
        """The last number of each numbered source."""
        self._require_whole()
        return self._access.read(stored_sources)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot (see the port)."""
        self._require_whole()
        self._access.write(lambda connection: self._keep(connection, snapshot))

    def latest_snapshot(self, upto: int | None = None) -> Snapshot | None:
        """The latest snapshot whose seal holds (see the port)."""
        self._require_whole()
        numbers = [tip.number for tip in self.snapshots() if upto is None or tip.number <= upto]
        for number in reversed(numbers):
            snapshot = stored_snapshot(self._access, number)
            if snapshot is not None:
                return snapshot
        return None

    def snapshots(self) -> Sequence[Tip]:
        """The entries at which there are snapshots, oldest first."""
        self._require_whole()
        return stored_snapshots(self._access)

    def prune_snapshots(self, keep: int) -> int:
        """Drop all but the latest snapshots (see the port)."""
        if keep < 1:
            raise UsageError(f"at least one snapshot is kept, not {keep}")
        # What stands at the anchor holds the sources' numbers from before it.
        anchor = self.anchor().number
        dropped = [
            tip.number for tip in self.snapshots()[:-keep] if tip.number != anchor or not anchor
        ]
        self._access.write(
            lambda connection: connection.execute(
                delete(SNAPSHOTS).where(SNAPSHOTS.c.number.in_(dropped))
            )
        )
        return len(dropped)

    def retain(self, snapshot: int) -> int:
        """Drop what a snapshot holds (see the port)."""
        self._require_whole()
        whole = stored_snapshot(self._access, snapshot)
        if whole is None:
            raise JournalError(
                f"there is no whole snapshot at entry {snapshot}; nothing was dropped",
                where=self.where,
            )
        return self._access.write(lambda connection: drop_before(connection, whole.tip))

    def verify(self) -> Fault | None:
        """Read everything and return the first thing wrong (see the port)."""
        fault = find_live_fault(self._access)
        if fault is None or self._access.database.reads_only:
            return fault
        # Nobody writes meanwhile: what is wrong now is wrong.
        with self._access.turn():
            return find_fault(self._access)

    def cut_tail(self, fault: Fault, *, consent: bool) -> int:
        """Give up what a fault leaves untrusted (see the port)."""
        if not consent:
            raise UsageError(f"{self.where}: {fault}; nothing is cut without consent")
        with self._access.turn():
            found = find_fault(self._access)
            if found != fault:
                raise JournalError(
                    "the fault is another one by now", where=self.where, found=str(found)
                )
            self._generation = 0
            self._access.database.mend(self._access, fault)
            self._fault = quick_fault(self._access)
            self._require_whole()
        return max(0, fault.seen - fault.good.number)

    def close(self) -> None:
        """Let go of the journal; a second call does nothing."""
        self._access.close()

    def _require_whole(self) -> None:
        if self._fault is not None:
            raise JournalDamagedError(
                str(self._fault),
                where=self.where,
                hint="verify it, then restore a back-up or cut with consent",
            )

    def _add(self, connection: Connection, entries: Sequence[Entry]) -> None:
        if self._generation != self._access.generation:
            self._tip = standing(connection)[1]
            self._sources = stored_sources(connection)
            self._generation = self._access.generation
        tip = self._tip
        if entries[-1].number <= tip.number and holds(connection, entries[-1].tip):
            return
        numbers = rising(entries, self._sources, where=self.where)
        try:
            for _ in checked(entries, tip):
                pass
        except JournalDamagedError as error:
            raise JournalError(
                "the entries do not follow the last one", where=self.where, found=str(error)
            ) from None
        self._access.database.insert(connection, entries)
        move_tip(connection, tip, after=entries[-1].tip, where=self.where)
        note_sources(connection, numbers, known=self._sources)

    def _keep(self, connection: Connection, snapshot: Snapshot) -> None:
        anchor, _ = standing(connection)
        if snapshot.tip != anchor and not holds(connection, snapshot.tip):
            raise JournalError(
                f"the snapshot is of entry {snapshot.tip.number} with another chain, or of none",
                where=self.where,
            )
        same = SNAPSHOTS.c.number == snapshot.tip.number
        connection.execute(delete(SNAPSHOTS).where(same))
        connection.execute(insert(SNAPSHOTS), snapshot_values(snapshot))
