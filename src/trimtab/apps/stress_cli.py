"""`trimtab stress` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.apps.choices import (
    EngineText,
    ExecutorText,
    Insolvency,
    ProcessText,
    SamplingText,
    ShockText,
    TableOrJson,
)
from trimtab.apps.console import Format, exit_code

CaseFolder = Annotated[Path, typer.Argument(help="Case folder.", metavar="CASE")]
Paths = Annotated[
    int | None, typer.Option(help="How many price paths; 1,000 where no file says.", min=1)
]
OnePath = Annotated[
    int | None,
    typer.Option(
        "--path",
        help="Tell what happens on this one path of the run, by its number from 0, event by event, "
        "into OUT/path-NUMBER; all other options as in the run.",
        min=0,
    ),
]
At = Annotated[
    str, typer.Option(help="Prices at which the book stands: first (its own), last, or a UTC time.")
]
Horizon = Annotated[
    float | None, typer.Option(help="How far to look, in hours; 168, a week, where no file says.")
]
Step = Annotated[
    float | None,
    typer.Option(help="Length of a step of the paths; the history's own where no file says."),
]
ProcessName = Annotated[
    ProcessText,
    typer.Option(
        help="How prices move, learnt from the case's history: brownian, jumps, heston, garch, "
        "regimes, bootstrap, filtered or windows; none: they stand still but for the shock; auto: "
        "garch where there are 500 returns, else bootstrap.",
        metavar="<process>",
    ),
]
ShockName = Annotated[
    ShockText,
    typer.Option(
        help="A move on top of the process: crash is -45% within a day, flash -25% in minutes and "
        "back, melt_up +30% in hours, slow_slide -50% in a week."
    ),
]
ToOne = Annotated[float, typer.Option(help="How far all correlations go towards one, 0 to 1.")]
Settings = Annotated[
    Path | None,
    typer.Option(help="Markets, oracle, chain, keepers; CASE/stress.toml where it is there."),
]
EngineName = Annotated[
    EngineText,
    typer.Option(
        help="Who clears the book. auto: the kernel where it knows the rules, else exact."
    ),
]
SamplingName = Annotated[
    SamplingText, typer.Option(help="How paths are drawn; tail finds rare losses with fewer.")
]
Levels = Annotated[
    list[float] | None,
    typer.Option(
        help="Level of value at risk (VaR) and expected shortfall (ES), between 0 and 1; may be "
        "given again; 0.95 and 0.99 where none is."
    ),
]
FundProbability = Annotated[
    float,
    typer.Option(help="Tell the fund's size that losses pass with this probability, 0 to 1."),
]
Out = Annotated[Path | None, typer.Option(help="Folder for batches, outcomes, summary and report.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the batches in --out.")]
ReportFile = Annotated[Path | None, typer.Option(help="File for the report alone.")]
HangsOn = Annotated[
    bool, typer.Option(help="Tell what the shortfall hangs on most; takes further runs.")
]
Backwards = Annotated[
    bool, typer.Option("--reverse", help="Find the smallest joint shock beyond the funds.")
]
ExecutorName = Annotated[
    ExecutorText,
    typer.Option(help="Who works the paths off; ray needs the extra `distributed`."),
]
Workers = Annotated[
    int, typer.Option(help="How many work at once; the numbers stay the same.", min=1)
]
Printed = Annotated[TableOrJson, typer.Option("--format", help="How to print the answer.")]
FailOn = Annotated[
    Insolvency | None,
    typer.Option(
        help="Exit with 1 if a loss beyond the funds is likelier than --insolvency-limit."
    ),
]
Limit = Annotated[
    float, typer.Option(help="Probability above which --fail-on exits with 1, 0 to 1.")
]
Seed = Annotated[int, typer.Option(help="Seed of all paths; echoed.", min=0)]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def stress(
    case: CaseFolder,
    *,
    paths: Paths = None,
    at: At = "first",
    horizon_hours: Horizon = None,
    step_seconds: Step = None,
    process: ProcessName = "auto",
    shock: ShockName = "none",
    correlation_to_one: ToOne = 0.0,
    settings: Settings = None,
    engine: EngineName = "auto",
    sampling: SamplingName = "plain",
    level: Levels = None,
    fund_probability: FundProbability = 0.01,
    out: Out = None,
    resume: Resume = False,
    report: ReportFile = None,
    sensitivity: HangsOn = True,
    reverse: Backwards = False,
    path: OnePath = None,
    executor: ExecutorName = "threads",
    workers: Workers = 1,
    format_: Printed = "table",
    fail_on: FailOn = None,
    insolvency_limit: Limit = 0.01,
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """What could happen to a book, what it would cost, who would bear it, and how sure that is.

    \b
    Example: trimtab stress out/demo/case --horizon-hours 24 --paths 200 \\
        --out out/stress
    What happened on a path of it: the same, with --path and its number.
    """

    def verb() -> int:
        from trimtab.apps.stressing.chosen import StressChoices
        from trimtab.apps.stressing.verb import StressRun, run_stress_verb

        choices = StressChoices(
            *(horizon_hours, step_seconds, paths, process, shock.removeprefix("none")),
            *(correlation_to_one, engine, sampling),
            levels=tuple(level) if level else StressChoices().levels,
            fund_probability=fund_probability,
            seed=seed,
            at=at,
        )
        run = StressRun(
            *(case, settings, out, report, resume, Format(format_), executor, workers),
            fail_on=fail_on,
            limit=insolvency_limit,
            sensitivity=sensitivity,
            reverse=reverse,
        )
        return run_stress_verb(run, choices, path=path)

    raise typer.Exit(exit_code(verb, debug=debug))
