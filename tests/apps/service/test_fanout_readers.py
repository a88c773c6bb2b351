"""Readers of the stream's process, each behind a real socket: frames, limits, farewells."""

import asyncio
import json
from typing import Any

import pytest
from websockets.frames import CloseCode, Opcode

from tests.apps.service.crowds import SNAPSHOT, delta, looked, place
from trimtab.apps.service.fanout import crowd as crowds
from trimtab.apps.service.fanout import reader as readers
from trimtab.apps.service.fanout.crowd import framed, resident_bytes
from trimtab.apps.service.fanout.wire import Kind


def test_readers_get_a_snapshot_and_what_follows() -> None:
    async def story() -> None:
        async with place() as here:
            first = here.joined()
            assert [kind for kind, _ in here.told()] == [Kind.WANTED]
            here.crowd.follow(delta(1))
            here.crowd.begin(SNAPSHOT)
            here.crowd.follow(delta(2))
            second = here.joined()
            here.crowd.follow(delta(3))
            assert here.told() == [], "the snapshot for the second costs the service nothing"
            await first.read(lambda one: len(one.texts) == 3)
            await second.read(lambda one: len(one.texts) == 2)
            assert [one["version"] for one in first.texts] == [1, 2, 3]
            assert [(one["type"], one["version"]) for one in second.texts] == [
                *(("snapshot", 2), ("delta", 3)),
            ]
            first.end.close()
            second.end.close()
            await looked(here.crowd, 5, lambda: not len(here.crowd))
            assert [kind for kind, _ in here.told()] == [Kind.NOBODY]
            late = here.joined()
            here.crowd.follow(delta(4))
            await asyncio.sleep(0.05)
            assert [kind for kind, _ in here.told()] == [Kind.WANTED]
            here.crowd.begin(SNAPSHOT)
            await late.read(lambda one: one.texts)
            assert [one["type"] for one in late.texts] == ["snapshot"]

    asyncio.run(story())


def test_whoever_never_reads_is_dropped_then_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "SEND_S", 0.3)

    async def story() -> None:
        async with place() as here:
            stuck, good = here.joined(room=4096), here.joined()
            here.crowd.begin(SNAPSHOT)
            for number in range(2, 60):
                here.crowd.follow(delta(number, 20_000))
                await good.read(lambda one, number=number: len(one.texts) >= number)
            assert [one["version"] for one in good.texts] == list(range(1, 60))
            counts = here.crowd.counts()
            assert (counts.readers, counts.cut) == (2, 0)
            # At most 64 KiB lie in the server's system, some in the reader's, 16 frames here.
            assert 58 - 16 - 8 <= counts.dropped < 58
            await looked(here.crowd, 5, lambda: len(here.crowd) == 1)
            assert here.crowd.counts().cut == 1
            await stuck.read(lambda one: one.over)
            assert stuck.code is None, "there was no room for a word of farewell"
            here.crowd.follow(delta(60))
            await good.read(lambda one: len(one.texts) == 60)

    asyncio.run(story())


def test_whoever_was_behind_and_reads_again_gets_a_snapshot() -> None:
    async def story() -> None:
        async with place() as here:
            slow = here.joined(room=4096)
            here.crowd.begin(SNAPSHOT)
            for number in range(2, 60):
                here.crowd.follow(delta(number, 20_000))
            dropped = here.crowd.counts().dropped
            await slow.read(lambda one: one.texts[-1:] and one.texts[-1]["version"] == 59)
            here.crowd.follow(delta(60))
            await slow.read(lambda one: one.texts[-1]["version"] == 60)
            types = [one["type"] for one in slow.texts]
            again = types.index("snapshot", 1)
            assert types.count("snapshot") == 2
            assert [one["version"] for one in slow.texts[:again]] == list(range(1, again + 1))
            assert [one["version"] for one in slow.texts[again:]] == [59, 60]
            assert dropped == 59 - again

    asyncio.run(story())


