"""Run cases by their rule and tell how many passed, failed, or have no twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from trimtab.apps.conformance.files import RecordedCase
from trimtab.apps.conformance.tolerance import differences

Rules = Mapping[str, Callable[[Mapping[str, Any]], Any]]


class Outcome(Enum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A case's outcome, with a line for each thing wrong."""

    case: RecordedCase
    outcome: Outcome
    complaints: tuple[str, ...] = ()


def judge(case: RecordedCase, rules: Rules) -> Verdict:
    """Run one case by its rule; a rule that raises fails this case alone."""
    rule = rules.get(case.rule)
    if rule is None:
        return Verdict(case, Outcome.UNMAPPED)
    try:
        found = rule(case.inputs)
        wrong = differences(case.expected, found, tolerance=case.tolerance)
    except Exception as error:  # a case is a lane: its fault must not end the run
        wrong = [f"raised {type(error).__name__}: {error}"]
    return Verdict(case, Outcome.FAILED if wrong else Outcome.PASSED, tuple(wrong))


def total_line(verdicts: Iterable[Verdict]) -> str:
    """Return the closing line, `67 passed, 0 failed, 0 unmapped`."""
    total = Counter(verdict.outcome for verdict in verdicts)
    return ", ".join(f"{total[outcome]} {outcome.value}" for outcome in Outcome)


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the lines of the table: a rule with its three counts, in the order first seen."""
    counts: dict[str, Counter[Outcome]] = {}
    for verdict in verdicts:
        counts.setdefault(verdict.case.rule, Counter())[verdict.outcome] += 1
    width = max([len("rule"), *map(len, counts)])
    head = f"{'rule':{width}}" + "".join(f"{outcome.value:>10}" for outcome in Outcome)
    rows = [
        f"{rule:{width}}" + "".join(f"{count[outcome]:>10}" for outcome in Outcome)
        for rule, count in counts.items()
    ]
    return [head, *rows]


def complaint_lines(verdicts: Iterable[Verdict]) -> list[str]:
    """Return a line for each thing wrong, with its rule and case."""
    return [
        f"failed: {verdict.case.rule} ({verdict.case.label}): {complaint}"
        for verdict in verdicts
        for complaint in verdict.complaints
    ]
