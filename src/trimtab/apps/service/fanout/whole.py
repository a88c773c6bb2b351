"""The snapshot of now: the last one of the service, with every delta since folded in.

The service makes one snapshot when the first reader comes; whoever joins later, or fell behind,
is given what this works out, so that no reader costs the service another.
"""

import json
from typing import Any

# Deltas are folded in when somebody asks, and at the latest when so many wait.
WAITING_MAX = 32
EVENTS_MAX = 200


class Whole:
    """A snapshot that follows the deltas; empty until the service has sent one."""

    def __init__(self) -> None:
        self._state: dict[str, Any] | None = None
        self._waiting: list[bytes] = []
        self._text: bytes | None = None

    def clear(self) -> None:
        """Forget everything: what comes next is no longer what it follows."""
        self._state, self._text = None, None
        self._waiting.clear()

    def begin(self, snapshot: bytes) -> None:
        """Start over from a snapshot of the service."""
        self.clear()
        self._state, self._text = json.loads(snapshot), snapshot

    def follow(self, delta: bytes) -> bool:
        """Take a delta; False where there is nothing that it could follow."""
        if self._state is None:
            return False
        self._waiting.append(delta)
        self._text = None
        if len(self._waiting) >= WAITING_MAX:
            self._fold()
        return True

    def text(self) -> bytes | None:
        """The snapshot of now; None while the service has not sent one."""
        if self._text is None and self._state is not None:
            self._fold()
            self._text = json.dumps(self._state, separators=(",", ":")).encode()
        return self._text

    def _fold(self) -> None:
        state = self._state
        assert state is not None, "deltas wait only behind a snapshot"
        for text in self._waiting:
            delta = json.loads(text)
            state["version"], state["as_of"] = delta["version"], delta["as_of"]
            state["overview"] |= delta["overview"]
            state["worst"] = delta.get("worst", state["worst"])
            # A delta that skipped events is full of later ones: these are the latest either way.
            state["events"] = (state["events"] + delta["events"])[-EVENTS_MAX:]
        self._waiting.clear()
