"""The stream under load: what 500 readers at 10 Hz, one of which never reads, cost the writer.

Quiet spells, spells with one reader and spells with 500 take turns in one run, so that all see the
same machine. With one reader the service makes frames; what 499 more cost is the stream's process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.measuring import Result, told
from benchmarks.service import WARM, service_of, works
from benchmarks.service_venue import names
from trimtab.apps.service.dashboard.history import POINTS_MAX, History
from trimtab.apps.service.gate import OpenGate, RateLimit
from trimtab.apps.service.running import Service
from trimtab.apps.service.serving import SWITCH_S, web_server
from trimtab.apps.service.work import Receipt, Work

ACCOUNTS, READERS, HZ = 10_000, 500, 10
# Ticks a second, seconds of a spell, and how often the kinds of spell take turns.
RATE, SPELL_S, TURNS = 25, 12, 3
KINDS = (0, 1, READERS)
SETTLE_S = 2.0
LATENCIES_KEPT = 0.99
FANOUT = b"trimtab.apps.service.fanout"


@dataclass(frozen=True, slots=True)
class Spell:
    """One spell: latencies of ticks (s), the two processes' CPU (s) and memory at its end (MB).

    `own` is the service's process, `stream` that of its stream; `readers` is what readers got.
    """

    latencies: list[float]
    own: tuple[float, float]
    stream: tuple[float, float]
    readers: dict[str, float]


def service_readers() -> Result:
    """Tick to durable decision without and with readers, in turns; memory with one stuck."""
    spells: dict[int, list[Spell]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        with told(f"service: a venue of {ACCOUNTS:,} accounts"):
            service = service_of(ACCOUNTS, Path(folder))
        kept = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        queued = iter(works(POINTS_MAX + len(KINDS) * TURNS * RATE * (SPELL_S + 4), first=WARM))
        with (
            _served(service, queued) as port,
            told(f"service: {TURNS} turns with up to {READERS} readers"),
        ):
            for kind in _order():
                spells[kind].append(_spell(service, queued, port=port, readers=kind))
        sys.setswitchinterval(kept)
    return _table(spells, dropped=service.hub.counts.dropped)


def _order() -> list[int]:
    """Who comes first changes, so that none is always the one after the busiest."""
    turns = (turn % len(KINDS) for turn in range(TURNS))
    return [kind for first in turns for kind in (*KINDS[first:], *KINDS[:first])]


@contextmanager
def _served(service: Service, queued: Iterator[Work]) -> Iterator[int]:
    gate = OpenGate(RateLimit(1e6, 10**6, now_s=time.monotonic))
    server = web_server(service, gate=gate, host="127.0.0.1", port=0)
    _fill(service, server.config.app.state.history, queued=queued)
    web = threading.Thread(target=server.run, name="web", daemon=True)
    service.start()
    web.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        web.join(10)
        service.stop()


def _fill(service: Service, history: History, *, queued: Iterator[Work]) -> None:
    """Fill the dashboard's history, so that what memory grows by is not its points."""
    # A clock of long ago that runs fast: every point is due, and the first one after them, too.
    kept, history.monotonic_s = history.monotonic_s, count(-(10**9), 60).__next__
    while len(history.points) < POINTS_MAX:
        service.writer.group([next(queued)])
        service.board.refresh()
        history.note(service.board)
    history.monotonic_s = kept
    history.points = history.points[::2]


