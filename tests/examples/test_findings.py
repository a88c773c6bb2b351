"""Findings retold: each states source, sample, figures and gap, and its figures are these."""

from __future__ import annotations

import json
import subprocess
import sys

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
def margin():
    done = findings("--only", "margin", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    return found


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
