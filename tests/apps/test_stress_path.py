"""`trimtab stress --path`: one path of a run, event by event, and the run's own row beside it."""

from __future__ import annotations

import json
import re
import shlex
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

import trimtab
from tests.apps.command_line import Answer, ask
from tests.apps.perp_case import write_perps
from tests.apps.stress_case import STRESS_FILE, write_stress_case
from tests.apps.test_report import Reader, assert_stands_alone
from trimtab.apps.stressing import PathAnswer, StressChoices, stress_path
from trimtab.apps.stressing.asking import stress_settings
from trimtab.apps.stressing.path_verb import _row, print_path
from trimtab.apps.stressing.printing import number
from trimtab.model import Payer
from trimtab.simulation.stress import path_prices
from trimtab.units import UsageError

WORDS = ("--process", "jumps", "--shock", "crash", "--horizon-hours", 12, "--paths", 24)
WORDS += ("--seed", 3)
OUTPUTS = {"events.parquet", "metrics.parquet", "prices.parquet", "summary.json", "report.html"}
PAYERS = ("own_margin", "penalty", "insurance", "backstop", "adl", "socialized")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stress_case(tmp_path_factory.mktemp("path") / "case", settings=STRESS_FILE)


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    """A finished run."""
    out = folder.parent / "out"
    answer = ask("stress", folder, *WORDS, "--no-sensitivity", "--out", out)
    assert answer.code == 0, answer.err
    return out


@pytest.fixture(scope="module")
def worst(run: Path) -> int:
    return int(json.loads((run / "summary.json").read_text())["worst"][0]["path"])


@pytest.fixture(scope="module")
def told(folder: Path, run: Path, worst: int) -> Answer:
    answer = ask("stress", folder, *WORDS, "--out", run, "--path", worst)
    assert answer.code == 0, answer.err
    return answer


@pytest.fixture(scope="module")
def document(run: Path, told: Answer, worst: int) -> dict:
    assert told.code == 0
    found: dict = json.loads((run / f"path-{worst}" / "summary.json").read_text())
    return found


def test_the_row_is_the_run_s_own(document: dict, run: Path, worst: int) -> None:
    table = duckdb.sql(f"select * from '{run / 'outcomes.parquet'}' where path = {worst}")
    row = dict(zip(table.columns, table.fetchall()[0], strict=True))
    for name, value in document["outcomes"].items():
        assert value == row[name], name
    assert document["loss"] == row["bad_debt"] + row["shortfall_left"] > 0.0
    kept = json.loads((run / "summary.json").read_text())
    assert document["run"] == kept["run"]["identity"]
    assert document["engine"] == kept["question"]["engine"] == "kernel"


def test_the_exact_engine_agrees_within_the_bound(document: dict) -> None:
    assert document["apart"] == {}
    exact, counted = document["outcomes_exact"], document["outcomes"]
    assert exact.keys() == counted.keys()
    assert exact["liquidated"] > 1000.0
    bound = document["bound"]
    assert 1e-6 <= bound["share"] < 1e-4
    assert bound["debt"] == pytest.approx(28_700.0)
    for name in ("liquidated", "seized", "bad_debt", "insurance_used", "keeper_profit"):
        assert abs(exact[name] - counted[name]) <= bound["share"] * bound["debt"], name
    assert exact["liquidations"] == counted["liquidations"]


def test_the_timeline_adds_up_to_the_replay(document: dict) -> None:
    replayed, moments = document["replay"], document["timeline"]
    assert replayed["conserved"] is True
    for name in ("repaid_value", "seized_value", "bad_debt_value"):
        assert sum(Decimal(one[name]) for one in moments) == Decimal(replayed[name]), name
    for payer in PAYERS:
        paid = sum(Decimal(one["paid_by"][payer]) for one in moments)
        assert paid == Decimal(replayed[f"{payer}_value"]), payer
    assert sum(one["liquidations"] for one in moments) == replayed["liquidations"] > 0
    assert [one["step"] for one in moments] == sorted({one["step"] for one in moments})
    assert any("ann" in one["accounts"] for one in moments)


