"""What the tests of imports share: running the command, killing it, comparing case folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import trimtab
from trimtab.adapters.chains import Manners, Outcome, Reply, Request, Source, Wire
from trimtab.adapters.chains.reader import MULTICALL3
from trimtab.model import Explanation

START = "from trimtab.apps.cli import main; main()"
FAST = Manners(rate_per_s=1e6)
FILES = ("rules.toml", "book.csv", "prices.csv", "source.json")
SECONDS_MAX = 60


class CountingWire:
    """Counts requests, and may answer as if Multicall3 were not there."""

    def __init__(self, inner: Wire, *, hides_multicall: bool) -> None:
        self.inner = inner
        self.hides_multicall = hides_multicall
        self.requests = 0

    @property
    def where(self) -> str:
        return self.inner.where

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        self.requests += len(requests)
        asked = [one.params[0] for one in requests if one.method == "eth_getCode"]
        if self.hides_multicall and asked == [MULTICALL3]:
            return [Reply("0x")]
        return self.inner.send(requests)


def read(source: Source, out: Path, *, rpc: str, block: int) -> tuple[Outcome, float]:
    """Import a case; its outcome and the seconds it took."""
    begun = time.monotonic()
    outcome = trimtab.import_case(source, out, rpc=rpc, block=block, manners=FAST, chunk_blocks=500)
    return outcome, time.monotonic() - begun


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a case, and nothing else may be there."""
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    assert set(found) == set(FILES)
    return found


def kill_in_the_middle(words: Sequence[str], out: Path, *, lines: int) -> int:
    """Start the command slowly, kill it once its record has so many lines; how many it has."""
    slowly = [*words, "--requests-per-second", "100"]
    process = subprocess.Popen(
        [sys.executable, "-c", START, *slowly], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    record, deadline = out / "import.jsonl", time.monotonic() + SECONDS_MAX
    while recorded(record) < lines and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()
    return recorded(record)


def recorded(record: Path) -> int:
    return record.read_bytes().count(b"\n") if record.exists() else 0


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-c", START, *words], capture_output=True, text=True, check=False
    )


def replay(folder: Path, out: Path) -> None:
    """Replay a case: it loads, its debts are lent by somebody, and no unit is lost."""
    done = command("replay", str(folder), "--out", str(out), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["conserved"] is True


def difference(found: Explanation, told_wad: int) -> Fraction:
    """By how much of itself our health factor differs from the chain's."""
    assert found.health_wad is not None, f"{found.account} has no debt here, and one on the chain"
    return abs(Fraction(found.health_wad - told_wad, told_wad)) if told_wad else Fraction(0)
