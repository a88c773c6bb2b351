"""A search says how little its paths tell, what it refused, and how to make it again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from tests.apps.stress_case import STRESS_FILE, write_stress_case
from tests.apps.test_tune_report import EDGES, KEY, TRIALS, answer, page_of, trial
from trimtab.apps.tuning.words import refused_words, tail_warning


def test_what_few_paths_chose_is_nowhere_called_recommended() -> None:
    assert "ecommended" not in page_of("few paths")
    assert "ecommended" in page_of("recommended")
    document = EDGES["few paths"].to_json()
    assert (document["is_firm"], document["paths_wanted"]) == (False, 500)
    assert document["tail_paths"] == pytest.approx(1.0)
    assert document["refused"] == {"no rules": 1}


@pytest.mark.parametrize(
    ("paths", "level", "firm", "wanted"),
    [(500, 0.99, True, 500), (499, 0.99, False, 500), (100, 0.95, True, 100), (4, 0.5, False, 10)],
)
def test_five_paths_in_the_tail_are_enough(
    paths: int, level: float, firm: bool, wanted: int
) -> None:
    found = answer(paths=paths, level=level).result
    assert (found.is_firm, found.paths_wanted) == (firm, wanted)
    assert bool(tail_warning(found)) != firm


def test_refusals_are_counted_by_what_was_expected() -> None:
    told = [f"assets.ETH.x: found 0.9{n}, expected below 1" for n in range(3)]
    told += ["assets.ETH.y: found 1, expected 2", "a", "b", "b"]
    bad = [trial(n, 0.0, 0.0, conflict=words) for n, words in enumerate(told, start=1)]
    found = answer((TRIALS[0], *bad)).result
    assert found.refused == {"below 1": 3, "b": 2, "2": 1, "a": 1}
    assert (
        refused_words(found)
        == "3 for want of below 1; 2 for want of b; 1 for want of 2; 1 for other reasons"
    )


def test_the_told_command_searches_the_same_again(tmp_path: Path) -> None:
    folder = write_stress_case(tmp_path / "case", settings=STRESS_FILE)
    words = ("--paths", 6, "--horizon-hours", 1.5, "--process", "brownian", "--level", 0.6)
    words += ("--key", f"{KEY}=0.79:0.81:0.01", "--borrowers", "fixed", "--trials", 2)
    first = ask("tune", folder, *words, "--out", tmp_path / "a", "--seed", 9, "--format", "json")
    assert first.code == 0, first.err
    document = json.loads(first.out)
    places = {"CASE": str(folder), "DIR": str(tmp_path / "b")}
    typed = shlex.split(document["command"])[1:]
    again = ask(*(places.get(word, word) for word in typed), "--format", "json")
    assert again.code == 0, again.err
    assert json.loads(again.out) == document
    assert document["borrowers"] == "fixed"
    assert document["paths"] == 6


def test_few_paths_do_not_pass_for_certainty(tmp_path: Path) -> None:
    """At 0.99 six paths bound no shortfall: its error is not 0."""
    folder = write_stress_case(tmp_path / "case", settings=STRESS_FILE)
    words = ("--paths", 6, "--horizon-hours", 1, "--process", "brownian", "--trials", 2)
    words += ("--key", f"{KEY}=0.79:0.81:0.01", "--out", tmp_path / "out", "--format", "json")
    found = ask("tune", folder, *words)
    assert found.code == 0, found.err
    assert [one["shortfall_error"] for one in json.loads(found.out)["trials"]] == [None, None]
