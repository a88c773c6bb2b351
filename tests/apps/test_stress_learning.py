"""A stress question learns its process once, whatever is asked of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trimtab
from tests.apps.stress_case import write_stress_case
from trimtab.apps.stressing import StressChoices, stress
from trimtab.apps.stressing.asking import asked_stress
from trimtab.apps.tuning import front as tuning
from trimtab.model import Case
from trimtab.simulation.paths import PathKind
from trimtab.simulation.stress import prepared, process, reverse_stress
from trimtab.simulation.stress.process import learnt
from trimtab.units import UsageError

Fits = list[PathKind]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return trimtab.load_case(write_stress_case(tmp_path_factory.mktemp("learning") / "case"))


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    """Which processes were fitted, in order."""
    found: Fits = []
    whole: Callable[..., Any] = process.fitted_paths

    def counted(panel: Any, kind: PathKind, **more: Any) -> Any:
        found.append(kind)
        return whole(panel, kind, **more)

    monkeypatch.setattr(process, "fitted_paths", counted)
    return found


@pytest.mark.parametrize("at", ["first", "last"])
def test_a_run_with_all_that_hangs_on_it_learns_once(case: Case, fits: Fits, at: str) -> None:
    stress(case, StressChoices(1.0, paths=4, at=at), backwards=True)
    assert fits == [PathKind.GARCH]


def test_what_the_kernel_refuses_is_not_learnt_again(
    case: Case, fits: Fits, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimtab.simulation.stress import engines

    def refuse(*_: object, **__: object) -> None:
        raise UsageError("not these rules")

    monkeypatch.setattr(engines, "kernel_engine", refuse)
    found = stress(case, StressChoices(1.0, paths=2), hangs_on=False)
    assert "not these rules" in found.notes[-1]
    assert fits == [PathKind.GARCH]


def test_a_short_history_is_tried_and_then_learnt_once(case: Case, fits: Fits) -> None:
    short = replace(case, ticks=case.ticks[:200])
    stress(short, StressChoices(1.0, paths=4), hangs_on=False)
    assert fits == [PathKind.GARCH, PathKind.BOOTSTRAP]


def test_a_search_for_rules_learns_once(
    case: Case, fits: Fits, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def run(question: Any, *, process: object, **_: Any) -> Any:
        seen.append(process)
        return prepared(question.stress, process=process)  # type: ignore[arg-type]

    monkeypatch.setattr(tuning, "run_tuning", run)
    tuning.tune(case, StressChoices(1.0, paths=2), trials=2)
    assert len(seen) == 1
    assert fits == [PathKind.GARCH]


def test_what_was_learnt_is_what_would_be(case: Case) -> None:
    asked = asked_stress(case, StressChoices(1.0, paths=4, shock="crash", correlation_share=0.3))
    again = learnt(asked.question.process, asked.question.case)
    assert asked.process.reports == again.reports
    assert asked.process.step_seconds == again.step_seconds
    first = prepared(asked.question, process=asked.process)
    second = prepared(asked.question)
    assert first.identity == second.identity
    assert np.array_equal(first.task.prices(0, 3), second.task.prices(0, 3))


def test_a_reverse_search_takes_what_was_learnt(case: Case, fits: Fits, tmp_path: Path) -> None:
    asked = asked_stress(case, StressChoices(1.0, paths=4, process="brownian"))
    found = reverse_stress(asked.question, process=asked.process)
    assert fits == [PathKind.BROWNIAN]
    assert found == reverse_stress(asked.question)
    assert list(tmp_path.iterdir()) == []
