"""The one writer: takes work in groups, decides it, makes it durable, acknowledges, publishes.

In this order, always: nobody hears of what is not durable. Where the journal cannot write, the
writer waits and tries the same group again; the queue fills, and callers are told to come back.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread
from typing import Protocol

from trimtab.apps.service.clock import Clock
from trimtab.apps.service.queue import WorkQueue
from trimtab.apps.service.sources import Sources
from trimtab.apps.service.time_jumps import Jump, TimeWatch
from trimtab.apps.service.work import Receipt, Work, stamped
from trimtab.model import EventKind
from trimtab.model.ingest import Arrival
from trimtab.model.journal_entries import JournalUnavailableError
from trimtab.simulation.live import Done, LiveVenue
from trimtab.units import UsageError

GROUP_MAX = 256
IDLE_S = 0.05
RETRY_FIRST_S, RETRY_MAX_S = 0.1, 5.0
QUIET = (EventKind.PRICE, EventKind.MARK, EventKind.INTEREST)


@dataclass(frozen=True, slots=True)
class Decided:
    """One unit of work with what it did, and when it was taken in (ns UTC, venue time)."""

    work: Work
    done: Done
    at_ns: int


class Recorder(Protocol):
    """Makes groups durable."""

    def commit(self, group: Sequence[Decided]) -> int:
        """Write a whole group or nothing; return the number of the journal's last entry.

        Raises:
            JournalUnavailableError: not written, or not known to be; the same group may be
                committed again.
        """

    def applied(self) -> None:
        """The group is acknowledged and published: time for what may be slow (snapshots)."""


@dataclass(slots=True)
class Counters:
    """What the writer has done since the start, for `/metrics` and alerts."""

    works: int = 0
    commands: int = 0
    refused: int = 0
    prices: int = 0
    groups: int = 0
    group_last: int = 0
    decide_s: float = 0.0
    commit_s: float = 0.0
    lag_s: float = 0.0
    clock_back_ns: int = 0
    clock_back_times: int = 0
    journal_waits: int = 0
    untold: int = 0
    latencies: list[float] = field(default_factory=list)


class Writer:
    """The thread that changes the venue. Everything else reads what it has published."""

    def __init__(
        self,
        venue: LiveVenue,
        queue: WorkQueue,
        *,
        clock: Clock,
        recorder: Recorder,
        publish: Callable[[Sequence[Decided], int], None],
        sources: Sources | None = None,
        heartbeat_s: float | None = None,
        leapt: Callable[[Jump], object] = id,
    ) -> None:
        """Nothing runs before `start`.

        Arguments:
            publish: is given each durable group and the journal's last number; returns at once.
            heartbeat_s: how often the policy looks without being sent anything; None: never.
            leapt: hears where the venue's time leaps by more than a day; returns at once.
        """
        self.venue = venue
        self.queue = queue
        self.clock = clock
        self.sources = sources or Sources()
        self.counters = Counters()
        self.times = TimeWatch(venue.now_ns, leapt)
        self.failure = ""
        self.waiting_for_journal = False
        # Set while nothing is decided: who shares the interpreter may give way by it.
        self.resting = Flag()
        self.resting.set()
        self._recorder = recorder
        self._publish = publish
        self._heartbeat_s = heartbeat_s
        self._beat = time.monotonic()
        self._abandon = Flag()
        self._replies: list[tuple[Work, Receipt]] = []
        self._thread = Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to take work."""
        self._thread.start()

    def stop(self, *, timeout_s: float = 30.0) -> bool:
        """Take no more work, finish what is queued, and end; False where that takes too long."""
        self.queue.close()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._abandon.set()
            self._thread.join(RETRY_MAX_S)
            return False
        return not self.failure

    @property
    def alive(self) -> bool:
        """Whether work is still being taken."""
        return self._thread.is_alive() and not self.failure

    def _run(self) -> None:
        try:
            while not self._abandon.is_set():
                batch = self.queue.take(GROUP_MAX, timeout_s=IDLE_S)
                if not batch and self.queue.closed:
                    return
                # Work that decides nothing must not put the policy's look off for ever.
                if batch := [*batch, *self._heartbeat()]:
                    self.resting.clear()
                    self.group(batch)
                    self.resting.set()
        except Exception as error:
            # Whatever it is, nothing more may be acknowledged: the service says so and stands.
            self.failure = f"{type(error).__name__}: {error}"
            self.queue.close()
            self._refuse_rest()
            raise

    def _heartbeat(self) -> list[Work]:
        if self._heartbeat_s is None or time.monotonic() - self._beat < self._heartbeat_s:
            return []
        return [Work((), "@clock")]

    def group(self, batch: Sequence[Work]) -> None:
        """Decide a group, make it durable, then acknowledge and publish it."""
        begun = time.perf_counter()
        self._replies = []
        decided = [found for work in batch for found in self._sorted(work)]
        middle = time.perf_counter()
        number = self._durable(decided) if decided else 0
        self._measure(decided, begun=begun, middle=middle)
        replies, self._replies = self._replies, []
        for work, receipt in replies:
            self._tell(work, _numbered(receipt, number))
        if any(one.work.decide for one in decided):
            self._beat = time.monotonic()
        if decided:
            self._publish(decided, number)
            self._recorder.applied()

    def _tell(self, work: Work, receipt: Receipt) -> None:
        """Tell who sent it; one who can no longer hear it (a closed loop) stops nobody."""
        if work.reply is None:
            return
        try:
            work.reply(receipt)
        except Exception:
            self.counters.untold += 1

    def _sorted(self, work: Work) -> list[Decided]:
        now_ns = self._time(work)
        try:
            if work.skip:
                return self._skipped(work)
            arrival, ready, gap = self.sources.sort(work, now_ns)
        except UsageError as error:
            self._replies.append((work, Receipt("failed", refused=((0, str(error), {}),))))
            return []
        missing = None if gap is None else (gap.first, gap.last)
        if arrival is not Arrival.NEW:
            self._replies.append((work, Receipt(self._status(work, arrival), gap=missing)))
        return [self._decided(one) for one in ready]

    def _status(self, work: Work, arrival: Arrival) -> str:
        """A duplicate of what still waits behind a gap is not durable: it is held too."""
        last = self.sources.states()[work.source].intake.last
        waits = work.number is not None and (last is None or work.number > last)
        held = arrival is Arrival.DUPLICATE and waits
        return (Arrival.HELD if held else arrival).value

    def _skipped(self, work: Work) -> list[Decided]:
        """Do what waited behind a gap that the operator gives up."""
        found = [self._decided(one) for one in self.sources.skip(work.source, work.number)]
        self._replies.append((work, Receipt("done")))
        return found

    def _time(self, work: Work) -> int:
        """When the work happens: the later of the venue's time and the clock's or the feed's."""
        venue_ns = self.venue.now_ns
        said_ns = self.clock.now_ns() if work.at_ns is None else work.at_ns
        back_ns = venue_ns - said_ns
        if back_ns > 0:
            self.counters.clock_back_times += 1
        self.counters.clock_back_ns = max(0, back_ns)
        return max(venue_ns, said_ns)

    def _decided(self, work: Work) -> Decided:
        at_ns = self._time(work)
        own = work.at_ns is not None
        self.times.reach(at_ns, self.venue.store, expected=own)
        # A feed's work keeps the times inside it, where they fit between the venue's and its own.
        least = self.venue.now_ns if own else at_ns
        commands = []
        for command in work.commands:
            least = min(max(least, command.at_ns), at_ns) if own else at_ns
            commands.append(stamped(command, least))
        done = self.venue.do(commands, decide=work.decide, at_ns=at_ns, gas_wad=work.gas_wad)
        self._replies.append((work, _receipt(done)))
        return Decided(work, done, at_ns)

    def _durable(self, decided: Sequence[Decided]) -> int:
        wait_s = RETRY_FIRST_S
        while True:
            try:
                number = self._recorder.commit(decided)
                self.waiting_for_journal = False
                return number
            except JournalUnavailableError:
                self.waiting_for_journal = True
                self.counters.journal_waits += 1
                if self._abandon.wait(wait_s):
                    raise
                wait_s = min(2 * wait_s, RETRY_MAX_S)

    def _refuse_rest(self) -> None:
        pending = [work for work, _ in self._replies]
        while batch := self.queue.take(GROUP_MAX, timeout_s=0):
            pending += batch
        for work in pending:
            self._tell(work, Receipt("failed"))

    def _measure(self, decided: Sequence[Decided], *, begun: float, middle: float) -> None:
        counters, end = self.counters, time.perf_counter()
        counters.groups += 1
        counters.group_last = len(decided)
        counters.works += len(decided)
        counters.decide_s += middle - begun
        counters.commit_s += end - middle
        counters.lag_s = end - begun
        for told in (told for one in decided for told in one.done.told):
            counters.commands += told.refused is None
            counters.refused += told.refused is not None
            counters.prices += len(getattr(told.command, "prices", ()))


def _receipt(done: Done) -> Receipt:
    sent = done.told[: done.sent]
    events = (event for told in sent for event in told.events)
    return Receipt(
        "done",
        events=tuple(event for event in events if event.kind not in QUIET),
        refused=tuple(
            (at, str(told.refused.reason), dict(told.refused.data))
            for at, told in enumerate(sent)
            if told.refused is not None
        ),
    )


def _numbered(receipt: Receipt, number: int) -> Receipt:
    return Receipt(receipt.status, number, receipt.events, receipt.refused, receipt.gap)
