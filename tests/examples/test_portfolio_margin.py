"""The example of portfolio margins: its table, its page, and real figures of the real chain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TRIMTAB_SHARED", ROOT.parent / "shared")) / "data"

REAL = """\
portfolio            value     pmrm2      pmrm       srm   deribit      span
covered call        88,524    15,468    26,533    38,287     7,333    13,443
short straddle      22,131    12,547    20,988    26,033    10,712     9,432
iron condor         22,131     3,899     8,863     8,301     4,027     3,086
calendar            22,131     4,213     9,900    21,284     3,383     3,356
hedged strangle     22,131    13,610    21,317    24,787    12,195     9,028
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples/portfolio_margin.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_runs_without_data_and_writes_a_page(tmp_path: Path) -> None:
    out = tmp_path / "deeper" / "page.html"
    done = run("--out", str(out), "--portfolio", "calendar", "--venue", "span")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == [
        "portfolio",
        "value",
        *["pmrm2", "pmrm", "srm"],
        "deribit",
        "span",
    ]
    assert "Calendar: SPAN (example) asks for" in out.read_text(encoding="utf-8")


def test_what_it_refuses(tmp_path: Path) -> None:
    assert run("--venue", "nowhere").returncode == 2
    done = run("--portfolio", "butterfly", "--out", str(tmp_path / "page.html"))
    assert done.returncode == 2
    assert "iron condor" in done.stderr
    done = run("--data", str(tmp_path))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.shared
def test_margins_of_the_real_chain(tmp_path: Path) -> None:
    done = run("--data", str(DATA), "--snapshot", "0", "--out", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == REAL


@pytest.mark.shared
def test_margins_held_to_expiry_over_the_real_chain() -> None:
    done = run("--data", str(DATA), "--replay")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert len(rows) == 43
    assert rows[0].split() == [
        *("2025-12-30T17:31", "88,524", "14,158", "14,996", "2,132", "10,168", "12,943"),
    ]
    short = [row.split()[0] for row in rows if row.endswith("*")]
    assert short == ["2026-03-01T21:22", "2026-06-25T11:47"]
    assert "hedged strangle" in head
