"""Who asks for the stream: refused with a status and one line, as any request is, or let in."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import connect

from tests.apps.service.services import listening, quiet, running, until
from tests.apps.service.test_service_security import Keys
from trimtab.apps.service.gate import OpenGate, RateLimit
from trimtab.apps.service.keyring import add_key, revoke_key
from trimtab.apps.service.running import Service
from trimtab.apps.service.security import Role


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(quiet()) as found:
        yield found


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def refusal(url: str, key: str = "") -> Response:
    """How a request for a WebSocket is refused."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with pytest.raises(InvalidStatus) as refused:
        connect(url, additional_headers=headers)
    return refused.value.response


def word(answer: Response) -> tuple[int, str]:
    """Status and closed word of a refusal, which is one line and carries the usual headers."""
    document = json.loads(answer.body)
    assert "\n" not in document["message"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Connection"] == "close"
    return answer.status_code, document["error"]


def closed(url: str, key: str) -> tuple[int, str]:
    """Code and reason with which the stream closes after a key in the first message."""
    with connect(url) as link:
        link.send(json.dumps({"key": key}))
        with pytest.raises(ConnectionClosed) as found:
            link.recv(timeout=5)
    assert found.value.rcvd is not None
    return found.value.rcvd.code, found.value.rcvd.reason


def test_refusals_are_those_of_every_route(service: Service, keys: Keys) -> None:
    ends = keys.now_ns + 10
    short, _ = add_key(keys.file, "short", role=Role.READ, now_ns=keys.now_ns, ends_ns=ends)
    gone, _ = add_key(keys.file, "gone", role=Role.READ, now_ns=keys.now_ns)
    revoke_key(keys.file, "gone", now_ns=keys.now_ns)
    with listening(service, gate=keys.gate) as address:
        url = f"ws://{address}/v1/stream"
        with connect(url, additional_headers={"Authorization": f"Bearer {short}"}) as link:
            assert json.loads(link.recv(timeout=5))["type"] == "snapshot"
            keys.now_ns = ends
            assert word(refusal(url, short)) == (401, "key_expired")
            assert closed(url, short) == (1008, "the key 'short' is expired")
            service.hub.publish()
            assert json.loads(link.recv(timeout=5))["type"] == "delta", "who reads goes on"
        assert word(refusal(url, gone)) == (401, "key_revoked")
        assert refusal(url, "nonsense").headers["WWW-Authenticate"] == "Bearer"
        assert word(refusal(f"ws://{address}/v1/other")) == (404, "not_found")
        assert word(refusal(f"ws://{address}/v1/stream/more")) == (404, "not_found")
        until(lambda: len(service.hub) == 0)


def test_rates_are_limited(service: Service) -> None:
    gate = OpenGate(RateLimit(0.001, 2, now_s=lambda: 0.0))
    with listening(service, gate=gate) as address:
        url = f"ws://{address}/v1/stream?a=b"
        for _ in range(2):
            with connect(url) as link:
                assert json.loads(link.recv(timeout=5))["type"] == "snapshot"
        answer = refusal(url)
        assert word(answer) == (429, "too_many_requests")
        assert answer.headers["Retry-After"] == "1000"


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def asked(address: str, headers: dict[str, str], method: str = "GET") -> bytes:
    """The beginning of the answer to a request, word for word."""
    host, _, port = address.partition(":")
    lines = [f"{method} /v1/stream HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    with socket.create_connection((host, int(port)), timeout=5) as link:
        link.sendall("\r\n".join((*lines, "", "")).encode())
        return link.recv(65536)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Version": "7"}, 400),
        ({"Connection": "Upgrade, x", "Sec-WebSocket-Key": "@"}, 400),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_handshake_that_is_none_is_refused(
    service: Service, change: dict[str, Any], status: int
) -> None:
    with listening(service) as address:
        good = {"Host": address, **HANDSHAKE}
        answer = asked(address, good)
        assert answer.startswith(b"HTTP/1.1 101 ")
        # The example of RFC 6455, section 1.3.
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
        assert b"extensions" not in answer.lower(), "nothing is compressed for anybody"
        head, _, body = asked(address, good | change).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert json.loads(body).keys() == {"error", "message"}
        assert not asked(address, good, "POST").startswith(b"HTTP/1.1 101")
