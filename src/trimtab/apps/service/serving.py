"""`trimtab serve`: a service behind its web server, until it is told to stop."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.apps.console import say
from trimtab.apps.presets import load_case
from trimtab.apps.service.gate import is_loopback
from trimtab.apps.service.opening import replayed
from trimtab.apps.service.running import Options, Service
from trimtab.model import Case
from trimtab.units import UsageError

EXTRA = "serving needs the extra `service`: pip install 'trimtab[service]'"
# The writer waits this long at most for a reader's turn at the interpreter, seconds.
SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True)
class ServeQuestion:
    """The options of `trimtab serve`."""

    case: str
    host: str
    port: int
    speed: float
    act: bool


def run_serve(question: ServeQuestion) -> None:
    """`trimtab serve`."""
    serve(load_case(Path(question.case), warn=lambda line: say(f"warning: {line}")), question)


def serve(
    case: Case, question: ServeQuestion, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve a case until SIGTERM or SIGINT: then the queue is drained.

    Arguments:
        ready: is told the address once the service answers.
    """
    if not is_loopback(question.host):
        raise UsageError(
            f"--host {question.host}: this service has no keys, so that it listens on loopback only"
        )
    options = Options(acts=True)
    service = replayed(case, options, speed=question.speed)
    sys.setswitchinterval(SWITCH_S)
    server = web_server(service, host=question.host, port=question.port)
    service.start()
    try:
        say(f"serving {case.rules.venue} on http://{question.host}:{question.port}/ (Ctrl-C stops)")
        if ready is not None:
            ready(f"http://{question.host}:{question.port}/")
        server.run()
    finally:
        drained = service.stop()
        say("stopped" if drained else "stopped; some work was given up: see the log")


def web_server(service: Service, *, host: str, port: int) -> Any:
    """A server for the service's application; its `run` returns after a signal."""
    try:
        import uvicorn

        from trimtab.apps.service.application import application
    except ModuleNotFoundError:
        raise UsageError(EXTRA) from None
    config = uvicorn.Config(
        application(service),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=4096,
        timeout_graceful_shutdown=5,
        limit_concurrency=2000,
    )
    return uvicorn.Server(config)
