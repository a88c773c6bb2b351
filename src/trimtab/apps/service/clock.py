"""The venue's clock. It is given to the service: tests set it back, a replay runs it faster.

The rule: a venue's time never runs backwards. A command takes the later of the venue's own time and
the clock's (or the feed's), and how far a clock lies behind is measured and shown, never followed.
"""

import time
from collections.abc import Callable
from threading import Event, Lock
from typing import Protocol

from trimtab.units import NANOSECONDS


class Clock(Protocol):
    """What time it is at the venue, and how to wait for a time."""

    def now_ns(self) -> int:
        """Time at the venue, ns UTC. May go back: the venue does not."""

    def wait_until(self, at_ns: int, stop: Event) -> bool:
        """Wait for a time at the venue; False where `stop` was set first."""


class SystemClock:
    """This machine's clock."""

    def now_ns(self) -> int:
        """Time, ns UTC."""
        return time.time_ns()

    def wait_until(self, at_ns: int, stop: Event) -> bool:
        """Wait for a time; False where `stop` was set first."""
        while (left := at_ns - self.now_ns()) > 0:
            if stop.wait(min(left / NANOSECONDS, 1.0)):
                return False
        return not stop.is_set()


class CaseClock:
    """The time of a case's price history, which runs `speed` times as fast as the machine's.

    It can be held and let go, and its speed changed; it never jumps by that.
    """

    def __init__(
        self,
        begin_ns: int,
        *,
        speed: float,
        end_ns: int | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        assert speed > 0, "time runs forwards"
        self._lock = Lock()
        self._monotonic_ns = monotonic_ns
        self._at_ns, self._since = begin_ns, monotonic_ns()
        self._end_ns = end_ns
        self._speed, self._held = speed, False
        self._moved = Event()

    def now_ns(self) -> int:
        """Time in the case, ns UTC; it stands still at the last price."""
        with self._lock:
            return self._now()

    def _now(self) -> int:
        if self._held:
            return self._at_ns
        now = self._at_ns + round((self._monotonic_ns() - self._since) * self._speed)
        return now if self._end_ns is None else min(now, self._end_ns)

    @property
    def speed(self) -> float:
        """Seconds of the case that pass in one."""
        return self._speed

    @property
    def held(self) -> bool:
        """Whether the case's time stands still."""
        return self._held

    def change(self, *, speed: float | None = None, held: bool | None = None) -> None:
        """Set the speed, hold the clock or let it go, from now on."""
        with self._lock:
            self._at_ns, self._since = self._now(), self._monotonic_ns()
            if speed is not None:
                assert speed > 0, "time runs forwards"
                self._speed = speed
            if held is not None:
                self._held = held
        self._moved.set()

    def wait_until(self, at_ns: int, stop: Event) -> bool:
        """Wait for a time in the case; False where `stop` was set first."""
        while not stop.is_set():
            self._moved.clear()
            left = at_ns - self.now_ns()
            if left <= 0:
                return True
            seconds = 0.2 if self._held else left / NANOSECONDS / self._speed
            # Short waits notice `stop`; a change of speed or a hold wakes at once.
            self._moved.wait(min(seconds, 0.2))
        return False
