"""Who may do what: keys, roles, ends, rates, sizes, hosts, names; refused with a clear answer."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.apps.service.services import Caller, crisis, listening, quiet, running
from trimtab.apps.service.gate import KeyGate, OpenGate, RateLimit, is_loopback
from trimtab.apps.service.keyring import Keyring, add_key, read_keys, revoke_key
from trimtab.apps.service.security import RefusedError, Role
from trimtab.apps.service.serving import ServeQuestion, serve
from trimtab.units import DataError, UsageError

NOW = 10**18
PRICES = {"source": "desk", "prices": {"ETH": "190"}}


class Keys:
    """A file of keys, and a gate before it whose clock tests set."""

    def __init__(self, folder: Path, *, burst: int = 100) -> None:
        self.file, self.now_ns, self.now_s = folder / "keys.json", NOW, 0.0
        self.text = {
            role: add_key(self.file, role.name.lower(), role=role, now_ns=NOW)[0] for role in Role
        }
        self.gate = KeyGate(
            Keyring(self.file),
            clock_ns=lambda: self.now_ns,
            limit=RateLimit(1.0, burst, now_s=lambda: self.now_s),
            failures=RateLimit(1.0, 3, now_s=lambda: self.now_s),
        )

    def api(self, service: Any, key: str = "") -> Caller:
        return Caller(service, gate=self.gate, key=key)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


@pytest.fixture(scope="module")
def service() -> Any:
    with running(quiet()) as found:
        yield found


def test_each_role_may_what_it_may(service: Any, keys: Keys) -> None:
    change = {
        "section": "liquidation",
        "field": "close_factor_wad",
        "value": "0.4",
    }
    asked = [
        ("GET", "/v1/overview", None, Role.READ),
        ("GET", "/v1/openapi.json", None, Role.READ),
        ("POST", "/v1/what-if", {}, Role.READ),
        ("POST", "/v1/ingest/prices", PRICES, Role.OPERATE),
        ("POST", "/v1/breakers/pause", {"level": 1, "reason": "x"}, Role.OPERATE),
        ("POST", "/v1/rules/proposals", {"changes": [change], "reason": "x"}, Role.OPERATE),
        ("GET", "/v1/proposals", None, Role.OPERATE),
        ("GET", "/v1/audit", None, Role.ADMIN),
        ("POST", "/v1/confirm/nothing", None, Role.ADMIN),
    ]
    for method, path, body, least in asked:
        for role in Role:
            answer = keys.api(service, keys.text[role]).ask(method, path, json=body)
            if role < least:
                assert (answer.status_code, answer.json()["error"]) == (403, "role_too_low"), path
            else:
                assert answer.status_code < 300 or answer.json()["error"] == "unknown_proposal"


def test_missing_wrong_expired_and_revoked_keys_are_told_apart(service: Any, keys: Keys) -> None:
    ending, _ = add_key(keys.file, "short", role=Role.READ, now_ns=NOW, ends_ns=NOW + 10)
    good = keys.text[Role.READ]

    def error(key: str) -> str:
        answer = keys.api(service, key).get("/v1/overview")
        assert answer.status_code in (200, 401)
        if answer.status_code == 200:
            return "good"
        assert answer.headers["www-authenticate"] == "Bearer"
        return str(answer.json()["error"])

    assert error("") == "key_missing"
    assert error(good) == error(ending) == "good"
    assert error(good[:-1] + ("a" if good[-1] != "a" else "b")) == "key_unknown"
    assert error("trimtab_000000000000_" + 43 * "A") == "key_unknown"
    keys.now_ns += 10
    assert error(ending) == "key_expired"
    assert revoke_key(keys.file, "read", now_ns=NOW) == 1
    assert error(good) == "key_revoked", "in a running service, at once"


def test_keys_are_hashed_at_rest(keys: Keys, tmp_path: Path) -> None:
    text = keys.file.read_text()
    for key in keys.text.values():
        assert key.rpartition("_")[2] not in text
        assert key not in text
    assert (keys.file.stat().st_mode & 0o777) == 0o600
    os.chmod(keys.file, 0o644)
    with pytest.raises(DataError, match="chmod 600"):
        read_keys(keys.file)
    bad = tmp_path / "bad.json"
    bad.write_text("[1]")
    bad.chmod(0o600)
    with pytest.raises(DataError, match="no list of keys"):
        read_keys(bad)
    os.chmod(keys.file, 0o600)
    with pytest.raises(UsageError, match="already"):
        add_key(keys.file, "read", role=Role.READ, now_ns=NOW)
    for name in ("", "a b", "<b>", "x" * 65):
        with pytest.raises(UsageError, match="NAME"):
            add_key(keys.file, name, role=Role.READ, now_ns=NOW)


def test_a_key_that_asks_too_often_waits(service: Any, tmp_path: Path) -> None:
    keys = Keys(tmp_path, burst=3)
    api = keys.api(service, keys.text[Role.READ])
    codes = [api.get("/v1/breakers").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert api.get("/v1/breakers").headers["retry-after"] == "1"
    other = keys.api(service, keys.text[Role.ADMIN])
    assert other.get("/v1/breakers").status_code == 200, "others are not held"
    keys.now_s += 1
    assert api.get("/v1/breakers").status_code == 200
    wrong = keys.api(service, "trimtab_000000000000_" + 43 * "A")
    codes = [wrong.get("/v1/breakers").status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Host": "evil.example"}, "host_refused"),
        ({"Host": "127.0.0.1.evil.example:8420"}, "host_refused"),
        ({"Origin": "http://evil.example"}, "origin_refused"),
        ({"Origin": "null"}, "origin_refused"),
    ],
)
def test_without_keys_pages_of_others_are_refused(
    service: Any, headers: dict[str, str], error: str
) -> None:
    api = Caller(service)
    for method, path in (("GET", "/v1/overview"), ("POST", "/v1/ingest/prices")):
        answer = api.ask(method, path, headers=headers, json=PRICES)
        assert (answer.status_code, answer.json()["error"]) == (403, error)
    preflight = api.ask("OPTIONS", "/v1/ingest/prices", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in preflight.headers


def test_a_public_address_needs_keys(tmp_path: Path) -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert not any(is_loopback(h) for h in ("0.0.0.0", "::", "10.0.0.1", "example.org", ""))
    with pytest.raises(UsageError, match="needs keys"):
        serve(crisis(), ServeQuestion(case="", host="0.0.0.0"))
    with pytest.raises(UsageError, match="no good key"):
        serve(crisis(), ServeQuestion(case="", host="0.0.0.0", keys=tmp_path / "none.json"))


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/what-if", b" " * 300_000, {}, 413),
        ("/v1/what-if", b"[" * 100_000, {}, 400),
        ("/v1/what-if", b'{"all": "0.9"}', {"content-type": "text/plain"}, 422),
        ("/v1/what-if", b"\xff\xfe", {}, 422),
        ("/v1/ingest/prices", b'{"source": "a\\u0000", "prices": {"ETH": "1"}}', {}, 422),
        ("/v1/ingest/prices", b'{"source": "@policy", "prices": {"ETH": "1"}}', {}, 422),
        ("/v1/ingest/prices", b'{"source": "a", "number": -1, "prices": {"ETH": "1"}}', {}, 422),
        ("/v1/ingest/prices", b'{"source": "a", "prices": {}}', {}, 422),
        ("/v1/ingest/prices", b'{"source": "a", "prices": {"ETH": "0"}}', {}, 422),
        ("/v1/ingest/prices", b'{"source": "a", "prices": {"ETH": 1.5}}', {}, 422),
    ],
)
def test_bodies_that_make_no_sense_are_refused(
    service: Any, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json"} | headers
    answer = Caller(service).ask("POST", path, content=body, headers=sent)
    assert answer.status_code == status, answer.text
    assert "\n" not in answer.json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/accounts/..%2f..%2fetc%2fpasswd",
        "/v1/accounts/%00",
        "/v1/accounts/" + "a" * 5000,
        "/v1/adl/%3Cscript%3E",
        "/dashboard/../../pyproject.toml",
        "/dashboard/%2e%2e/%2e%2e/running.py",
        "/v1/../v1/nothing",
        "/v1/clusters?asset=%00",
        "/v1/accounts?limit=99999999999999999999",
        "/v1/accounts?below=nan",
    ],
)
def test_paths_that_lead_nowhere_are_refused(service: Any, path: str) -> None:
    answer = Caller(service).get(path)
    assert answer.status_code in (404, 422), answer.text
    assert "Traceback" not in answer.text


def test_names_with_markup_come_back_as_plain_json(service: Any) -> None:
    name = "<img src=x onerror=alert(1)>\u202e'; drop table entries;--"
    api = Caller(service)
    move = {"kind": "deposit", "account": name, "asset": "ETH", "amount": "1"}
    answer = api.post("/v1/ingest/actions", {"source": "desk", "actions": [move]})
    assert answer.json()["status"] == "done"
    service.board.refresh()
    found = api.get("/v1/accounts", params={"search": "onerror"})
    assert [row["key"] for row in found.json()["accounts"]] == [name]
    assert found.headers["content-type"] == "application/json"
    owned = {"kind": "deposit", "account": "@insurance", "asset": "ETH", "amount": "1"}
    service.board.refresh()
    again = api.post("/v1/pre-trade", {"action": owned | {"account": "@auction/1"}}).json()
    assert again["result"]["reason"] == "unknown_account"


def closed_with(url: str, first: str) -> int:
    """The code with which the stream closes after a first message."""
    with connect(url) as socket:
        socket.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_the_stream_needs_a_key(service: Any, keys: Keys) -> None:
    with listening(service, gate=keys.gate) as address:
        url = f"ws://{address}/v1/stream"
        with pytest.raises(InvalidStatus):
            connect(url, additional_headers={"Authorization": "Bearer wrong"})
        for first in ("{}", "nonsense", '{"key": "trimtab_x"}', "[1]"):
            assert closed_with(url, first) == 1008
            keys.now_s += 10
        with connect(url) as socket:
            socket.send(json.dumps({"key": keys.text[Role.READ]}))
            assert json.loads(socket.recv(timeout=5))["type"] == "snapshot"
        header = {"Authorization": f"Bearer {keys.text[Role.READ]}"}
        with connect(url, additional_headers=header) as socket:
            assert json.loads(socket.recv(timeout=5))["type"] == "snapshot"


def test_the_stream_refuses_pages_of_others(service: Any) -> None:
    with listening(service, gate=OpenGate()) as address:
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://{address}/v1/stream", origin=Origin("http://evil.example"))
        assert refused.value.response.status_code == 403


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    limit = RateLimit(2.0, 2, now_s=lambda: now[0])
    limit.take("a")
    limit.take("a")
    with pytest.raises(RefusedError):
        limit.take("a")
    now[0] = 0.5
    limit.take("a")
    now[0] = -100.0
    with pytest.raises(RefusedError):
        limit.take("a")
