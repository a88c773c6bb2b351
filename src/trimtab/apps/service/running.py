"""A running service: its venue, queue, writer, board, feeds and publisher, put together."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trimtab.apps.service.audit import AuditTrail
from trimtab.apps.service.board import Board
from trimtab.apps.service.clock import CaseClock, Clock
from trimtab.apps.service.figures import book
from trimtab.apps.service.hub import Hub
from trimtab.apps.service.logs import Log
from trimtab.apps.service.proposals import Proposals
from trimtab.apps.service.queue import WorkQueue
from trimtab.apps.service.recorder import JournalRecorder, MemoryJournal
from trimtab.apps.service.snapshots import EVERY_ENTRIES, Snapshots
from trimtab.apps.service.sources import Sources
from trimtab.apps.service.stress_jobs import StressJobs
from trimtab.apps.service.time_jumps import Jump, about_jump
from trimtab.apps.service.writer import Decided, Writer
from trimtab.engine import is_unsafe
from trimtab.model import Case, Table
from trimtab.model.ports import JournalStore
from trimtab.simulation.live import LiveVenue

QUEUE_CAPACITY = 4096
PUBLISH_S = 0.1
# The publisher works at most this share of the time, however large the book is.
PUBLISH_SHARE = 0.2
# But readers never wait longer than this for it, seconds.
PUBLISH_MOST_S = 2.0
# A frame waits so long for a decision between two of its steps, seconds.
GIVE_WAY_S = 0.002


class Feed(Protocol):
    """Something outside that sends work until it is told to stop."""

    name: str

    def start(self) -> None:
        """Begin to send; returns at once."""

    def stop(self) -> None:
        """Send no more; returns once nothing of it runs."""

    def status(self) -> str:
        """One clause for people: running, ended, or what is wrong."""

    def problem(self) -> str:
        """Why nothing is heard of it; empty where nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a service runs: the capacity of its queue, how often it publishes, who acts."""

    acts: bool = False
    queue_capacity: int = QUEUE_CAPACITY
    publish_s: float = PUBLISH_S
    stale_s: int = 60
    heartbeat_s: float | None = None
    snapshot_every: int = EVERY_ENTRIES


@dataclass(slots=True)
class Started:
    """What a service is started with: a venue as it stands, and what it goes on from."""

    case: Case
    venue: LiveVenue
    journal: JournalStore
    clock: Clock
    audit: AuditTrail
    sources: dict[str, int] = field(default_factory=dict)
    case_hash: str = ""


class Service:
    """One venue that runs. `start` starts writer, feeds and publisher; `stop` drains and ends."""

    def __init__(self, started: Started, options: Options) -> None:
        """Put the parts together; nothing runs yet."""
        self.case = started.case
        self.clock = started.clock
        self.journal = started.journal
        self.options = options
        self.queue = WorkQueue(options.queue_capacity)
        sources = Sources(stale_s=options.stale_s)
        sources.restore(started.sources)
        venue = started.venue
        self.board = Board(
            venue.store, started.case.replay, at_ns=venue.now_ns, number=self.journal.last().number
        )
        self.snapshots = Snapshots(
            started.journal,
            venue,
            case_hash=started.case_hash,
            clock_ns=started.clock.now_ns,
            every=options.snapshot_every,
        )
        self.writer = Writer(
            venue,
            self.queue,
            clock=started.clock,
            recorder=JournalRecorder(
                started.journal,
                clock_ns=started.clock.now_ns,
                applied=self.snapshots.applied,
            ),
            publish=self._published,
            sources=sources,
            heartbeat_s=options.heartbeat_s,
            leapt=self._leapt,
        )
        self.log: Log | None = None
        self._touched: set[str] = set()
        self.hub = Hub(self.board, acting=venue.acts, pause=self._give_way)
        self.publish_failure = ""
        self.watchers: list[Callable[[Board], object]] = []
        self.feeds: list[Feed] = []
        self.audit = started.audit
        self.stress = StressJobs()
        self.alerts: object | None = None
        self.fund_peak = 0.0
        self.proposals = Proposals(clock_ns=time.time_ns)
        self.began = time.monotonic()
        self._stop = threading.Event()
        self._publisher = threading.Thread(target=self._publish, name="publisher", daemon=True)

    @property
    def acting(self) -> bool:
        """Whether the service sends its own keepers' commands."""
        return self.writer.venue.acts

    @property
    def journal_number(self) -> int:
        """The last durable entry that readers are shown."""
        return self.board.number

    @property
    def durable(self) -> bool:
        """Whether the journal outlives the process."""
        return not isinstance(self.journal, MemoryJournal)

    @property
    def case_clock(self) -> CaseClock | None:
        """The clock of a replayed case, which can be held; None where the clock is the world's."""
        return self.clock if isinstance(self.clock, CaseClock) else None

    def _published(self, group: Sequence[Decided], number: int) -> None:
        gas_wad = self.writer.venue.policy.gas_wad
        self.board.offer(group, number, waiting=self._unsafe(group), gas_wad=gas_wad)

    def _unsafe(self, group: Sequence[Decided]) -> dict[str, int]:
        """Who was unsafe at the last look, without those whom acts have made safe since."""
        venue = self.writer.venue
        waiting, moment = dict(venue.house.waiting), venue.moment
        changed = {
            key for one in group for table, key in one.done.changes if table is Table.ACCOUNT
        }
        self._touched = (self._touched | changed) & waiting.keys()
        for key in self._touched:
            account = moment.draft.account(key)
            if not (account.at_risk and is_unsafe(account, moment.sums(key))):
                del waiting[key]
        return waiting

    def start(self) -> None:
        """Start the writer, then the publisher, then the feeds."""
        self.writer.start()
        self._publisher.start()
        for feed in self.feeds:
            feed.start()

    def stop(self) -> bool:
        """Stop the feeds, drain the queue, publish what is left; False where work was given up."""
        for feed in self.feeds:
            feed.stop()
        self.stress.close()
        drained = self.writer.stop()
        self._stop.set()
        if self._publisher.is_alive():
            self._publisher.join(5)
        self.board.refresh()
        if drained:
            self.snapshots.finish(self.journal.last())
        self.journal.close()
        return drained

    def _leapt(self, jump: Jump) -> None:
        """On the writer's thread: the venue's time leapt, and interest with it."""
        if self.log is not None:
            self.log.warning("time_leapt", about_jump(jump, self.case.rules.quote))

    def _give_way(self) -> None:
        """On the publisher's thread, between two steps: a decision goes first."""
        resting = self.writer.resting
        if not resting.is_set():
            resting.wait(GIVE_WAY_S)

    def _publish(self) -> None:
        self._warm()
        due_s = time.perf_counter() + self.options.publish_s
        while not self._stop.wait(max(0.0, due_s - time.perf_counter())):
            self._give_way()
            busy = time.thread_time()
            try:
                self._show()
                self.publish_failure = ""
            except Exception as error:
                # Readers stay where they were, and are told so; the writer goes on.
                self.publish_failure = f"{type(error).__name__}: {error}"
            took_s, ended_s = time.thread_time() - busy, time.perf_counter()
            every_s = self.options.publish_s
            due_s = due_after(due_s, ended_s=ended_s, took_s=took_s, every_s=every_s)

    def _show(self) -> None:
        """Show readers what is new, and tell who watches the readers' copy."""
        if self.board.refresh():
            self.hub.publish()
            for watch in self.watchers:
                watch(self.board)

    def _warm(self) -> None:
        """Ask once what readers ask first, so that nobody waits for a kernel to be compiled."""
        with self.board.reading() as reading:
            book(reading)
            assert reading.edges.account.size >= 0, "a book has edges, or none"
            reading.columns.unsafe(reading.draft)

    def ready(self) -> str:
        """Empty where the service takes and decides work; else why not."""
        if self.writer.failure:
            return f"the writer has stopped: {self.writer.failure}"
        if not self.writer.alive:
            return "the writer does not run"
        if self.publish_failure:
            return f"readers are not shown what is new: {self.publish_failure}"
        if self.writer.waiting_for_journal:
            return "the journal cannot write; the writer tries again"
        if len(self.queue) >= self.queue.capacity:
            return "the queue is full"
        return ""


def due_after(due_s: float, *, ended_s: float, took_s: float, every_s: float) -> float:
    """When a frame is due after another, s: in step, so that ten a second are ten.

    Arguments:
        due_s: when the other was due; ended_s: when it was done; took_s: of a processor's time.
        every_s: how often frames are wanted; a large book has longer pauses.
    """
    rest_s = min(took_s / PUBLISH_SHARE, PUBLISH_MOST_S)
    if rest_s > every_s:
        return ended_s + rest_s
    # What one is late the next is early; more than that is lost, not caught up with.
    return max(due_s + every_s, ended_s)
