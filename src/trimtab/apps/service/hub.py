"""The stream: a frame for all readers at a time, made once; whoever is slow gets a snapshot later.

The policy of its queues: each reader has room for some frames. A reader that lets them fill is not
waited for: its frames are dropped, and the next thing it gets is a snapshot, which is whole. The
writer hands over what changed and never hears of readers.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from trimtab.apps.service.account_views import ListQuestion, account_list
from trimtab.apps.service.board import Board, Reading
from trimtab.apps.service.views import heard, overview

FRAMES_MAX = 16
EVENTS_PER_FRAME = 200
WORST = 20
# So many readers are woken at once, and the next after so many seconds: 500 within 60 ms.
AT_ONCE, TURN_S = 25, 0.003


@dataclass(slots=True, eq=False)
class Reader:
    """One reader of the stream: frames that wait for it, and whether it needs a snapshot.

    `wake` is called in the reader's own loop.
    """

    loop: asyncio.AbstractEventLoop
    wake: Callable[[], object]
    frames: deque[str] = field(default_factory=deque)
    behind: bool = True
    dropped: int = 0


class Hub:
    """All readers of the stream, and the frames they are shown."""

    def __init__(self, board: Board, *, acting: bool) -> None:
        self._board = board
        self._acting = acting
        self._readers: set[Reader] = set()
        self._lock = Lock()
        self._last: dict[str, Any] = {}
        self._heard = 0
        self._whole: tuple[int, str] | None = None
        self.frames = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._readers)

    def join(self, loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> Reader:
        """A new reader; it begins with a snapshot."""
        reader = Reader(loop, wake.set)
        with self._lock:
            self._readers.add(reader)
        _wake([reader])
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        with self._lock:
            self._readers.discard(reader)

    def publish(self) -> None:
        """Make a frame of what is new and hand it to every reader that keeps up."""
        if not self._readers:
            self._last, self._whole = {}, None
            return
        with self._lock:
            if not self._last:
                return
            frame = self._delta()
            text = json.dumps(frame, separators=(",", ":"))
            self.frames += 1
            readers = list(self._readers)
            for reader in readers:
                self._hand(reader, text)
        _wake(readers)

    def _hand(self, reader: Reader, text: str) -> None:
        if reader.behind:
            return
        if len(reader.frames) >= FRAMES_MAX:
            reader.behind = True
            reader.dropped += len(reader.frames)
            self.dropped += len(reader.frames)
            reader.frames.clear()
            return
        reader.frames.append(text)

    def next(self, reader: Reader) -> str | None:
        """The next frame of a reader that keeps up; never waits. None: nothing, or a snapshot."""
        if reader.behind:
            return None
        try:
            return reader.frames.popleft()
        except IndexError:
            return None

    def snapshot(self, reader: Reader) -> str:
        """All that a reader needs to begin, or to go on after it fell behind."""
        with self._lock:
            if not self._last:
                with self._board.reading() as reading:
                    self._last = self._state(reading)
                self._heard = self._board.heard
            if self._whole is None or self._whole[0] != self.frames:
                self._whole = (self.frames, self._snapshot_text())
            reader.frames.clear()
            reader.behind = False
            return self._whole[1]

    def _snapshot_text(self) -> str:
        with self._board.reading() as reading:
            first = max(0, self._heard - EVENTS_PER_FRAME)
            latest = self._board.events_after(first, EVENTS_PER_FRAME)
            events = [heard(one, reading) for one in latest if one.number <= self._heard]
        frame = {"type": "snapshot", **self._last, "events": events}
        return json.dumps(frame, separators=(",", ":"))

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
            if before.get("overview", {}).get(name) != value
        }
        frame = {"type": "delta", "version": now["version"], "as_of": now["as_of"]}
        frame |= {"overview": changed, "events": events, "events_skipped": skipped}
        if before.get("worst") != now["worst"]:
            frame["worst"] = now["worst"]
        return frame

    def _state(self, reading: Reading) -> dict[str, Any]:
        question = ListQuestion(state="with_debt", limit=WORST)
        shown = overview(reading, acting=self._acting)
        return {
            "version": reading.version,
            "as_of": shown["as_of"],
            "overview": shown,
            "worst": account_list(reading, question)["accounts"],
        }


def _wake(readers: Iterable[Reader]) -> None:
    """Wake readers, each loop once: a call into a loop is a system call, a waking is not."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Reader]] = {}
    for reader in readers:
        by_loop.setdefault(reader.loop, []).append(reader)
    for loop, own in by_loop.items():
        # Where a loop has ended, its readers are gone.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_woken_in_turn, loop, own)


def _woken_in_turn(loop: asyncio.AbstractEventLoop, readers: Sequence[Reader]) -> None:
    """Some at a time: in the pauses the writer has the interpreter for itself."""
    for turn, first in enumerate(range(0, len(readers), AT_ONCE)):
        loop.call_later(turn * TURN_S, _woken, readers[first : first + AT_ONCE])


def _woken(readers: Iterable[Reader]) -> None:
    for reader in readers:
        reader.wake()
