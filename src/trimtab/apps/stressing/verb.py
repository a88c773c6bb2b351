"""What `trimtab stress` does: read, ask, print, and choose the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trimtab.adapters.executors import ExecutorKind
from trimtab.apps import console
from trimtab.apps.console import Format, say
from trimtab.apps.presets import load_case
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.asking import stress_settings
from trimtab.apps.stressing.chosen import StressChoices
from trimtab.apps.stressing.front import stress
from trimtab.apps.stressing.option_names import naming_options
from trimtab.apps.stressing.printing import print_stress
from trimtab.apps.stressing.retelling import told_choices
from trimtab.model import StressSettings
from trimtab.units import UsageError

RISK_FOUND = 1
INSOLVENCY = "insolvency"


@dataclass(frozen=True, slots=True)
class StressRun:
    """The options of `trimtab stress` beside the question's."""

    case: Path
    settings: Path | None
    out: Path | None
    report: Path | None
    resume: bool
    form: Format
    executor: str
    workers: int
    fail_on: str | None
    limit: float
    sensitivity: bool
    reverse: bool

    def __post_init__(self) -> None:
        if self.executor not in tuple(ExecutorKind):
            known = ", ".join(str(kind) for kind in ExecutorKind)
            raise UsageError(f"--executor {self.executor!r}: expected one of {known}")
        if self.fail_on not in (None, INSOLVENCY):
            raise UsageError(f"--fail-on {self.fail_on!r}: expected {INSOLVENCY}")
        if not 0.0 <= self.limit <= 1.0:
            raise UsageError(f"--insolvency-limit {self.limit:g}: expected a number from 0 to 1")
        if self.form not in (Format.TABLE, Format.JSON):
            raise UsageError("--format: the answer prints as table or json; tables are in --out")
        if self.resume and self.out is None:
            raise UsageError("--resume goes on with the batches in --out: name that folder")
        console.require_folder("--out", self.out)


def run_stress_verb(run: StressRun, choices: StressChoices, *, path: int | None = None) -> int:
    """`trimtab stress`; returns its exit code. `path` is the one to tell of, None: the run."""
    if path is not None:
        from trimtab.apps.stressing.path_verb import run_path_verb

        return run_path_verb(run, choices, path=path)
    case = load_case(run.case, warn=lambda line: say(f"warning: {line}"))
    settings = settings_of(run.case, run.settings)
    told = console.progress(case.rules.venue)
    with naming_options(), console.ending_as_interrupted(), told as tell:
        answer = stress(
            case,
            choices,
            settings=settings,
            workers=run.workers,
            executor=ExecutorKind(run.executor),
            out=run.out,
            resume=run.resume,
            hangs_on=run.sensitivity,
            backwards=run.reverse,
            progress=tell,
            command=stress_command(run, choices),
        )
    _write(run, answer)
    if run.form is Format.JSON:
        console.print_json(answer.to_json())
    else:
        print_stress(answer)
    return _code(run, answer)


def settings_of(case: Path, file: Path | None) -> StressSettings | None:
    """Return the stress file that was named, else the case folder's; None where there is none."""
    if file is None:
        return stress_settings(case if case.is_dir() else None, None)
    with console.naming_file("--settings", file):
        return stress_settings(None, file)


def _write(run: StressRun, answer: StressAnswer) -> None:
    if run.out is not None:
        with console.naming_file("--out", run.out):
            answer.save(run.out)
        say(f"report: {run.out / 'report.html'}")
    if run.report is not None:
        with console.naming_file("--report", run.report):
            answer.report(run.report)
        say(f"report: {run.report}")
    facts = answer.result.facts
    if not facts.is_whole:
        more = f"; go on with --resume --out {run.out}" if run.out is not None else ""
        say(f"interrupted: the answer is of {facts.done:,} of {facts.asked:,} paths{more}")


def _code(run: StressRun, answer: StressAnswer) -> int:
    if not answer.result.facts.is_whole:
        return console.INTERRUPTED
    found = answer.result.insolvency.value
    return RISK_FOUND if run.fail_on == INSOLVENCY and found > run.limit else 0


def stress_command(run: StressRun, choices: StressChoices, *, path: int | None = None) -> str:
    """Return how to get the answer again; paths of files are left to the reader."""
    words = ["trimtab stress CASE", *told_choices(choices)]
    if path is not None:
        words.append(f"--path {path}")
    if run.settings is not None:
        words.append("--settings FILE")
    if run.reverse:
        words.append("--reverse")
    if not run.sensitivity:
        words.append("--no-sensitivity")
    return " ".join([*words, f"--seed {choices.seed}", "--out DIR"])