def test_keys_are_asked_for_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "KEY_S", 0.2)

    async def story() -> None:
        async with place() as here:
            shown, silent, wrong, odd = (here.joined(key_due=True) for _ in range(4))
            here.crowd.begin(SNAPSHOT)
            await shown.text(b'{"key": "trimtab_1"}')
            await wrong.text(b'{"key": "trimtab_2"}')
            await odd.text(b"[1]")
            asked: list[dict[str, Any]] = []

            def heard() -> bool:
                asked.extend(json.loads(body) for kind, body in here.told() if kind is Kind.KEY)
                return len(asked) == 2

            await looked(here.crowd, 5, heard)
            numbers = {one["key"]: one["reader"] for one in asked}
            assert {one["address"] for one in asked} == {"127.0.0.1"}
            assert here.crowd.counts().readers == 0
            here.crowd.answer(numbers["trimtab_1"], None)
            here.crowd.answer(numbers["trimtab_1"], None)
            here.crowd.answer(numbers["trimtab_2"], "there is no such key")
            here.crowd.answer(99, None)
            assert [kind for kind, _ in here.told()] == [Kind.WANTED]
            here.crowd.begin(SNAPSHOT)
            await shown.read(lambda one: one.texts)
            await looked(here.crowd, 5, lambda: here.crowd.counts().readers == 1)
            for refused in (silent, wrong, odd):
                reading = asyncio.ensure_future(refused.read(lambda one: one.over))
                await looked(here.crowd, 5, reading.done)
                assert (refused.code, refused.texts) == (CloseCode.POLICY_VIOLATION, [])

    asyncio.run(story())


def test_rooms_are_bounded() -> None:
    async def story() -> None:
        async with place(readers_max=2, strangers_max=1) as here:
            kept = [here.joined() for _ in range(2)]
            third, stranger, another = here.joined(), *(here.joined(key_due=True) for _ in "ab")
            for refused in (third, another):
                await refused.read(lambda one: one.over)
                assert refused.code == CloseCode.TRY_AGAIN_LATER
            here.crowd.begin(SNAPSHOT)
            for one in kept:
                await one.read(lambda one: one.texts)
            assert stranger.code is None

    asyncio.run(story())


def test_noise_is_bounded_and_pings_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "HEARTBEAT_S", 0.05)

    async def story() -> None:
        async with place() as here:
            polite, loud, flood = (here.joined() for _ in range(3))
            here.crowd.begin(SNAPSHOT)
            polite.protocol.send_ping(b"well?")
            await polite.say()
            await polite.text(b"whatever")
            await polite.read(lambda one: any(f.opcode is Opcode.PONG for f in one.got))
            await loud.text(b"x" * 5000)
            await loud.read(lambda one: one.over)
            assert loud.code == CloseCode.MESSAGE_TOO_BIG
            await flood.read(lambda one: one.texts)
            await asyncio.get_running_loop().sock_sendall(flood.end, b"not a frame at all")
            await flood.read(lambda one: one.over)
            assert flood.code == CloseCode.PROTOCOL_ERROR
            reading = asyncio.ensure_future(
                polite.read(lambda one: one.texts[-1:] == [{"type": "heartbeat"}])
            )
            await looked(here.crowd, 5, reading.done)
            assert here.crowd.counts().readers == 1

    asyncio.run(story())


def test_the_silent_are_asked_for_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "QUIET_S", 0.1)
    monkeypatch.setattr(readers, "ANSWER_S", 0.3)

    async def story() -> None:
        async with place() as here:
            alive, dead = here.joined(), here.joined()
            here.crowd.begin(SNAPSHOT)
            reading = asyncio.ensure_future(
                alive.read(lambda one: sum(f.opcode is Opcode.PING for f in one.got) > 4)
            )
            await looked(here.crowd, 5, reading.done)
            assert (len(here.crowd), here.crowd.counts().cut) == (1, 1)
            await dead.read(lambda one: one.over)
            assert dead.over
            assert not alive.over

    asyncio.run(story())


def test_farewell_reaches_everybody() -> None:
    async def story() -> None:
        async with place() as here:
            all_of_them = [here.joined(), here.joined(), here.joined(key_due=True)]
            here.crowd.begin(SNAPSHOT)
            here.crowd.farewell()
            for one in all_of_them:
                await one.read(lambda one: one.over)
                assert one.code == CloseCode.GOING_AWAY
            await looked(here.crowd, 5, lambda: not len(here.crowd))

    asyncio.run(story())


def test_a_frame_is_the_same_bytes_for_all() -> None:
    assert framed(b"abc") == b"\x81\x03abc"
    assert framed(b"x" * 300)[:4] == b"\x81\x7e\x01\x2c"
    assert 10**6 < resident_bytes() < 10**11
