"""What `trimtab tune` does: read, search, print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trimtab.adapters.executors import ExecutorKind
from trimtab.apps import console
from trimtab.apps.console import Format, say
from trimtab.apps.presets import load_case
from trimtab.apps.stressing.chosen import StressChoices
from trimtab.apps.stressing.option_names import naming_options
from trimtab.apps.stressing.printing import number
from trimtab.apps.stressing.retelling import shown, told_choices
from trimtab.apps.stressing.verb import settings_of
from trimtab.apps.tuning.front import TuneAnswer, tune
from trimtab.apps.tuning.words import (
    choice_name,
    refused_words,
    tail_warning,
    trade_words,
)
from trimtab.simulation.stress.tuning import LEAST_BUFFER, Borrowers, Parameter
from trimtab.units import RulesError, UsageError


@dataclass(frozen=True, slots=True)
class TuneRun:
    """The options of `trimtab tune` beside those of the stress test."""

    case: Path
    settings: Path | None
    out: Path
    trials: int
    keys: tuple[str, ...]
    borrowers: str
    form: Format
    executor: str
    workers: int
    least_buffer: str = LEAST_BUFFER

    def __post_init__(self) -> None:
        for name, found, known in (
            ("executor", self.executor, tuple(ExecutorKind)),
            ("borrowers", self.borrowers, tuple(Borrowers)),
        ):
            if found not in known:
                expected = ", ".join(str(kind) for kind in known)
                raise UsageError(f"--{name} {found!r}: expected one of {expected}")
        if self.form not in (Format.TABLE, Format.JSON):
            raise UsageError("--format: the answer prints as table or json; files are in --out")
        console.require_folder("--out", self.out)


def parameter_of(text: str) -> Parameter:
    """Return what `KEY=LOW:HIGH:STEP` asks to search.

    >>> parameter_of("insurance.balance=0:50000:10000").high
    '50000'

    Raises:
        UsageError: another form, or numbers that are no range.
    """
    key, found, rest = text.partition("=")
    numbers = rest.split(":")
    if not key or not found or len(numbers) != 3:
        raise UsageError(
            f"--key {text!r}: expected KEY=LOW:HIGH:STEP, for example "
            "assets.ETH.liquidation_threshold=0.75:0.85:0.01"
        )
    try:
        return Parameter(key, *numbers)
    except UsageError as error:
        raise UsageError(f"--key {error}") from None


@contextmanager
def naming_keys(space: Sequence[Parameter]) -> Iterator[None]:
    """Say of a key that the rules do not have which option it is of.

    Raises:
        RulesError: the same, with the option in front.
    """
    try:
        yield
    except RulesError as error:
        if error.column not in {one.key for one in space}:
            raise
        raise error.located(where="--key") from None


def run_tune_verb(run: TuneRun, choices: StressChoices) -> int:
    """`trimtab tune`; returns its exit code."""
    space = tuple(parameter_of(text) for text in run.keys)
    case = load_case(run.case, warn=lambda line: say(f"warning: {line}"))
    settings = settings_of(run.case, run.settings)
    told = console.progress(f"{case.rules.venue}: trials")
    with naming_keys(space), naming_options(), console.ending_as_interrupted(), told as tell:
        answer = tune(
            case,
            choices,
            trials=run.trials,
            space=space,
            borrowers=Borrowers(run.borrowers),
            least_buffer=run.least_buffer,
            settings=settings,
            workers=run.workers,
            executor=ExecutorKind(run.executor),
            out=run.out,
            progress=tell,
            command=_command(run, choices),
        )
    earlier = answer.save(run.out)
    if run.form is Format.JSON:
        console.print_json(answer.to_json())
    else:
        print_tune(answer)
    held = len(answer.result.trials)
    if held > run.trials:
        say(f"--out held {held} trials already, more than --trials {run.trials}: all are counted")
    if earlier is not None:
        say(f"nothing is recommended now: the earlier change is kept as {earlier}")
    say(f"report: {run.out / 'report.html'}")
    if not answer.result.is_whole:
        say(f"interrupted after {len(answer.result.trials)} trials; the same command goes on")
        return console.INTERRUPTED
    return 0


def _command(run: TuneRun, choices: StressChoices) -> str:
    """How to get the answer again; paths of files are left to the reader."""
    words = [f"trimtab tune CASE --trials {run.trials}"]
    words += [f"--key {shown(text)}" for text in run.keys]
    if run.borrowers != Borrowers.SAME_SHARE:
        words.append(f"--borrowers {run.borrowers}")
    if run.least_buffer != LEAST_BUFFER:
        words.append(f"--least-buffer {shown(run.least_buffer)}")
    if run.settings is not None:
        words.append("--settings FILE")
    return " ".join([*words, *told_choices(choices), f"--seed {choices.seed}", "--out DIR"])


def print_tune(answer: TuneAnswer) -> None:
    """Print the front, and the change to make."""
    result, quote = answer.result, answer.case.rules.quote
    rows = []
    for place in (0, *(place for place in result.pareto if place)):
        trial = result.trials[place]
        chosen = result.recommendation
        mark = "present" if place == 0 else ""
        if chosen is not None and chosen.trial.number == trial.number:
            mark = choice_name(result)
        elif any(trade.trial.number == trial.number for trade in result.trades):
            mark = "a trade"
        cells = [number(value) for value in (trial.shortfall, trial.capacity, trial.fund)]
        rows.append([f"{trial.number}", *cells, mark])
    columns = ["trial", f"ES {result.level:.10g} {quote}", f"borrow capacity {quote}", "fund", ""]
    refused = sum(result.refused.values())
    title = (
        f"{answer.case.rules.venue}: {len(result.trials)} trials, "
        f"{len(result.trials) - refused} of them on the same {result.paths:,} paths"
    )
    console.print_table(title, columns, rows=rows, left=1)
    if refused:
        say(f"refused before any path, {refused} of them: {refused_words(result)}")
    if not result.is_firm:
        say(f"warning: {tail_warning(result)}")
    found = result.recommendation
    if found is None:
        say("no trial betters the present rules" + (" in every aim" if result.trades else ""))
        for trade in result.trades:
            say(f"a trade, not an improvement: {trade_words(answer, trade)}")
        return
    say(f"{choice_name(result)}, trial {found.trial.number}: {found.reason}")
    for change in found.changes:
        say(f"  {change.key}: {change.present or 'absent'} -> {change.proposed}")
    dry = found.dry_run
    say(
        f"dry run: {dry.refusal or 'the engine accepts it'}; {len(dry.ramps)} weights move by "
        f"ramps, {len(dry.newly_liquidatable)} accounts become liquidatable"
    )
