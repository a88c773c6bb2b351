"""What readers see: a copy of the venue that follows the writer, at most some times a second.

The writer only hands over what changed (records are never changed, only replaced, so this copies
nothing); whoever reads holds the copy still, and never the writer.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock, RLock

from trimtab.apps.service.work import POLICY
from trimtab.apps.service.writer import QUIET, Decided
from trimtab.engine import Draft, MemoryStore
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.liquidation_map import Edges, liquidation_edges
from trimtab.kernels.outputs import Standings, standings
from trimtab.model import Accepted, Event, Key, Record, ReplayRules, Table
from trimtab.model import commands as c
from trimtab.simulation.columns import VenueColumns
from trimtab.simulation.tally import Tally

EVENTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as readers see it: numbered since the start, with its time (ns UTC)."""

    number: int
    at_ns: int
    source: str
    event: Event


@dataclass(slots=True)
class Pending:
    """What the writer has published and readers have not yet been shown."""

    changes: dict[Key, Record | None] = field(default_factory=dict)
    at_ns: int = 0
    number: int = 0
    waiting: Mapping[str, int] | None = None
    gas_wad: int | None = None


class Reading:
    """The venue at one version. Everything asked of it is computed once."""

    def __init__(self, board: "Board", at_ns: int) -> None:
        self._board = board
        self.at_ns = at_ns
        self.version = board.version
        self.number = board.number
        self.store = board.store
        self.waiting = board.waiting
        self.tally = board.tally
        self.draft = Draft(board.store, at_ns)

    @cached_property
    def columns(self) -> VenueColumns:
        """The accounts as columns."""
        return self._board.columns(self.draft)

    @cached_property
    def coefficients(self) -> Coefficients:
        """What a share of each term is worth."""
        return self.columns.coefficients(self.draft)

    @cached_property
    def standings(self) -> Standings:
        """Estimates for all accounts: three levels, health, leverage, distance."""
        return standings(self.columns.book, self.coefficients)

    @cached_property
    def edges(self) -> Edges:
        """Liquidation prices of all accounts."""
        curves = self.columns.curves(self.draft, deciding=False)
        return liquidation_edges(self.columns.book, self.coefficients, curves=curves)

    @cached_property
    def kept(self) -> dict[str, object]:
        """What views have worked out at this version, by their names."""
        return {}


class Board:
    """The readers' copy of a venue, its events, and totals since the start."""

    def __init__(self, store: MemoryStore, rules: ReplayRules, *, at_ns: int, number: int) -> None:
        """Copy the venue as it is; the writer must not run yet.

        Arguments:
            at_ns: the venue's time; number: the journal's last entry.
        """
        self.store = copied(store)
        self.rules = rules
        self.version = 0
        self.number = number
        self.waiting: Mapping[str, int] = {}
        self.tally = Tally()
        self.gas_wad = rules.gas_cost_wad
        self.events: deque[Heard] = deque(maxlen=EVENTS_MAX)
        self.heard = 0
        self._at_ns = at_ns
        self._pending = Pending(at_ns=at_ns, number=number)
        self._handing = Lock()
        self._reading = RLock()
        self._columns: VenueColumns | None = None
        self._current: Reading | None = None

    def offer(
        self, group: Sequence[Decided], number: int, *, waiting: Mapping[str, int], gas_wad: int
    ) -> None:
        """Take a durable group from the writer; costs what it changed."""
        with self._handing:
            pending = self._pending
            for one in group:
                pending.changes.update(one.done.changes)
                pending.at_ns = max(pending.at_ns, one.at_ns)
                self._hear(one)
            pending.number = max(number, pending.number)
            pending.waiting = waiting
            pending.gas_wad = gas_wad

    def _hear(self, one: Decided) -> None:
        for place, told in enumerate(one.done.told):
            self.tally.add(told.events)
            if isinstance(told.command, c.Liquidate | c.StartAuction):
                self.tally.liquidations += 1
            source = one.work.source if place < one.done.sent else POLICY
            for event in told.events:
                if event.kind not in QUIET:
                    self.heard += 1
                    self.events.append(Heard(self.heard, told.command.at_ns, source, event))

    def refresh(self) -> bool:
        """Show readers what the writer has published; False where there is nothing new."""
        with self._reading:
            with self._handing:
                if self._pending.waiting is None:
                    return False
                pending = self._pending
                self._pending = Pending(at_ns=pending.at_ns, number=pending.number)
            change = Accepted(pending.changes, ())
            self.store.apply(change)
            self._at_ns, self.number = pending.at_ns, pending.number
            self.waiting = pending.waiting or {}
            if pending.gas_wad is not None:
                self.gas_wad = pending.gas_wad
            if self._columns is not None:
                self._columns.apply(change, Draft(self.store, self._at_ns))
            self.version += 1
            self._current = None
            return True

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Hold the readers' copy still for as long as one answer takes."""
        with self._reading:
            if self._current is None:
                self._current = Reading(self, self._at_ns)
            yield self._current

    def columns(self, draft: Draft) -> VenueColumns:
        """The copy's columns: made when first asked for, then kept in step."""
        if self._columns is None:
            self._columns = VenueColumns(self.store, draft)
        return self._columns

    def latest(self) -> list[Heard]:
        """All events that are kept, oldest first."""
        return self.told()[0]

    def told(self) -> tuple[list[Heard], int]:
        """All events that are kept, oldest first, and the number of the last one there is.

        Both are of one moment: what comes later is in neither.
        """
        with self._handing:
            return list(self.events), self.heard

    def events_after(self, number: int, most: int) -> list[Heard]:
        """Events with a higher number, oldest first; those long gone are left out."""
        with self._handing:
            newest = min(len(self.events), self.heard - number)
            if newest <= 0:
                return []
            start = len(self.events) - newest
            return [self.events[at] for at in range(start, min(start + most, len(self.events)))]


def copied(store: MemoryStore) -> MemoryStore:
    """Another store with the same records."""
    records: dict[Key, Record] = {}
    for table in Table:
        for key in store.keys(table):
            record = store.get(table, key)
            assert record is not None, "a key has a record"
            records[table, key] = record
    return MemoryStore(records)
