"""`trimtab tune`: what it searches, prints and writes, that it goes on, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trimtab
from tests.apps.command_line import ask
from tests.apps.stress_case import STRESS_FILE, write_stress_case
from tests.apps.test_report import assert_stands_alone
from trimtab.apps.stressing import StressChoices
from trimtab.apps.stressing.asking import stress_settings
from trimtab.apps.tuning import tune
from trimtab.apps.tuning.verb import parameter_of
from trimtab.units import UsageError

KEY = "assets.ETH.liquidation_threshold=0.78:0.84:0.01"
WORDS = ("--paths", 16, "--horizon-hours", 3, "--process", "brownian", "--key", KEY, "--seed", 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stress_case(tmp_path_factory.mktemp("tune") / "case", settings=STRESS_FILE)


@pytest.fixture(scope="module")
def saved(folder: Path) -> Path:
    out = folder.parent / "out"
    answer = ask("tune", folder, "--out", out, "--trials", 7, *WORDS)
    assert answer.code == 0, answer.err
    assert "7 trials, 7 of them on the same 16 paths" in answer.out
    assert "warning: 16 paths leave 1 in the tail at 0.99" in answer.err
    assert "present" in answer.out
    return out


def document_of(out: Path) -> dict:
    return json.loads((out / "tune.json").read_text())


def test_the_first_trial_is_the_rules_as_they_are(saved: Path) -> None:
    found = document_of(saved)
    assert found["schema"] == "trimtab.tune/1"
    assert len(found["trials"]) == 7
    key = "assets.ETH.liquidation_threshold"
    values = [float(one["values"][key]) for one in found["trials"]]
    assert values[0] == 0.8
    assert all(0.78 <= value <= 0.84 for value in values)
    assert found["seed"] == "2"


def test_no_trial_of_the_front_betters_another(saved: Path) -> None:
    found = document_of(saved)
    front = [found["trials"][place] for place in found["pareto"]]
    for one in front:
        for other in front:
            aims = ("shortfall", "fund")
            better = other["capacity"] >= one["capacity"] and all(
                other[aim] <= one[aim] for aim in aims
            )
            alike = all(other[aim] == one[aim] for aim in (*aims, "capacity"))
            assert not better or alike


def test_the_report_needs_nothing_else_and_has_its_picture(saved: Path) -> None:
    page = (saved / "report.html").read_text(encoding="utf-8")
    assert_stands_alone(page)
    assert "Risk against room to borrow" in page
    assert (saved / "pareto.png").read_bytes().startswith(b"\x89PNG")


def test_a_recommendation_is_a_change_with_its_dry_run(saved: Path) -> None:
    found = document_of(saved)["recommendation"]
    diff = saved / "rules.diff"
    assert diff.exists() == (found is not None)
    if found is not None:
        lines = diff.read_text().splitlines()
        assert lines == [
            line
            for change in found["changes"]
            for line in (
                f"- {change['key']} = {change['present']}",
                f"+ {change['key']} = {change['proposed']}",
            )
        ]
        assert set(found["dry_run"]) >= {"refusal", "ramps", "newly_liquidatable"}


def test_a_search_goes_on_and_ends_as_one_that_ran_through(saved: Path, folder: Path) -> None:
    case, settings = trimtab.load_case(folder), stress_settings(folder, None)
    choices = StressChoices(paths=16, horizon_hours=3.0, process="brownian", seed=2)
    out = folder.parent / "pieces"
    for trials in (3, 7):
        found = tune(
            case,
            choices,
            trials=trials,
            space=[parameter_of(KEY)],
            settings=settings,
            out=out,
        )
    whole = document_of(saved)
    again = found.to_json()
    assert [one["values"] for one in again["trials"]] == [
        dict(one["values"]) for one in whole["trials"]
    ]
    assert [one["shortfall"] for one in again["trials"]] == [
        one["shortfall"] for one in whole["trials"]
    ]


def test_trials_that_are_there_already_are_all_counted(saved: Path, folder: Path) -> None:
    out = folder.parent / "held"
    out.mkdir()
    for name in ("study.journal", "tune.json"):
        (out / name).write_bytes((saved / name).read_bytes())
    (out / "rules.diff").write_text("of an earlier search\n")
    answer = ask("tune", folder, "--out", out, "--trials", 3, *WORDS)
    assert answer.code == 0, answer.err
    assert "--out held 7 trials already, more than --trials 3: all are counted" in answer.err
    before, now = document_of(saved), document_of(out)
    for name in ("trials", "pareto", "recommendation", "trades", "is_whole"):
        assert now[name] == before[name], name
    if now["recommendation"] is None:
        assert (out / "rules-earlier.diff").read_text() == "of an earlier search\n"
        assert "the earlier change is kept as" in answer.err
    else:
        assert (out / "rules.diff").read_text() == (saved / "rules.diff").read_text()


@pytest.mark.parametrize("text", ["", "x", "x=1", "x=1:2", "=1:2:3", "x=1:2:3:4"])
def test_a_key_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="KEY=LOW:HIGH:STEP"):
        parameter_of(text)


REFUSED = {
    ("--key", "assets.GOLD.max_ltv=0.1:0.2:0.1"): (3, "GOLD"),
    ("--key", "assets.ETH.color=0.1:0.2:0.1"): (3, "color"),
    ("--key", "assets.ETH.max_ltv=0.3:0.2:0.1"): (2, "max_ltv"),
    ("--borrowers", "ghosts"): (2, "--borrowers 'ghosts': expected same_share or fixed"),
    ("--executor", "moon"): (2, "expected one of threads"),
    ("--format", "parquet"): (2, "table or json"),
    ("--trials", "1"): (2, "trials"),
    ("--least-buffer", "2"): (2, "--least-buffer: found 2, expected a number from 0 to below 1"),
}


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: " ".join(words))
def test_what_cannot_be_searched_is_refused_in_one_line(
    words: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    code, told = REFUSED[words]
    answer = ask("tune", folder, "--out", tmp_path / "out", "--paths", 4, *words)
    assert told in answer.err, answer.err
    assert "Traceback" not in answer.err
    assert answer.code == code, answer.err
