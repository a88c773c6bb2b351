"""A writer killed at any moment, or out of disk: what it acknowledged is there, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.postgres import PostgresOfTests
from tests.apps.journal_story import genesis_of
from tests.apps.journal_writer import decided
from tests.simulation.cases import small_case
from trimtab.adapters.stores import open_store
from trimtab.apps.service.recovery import hash_of_case, recover
from trimtab.model.journal_entries import Entry, Tip

ROOT = Path(__file__).resolve().parents[2]
# Some packages install a `tests` of their own, which would be found instead of this one.
START = f"""
import runpy, sys, types
tests = sys.modules["tests"] = types.ModuleType("tests")
tests.__path__ = [{str(ROOT / "tests")!r}]
runpy.run_module("tests.apps.journal_writer", run_name="__main__")
"""
NEVER = 10**9
AFTER_S = 0.1


class Writers:
    """The program that forks writers; one at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def start(self, line: str) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        word, number = self.read().split()
        assert word == "pid"
        return int(number)

    def read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the program of writers has ended"
        return line.rstrip("\n")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Undisturbed:
    """The same commands in a process that nobody disturbs: entries, and state hashes as asked."""

    def __init__(self) -> None:
        self.store = genesis_of(small_case())
        self.entries: list[Entry] = []
        self._run = decided(self.store, Tip())

    def upto(self, number: int) -> str:
        """The state hash after an entry, which is not before those asked for so far."""
        while len(self.entries) < number:
            self.entries.append(next(self._run))
        assert len(self.entries) == number, "asked for in order"
        return self.store.state_hash()


@pytest.fixture(scope="module")
def writers() -> Iterator[Writers]:
    started = Writers()
    yield started
    started.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "venue.sqlite")
    server: PostgresOfTests = request.getfixturevalue("postgres")
    return server.create()


def killed_at_random(writers: Writers, location: str, *, draws: random.Random) -> int:
    """Start a writer, kill it somewhere under load; the last number that it acknowledged."""
    child = writers.start(f"killed {location} {draws.randrange(2**31)} {NEVER}")
    acknowledged, when = 0, None
    while True:
        line = writers.read()
        word, number = line.split()
        if word == "gone":
            assert int(number) == signal.SIGKILL, f"the writer ended by itself: {number}"
            return acknowledged
        acknowledged = int(number)
        if when is None:
            when = time.monotonic() + draws.uniform(0, AFTER_S)
        if when != 0.0 and time.monotonic() >= when:
            os.kill(child, signal.SIGKILL)
            when = 0.0


def examined(location: str, undisturbed: Undisturbed, *, acknowledged: int) -> int:
    """Hold a journal to what was acknowledged, and its state to an undisturbed run's."""
    case = small_case()
    journal = open_store(location)
    try:
        assert journal.verify() is None
        last = journal.last().number
        assert last >= acknowledged
        expected = undisturbed.upto(last)
        assert list(journal.read()) == undisturbed.entries
        assert journal.sources() == {"feed": last}
        name = hash_of_case(case)
        found = recover(journal, genesis=lambda: genesis_of(case), case_hash=name)
        assert found.store.state_hash() == expected
        return last
    finally:
        journal.close()


def kill(writers: Writers, location: str, *, times: int, seed: int) -> None:
    undisturbed, draws = Undisturbed(), random.Random(seed)
    lasts = [0]
    for _ in range(times):
        acknowledged = killed_at_random(writers, location, draws=draws)
        assert acknowledged > lasts[-1], "each writer goes on where the last one was killed"
        lasts.append(examined(location, undisturbed, acknowledged=acknowledged))
    assert lasts[-1] > 20 * times


def test_a_writer_killed_ten_times_loses_and_doubles_nothing(
    writers: Writers, location: str
) -> None:
    kill(writers, location, times=10 if "://" not in location else 3, seed=1)


@pytest.mark.soak
def test_a_writer_killed_two_hundred_times_loses_and_doubles_nothing(
    writers: Writers, location: str
) -> None:
    kill(writers, location, times=200, seed=2)


@pytest.mark.parametrize("bytes_max", [300_000, 800_003])
def test_on_a_full_disk_nothing_is_acknowledged_and_it_goes_on_with_space(
    writers: Writers, tmp_path: Path, bytes_max: int
) -> None:
    path = tmp_path / "venue.sqlite"
    writers.start(f"full {path} {bytes_max} 1500")
    lines = [writers.read()]
    while not lines[-1].startswith("gone"):
        lines.append(writers.read())
    assert lines[-1] == "gone 0"
    numbers = [int(line.split()[1]) for line in lines if line.startswith("ack")]
    assert numbers == list(range(30, 1530, 30))
    (full,) = (line for line in lines if line.startswith("full"))
    at = lines.index(full)
    assert int(full.split()[1]) == int(lines[at - 1].split()[1])
    assert "venue.sqlite: the disk" in full
    assert "nothing of this was acknowledged" in full
    undisturbed = Undisturbed()
    assert lines[-2] == f"end {undisturbed.upto(1500)} None"
    assert examined(str(path), undisturbed, acknowledged=1500) == 1500
