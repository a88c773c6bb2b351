"""Readers for tests of the stream's process: both ends of real connections, in one loop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from trimtab.apps.service.fanout.crowd import Crowd
from trimtab.apps.service.fanout.wire import Kind, Unpacker

SNAPSHOT = json.dumps(
    {"type": "snapshot", "version": 1, "as_of": "", "overview": {}, "worst": [], "events": []}
).encode()


def delta(number: int, size: int = 0) -> bytes:
    frame = {"type": "delta", "version": number, "as_of": "x" * size, "overview": {}, "events": []}
    return json.dumps(frame).encode()


class Other:
    """The other end of a connection: what a reader's own program sees and says."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.protocol = ClientProtocol(parse_uri("ws://x/"), state=OPEN, max_size=None)
        self.got: list[Frame] = []
        self.over = False

    async def read(self, done: Callable[["Other"], Any], seconds: float = 5) -> None:
        """Read until something is true, or the connection is closed."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            while not done(self) and not self.over:
                try:
                    data = await loop.sock_recv(self.end, 2**20)
                except ConnectionError:
                    data = b""
                if data:
                    self.protocol.receive_data(data)
                self.over = not data
                events = self.protocol.events_received()
                self.got += [one for one in events if isinstance(one, Frame)]
                if self.over:
                    self.end.close()
                else:
                    await self.say()

    async def say(self) -> None:
        """Send what the protocol has to say, if anybody still hears it."""
        for data in filter(None, self.protocol.data_to_send()):
            with suppress(ConnectionError):
                await asyncio.get_running_loop().sock_sendall(self.end, data)

    async def text(self, text: bytes) -> None:
        """Send a text."""
        self.protocol.send_text(text)
        await self.say()

    @property
    def texts(self) -> list[dict[str, Any]]:
        """The texts that came."""
        return [json.loads(one.data) for one in self.got if one.opcode is Opcode.TEXT]

    @property
    def code(self) -> int | None:
        """The code of the farewell that came."""
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd else None


class Place:
    """A crowd, what it has told the service, and connections to it."""

    def __init__(self, crowd: Crowd, told: bytearray) -> None:
        self.crowd, self._told = crowd, told
        self.listener = socket.create_server(("127.0.0.1", 0))

    def told(self) -> list[tuple[Kind, bytes]]:
        """What the service has been told since it was last asked."""
        found = Unpacker().feed(bytes(self._told))
        self._told.clear()
        return found

    def joined(self, *, key_due: bool = False, room: int | None = None) -> Other:
        """A further connection; `room` is what its system holds for its reader."""
        end = socket.socket()
        if room is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        end.connect(self.listener.getsockname())
        end.setblocking(False)
        fields = {"address": "127.0.0.1", "key_due": key_due, "head": ""}
        self.crowd.join(self.listener.accept()[0], fields)
        return Other(end)


@asynccontextmanager
async def place(**limits: int) -> AsyncIterator[Place]:
    told = bytearray()
    crowd = Crowd(asyncio.get_running_loop(), told.extend, **limits)
    found = Place(crowd, told)
    try:
        yield found
    finally:
        crowd.farewell()
        found.listener.close()


async def looked(crowd: Crowd, seconds: float, done: Callable[[], Any]) -> None:
    """Let a crowd look after its readers until something is true."""
    async with asyncio.timeout(seconds):
        while not done():
            crowd.look()
            await asyncio.sleep(0.01)
