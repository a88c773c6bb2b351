"""The wire of a real node: a server on loopback that answers well, badly, or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.adapters.chain_fakes import skip_without_extra
from trimtab.adapters.chains.http_wire import HttpWire, host_of, reply_of, whole_batch
from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, WireError
from trimtab.units import UsageError

skip_without_extra()

ONE = [Request("eth_chainId")]
TWO = [Request("eth_chainId"), Request("eth_blockNumber")]


@dataclass
class Server:
    """What the server says next: a status, headers, a body or a function of the request."""

    url: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = b""
    heard: list[Any] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.heard.append(asked)
            body = told.body(asked) if callable(told.body) else told.body
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Nothing is written down."""

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    told = Server(f"http://127.0.0.1:{listening.server_port}/v3/secret-key")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    listening.shutdown()
    thread.join()
    listening.server_close()


def fault_of(server: Server, requests: list[Request] | None = None) -> WireError:
    with pytest.raises(WireError) as caught:
        HttpWire(server.url, timeout_s=1).send(requests or ONE)
    assert "secret" not in str(caught.value)
    return caught.value


def test_one_request_gets_its_reply(server: Server) -> None:
    server.body = {"jsonrpc": "2.0", "id": 0, "result": "0x1"}
    wire = HttpWire(server.url)
    assert wire.send(ONE) == [Reply("0x1")]
    assert wire.where.startswith("127.0.0.1:")
    assert "secret" not in wire.where
    assert server.heard[0]["method"] == "eth_chainId"


def test_a_batch_comes_back_in_the_order_of_its_requests(server: Server) -> None:
    server.body = lambda asked: [
        {"jsonrpc": "2.0", "id": one["id"], "result": one["method"]} for one in reversed(asked)
    ]
    assert HttpWire(server.url).send(TWO) == [Reply("eth_chainId"), Reply("eth_blockNumber")]


def test_a_nodes_error_is_a_reply(server: Server) -> None:
    server.body = {"id": 0, "error": {"code": 3, "message": "execution reverted", "data": "0x08"}}
    assert HttpWire(server.url).send(ONE) == [
        Reply(error=RpcError(3, "execution reverted", "0x08"))
    ]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (429, Fault.BUSY),
        (503, Fault.BUSY),
        (413, Fault.TOO_LARGE),
        (401, Fault.REFUSED),
        (404, Fault.REFUSED),
    ],
)
def test_a_status_says_what_to_do(server: Server, status: int, fault: Fault) -> None:
    server.status = status
    found = fault_of(server)
    assert (found.fault, found.text) == (fault, f"HTTP {status}")


def test_a_nodes_error_may_come_with_an_http_error(server: Server) -> None:
    server.status = 400
    server.body = {"id": 0, "error": {"code": -32602, "message": "block range too wide"}}
    assert HttpWire(server.url).send(ONE) == [Reply(error=RpcError(-32602, "block range too wide"))]


@pytest.mark.parametrize("body", [b"no", b"[]", b'{"error": "no"}'])
def test_an_http_error_without_one_stays_what_it_is(server: Server, body: bytes) -> None:
    server.status, server.body = 400, body
    assert fault_of(server).fault is Fault.REFUSED
    assert fault_of(server, TWO).fault is Fault.TOO_LARGE  # perhaps it takes no batch


def test_a_busy_server_may_say_until_when(server: Server) -> None:
    server.status, server.headers = 429, {"Retry-After": "17"}
    assert fault_of(server).wait_s == 17.0
    server.headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert fault_of(server).wait_s is None


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[1,", b"17", b'{"id": 0}'])
def test_what_is_no_json_rpc_is_malformed(server: Server, body: bytes) -> None:
    server.body = body
    assert fault_of(server).fault is Fault.MALFORMED


def test_nobody_listening_is_gone() -> None:
    server = Server("http://127.0.0.1:1/secret")
    assert fault_of(server).fault is Fault.GONE


def test_a_server_that_takes_no_batch_is_told_apart(server: Server) -> None:
    server.body = {"id": None, "error": {"code": -32600, "message": "batch not supported"}}
    found = fault_of(server, TWO)
    assert (found.fault, found.text) == (Fault.TOO_LARGE, "batch not supported")


@pytest.mark.parametrize(
    "found",
    [
        [],
        [{"id": 0, "result": 1}],
        [{"id": 0, "result": 1}, {"id": 2, "result": 1}],
        [{"id": 1, "result": 1}, {"id": 1, "result": 1}],
        [{"id": 0, "result": 1}, {"id": "x", "result": 1}],
    ],
)
def test_a_batch_must_be_whole(found: list[Any]) -> None:
    with pytest.raises(WireError) as caught:
        whole_batch(found, 2)
    assert caught.value.fault is Fault.MALFORMED


def test_one_error_for_a_whole_batch_asks_for_a_smaller_one() -> None:
    with pytest.raises(WireError, match="too many") as caught:
        whole_batch([{"id": None, "error": {"code": -1, "message": "too many calls"}}], 2)
    assert caught.value.fault is Fault.TOO_LARGE


def test_an_error_may_be_a_bare_text() -> None:
    assert reply_of({"error": "no"}) == Reply(error=RpcError(0, "no"))


def test_a_long_answer_is_cut_in_messages() -> None:
    with pytest.raises(WireError) as caught:
        reply_of({"x": "y" * 10_000})
    assert len(str(caught.value)) <= 200


@pytest.mark.parametrize("url", ["", "localhost:8545", "ftp://x", "http://", "http://[::1", "/a"])
def test_an_address_that_is_none_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError, match="--rpc"):
        host_of(url)


def test_a_host_is_named_without_user_and_path() -> None:
    assert host_of("https://user:pass@node.example:9000/key?k=1") == "node.example:9000"
    assert host_of("https://node.example/key") == "node.example"


def test_the_interpreter_stays_as_it_was(server: Server) -> None:
    """A library below web3 raises the recursion limit; a deep file would then end the process."""
    server.body = {"jsonrpc": "2.0", "id": 0, "result": "0x1"}
    code = (
        "import sys\n"
        "from trimtab.adapters.chains import HttpWire, Request\n"
        "from trimtab.adapters.chains.abi import keccak\n"
        "before = sys.getrecursionlimit()\n"
        f"HttpWire({server.url!r}).send([Request('eth_chainId')])\n"
        "keccak('x')\n"
        "print(before, sys.getrecursionlimit())\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    before, after = answer.stdout.split()
    assert before == after