def test_events_and_prices_are_of_this_path(document: dict, run: Path, worst: int) -> None:
    place = run / f"path-{worst}"
    assert {path.name for path in place.iterdir()} == OUTPUTS
    events = duckdb.sql(f"select kind from '{place / 'events.parquet'}'").fetchall()
    assert ("liquidate",) in events
    assert ("loss",) in events
    rows = duckdb.sql(f"select * from '{place / 'prices.parquet'}' order by step, asset").fetchall()
    columns = ["timestamp", "step", "asset", "drawn", "market", "reported"]
    assert duckdb.sql(f"select * from '{place / 'prices.parquet'}'").columns == columns
    ether = [row for row in rows if row[2] == "ETH"]
    assert len(ether) == 12 * 6 + 1
    # Sales push the market below what was drawn; the oracle hears of it late or not at all.
    assert min(row[4] / row[3] for row in ether) < 0.999
    moment = document["timeline"][0]
    assert float(moment["prices"]["ETH"]) == ether[moment["step"]][5]


def test_the_report_is_of_the_path_and_of_the_run_s_keepers(
    run: Path, told: Answer, worst: int
) -> None:
    assert f"path-{worst}" in told.err
    text = (run / f"path-{worst}" / "report.html").read_text(encoding="utf-8")
    assert_stands_alone(text)
    page = " ".join(Reader(text).text.replace("\u202f", " ").replace("\u00a0", " ").split())
    assert f"This is path {worst} of a stress run of 24 paths with seed 3" in page
    assert "publishes moves of 0.5" in page
    assert "One liquidation costs 5.00 USD of gas." in page
    assert "They want 1.00 USD more than gas." in page
    assert f"--path {worst}" in page


def test_the_report_does_not_pass_a_drawn_path_off_as_history(run: Path, worst: int) -> None:
    text = (run / f"path-{worst}" / "report.html").read_text(encoding="utf-8")
    name = f"simulated path {worst}, seed 3"
    for tag in ("title", "h1", 'p class="kicker"', 'p class="period"', "footer"):
        part = text.partition(f"<{tag}>")[2].partition("</")[0]
        assert name in part.lower(), tag
    assert "Prices here are history" not in text
    assert "replay report" not in text


def test_a_drawn_fall_has_hours_and_no_date_of_history(tmp_path: Path) -> None:
    book = "account,instrument,quantity,group\nann,ETH,10,\nann,USDC,-12000,\n"
    text = chosen(write_stress_case(tmp_path / "case", book=book), 5, shock="crash")._page()
    lead = re.sub(r"<[^>]*>", "", text.partition('<p class="lead">')[2].partition("</p>")[0])
    assert re.search(
        r"ETH fell by [\d.]+\u202f% to [\d.,]+\u00a0USD after \d\.\d hours and", lead
    ), lead
    assert "2020" not in lead


def test_the_keepers_are_no_account_of_the_book(document: dict, run: Path, worst: int) -> None:
    assert document["replay"]["accounts"] == 4
    text = (run / f"path-{worst}" / "report.html").read_text(encoding="utf-8")
    assert 'value="4" title="4">4\u00a0accounts<' in text


def test_what_is_printed_says_when_what_and_who_paid(told: Answer, worst: int) -> None:
    assert f"simulated path {worst}, seed 3" in told.out
    assert "insurance" in told.out
    assert "the exact engine agrees with the run's row for this path" in told.err


def test_the_loss_and_its_payers_are_one_engine_s_and_add_up(told: Answer, document: dict) -> None:
    line = next(line for line in told.err.splitlines() if line.startswith("loss "))
    whole, _, parts = line.partition(" USD by the exact engine: ")
    paid = parts.partition("; own margin")[0].replace(",", "")
    told_parts = [Decimal(found) for found in re.findall(r"\d+\.\d\d", paid)]
    loss = Decimal(whole.removeprefix("loss ").replace(",", ""))
    assert loss > 10
    assert loss == sum(told_parts), "to the cent"
    replayed = document["replay"]
    booked = Decimal(replayed["bad_debt_value"]) - Decimal(replayed["own_margin_value"])
    left = Decimal(document["outcomes_exact"]["shortfall_left"])
    assert abs(loss - booked - left) <= Decimal("0.005") * len(told_parts)
    assert " 0.00" not in line
    assert f"(kernel engine, loss {number(document['loss'])})" in told.err


def test_a_payer_of_less_than_a_cent_is_not_named_for_a_step_nor_told_as_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = chosen(folder, 5, shock="crash")
    tally = found.world.tally
    tally.loss_wad[Payer.OWN_MARGIN] = 10**12
    moment = found.timeline[0]
    moment.tally.loss_wad[Payer.OWN_MARGIN] = 10**12
    assert "own margin" not in _row(moment, "ETH")[-1]
    print_path(found)
    assert "own margin paid less than 0.01 before that" in capsys.readouterr().err


