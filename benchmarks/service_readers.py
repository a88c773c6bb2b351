"""The stream under load: what 500 readers at 10 Hz, one of which never reads, cost the writer.

The readers are tasks of one other process, over loopback. Quiet spells and spells with readers take
turns in one run, so that both see the same machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Result, told
from benchmarks.service import WARM, service_of, works
from benchmarks.service_venue import names
from trimtab.apps.service.gate import OpenGate, RateLimit
from trimtab.apps.service.running import Service
from trimtab.apps.service.serving import SWITCH_S, web_server
from trimtab.apps.service.work import Receipt, Work

ACCOUNTS, READERS, HZ = 10_000, 500, 10
# Ticks a second, seconds of a spell, and how often the two kinds of spell take turns.
RATE, SPELL_S, TURNS = 25, 12, 3
SETTLE_S = 2.0
LATENCIES_KEPT = 0.99


@dataclass(frozen=True, slots=True)
class Spell:
    """One spell: latencies of ticks (s), the process's memory at its end, what readers got."""

    latencies: list[float]
    memory_mb: float
    cpu_s: float
    readers: dict[str, float]


def service_readers() -> Result:
    """Tick to durable decision without and with readers, in turns; memory with one stuck."""
    quiet, read = [], []
    with tempfile.TemporaryDirectory() as folder:
        with told(f"service: a venue of {ACCOUNTS:,} accounts"):
            service = service_of(ACCOUNTS, Path(folder))
        kept = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        queued = iter(works(2 * TURNS * RATE * (SPELL_S + 60), first=WARM))
        with _served(service) as port, told(f"service: {TURNS} turns with {READERS} readers"):
            for _ in range(TURNS):
                quiet.append(_spell(service, queued))
                read.append(_spell(service, queued, port=port))
        sys.setswitchinterval(kept)
    return _table(quiet, read, dropped=service.hub.dropped)


@contextmanager
def _served(service: Service) -> Iterator[int]:
    gate = OpenGate(RateLimit(1e6, 10**6, now_s=time.monotonic))
    server = web_server(service, gate=gate, host="127.0.0.1", port=0)
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


def _spell(service: Service, queued: Iterator[Work], *, port: int | None = None) -> Spell:
    if port is None:
        return _measured(service, queued, {})
    words = [sys.executable, "-m", "benchmarks.service_readers", str(port)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        process.stdout.readline()
        _paced(service, queued, seconds=SETTLE_S)
        process.stdin.write(b"count\n")
        process.stdin.flush()
        readers: dict[str, float] = {}
        spell = _measured(service, queued, readers)
        process.stdin.close()
        readers |= json.loads(process.stdout.readline())
    return spell


def _measured(service: Service, queued: Iterator[Work], readers: dict[str, float]) -> Spell:
    cpu = time.process_time()
    latencies = _paced(service, queued, seconds=SPELL_S)
    return Spell(latencies, _memory_mb(), time.process_time() - cpu, readers)


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


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _table(quiet: Sequence[Spell], read: Sequence[Spell], *, dropped: int) -> Result:
    rows = [
        (name, *_shown(spells))
        for name, spells in (("no reader", quiet), (f"{READERS} readers", read))
    ]
    got = [spell.readers for spell in read]
    least = statistics.median(one["least_hz"] for one in got)
    text = statistics.median(one["bytes"] for one in got)
    grown = read[-1].memory_mb - read[0].memory_mb
    return Result(
        "Service: readers of the stream",
        (
            f"{ACCOUNTS:,} accounts, {len(names())} prices a tick, {RATE} ticks a second, each "
            f"committed to SQLite; {TURNS} turns of {SPELL_S} s without and with readers, medians "
            f"over turns. Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
            f"{READERS} readers in one other process, one of which never reads; the slowest of the "
            f"others got {least:.1f} frames a second of {text:,.0f} bytes (due: at most {HZ}).",
            f"Frames dropped for whoever is behind: {dropped:,}; memory grew by {grown:.1f} MB "
            "from the end of the first spell with readers to that of the last.",
        ),
        ("spell", "p50 ms", "p99 ms", "max ms", "CPU s", "memory MB"),
        tuple(rows),
    )


def _shown(spells: Sequence[Spell]) -> tuple[str, ...]:
    def middle(values: list[float]) -> float:
        return statistics.median(values)

    ordered = [sorted(spell.latencies) for spell in spells]
    figures = (
        1000 * middle([statistics.median(one) for one in ordered]),
        1000 * middle([one[int(LATENCIES_KEPT * len(one))] for one in ordered]),
        1000 * middle([one[-1] for one in ordered]),
        middle([spell.cpu_s for spell in spells]),
    )
    return (*(f"{value:.2f}" for value in figures), f"{spells[-1].memory_mb:.0f}")


async def _read_all(port: int) -> dict[str, float]:
    """Connect all, say so, count what comes between two words on the standard input."""
    import websockets

    address = f"ws://127.0.0.1:{port}/v1/stream"
    # The one that never reads has little room, so that what it leaves is the server's to hold.
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect(("127.0.0.1", port))
    sockets = [await websockets.connect(address, sock=stuck, max_queue=1, ping_interval=None)]
    while len(sockets) < READERS:
        sockets.append(await websockets.connect(address, ping_interval=None))
    frames, sizes = [0] * READERS, [0] * READERS

    async def take(number: int, link: Any) -> None:
        async for text in link:
            frames[number] += 1
            sizes[number] += len(text)

    tasks = [asyncio.create_task(take(n, one)) for n, one in enumerate(sockets) if n]
    print("connected", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    frames[:], sizes[:], begun = [0] * READERS, [0] * READERS, time.perf_counter()
    await asyncio.to_thread(sys.stdin.readline)
    took = time.perf_counter() - begun
    found = {"least_hz": min(frames[1:]) / took, "bytes": sum(sizes) / max(1, sum(frames))}
    for task in tasks:
        task.cancel()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_read_all(int(sys.argv[1])))), flush=True)
    # The readers go without a word: five hundred handshakes of farewell are not measured.
    os._exit(0)
