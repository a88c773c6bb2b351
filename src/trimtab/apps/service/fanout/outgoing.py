"""What waits to be sent to one reader: bounded, and never waited for.

The policy: a reader has room for 16 frames. One that lets them fill loses them all, and gets a
snapshot next, which is whole. A frame in hand is finished first: half a frame cannot be taken back.
"""

from collections import deque
from collections.abc import Callable

FRAMES_MAX = 16
# Answers to pings, and the word of farewell; whoever asks for more without reading is no reader.
URGENT_MAX = 16


class Outgoing:
    """The frame in hand, urgent frames, and at most 16 others of one connection."""

    __slots__ = ("_hand", "_send", "behind", "frames", "since_s", "urgent")

    def __init__(self, send: Callable[[memoryview], int]) -> None:
        """Nothing waits yet.

        Arguments:
            send: sends what there is room for and says how much; BlockingIOError: none at all.
        """
        self._send = send
        self._hand = memoryview(b"")
        self.frames: deque[bytes] = deque()
        self.urgent: deque[bytes] = deque()
        self.behind = True
        self.since_s = 0.0

    def offer(self, frame: bytes) -> int:
        """Queue a frame for a reader that keeps up; returns how many frames it has lost by it."""
        if self.behind:
            return 1
        if len(self.frames) >= FRAMES_MAX:
            lost = len(self.frames) + 1
            self.frames.clear()
            self.behind = True
            return lost
        self.frames.append(frame)
        return 0

    def begin(self, snapshot: bytes) -> None:
        """Start over from a snapshot: what waits is older than it."""
        self.frames.clear()
        self.frames.append(snapshot)
        self.behind = False

    def flush(self, now_s: float) -> bool:
        """Send what there is room for; False where something is left.

        Raises:
            OSError: the connection is gone.
        """
        while self._hand or self.urgent or self.frames:
            if not self._hand:
                waiting = self.urgent or self.frames
                self._hand, self.since_s = memoryview(waiting.popleft()), now_s
            try:
                sent = self._send(self._hand)
            except BlockingIOError:
                return False
            self._hand = self._hand[sent:]
        return True

    def held_s(self, now_s: float) -> float:
        """For how long the frame in hand has been in hand, s; 0 where there is none."""
        return now_s - self.since_s if self._hand else 0.0
