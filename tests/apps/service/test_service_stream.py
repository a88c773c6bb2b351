"""The stream: whole first, then what changed; slow readers cost a bounded amount and no time."""

import json
import socket
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.apps.service.services import HandClock, Taken, listening, quiet, running, until
from trimtab.apps.service.fanout.outgoing import FRAMES_MAX
from trimtab.apps.service.fanout.whole import Whole
from trimtab.apps.service.fanout.wire import Kind
from trimtab.apps.service.hub import Hub
from trimtab.apps.service.metrics import metrics_text
from trimtab.apps.service.running import Service, due_after
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import WAD


def move(service: Service, price: int, *, asset: str = "ETH") -> None:
    service.writer.group([Work((c.SetPrices(0, ((asset, price * WAD),)),), "desk")])
    assert service.board.refresh()
    service.hub.publish()


def fresh(service: Service) -> dict[str, Any]:
    """What somebody who comes now is shown."""
    taken = Taken()
    service.hub.begin(taken)
    (frame,) = taken.frames
    return frame


def test_deltas_over_a_snapshot_are_the_venue() -> None:
    service, taken = quiet(), Taken()
    service.hub.begin(taken)
    for price in (190, 185, 120):
        move(service, price)
    assert taken.kinds == [Kind.SNAPSHOT, Kind.DELTA, Kind.DELTA, Kind.DELTA]
    whole = taken.frames[0]
    for delta in taken.frames[1:]:
        whole["overview"] |= delta["overview"]
        whole["worst"] = delta.get("worst", whole["worst"])
        whole["version"] = delta["version"]
    now = fresh(service)
    assert whole["overview"] == now["overview"]
    assert whole["worst"] == now["worst"]
    assert whole["overview"]["prices"]["ETH"] == "120"


def test_the_snapshot_that_follows_is_the_one_the_service_makes() -> None:
    service, taken, whole = quiet(), Taken(), Whole()
    service.hub.begin(taken)
    whole.begin(json.dumps(taken.frames[0]).encode())
    for number in range(70):
        if number % 7 == 0:
            names = [f"new-{number}-{n}" for n in range(90 if number == 35 else 3)]
            deposits = tuple(
                c.Deposit(0, f"{name}-{k}", "ETH", WAD) for name in names for k in "abc"
            )
            service.writer.group([Work(deposits, "desk", decide=False)])
        move(service, 190 - number)
        assert whole.follow(json.dumps(taken.frames[-1]).encode())
    assert max(frame.get("events_skipped", 0) for frame in taken.frames) == 70
    found = whole.text()
    assert found is not None
    assert json.loads(found) == fresh(service)


def test_an_outlet_without_room_gets_a_snapshot_next() -> None:
    service, taken = quiet(), Taken(room=2)
    service.hub.begin(taken)
    for price in (190, 180, 170):
        move(service, price)
    assert (taken.kinds, service.hub.refused) == ([Kind.SNAPSHOT, Kind.DELTA], 2)
    taken.room = 10
    service.hub.resume(taken)
    service.hub.resume(taken)
    move(service, 160)
    assert taken.kinds[2:] == [Kind.SNAPSHOT, Kind.DELTA]
    assert taken.frames[2]["overview"]["prices"]["ETH"] == "170"
    service.hub.resume(Taken(room=0))
    assert service.hub.refused == 2, "nobody asked for it"


def test_events_are_told_once_and_in_order() -> None:
    service, taken = quiet(), Taken()
    service.hub.begin(taken)
    deposits = tuple(c.Deposit(0, f"new-{n:03d}", "ETH", WAD) for n in range(300))
    service.writer.group([Work(deposits, "desk", decide=False)])
    service.board.refresh()
    service.hub.publish()
    move(service, 190)
    first, second = taken.frames[1:]
    assert (len(first["events"]), first["events_skipped"]) == (200, 100)
    assert first["events"][-1]["account"] == "new-299"
    assert second["events"] == []


def test_making_a_frame_gives_way_between_its_steps() -> None:
    service, taken, pauses = quiet(), Taken(), []
    hub = Hub(service.board, acting=False, pause=lambda: pauses.append(len(taken.frames)))
    hub.begin(taken)
    assert pauses == [0] * len(pauses), "each before the frame is handed over"
    assert len(pauses) >= len(taken.frames[0]["worst"]) == 20
    assert taken.frames[0] == fresh(service)
    rests: list[bool] = []
    with running(service):
        service.queue.put(
            Work((), "desk", reply=lambda _: rests.append(service.writer.resting.is_set()))
        )
        until(lambda: rests and service.writer.resting.is_set())
    assert rests == [False], "while it decides, it does not rest"


@pytest.mark.parametrize(
    ("ended_s", "took_s", "due_s"),
    [(10.01, 0.004, 10.1), (10.09, 0.004, 10.1), (10.25, 0.004, 10.25), (10.1, 0.1, 10.6)],
)
def test_frames_keep_step(ended_s: float, took_s: float, due_s: float) -> None:
    found = due_after(10.0, ended_s=ended_s, took_s=took_s, every_s=0.1)
    assert found == pytest.approx(due_s)
    assert due_after(10.0, ended_s=19.0, took_s=9.0, every_s=0.1) == 21.0, "2 s at most"


def tick(service: Service, price: int) -> None:
    clock = service.clock
    assert isinstance(clock, HandClock)
    clock.at_ns += 10**9
    assert service.queue.put(Work((c.SetPrices(0, (("ETH", price * WAD),)),), "desk"))


def never_read(address: str) -> socket.socket:
    """A connection to the stream whose program reads nothing, and whose system holds little."""
    host, _, port = address.partition(":")
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect((host, int(port)))
    request = (
        "GET /v1/stream HTTP/1.1",
        f"Host: {address}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    found.sendall("\r\n".join((*request, "", "")).encode())
    return found


def test_a_socket_that_never_reads_holds_nobody() -> None:
    service, ticks = quiet(), 12 * FRAMES_MAX
    with ExitStack() as stack:
        stack.enter_context(running(service))
        address = stack.enter_context(listening(service))
        good = stack.enter_context(connect(f"ws://{address}/v1/stream"))
        stuck = stack.enter_context(never_read(address))
        seen = [json.loads(good.recv(timeout=5))]
        assert seen[0]["type"] == "snapshot"
        until(lambda: len(service.hub) == 2)
        for number in range(ticks):
            tick(service, 150 + number)
            with suppress(TimeoutError):
                seen.append(json.loads(good.recv(timeout=0.012)))
        while seen[-1].get("overview", {}).get("prices", {}).get("ETH") != str(149 + ticks):
            seen.append(json.loads(good.recv(timeout=5)))
        assert "snapshot" not in {one["type"] for one in seen[1:]}, "it kept up"
        assert service.writer.counters.works == ticks
        until(lambda: service.hub.counts.dropped > FRAMES_MAX)
        stuck.close()
        good.close()
        until(lambda: len(service.hub) == 0)
        text = metrics_text(service).decode()
        assert f"trimtab_stream_frames_dropped_total {service.hub.counts.dropped:.1f}" in text
        assert 10**7 < service.hub.counts.memory_bytes < 10**8
