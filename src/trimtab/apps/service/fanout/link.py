"""The service's end of the link to the stream's process: nothing that is given to it waits.

The policy of its queues: 16 frames may wait, a further one is refused, and once there is room again
a snapshot is asked for, as for any reader. 256 connections may wait to be handed over; a further
one is refused. Answers are kept: there are never more than connections that wait for one.
"""

import contextlib
import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from threading import Condition, Thread
from typing import Any

from trimtab.apps.service.fanout.wire import Kind, Unpacker, packed, packed_fields

FRAMES_MAX, HANDED_MAX = 16, 256
RECEIVE = 64 * 1024
# The process counts every second; one that has said nothing for this long hangs.
SILENT_S = 30.0


class Link:
    """What waits to be sent to one process, and what that process says."""

    def __init__(self, end: socket.socket, *, drained: Callable[["Link"], object]) -> None:
        """A link that sends from a thread of its own.

        Arguments:
            drained: is told once there is room again after a frame was refused.
        """
        self._end, self._drained = end, drained
        self._frames: deque[bytes] = deque()
        self._urgent: deque[tuple[bytes, int | None]] = deque()
        self._handed = 0
        self._refused = self._closed = False
        self._changed = Condition()
        self._sender = Thread(target=self._send, name="stream-link", daemon=True)
        self._sender.start()

    def offer(self, kind: Kind, text: str) -> bool:
        """Queue a frame; False where there is no room for it."""
        message = packed(kind, text.encode())
        with self._changed:
            if self._closed or len(self._frames) >= FRAMES_MAX:
                self._refused = True
                return False
            self._frames.append(message)
            self._changed.notify()
        return True

    def say(self, kind: Kind, fields: Mapping[str, Any]) -> None:
        """Queue a short message, before all frames."""
        with self._changed:
            if not self._closed:
                self._urgent.append((packed_fields(kind, fields), None))
                self._changed.notify()

    def hand(self, descriptor: int, fields: Mapping[str, Any]) -> bool:
        """Hand a connection over; False, and the descriptor stays the caller's: no room."""
        about = {**fields, "inode": os.fstat(descriptor).st_ino}
        with self._changed:
            if self._closed or self._handed >= HANDED_MAX:
                return False
            self._handed += 1
            self._urgent.append((packed_fields(Kind.READER, about), descriptor))
            self._changed.notify()
        return True

    def messages(self) -> Iterator[tuple[Kind, bytes]]:
        """What the process says, until it is gone or says nothing for too long."""
        unpacker, poll = Unpacker(), select.poll()
        poll.register(self._end, select.POLLIN)
        while poll.poll(1000 * SILENT_S):
            try:
                data = self._end.recv(RECEIVE)
            except OSError:
                return
            if not data:
                return
            yield from unpacker.feed(data)

    def close(self) -> None:
        """End the link: the process sees it, and what waits is given up."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        with contextlib.suppress(OSError):  # the process may have ended it
            self._end.shutdown(socket.SHUT_RDWR)
        self._sender.join()
        for _, descriptor in self._urgent:
            if descriptor is not None:
                os.close(descriptor)
        self._urgent.clear()
        self._end.close()

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._urgent or self._frames)
                if self._closed:
                    return
                data, descriptor = self._next()
                roomy = self._refused and not self._frames
                self._refused = self._refused and not roomy
            try:
                self._sent(data, descriptor)
            except OSError:
                return  # whoever hears the process sees that it is gone
            if roomy:
                self._drained(self)

    def _next(self) -> tuple[bytes, int | None]:
        if not self._urgent:
            return self._frames.popleft(), None
        data, descriptor = self._urgent.popleft()
        self._handed -= descriptor is not None
        return data, descriptor

    def _sent(self, data: bytes, descriptor: int | None) -> None:
        if descriptor is None:
            self._end.sendall(data)
            return
        try:
            first = socket.send_fds(self._end, [data], [descriptor])
        finally:
            os.close(descriptor)
        self._end.sendall(memoryview(data)[first:])
