"""The audit trail: what operators did, in order, each line bound to the one before it."""

from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from trimtab.adapters.files import Journal, open_journal, read_journal
from trimtab.apps.service.security import Caller

KEPT_MAX = 1000


class AuditTrail:
    """A file that only grows (JSON lines in a chain of SHA-256), and its latest lines."""

    def __init__(self, path: Path | None, *, clock_ns: Callable[[], int]) -> None:
        """Go on with a trail, or begin one.

        Arguments:
            path: the file; None keeps the trail in memory alone.

        Raises:
            DataError: a trail that was changed.
        """
        self._clock_ns = clock_ns
        self._lock = Lock()
        self._latest: deque[dict[str, Any]] = deque(maxlen=KEPT_MAX)
        self._file: Journal | None = None
        self._count = 0
        if path is not None:
            if path.exists():
                for line in read_journal(path):
                    self._latest.append(dict(line))
                    self._count += 1
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_journal(path, sync_every=1)

    def note(self, caller: Caller, action: str, *, about: Mapping[str, Any], result: str) -> None:
        """Write down one action; durable when this returns.

        Arguments:
            action: a closed word; about: what was asked, plain; result: one clause.
        """
        with self._lock:
            self._count += 1
            line = {
                "number": self._count,
                "at_ns": str(self._clock_ns()),
                "who": caller.name,
                "role": caller.role.name.lower(),
                "action": action,
                "about": dict(about),
                "result": result,
            }
            if self._file is not None:
                self._file.append(line)
            self._latest.append(line)

    def latest(self, most: int) -> list[dict[str, Any]]:
        """The latest lines, oldest first."""
        with self._lock:
            return list(self._latest)[-most:]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
