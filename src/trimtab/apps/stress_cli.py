"""`trimtab stress` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.apps.console import Format, exit_code

CaseFolder = Annotated[Path, typer.Argument(help="Case folder.", metavar="CASE")]
Paths = Annotated[
    int | None, typer.Option(help="How many price paths; 1,000 where no file says.", min=1)
]
At = Annotated[
    str, typer.Option(help="Prices at which the book stands: first (its own), last, or a UTC time.")
]
Horizon = Annotated[float | None, typer.Option(help="How far to look; 168 where no file says.")]
Step = Annotated[
    float | None, typer.Option(help="Of the paths; the history's own where no file says.")
]
ProcessName = Annotated[
    str,
    typer.Option(
        help="How prices move, learnt from the case: brownian, jumps, heston, garch, regimes, "
        "bootstrap, filtered, windows; none: they stand still but for the shock; auto: garch where "
        "the history has 500 returns, else bootstrap."
    ),
]
ShockName = Annotated[
    str, typer.Option(help="A move on top: none, crash, flash, melt_up, slow_slide.")
]
ToOne = Annotated[float, typer.Option(help="How far correlations go to one, 0 to 1.")]
Settings = Annotated[
    Path | None,
    typer.Option(help="Markets, oracle, chain, keepers; CASE/stress.toml where it is there."),
]
EngineName = Annotated[
    str, typer.Option(help="kernel, exact, or auto: the kernel where it knows the rules.")
]
SamplingName = Annotated[str, typer.Option(help="plain, antithetic, stratified or tail.")]
Levels = Annotated[
    list[float] | None, typer.Option(help="Of VaR and ES; 0.95 and 0.99 if none is given.")
]
FundProbability = Annotated[
    float, typer.Option(help="Of a loss beyond the fund whose size is told.")
]
Out = Annotated[Path | None, typer.Option(help="Folder for batches, outcomes, summary and report.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the batches in --out.")]
ReportFile = Annotated[Path | None, typer.Option(help="File for the report alone.")]
HangsOn = Annotated[bool, typer.Option(help="Tell what the answer hangs on; takes more runs.")]
Backwards = Annotated[
    bool, typer.Option("--reverse", help="Find the smallest joint shock beyond the funds.")
]
ExecutorName = Annotated[
    str, typer.Option(help="threads, processes, or ray (extra `distributed`).")
]
Workers = Annotated[
    int, typer.Option(help="How many work at once; the numbers stay the same.", min=1)
]
Printed = Annotated[Format, typer.Option("--format", help="How to print: table or json.")]
FailOn = Annotated[str | None, typer.Option(help="Exit 1 if likelier than the limit: insolvency.")]
Limit = Annotated[float, typer.Option(help="Probability above which --fail-on fails.")]
Seed = Annotated[int, typer.Option(help="Of all paths; echoed.", min=0)]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def stress(
    case: CaseFolder,
    *,
    paths: Paths = None,
    at: At = "first",
    horizon_hours: Horizon = None,
    step_seconds: Step = None,
    process: ProcessName = "auto",
    shock: ShockName = "",
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
    executor: ExecutorName = "threads",
    workers: Workers = 1,
    format_: Printed = Format.TABLE,
    fail_on: FailOn = None,
    insolvency_limit: Limit = 0.01,
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """What could happen to a book, what it would cost, who would bear it, and how sure that is.

    Example: trimtab stress out/demo/case --horizon-hours 24 --paths 200 --out out/stress
    """

    def verb() -> int:
        from trimtab.apps.stressing.asking import StressChoices
        from trimtab.apps.stressing.verb import StressRun, run_stress_verb

        choices = StressChoices(
            *(horizon_hours, step_seconds, paths, process, shock, correlation_to_one),
            *(engine, sampling),
            levels=tuple(level) if level else StressChoices().levels,
            fund_probability=fund_probability,
            seed=seed,
            at=at,
        )
        files = (case, settings, out, report)
        run = StressRun(
            *files,
            resume=resume,
            form=format_,
            executor=executor,
            workers=workers,
            fail_on=fail_on,
            limit=insolvency_limit,
            sensitivity=sensitivity,
            reverse=reverse,
        )
        return run_stress_verb(run, choices)

    raise typer.Exit(exit_code(verb, debug=debug))
