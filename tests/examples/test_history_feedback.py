"""History with feedback: conserved, more liquidated than without, and honest about its data."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import DATA

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples"))

from feedback_minutes import (  # noqa: E402
    MAINTENANCE,
    OPEN_INTEREST,
    SEED,
    by_hour,
    concentration,
    generated_book,
    rank_correlation,
    read_minutes,
)
from history_feedback import main  # noqa: E402


def test_without_data_it_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--out", str(tmp_path)]) == 3
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "no data sets in" in told
    assert main(["--data", str(tmp_path), "--days", "0"]) == 2


@pytest.mark.shared
def test_the_steth_book_loses_more_with_feedback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--data", str(DATA), "--out", str(tmp_path), "--only", "steth-2022-11"]
    assert main([*asked, "--depths", "4"]) == 0
    told = capsys.readouterr()
    assert "the book is of June 2023" in told.err
    assert "liquidated with feedback less without: x4: +" in told.out
    found = json.loads((tmp_path / "history_feedback.json").read_text())["steth-2022-11"]
    on, off = found["x4 on"], found["x4 off"]
    assert on["liquidated"] > off["liquidated"] > 10_000
    assert on["displacement_stETH"] < off["displacement_stETH"] < 0
    assert on["undercollateralized_peak"] >= off["undercollateralized_peak"]
    assert (tmp_path / "steth-2022-11-feedback.png").stat().st_size > 20_000


@pytest.mark.shared
def test_the_minutes_are_compared_and_not_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--data", str(DATA), "--out", str(tmp_path), "--only", "eth-minutes-2021-01"]
    assert main([*asked, "--days", "1"]) == 0
    assert "made up" in capsys.readouterr().err
    found = json.loads((tmp_path / "history_feedback.json").read_text())["eth-minutes-2021-01"]
    for name in ("on", "off"):
        assert -1.0 <= found[name]["rank correlation by hour, both"] <= 1.0
        assert found[name]["ETH recorded, longs"] == found["off"]["ETH recorded, longs"]
    assert (tmp_path / "eth-minutes-2021-01-feedback.png").stat().st_size > 20_000


@pytest.mark.shared
def test_a_generated_book_begins_safe_and_is_the_same_again() -> None:
    price = read_minutes(DATA).price
    book = generated_book(price, 5_000, seed=SEED)
    assert book == generated_book(price, 5_000, seed=SEED)
    assert book != generated_book(price, 5_000, seed=SEED + 1)
    ether: dict[str, float] = {}
    equity: dict[str, float] = {}
    for row in [one for one in book if one.account != "lender"]:
        units = row.quantity / (1e18 if row.instrument == "ETH" else 1e6)
        worth = units * (price[5_000] if row.instrument == "ETH" else 1.0)
        equity[row.account] = equity.get(row.account, 0.0) + worth
        if row.instrument == "ETH":
            ether[row.account] = units
    assert sum(units for units in ether.values() if units > 0) == pytest.approx(OPEN_INTEREST)
    assert sum(ether.values()) == pytest.approx(0.0, abs=1e-6)
    for account, worth in equity.items():
        assert worth > MAINTENANCE * abs(ether[account]) * price[5_000] * 0.999


def test_ranks_and_shares_are_what_they_are_called() -> None:
    rng = np.random.default_rng(3)
    values = rng.gamma(0.3, 1.0, 1_200)
    assert rank_correlation(values, values**3) == pytest.approx(1.0)
    assert rank_correlation(values, -values) == pytest.approx(-1.0)
    assert abs(rank_correlation(values, rng.permutation(values))) < 0.1
    assert by_hour(np.ones(185), slice(0, 185)).tolist() == [60.0, 60.0, 60.0]
    assert concentration(np.ones(100)) == pytest.approx(0.05)
    assert concentration(np.eye(100)[0]) == 1.0
