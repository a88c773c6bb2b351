"""`trimtab serve`: a service behind its web server, until it is told to stop."""

import gc
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.apps.console import naming_file, progress, say
from trimtab.apps.presets import load_case
from trimtab.apps.service.audit import AuditTrail
from trimtab.apps.service.gate import KeyGate, OpenGate, RateLimit, is_loopback
from trimtab.apps.service.keyring import Keyring
from trimtab.apps.service.listening import open_to_readers, taken_address
from trimtab.apps.service.logs import Log, start_logs
from trimtab.apps.service.opening import Place, opened, replayed
from trimtab.apps.service.running import Options, Service
from trimtab.model import Case
from trimtab.units import DataError, UsageError

# The writer waits this long at most for a reader's turn at the interpreter, seconds.
SWITCH_S = 0.0005
HEARTBEAT_S = 1.0
# Requests a second of one key, and at once; wrong keys a second from one address, and at once.
RATE, BURST = 200.0, 400
FAILURES, FAILURES_BURST = 1.0, 10


@dataclass(frozen=True, slots=True)
class ServeQuestion:
    """The options of `trimtab serve`.

    feeds: `replay` (the case's own prices), or addresses of feeds; none is HTTP ingest alone.
    journal: file or URL of the durable journal; None keeps it in memory.
    """

    case: str
    host: str = "127.0.0.1"
    port: int = 8420
    speed: float = 1.0
    act: bool = False
    feeds: tuple[str, ...] = ("replay",)
    journal: str | None = None
    keys: Path | None = None
    alerts: Path | None = None
    log_level: str = "info"


def run_serve(question: ServeQuestion) -> None:
    """`trimtab serve`."""
    serve(load_case(Path(question.case), warn=lambda line: say(f"warning: {line}")), question)


def serve(
    case: Case, question: ServeQuestion, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve a case until SIGTERM or SIGINT: then the queue is drained, and a snapshot taken.

    Arguments:
        ready: is told the address once the service answers.

    Raises:
        UsageError: an address that is taken, or that this machine has not.
    """
    gate = _gate(question)
    log = start_logs(question.log_level)
    with ExitStack() as stack:
        # Before anything is read or made: another service may have the address.
        sockets = stack.enter_context(taken_address(question.host, question.port))
        service = _service(case, question)
        service.log = log
        server = web_server(service, gate=gate, host=question.host, port=question.port, log=log)
        sys.setswitchinterval(SWITCH_S)
        # Records live as long as the service: a collection must not look at them all each time.
        gc.freeze()
        # What is frozen at the interpreter's end is never freed, and libraries call that a leak.
        stack.callback(gc.unfreeze)
        _attach(service, question, log=log, stack=stack)
        service.start()
        stack.callback(_stopped, service, log)
        open_to_readers(sockets, question.host, port=question.port)
        address = f"http://{question.host}:{question.port}/"
        about = {"venue": case.rules.venue, "address": address, "acting": service.acting}
        log.info("serving", about)
        if ready is not None:
            ready(address)
        with _signals_kept():
            server.run(sockets=list(sockets))


@contextmanager
def _signals_kept() -> Iterator[None]:
    """The web server sends a signal that stopped it on to us: here that must not end the process.

    What is queued is still to be drained. A second signal while that happens does end it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in kept.items():
            signal.signal(one, handler)


def _stopped(service: Service, log: Log) -> None:
    drained = service.stop()
    tell = log.info if drained else log.error
    tell("stopped", {"drained": drained, "failure": service.writer.failure or None})


def _attach(service: Service, question: ServeQuestion, *, log: Log, stack: ExitStack) -> None:
    """Feeds of other addresses than the case's own prices, and alerts."""
    from trimtab.apps.service.alerting import attach_alerts
    from trimtab.apps.service.feeds.addresses import feed_at

    for address in question.feeds:
        if address != "replay":
            service.feeds.append(feed_at(address, service, log=log))
    if question.alerts is not None:
        with naming_file("--alerts", question.alerts):
            stack.callback(attach_alerts(service, question.alerts, log=log))


def _service(case: Case, question: ServeQuestion) -> Service:
    place = _place(question)
    if "replay" in question.feeds:
        return replayed(case, Options(), speed=question.speed, place=place)
    options = Options(acts=question.act, heartbeat_s=HEARTBEAT_S)
    return opened(case, options, place=place)


def _place(question: ServeQuestion) -> Place:
    if question.journal is None:
        say("warning: the journal is kept in memory; --journal FILE makes it durable")
        return Place()
    from trimtab.adapters.stores import open_store

    try:
        journal = open_store(question.journal)
    except DataError as error:
        raise error.located(where=f"--journal {error.where}".rstrip()) from None
    audit = AuditTrail(journal.actions, clock_ns=time.time_ns)
    with progress("reading the journal") as tell:
        return Place(journal=journal, audit=audit, progress=tell)


def _gate(question: ServeQuestion) -> Any:
    """Keys for whoever listens beyond this machine; without keys, loopback alone.

    Raises:
        UsageError: a public address without keys.
    """
    limit = RateLimit(RATE, BURST, now_s=time.monotonic)
    if question.keys is not None:
        with naming_file("--keys", question.keys):
            keyring = Keyring(question.keys)
        if not any(one.state(time.time_ns()) == "good" for one in keyring.records().values()):
            hint = f"trimtab keys add NAME --role admin --file {question.keys}"
            raise UsageError(f"--keys {question.keys}: it holds no good key; make one: {hint}")
        failures = RateLimit(FAILURES, FAILURES_BURST, now_s=time.monotonic)
        return KeyGate(keyring, clock_ns=time.time_ns, limit=limit, failures=failures)
    if not is_loopback(question.host):
        raise UsageError(
            f"--host {question.host}: a public address needs keys; "
            "make one with `trimtab keys add`, and give the file as --keys"
        )
    return OpenGate(RateLimit(10 * RATE, 10 * BURST, now_s=time.monotonic))


def web_server(service: Service, *, gate: Any, host: str, port: int, log: Log | None = None) -> Any:
    """A server for the service's application and its stream; its `run` returns after a signal."""
    import uvicorn

    from trimtab.apps.service.application import application
    from trimtab.apps.service.fanout.process import StreamProcess
    from trimtab.apps.service.fanout.upgrade import upgrades

    stream = StreamProcess(service.hub, gate=gate, log=log)
    ways: Any = upgrades(stream, gate)
    config = uvicorn.Config(
        application(service, gate=gate, stream=stream),
        ws=ways,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=2000,
        proxy_headers=False,
        h11_max_incomplete_event_size=16 * 1024,
    )
    return uvicorn.Server(config)
