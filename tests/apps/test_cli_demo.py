"""`trimtab demo` and `trimtab doctor`: the first minute with the program."""

from __future__ import annotations

import json
from pathlib import Path

from tests.apps.command_line import ask
from trimtab.model import Case
from trimtab.simulation import replay


def test_the_demo_replays_one_crash_under_two_rule_books(tmp_path: Path, demo: Case) -> None:
    answer = ask("demo", "--out", tmp_path / "demo", "--seed", 1)
    assert answer.code == 0, answer.err
    folders = {path.name for path in (tmp_path / "demo").iterdir()}
    assert folders == {"case", "case-2020", "replay", "replay-2020"}
    today = json.loads((tmp_path / "demo/replay/summary.json").read_text())
    then = json.loads((tmp_path / "demo/replay-2020/summary.json").read_text())
    assert today["state_hash"] == replay(demo).state_hash
    assert today["conserved"]
    assert then["conserved"]
    assert float(then["bad_debt_value"]) > 10 * float(today["bad_debt_value"])
    assert today["venue"] in answer.out
    assert then["venue"] in answer.out
    assert answer.err.splitlines()[-1].startswith("report: ")
    again = ask("health", tmp_path / "demo" / "case", "--fail-on", "liquidatable")
    assert again.code == 0


def test_the_doctor_tells_versions_and_speed() -> None:
    answer = ask("doctor", "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert {"python", "trimtab", "numpy", "duckdb", "machine", "cores"} <= found.keys()
    assert found["commands_per_second"] > 100
    assert "trimtab doctor" in ask("doctor").out
