"""All readers of the stream: who may join, what they are sent, and what is counted."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from websockets.frames import Frame, Opcode

from trimtab.apps.service.fanout.reader import (
    GONE,
    POLICY_VIOLATION,
    TRY_AGAIN,
    Reader,
    State,
)
from trimtab.apps.service.fanout.whole import Whole
from trimtab.apps.service.fanout.wire import Counts, Kind, packed, packed_fields

READERS_MAX = 1000
# Connections whose key is not yet known to be good have room of their own: they keep nobody out.
STRANGERS_MAX = 1000
# Where nothing moves, this says that the connection is alive.
HEARTBEAT_S, HEARTBEAT = 5.0, b'{"type":"heartbeat"}'
FULL = "too many readers"


def framed(text: bytes) -> bytes:
    """A text as a WebSocket frame of a server: the same bytes for every reader."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class Crowd:
    """Readers in one event loop; what one does or leaves undone costs the others nothing."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[bytes], object],
        *,
        readers_max: int = READERS_MAX,
        strangers_max: int = STRANGERS_MAX,
    ) -> None:
        """Nobody reads yet.

        Arguments:
            tell: takes messages for the service.
        """
        self._loop, self._tell = loop, tell
        self._max = readers_max
        self._strangers_max = strangers_max
        self._all: dict[int, Reader] = {}
        self._joined = 0
        self._readers = 0
        self._whole = Whole()
        self._snapshot: bytes | None = None
        self._sent_s = loop.time()
        self._dropped = self._cut = 0

    def __len__(self) -> int:
        """Connections of any state."""
        return len(self._all)

    def join(self, connection: socket.socket, fields: Mapping[str, Any]) -> None:
        """Take over a connection.

        Arguments:
            fields: `address`, `key_due`, and `head`, the answer that completes the handshake.
        """
        self._joined += 1
        key_due, address = bool(fields["key_due"]), str(fields["address"])
        try:
            reader = Reader(connection, self, number=self._joined, address=address, key_due=key_due)
        except OSError:
            connection.close()
            return
        full = key_due and len(self._all) - self._readers >= self._strangers_max
        self._all[reader.number] = reader
        self._loop.add_reader(connection, reader.readable)
        reader.start(str(fields["head"]).encode("latin-1"))
        if full:
            reader.close(TRY_AGAIN, FULL)
        elif not key_due:
            self._admit(reader)

    def answer(self, number: int, refused: str | None) -> None:
        """The service has looked at a reader's key; `refused` says why it is not good."""
        reader = self._all.get(number)
        if reader is None or reader.state is not State.WAITING:
            return
        if refused is None:
            self._admit(reader)
        else:
            reader.close(POLICY_VIOLATION, refused)

    def _admit(self, reader: Reader) -> None:
        if reader.state is not State.WAITING:
            return
        if self._readers >= self._max:
            reader.close(TRY_AGAIN, FULL)
            return
        self._readers += 1
        if self._readers == 1:
            self._tell(packed(Kind.WANTED))
        reader.admit()

    def begin(self, snapshot: bytes) -> None:
        """Everybody starts over from a snapshot."""
        if not self._readers:
            return
        self._whole.begin(snapshot)
        self._snapshot, self._sent_s = None, self._loop.time()
        for reader in list(self._all.values()):
            reader.begin_again()

    def follow(self, delta: bytes) -> None:
        """Send a delta to everybody who keeps up."""
        if self._whole.follow(delta):
            self._snapshot = None
            self._send(framed(delta))

    def _send(self, frame: bytes) -> None:
        self._sent_s = self._loop.time()
        for reader in list(self._all.values()):
            self._dropped += reader.offer(frame)

    def look(self) -> None:
        """Hold everybody to their times, and say that the connection is alive."""
        if self._loop.time() - self._sent_s >= HEARTBEAT_S:
            self._send(framed(HEARTBEAT))
        for reader in list(self._all.values()):
            reader.look()

    def counts(self) -> Counts:
        """What is counted now."""
        return Counts(self._readers, self._dropped, self._cut, resident_bytes())

    def farewell(self) -> None:
        """The service goes: close every connection."""
        for reader in list(self._all.values()):
            reader.close(GONE, "the service goes away")

    def now_s(self) -> float:
        """The loop's time, s."""
        return self._loop.time()

    def watch(self, reader: Reader, *, writable: bool) -> None:
        """Look out for room in a connection, or no longer."""
        if writable:
            self._loop.add_writer(reader.connection, reader.flush)
        else:
            self._loop.remove_writer(reader.connection)

    def snapshot(self) -> bytes | None:
        """The snapshot of now as a frame, made once for all who need it."""
        if self._snapshot is None:
            text = self._whole.text()
            self._snapshot = None if text is None else framed(text)
        return self._snapshot

    def keyed(self, reader: Reader, key: str) -> None:
        """Ask the service about a reader's key."""
        fields = {"reader": reader.number, "key": key, "address": reader.address}
        self._tell(packed_fields(Kind.KEY, fields))

    def ended(self, reader: Reader, *, cut: bool) -> None:
        """Forget a connection that is about to be closed."""
        self._loop.remove_reader(reader.connection)
        self._loop.remove_writer(reader.connection)
        self._all.pop(reader.number, None)
        self._cut += cut
        self._readers -= reader.admitted
        if reader.admitted and not self._readers:
            self._whole.clear()
            self._snapshot = None
            self._tell(packed(Kind.NOBODY))


def resident_bytes() -> int:
    """The memory that this process holds resident; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
