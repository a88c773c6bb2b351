"""Findings retold: each states source, sample, figures and gap, and its figures are these."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import DATA, ROOT


def findings(*more, data=DATA):
    command = [sys.executable, str(ROOT / "examples/findings.py"), "--data", str(data), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_data_a_line_says_so(tmp_path):
    done = findings(data=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("no data sets in ")
    assert findings("--only", "nothing").returncode == 2


@pytest.fixture(scope="module")
def told():
    done = findings("--json")
    assert done.returncode == 0, done.stderr
    names = ("margin", "grid", "drying", "minutes")
    return dict(zip(names, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def margin(told):
    return told["margin"]


@pytest.mark.shared
def test_a_finding_states_where_it_is_from_and_what_is_missing(margin):
    assert "arXiv 2102.04591" in margin["source"]
    assert "1,314 whole days" in margin["sample"]
    assert margin["method"]
    assert margin["gap"]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("side", "published", "tail", "block", "normal", "days"),
    [("long", 0.33, 0.148, 0.376, 0.0955, 0.152), ("short", 0.20, 0.142, 0.316, 0.1055, 0.151)],
)
def test_tails_ask_for_more_than_a_normal_fit(margin, side, published, tail, block, normal, days):
    found = {one["what"]: one for one in margin["figures"]}
    pareto = found[f"{side}: Pareto tail, 1 % of days"]
    whole = found[f"{side}: extreme value, 1 % of blocks of 20 days"]
    assert pareto["published"] == published
    assert pareto["found"] == pytest.approx(tail, rel=0.02)
    assert whole["found"] == pytest.approx(block, rel=0.02)
    assert found[f"{side}: normal fit"]["found"] == pytest.approx(normal, rel=0.02)
    assert found[f"{side}: the days themselves"]["found"] == pytest.approx(days, rel=0.02)
    assert pareto["found"] > 1.3 * found[f"{side}: normal fit"]["found"]
    assert pareto["found"] < published < whole["found"]


def numbers(finding):
    return {one["what"]: one["found"] for one in finding["figures"]}


@pytest.mark.shared
def test_more_liquidity_delays_and_drying_brings_more_paths_under_water(told):
    assert "2002.08099" in told["drying"]["source"]
    found = numbers(told["drying"])
    rates, sizes = ("0", "1", "5"), ("10,000", "30,000", "100,000")

    def cell(size, rate, what):
        return found[f"{size} ETH a day, drying {rate} % a day: {what}"]

    days = np.array([[cell(s, r, "first day, worst path") for r in rates] for s in sizes])
    share = np.array([[cell(s, r, "paths under water in 100 days") for r in rates] for s in sizes])
    assert (np.diff(days, axis=0) >= 0).all()
    assert (np.diff(days, axis=1) <= 0).all()
    assert (np.diff(share, axis=0) < 0).all()
    assert (np.diff(share, axis=1) > 0).all()
    assert (days[0, 0], days[2, 0]) == (8, 12)
    assert share[1, 1] == pytest.approx(0.217, abs=0.005)
    published = {one["published"] for one in told["drying"]["figures"]}
    assert published == {19.0, None}


@pytest.mark.shared
def test_recorded_liquidations_sold_elsewhere_learnt_rank_the_minutes(told):
    found = numbers(told["minutes"])
    assert found["rank correlation of minutes with liquidations"] == pytest.approx(0.711, abs=0.01)
    assert found["rank correlation of the crash day's minutes"] == pytest.approx(0.664, abs=0.01)
    made = found["crash day: fall that the sales alone make, log"]
    assert made == pytest.approx(0.129, abs=0.005)
    assert made < found["crash day: recorded fall from top to bottom, log"] < 0.32
    assert "no parameter saw" in told["minutes"]["method"]


@pytest.mark.shared
def test_runs_fail_where_debt_outgrows_liquidity_in_a_storm(told):
    found = told["grid"]
    cells = [one["found"] for one in found["figures"][:-1]]
    share = np.array(cells).reshape(4, 4)
    assert (np.diff(share, axis=0) >= 0).all()
    assert (np.diff(share, axis=1) >= 0).all()
    assert share[0].max() == share[:, 0].max() == 0.0
    assert share[3, 3] > 0.5
    assert found["figures"][-1]["found"] == 1.0
    assert "below health 1" in found["gap"]
