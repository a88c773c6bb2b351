"""One reader of the stream: a WebSocket connection that was handed over after its handshake."""

import json
import socket
import struct
from enum import Enum
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed, InvalidState
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from trimtab.apps.service.fanout.outgoing import URGENT_MAX, Outgoing

# The kernel holds at most twice this for a reader, however long it does not read.
SEND_BUFFER = 32 * 1024
MESSAGE_MAX, RECEIVE, REASON_MAX = 4096, 4096, 120
# A reader that leaves a frame half taken for this long is cut off.
SEND_S = 10.0
KEY_S = 5.0
# Whoever has said nothing for so long is asked for a sign of life, and cut off without one.
QUIET_S, ANSWER_S = 20.0, 20.0
CLOSE_S = 2.0
POLICY_VIOLATION, GONE, TRY_AGAIN = 1008, 1001, 1013
NO_KEY = "a key was expected"
# Closing a connection with this sends what the kernel holds for it to nobody.
AT_ONCE = struct.pack("ii", 1, 0)


class State(Enum):
    """How far a connection is."""

    KEY_DUE = "key_due"
    WAITING = "waiting"
    READING = "reading"
    CLOSING = "closing"
    ENDED = "ended"


class Home(Protocol):
    """Where readers live: what they ask of all readers' place."""

    def now_s(self) -> float:
        """The time, s, from any beginning."""

    def watch(self, reader: "Reader", *, writable: bool) -> None:
        """Call `writable` of the reader when its connection has room, or no longer."""

    def snapshot(self) -> bytes | None:
        """The frame that a reader begins with; None where it is yet to come."""

    def keyed(self, reader: "Reader", key: str) -> None:
        """A reader has shown a key, and waits for an answer."""

    def ended(self, reader: "Reader", *, cut: bool) -> None:
        """A connection is about to be closed; `cut`: it was reading, and took too little."""


class Reader:
    """A connection, what waits for it, and what it may still do."""

    def __init__(
        self, connection: socket.socket, home: Home, *, number: int, address: str, key_due: bool
    ) -> None:
        """A connection whose handshake is in the bytes to be sent first.

        Arguments:
            number: which of all connections it is; address: where it comes from.
            key_due: whether its first message must be a key.
        """
        self.connection, self.number, self.address = connection, number, address
        self.state = State.KEY_DUE if key_due else State.WAITING
        self.admitted = False
        self._home = home
        self._protocol = ServerProtocol(state=OPEN, max_size=MESSAGE_MAX)
        self._outgoing = Outgoing(connection.send)
        self._said = bytearray()
        self._last = self._watched = False
        self._since_s = self._heard_s = home.now_s()
        self._pinged_s: float | None = None
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def start(self, head: bytes) -> None:
        """Complete the handshake with the answer that the service has worked out."""
        self._outgoing.urgent.append(head)
        self.flush()

    def offer(self, frame: bytes) -> int:
        """Hand over a frame; returns how many frames are lost for it. Others than readers: none."""
        if self.state is not State.READING:
            return 0
        lost = self._outgoing.offer(frame)
        self.flush()
        return lost

    def begin_again(self) -> None:
        """What came before is void: the next frame is a snapshot."""
        if self.state is State.READING:
            self._outgoing.frames.clear()
            self._outgoing.behind = True
            self.flush()

    def admit(self) -> None:
        """Whoever waits may read: the stream begins."""
        assert self.state is State.WAITING, "nobody is let in before they were looked at"
        self.state, self.admitted = State.READING, True
        self.flush()

    def close(self, code: int, reason: str) -> None:
        """Say farewell; the connection ends when the reader has answered, or soon after."""
        if self.state in (State.CLOSING, State.ENDED):
            return
        self.state, self._since_s = State.CLOSING, self._home.now_s()
        self._outgoing.frames.clear()
        try:
            self._protocol.send_close(code, reason.encode()[:REASON_MAX].decode(errors="ignore"))
        except (ConnectionClosed, InvalidState):
            self.end()
            return
        self._answer()
        self.flush()

    def end(self, *, cut: bool = False) -> None:
        """Close the connection; `cut` throws away what it has not taken."""
        if self.state is State.ENDED:
            return
        reading, self.state = self.state is State.READING, State.ENDED
        self._home.ended(self, cut=cut and reading)
        if cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.connection.close()

    def look(self) -> None:
        """Hold the reader to its times."""
        now_s = self._home.now_s()
        stood_s, pinged_s = now_s - self._since_s, self._pinged_s
        late = self.state is State.CLOSING and stood_s > CLOSE_S
        dead = pinged_s is not None and now_s - pinged_s > ANSWER_S
        if late or dead or self._outgoing.held_s(now_s) > SEND_S:
            self.end(cut=True)
        elif self.state is State.KEY_DUE and stood_s > KEY_S:
            self.close(POLICY_VIOLATION, NO_KEY)
        elif pinged_s is None and now_s - self._heard_s > QUIET_S:
            self._pinged_s = now_s
            self._outgoing.urgent.append(Frame(Opcode.PING, b"").serialize(mask=False))
            self.flush()

    def readable(self) -> None:
        """Take what the reader says: a key where one is due, pongs, a farewell; else nothing."""
        try:
            data = self.connection.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end()
            return
        self._heard_s, self._pinged_s = self._home.now_s(), None
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            self._take(event)
        self._answer()
        self.flush()
        if len(self._outgoing.urgent) > URGENT_MAX:
            self.end(cut=True)

    def flush(self) -> None:
        """Send what there is room for; a reader who has it all and is behind gets a snapshot."""
        if self.state is State.ENDED:
            return
        now_s = self._home.now_s()
        try:
            done = self._outgoing.flush(now_s)
            if done and self._outgoing.behind and self.state is State.READING:
                snapshot = self._home.snapshot()
                if snapshot is not None:
                    self._outgoing.begin(snapshot)
                    done = self._outgoing.flush(now_s)
            if done and self._last:
                self._finish(now_s)
        except OSError:
            self.end()
            return
        if self._watched is done:
            self._watched = not done
            self._home.watch(self, writable=not done)

    def _finish(self, now_s: float) -> None:
        """Nothing more is sent; the reader hangs up, or is hung up on soon.

        To close at once, with something unread, would take back what was sent last.
        """
        self._last, self.state, self._since_s = False, State.CLOSING, now_s
        self.connection.shutdown(socket.SHUT_WR)

    def _take(self, event: Any) -> None:
        if self.state is not State.KEY_DUE or not isinstance(event, Frame):
            return
        if event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._said += event.data
            if event.fin:
                self._keyed()

    def _keyed(self) -> None:
        try:
            said = json.loads(bytes(self._said))
        except (ValueError, RecursionError):
            said = None
        self._said.clear()
        if not isinstance(said, dict) or "key" not in said:
            self.close(POLICY_VIOLATION, NO_KEY)
            return
        self.state = State.WAITING
        self._home.keyed(self, str(said["key"])[:200])

    def _answer(self) -> None:
        """Queue what the protocol says: pongs, a farewell, and the end after it."""
        for data in self._protocol.data_to_send():
            if data:
                self._outgoing.urgent.append(data)
            else:
                self._last = True
        if self._last:
            self._outgoing.frames.clear()
            self._outgoing.behind = False
