"""`trimtab.tune`: search for rules that risk less, lend more, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trimtab.adapters.executors import ExecutorKind, open_executor
from trimtab.adapters.files import (
    staged_folder,
    study_storage,
    write_json,
    write_text,
)
from trimtab.apps.stressing import StressChoices
from trimtab.apps.stressing.asking import asked_stress
from trimtab.apps.stressing.chosen import AUTO
from trimtab.apps.stressing.front import prepared_by_any
from trimtab.model import Case, StressSettings
from trimtab.simulation.stress.tuning import (
    LEAST_BUFFER,
    Borrowers,
    Parameter,
    TuneQuestion,
    TuneResult,
    run_tuning,
)

Progress = Callable[[int, int], None]
STUDY: Final = "study.journal"
CHANGE: Final = "rules.diff"
EARLIER_CHANGE: Final = "rules-earlier.diff"
OUTPUTS: Final = ("tune.json", CHANGE, "report.html", "pareto.png")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TuneAnswer:
    """A finished search: every trial, the Pareto set, the change to make and its dry run.

    command: what gives this answer again.
    """

    case: Case
    result: TuneResult
    command: str

    def __repr__(self) -> str:
        trials, front = len(self.result.trials), len(self.result.pareto)
        return f"<TuneAnswer: {trials} trials, {front} that no other betters>"

    def to_json(self) -> dict[str, Any]:
        """The document `trimtab.tune/1`."""
        return self.result.to_json() | {"command": self.command}

    def diff(self) -> str | None:
        """The recommended change, key by key; None where nothing betters the present rules."""
        found = self.result.recommendation
        if found is None:
            return None
        lines = []
        for change in found.changes:
            if change.present is not None:
                lines.append(f"- {change.key} = {change.present}")
            lines.append(f"+ {change.key} = {change.proposed}")
        return "\n".join(lines) + "\n"

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML page that needs nothing else."""
        write_text(Path(path), self._page())

    def save(self, out: str | Path) -> Path | None:
        """Write document, recommended rules, picture and report into a folder; all or none.

        Returns:
            Where the change of an earlier search was put, which this one does not recommend; None
            where there was none.
        """
        from trimtab.apps.report.pareto import save_pareto

        with staged_folder(Path(out), known=OUTPUTS) as folder:
            write_json(folder / "tune.json", self.to_json())
            diff = self.diff()
            if diff is not None:
                write_text(folder / CHANGE, diff)
            save_pareto(self.result, folder / "pareto.png", quote=self.case.rules.quote)
            write_text(folder / "report.html", self._page())
        former = Path(out) / CHANGE
        if diff is not None or not former.exists():
            return None
        # Under its name it would pass for a change that this search recommends.
        return former.replace(former.with_name(EARLIER_CHANGE))

    def _page(self) -> str:
        from trimtab.apps.report.tune import tune_report

        return tune_report(self)


def tune(
    case: Case,
    choices: StressChoices | None = None,
    *,
    trials: int = 60,
    space: Sequence[Parameter] = (),
    borrowers: Borrowers = Borrowers.SAME_SHARE,
    least_buffer: str = LEAST_BUFFER,
    settings: StressSettings | None = None,
    workers: int = 1,
    executor: ExecutorKind = ExecutorKind.THREADS,
    out: str | Path | None = None,
    progress: Progress | None = None,
    command: str = "trimtab.tune(case)",
) -> TuneAnswer:
    """Search for rules on always the same paths.

    Arguments:
        case: the present rules, the book, its price history.
        choices: of the stress test that every trial runs.
        trials: how many sets of values are tried, the present rules among them.
        space: keys and ranges; empty is thresholds, bonuses, sizing and the fund of the case.
        borrowers: how the book answers to other rules.
        least_buffer: what trials leave between max_ltv and liquidation_threshold, decimal text;
            as little as the present rules where these leave less.
        settings: of a stress file: markets, oracle, chain, keepers.
        workers, executor: who works the paths off; the numbers are the same for all.
        out: a folder that keeps the trials, from which a search goes on; None is memory.
        progress: is told (trials done, trials in all).
        command: what the reader types to get the answer again.

    Raises:
        UsageError, DataError: what cannot be asked. KeyboardInterrupt: before the present rules
            were measured.
    """
    chosen = choices or StressChoices()
    stressed = asked_stress(case, chosen, settings=settings)
    question, process = stressed.question, stressed.process
    if chosen.engine == AUTO:
        question = prepared_by_any(question, process=process)[0].question
    storage = None if out is None else study_storage(Path(out) / STUDY)
    asked = TuneQuestion(question, trials, tuple(space), borrowers, least_buffer)
    with open_executor(executor, workers) as hands:
        result = run_tuning(
            asked, process=process, storage=storage, executor=hands, progress=progress
        )
    return TuneAnswer(case, result, command)
