"""Losses rebuilt from published figures: nothing is lost in the books, and the rules decide."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.documents import table_rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/guides/reconstructions.md"
WAD = 10**18
# Recorded loss of the party that lost, million of USD: see the page for the sources.
RECORDED = {
    "mango-2022-10": (110, 117),
    "hyperliquid-2025-03-12": (4, 4),
    "hyperliquid-2025-03-26": (12, 13.5),
    "dydx-2023-11": (9, 9),
}
# Every rule set of these is run; of the last, whose hundred wallets take longer, the two at the
# ends alone.
WHOLE = ("mango-2022-10", "hyperliquid-2025-03-12", "hyperliquid-2025-03-26")
Runs = dict[str, dict[str, dict[str, Any]]]


def rebuild(out: Path, *more: str) -> dict[str, list[dict[str, Any]]]:
    command = [sys.executable, str(ROOT / "examples/reconstructions.py"), "--json"]
    done = subprocess.run(
        [*command, "--out", str(out), *more], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reconstructions")


@pytest.fixture(scope="module")
def runs(folder: Path) -> Runs:
    """Runs by event and rules."""
    found = {}
    for name in WHOLE:
        found |= rebuild(folder, "--only", name)
    found |= rebuild(folder, "--only", "dydx-2023-11", "--quick")
    return {name: {run["rules"]: run for run in listed} for name, listed in found.items()}


def test_what_some_win_others_lose_to_the_last_unit(runs: Runs) -> None:
    for name, by_rules in runs.items():
        for rules, run in by_rules.items():
            assert run["conserved"], (name, rules)
            assert abs(int(run["unbalanced_wad"])) < WAD // 10, (name, rules)


def test_the_former_rules_lose_the_recorded_order_of_magnitude(runs: Runs) -> None:
    for name, (low, high) in RECORDED.items():
        assert low / 3 < runs[name]["former"]["loss"] < high * 3, name
        assert runs[name]["former"]["taken"] > 0, name


def test_the_default_rules_cost_nobody_but_takers_anything(runs: Runs) -> None:
    for name, by_rules in runs.items():
        former, default = by_rules["former"], by_rules["default"]
        assert abs(default["loss"]) < 1e-3 * former["loss"], name
        bystanders = {"lenders", "insurance", "backstop", "others", "left open"}
        assert all(default["parties"].get(party, 0) > -1e-6 for party in bystanders), name


def test_gains_that_buy_nothing_stop_what_was_built_on_gains(runs: Runs) -> None:
    alone = "`initial_gain_weight` at its default"
    mango, eth = runs["mango-2022-10"], runs["hyperliquid-2025-03-12"]
    assert mango[alone]["loss"] < 0.05 * mango["former"]["loss"]
    assert abs(eth[alone]["loss"]) < 1e-6
    assert eth[alone]["taken"] < 0 < eth["former"]["taken"]
    jelly = runs["hyperliquid-2025-03-26"]
    assert jelly[alone]["loss"] == pytest.approx(jelly["former"]["loss"], rel=1e-3)


def test_a_backstop_that_shares_the_vault_hides_what_should_start_deleveraging(runs: Runs) -> None:
    jelly = runs["hyperliquid-2025-03-26"]
    assert jelly["former"]["deleveraged"] == 0
    for name in ("1 % of the vault ring-fenced", "deleveraging from a loss of 1 % on"):
        run = jelly[f"former, with {name}"]
        assert run["deleveraged"] > 0, name
        assert run["loss"] < jelly["former"]["loss"] / 4, name
    for rule in ("deleveraging.policy", "deleveraging.price", "position_liquidation.sizing"):
        run = jelly[f"`{rule}` at its default"]
        assert run["loss"] == pytest.approx(jelly["former"]["loss"], rel=0.02), rule


def test_a_bankrupt_seller_is_cut_against_the_gainer_before_the_gain_is_lent_on(runs: Runs) -> None:
    mango = runs["mango-2022-10"]
    cut = mango["`deleveraging.policy` at its default"]
    assert cut["deleveraged"] > 0
    assert abs(cut["loss"]) < 1e-3
    assert cut["open_interest"] < mango["former"]["open_interest"] / 10


def test_open_interest_out_of_unrealized_gains_needs_them_to_count(runs: Runs) -> None:
    yfi = runs["dydx-2023-11"]
    assert yfi["former"]["open_interest"] > 30
    assert yfi["default"]["open_interest"] < 5
    assert yfi["former"]["liquidated"] == pytest.approx(38, rel=0.5)


def test_a_case_is_written_with_both_rule_sets_and_a_report(runs: Runs, folder: Path) -> None:
    for name in runs:
        files = {path.name for path in (folder / name).iterdir()}
        assert files == {
            "README.md", "book.csv", "former.toml", "prices.csv", "report", "rules.toml"
        }  # fmt: skip
        assert "Synthetic" in (folder / name / "README.md").read_text()
        summary = json.loads((folder / name / "report/summary.json").read_text())
        assert summary["state_hash"] == runs[name]["former"]["state_hash"]
        assert "<svg" in (folder / name / "report/report.html").read_text()


def test_a_second_run_ends_in_the_same_state(runs: Runs, tmp_path: Path) -> None:
    again = rebuild(tmp_path, "--only", "hyperliquid-2025-03-26", "--quick")
    for run in again["hyperliquid-2025-03-26"]:
        assert run == runs["hyperliquid-2025-03-26"][run["rules"]]


def test_the_page_shows_what_the_runs_find(runs: Runs) -> None:
    """Every row of a run is on the page, its loss within two per cent or 0.02 M."""
    parts = re.split(r"^### ", PAGE.read_text(), flags=re.M)[1:]
    assert len(parts) == len(runs)
    for by_rules, part in zip(runs.values(), parts, strict=True):
        rows = {cells[0]: cells for _, cells in table_rows(part)}
        for rules, run in by_rules.items():
            shown = float(rows[rules][1].replace(",", ""))
            assert shown == pytest.approx(run["loss"], rel=0.02, abs=0.02), rules
