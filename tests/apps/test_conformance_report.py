"""How the runner judges, counts and prints: by rule, in order, one lane a case."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.apps.conformance import __main__ as conformance
from trimtab.apps.conformance.files import RecordedCase, read_cases, whole
from trimtab.apps.conformance.report import (
    Outcome,
    Verdict,
    complaint_lines,
    judge,
    table,
    total_line,
)
from trimtab.apps.conformance.tolerance import EXACT, Tolerance, differences, parse_tolerance

RULES = {
    "double": lambda inputs: 2 * whole(inputs, "x"),
    "name": lambda inputs: {"name": inputs["x"]},
    "breaks": lambda _: 1 // 0,
}


def case(rule: str = "double", x: Any = "2", expected: Any = "4", label: str = "c") -> RecordedCase:
    return RecordedCase(rule, label, {"x": x}, expected, EXACT)


@pytest.mark.parametrize(
    ("recorded", "outcome", "complaint"),
    [
        (case(), Outcome.PASSED, None),
        (case(expected=5), Outcome.FAILED, "expected 5, found 4"),
        (case("other"), Outcome.UNMAPPED, None),
        (case("breaks"), Outcome.FAILED, "raised ZeroDivisionError"),
        (case(x="1.5"), Outcome.FAILED, "raised DataError"),
        (case("name", "ann", "ann"), Outcome.PASSED, None),
        (case("name", "ann", {"name": "bob"}), Outcome.FAILED, "name: expected bob, found ann"),
    ],
)
def test_a_case_is_judged_by_its_rule_alone(
    recorded: RecordedCase, outcome: Outcome, complaint: str | None
) -> None:
    verdict = judge(recorded, RULES)
    assert verdict.outcome is outcome
    assert len(verdict.complaints) == (complaint is not None)
    assert all(line.startswith(complaint or "?") for line in verdict.complaints)


verdicts = st.lists(
    st.builds(
        lambda rule, outcome, number: Verdict(
            case(rule, label="l"), outcome, tuple(f"w{place}" for place in range(number))
        ),
        st.sampled_from(("a", "bb", "a.longer.rule")),
        st.sampled_from(Outcome),
        st.integers(0, 2),
    ),
    max_size=20,
)


@given(verdicts)
def test_the_table_counts_every_case_once(found: list[Verdict]) -> None:
    head, *rows = table(found)
    assert head.split() == ["rule", "passed", "failed", "unmapped"]
    assert len({len(row) for row in (head, *rows)}) == 1
    seen = list(dict.fromkeys(verdict.case.rule for verdict in found))
    assert [row.split()[0] for row in rows] == seen
    sums = [sum(int(row.split()[place]) for row in rows) for place in (1, 2, 3)]
    assert total_line(found) == f"{sums[0]} passed, {sums[1]} failed, {sums[2]} unmapped"
    assert sum(sums) == len(found)


@given(verdicts)
def test_every_complaint_is_a_line_with_its_rule_and_case(found: list[Verdict]) -> None:
    lines = complaint_lines(found)
    assert len(lines) == sum(len(verdict.complaints) for verdict in found)
    assert all(line.startswith("failed: ") and " (l): w" in line for line in lines)


def test_two_modules_may_not_answer_one_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = ModuleType("twice")
    twice.RULES = {next(iter(conformance.MODULES[0].RULES)): whole}  # type: ignore[attr-defined]
    monkeypatch.setattr(conformance, "MODULES", (*conformance.MODULES, twice))
    with pytest.raises(AssertionError, match="twice answers another's rule"):
        conformance.all_rules()


def test_both_schemas_read_into_the_same_cases(tmp_path: Path) -> None:
    one = {"rule": "r", "tolerance": {"type": "exact"}}
    body = {"inputs": {"x": 1.10, "y": 2**200}, "expected": [True, None, "1e3"]}
    texts = {
        "lending": {"schema": "lending-vectors/2", "vectors": [{**one, **body, "id": "c"}] * 2},
        "derivatives": {
            "schema": "derivatives-vectors/2",
            "vectors": [{**one, "cases": [{**body, "case": "c"}] * 2}],
        },
    }
    read = []
    for name, content in texts.items():
        path = tmp_path / name
        path.write_text(json.dumps(content))
        read.append(read_cases(path))
    assert read[0] == read[1]
    assert read[0][0].inputs == {"x": Decimal("1.1"), "y": 2**200}
    assert (read[0][0].label, read[0][0].tolerance) == ("c", EXACT)


numbers = st.fractions(-(10**6), 10**6, max_denominator=10**6)
bounds = st.fractions(0, 10, max_denominator=10**4)


@given(numbers, bounds, st.booleans(), bounds)
def test_the_bound_is_the_last_that_is_covered(
    expected: Fraction, bound: Fraction, relative: bool, below: Fraction
) -> None:
    tolerance = Tolerance(bound, relative=relative, absolute_below=below)
    scale = abs(expected) if relative and abs(expected) >= below else 1
    for sign in (1, -1):
        edge = expected + sign * bound * scale
        assert tolerance.covers(expected, edge)
        assert not tolerance.covers(expected, edge + sign * Fraction(1, 10**30))


@pytest.mark.parametrize(
    ("spec", "tolerance"),
    [
        ({"type": "exact"}, EXACT),
        ({"type": "exact", "value": 5}, EXACT),
        ({"type": "absolute", "value": "0.1"}, Tolerance(Fraction(1, 10))),
        ({"type": "relative", "value": Decimal("1e-3")}, Tolerance(Fraction(1, 1000), True)),
        (
            {"type": "relative", "value": 1, "absolute_below": "2"},
            Tolerance(Fraction(1), True, Fraction(2)),
        ),
        ({"type": "absolute", "value": 0}, EXACT),
    ],
)
def test_tolerances_as_files_state_them(spec: dict[str, Any], tolerance: Tolerance) -> None:
    assert parse_tolerance(spec) == tolerance


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner),
    max_leaves=8,
)


@given(json_values)
def test_an_answer_is_what_is_expected_of_itself(value: Any) -> None:
    assert differences(value, value, tolerance=EXACT) == []


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(), min_size=1), st.data()
)
def test_each_wrong_place_is_told_once(expected: dict[str, int], data: st.DataObject) -> None:
    wrong = data.draw(st.lists(st.sampled_from(sorted(expected)), unique=True))
    found = {key: value + (key in wrong) for key, value in expected.items()}
    lines = differences(expected, {**found, "more": 1}, tolerance=EXACT)
    assert sorted(line.partition(":")[0] for line in lines) == sorted(wrong)
    gone = {key: value for key, value in expected.items() if key not in wrong}
    lines = differences(expected, {**gone, "more": 1, "and more": 2}, tolerance=EXACT)
    assert sorted(lines) == sorted(f"{key}: not answered" for key in wrong)
