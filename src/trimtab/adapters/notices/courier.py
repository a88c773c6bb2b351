"""One courier a sender: a bounded queue, tries with growing waits, and a list of dead letters.

The policy of its queue: where it is full the oldest notice that waits becomes a dead letter, and is
counted: the newest fact matters most, and nothing is lost silently.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event, Thread

from trimtab.adapters.notices.senders import Notice, Sender, SendError
from trimtab.units import UsageError

DEAD_MAX = 1000


@dataclass(frozen=True, slots=True)
class Manners:
    """Tries of one notice, the first included; the wait before the second, doubling to the last."""

    tries_max: int = 6
    wait_first_s: float = 1.0
    wait_max_s: float = 300.0
    queue_max: int = 1000

    def __post_init__(self) -> None:
        if self.tries_max < 1 or self.wait_first_s < 0 or self.queue_max < 1:
            raise UsageError("tries and the queue are above 0, waits at least 0")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A notice that was given up, after how many tries, and why."""

    sender: str
    notice: Notice
    tries: int
    why: str


class Courier:
    """Sends notices one after another, in a thread of its own."""

    def __init__(
        self,
        sender: Sender,
        manners: Manners,
        *,
        dead: Callable[[DeadLetter], object] = lambda _: None,
    ) -> None:
        """Nothing is sent before `start`.

        Arguments:
            dead: is told each notice that is given up.
        """
        self.sender = sender
        self.sent = 0
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_MAX)
        self._manners = manners
        self._dead = dead
        self._queue: deque[Notice] = deque()
        self._changed = Condition()
        self._stop = Event()
        self._busy = False
        self._thread = Thread(target=self._run, name=f"courier {sender.name}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more; what still waits becomes dead letters."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(15)
        for notice in list(self._queue):
            self._bury(notice, tries=0, why="the service stopped")
        self._queue.clear()

    def post(self, notice: Notice) -> None:
        """Hand over a notice; returns at once."""
        full = None
        with self._changed:
            if len(self._queue) >= self._manners.queue_max:
                full = self._queue.popleft()
            self._queue.append(notice)
            self._changed.notify_all()
        if full is not None:
            self._bury(full, tries=0, why="the queue was full")

    def retry(self) -> int:
        """Hand over all dead letters again; returns how many."""
        letters = list(self.dead_letters)
        self.dead_letters.clear()
        for letter in letters:
            self.post(letter.notice)
        return len(letters)

    def idle(self) -> bool:
        """Whether nothing waits and nothing is being sent."""
        return not self._queue and not self._busy

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stop.is_set())
                if self._stop.is_set():
                    return
                notice = self._queue.popleft()
                self._busy = True
            self._deliver(notice)
            self._busy = False

    def _deliver(self, notice: Notice) -> None:
        wait_s = self._manners.wait_first_s
        for tries in range(1, self._manners.tries_max + 1):
            try:
                self.sender.send(notice)
                self.sent += 1
                return
            except SendError as error:
                last = tries == self._manners.tries_max
                if last or not error.again or self._stop.wait(wait_s):
                    self._bury(notice, tries=tries, why=str(error))
                    return
                wait_s = min(2 * wait_s, self._manners.wait_max_s)

    def _bury(self, notice: Notice, *, tries: int, why: str) -> None:
        letter = DeadLetter(self.sender.name, notice, tries, why)
        self.dead_letters.append(letter)
        self._dead(letter)
