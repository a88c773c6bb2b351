"""The stream's process and the service: whoever ends, readers are told, and nothing is left."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.apps.service.services import listening, quiet, running, until
from trimtab.apps.service.fanout import process as processes
from trimtab.apps.service.fanout.process import StreamProcess
from trimtab.apps.service.fanout.wire import Kind, Unpacker, packed_fields
from trimtab.apps.service.gate import OpenGate
from trimtab.apps.service.running import Service

HEAVY = ("numba", "scipy", "numpy", "fastapi", "starlette", "sqlalchemy", "trimtab.engine")


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Mapping[str, Any]]] = []

    def debug(self, event: str, about: Mapping[str, Any] = {}) -> None:
        self.lines.append(("debug", event, about))

    def info(self, event: str, about: Mapping[str, Any] = {}) -> None:
        self.lines.append(("info", event, about))

    def warning(self, event: str, about: Mapping[str, Any] = {}) -> None:
        self.lines.append(("warning", event, about))

    def error(self, event: str, about: Mapping[str, Any] = {}) -> None:
        self.lines.append(("error", event, about))

    def of(self, event: str) -> list[Mapping[str, Any]]:
        """What was said about an event."""
        return [about for _, name, about in self.lines if name == event]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(quiet()) as found:
        yield found


@contextmanager
def reading(address: str) -> Iterator[ClientConnection]:
    """A reader who has got its snapshot."""
    with connect(f"ws://{address}/v1/stream") as link:
        assert json.loads(link.recv(timeout=10))["type"] == "snapshot"
        yield link


def back(address: str) -> bool:
    """Whether somebody who tries again may read again."""
    try:
        with reading(address):
            return True
    except (InvalidStatus, ConnectionClosed, OSError):
        return False


def code_of(link: ClientConnection) -> int | None:
    """The code with which a connection was closed, after what was still to come."""
    try:
        while True:
            link.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def streams() -> list[int]:
    """The streams' processes among this one's, whichever thread has started them."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # threads and processes may end while one looks
            for one in (task / "children").read_text().split():
                line = Path(f"/proc/{one}/cmdline").read_bytes()
                found += [int(one)] if b"trimtab.apps.service.fanout" in line else []
    return found


def test_a_stream_that_is_killed_is_started_again(service: Service) -> None:
    log = Lines()
    with listening(service, log=log) as address:
        with reading(address) as link:
            until(lambda: len(service.hub) == 1)
            restarts, (killed,) = service.hub.restarts, streams()
            os.kill(killed, signal.SIGKILL)
            with pytest.raises(ConnectionClosed):
                link.recv(timeout=5)
        until(lambda: back(address))
        with reading(address) as again:
            service.hub.publish()
            assert json.loads(again.recv(timeout=5))["type"] == "delta"
            until(lambda: len(service.hub) == 1)
        assert service.hub.restarts == restarts + 1
        assert log.of("stream_process_ended") == [{"code": -signal.SIGKILL, "readers": 1}]


def test_readers_are_told_when_the_service_stops(service: Service) -> None:
    stack = ExitStack()
    with reading(stack.enter_context(listening(service))) as link:
        (pid,) = streams()
        stack.close()
        assert code_of(link) == 1001
    assert streams() == []
    assert not Path(f"/proc/{pid}").exists()


def test_while_there_is_no_process_readers_are_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "COMMAND", ("/nonexistent",))
    with listening(service) as address, pytest.raises(InvalidStatus) as refused:
        connect(f"ws://{address}/v1/stream")
    response = refused.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert json.loads(response.body)["error"] == "stream_unavailable"
    stream = StreamProcess(service.hub, gate=OpenGate())
    assert stream.pid is None
    assert not stream.hand(0, {})
    stream.stop()


def test_the_process_holds_nothing_of_the_service(service: Service, tmp_path: Path) -> None:
    with (tmp_path / "journal.db").open("w"), listening(service) as address, reading(address):
        (pid,) = streams()
        opened = [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()]
        assert not [one for one in opened if one.endswith(".db")]
        # stdin and the link it is a copy of, the reader, and what an event loop needs for itself.
        assert sum(one.startswith("socket:") for one in opened) == 5
        assert int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16]) == 5
        assert os.sched_getscheduler(pid) == os.SCHED_BATCH
    code = "import sys, trimtab.apps.service.fanout.__main__; print(*sys.modules)"
    words = [sys.executable, "-c", code]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert not {one for one in loaded if one.startswith(HEAVY)}


@contextmanager
def alone() -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """The process without a service."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(processes.COMMAND, stdin=theirs.fileno())
    theirs.close()
    ours.settimeout(10)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        ours.close()


def heard(ours: socket.socket, wanted: Kind) -> dict[str, Any]:
    """The next message of a kind."""
    unpacker = Unpacker()
    while True:
        for kind, body in unpacker.feed(ours.recv(2**16)):
            if kind is wanted:
                return dict(json.loads(body))


def test_it_ends_with_its_service_and_with_nobody_else() -> None:
    with alone() as (process, ours):
        assert heard(ours, Kind.COUNTS)["readers"] == 0
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(process.pid, one)
        heard(ours, Kind.COUNTS)
        assert process.poll() is None
        ours.close()
        assert process.wait(5) == 0


def test_a_connection_that_is_lost_on_the_way_is_nobodys() -> None:
    near, far = socket.socketpair()
    fields = {"address": "a", "key_due": False, "head": "hello", "inode": 1}
    with near, far, alone() as (_, ours):
        socket.send_fds(ours, [packed_fields(Kind.READER, fields)], [near.fileno()])
        said = heard(ours, Kind.LOG)
        assert (said["level"], said["event"]) == ("warning", "stream_reader_lost")
        fields["inode"] = os.fstat(near.fileno()).st_ino
        ours.sendall(packed_fields(Kind.READER, fields))
        assert far.recv(10) == b"hello"


ORPHAN = """
import sys, threading
from tests.apps.service.services import listening, quiet
with listening(quiet()) as address:
    print(address, flush=True)
    threading.Event().wait()
"""


def test_a_killed_service_leaves_no_process() -> None:
    words = [sys.executable, "-c", ORPHAN]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        address = parent.stdout.readline().strip()
        with reading(address) as link:
            pids = [
                int(one)
                for task in Path(f"/proc/{parent.pid}/task").iterdir()
                for one in (task / "children").read_text().split()
            ]
            assert len(pids) == 1
            parent.kill()
            assert code_of(link) == 1001
    until(lambda: not alive(pids[0]), seconds=5)


def alive(pid: int) -> bool:
    """Whether a process runs: one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_cannot_be_started_is_tried_again_and_said(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "WAITS_S", (0.01, 0.02))
    for command, event in (
        (("/nonexistent",), "stream_process_failed"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "stream_process_ended"),
    ):
        log = Lines()
        monkeypatch.setattr(processes, "COMMAND", command)
        stream = StreamProcess(service.hub, gate=OpenGate(), log=log)
        stream.start()
        until(lambda log=log, event=event: len(log.of(event)) >= 2)
        stream.stop()
        if event == "stream_process_ended":
            assert log.of(event)[0] == {"code": 3, "readers": 0}


def test_a_process_that_hangs_is_replaced(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.apps.service.fanout.link.SILENT_S", 1.6)
    log = Lines()
    with listening(service, log=log) as address:
        with reading(address):
            (pid,) = streams()
        os.kill(pid, signal.SIGSTOP)
        until(lambda: log.of("stream_process_ended"))
        until(lambda: back(address))
        assert len(streams()) == 1
        assert streams() != [pid]
