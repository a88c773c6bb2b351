"""A NATS JetStream as a stream of texts: acknowledged only when the caller says so.

What is not acknowledged comes again: after a crash, a broken connection, or a wait. NATS keeps what
was sent while nobody read.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from trimtab.adapters.streams.socket import reason_of
from trimtab.units import UsageError

EXTRA = "a NATS feed needs the extra `distributed`: pip install 'trimtab[distributed]'"
BATCH = 200
FETCH_S = 0.25
AGAIN_S = 2.0
# Acknowledges a text, or (False) asks for it again after a while.
Settle = Callable[[bool], object]


@dataclass(frozen=True, slots=True)
class Place:
    """Which stream: server, stream, subject, and the durable name under which its place is kept."""

    server: str
    stream: str
    subject: str
    durable: str

    @classmethod
    def parse(cls, address: str) -> "Place":
        """`nats://host:4222/STREAM?subject=trimtab.*&durable=trimtab`.

        Raises:
            UsageError: an address that names no stream.
        """
        parts = urlsplit(address)
        stream = parts.path.strip("/")
        if parts.scheme not in ("nats", "tls") or not parts.hostname or not stream:
            raise UsageError(f"--feed {address}: expected nats://HOST:PORT/STREAM?subject=SUBJECT")
        asked = parse_qs(parts.query)
        subject = asked.get("subject", [f"{stream}.>"])[0]
        durable = asked.get("durable", ["trimtab"])[0]
        return cls(f"{parts.scheme}://{parts.netloc}", stream, subject, durable)


class JetStream:
    """Reads one durable consumer; one thread reads."""

    def __init__(self, place: Place, *, wait_s: float = 0.5) -> None:
        self.place = place
        self.connected = False
        self.connections = 0
        self._wait_s = wait_s
        self._told: Callable[[str], object] = len

    def read(
        self,
        take: Callable[[str, Settle], object],
        stop: Event,
        *,
        told: Callable[[str], object] = len,
    ) -> None:
        """Give every text to `take` until `stop`, with what settles it.

        `take` may block: nothing more is read meanwhile.

        Arguments:
            told: hears, after each try, why there is no connection; empty: there is one.

        Raises:
            UsageError: the library is not installed.
        """
        try:
            import nats
        except ModuleNotFoundError:
            raise UsageError(EXTRA) from None
        self._told = told
        asyncio.run(self._read(nats, take, stop=stop))

    async def _read(self, nats: Any, take: Callable[[str, Settle], object], *, stop: Event) -> None:
        while not stop.is_set():
            why = "the connection broke"
            try:
                await self._connected(nats, take, stop=stop)
            except (OSError, TimeoutError, nats.errors.Error) as error:
                why = reason_of(error)
            self.connected = False
            if not stop.is_set():
                self._told(why)
            await asyncio.sleep(0 if stop.is_set() else self._wait_s)

    async def _connected(
        self, nats: Any, take: Callable[[str, Settle], object], *, stop: Event
    ) -> None:
        """Read until the connection breaks."""
        connection = await nats.connect(self.place.server, allow_reconnect=False, connect_timeout=2)
        try:
            self.connected = True
            self.connections += 1
            self._told("")
            await self._drain(connection, take, stop=stop)
        finally:
            self.connected = False
            with suppress(Exception):  # it is broken already, and another one is made
                await connection.close()

    async def _drain(
        self, connection: Any, take: Callable[[str, Settle], object], *, stop: Event
    ) -> None:
        import nats

        place, loop = self.place, asyncio.get_running_loop()
        consumer = await connection.jetstream().pull_subscribe(
            place.subject, durable=place.durable, stream=place.stream
        )
        while not stop.is_set() and connection.is_connected:
            try:
                messages = await consumer.fetch(BATCH, timeout=FETCH_S)
            except (nats.errors.TimeoutError, TimeoutError):
                continue
            for message in messages:
                text = message.data.decode("utf-8", "replace")
                await asyncio.to_thread(take, text, _settle(message, loop))
        # What was decided meanwhile is still acknowledged.
        await asyncio.sleep(0.05)

    def status(self) -> str:
        """connected, or not."""
        return "connected" if self.connected else "not connected; trying again"


def _settle(message: Any, loop: asyncio.AbstractEventLoop) -> Settle:
    async def done(good: bool) -> None:
        with suppress(Exception):  # a lost acknowledgement brings the text again, as a duplicate
            await (message.ack() if good else message.nak(delay=AGAIN_S))

    def settle(good: bool) -> None:
        with suppress(RuntimeError):  # the loop has ended: it comes again
            asyncio.run_coroutine_threadsafe(done(good), loop)

    return settle