def _spell(service: Service, queued: Iterator[Work], *, port: int, readers: int) -> Spell:
    if not readers:
        _paced(service, queued, seconds=SETTLE_S)
        return _measured(service, queued, {})
    words = [sys.executable, "-m", "benchmarks.stream_readers", str(port), str(readers)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        process.stdout.readline()
        _paced(service, queued, seconds=SETTLE_S)
        process.stdin.write(b"count\n")
        process.stdin.flush()
        got: dict[str, float] = {}
        spell = _measured(service, queued, got)
        process.stdin.close()
        got |= json.loads(process.stdout.readline())
    return spell


def _measured(service: Service, queued: Iterator[Work], readers: dict[str, float]) -> Spell:
    stream = _stream_pid()
    own, other = _spent(os.getpid()), _spent(stream)
    latencies = _paced(service, queued, seconds=SPELL_S)
    return Spell(
        latencies,
        (_spent(os.getpid()) - own, _memory_mb(os.getpid())),
        (_spent(stream) - other, _memory_mb(stream)),
        readers,
    )


def _stream_pid() -> int:
    """The number of the stream's process."""
    for task in Path("/proc/self/task").iterdir():
        for one in (task / "children").read_text().split():
            if FANOUT in Path(f"/proc/{one}/cmdline").read_bytes():
                return int(one)
    raise AssertionError("the stream has a process")


def _spent(pid: int) -> float:
    """CPU seconds of a process since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _paced(service: Service, queued: Iterator[Work], *, seconds: float) -> list[float]:
    """Send ticks at the rate for some seconds; how long each took to its durable decision, s."""
    found: list[float] = []
    count, begun = int(seconds * RATE), time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
        sent, work = time.perf_counter(), next(queued)

        def reply(_: Receipt, sent: float = sent) -> None:
            found.append(time.perf_counter() - sent)

        service.queue.put(Work(work.commands, work.source, at_ns=work.at_ns, reply=reply))
    while len(found) < count:
        time.sleep(0.01)
    return found


def _memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _table(spells: dict[int, list[Spell]], *, dropped: int) -> Result:
    read = spells[READERS]
    got = [spell.readers for spell in read]
    least = statistics.median(one["least_hz"] for one in got)
    text = statistics.median(one["bytes"] for one in got)
    cut, lived = sum(one["cut"] for one in got), max(one["lived_s"] for one in got)
    grown = [read[-1].own[1] - read[0].own[1], read[-1].stream[1] - read[0].stream[1]]
    return Result(
        "Service: readers of the stream",
        (
            f"{ACCOUNTS:,} accounts, {len(names())} prices a tick, {RATE} ticks a second, each "
            f"committed to SQLite; {TURNS} turns of {SPELL_S} s of each kind, medians over turns. "
            f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
            f"{READERS} readers in one other process, one of which never reads; the slowest of the "
            f"others got {least:.1f} frames a second of {text:,.0f} bytes (due: at most {HZ}).",
            f"Whoever never reads was cut off {cut:.0f} times, after {lived:.0f} s, and came "
            f"again; frames dropped for it: {dropped:,}.",
            "From the end of the first spell with all readers to that of the last, memory grew by "
            f"{grown[0]:.1f} MB in the service, by {grown[1]:.1f} MB in the stream's process.",
        ),
        (
            *("spell", "p50 ms", "p99 ms", "max ms", "CPU s", "memory MB"),
            *("stream: CPU s", "stream: memory MB"),
        ),
        tuple((_name(kind), *_shown(found)) for kind, found in spells.items()),
    )


def _name(readers: int) -> str:
    return {0: "no reader", 1: "1 reader"}.get(readers, f"{readers} readers")


def _shown(spells: Sequence[Spell]) -> tuple[str, ...]:
    middle = statistics.median
    ordered = [sorted(spell.latencies) for spell in spells]
    figures = (
        1000 * middle([middle(one) for one in ordered]),
        1000 * middle([one[int(LATENCIES_KEPT * len(one))] for one in ordered]),
        1000 * middle([one[-1] for one in ordered]),
        middle([spell.own[0] for spell in spells]),
    )
    return (
        *(f"{value:.2f}" for value in figures),
        f"{spells[-1].own[1]:.0f}",
        f"{middle([spell.stream[0] for spell in spells]):.2f}",
        f"{spells[-1].stream[1]:.0f}",
    )


if __name__ == "__main__":
    print(service_readers().markdown())
