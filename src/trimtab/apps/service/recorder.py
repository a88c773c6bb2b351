"""Groups into the durable journal: one entry a command, one transaction a group."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock

from trimtab.apps.service.work import POLICY
from trimtab.apps.service.writer import Decided
from trimtab.model import Accepted
from trimtab.model.journal_entries import Entry, Fault, Snapshot, Tip, entry_after
from trimtab.model.ports import JournalStore
from trimtab.units import UsageError


class JournalRecorder:
    """Writes what the writer decided, entry after entry, each bound to the one before it.

    A group that could not be written is built once and appended again as it was.
    """

    def __init__(
        self,
        journal: JournalStore,
        *,
        clock_ns: Callable[[], int],
        applied: Callable[[Tip], None] | None = None,
    ) -> None:
        """Go on after the journal's last entry.

        Arguments:
            clock_ns: the service's clock, for the entries.
            applied: is told the tip after each group, once it is acknowledged.
        """
        self.journal = journal
        self.tip = journal.last()
        self._clock_ns = clock_ns
        self._applied = applied
        self._built: tuple[int, list[Entry]] | None = None

    def commit(self, group: Sequence[Decided]) -> int:
        """Write a whole group or nothing; returns the number of the last entry."""
        if self._built is None or self._built[0] != id(group):
            self._built = (id(group), self._entries(group))
        entries = self._built[1]
        if entries:
            self.journal.append(entries)
            self.tip = entries[-1].tip
        self._built = None
        return self.tip.number

    def applied(self) -> None:
        """The group is acknowledged: whoever takes snapshots may look."""
        if self._applied is not None:
            self._applied(self.tip)

    def _entries(self, group: Sequence[Decided]) -> list[Entry]:
        tip, at_ns, entries = self.tip, self._clock_ns(), []
        for one in group:
            number = one.work.number
            for place, told in enumerate(one.done.told):
                entry = entry_after(
                    tip,
                    told.command,
                    outcome=told.refused or Accepted({}, told.events),
                    at_ns=at_ns,
                    source=one.work.source if place < one.done.sent else POLICY,
                    source_number=number,
                )
                # A source's numbers rise: the first entry of its work carries the number.
                number = None
                tip = entry.tip
                entries.append(entry)
        return entries


class MemoryJournal:
    """A journal that lasts as long as its process: for trials and tests, never for a venue."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._sources: dict[str, int] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._lock = Lock()

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries that follow the last one."""
        with self._lock:
            self._entries.extend(entries)
            for entry in entries:
                if entry.source_number is not None:
                    self._sources[entry.source] = entry.source_number

    def read(self, after: int = 0, *, limit: int | None = None) -> Iterator[Entry]:
        """Yield the entries numbered above `after`, in order."""
        end = len(self._entries) if limit is None else after + limit
        yield from islice(self._entries, after, end)

    def last(self) -> Tip:
        """Where the chain stands."""
        return self._entries[-1].tip if self._entries else Tip()

    def anchor(self) -> Tip:
        """Where the chain stood before the first entry: nothing is ever dropped."""
        return Tip()

    def sources(self) -> Mapping[str, int]:
        """The last number of each numbered source."""
        return dict(self._sources)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        self._snapshots[snapshot.tip.number] = snapshot

    def latest_snapshot(self, upto: int | None = None) -> Snapshot | None:
        """The latest snapshot, at most of entry `upto`."""
        numbers = [number for number in self._snapshots if upto is None or number <= upto]
        return self._snapshots[max(numbers)] if numbers else None

    def snapshots(self) -> Sequence[Tip]:
        """The entries at which there are snapshots, oldest first."""
        return [self._snapshots[number].tip for number in sorted(self._snapshots)]

    def prune_snapshots(self, keep: int) -> int:
        """Drop all but the latest `keep` snapshots."""
        gone = sorted(self._snapshots)[:-keep]
        for number in gone:
            del self._snapshots[number]
        return len(gone)

    def retain(self, snapshot: int) -> int:
        """Drop nothing: memory has no retention."""
        assert snapshot >= 0, "an entry's number"
        return 0

    def verify(self) -> Fault | None:
        """Nothing is read from a disk, so that nothing can be damaged."""
        return None

    def cut_tail(self, fault: Fault, *, consent: bool) -> int:
        """There is never a fault to cut at."""
        raise UsageError(f"a journal in memory has no damaged tail (consent {consent}): {fault}")

    def close(self) -> None:
        """Nothing to let go of."""
