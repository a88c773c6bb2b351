"""The report of one simulated path: the page of a replay that says what was drawn."""

from collections.abc import Mapping
from typing import Any

from trimtab.apps.report.ends import ends_of
from trimtab.apps.report.page import replay_report
from trimtab.apps.report.shown import (
    Sentence,
    Shown,
    counted,
    duration,
    moment,
    plain_text,
    sentence,
)
from trimtab.apps.report.story import paragraph_of, retimed, title_of
from trimtab.apps.report.stress_sources import path_words
from trimtab.apps.stressing.one_path import PathAnswer
from trimtab.simulation import ReplayRun
from trimtab.units import NANOSECONDS

_HOUR_NS = 3600 * NANOSECONDS


def path_report(answer: PathAnswer) -> str:
    """One self-contained HTML page about a path of a stress run; the same path, the same bytes.

    Returns:
        HTML text as of a replay, whose title, dateline, paragraph and footer say that its prices
        were drawn.
    """
    run = answer.replayed
    return replay_report(
        run, command=answer.command, notes=path_words(answer), instead=_words(answer, run)
    )


def _words(answer: PathAnswer, run: ReplayRun) -> Mapping[str, Any]:
    start_ns = run.metrics.at_ns[0]

    def hours_in(at_ns: int) -> Sentence:
        hours = (at_ns - start_ns) / _HOUR_NS
        return sentence("after {} hours", Shown(f"{hours:.1f}", f"{hours:.6g}"))

    first = sentence(
        "This is {} of a stress run of {}: its prices were drawn, they are not history.",
        *(answer.name, counted(answer.ready.question.paths, "path")),
    )
    paragraph = [first, *retimed(paragraph_of(run, ends_of(run)), run, when=hours_in)]
    return {
        "kind": f"stress report, {answer.name}",
        "drawn": answer.name,
        "title": f"{_raised(answer.name)}: {_lowered(title_of(run))}",
        "period": _period(answer, start_ns),
        "paragraph": paragraph,
        "description": plain_text(paragraph),
    }


def _period(answer: PathAnswer, start_ns: int) -> Sentence:
    grid = answer.ready.grid
    step_ns = round(grid.step_seconds * NANOSECONDS)
    return sentence(
        "{}: {} from {}, in {} of {}; times are simulated",
        *(_raised(answer.name), duration(grid.steps * step_ns), moment(start_ns)),
        *(counted(grid.steps, "step"), duration(step_ns)),
    )


def _raised(name: str) -> str:
    return name[:1].upper() + name[1:]


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]
