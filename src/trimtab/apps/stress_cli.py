"""`trimtab stress` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from trimtab.apps.console import Format, exit_code


def stress(
    case: Annotated[Path, typer.Argument(help="Case folder.", metavar="CASE")],
    *,
    paths: Annotated[
        int | None, typer.Option(help="How many price paths; 1,000 where no file says.", min=1)
    ] = None,
    horizon_hours: Annotated[
        float | None, typer.Option(help="How far to look; 168 where no file says.")
    ] = None,
    step_seconds: Annotated[
        float | None, typer.Option(help="Of the paths; the history's own where no file says.")
    ] = None,
    process: Annotated[
        str,
        typer.Option(
            help="How prices move, learnt from the case: brownian, jumps, heston, garch, regimes, "
            "bootstrap, filtered, windows; none: they stand still but for the shock; auto: garch "
            "where the history is long enough, else brownian."
        ),
    ] = "auto",
    shock: Annotated[
        str, typer.Option(help="A move on top: crash, flash, melt_up, slow_slide.")
    ] = "",
    correlation_to_one: Annotated[
        float, typer.Option(help="How far correlations go to one, 0 to 1.")
    ] = 0.0,
    settings: Annotated[
        Path | None,
        typer.Option(help="Markets, oracle, chain, keepers; CASE/stress.toml where it is there."),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="kernel, exact, or auto: the kernel where it knows the rules.")
    ] = "auto",
    sampling: Annotated[str, typer.Option(help="plain, antithetic, stratified or tail.")] = "plain",
    level: Annotated[
        list[float] | None, typer.Option(help="Of VaR and ES; 0.95 and 0.99 if none is given.")
    ] = None,
    fund_probability: Annotated[
        float, typer.Option(help="Of a loss beyond the fund whose size is told.")
    ] = 0.01,
    out: Annotated[
        Path | None, typer.Option(help="Folder for batches, outcomes, summary and report.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the batches in --out.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="File for the report alone.")] = None,
    sensitivity: Annotated[
        bool, typer.Option(help="Tell what the answer hangs on; takes more runs.")
    ] = True,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Find the smallest joint shock beyond the funds.")
    ] = False,
    executor: Annotated[
        str, typer.Option(help="threads, processes, or ray (extra `distributed`).")
    ] = "threads",
    workers: Annotated[
        int, typer.Option(help="How many work at once; the numbers stay the same.", min=1)
    ] = 1,
    format_: Annotated[
        Format, typer.Option("--format", help="How to print: table or json.")
    ] = Format.TABLE,
    fail_on: Annotated[
        str | None, typer.Option(help="Exit 1 if likelier than the limit: insolvency.")
    ] = None,
    insolvency_limit: Annotated[
        float, typer.Option(help="Probability above which --fail-on fails.")
    ] = 0.01,
    seed: Annotated[int, typer.Option(help="Of all paths; echoed.", min=0)] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """What could happen to a book, what it would cost, who would bear it, and how sure that is.

    Example: trimtab stress out/demo/case --horizon-hours 24 --paths 200 --out out/stress
    """

    def verb() -> int:
        from trimtab.apps.stressing.asking import StressChoices
        from trimtab.apps.stressing.verb import StressRun, run_stress_verb

        choices = StressChoices(
            horizon_hours=horizon_hours,
            step_seconds=step_seconds,
            paths=paths,
            process=process,
            shock=shock,
            correlation_share=correlation_to_one,
            engine=engine,
            sampling=sampling,
            levels=tuple(level) if level else StressChoices().levels,
            fund_probability=fund_probability,
            seed=seed,
        )
        run = StressRun(
            case=case,
            settings=settings,
            out=out,
            resume=resume,
            form=format_,
            report=report,
            executor=executor,
            workers=workers,
            fail_on=fail_on,
            limit=insolvency_limit,
            sensitivity=sensitivity,
            reverse=reverse,
        )
        return run_stress_verb(run, choices)

    raise typer.Exit(exit_code(verb, debug=debug))
