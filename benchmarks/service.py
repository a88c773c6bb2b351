"""The service: prices decided and durable a second, and from tick to decision at a steady rate.

Beside the second stands this machine's own scheduling delay in the same run: a thread that spins on
the clock and notes by how much it was held.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

from benchmarks.measuring import Result, cpu_seconds, peak_bytes, told
from benchmarks.service_venue import ASSETS, names, ticks, venue_case
from trimtab.adapters.stores import open_store
from trimtab.apps.service.opening import Place, opened
from trimtab.apps.service.recovery import uncollected
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.work import Receipt, Work

ACCOUNTS, INDEXED = 100_000, 1_000_000
WARM, TICKS, GROUP = 20, 400, 16
RATE, SECONDS = 100, 10
PROBE = """
import json, sys, time
found, begun = [], time.perf_counter()
for number in range(int(100 * float(sys.argv[1]))):
    due = begun + number / 100
    time.sleep(max(0.0, due - time.perf_counter()))
    last = time.perf_counter()
    worst = last - due
    while last - due < 0.002:
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
    found.append(worst)
print(json.dumps(found))
"""


class Still:
    """A clock that the ticks' own times run ahead of."""

    def now_ns(self) -> int:
        """The beginning of all."""
        return 0

    def wait_until(self, at_ns: int, stop: Event) -> bool:
        """Nobody waits."""
        return at_ns <= 0 and not stop.is_set()


def service_of(accounts: int, folder: Path) -> Service:
    """A venue of so many accounts behind a durable journal, warmed up."""
    place = Place(journal=open_store(folder / "venue.db"))
    with uncollected():
        case = venue_case(accounts)
    service = opened(case, Options(snapshot_every=10**9), clock=Still(), place=place)
    del case
    for work in works(WARM, first=0):
        service.writer.group([work])
    gc.collect()
    gc.freeze()
    return service


def works(count: int, *, first: int) -> list[Work]:
    """Ticks as a feed sends them."""
    found = [Work((tick,), "bench", at_ns=tick.at_ns) for tick in ticks(first + count)]
    return found[first:]


def service_rates() -> Result:
    """Prices a second, decided and durable, as fast as they come."""
    with tempfile.TemporaryDirectory() as folder:
        with told(f"service: a venue of {ACCOUNTS:,} accounts"):
            service = service_of(ACCOUNTS, Path(folder))
        queued, counters = works(TICKS, first=WARM), service.writer.counters
        counters.decide_s = counters.commit_s = 0.0

        def run() -> None:
            for first in range(0, TICKS, GROUP):
                service.writer.group(queued[first : first + GROUP])

        begun = time.perf_counter()
        with told(f"service: {TICKS} ticks in groups of {GROUP}"):
            cpu = cpu_seconds(run)
        wall = time.perf_counter() - begun
        service.journal.close()
    prices = TICKS * len(names())
    rows = (
        ("CPU seconds of this process", cpu),
        ("wall, with the disk and who else runs", wall),
        ("deciding alone, wall", counters.decide_s),
        ("journal alone, wall", counters.commit_s),
    )
    return Result(
        "Service: prices decided and durable",
        (
            f"{ACCOUNTS:,} accounts, {ASSETS} assets; one tick is one command of {len(names())} "
            "prices, all of which move; SQLite, one transaction for "
            f"{GROUP} ticks.",
        ),
        ("by", "seconds", "ticks/s", "prices/s"),
        tuple(
            (name, f"{took:.2f}", f"{TICKS / took:,.0f}", f"{prices / took:,.0f}")
            for name, took in rows
        ),
    )


def service_latency() -> Result:
    """From a tick's arrival in the queue to its durable decision, at a steady rate."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with told(f"service: a venue of {INDEXED:,} accounts"):
            service = service_of(INDEXED, Path(folder))
        built = time.perf_counter() - begun
        spans = Spans(service)
        with told(f"service: {RATE} ticks a second for {SECONDS} s"):
            service.writer.start()
            probe = subprocess.Popen(
                [sys.executable, "-c", PROBE, str(SECONDS)], stdout=subprocess.PIPE
            )
            _send(service, spans)
            service.writer.stop()
            held = [float(x) for x in json.loads(probe.communicate()[0])]
        service.journal.close()
    unsafe = len(service.writer.venue.house.waiting)
    most_mb = peak_bytes() / 2**20
    rows = (
        ("tick to decision", spans.to_decision()),
        ("tick to durable decision", spans.durable),
        ("deciding alone", spans.deciding),
        ("the journal's commits alone, with the disk", spans.committing),
        ("scheduling delay of the machine", held),
    )
    return Result(
        "Service: from tick to decision",
        (
            f"{INDEXED:,} accounts in the index, {len(names())} prices a tick, {RATE} ticks a "
            f"second for {SECONDS} s, each committed to SQLite before it counts; one in 1,000 "
            f"accounts within 0.1% of the edge, {unsafe:,} unsafe at the end. Built in "
            f"{built:.0f} s; the process held at most {most_mb:,.0f} MiB. Load of the machine at "
            f"the end: {os.getloadavg()[0]:.1f}. A decision waits for the commit before it.",
            "The delay is that of another process, which wakes every hundredth of a second and "
            "spins on the clock for 2 ms: how late it woke, or how long it was held, at worst.",
        ),
        ("what", "p50 ms", "p99 ms", "max ms"),
        tuple((name, *_shown(values)) for name, values in rows),
    )


class Spans:
    """When ticks were sent and decided, and how long decisions and commits took, seconds."""

    def __init__(self, service: Service) -> None:
        self.sent: list[float] = []
        self.decided: list[float] = []
        self.durable: list[float] = []
        self.deciding: list[float] = []
        self.committing: list[float] = []
        venue, journal = service.writer.venue, service.journal
        do, append = venue.do, journal.append

        def decide(*words: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            found = do(*words, **named)
            self.decided.append(time.perf_counter())
            self.deciding.append(self.decided[-1] - begun)
            return found

        def commit(entries: Any) -> None:
            begun = time.perf_counter()
            append(entries)
            self.committing.append(time.perf_counter() - begun)

        vars(venue)["do"], vars(journal)["append"] = decide, commit

    def to_decision(self) -> list[float]:
        """From a tick's arrival in the queue to its decision: the queue keeps their order."""
        return [end - begun for begun, end in zip(self.sent, self.decided, strict=True)]


def _send(service: Service, spans: Spans) -> None:
    queued = works(RATE * SECONDS, first=WARM)
    begun = time.perf_counter()
    for number, work in enumerate(queued):
        wait = begun + number / RATE - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        sent = time.perf_counter()
        spans.sent.append(sent)

        def reply(_: Receipt, sent: float = sent) -> None:
            spans.durable.append(time.perf_counter() - sent)

        service.queue.put(Work(work.commands, work.source, at_ns=work.at_ns, reply=reply))
    while len(spans.durable) < len(queued):
        time.sleep(0.01)


def _shown(values: Sequence[float]) -> tuple[str, ...]:
    ordered = sorted(values)
    last = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    shown = (statistics.median(ordered), last, ordered[-1])
    return tuple(f"{1000 * value:.2f}" for value in shown)