def test_the_told_command_gives_the_path_again(document: dict, folder: Path, run: Path) -> None:
    places = {"CASE": str(folder), "DIR": str(run)}
    typed = [places.get(word, word) for word in shlex.split(document["command"])[1:]]
    again = ask(*typed, "--format", "json")
    assert again.code == 0, again.err
    assert json.loads(again.out) == document


def chosen(folder: Path, path: int, **choices: object) -> PathAnswer:
    case, settings = trimtab.load_case(folder), stress_settings(folder, None)
    given = {"paths": 8, "horizon_hours": 2.0, "process": "brownian"} | choices
    return stress_path(case, StressChoices(**given), path=path, settings=settings)


def test_by_the_exact_engine_the_row_is_the_same_to_the_last_bit(folder: Path) -> None:
    found = chosen(folder, 5, engine="exact", shock="crash")
    assert found.row == found.exact
    assert found.row["liquidated"] > 0.0


@pytest.mark.parametrize("sampling", ["antithetic", "stratified", "tail"])
def test_a_path_is_drawn_as_the_run_draws_it(folder: Path, sampling: str) -> None:
    found = chosen(folder, 6, sampling=sampling)
    drawn = path_prices(found.ready, 6)
    assert np.array_equal(found.ready.task.prices(0, 8)[6], drawn)
    assert found.world.case.ticks[-1].at_ns == found.world.case.ticks[0].at_ns + 2 * 3600 * 10**9
    assert np.allclose(found.tables["prices"]["drawn"], drawn.ravel(), rtol=1e-15)


def test_a_quiet_path_says_so(tmp_path: Path) -> None:
    book = "account,instrument,quantity,group\nann,ETH,10,\nann,USDC,-900,\ndee,USDC,50000,\n"
    folder = write_stress_case(tmp_path / "calm", book=book)
    answer = ask("stress", folder, "--process", "none", "--paths", 2, "--path", 1)
    assert (answer.code, answer.out) == (0, "")
    assert "nobody is liquidated, and nothing is lost" in answer.err


def test_positions_are_told_by_what_was_closed_the_largest_first(tmp_path: Path) -> None:
    """A long slide: small positions are closed step by step, more than a table shows."""
    case = write_perps(tmp_path / "perps")
    words = ("--process", "none", "--shock", "crash", "--horizon-hours", 0.5, "--paths", 2)
    answer = ask("stress", case, *words, "--path", 1, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "repaid or closed USD" in answer.out
    moments = json.loads((tmp_path / "out" / "path-1" / "summary.json").read_text())["timeline"]
    closed = sorted((Decimal(one["closed_value"]) for one in moments), reverse=True)
    assert len(moments) > 20
    assert f"{closed[0]:,.2f}" in answer.out
    assert all(row.startswith("  2024-01-01T") for row in answer.out.splitlines()[4:24])
    assert "the exact engine ran" in answer.err


def test_where_the_engines_differ_both_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = chosen(folder, 5, shock="crash")
    assert not found.apart
    monkeypatch.setattr("trimtab.apps.stressing.agreement.Bound.of", lambda *_: -1.0)
    assert found.apart["liquidated"] == (found.row["liquidated"], found.exact["liquidated"])
    assert "The run counts " in found._page()


def test_a_path_beyond_the_run_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="--path 8: expected from 0 to 7"):
        chosen(folder, 8)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--path", 24), 2, "--path 24: expected from 0 to 23"),
        (("--path", -1), 2, "--path '-1': expected 0 or more"),
        (("--path", 3, "--resume", "--out", "x"), 2, "--resume of the whole run"),
        (("--path", 3, "--reverse"), 2, "--reverse of the whole run"),
        (("--path", 3, "--fail-on", "insolvency"), 2, "--fail-on insolvency of the whole run"),
    ],
)
def test_what_is_not_of_one_path_is_refused(
    words: tuple[object, ...], code: int, said: str, folder: Path
) -> None:
    answer = ask("stress", folder, *WORDS, *words)
    assert answer.code == code
    assert said in answer.complaint


def test_a_folder_of_another_run_is_refused_and_left(folder: Path, run: Path) -> None:
    before = {path.name for path in run.iterdir()}
    answer = ask("stress", folder, *WORDS, "--seed", 4, "--out", run, "--path", 0)
    assert answer.code == 3
    assert "the run kept in --out is of another question" in answer.complaint
    assert {path.name for path in run.iterdir()} == before
