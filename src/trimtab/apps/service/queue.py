"""The bounded queue before the writer. When it is full, a caller waits or is told to come back.

Feeds that can wait are held (`put`): back-pressure reaches their source. Callers that cannot wait
(HTTP) are refused at once (`offer`), and answer 429. Nothing is ever dropped silently.
"""

from collections import deque
from threading import Condition

from trimtab.apps.service.work import Work


class WorkQueue:
    """First in, first out; at most `capacity` units of work."""

    def __init__(self, capacity: int) -> None:
        assert capacity > 0, "a queue holds something"
        self.capacity = capacity
        self.refused = 0
        self._items: deque[Work] = deque()
        self._changed = Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """Whether it takes no more work."""
        return self._closed

    def offer(self, work: Work) -> bool:
        """Add work if there is room; False where the queue is full or closed."""
        with self._changed:
            if self._closed or len(self._items) >= self.capacity:
                self.refused += 1
                return False
            self._items.append(work)
            self._changed.notify_all()
            return True

    def put(self, work: Work, *, timeout_s: float | None = None) -> bool:
        """Add work, waiting for room; False where the queue is closed, or the time is over."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: self._closed or len(self._items) < self.capacity, timeout_s
            )
            if self._closed or not found:
                return False
            self._items.append(work)
            self._changed.notify_all()
            return True

    def take(self, most: int, *, timeout_s: float) -> list[Work]:
        """Remove up to `most` units of work; empty where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            found = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            if found:
                self._changed.notify_all()
            return found

    def close(self) -> None:
        """Take no more work; what is in it stays to be done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
