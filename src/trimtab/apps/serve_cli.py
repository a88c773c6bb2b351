"""`trimtab serve` on the command line."""

from typing import Annotated

import typer

from trimtab.apps.console import exit_code


def serve(
    case: Annotated[str, typer.Argument(help="Case folder.", metavar="CASE")],
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8420,
    speed: Annotated[
        float, typer.Option(help="Seconds of the case's prices in one second.", min=0.001)
    ] = 1.0,
    act: Annotated[
        bool, typer.Option("--act", help="Send the keepers' commands; a replay always acts.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Run the risk engine live: API, stream and dashboard on one address.

    Example: trimtab serve out/demo/case --speed 60
    """
    from trimtab.apps.service.serving import ServeQuestion, run_serve

    question = ServeQuestion(case=case, host=host, port=port, speed=speed, act=act)
    raise typer.Exit(exit_code(lambda: run_serve(question), debug=debug))
