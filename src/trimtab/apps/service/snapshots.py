"""Snapshots of a running venue: taken between groups, made and saved beside the writer.

The writer only copies the tables (records are never changed); hashing, packing and saving happen
in another thread, which gives way to the writer after every some hundred records.
"""

import time
from collections.abc import Callable
from threading import Thread

from trimtab.apps.service.onlooker import forgettable
from trimtab.apps.service.recovery import take_snapshot
from trimtab.model.journal_entries import JournalError, Tip
from trimtab.model.ports import JournalStore
from trimtab.simulation.live import LiveVenue

EVERY_ENTRIES = 50_000
KEPT = 3
PAUSE_S = 0.002


class Snapshots:
    """Takes a snapshot after so many entries, when nothing depends on the policy's memory."""

    def __init__(
        self,
        journal: JournalStore,
        venue: LiveVenue,
        *,
        case_hash: str,
        clock_ns: Callable[[], int],
        every: int = EVERY_ENTRIES,
    ) -> None:
        """Go on from the journal's latest snapshot.

        Arguments:
            case_hash: which case the journal is of.
            clock_ns: the service's clock.
            every: entries between two snapshots.
        """
        self.failure = ""
        self._journal, self._venue = journal, venue
        self._case_hash, self._clock_ns, self._every = case_hash, clock_ns, every
        latest = journal.snapshots()
        self.last = latest[-1].number if latest else 0
        self._thread: Thread | None = None

    def applied(self, tip: Tip) -> None:
        """After a group, on the writer's thread: begin a snapshot where one is due."""
        busy = self._thread is not None and self._thread.is_alive()
        if tip.number - self.last < self._every or busy or not self.possible():
            return
        job = self._job(tip, pause_s=PAUSE_S)
        self._thread = Thread(target=job, name="snapshot", daemon=True)
        self._thread.start()

    def possible(self) -> bool:
        """Whether nothing depends on since when accounts have been unsafe."""
        house = self._venue.house
        if not self._venue.acts:
            return True
        return forgettable(house.waiting, house.rules, now_ns=self._venue.now_ns)

    def finish(self, tip: Tip) -> None:
        """At the end, with the writer stopped: a last snapshot, so that the next start is short."""
        if self._thread is not None:
            self._thread.join()
        if tip.number > self.last and self.possible():
            self._job(tip, pause_s=0)()

    def _job(self, tip: Tip, *, pause_s: float) -> Callable[[], None]:
        tables, sources, at_ns = (
            self._venue.store.tables(),
            self._journal.sources(),
            self._clock_ns(),
        )
        self.last = tip.number

        def work() -> None:
            try:
                snapshot = take_snapshot(
                    tables,
                    tip,
                    at_ns=at_ns,
                    sources=sources,
                    case_hash=self._case_hash,
                    pause=lambda: time.sleep(pause_s),
                )
                self._journal.save_snapshot(snapshot)
                self._journal.prune_snapshots(KEPT)
                self.failure = ""
            except JournalError as error:
                # The journal is whole without it: the next one is tried in its turn.
                self.failure = str(error)

        return work
