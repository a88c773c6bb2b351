"""What is wrong though work is taken: a feed that is not heard, prices that are old."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.server import serve as serve_socket

from tests.apps.service.services import Caller, HandClock, quiet, running, until
from tests.apps.service.test_service_feeds import free_port
from trimtab.adapters.streams import SocketStream
from trimtab.apps.service.alert_measures import Sight, measured
from trimtab.apps.service.alert_rules import AlertRule
from trimtab.apps.service.feeds.remote import SocketFeed
from trimtab.apps.service.running import Service
from trimtab.apps.service.status_views import age_text
from trimtab.units import NANOSECONDS

HOUR_NS = 3600 * NANOSECONDS
REFUSED = "not connected: connection refused"


class Told:
    """A log that keeps its lines with their level and what they are about."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Mapping[str, Any]]] = []

    def debug(self, event: str, about: Any = None) -> None:
        self.lines.append(("debug", event, about))

    def info(self, event: str, about: Any = None) -> None:
        self.lines.append(("info", event, about))

    def warning(self, event: str, about: Any = None) -> None:
        self.lines.append(("warning", event, about))

    error = warning


@contextmanager
def silent_server(port: int) -> Iterator[None]:
    """A WebSocket server that takes readers and says nothing."""
    with serve_socket(lambda one: one.recv(), "127.0.0.1", port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def fed(service: Service, port: int, log: Told) -> SocketFeed:
    stream = SocketStream(f"ws://127.0.0.1:{port}/x", wait_first_s=0.02, wait_max_s=0.05)
    feed = SocketFeed(stream, service.case.rules, queue=service.queue, log=log)
    service.feeds.append(feed)
    return feed


def test_a_dead_feed_is_told_everywhere_and_so_is_its_return() -> None:
    service, log, port = quiet(), Told(), free_port()
    feed = fed(service, port, log)
    api = Caller(service)
    assert (feed.status(), feed.problem()) == ("connecting", "")
    with running(service):
        until(feed.problem)
        found = api.get("/v1/status").json()
        assert found["status"] == "degraded"
        assert found["problems"] == [f"feed {feed.name}: {REFUSED}"]
        assert api.get("/readyz").text == "ok", "work is taken all the same"
        assert "trimtab_feeds_lost 1.0" in api.get("/metrics").text
        (row,) = api.get("/v1/oracle").json()["feeds"]
        assert (row["source"], row["state"], row["problem"]) == (feed.name, REFUSED, REFUSED)
        rule = AlertRule("down", "feed_lost", limit=0.5, clear=0.5, rising=True, to=())
        with service.board.reading() as reading:
            assert measured(rule, Sight(service, reading)) == {feed.name: 1.0}
        with silent_server(port):
            until(lambda: feed.status() == "connected")
            assert api.get("/v1/status").json()["status"] == "ok"
        until(feed.problem)
    about = {"feed": feed.name, "problem": "connection refused"}
    assert log.lines[0] == ("warning", "feed_lost", about), "once, however often it is tried"
    assert [event for _, event, _ in log.lines] == ["feed_lost", "feed_back", "feed_lost"]


def test_a_feed_that_connects_at_once_warns_of_nothing() -> None:
    service, log, port = quiet(), Told(), free_port()
    feed = fed(service, port, log)
    with silent_server(port), running(service):
        until(lambda: feed.status() == "connected")
    assert [line[:2] for line in log.lines] == [("info", "feed_connected")]


def test_old_prices_degrade_a_service() -> None:
    service = quiet()
    clock = service.clock
    assert isinstance(clock, HandClock)
    api = Caller(service)
    assert api.get("/v1/status").json()["problems"] == []
    clock.at_ns = service.case.ticks[0].at_ns + HOUR_NS
    assert not any(row["old"] for row in api.get("/v1/oracle").json()["assets"])
    clock.at_ns += 49 * HOUR_NS
    with running(service):
        found = api.get("/v1/status").json()
    assert found["status"] == "degraded"
    assert "the price of ETH is 2 days old" in found["problems"]
    rows = {row["asset"]: row for row in api.get("/v1/oracle").json()["assets"]}
    assert (rows["ETH"]["old"], rows["ETH"]["age_seconds"]) == (True, str(50 * 3600))
    quote = rows[service.case.rules.quote]
    assert (quote["old"], quote["age_seconds"]) == (False, None), "the quote does not age"


@pytest.mark.parametrize(
    ("age_s", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 minutes"), (7199, "119 minutes"), (172_800, "2 days")],
)
def test_ages_are_in_the_largest_unit_of_which_there_are_two(age_s: int, text: str) -> None:
    assert age_text(age_s * NANOSECONDS) == text
