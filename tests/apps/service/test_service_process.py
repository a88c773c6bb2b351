"""`trimtab serve` as a process: keys, signals, kill -9, a journal looked at from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.adapters.postgres import PostgresOfTests
from tests.apps.command_line import ask
from tests.apps.service.services import crisis, until
from trimtab.adapters.stores import open_store
from trimtab.apps import front
from trimtab.apps.service.opening import Place, opened
from trimtab.apps.service.running import Options
from trimtab.model.journal_entries import Tip, checked
from trimtab.model.operator_actions import checked_actions

PROGRAM = "import sys; sys.argv[0] = 'trimtab'; from trimtab.apps.cli import main; main()"


def trimtab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
    )


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("serve", *words, "--port", str(port))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stderr=subprocess.PIPE, text=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or answers(url), seconds=90)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield process, url
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1).text == "ok"
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service") / "case"
    front.write_demo_case(folder)
    return folder


def test_killed_and_started_again_it_has_lost_nothing(case: Path, tmp_path: Path) -> None:
    journal = tmp_path / "venue.db"
    words = (str(case), "--feed", "none", "--journal", str(journal))
    with serving(*words) as (process, url):
        body = {"source": "desk", "prices": {"ETH": "190"}}
        for number in range(1, 40):
            answer = httpx.post(f"{url}/v1/ingest/prices", json=body | {"number": number}).json()
            assert answer["status"] == "done"
        acknowledged = paused(url)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with serving(*words) as (process, url):
        (audited,) = httpx.get(f"{url}/v1/audit").json()["actions"]
        assert (audited["action"], audited["result"]) == ("pause", f"done: entry {acknowledged}")
        status = httpx.get(f"{url}/v1/status").json()
        assert status["journal_number"] == acknowledged
        again = httpx.post(f"{url}/v1/ingest/prices", json=body | {"number": 39}).json()
        assert again["status"] == "duplicate"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        lines = [json.loads(line) for line in process.stderr]
    assert [line["event"] for line in lines] == ["serving", "stopped"]
    assert (lines[1]["drained"], lines[1]["failure"]) == (True, None)
    store = open_store(journal, reads_only=True)
    entries = list(checked(store.read(), Tip()))
    taken = store.latest_snapshot()
    store.close()
    assert len(entries) == acknowledged
    assert taken is not None
    assert taken.tip.number == acknowledged


def paused(url: str) -> int:
    """Raise the breaker; the number of the entry that did it."""
    answer = httpx.post(f"{url}/v1/breakers/pause", json={"level": 1, "reason": "a test"}).json()
    assert answer["refused"] == []
    return int(answer["journal_number"])


def test_killed_on_a_server_what_operators_did_is_there(
    case: Path, postgres: PostgresOfTests
) -> None:
    location = postgres.create()
    with serving(str(case), "--feed", "none", "--journal", location) as (process, url):
        number = paused(url)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    store = open_store(location)
    (action,) = checked_actions(store.actions.read())
    assert (action.action, action.result) == ("pause", f"done: entry {number}")
    assert store.verify() is None
    store.close()


def test_a_service_with_keys_asks_for_them(case: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    made = trimtab("keys", "add", "anna", "--role", "operate", "--file", str(keys))
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert key.startswith("trimtab_")
    listed = json.loads(trimtab("keys", "list", "--file", str(keys), "--format", "json").stdout)
    assert [(row["name"], row["role"], row["state"]) for row in listed] == [
        ("anna", "operate", "good")
    ]
    assert key.rpartition("_")[2] not in json.dumps(listed)
    with serving(str(case), "--keys", str(keys), "--speed", "1000") as (_, url):
        assert httpx.get(f"{url}/v1/session").json()["error"] == "key_missing"
        header = {"Authorization": f"Bearer {key}"}
        found = httpx.get(f"{url}/v1/session", headers=header).json()
        assert (found["name"], found["role"], found["keys_required"]) == ("anna", "operate", True)
        assert httpx.get(f"{url}/v1/replay", headers=header).json()["speed"] == "1000"
        assert httpx.get(f"{url}/metrics", headers=header).text.count("# TYPE") > 30
        revoked = trimtab("keys", "revoke", "anna", "--file", str(keys))
        assert revoked.returncode == 0
        assert httpx.get(f"{url}/v1/session", headers=header).json()["error"] == "key_revoked"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("serve", "CASE", "--host", "0.0.0.0"), "needs keys"),
        (("serve", "CASE", "--feed", "pigeon:x"), "--feed pigeon:x"),
        (("serve", "CASE", "--log-level", "loud"), "--log-level"),
        (("serve", "CASE", "--keys", "none.json"), "no good key"),
        (("serve", "nowhere"), "nowhere"),
        (("keys", "add", "x", "--role", "king"), "--role 'king'"),
        (("keys", "add", "x", "--expires", "soon"), "--expires"),
        (("keys", "add", "x", "--expires", "2001-01-01"), "past"),
        (("keys", "revoke", "x"), "no key of the name"),
        (("journal", "verify", "none.db"), "no journal none.db"),
        (("journal", "restore", "none.db", "new.db"), "no back-up"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    case: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    words = tuple(str(case) if word == "CASE" else word for word in words)
    with chdir(tmp_path):
        found = ask(*words)
    assert found.code in (2, 3), found.err
    (line,) = [one for one in found.err.splitlines() if one.startswith("error:")]
    assert says in line


def test_a_journal_is_backed_up_and_restored(tmp_path: Path) -> None:
    from trimtab.apps.service import journal_verbs as verbs
    from trimtab.apps.service.work import Work
    from trimtab.model import commands as c
    from trimtab.units import WAD

    path = tmp_path / "venue.db"
    service = opened(crisis(), Options(), place=Place(journal=open_store(path)))
    for number in range(1, 9):
        tick = c.SetPrices(0, (("ETH", (180 + number) * WAD),))
        service.writer.group([Work((tick,), "desk", number)])
    verbs.run_back_up(str(path), tmp_path / "backups" / "monday.db")
    service.start()
    assert service.stop()
    assert verbs.run_verify(str(path)) == 0
    verbs.run_restore(tmp_path / "backups" / "monday.db", str(tmp_path / "again.db"))
    again = open_store(tmp_path / "again.db")
    assert (again.last(), again.sources()) == (open_tip(path), {"desk": 8})
    again.close()
    verbs.run_export(str(path), tmp_path / "out", after=0)
    assert sorted(file.name.partition("-")[0] for file in (tmp_path / "out").iterdir()) == [
        *("entries", "events"),
    ]
    verbs.run_retain(str(path), None)
    kept = open_store(path, reads_only=True)
    assert kept.anchor().number == 8
    kept.close()
    assert verbs.run_cut(str(path), consent=False) == 0
    damaged = tmp_path / "again.db"
    content = bytearray(damaged.read_bytes())
    place = content.rfind(b"SetPrices")
    content[place] ^= 1
    damaged.write_bytes(bytes(content))
    assert verbs.run_verify(str(damaged)) == 1
    assert verbs.run_cut(str(damaged), consent=False) == 1
    assert verbs.run_cut(str(damaged), consent=True) == 0
    assert verbs.run_verify(str(damaged)) == 0


def open_tip(path: Path) -> Tip:
    store = open_store(path, reads_only=True)
    tip = store.last()
    store.close()
    return tip


def test_the_clock_of_a_case_can_be_held_and_hurried() -> None:
    from threading import Event

    from trimtab.apps.service.clock import CaseClock, SystemClock

    now = [0]
    clock = CaseClock(1000, speed=60, end_ns=10**12, monotonic_ns=lambda: now[0])
    now[0] = 10
    assert clock.now_ns() == 1600
    clock.change(speed=2)
    now[0] = 20
    assert clock.now_ns() == 1620
    clock.change(held=True)
    now[0] = 1_000_000
    assert (clock.now_ns(), clock.held) == (1620, True)
    clock.change(held=False, speed=10**7)
    now[0] += 10**6
    assert clock.now_ns() == 10**12, "it stands at the last price"
    stop = Event()
    assert clock.wait_until(5, stop)
    stop.set()
    assert not clock.wait_until(2 * 10**12, stop)
    world = SystemClock()
    assert world.wait_until(world.now_ns() + 10**6, Event())
    assert not world.wait_until(world.now_ns() + 10**12, stop)
    assert abs(world.now_ns() - time.time_ns()) < 10**9
