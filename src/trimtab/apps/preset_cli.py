"""The command line's `preset`: list, show, import. Heavy imports wait for their verb."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from trimtab.apps.choices import TableJsonOrCsv, TableOrJson
from trimtab.apps.console import Format, exit_code

preset_app = typer.Typer(
    help="Protocols' rules: list them, show one, import a protocol's configuration file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="Preset, such as aave-v3.7.", metavar="NAME")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@preset_app.command("list")
def list_(
    *,
    format_: Annotated[TableJsonOrCsv, typer.Option("--format", help="How to print.")] = "table",
    debug: Debug = False,
) -> None:
    """All presets: protocol, kind of venue, and where their values come from.

    Example: trimtab preset list
    """
    from trimtab.apps.preset_verbs import run_list

    _run(lambda: run_list(Format(format_)), debug=debug)


@preset_app.command()
def show(
    name: Name,
    *,
    format_: Annotated[
        TableOrJson, typer.Option("--format", help="How to print; a table is a rules.toml here.")
    ] = "table",
    debug: Debug = False,
) -> None:
    """One preset as a rules.toml, with what engine and protocol share and what they do not.

    Example: trimtab preset show aave-v3.7
    """
    from trimtab.apps.preset_verbs import run_show

    _run(lambda: run_show(name, Format(format_)), debug=debug)


@preset_app.command("import")
def import_(
    name: Name,
    configuration: Annotated[
        Path, typer.Argument(help="The protocol's configuration file.", metavar="FILE")
    ],
    *,
    market: Annotated[
        str | None, typer.Option(help="Market, where the file holds several.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Case folder, or file, to write; else to stdout.")
    ] = None,
    debug: Debug = False,
) -> None:
    """A protocol's own configuration file as a rules.toml.

    Example: trimtab preset import compound-v3 configuration.json --out CASE
    """
    from trimtab.apps.preset_verbs import run_import

    _run(lambda: run_import(name, configuration, market=market, out=out), debug=debug)


def _run(verb: Callable[[], int | None], *, debug: bool) -> None:
    raise typer.Exit(exit_code(verb, debug=debug))
