"""`trimtab tune` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.apps.choices import BorrowersText
from trimtab.apps.console import Format, exit_code
from trimtab.apps.stress_cli import (
    CaseFolder,
    Debug,
    EngineName,
    ExecutorName,
    Horizon,
    Levels,
    Paths,
    Printed,
    ProcessName,
    Seed,
    Settings,
    Step,
    Workers,
)

Out = Annotated[
    Path,
    typer.Option(
        help="Folder for trials, document, change of rules, picture and report; trials there go on."
    ),
]
Trials = Annotated[
    int, typer.Option(help="How many sets of values, the present ones among them.", min=2)
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="A key of rules.toml and its range, KEY=LOW:HIGH:STEP, such as "
        "insurance.balance=0:50000:10000; may be given again; thresholds, bonuses and the fund "
        "where none is.",
    ),
]
BorrowersName = Annotated[
    BorrowersText,
    typer.Option(
        help="How borrowers answer to other rules: same_share of what they may borrow, or fixed "
        "debts."
    ),
]
LeastBuffer = Annotated[
    str,
    typer.Option(
        help="What every set of values leaves between max_ltv and liquidation_threshold; as little "
        "as the present rules where these leave less."
    ),
]


def tune(
    case: CaseFolder,
    *,
    out: Out,
    trials: Trials = 60,
    key: Keys = None,
    borrowers: BorrowersName = "same_share",
    least_buffer: LeastBuffer = "0.02",
    paths: Paths = None,
    horizon_hours: Horizon = None,
    step_seconds: Step = None,
    process: ProcessName = "auto",
    settings: Settings = None,
    engine: EngineName = "auto",
    level: Levels = None,
    executor: ExecutorName = "threads",
    workers: Workers = 1,
    format_: Printed = "table",
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """Search for rules that risk less, lend more, or both; the same command again goes on.

    \b
    Example: trimtab tune out/demo/case --horizon-hours 24 --paths 100 \\
        --trials 20 --out out/tune
    """

    def verb() -> int:
        from trimtab.apps.stressing.chosen import StressChoices
        from trimtab.apps.tuning.verb import TuneRun, run_tune_verb

        choices = StressChoices(
            *(horizon_hours, step_seconds, paths, process),
            engine=engine,
            levels=tuple(level) if level else StressChoices().levels,
            seed=seed,
        )
        run = TuneRun(
            *(case, settings, out, trials, tuple(key or ()), borrowers),
            form=Format(format_),
            executor=executor,
            workers=workers,
            least_buffer=least_buffer,
        )
        return run_tune_verb(run, choices)

    raise typer.Exit(exit_code(verb, debug=debug))
