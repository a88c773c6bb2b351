"""The worked examples of the page on stress tests, and that its tables list what there is."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
from scipy.stats import norm

from tests.apps.command_line import ask
from tests.docs.test_docs_guides import commands_of, squeezed
from tests.docs.tiny_venue import CONCEPTS
from tests.house import documents
from tests.simulation.cases import small_case
from tests.simulation.test_stress_closed_forms import chance
from tests.simulation.test_stress_reverse import CORRELATION, VOL, WEIGHTS, half_space
from tests.simulation.test_stress_reverse import asked as reverse_asked
from tests.simulation.test_stress_statistics import plain, spread_of
from trimtab.apps.front import write_demo_case
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.simulation.paths import PathKind, SamplingKind
from trimtab.simulation.stress import (
    Process,
    SamplingChoice,
    StressQuestion,
    reverse_stress,
    run_stress,
    tail_risk,
)
from trimtab.simulation.stress.tail import wilson

PAGE = (CONCEPTS / "stress.md").read_text(encoding="utf-8")


def says(*texts: str) -> None:
    assert not [text for text in texts if text not in PAGE]


def test_the_hundred_paths():
    found = tail_risk(plain(np.arange(1, 101)), 0.95)
    at_risk = found.value_at_risk
    says(f"| {at_risk.value:.0f} |", f"| {found.expected_shortfall.value:.0f} |")
    says(f"| {at_risk.low:.0f} to {at_risk.high:.0f} |", f"| 0 to {wilson(0.0, 10)[1]:.3f} |")


@pytest.mark.parametrize("kind", list(SamplingKind))
def test_the_table_of_samplings_was_measured(kind):
    rows = {
        row.split("|")[1].split(",")[0].strip(): row
        for row in PAGE.splitlines()
        if "| 0.0" in row or "| 0.1" in row
    }
    mean, spread, _ = spread_of(kind, 0.99)
    assert f"| {spread:.3f} |" in rows[str(kind)]
    assert abs(mean - 2.6652) < 0.06
    _, whole, _ = spread_of(SamplingKind.PLAIN, 0.99)
    told = rows[str(kind)].split("|")[3].strip()
    share = (spread / whole) ** 2
    expected = 1 / float(told[2:]) if told.startswith("1/") else float(told)
    assert share == pytest.approx(expected, rel=0.06)


def test_the_half_space():
    covariance = CORRELATION * np.outer(VOL, VOL) * 7 / 365
    square = float(WEIGHTS @ covariance @ WEIGHTS)
    spread = square**0.5
    nearest = -0.3 * covariance @ WEIGHTS / square
    says(f"= {square:.6f}", f"0.3 / {spread:.6f} = {0.3 / spread:.4f}")
    says(f"({nearest[0]:.4f}, {nearest[1]:.4f})", f"probability {norm.cdf(-0.3 / spread):.6f}")
    found = reverse_stress(reverse_asked(small_case()), engine=half_space(WEIGHTS, 0.3))
    assert found.distance == pytest.approx(0.3 / spread, rel=4e-3)


def test_the_week_of_a_ten_times_long():
    found, known, _ = chance(
        small_case(), leverage=10.0, vol=0.8, days=7.0, paths=12_000, steps=168
    )
    says(f"{found.value:.4f}, from {found.low:.4f} to {found.high:.4f}", f"the hour, {known:.4f}")


def test_the_book_in_pools(demo):
    """The row towards the tail, and the falls of 20 % and 30 %, to the digits that are printed."""
    pools = impact_terms(
        ("ETH", "WBTC", "STETH"),
        kind=ImpactKind.CONSTANT_PRODUCT,
        first=[40_000.0, 800.0, 15_000.0],
        recovery_seconds=3600.0,
    )
    question = StressQuestion(
        demo,
        24 * 3600.0,
        2048,
        process=Process(PathKind.BROWNIAN),
        market=pools,
        sampling=SamplingChoice(SamplingKind.TAIL),
    )
    found = run_stress(question)
    row = next(row for row in PAGE.splitlines() if row.startswith("| 2048 tail |"))
    told = [float(cell.split("(")[0].replace(",", "")) for cell in row.split("|")[2:5]]
    tail = found.tail()
    values = (tail.value_at_risk.value, tail.expected_shortfall.value, found.insolvency.value)
    suppliers = float((found.outcomes.columns["insolvent"] * found.design.weights).mean())
    assert suppliers == pytest.approx(1 / 200, rel=0.05)
    assert told == pytest.approx(list(values), rel=0.01)
    points = {one.depth: one for one in found.curve.points}
    for depth in (0.2, 0.3):
        point = points[depth]
        alone = f"{point.liquidated_alone / 1e6:.2f}"
        amounts = f"{point.liquidated / 1e6:.2f} million instead of {alone}"
        assert amounts in PAGE.replace("\n", " ")
    assert (points[0.3].insolvent, points[0.3].loss_alone) == (True, 0.0)


def test_every_kind_of_sampling_is_listed():
    assert not [kind for kind in SamplingKind if f"| {kind} |" not in PAGE and kind != "plain"]


def test_the_path_seen_whole_is_typed_and_printed_as_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_demo_case("case")
    (block,) = documents.consoles(PAGE)
    for typed, lines in commands_of(block.body):
        answer = ask(*shlex.split(typed)[1:])
        assert answer.code == 0, answer.err
        printed = [squeezed(line) for line in (answer.out + answer.err).splitlines()]
        for line in map(squeezed, lines):
            assert any(shown.startswith(line) for shown in printed), line
