"""The service's end of the link: whatever the process does, nothing given to it waits."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.apps.service.services import until
from trimtab.apps.service.fanout import link as links
from trimtab.apps.service.fanout.link import FRAMES_MAX, HANDED_MAX, Link
from trimtab.apps.service.fanout.wire import Kind, Unpacker, packed, packed_fields


class Far:
    """The other end, read when the test says so."""

    def __init__(self, end: socket.socket) -> None:
        self.end, self.unpacker = end, Unpacker()
        self.got: list[tuple[Kind, bytes]] = []
        self.descriptors: list[int] = []

    def read(self) -> "Far":
        """Take whatever is there."""
        self.end.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                data, descriptors, _, _ = socket.recv_fds(self.end, 2**16, 64)
                if not data:
                    break
                self.descriptors += descriptors
                self.got += self.unpacker.feed(data)
        return self

    def texts(self) -> list[str]:
        """The frames that came."""
        return [body.decode() for kind, body in self.got if kind is not Kind.READER]


@contextmanager
def linked(**more: Any) -> Iterator[tuple[Link, Far, list[Link]]]:
    ours, theirs = socket.socketpair()
    drained: list[Link] = []
    link = Link(ours, drained=drained.append, **more)
    far = Far(theirs)
    try:
        yield link, far, drained
    finally:
        link.close()
        theirs.close()
        for one in far.descriptors:
            os.close(one)


def test_frames_are_refused_while_the_process_takes_nothing() -> None:
    big = "x" * 10**6
    with linked() as (link, far, drained):
        taken, begun = 0, time.perf_counter()
        while link.offer(Kind.DELTA, f"{taken:02d}{big}"):
            taken += 1
        assert not link.offer(Kind.DELTA, "lost")
        assert time.perf_counter() - begun < 1.0, "nobody waited"
        assert taken in (FRAMES_MAX, FRAMES_MAX + 1), "one is in hand, the others wait"
        assert drained == []
        until(lambda: len(far.read().got) == taken and drained == [link])
        assert [text[:2] for text in far.texts()] == [f"{n:02d}" for n in range(taken)]
        assert link.offer(Kind.SNAPSHOT, "whole")
        until(lambda: far.read().texts()[-1] == "whole")
        assert drained == [link], "it is told once"


def test_answers_go_before_frames() -> None:
    with linked() as (link, far, _):
        for number in range(5):
            link.offer(Kind.DELTA, str(number) * 10**6)
        link.say(Kind.ANSWER, {"reader": 1, "refused": None})
        until(lambda: len(far.read().got) == 6)
        kinds = [kind for kind, _ in far.got]
        assert kinds.index(Kind.ANSWER) <= 2


def test_connections_travel_with_their_message_and_are_ours_no_longer() -> None:
    with linked() as (link, far, _):
        pairs = [socket.socketpair() for _ in range(5)]
        for number, (near, _) in enumerate(pairs):
            assert link.hand(os.dup(near.fileno()), {"number": number})
            near.close()
        until(lambda: len(far.read().got) == 5)
        fields = [json.loads(body) for _, body in far.got]
        assert [one["number"] for one in fields] == list(range(5))
        for one, descriptor, (_, other) in zip(fields, far.descriptors, pairs, strict=True):
            assert os.fstat(descriptor).st_ino == one["inode"]
            other.settimeout(5)
            os.write(descriptor, b"hello")
            assert other.recv(10) == b"hello"
            os.close(descriptor)
            assert other.recv(10) == b"", "there is no other descriptor of it"
            other.close()
        far.descriptors.clear()


def test_only_so_many_connections_wait() -> None:
    ours, theirs = socket.socketpair()
    with linked() as (link, far, _):
        for _ in range(3):
            link.offer(Kind.DELTA, "x" * 10**6)
        time.sleep(0.05)
        handed = 0
        while link.hand(one := os.dup(ours.fileno()), {}):
            handed += 1
        os.close(one)
        assert handed in (HANDED_MAX, HANDED_MAX + 1)
        until(lambda: far.read().got)
    assert not link.hand(ours.fileno(), {}), "it is closed"
    assert not link.offer(Kind.DELTA, "late")
    link.say(Kind.STOP, {})
    ours.close()
    theirs.settimeout(5)
    assert theirs.recv(1) == b"", "what waited is closed with the link"
    theirs.close()


def test_messages_end_with_the_process_or_its_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    with linked() as (link, far, _):
        far.end.sendall(packed(Kind.WANTED) + packed_fields(Kind.LOG, {"event": "x"})[:4])
        heard = link.messages()
        assert next(heard) == (Kind.WANTED, b"")
        far.end.sendall(packed_fields(Kind.LOG, {"event": "x"})[4:])
        assert next(heard) == (Kind.LOG, b'{"event":"x"}')
        far.end.shutdown(socket.SHUT_RDWR)
        assert list(heard) == []
    monkeypatch.setattr(links, "SILENT_S", 0.05)
    with linked() as (link, far, _):
        far.end.sendall(packed(Kind.NOBODY))
        assert list(link.messages()) == [(Kind.NOBODY, b"")]
