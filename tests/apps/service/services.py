"""Services for tests: the bundled crash, small journals, a clock that can be set back, a caller."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from threading import Event, Thread
from typing import Any

import httpx

from trimtab.apps import front
from trimtab.apps.service.application import application
from trimtab.apps.service.fanout.wire import Kind
from trimtab.apps.service.gate import OpenGate
from trimtab.apps.service.logs import Log
from trimtab.apps.service.opening import Place, opened
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.serving import web_server
from trimtab.model import Case


@cache
def crisis(rows: int = 84) -> Case:
    """The crash and the hours before it."""
    whole = front.demo_case()
    return replace(whole, ticks=whole.ticks[:rows])


class HandClock:
    """A clock that tests set, forwards and back."""

    def __init__(self, at_ns: int) -> None:
        self.at_ns = at_ns

    def now_ns(self) -> int:
        """Where it was set."""
        return self.at_ns

    def wait_until(self, at_ns: int, stop: Event) -> bool:
        """Nobody waits for it."""
        return at_ns <= self.at_ns and not stop.is_set()


def quiet(options: Options | None = None, *, place: Place | None = None, row: int = 0) -> Service:
    """A service on the crash's book, its clock one minute after a row's prices; nothing runs."""
    clock = HandClock(crisis().ticks[row].at_ns + 60 * 10**9)
    return opened(crisis(), options or Options(publish_s=0.01), clock=clock, place=place)


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Start a service, and stop it."""
    service.start()
    try:
        yield service
    finally:
        service.stop()


def until(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.005)
    return found


class Caller:
    """Asks an application without a socket."""

    def __init__(self, service: Service, *, gate: Any = None, key: str = "") -> None:
        self.app = application(service, gate=gate)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request; an error in the application is an answer of 500."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=self.headers
            ) as client:
                return await client.request(method, path, **more)

        return asyncio.run(asked())

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """POST of a JSON document."""
        return self.ask("POST", path, json=body, **more)


class Taken:
    """An outlet that keeps the frames it is given, while there is room."""

    def __init__(self, room: int = 10**6) -> None:
        self.frames: list[dict[str, Any]] = []
        self.kinds: list[Kind] = []
        self.room = room

    def offer(self, kind: Kind, text: str) -> bool:
        """Keep a frame; False where there is no room."""
        if len(self.frames) >= self.room:
            return False
        self.kinds.append(kind)
        self.frames.append(json.loads(text))
        return True


@contextmanager
def listening(service: Service, *, gate: Any = None, log: Log | None = None) -> Iterator[str]:
    """A service behind a real socket of loopback, its stream with it; yields its address."""
    server = web_server(service, gate=gate or OpenGate(), host="127.0.0.1", port=0, log=log)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
