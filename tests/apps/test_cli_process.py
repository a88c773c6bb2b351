"""The command as a process: how fast it starts, and what a signal leaves behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from tests.apps.command_line import Answer, command, environment, prices_text, spawn, write_case

# The bars of the command line (help in 0.3 s), doubled for a busy machine.
HELP_SECONDS_MAX = 0.3 * 2
IMPORT_SECONDS_MAX = 0.15 * 2
STEPS = 900


def seconds_of(words: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(words, capture_output=True, check=True, env=environment())
    return time.perf_counter() - begun


def test_help_comes_at_once() -> None:
    times = [seconds_of(command("--help")) for _ in range(5)]
    assert median(times) < HELP_SECONDS_MAX, times


def test_importing_costs_next_to_nothing() -> None:
    code = "import time; t = time.perf_counter(); import trimtab; print(time.perf_counter() - t)"
    times = []
    for _ in range(5):
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, text=True
        )
        times.append(float(answer.stdout))
    assert median(times) < IMPORT_SECONDS_MAX, times


def test_importing_and_helping_load_nothing_heavy() -> None:
    code = (
        "import sys, trimtab\n"
        "from trimtab.apps.cli import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "print(sorted({'numpy', 'duckdb', 'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.fixture(scope="module")
def long_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough to be interrupted: the small book through a random walk."""
    chance, price, prices = random.Random(3), 2000.0, []
    for _ in range(STEPS):
        price = min(max(price * (1 + chance.uniform(-0.01, 0.01)), 800), 3000)
        prices.append(round(price, 2))
    return write_case(tmp_path_factory.mktemp("long") / "case", prices=prices_text(tuple(prices)))


def interrupted(case: Path, out: Path, *, sent: signal.Signals) -> Answer:
    """Start a replay and send it a signal once its journal has grown."""
    process = subprocess.Popen(
        command("replay", case, "--out", out),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        # Whoever runs the tests in the background has them ignore interrupts, and what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    journal, deadline = out / "journal.jsonl", time.monotonic() + 30
    while not (journal.exists() and journal.stat().st_size > 10_000):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, sent)
    out_bytes, err_bytes = process.communicate(timeout=30)
    return Answer(process.returncode, out_bytes, err_bytes.decode())


def hash_of(case: Path, out: Path, *more: str) -> str:
    answer = spawn("replay", case, "--out", out, "--format", "json", *more)
    assert answer.code == 0, answer.err
    return str(json.loads(answer.out)["state_hash"])


def test_an_interrupted_replay_goes_on_where_it_was(long_case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped = interrupted(long_case, out, sent=signal.SIGINT)
    assert stopped.code == 130
    assert stopped.raw == b""
    assert "Traceback" not in stopped.err
    last = stopped.err.splitlines()[-1]
    assert last.startswith("error: interrupted; the journal in ")
    assert last.endswith("go on with --resume")
    assert [path.name for path in out.iterdir()] == ["journal.jsonl"]
    whole = hash_of(long_case, tmp_path / "whole")
    assert hash_of(long_case, out, "--resume") == whole
    assert {path.name for path in tmp_path.iterdir()} == {"out", "whole"}


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    rows = "".join(f"a{number},ETH,1\n" for number in range(3000))
    case = write_case(tmp_path / "case", book=f"account,instrument,quantity\n{rows}")
    process = subprocess.Popen(
        command("health", case, "--format", "csv"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    complaint = process.stderr.read().decode()
    process.stderr.close()
    process.wait(timeout=30)
    assert "Traceback" not in complaint
    assert process.returncode in (0, 120, 141)


def test_paths_are_relative_to_the_working_folder(tmp_path: Path) -> None:
    write_case(tmp_path / "case")
    answer = spawn("health", "case", "--format", "json", cwd=tmp_path)
    assert answer.code == 0
    assert answer.err == ""
