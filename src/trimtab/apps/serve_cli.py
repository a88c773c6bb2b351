"""`trimtab serve` and `trimtab keys` on the command line."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from trimtab.apps.choices import LogLevel, RoleText, TableOrJson
from trimtab.apps.console import Format, exit_code, say
from trimtab.apps.extras import require_extra

keys = typer.Typer(name="keys", help="Keys of callers of `trimtab serve`.", no_args_is_help=True)
KeyFile = Annotated[Path, typer.Option("--file", help="File of keys; only its owner may read it.")]
Feeds = Annotated[
    list[str] | None,
    typer.Option(
        "--feed",
        help="Where prices come from: replay (the case's own; where none is given), none (what "
        "is sent by HTTP alone), or an address: ws://, nats://, ccxt:, evm:; may be given "
        "again.",
    ),
]
DEMO_SPEED = 60.0
KEYS = Path("trimtab-keys.json")


def serve(
    case: Annotated[str, typer.Argument(help="Case folder.", metavar="CASE")],
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8420,
    feed: Feeds = None,
    speed: Annotated[
        float, typer.Option(help="Of a replay: seconds of the case in one second.", min=0.001)
    ] = 1.0,
    journal: Annotated[
        str | None,
        typer.Option(help="Durable journal, a file or a PostgreSQL URL; absent: memory."),
    ] = None,
    keys_file: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            help="File of keys of callers (`trimtab keys add`); absent: this machine alone.",
        ),
    ] = None,
    alerts: Annotated[Path | None, typer.Option(help="File of rules of alerts, TOML.")] = None,
    act: Annotated[
        bool, typer.Option("--act", help="Send the keepers' commands; a replay always acts.")
    ] = False,
    log_level: Annotated[
        LogLevel, typer.Option(help="The least that is logged, to stderr as lines of JSON.")
    ] = "info",
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Run the risk engine live: API, stream and dashboard on one address.

    With any feed but replay the venue's time is the world's: a book of years ago accrues the
    interest of all those years at once, and the service warns. Replay such a case (--speed), or
    serve a book of today.

    Example: trimtab serve out/demo/case --speed 60
    """

    def verb() -> None:
        require_extra("service", doing="serving")
        from trimtab.apps.service.serving import ServeQuestion, run_serve

        question = ServeQuestion(
            case=case,
            host=host,
            port=port,
            speed=speed,
            act=act,
            feeds=tuple(one for one in feed or ["replay"] if one != "none"),
            journal=journal,
            keys=keys_file,
            alerts=alerts,
            log_level=log_level,
        )
        run_serve(question)

    raise typer.Exit(exit_code(verb, debug=debug))


def serve_demo(*, seed: int, port: int) -> None:
    """`trimtab demo --live`: the bundled crash at 60 times its speed, in memory, on loopback."""
    require_extra("service", doing="serving")
    from trimtab.apps.front import demo_case
    from trimtab.apps.service.serving import ServeQuestion, serve

    told = f"the crash of 2020-03-12 at {DEMO_SPEED:g} times its speed"
    question = ServeQuestion(case="", port=port, speed=DEMO_SPEED)
    serve(demo_case(seed=seed), question, ready=lambda address: say(f"{told}: {address}"))


def _key_verbs() -> ModuleType:
    """What makes, lists and ends keys; a UsageError where the extra is missing."""
    require_extra("service", doing="keeping keys")
    from trimtab.apps.service import key_verbs

    return key_verbs


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Who the key is for.", metavar="NAME")],
    *,
    role: Annotated[
        RoleText,
        typer.Option(help="What it may do: each role also what those before it may."),
    ] = "read",
    expires: Annotated[
        str | None, typer.Option(help="When it ends, a UTC time; absent: never.")
    ] = None,
    file: KeyFile = KEYS,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Make a key and print it, this once.

    Example: trimtab keys add dashboard --role read --expires 2027-01-01
    """
    verb = exit_code(
        lambda: _key_verbs().run_add(file, name, role=role, expires=expires), debug=debug
    )
    raise typer.Exit(verb)


@keys.command("list")
def list_(
    *,
    file: KeyFile = KEYS,
    format_: Annotated[TableOrJson, typer.Option("--format", help="How to print.")] = "table",
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Names, roles and ends of all keys; never the keys themselves.

    Example: trimtab keys list
    """
    raise typer.Exit(exit_code(lambda: _key_verbs().run_list(file, Format(format_)), debug=debug))


@keys.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Whose key.", metavar="NAME")],
    *,
    file: KeyFile = KEYS,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """End a key at once, in a running service too.

    Example: trimtab keys revoke dashboard
    """
    raise typer.Exit(exit_code(lambda: _key_verbs().run_revoke(file, name), debug=debug))
