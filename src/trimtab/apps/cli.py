"""The command line. Verbs mirror the Python front door; heavy imports wait for their verb."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from trimtab.apps.choices import Liquidatable, SortName, TableOrJson
from trimtab.apps.console import NOT_BEGUN, Format, exit_code, say
from trimtab.apps.import_cli import imports
from trimtab.apps.import_exchange import exchange
from trimtab.apps.journal_cli import journal
from trimtab.apps.preset_cli import preset_app
from trimtab.apps.serve_cli import keys, serve
from trimtab.apps.stress_cli import stress
from trimtab.apps.tune_cli import tune
from trimtab.apps.usage import usage_line

app = typer.Typer(
    name="trimtab",
    help="Exact leverage and collateral risk engine for lending and derivatives protocols.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 fine, 1 risk found (--fail-on), 2 usage, 3 bad data, 4 internal error.",
)

CaseFolder = Annotated[Path, typer.Argument(help="Case folder.", metavar="CASE")]
Seed = Annotated[int, typer.Option(help="Seed of anything drawn at random; echoed.", min=0)]
PriceMoves = Annotated[
    list[str] | None,
    typer.Option(
        help="Move prices at once before the book is looked at: ASSET=-30%, or ASSET=1500 "
        "for a price; '*' is every other asset; may be given again."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@app.command()
def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the case and its results.")] = Path(
        "out/demo"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the synthetic book.", min=0)] = 1,
    live: Annotated[
        bool,
        typer.Option("--live", help="Serve the crash at 60 times its speed, dashboard and all."),
    ] = False,
    port: Annotated[int, typer.Option(help="Port of --live.", min=1, max=65535)] = 8420,
    debug: Debug = False,
) -> None:
    """Replay the bundled crash under two rule books and write the report. Works offline.

    Example: trimtab demo
    """
    if live:
        from trimtab.apps.serve_cli import serve_demo

        _run(lambda: serve_demo(seed=seed, port=port), debug=debug)
    from trimtab.apps.verbs import run_demo

    _run(lambda: run_demo(out, seed=seed), debug=debug)


@app.command()
def health(
    case: CaseFolder,
    *,
    at: Annotated[
        str, typer.Option(help="Prices to use: first (the book's own), last, or a UTC time.")
    ] = "first",
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    sort: Annotated[
        SortName,
        typer.Option(
            help="What to sort by, the riskiest or largest first; distance is how far all that "
            "an account holds may fall while what it owes keeps its price."
        ),
    ] = "health",
    limit: Annotated[
        int | None, typer.Option(help="Print at most so many accounts.", min=1)
    ] = None,
    below: Annotated[
        str | None,
        typer.Option(help="Only accounts with a health factor below this, such as 1.05."),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only this account, by its name, or name/group.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Other rules.toml: who becomes liquidatable, at what cost.")
    ] = None,
    shock: PriceMoves = None,
    report: Annotated[
        Path | None, typer.Option(help="File for a report of all accounts, one HTML page.")
    ] = None,
    fail_on: Annotated[
        Liquidatable | None, typer.Option(help="Exit with 1 if any account is, or would become so.")
    ] = None,
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """Where every account stands: health, excess, liquidation prices, distance.

    Example: trimtab health out/demo/case --below 1.05 --format json

    Example: trimtab health out/demo/case --shock ETH=-30% --shock STETH=-35%
    """
    from trimtab.apps.verbs import HealthQuestion, run_health

    question = HealthQuestion(
        case=case,
        at=at,
        form=format_,
        sort=sort,
        limit=limit,
        below=below,
        account=account,
        against=against,
        shock=tuple(shock or ()),
        report=report,
        fail_on=fail_on,
        seed=seed,
    )
    _run(lambda: run_health(question), debug=debug)


@app.command()
def replay(
    case: CaseFolder,
    *,
    out: Annotated[Path, typer.Option(help="Folder for events, metrics, summary and report.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the journal in the output folder.")
    ] = False,
    format_: Annotated[
        TableOrJson, typer.Option("--format", help="How to print the summary.")
    ] = "table",
    seed: Seed = 0,
    debug: Debug = False,
) -> None:
    """Drive a book through its prices: who was liquidated, who paid, and why.

    Example: trimtab replay out/demo/case --out out/replay
    """

    def verb() -> None:
        try:
            from trimtab.apps.verbs import run_replay
        except KeyboardInterrupt:
            raise KeyboardInterrupt(NOT_BEGUN) from None
        run_replay(case, out, resume=resume, form=Format(format_), seed=seed)

    _run(verb, debug=debug)


app.command()(stress)
app.command()(tune)
imports.command()(exchange)
app.add_typer(imports)
app.add_typer(preset_app, name="preset")
app.command()(serve)
app.add_typer(keys)
app.add_typer(journal)


@app.command()
def doctor(
    format_: Annotated[TableOrJson, typer.Option("--format", help="How to print.")] = "table",
    debug: Debug = False,
) -> None:
    """What this machine has, and how fast the engine is on it.

    Example: trimtab doctor
    """
    from trimtab.apps.doctor import run_doctor

    _run(lambda: run_doctor(Format(format_)), debug=debug)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("trimtab"))
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Exact leverage and collateral risk engine for lending and derivatives protocols."""


def _run(verb: Callable[[], int | None], *, debug: bool) -> None:
    raise typer.Exit(exit_code(verb, debug=debug))


def main() -> None:
    """Entry point: usage errors are one line and exit code 2."""
    try:
        code = app(standalone_mode=False, prog_name="trimtab")
    except typer.TyperException as error:
        message = error.format_message()
        if sys.argv[1:]:  # without arguments the message is the help text
            message = f"error: {usage_line(message, sys.argv[1:])}; see `trimtab --help`"
        say(message)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    sys.exit(code or 0)
