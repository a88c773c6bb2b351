"""The stream: whole first, then what changed; slow readers cost a bounded amount and no time."""

import asyncio
import json
import time
from typing import Any

from websockets.sync.client import connect

from tests.apps.service.services import HandClock, listening, quiet, running, until
from trimtab.apps.service.hub import AT_ONCE, FRAMES_MAX, TURN_S, Hub
from trimtab.apps.service.running import Service
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import WAD


def move(service: Service, price: int, *, asset: str = "ETH") -> None:
    service.writer.group([Work((c.SetPrices(0, ((asset, price * WAD),)),), "desk")])
    assert service.board.refresh()
    service.hub.publish()


def joined(hub: Hub) -> Any:
    loop = asyncio.new_event_loop()
    wake = asyncio.Event()
    reader = hub.join(loop, wake)
    loop.close()
    # No loop runs here: waking is the sender's part, frames are the hub's.
    reader.wake = lambda: None
    return reader


def test_deltas_over_a_snapshot_are_the_venue() -> None:
    service = quiet()
    reader = joined(service.hub)
    whole = json.loads(service.hub.snapshot(reader))
    for price in (190, 185, 120):
        move(service, price)
    while frame := service.hub.next(reader):
        delta = json.loads(frame)
        whole["overview"] |= delta["overview"]
        whole["worst"] = delta.get("worst", whole["worst"])
        whole["version"] = delta["version"]
    fresh = json.loads(service.hub.snapshot(joined(service.hub)))
    assert whole["overview"] == fresh["overview"]
    assert whole["worst"] == fresh["worst"]
    assert whole["overview"]["prices"]["ETH"] == "120"


def test_a_reader_that_falls_behind_gets_a_snapshot_and_holds_little() -> None:
    service = quiet()
    slow, quick = joined(service.hub), joined(service.hub)
    for reader in (slow, quick):
        service.hub.snapshot(reader)
    frames = 0
    for number in range(3 * FRAMES_MAX):
        move(service, 150 + number)
        frames += service.hub.next(quick) is not None
        assert len(slow.frames) <= FRAMES_MAX
    assert frames == 3 * FRAMES_MAX
    assert slow.behind
    assert (slow.dropped, service.hub.dropped) == (FRAMES_MAX, FRAMES_MAX)
    assert service.hub.next(slow) is None
    again = json.loads(service.hub.snapshot(slow))
    assert (again["type"], again["overview"]["prices"]["ETH"]) == ("snapshot", "197")
    move(service, 100)
    assert json.loads(service.hub.next(slow) or "")["type"] == "delta"


def test_a_socket_that_never_reads_holds_nobody() -> None:
    service = quiet()
    with running(service), listening(service) as address:
        url = f"ws://{address}/v1/stream"
        with connect(url) as stuck, connect(url) as good:
            assert json.loads(good.recv(timeout=5))["type"] == "snapshot"
            clock = service.clock
            assert isinstance(clock, HandClock)
            for number in range(30):
                clock.at_ns += 10**9
                tick = c.SetPrices(0, (("ETH", (150 + number) * WAD),))
                assert service.queue.put(Work((tick,), "desk"))
                time.sleep(0.02)
            seen: list[Any] = []

            def last_price() -> bool:
                seen.append(json.loads(good.recv(timeout=5)))
                return bool(seen[-1]["overview"].get("prices", {}).get("ETH") == "179")

            until(last_price)
            assert service.writer.counters.works == 30
            assert all(len(reader.frames) <= FRAMES_MAX for reader in service.hub._readers)
            stuck.close()
        until(lambda: len(service.hub) == 0)


def test_events_are_told_once_and_in_order() -> None:
    service = quiet()
    reader = joined(service.hub)
    service.hub.snapshot(reader)
    deposits = tuple(c.Deposit(0, f"new-{n:03d}", "ETH", WAD) for n in range(300))
    service.writer.group([Work(deposits, "desk", decide=False)])
    service.board.refresh()
    service.hub.publish()
    move(service, 190)
    first, second = (json.loads(service.hub.next(reader) or "") for _ in range(2))
    assert (len(first["events"]), first["events_skipped"]) == (200, 100)
    assert first["events"][-1]["account"] == "new-299"
    assert second["events"] == []


class HandLoop:
    """A loop that does at once what it is handed, and notes what is to come later."""

    def __init__(self) -> None:
        self.later: list[tuple[float, int]] = []

    def call_soon_threadsafe(self, call: Any, *words: Any) -> None:
        call(*words)

    def call_later(self, seconds: float, call: Any, readers: list[Any]) -> None:
        self.later.append((seconds, len(readers)))
        call(readers)


def test_readers_are_woken_in_turns_and_those_of_an_ended_loop_hold_nobody() -> None:
    service, loop = quiet(), HandLoop()
    left = joined(service.hub)
    wakes = [asyncio.Event() for _ in range(2 * AT_ONCE + 1)]
    readers = [service.hub.join(loop, wake) for wake in wakes]  # type: ignore[arg-type]
    for reader, wake in zip(readers, wakes, strict=True):
        service.hub.snapshot(reader)
        wake.clear()
    service.hub.snapshot(left)
    loop.later.clear()
    move(service, 190)
    assert loop.later == [(0.0, AT_ONCE), (TURN_S, AT_ONCE), (2 * TURN_S, 1)]
    assert all(wake.is_set() for wake in wakes)
    assert len({service.hub.next(reader) for reader in readers}) == 1
    assert len(left.frames) == 1
