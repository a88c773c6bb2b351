"""Starts the stream's process, starts it again when it ends, and answers what it asks.

Readers of a process that has ended connect again, and begin with a snapshot as anybody does.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import Any

from trimtab.apps.service.fanout.link import Link
from trimtab.apps.service.fanout.wire import Counts, Kind
from trimtab.apps.service.hub import Hub
from trimtab.apps.service.logs import Log
from trimtab.apps.service.security import RefusedError, Role, require_role

# The folder that the service was started in is nothing to import from.
COMMAND = (sys.executable, "-P", "-m", "trimtab.apps.service.fanout")
WAITS_S = (0.1, 30.0)
# A process that has lived for so long was well: the next one is started at once.
WELL_S = 60.0
START_S, STOP_S = 5.0, 3.0
CHECKS = 2


class StreamProcess:
    """The stream's process, as the service sees it: there is one, or soon will be."""

    def __init__(self, hub: Hub, *, gate: Any, log: Log | None = None) -> None:
        """Nothing runs yet.

        Arguments:
            hub: makes the frames; gate: looks at keys; log: takes what the process logs.
        """
        self._hub, self._gate, self._log = hub, gate, log
        self._link: Link | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._over = Counts()
        self._stop, self._tried = Event(), Event()
        self._checks = ThreadPoolExecutor(CHECKS, thread_name_prefix="stream-key")
        self._thread = Thread(target=self._run, name="stream-process", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process's number; None where none runs."""
        process = self._process
        return None if process is None or self._link is None else process.pid

    def start(self) -> None:
        """Start the process; returns once it takes connections, or cannot be started."""
        self._thread.start()
        self._tried.wait(START_S)

    def stop(self) -> None:
        """Tell every reader farewell, and end the process."""
        self._stop.set()
        with self._lock:
            if self._link is not None:
                self._link.say(Kind.STOP, {})
        if self._thread.ident is None:
            return
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            self._kill()
            self._thread.join(STOP_S)
        self._checks.shutdown(wait=False, cancel_futures=True)

    def hand(self, descriptor: int, fields: Mapping[str, Any]) -> bool:
        """Hand a connection to the process; False, and it stays the caller's: no process, no room.

        Arguments:
            descriptor: of the connection; the link closes it.
            fields: `address`, `key_due`, `head` as for `Crowd.join`.
        """
        with self._lock:
            return self._link is not None and self._link.hand(descriptor, fields)

    def _run(self) -> None:
        wait_s = WAITS_S[0]
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._serve()
            except Exception as error:  # whatever it was, the stream goes on with a new process
                self._tell("error", "stream_process_failed", about={"error": f"{error!r}"})
            finally:
                self._tried.set()
                self._kill()
            if time.monotonic() - began >= WELL_S:
                wait_s = WAITS_S[0]
            if self._stop.wait(wait_s):
                return
            wait_s = min(2 * wait_s, WAITS_S[1])

    def _serve(self) -> None:
        """One process, from its start to its end."""
        self._process, ours = _started()
        link = Link(ours, drained=self._resume)
        with self._lock:
            self._link = link
            if self._stop.is_set():
                link.say(Kind.STOP, {})
        self._tried.set()
        try:
            for kind, body in link.messages():
                self._heard(link, kind, body=body)
        finally:
            with self._lock:
                self._link = None
            self._hub.end(link)
            link.close()
            self._ended()

    def _ended(self) -> None:
        """Count on from what the process had counted, and say how it ended."""
        last = self._hub.counts
        self._over = replace(last, readers=0, memory_bytes=0)
        self._hub.counts = self._over
        self._kill()
        if not self._stop.is_set():
            self._hub.restarts += 1
            code = None if self._process is None else self._process.returncode
            self._tell(
                "warning", "stream_process_ended", about={"code": code, "readers": last.readers}
            )

    def _kill(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            process.wait(0.5 if self._stop.is_set() else 0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _heard(self, link: Link, kind: Kind, *, body: bytes) -> None:
        if kind is Kind.WANTED:
            self._show(self._hub.begin, link)
        elif kind is Kind.NOBODY:
            self._hub.end(link)
        elif kind is Kind.KEY:
            self._checks.submit(self._check, link, json.loads(body))
        elif kind is Kind.COUNTS:
            now = Counts(**json.loads(body))
            over = self._over
            self._hub.counts = replace(
                now, dropped=over.dropped + now.dropped, cut=over.cut + now.cut
            )
        elif kind is Kind.LOG:
            fields = json.loads(body)
            self._tell(fields["level"], fields["event"], about=fields["about"])

    def _resume(self, link: Link) -> None:
        self._show(self._hub.resume, link)

    def _show(self, act: Callable[[Link], None], link: Link) -> None:
        """Have a snapshot made; where that fails, the publisher tries again."""
        try:
            act(link)
        except Exception as error:
            self._tell("error", "stream_snapshot_failed", about={"error": f"{error!r}"})

    def _check(self, link: Link, fields: Mapping[str, Any]) -> None:
        """Look at a key that a reader has shown in its first message."""
        refused: str | None = "the key could not be looked at"
        try:
            require_role(self._gate.check(fields["key"], fields["address"]), Role.READ)
            refused = None
        except RefusedError as error:
            refused = error.message[:100]
        finally:
            link.say(Kind.ANSWER, {"reader": fields["reader"], "refused": refused})

    def _tell(self, level: str, event: str, *, about: Mapping[str, Any]) -> None:
        if self._log is not None:
            getattr(self._log, level)(event, about)


def _started() -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """A process, whose stdin is the other end of a link, and our end.

    Raises:
        OSError: no process can be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                COMMAND,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            ours.close()
            raise
    return process, ours
