"""Keepers that take a part of an offer: settable in stress.toml, done by the exact engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from tests.apps.stress_case import write_stress_case
from trimtab.adapters.files import read_stress_file
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.simulation.chain import KeeperBehavior, stated_keepers
from trimtab.simulation.world.acting import house_keeper
from trimtab.units import DataError, RulesError

# Ann's ten ether, sold at once, bring the market down by more than the bonus.
THIN = """\
[markets."*"]
kind = "linear"
depth = 0.4
within = 0.02
recovery = 600

[horizon]
length = 7200
step = 600
paths = 2

[keepers]
"""
WORDS = ("--process", "none", "--shock", "crash", "--no-sensitivity", "--format", "json")


def asked(folder: Path, halvings: int | None, *words: object) -> dict:
    text = THIN if halvings is None else f"{THIN}halvings = {halvings}\n"
    case = write_stress_case(folder / f"case-{halvings}", settings=text)
    answer = ask("stress", case, *WORDS, *words)
    assert answer.code == 0, answer.err
    found: dict = json.loads(answer.out)
    return found


def test_an_offer_too_large_for_its_market_is_taken_in_part(tmp_path: Path) -> None:
    whole, parts = (asked(tmp_path, halvings) for halvings in (None, 6))
    exact = asked(tmp_path, 0, "--engine", "exact")
    liquidated = [one["measures"]["liquidated"]["worst"] for one in (whole, exact, parts)]
    assert liquidated[0] == pytest.approx(liquidated[1], rel=1e-9)
    assert liquidated[2] > 1.5 * liquidated[0]
    assert parts["measures"]["keeper_profit"]["worst"] > 0.0


def test_the_exact_engine_does_it_and_the_answer_says_so(tmp_path: Path) -> None:
    found = asked(tmp_path, 6)
    assert found["question"]["engine"] == "exact"
    assert found["question"]["keepers"]["halvings"] == 6
    assert any("keepers.halvings: found 6, expected 0" in note for note in found["notes"])
    case = tmp_path / "case-6"
    answer = ask("stress", case, *WORDS, "--engine", "kernel")
    assert answer.code == 2
    assert "take an offer whole or not at all; take the exact engine" in answer.complaint


def test_the_file_says_how_often_and_no_more_than_the_policy_can(tmp_path: Path) -> None:
    file = tmp_path / "stress.toml"
    file.write_text("[keepers]\nhalvings = 3\n")
    terms = stated_keepers(read_stress_file(file), step_seconds=600.0)
    assert terms == KeeperTerms(halvings=3)
    assert house_keeper(terms).halvings == 3
    for text in ("-1", "21", '"some"'):
        file.write_text(f"[keepers]\nhalvings = {text}\n")
        with pytest.raises(RulesError, match="halvings"):
            read_stress_file(file)
    with pytest.raises(DataError, match="halvings"):
        KeeperBehavior(halvings=-1)
    with pytest.raises(DataError, match="halvings"):
        KeeperTerms(halvings=-1)
