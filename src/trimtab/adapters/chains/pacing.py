"""Manners towards a node: at most so many requests a second, and bounded tries with back-off."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, Wire, WireError

# Words by which nodes say "later", whatever their code is.
BUSY_WORDS = (
    "too many requests",
    "rate limit",
    "request rate",
    "requests per second",
    "compute units",
    "capacity exceeded",
    "try again later",
)
HTTP_TOO_MANY = 429
RETRIED = frozenset({Fault.GONE, Fault.TIMEOUT, Fault.BUSY, Fault.MALFORMED})


class Clock(Protocol):
    """Seconds that only grow, and a way to wait; injected, so that tests need not wait."""

    def now_s(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class SystemClock:
    """The machine's own clock."""

    def now_s(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Manners:
    """Limits of a conversation with a node.

    Args:
        rate_per_s: JSON-RPC requests a second, those of a batch counted one by one.
        tries_max: exchanges for one question, the first included.
        timeouts_max: of them such that no answer came in time; a question that takes a node too
            long does not get shorter by being asked again.
        wait_first_s: before the second try; it doubles from try to try.
        wait_max_s: longest wait between two tries, also where the server asks for more.
    """

    rate_per_s: float = 20.0
    tries_max: int = 6
    timeouts_max: int = 2
    wait_first_s: float = 0.5
    wait_max_s: float = 30.0

    def __post_init__(self) -> None:
        assert self.rate_per_s > 0, "a rate is positive"
        assert self.tries_max > 0, "somebody has to ask"


class PacedWire:
    """A wire that keeps to `Manners`; what fails for good is raised as the last `WireError`."""

    def __init__(self, inner: Wire, manners: Manners, *, clock: Clock) -> None:
        self._inner = inner
        self._manners = manners
        self._clock = clock
        self._free_at_s = clock.now_s()

    @property
    def where(self) -> str:
        """The node as messages name it."""
        return self._inner.where

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        """Return one reply per request; a node that says "later" is asked again, later."""
        timeouts = 0
        for number in range(1, self._manners.tries_max + 1):
            self._keep_pace(len(requests))
            try:
                return _unhurried(self._inner.send(requests))
            except WireError as fault:
                timeouts += fault.fault is Fault.TIMEOUT
                last = number == self._manners.tries_max or timeouts >= self._manners.timeouts_max
                if last or fault.fault not in RETRIED:
                    raise
                self._clock.sleep(self._wait_s(number, fault))
        raise AssertionError("the last try returns or raises")

    def _keep_pace(self, count: int) -> None:
        now_s = self._clock.now_s()
        if self._free_at_s > now_s:
            self._clock.sleep(self._free_at_s - now_s)
        self._free_at_s = max(self._free_at_s, now_s) + count / self._manners.rate_per_s

    def _wait_s(self, number: int, fault: WireError) -> float:
        wait_s = self._manners.wait_first_s * 2.0 ** (number - 1)
        return min(max(wait_s, fault.wait_s or 0.0), self._manners.wait_max_s)


def says_busy(error: RpcError) -> bool:
    """Whether a node's error means "later" and nothing else."""
    text = error.message.casefold()
    return error.code == HTTP_TOO_MANY or any(word in text for word in BUSY_WORDS)


def _unhurried(replies: list[Reply]) -> list[Reply]:
    for reply in replies:
        if reply.error is not None and says_busy(reply.error):
            raise WireError(Fault.BUSY, reply.error.message)
    return replies
