"""The stream's process: its end of the link to the service, and its life.

It lives as long as the link: the service says STOP, or is gone, and every reader is told farewell.
"""

import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from trimtab.apps.service.fanout.crowd import Crowd
from trimtab.apps.service.fanout.wire import Kind, Unpacker, packed_fields

RECEIVE, DESCRIPTORS = 256 * 1024, 64
LOOK_S, COUNTS_S = 0.5, 1.0
FAREWELL_S = 1.0
# Logs and counts are left out where the service does not listen; keys and wants are not.
BACKLOG_MAX = 256 * 1024


class ServiceEnd:
    """Hears the service, and tells it what it asked to know."""

    def __init__(self, link: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        link.setblocking(False)
        self._link, self._loop = link, loop
        self._unpacker = Unpacker()
        self._descriptors: deque[int] = deque()
        self._backlog = bytearray()
        self._over = asyncio.Event()
        self._counted_s = float("-inf")
        self._looking: asyncio.Handle | None = None
        self.crowd = Crowd(loop, self.tell)

    async def serve(self) -> None:
        """Serve readers until the service says so, or is gone."""
        self._loop.add_reader(self._link, self._readable)
        self._looking = self._loop.call_soon(self._look)
        await self._over.wait()
        if self._looking is not None:
            self._looking.cancel()
        self._loop.remove_reader(self._link)
        self.crowd.farewell()
        end_s = self._loop.time() + FAREWELL_S
        while len(self.crowd) and self._loop.time() < end_s:
            await asyncio.sleep(0.01)

    def tell(self, message: bytes) -> None:
        """Send a message to the service, now or when there is room."""
        waiting = bool(self._backlog)
        self._backlog += message
        if not waiting:
            self._send()

    def log(self, level: str, event: str, *, about: Mapping[str, Any]) -> None:
        """Write into the service's log."""
        if len(self._backlog) < BACKLOG_MAX:
            fields = {"level": level, "event": event, "about": dict(about)}
            self.tell(packed_fields(Kind.LOG, fields))

    def _send(self) -> None:
        try:
            sent = self._link.send(self._backlog)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._over.set()
            return
        del self._backlog[:sent]
        if self._backlog:
            self._loop.add_writer(self._link, self._send)
        else:
            self._loop.remove_writer(self._link)

    def _readable(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._link, RECEIVE, DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        self._descriptors.extend(descriptors)
        if not data:
            self._over.set()
            return
        for kind, body in self._unpacker.feed(data):
            self._heard(kind, body)

    def _heard(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.DELTA:
            self.crowd.follow(body)
        elif kind is Kind.SNAPSHOT:
            self.crowd.begin(body)
        elif kind is Kind.READER:
            self._join(json.loads(body))
        elif kind is Kind.ANSWER:
            fields = json.loads(body)
            self.crowd.answer(fields["reader"], fields["refused"])
        elif kind is Kind.STOP:
            self._over.set()

    def _join(self, fields: Mapping[str, Any]) -> None:
        """Take the descriptor that came with a message; one that was lost on the way is nobody's.

        The system drops descriptors that a process has no room for: each is known by its inode.
        """
        if not self._descriptors or os.fstat(self._descriptors[0]).st_ino != fields["inode"]:
            self.log("warning", "stream_reader_lost", about={"address": fields["address"]})
            return
        connection = socket.socket(fileno=self._descriptors.popleft())
        self.crowd.join(connection, fields)

    def _look(self) -> None:
        # First of all: whatever fails below is logged, and looked at again.
        self._looking = self._loop.call_later(LOOK_S, self._look)
        self.crowd.look()
        now_s = self._loop.time()
        if now_s - self._counted_s >= COUNTS_S and len(self._backlog) < BACKLOG_MAX:
            self._counted_s = now_s
            self.tell(packed_fields(Kind.COUNTS, asdict(self.crowd.counts())))
