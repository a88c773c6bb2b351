"""The page and the print of a search for rules, at every edge."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.apps.stress_answers import OWED
from tests.apps.test_report import HOSTILE, Reader, assert_stands_alone, small_case
from trimtab.apps.report.tune import tune_report
from trimtab.apps.tuning import TuneAnswer
from trimtab.apps.tuning.verb import print_tune
from trimtab.simulation import Change
from trimtab.simulation.stress.tuning import Trial, TuneResult, pareto_set
from trimtab.simulation.stress.tuning.results import DryRun, KeyChange, Recommendation, Trade
from trimtab.units import WAD

KEY = "assets.ETH.liquidation_threshold"
CASE = small_case(OWED, [200])
REASON = "the largest borrow capacity that risks no more than the present rules"


def trial(number: int, shortfall: float, capacity: float, **other: object) -> Trial:
    """A trial with an error of ten, of one key."""
    given = {"fund": 1000.0, "conflict": ""} | other
    error = given.pop("error", 10.0)
    values = {KEY: f"0.8{number}"}
    return Trial(number, values, shortfall, error, capacity, given["fund"], given["conflict"])


TRIALS = (
    trial(0, 500.0, 1000.0),
    trial(1, 300.0, 900.0),
    trial(2, 400.0, 1300.0, error=float("inf")),
    trial(3, 900.0, 1200.0),
    trial(4, 1e9, 0.0, conflict="no rules"),
)


def dry_run(failing: int = 0, *, refusal: str = "", name: str = "acc") -> DryRun:
    """What the engine says, with so many accounts that become liquidatable."""
    rows = tuple(
        Change(f"{name}{n}", 100 * WAD, (60 - n) * WAD + 123_456_789) for n in range(failing)
    )
    return DryRun(refusal, (), ("insurance.balance",), rows)


def answer(
    trials: tuple[Trial, ...] = TRIALS, *, dry: DryRun | None = None, **facts: object
) -> TuneAnswer:
    """An answer of these trials; with a dry run the third is recommended."""
    chosen = None
    if dry is not None:
        changes = (KeyChange(KEY, "0.80", "0.82"), KeyChange("insurance.balance", None, "5"))
        chosen = Recommendation(trials[2], REASON, changes, CASE.rules, dry)
    result = TuneResult(
        *(trials, pareto_set(trials), 0.99, 12 * 3600.0, 500, 0, "same_share", chosen),
        is_whole=True,
    )
    return TuneAnswer(CASE, replace(result, **facts), "trimtab tune CASE --out DIR")


def hostile() -> TuneAnswer:
    found = answer(dry=dry_run(2, refusal=HOSTILE, name=HOSTILE))
    rules = replace(CASE.rules, venue="</title><b>&{{7*7}}\u202e")
    return replace(found, case=replace(CASE, rules=rules), command=HOSTILE)


def trading() -> TuneAnswer:
    """No improvement, but more room for more risk, and less risk for less room."""
    trials = (*TRIALS[:2], trial(2, 520.0, 1300.0))
    changes = (KeyChange(KEY, "0.80", "0.82"),)
    room = Trade(
        *(trials[2], "capacity", "shortfall", 300.0, 20.0, 15.0, changes, CASE.rules, dry_run(2))
    )
    risk = Trade(
        *(trials[1], "shortfall", "capacity", 200.0, 100.0, 2.0, changes, CASE.rules, dry_run())
    )
    return answer(trials, trades=(room, risk))


EDGES = {
    "none": answer(),
    "trades": trading(),
    "recommended": answer(dry=dry_run(2)),
    "many fail": answer(dry=dry_run(40)),
    "refused": answer(dry=dry_run(refusal="weights may not rise so fast")),
    "one trial": answer(TRIALS[:1]),
    "all alike": answer(tuple(trial(n, 0.0, 1000.0) for n in range(4))),
    "levels": answer(level=0.99995),
    "few paths": answer(dry=dry_run(2), paths=100),
    "hostile": hostile(),
}


@cache
def page_of(edge: str) -> str:
    return tune_report(EDGES[edge])


def words_of(page: str) -> str:
    text = Reader(page).text.replace("\u202f", " ").replace("\u00a0", " ")
    return " ".join(text.split())


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_every_edge_gives_a_page_that_stands_alone(edge: str) -> None:
    page = page_of(edge)
    assert_stands_alone(page)
    assert "<script" not in page
    assert "\u202e" not in page
    assert not re.search(r"\b(nan|inf|None,)\b", words_of(page))
    linked = re.findall(r'href="#(\w+)"', page.partition("<nav")[2].partition("</nav>")[0])
    assert linked == re.findall(r'<section id="(\w+)"', page)
    drawn = [attributes for tag, attributes in Reader(page).tags if tag == "svg"]
    assert [one["class"] for one in drawn] == ["wide", "narrow"]


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        ("none", "Nothing tried betters the present rules"),
        (
            "none",
            "5 sets of rules were tried; 4 of them were put to the same 500 price paths of 12 "
            "hours. The other 1 cannot be rules and met no path: 1 for want of no rules.",
        ),
        ("few paths", "A candidate, to be confirmed: 2 keys to change"),
        ("few paths", "The candidate would bring the expected shortfall from 500 USD to 400 USD"),
        (
            "few paths",
            "100 paths leave 1 in the tail at 0.99: a single path decides which rules look best; "
            "confirm with 500 paths or more, and another seed.",
        ),
        ("few paths", "and – where the paths are too few to bound it"),
        ("none", "None of them betters the rules as they are in every aim."),
        ("trades", "The front has 2 trades of one aim for another: a choice, not an improvement."),
        ("trades", "Trades, not improvements"),
        ("trades", "key of rules.tomliswould be"),
        ("recommended", "key of rules.tomlisshall be"),
        ("few paths", "key of rules.tomliswould be"),
        ("none", "Least shortfall tried300 USDwith room for 900 USD"),
        ("none", "Most capacity tried1,300 USDwith a shortfall of 400 USD"),
        ("recommended", "12 hours from 14 November 2023, 22:13:20 UTC, 500 paths, seed 0"),
        (
            "trades",
            "Trial 2 has 300.00 USD more borrow capacity for 20.00 USD more expected shortfall at "
            "0.99: 15 USD for each USD, the most of any trial",
        ),
        ("trades", "Nobody becomes liquidatable by the change."),
        ("recommended", "expected shortfall from 500 USD to 400 USD"),
        ("recommended", "borrow capacity from 1,000 USD to 1,300 USD"),
        ("recommended", f"Chosen because: {REASON}."),
        ("recommended", "The engine accepts the change."),
        ("recommended", "No command sets insurance.balance: it is paid in."),
        ("many fail", "and 28 more."),
        ("refused", "weights may not rise so fast"),
        ("refused", "Nobody becomes liquidatable by the change."),
        ("levels", "Present expected shortfall at 0.99995"),
        ("hostile", "</title><b>&{{7*7}}\\u202e"),
    ],
)
def test_states_are_said_plainly(edge: str, words: str) -> None:
    assert words in words_of(page_of(edge)), words_of(page_of(edge))


@pytest.mark.parametrize("edge", ["none", "trades", "one trial", "all alike"])
def test_without_a_recommendation_there_is_no_change(edge: str) -> None:
    assert 'id="change"' not in page_of(edge)
    assert 'id="dry"' not in page_of(edge)
    assert EDGES[edge].diff() is None


def test_the_front_has_the_trials_figures() -> None:
    page = page_of("recommended").partition('aria-label="The front"')[2].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(\d+)(.*?)</tr>', page)
    result = EDGES["recommended"].result
    assert [int(number) for number, _ in rows] == [0, *(n for n in result.pareto if n)]
    for number, row in rows:
        found = result.trials[int(number)]
        shown = re.findall(r'<data value="([^"]*)"', row)
        assert [float(shown[place]) for place in (0, 2, 3)] == [
            *(found.shortfall, found.capacity, found.fund)
        ]
        if number == "2":
            assert shown[1] == "–", "paths that bound nothing have no error, and not one of 0"
        else:
            assert float(shown[1]) == pytest.approx(19.6)


def test_every_key_has_a_row_with_its_value_in_each_trial_of_the_front() -> None:
    page = page_of("recommended").partition('aria-label="Keys by trial"')[2]
    table = page.partition("</table>")[0]
    result = EDGES["recommended"].result
    shown = [0, *(n for n in result.pareto if n)]
    heads = re.findall(r'<th scope="col" class="n">(\w+)</th>', table)
    assert heads == ["present" if n == 0 else "recommended" if n == 2 else str(n) for n in shown]
    rows = re.findall(r"<code>(.*?)</code></th>(.*?)</tr>", table)
    assert [key for key, _ in rows] == [KEY]
    cells = re.findall(r'<td class="n">(.*?)</td>', rows[0][1])
    assert cells == [result.trials[n].values[KEY] for n in shown]


def test_shortages_are_exact() -> None:
    assert f'value="{60}.000000000123456789"' in page_of("recommended")
    assert f'value="{59}.000000000123456789"' in page_of("recommended")


def test_a_key_that_is_absent_is_added_and_none_is_taken_away() -> None:
    assert EDGES["recommended"].diff() == (
        f"- {KEY} = 0.80\n+ {KEY} = 0.82\n+ insurance.balance = 5\n"
    )


def test_the_same_answer_gives_the_same_bytes(tmp_path: Path) -> None:
    found = answer(dry=dry_run(2))
    assert tune_report(found) == page_of("recommended")
    found.report(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page_of("recommended")


def test_a_change_of_an_earlier_search_is_kept_but_not_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    assert EDGES["recommended"].save(tmp_path) is None
    before = (tmp_path / "rules.diff").read_text()
    kept = EDGES["none"].save(tmp_path)
    assert kept == tmp_path / "rules-earlier.diff"
    assert kept.read_text() == before
    assert not (tmp_path / "rules.diff").exists()
    assert json.loads((tmp_path / "tune.json").read_text())["recommendation"] is None
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert EDGES["none"].save(tmp_path) is None
    assert kept.read_text() == before, "a second one leaves it alone"


def test_the_document_bears_what_has_no_bound() -> None:
    document = json.loads(json.dumps(EDGES["recommended"].to_json(), allow_nan=False))
    assert document["trials"][2]["shortfall_error"] is None
    assert document["command"] == "trimtab tune CASE --out DIR"


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        ("none", "no trial betters the present rules\n"),
        ("trades", "no trial betters the present rules in every aim\n"),
        (
            "trades",
            "a trade, not an improvement: trial 1 has 200.00 USD less expected shortfall at 0.99 "
            "for 100.00 USD less borrow capacity: 2 USD for each USD, the most of any trial\n",
        ),
        ("trades", "a trade\n"),
        ("recommended", f"{KEY}: 0.80 -> 0.82"),
        ("recommended", "insurance.balance: absent -> 5"),
        ("recommended", "2 accounts become liquidatable"),
        ("refused", "dry run: weights may not rise so fast"),
        ("levels", "ES 0.99995 USD"),
        ("levels", "confirm with 100,000 paths or more"),
        ("recommended", "5 trials, 4 of them on the same 500 paths"),
        ("recommended", "refused before any path, 1 of them: 1 for want of no rules"),
        ("recommended", "recommended, trial 2"),
        ("few paths", "candidate, trial 2"),
        ("few paths", "warning: 100 paths leave 1 in the tail at 0.99"),
    ],
)
def test_what_is_printed(edge: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_tune(EDGES[edge])
    told = capsys.readouterr()
    assert words in told.out + told.err
    assert repr(EDGES[edge]).startswith(f"<TuneAnswer: {len(EDGES[edge].result.trials)} trials")


def test_the_document_has_trades_with_their_rates_and_without_whole_rules() -> None:
    document = json.loads(json.dumps(EDGES["trades"].to_json(), allow_nan=False))
    room = document["trades"][0]
    assert (room["gains"], room["costs"], room["rate"]) == ("capacity", "shortfall", 15.0)
    assert room["trial"]["number"] == 2
    assert room["changes"] == [{"key": KEY, "present": "0.80", "proposed": "0.82"}]
    assert set(room["dry_run"]) >= {"refusal", "ramps", "newly_liquidatable"}
    assert "rules" not in room
    assert json.loads(json.dumps(EDGES["recommended"].to_json()))["trades"] == []
