"""`trimtab serve` takes its address before anything else, or says in one line why it cannot."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.command_line import ask, spawn, write_case
from trimtab.apps.service.listening import open_to_readers, taken_address
from trimtab.units import UsageError

HOST = "127.0.0.1"


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


def free_port() -> int:
    with socket.create_server((HOST, 0)) as other:
        return int(other.getsockname()[1])


def test_a_port_in_use_is_one_line_and_nothing_is_served(tmp_path: Path, busy: int) -> None:
    case = write_case(tmp_path / "case")
    journal = tmp_path / "venue.db"
    answer = spawn("serve", case, "--port", busy, "--journal", journal)
    assert answer.code == 2
    assert answer.complaint == (
        f"error: --port {busy}: another program listens on {HOST}:{busy}; stop it, or give "
        "another --port"
    )
    assert "serving" not in answer.err
    assert not journal.exists()


def test_the_demo_tells_no_address_that_is_another_s(busy: int) -> None:
    answer = ask("demo", "--live", "--port", busy)
    assert answer.code == 2
    assert answer.complaint.startswith(f"error: --port {busy}: another program listens on ")


def test_an_address_of_another_machine_is_refused_by_its_option() -> None:
    for host in ("192.0.2.1", "no such host", "a..b"):
        said = f"--host {host}: .*expected an address of this"
        with pytest.raises(UsageError, match=said), taken_address(host, free_port()):
            pass


def test_nobody_is_heard_before_the_service_is_ready() -> None:
    port = free_port()
    with taken_address(HOST, port) as sockets:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=5)
        open_to_readers(sockets, HOST, port=port)
        with socket.create_connection((HOST, port), timeout=5) as reader:
            assert reader.getpeername() == (HOST, port)


def test_whoever_listens_meanwhile_keeps_the_port() -> None:
    port = free_port()
    with taken_address(HOST, port) as sockets, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((HOST, port))
        other.listen()
        with pytest.raises(UsageError, match=f"--port {port}: another program listens"):
            open_to_readers(sockets, HOST, port=port)


def test_sockets_are_let_go_where_the_service_does_not_begin() -> None:
    port = free_port()
    with pytest.raises(UsageError, match="not today"), taken_address(HOST, port):
        raise UsageError("not today")
    with socket.create_server((HOST, port)):
        pass


def test_a_feed_without_a_host_is_refused(tmp_path: Path) -> None:
    case = write_case(tmp_path / "case")
    answer = ask("serve", case, "--port", free_port(), "--feed", "ws://")
    assert answer.code == 2
    assert answer.err.splitlines()[-1] == "error: --feed ws://: expected ws://HOST"
