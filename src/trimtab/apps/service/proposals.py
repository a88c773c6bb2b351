"""Two steps for what is dangerous: a proposal gives a token, and the token, in time, does it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from trimtab.apps.service.security import Caller, RefusedError
from trimtab.apps.service.work import Work
from trimtab.units import NANOSECONDS

LIFE_S = 300
PROPOSALS_MAX = 100


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something dangerous that waits for a second word. Times are ns UTC of the world's clock."""

    token: str
    action: str
    about: Mapping[str, Any]
    work: Work
    by: str
    ends_ns: int


class Proposals:
    """Proposals that wait; each is used once, and ends by itself."""

    def __init__(self, *, clock_ns: Callable[[], int], life_s: int = LIFE_S) -> None:
        self._clock_ns = clock_ns
        self._life_ns = life_s * NANOSECONDS
        self._waiting: dict[str, Proposal] = {}
        self._lock = Lock()

    def add(self, action: str, work: Work, *, about: Mapping[str, Any], by: Caller) -> Proposal:
        """Let something wait for its second word.

        Raises:
            RefusedError: too many wait already.
        """
        ends = self._clock_ns() + self._life_ns
        found = Proposal(secrets.token_urlsafe(18), action, about, work, by.name, ends)
        with self._lock:
            self._drop_old()
            if len(self._waiting) >= PROPOSALS_MAX:
                message = f"{PROPOSALS_MAX} proposals wait already; confirm them or let them end"
                raise RefusedError(429, "too_many_proposals", message=message)
            self._waiting[found.token] = found
        return found

    def take(self, token: str) -> Proposal:
        """The proposal of a token, which is then used up.

        Raises:
            RefusedError: no such proposal, or its time is over.
        """
        with self._lock:
            self._drop_old()
            found = self._waiting.pop(token, None)
        if found is None:
            message = f"no proposal waits under this token; one ends after {LIFE_S} seconds"
            raise RefusedError(404, "unknown_proposal", message=message)
        return found

    def waiting(self) -> list[Proposal]:
        """What waits now, the oldest first."""
        with self._lock:
            self._drop_old()
            return sorted(self._waiting.values(), key=lambda one: one.ends_ns)

    def _drop_old(self) -> None:
        now = self._clock_ns()
        self._waiting = {key: one for key, one in self._waiting.items() if one.ends_ns > now}
