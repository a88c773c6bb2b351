"""Services for the tests of the dashboard: a small book, and the bundled crisis behind a port."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import trimtab
from tests.apps.perp_case import write_perps
from trimtab.apps.service.dashboard.history import point_of
from trimtab.apps.service.gate import OpenGate
from trimtab.apps.service.opening import replayed
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.serving import web_server

START_S = 90.0


def crisis_service(*, speed: float = 1.0) -> Service:
    """The bundled crisis, not yet started: its clock is held at the first price until it is."""
    return replayed(trimtab.demo_case(), Options(acts=True), speed=speed)


def perp_service(folder: Path) -> Service:
    """A small venue with a linear and an inverse market, not yet started."""
    return replayed(trimtab.load_case(write_perps(folder)), Options(acts=False), speed=1.0)


@contextmanager
def served(service: Service, *, gate: Any = None) -> Iterator[str]:
    """Run a service behind a free port of loopback; yields its address.

    Arguments:
        gate: admits callers; None is the open gate of loopback.
    """
    port = free_port()
    server = web_server(service, gate=gate or OpenGate(), host="127.0.0.1", port=port)
    with service.board.reading() as reading:
        point_of(reading)  # compiles kernels before anybody waits for them
    service.start()
    thread = Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started, "the web server answers in time"
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(START_S)
        service.stop()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
