"""A case's own price history as a feed, at any speed: what a replay does, in time."""

from threading import Event, Thread

from trimtab.apps.service.clock import Clock
from trimtab.apps.service.queue import WorkQueue
from trimtab.apps.service.work import Work
from trimtab.model import Case
from trimtab.simulation.feed import Feed as CaseFeed

SOURCE = "replay"


class ReplayFeed:
    """Sends each price row, with what reached the venue before it, when its time has come.

    Rows are numbered from 1, so that a service that goes on after a stop takes each row once. The
    queue's back-pressure holds it; it never skips a row.
    """

    def __init__(self, case: Case, queue: WorkQueue, *, clock: Clock, done: int = 0) -> None:
        """Ready to send row `done` + 1 first."""
        self.name = SOURCE
        self.sent = done
        self._case = case
        self._queue = queue
        self._clock = clock
        self._stop = Event()
        self._thread = Thread(target=self._run, name="feed replay", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more rows."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    @property
    def rows(self) -> int:
        """How many price rows there are."""
        return len(self._case.ticks)

    def problem(self) -> str:
        """Nothing: the case is here."""
        return ""

    def status(self) -> str:
        """How far it is."""
        if self.sent == self.rows:
            return f"ended after {self.rows} price rows"
        return f"price row {self.sent} of {self.rows}"

    def _run(self) -> None:
        batches, gas = CaseFeed(self._case), self._case.gas
        read, cost = 0, None
        for number, tick in enumerate(self._case.ticks):
            while read < len(gas) and gas[read].at_ns <= tick.at_ns:
                cost = gas[read].cost_wad
                read += 1
            if number < self.sent:
                continue
            if not self._clock.wait_until(tick.at_ns, self._stop):
                return
            commands = tuple(batches.batch(number))
            work = Work(commands, SOURCE, number + 1, at_ns=tick.at_ns, gas_wad=cost)
            while not self._queue.put(work, timeout_s=0.2):
                if self._stop.is_set() or self._queue.closed:
                    return
            self.sent = number + 1
