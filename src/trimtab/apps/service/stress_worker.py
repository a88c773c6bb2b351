"""A stress test in a process of its own: the question in on stdin, progress and answer out.

It gives way to the service (nice 10): a stress test must not slow a liquidation.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from trimtab.model import Case
from trimtab.units import DataError, TrimtabError

if TYPE_CHECKING:
    from trimtab.simulation.stress.process import LearntProcess, Process

NICE = 10
TOO_YOUNG = (
    "the case's later rows are still to come: ask again when more were served, or ask for the "
    "process none with a shock"
)


@dataclass(frozen=True, slots=True)
class StressTask:
    """What is asked: the venue as it stands, what is learnt from, the choices.

    history: a case whose prices are those up to the moment served, and none that is to come.
    choices: plain values of a `StressRequest`.
    """

    case: Case
    history: Case
    choices: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StressDone:
    """An answer: the document `trimtab.stress/1`, and its report, one HTML page."""

    document: dict[str, Any]
    report: str


def answered(task: StressTask, tell: Any) -> StressDone:
    """Run a stress test.

    Raises:
        TrimtabError: what cannot be asked, or a history that teaches nothing.
    """
    from trimtab.apps.report.stress import stress_report
    from trimtab.apps.stressing.front import answer_of, prepared_by_any
    from trimtab.simulation.stress import StressQuestion, run_stress

    asked = task.choices
    process, found = moving(task)
    question = StressQuestion(
        task.case,
        horizon_seconds=asked["horizon_hours"] * 3600,
        paths=asked["paths"],
        step_seconds=asked["step_minutes"] * 60,
        seed=asked["seed"],
        process=process,
    )
    ready, notes = prepared_by_any(question, process=found)
    result = run_stress(ready, progress=tell)
    if process.kind is not None:
        rows = len(task.history.ticks)
        notes = (f"prices are learnt from the {rows} rows served so far", *notes)
    answer = answer_of(ready, result, command=_command(asked), notes=notes)
    return StressDone(answer.to_json(), stress_report(answer))


def moving(task: StressTask) -> tuple[Process, LearntProcess]:
    """How prices move, as asked and as learnt: from the rows that were served and no others.

    Raises:
        DataError: rows that teach nothing, with what an operator of a replayed case can do.
    """
    from trimtab.simulation.stress.process import learnt

    try:
        process = _process(task)
        return process, learnt(process, task.case)
    except DataError as error:
        what = f"{error.what} (learnt only from what was served)"
        hint = TOO_YOUNG
        raise DataError(what, found=error.found, expected=error.expected, hint=hint) from None


def _process(task: StressTask) -> Process:
    from trimtab.apps.stressing.chosen import AUTO, STILL
    from trimtab.quant import GARCH_RETURNS_LEAST
    from trimtab.simulation.paths.fitted import PathKind, panel_of_case
    from trimtab.simulation.stress.process import Process

    asked = task.choices
    moving = Process(
        kind=None, correlation_share=asked["correlation_share"], shock=asked["shock"] or ()
    )
    if asked["process"] == STILL:
        return moving
    panel = panel_of_case(task.history)
    usual = PathKind.GARCH if len(panel) >= GARCH_RETURNS_LEAST else PathKind.BOOTSTRAP
    kind = usual if asked["process"] == AUTO else PathKind(asked["process"])
    return replace(moving, kind=kind, history=panel)


def _command(asked: Mapping[str, Any]) -> str:
    """What asks the service the same again."""
    return f"POST /v1/stress {json.dumps(dict(asked), sort_keys=True)}"


def _progress(line: Callable[[Mapping[str, Any]], None], done: int, *total: int) -> None:
    line({"done": done, "total": total[0]})


def main() -> None:
    """Read a task from stdin, write lines of JSON to stdout."""
    os.nice(NICE)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout = sys.stderr

    def line(fields: Mapping[str, Any]) -> None:
        out.write(json.dumps(dict(fields)) + "\n")
        out.flush()

    task = pickle.load(sys.stdin.buffer)
    assert isinstance(task, StressTask), "the service sends tasks"
    try:
        tell = partial(_progress, line)
        found = answered(task, tell)
        line({"result": found.document, "report": found.report})
    except TrimtabError as error:
        line({"error": str(error)})
    except Exception as error:  # told to who asked; the process ends either way
        line({"error": f"internal error: {type(error).__name__}: {error}"})
