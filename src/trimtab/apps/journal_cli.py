"""`trimtab journal` on the command line: verify, back up, restore, export, retain, cut."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from trimtab.apps.console import exit_code
from trimtab.apps.extras import require_extra

journal = typer.Typer(
    name="journal", help="The durable journal of `trimtab serve`.", no_args_is_help=True
)
Where = Annotated[str, typer.Argument(help="A file, or a PostgreSQL URL.", metavar="JOURNAL")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def _verbs() -> ModuleType:
    """What the verbs do; a UsageError where the extra is missing."""
    require_extra("service", doing="reading a journal")
    from trimtab.apps.service import journal_verbs

    return journal_verbs


@journal.command()
def verify(where: Where, debug: Debug = False) -> None:
    """Read everything and name the first fault, beside a running service too.

    Exit 1 where there is a fault, 3 where the file is no journal.

    Example: trimtab journal verify venue.db
    """
    raise typer.Exit(exit_code(lambda: _verbs().run_verify(where), debug=debug))


@journal.command("back-up")
def back_up(
    where: Where,
    target: Annotated[
        Path, typer.Argument(help="File to write; whole or not at all.", metavar="TARGET")
    ],
    *,
    debug: Debug = False,
) -> None:
    """Write a back-up while the service runs, and read it through once.

    Example: trimtab journal back-up venue.db backups/monday.db
    """
    raise typer.Exit(exit_code(lambda: _verbs().run_back_up(where, target), debug=debug))


@journal.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="A back-up.", metavar="BACKUP")],
    where: Annotated[str, typer.Argument(help="An empty journal.", metavar="JOURNAL")],
    *,
    debug: Debug = False,
) -> None:
    """Fill an empty journal from a back-up, every entry checked.

    Example: trimtab journal restore backups/monday.db venue.db
    """
    raise typer.Exit(exit_code(lambda: _verbs().run_restore(backup, where), debug=debug))


@journal.command()
def export(
    where: Where,
    folder: Annotated[Path, typer.Argument(help="Folder for Parquet files.", metavar="FOLDER")],
    *,
    after: Annotated[int, typer.Option(help="Only entries above this number.", min=0)] = 0,
    debug: Debug = False,
) -> None:
    """Write entries and events as Parquet, exact numbers as decimal text.

    Example: trimtab journal export venue.db out/journal --after 100000
    """
    raise typer.Exit(
        exit_code(lambda: _verbs().run_export(where, folder, after=after), debug=debug)
    )


@journal.command()
def retain(
    where: Where,
    *,
    snapshot: Annotated[
        int | None, typer.Option(help="Entry of a snapshot; absent: the latest.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Drop the entries that a snapshot holds. The service must not run: export them first.

    Example: trimtab journal retain venue.db
    """
    raise typer.Exit(exit_code(lambda: _verbs().run_retain(where, snapshot), debug=debug))


@journal.command("cut-tail")
def cut_tail(
    where: Where,
    *,
    consent: Annotated[
        bool, typer.Option("--consent", help="Give up what is after the last good entry.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Name the damage; with --consent give up the entries after the last good one, kept aside.

    Example: trimtab journal cut-tail venue.db
    """
    raise typer.Exit(exit_code(lambda: _verbs().run_cut(where, consent=consent), debug=debug))
