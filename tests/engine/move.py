"""One accepted command with the records around it: what every check of an invariant reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.engine.standing import Records, Standing, standing
from trimtab.model import Account, Command, Event, EventKind, Pool, Table


@dataclass(frozen=True, slots=True)
class Move:
    """One accepted command: the records around it, and what it told."""

    command: Command
    before: Records
    booked: Records
    after: Records
    events: tuple[Event, ...]
    now_s: int

    def pools(self) -> Iterator[tuple[Pool, Pool]]:
        """Every pool with interest booked, before and after."""
        for (table, name), pool in self.booked.items():
            if table is Table.POOL:
                yield pool, self.after[Table.POOL, name]

    def told(self, *kinds: EventKind, asset: str | None = None) -> list[Event]:
        """The events of some kinds, of one asset or of all."""
        return [e for e in self.events if e.kind in kinds and (asset is None or e.asset == asset)]

    def stood(self, key: str) -> Standing:
        return standing(self.booked, key, now_s=self.now_s)

    def stands(self, key: str) -> Standing:
        return standing(self.after, key, now_s=self.now_s)


def accounts(records: Records) -> Iterator[Account]:
    for (table, _), record in records.items():
        if table is Table.ACCOUNT:
            yield record
