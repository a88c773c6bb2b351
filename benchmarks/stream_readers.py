"""Readers of the stream for the benchmark: light, since they stand for other machines.

`python -m benchmarks.stream_readers PORT READERS` connects them, says so, and counts frames and
bytes between two lines on its standard input. With more than one, the first never reads: it is
connected again when the server has cut it off. It gives way to everybody (nice 19).
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time

REQUEST = (
    "GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ROOM = 4096
HEADER_MAX = 10


class Reader:
    """A connection, and how many frames have come whole."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(REQUEST.format(port=port).encode())
        self.frames = self.bytes = self.due = 0
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(2**16)
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        assert b" 101 " in head, "the stream takes readers"
        self.socket.setblocking(False)

    def take(self) -> None:
        """Count what has come, by the lengths that frames begin with."""
        data = self.socket.recv(2**18)
        assert data, "the server keeps whoever reads"
        self.bytes += len(data)
        data, at = self.rest + data, 0
        while True:
            if self.due > len(data) - at:
                self.due -= len(data) - at
                self.rest = b""
                return
            at, self.frames, self.due = at + self.due, self.frames + (self.due > 0), 0
            if len(data) - at < HEADER_MAX:
                self.rest = data[at:]
                return
            self.due = _whole_size(data[at : at + HEADER_MAX])


def _whole_size(head: bytes) -> int:
    """The size of a frame that a server sends, its header included."""
    short = head[1]
    if short < 126:
        return 2 + short
    if short == 126:
        return 4 + int.from_bytes(head[2:4], "big")
    return 10 + int.from_bytes(head[2:10], "big")


class Stuck:
    """One reader who never reads, and whose system has little room for it."""

    def __init__(self, port: int, poll: select.epoll) -> None:
        self.port, self.poll, self.cut = port, poll, 0
        self.lived_s: list[float] = []
        self.connect()

    def connect(self) -> None:
        """Come again."""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.sendall(REQUEST.format(port=self.port).encode())
        self.since = time.perf_counter()
        # Errors are told without being asked for, and nothing else is.
        self.poll.register(self.socket, 0)

    def ended(self) -> None:
        """The server has cut the connection off."""
        self.cut += 1
        self.lived_s.append(time.perf_counter() - self.since)
        self.poll.unregister(self.socket)
        self.socket.close()
        self.connect()


def run(port: int, readers: int) -> None:
    """Connect, count between two words, say what was counted."""
    poll = select.epoll()
    stuck = Stuck(port, poll) if readers > 1 else None
    crowd = [Reader(port) for _ in range(readers - (stuck is not None))]
    by_number = {one.socket.fileno(): one for one in crowd}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    print("connected", flush=True)
    for _ in range(2):
        begun = time.perf_counter()
        for one in crowd:
            one.frames = one.bytes = 0
        _until_told(poll, by_number, stuck=stuck)
    took = time.perf_counter() - begun
    frames = [one.frames for one in crowd]
    found = {
        "least_hz": min(frames) / took,
        "bytes": sum(one.bytes for one in crowd) / max(1, sum(frames)),
        "cut": stuck.cut if stuck else 0,
        "lived_s": stuck.lived_s[0] if stuck and stuck.lived_s else 0.0,
    }
    print(json.dumps(found), flush=True)


def _until_told(poll: select.epoll, crowd: dict[int, Reader], *, stuck: Stuck | None) -> None:
    """Read until a line or the end comes on the standard input."""
    while True:
        for number, _ in poll.poll():
            reader = crowd.get(number)
            if reader is not None:
                reader.take()
            elif stuck is not None and number == stuck.socket.fileno():
                stuck.ended()
            else:
                os.read(number, 100)
                return


if __name__ == "__main__":
    # They stand for other machines: they take what the two cores have left.
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    run(int(sys.argv[1]), int(sys.argv[2]))
    # They go without a word: five hundred farewells are not measured.
    os._exit(0)
