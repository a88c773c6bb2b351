"""The stream's frames: a snapshot where somebody begins to read, then what changed, each made once.

Readers live in a process of their own (`fanout`); what it takes is all that is made, and where it
takes nothing for a while the next thing it gets is a snapshot, which is whole. The writer hands
over what changed and never hears of readers.
"""

import json
from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from trimtab.apps.service.account_views import ListQuestion, account_list
from trimtab.apps.service.board import Board, Reading
from trimtab.apps.service.fanout.wire import Counts, Kind
from trimtab.apps.service.figures import book
from trimtab.apps.service.views import heard, overview

EVENTS_PER_FRAME = 200
WORST = 20


class Outlet(Protocol):
    """What takes frames to readers."""

    def offer(self, kind: Kind, text: str) -> bool:
        """Take a frame; False where there is no room. Never waits."""


class Hub:
    """The frames that readers are shown, and what is counted of both."""

    def __init__(self, board: Board, *, acting: bool, pause: Callable[[], object] = tuple) -> None:
        """Nobody reads yet.

        Arguments:
            pause: called between steps of making a frame; who has something to give way to waits.
        """
        self._board = board
        self._acting, self._pause = acting, pause
        self._outlet: Outlet | None = None
        self._lock = Lock()
        # What the outlet was last shown; empty where a snapshot is due.
        self._last: dict[str, Any] = {}
        self._heard = 0
        self.frames = 0
        self.refused = 0
        self.restarts = 0
        self.counts = Counts()

    def __len__(self) -> int:
        """Readers, as their process last told."""
        return self.counts.readers

    def begin(self, outlet: Outlet) -> None:
        """Somebody reads from now on: a snapshot at once, then what changes."""
        with self._lock:
            self._outlet, self._last = outlet, {}
            self._whole(outlet)

    def resume(self, outlet: Outlet) -> None:
        """There is room again: where frames were refused, a snapshot."""
        with self._lock:
            if self._outlet is outlet and not self._last:
                self._whole(outlet)

    def end(self, outlet: Outlet) -> None:
        """Nobody reads there any more: no frame is made."""
        with self._lock:
            if self._outlet is outlet:
                self._outlet, self._last = None, {}

    def publish(self) -> None:
        """Make a frame of what is new, where somebody reads."""
        with self._lock:
            if self._outlet is None:
                return
            try:
                if self._last:
                    self._offer(self._outlet, Kind.DELTA, frame=self._delta())
                else:
                    self._whole(self._outlet)
            except Exception:
                # Whatever was not told is in the snapshot that comes next.
                self._last = {}
                raise

    def _offer(self, outlet: Outlet, kind: Kind, *, frame: dict[str, Any]) -> None:
        if outlet.offer(kind, json.dumps(frame, separators=(",", ":"))):
            self.frames += 1
        else:
            self.refused += 1
            self._last = {}

    def _whole(self, outlet: Outlet) -> None:
        with self._board.reading() as reading:
            state = self._state(reading)
            self._heard = self._board.heard
            first = max(0, self._heard - EVENTS_PER_FRAME)
            latest = self._board.events_after(first, EVENTS_PER_FRAME)
            events = [heard(one, reading) for one in latest if one.number <= self._heard]
        self._last = state
        self._offer(outlet, Kind.SNAPSHOT, frame={"type": "snapshot", **state, "events": events})

    def _delta(self) -> dict[str, Any]:
        """What differs from the last frame, field by field, and events since."""
        with self._board.reading() as reading:
            now = self._state(reading)
            first = max(self._heard, self._board.heard - EVENTS_PER_FRAME)
            latest = self._board.events_after(first, EVENTS_PER_FRAME)
            events = [heard(one, reading) for one in latest]
        skipped = first - self._heard
        before, self._last = self._last, now
        self._heard = latest[-1].number if latest else first
        changed = {
            name: value
            for name, value in now["overview"].items()
            if before["overview"].get(name) != value
        }
        frame = {"type": "delta", "version": now["version"], "as_of": now["as_of"]}
        frame |= {"overview": changed, "events": events, "events_skipped": skipped}
        if before["worst"] != now["worst"]:
            frame["worst"] = now["worst"]
        return frame

    def _state(self, reading: Reading) -> dict[str, Any]:
        question = ListQuestion(state="with_debt", limit=WORST)
        self._pause()
        assert reading.coefficients is not None, "what all figures are made of"
        self._pause()
        book(reading)
        self._pause()
        shown = overview(reading, acting=self._acting)
        worst = account_list(reading, question, pause=self._pause)["accounts"]
        self._pause()
        return {
            "version": reading.version,
            "as_of": shown["as_of"],
            "overview": shown,
            "worst": worst,
        }
