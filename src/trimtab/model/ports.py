"""What the layers above the engine must offer it: something to read, something to write."""

from collections.abc import Iterator
from typing import Protocol

from trimtab.model.outcomes import Accepted
from trimtab.model.state import Record, Table


class View(Protocol):
    """Reads one record of the state by table and key; None where there is none."""

    def get(self, table: Table, key: str) -> Record | None:
        """The record in force."""


class Store(View, Protocol):
    """A view that can also apply change sets, each whole or not at all."""

    def apply(self, accepted: Accepted) -> None:
        """Put a change set in force."""

    def keys(self, table: Table) -> Iterator[str]:
        """The keys of a table, in no particular order."""
