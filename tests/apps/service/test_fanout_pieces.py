"""The stream's process in pieces: messages, what waits for one reader, the snapshot of now."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.apps.service.fanout.outgoing import FRAMES_MAX, Outgoing
from trimtab.apps.service.fanout.whole import WAITING_MAX, Whole
from trimtab.apps.service.fanout.wire import HEADER, Kind, Unpacker, packed, packed_fields

MESSAGES = st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=300)), max_size=20)


@given(MESSAGES, st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_messages_come_out_as_they_went_in(
    messages: list[tuple[Kind, bytes]], cuts: list[int]
) -> None:
    sent = b"".join(packed(kind, body) for kind, body in messages)
    unpacker, found, at = Unpacker(), [], 0
    while at < len(sent):
        size = cuts[at % len(cuts)]
        found += unpacker.feed(sent[at : at + size])
        at += size
    assert found == messages
    assert unpacker.feed(b"") == []


def test_fields_are_the_body_and_its_length_is_ahead() -> None:
    message = packed_fields(Kind.KEY, {"key": "ä\n", "reader": 7})
    assert HEADER.unpack_from(message) == (Kind.KEY, len(message) - HEADER.size)
    ((kind, body),) = Unpacker().feed(message)
    assert (kind, json.loads(body)) == (Kind.KEY, {"key": "ä\n", "reader": 7})


class Wire:
    """A connection with so much room."""

    def __init__(self, room: int = 0) -> None:
        self.room, self.got = room, b""

    def send(self, data: memoryview) -> int:
        taken = min(self.room, len(data))
        if not taken:
            raise BlockingIOError
        self.room -= taken
        self.got += bytes(data[:taken])
        return taken


def numbered(count: int) -> list[bytes]:
    return [f"<{number:04d}>".encode() for number in range(count)]


@given(st.lists(st.integers(0, 40), max_size=120))
def test_a_reader_gets_whole_frames_in_order_or_a_snapshot(rooms: list[int]) -> None:
    wire = Wire()
    out = Outgoing(wire.send)
    out.begin(b"<snap>")
    lost, offered = 0, numbered(len(rooms))
    for now, (frame, room) in enumerate(zip(offered, rooms, strict=True)):
        lost += out.offer(frame)
        wire.room += room
        if out.flush(now) and out.behind:
            out.begin(frame.replace(b"<", b"<S"))
        assert len(out.frames) <= FRAMES_MAX
    wire.room = 10**6
    assert out.flush(len(rooms))
    frames = wire.got.replace(b"><", b">,<").split(b",")
    seen = [int(one.strip(b"<S>")) for one in frames[1:]]
    assert frames[0] == b"<snap>"
    assert seen == sorted(set(seen))
    for before, after in pairwise(frames[1:]):
        gap = int(after.strip(b"<S>")) - int(before.strip(b"<S>"))
        assert gap == 1 or after.startswith(b"<S"), "what is skipped, a snapshot stands for"
    assert lost >= len(rooms) - len(seen)


def test_a_full_queue_is_dropped_and_counted() -> None:
    wire = Wire(3)
    out = Outgoing(wire.send)
    out.begin(b"<snap>")
    assert not out.flush(1.0)
    assert [out.offer(frame) for frame in numbered(FRAMES_MAX)] == [0] * FRAMES_MAX
    assert out.offer(b"<more>") == FRAMES_MAX + 1
    assert (out.behind, len(out.frames), out.offer(b"<last>")) == (True, 0, 1)
    out.urgent.append(b"<pong>")
    assert out.held_s(4.0) == 3.0
    wire.room = 100
    assert out.flush(5.0)
    assert wire.got == b"<snap><pong>", "half a frame is finished before anything else"
    assert out.held_s(9.0) == 0.0


def delta(number: int, **more: Any) -> bytes:
    frame = {"type": "delta", "version": number, "as_of": f"t{number}", "overview": {}}
    return json.dumps(frame | {"events": [{"number": number}]} | more).encode()


def test_a_snapshot_follows_what_comes() -> None:
    whole = Whole()
    assert whole.text() is None
    assert not whole.follow(delta(1)), "there is nothing to follow"
    first = {"type": "snapshot", "version": 1, "as_of": "t1", "overview": {"a": 1, "b": 1}}
    text = json.dumps(first | {"worst": [1], "events": []}).encode()
    whole.begin(text)
    assert whole.text() == text
    for number in range(2, 300):
        assert whole.follow(delta(number, overview={"b": number}))
        assert len(whole._waiting) < WAITING_MAX
    assert whole.follow(delta(300, worst=[2]))
    found = json.loads(whole.text() or b"")
    assert (found["version"], found["as_of"], found["worst"]) == (300, "t300", [2])
    assert found["overview"] == {"a": 1, "b": 299}
    assert [one["number"] for one in found["events"]] == list(range(101, 301))
    assert whole.text() is whole.text(), "it is made once"
    whole.clear()
    assert whole.text() is None


@pytest.mark.parametrize("kind", Kind)
def test_kinds_fit_into_a_byte(kind: Kind) -> None:
    assert Unpacker().feed(packed(kind)) == [(kind, b"")]
