"""`trimtab stress`: what it prints and writes, that it goes on, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

import trimtab
from tests.apps.command_line import ask
from tests.apps.stress_case import STRESS_FILE, write_stress_case
from tests.apps.test_report import assert_stands_alone
from trimtab.apps.stressing import StressChoices, stress, stress_question
from trimtab.apps.stressing.asking import stress_settings
from trimtab.simulation.stress import EngineKind
from trimtab.simulation.world import keepers_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stress_case(tmp_path_factory.mktemp("stress") / "case", settings=STRESS_FILE)


@pytest.fixture(scope="module")
def saved(folder: Path) -> Path:
    """A run of the verb, with everything in it."""
    out = folder.parent / "out"
    answer = ask("stress", folder, "--out", out, "--reverse", "--seed", 3, "--process", "jumps")
    assert answer.code == 0, answer.err
    assert "expected shortfall" in answer.err
    assert "48 paths over 6 hours from 2020-01-01T00:00:00Z, steps of 600 s, seed 3" in answer.out
    assert "debt liquidated" in answer.out
    return out


def document_of(out: Path) -> dict:
    return json.loads((out / "summary.json").read_text())


def test_the_document_is_of_the_stress_file(saved: Path) -> None:
    found = document_of(saved)
    assert found["schema"] == "trimtab.stress/1"
    assert (found["run"]["done"], found["run"]["steps"]) == (48, 36)
    assert found["run"]["assets"] == ["BTC", "ETH"] or "ETH" in found["run"]["assets"]
    assert found["question"]["keepers"]["failure"] == pytest.approx(0.1)
    assert found["question"]["oracle"]["deviation"][0] == pytest.approx(0.005)
    assert {one["factor"] for one in found["sensitivities"]} >= {"volatility", "market depth"}
    assert found["reverse"]["shocks_tried"] > 10
    assert found["fits"]


def test_outcomes_have_a_row_a_path_and_sum_to_the_document(saved: Path) -> None:
    table = duckdb.sql(f"select * from '{saved / 'outcomes.parquet'}' order by path").fetchnumpy()
    assert table["path"].tolist() == list(range(48))
    found = document_of(saved)["measures"]["liquidated"]["mean"]["value"]
    assert float(np.mean(table["liquidated"] * table["weight"])) == pytest.approx(found)
    loss = table["bad_debt"] + table["shortfall_left"]
    payers = [table[name] for name in ("penalty", "insurance_used", "backstop_used")]
    payers += [table["deleveraged"], table["socialized"]]
    assert np.allclose(sum(payers), table["bad_debt"])
    assert document_of(saved)["measures"]["loss"]["worst"] == pytest.approx(float(loss.max()))


def test_the_report_needs_nothing_else(saved: Path) -> None:
    page = (saved / "report.html").read_text(encoding="utf-8")
    assert_stands_alone(page)
    for part in ("Where prices could go", "What a fall sets off", "What it hangs on", "Reproduce"):
        assert part in page
    assert "trimtab stress CASE --process jumps --reverse --seed 3 --out DIR" in page


def test_a_run_goes_on_with_its_batches_and_with_no_other(saved: Path, folder: Path) -> None:
    words = ("stress", folder, "--out", saved, "--process", "jumps", "--no-sensitivity")
    again = ask(*words, "--seed", 3, "--resume", "--format", "json")
    assert again.code == 0, again.err
    old = document_of(saved)
    assert json.loads(again.out)["measures"] == old["measures"]
    other = ask(*words, "--seed", 4, "--resume")
    assert other.code == 3
    assert "batches" in other.complaint


def test_workers_do_not_change_a_number(folder: Path) -> None:
    case, settings = trimtab.load_case(folder), stress_settings(folder, None)
    choices = StressChoices(paths=96, process="brownian", seed=5)
    one, two = (
        stress(case, choices, settings=settings, workers=workers, hangs_on=False).to_json()
        for workers in (1, 2)
    )
    assert one == two


def test_the_same_question_by_the_exact_engine_agrees(folder: Path) -> None:
    case, settings = trimtab.load_case(folder), stress_settings(folder, None)
    found = {}
    for engine in ("kernel", "exact"):
        choices = StressChoices(paths=6, horizon_hours=2.0, process="brownian", engine=engine)
        answer = stress(case, choices, settings=settings, hangs_on=False)
        found[engine] = answer.tables["outcomes"]
    debt = 30_000.0
    for name in ("liquidated", "seized", "bad_debt", "keeper_profit", "socialized"):
        assert np.allclose(found["kernel"][name], found["exact"][name], atol=1e-6 * debt), name


def test_without_a_stress_file_keepers_are_those_of_the_case(tmp_path: Path) -> None:
    case = trimtab.load_case(write_stress_case(tmp_path / "case"))
    question = stress_question(case, StressChoices(paths=7))
    assert question.market is question.oracle is None
    assert question.keepers == keepers_of(case, step_seconds=600.0)
    assert (question.paths, question.horizon_seconds) == (7, 7 * 86_400.0)
    assert question.engine is EngineKind.KERNEL


REFUSED = {
    ("--paths", "0"): (2, "paths"),
    ("--paths", "20000000"): (2, "10,000,000"),
    ("--horizon-hours", "0"): (2, "horizon"),
    ("--horizon-hours", "-3"): (2, "horizon"),
    ("--horizon-hours", "1e9"): (2, "steps"),
    ("--step-seconds", "0"): (2, "step"),
    ("--process", "magic"): (2, "expected one of auto, brownian"),
    ("--shock", "meteor"): (2, "expected one of none, crash"),
    ("--correlation-to-one", "1.5"): (2, "from 0 to 1"),
    ("--engine", "warp"): (2, "expected one of auto, kernel, exact"),
    ("--sampling", "lucky"): (2, "expected one of plain"),
    ("--executor", "moon"): (2, "expected one of threads"),
    ("--level", "1"): (2, "between 0 and 1"),
    ("--fail-on", "weather"): (2, "expected insolvency"),
    ("--format", "csv"): (2, "table or json"),
    ("--resume",): (2, "--out"),
    ("--settings", "nowhere.toml"): (3, "nowhere.toml"),
}


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: " ".join(words))
def test_what_cannot_be_asked_is_refused_in_one_line(words: tuple[str, ...], folder: Path) -> None:
    code, told = REFUSED[words]
    answer = ask("stress", folder, *words)
    assert (answer.code, told in answer.err) == (code, True), answer.err
    assert "Traceback" not in answer.err


def test_a_history_too_short_for_a_process_is_refused(tmp_path: Path) -> None:
    short = write_stress_case(
        tmp_path / "case",
        prices="timestamp,asset,price\n"
        "2020-01-01T00:00:00Z,ETH,1800\n2020-01-01T00:00:00Z,BTC,26000\n"
        "2020-01-01T00:00:00Z,USDC,1\n2020-01-01T00:10:00Z,ETH,1801\n"
        "2020-01-01T00:10:00Z,BTC,26001\n2020-01-01T00:10:00Z,USDC,1\n",
    )
    answer = ask("stress", short, "--process", "garch")
    assert answer.code == 3
    assert "too short" in answer.complaint


def test_fail_on_insolvency_exits_with_one(folder: Path) -> None:
    words = ("stress", folder, "--shock", "crash", "--paths", 20, "--no-sensitivity")
    calm = ask(*words, "--fail-on", "insolvency", "--insolvency-limit", 1)
    assert calm.code == 0, calm.err
    broken = ask(*words, "--fail-on", "insolvency", "--insolvency-limit", 0.01)
    found = json.loads(ask(*words, "--format", "json").out)["insolvency"]["value"]
    assert broken.code == (1 if found > 0.01 else 0)
    assert found > 0.01, "the crash is to break the funds of this book"


def test_a_file_that_says_nothing_of_keepers_leaves_the_case_s_own(tmp_path: Path) -> None:
    """The same numbers as without a file, but for what the file is about."""
    plain = write_stress_case(tmp_path / "plain")
    told = write_stress_case(tmp_path / "told", settings='[markets."*"]\nkind = "none"\n')
    words = ("--paths", 8, "--horizon-hours", 4, "--no-sensitivity", "--format", "json")
    one, two = (json.loads(ask("stress", folder, *words).out) for folder in (plain, told))
    assert one["measures"] == two["measures"]
    assert one["question"]["keepers"] == two["question"]["keepers"]
    assert one["run"]["step_seconds"] == two["run"]["step_seconds"] == 600.0
    assert any("no market is told of" in note for note in one["notes"])
    assert not any("no market is told of" in note for note in two["notes"])


def test_a_section_of_an_asset_that_is_not_there_is_refused(tmp_path: Path) -> None:
    settings = '[markets."*"]\nkind = "none"\n\n[markets.ETHH]\nkind = "linear"\ndepth = 1\n'
    answer = ask("stress", write_stress_case(tmp_path / "case", settings=settings))
    assert answer.code == 3
    assert "markets.ETHH" in answer.complaint


def test_a_test_may_begin_at_the_last_prices(folder: Path) -> None:
    words = ("stress", folder, "--paths", 4, "--no-sensitivity", "--format", "json")
    first, last = (json.loads(ask(*words, "--at", at).out) for at in ("first", "last"))
    assert first["run"]["first_prices"] != last["run"]["first_prices"]
    answer = ask(*words, "--at", "2031-01-01T00:00:00Z")
    assert answer.code == 2
    assert "the prices are from 2020-01-01" in answer.complaint


def test_what_nobody_liquidates_under_water_is_a_loss_beyond_the_funds(tmp_path: Path) -> None:
    """Keepers whose gas costs more than any bonus: nothing is booked, and nobody is paid."""
    settings = '[markets."*"]\nkind = "none"\n\n[chain]\ngas_cost = 1000000000\n'
    folder = write_stress_case(tmp_path / "case", settings=settings)
    words = ("stress", folder, "--shock", "crash", "--process", "none", "--paths", 2)
    answer = ask(*words, "--horizon-hours", 24, "--no-sensitivity", "--fail-on", "insolvency")
    assert answer.code == 1, answer.err
    found = json.loads(
        ask(*words, "--horizon-hours", 24, "--no-sensitivity", "--format", "json").out
    )
    assert found["measures"]["liquidated"]["worst"] == 0.0
    assert found["measures"]["shortfall_left"]["worst"] > 40.0
    assert found["insolvency"]["value"] == 1.0
