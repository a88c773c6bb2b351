"""A replayed case through the running service: the same venue as `trimtab replay`, live."""

import json
import time
from functools import cache

import pytest
from websockets.sync.client import connect

from tests.apps.service.services import listening
from trimtab.apps import front
from trimtab.apps.service.opening import replayed
from trimtab.apps.service.running import Options, Service
from trimtab.model import Case
from trimtab.simulation import replay


@cache
def crisis() -> Case:
    return front.demo_case()


def finished(service: Service, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while service.feeds[0].status() != f"ended after {len(crisis().ticks)} price rows":
        assert time.monotonic() < until, service.feeds[0].status()
        time.sleep(0.01)


@pytest.fixture(scope="module")
def service() -> Service:
    """The crisis, replayed as fast as it goes, then drained."""
    running = replayed(crisis(), Options(publish_s=0.02), speed=1e7)
    running.start()
    finished(running)
    assert running.stop()
    return running


def test_live_is_the_replay(service: Service) -> None:
    expected = replay(crisis())
    assert service.writer.venue.store.state_hash() == expected.state_hash
    assert service.board.store.state_hash() == expected.state_hash
    assert service.board.tally == expected.tally
    assert service.writer.failure == ""


def test_journal_has_every_command_in_a_chain(service: Service) -> None:
    from trimtab.model.journal_entries import Tip, checked

    entries = list(service.journal.read())
    assert [entry.number for entry in checked(iter(entries), Tip())] == list(
        range(1, len(entries) + 1)
    )
    assert len(entries) == service.writer.counters.commands + service.writer.counters.refused
    assert service.journal.sources() == {"replay": len(crisis().ticks)}


def test_stream_begins_whole_and_goes_on(service: Service) -> None:
    with listening(service) as address, connect(f"ws://{address}/v1/stream") as socket:
        first = json.loads(socket.recv(timeout=10))
        assert first["type"] == "snapshot"
        assert first["overview"]["accounts"] == 408
        assert len(first["worst"]) == 20
        service.hub.publish()
        second = json.loads(socket.recv(timeout=10))
    assert second["type"] == "delta"
    assert second["overview"] == {}, "nothing changed"
