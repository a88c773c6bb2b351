"""The reference store: tables in memory, change sets applied whole, a hash of everything."""

from collections.abc import Iterator

from trimtab.model import Accepted, Key, Record, Table
from trimtab.model.state_text import state_hash


class MemoryStore:
    """Holds the records of one venue. `apply` is atomic: a change set is one dictionary update."""

    def __init__(self, records: dict[Key, Record] | None = None) -> None:
        self._tables: dict[Table, dict[str, Record]] = {table: {} for table in Table}
        for (table, key), record in (records or {}).items():
            self._tables[table][key] = record

    def get(self, table: Table, key: str) -> Record | None:
        """The record in force, None where there is none."""
        return self._tables[table].get(key)

    def keys(self, table: Table) -> Iterator[str]:
        """The keys of a table."""
        return iter(tuple(self._tables[table]))

    def apply(self, accepted: Accepted) -> None:
        """Put a change set in force."""
        for (table, key), record in accepted.changes.items():
            if record is None:
                self._tables[table].pop(key, None)
            else:
                self._tables[table][key] = record

    def tables(self) -> dict[Table, dict[str, Record]]:
        """The records by table and key, as they are now: later changes do not show in it.

        Costs a copy of the keys, some milliseconds for 100,000 records.
        """
        return {table: dict(records) for table, records in self._tables.items()}

    def state_hash(self) -> str:
        """SHA-256 of the canonical JSON of the state: ids sorted, integers as text, no clock."""
        return state_hash(self._tables)
