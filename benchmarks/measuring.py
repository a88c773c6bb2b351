"""How the benchmarks measure and tell: CPU seconds of this process, medians, Markdown tables."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

ROUNDS = 5
PEERS = Path(__file__).parents[1] / ".cache" / "peers"


@dataclass(frozen=True, slots=True)
class Result:
    """One table with what has to be known to read it."""

    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table as Markdown, the first column text and the others numbers."""
        rule = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = ["| " + " | ".join(row) + " |" for row in (self.columns, rule, *self.rows)]
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"## {self.title}", "", *notes, "", *lines, ""])


# What measures: one table or some.
Part = Callable[[], Result | Sequence[Result]]


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call: what else the machine does counts little."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def look_for_peers() -> None:
    """Let peers be found in the folder that `make peers` fills, after all others.

    They stand apart because some pin old versions of what Trimtab needs, bring a package `tests`
    or ask for a newer Python than runs them.
    """
    if str(PEERS) not in sys.path:
        sys.path.append(str(PEERS))


def alone(part: Part) -> Sequence[Result]:
    """What a part finds in a process of its own: no memory of what was measured before."""
    with ProcessPoolExecutor(1, get_context("spawn"), look_for_peers) as pool:
        found = pool.submit(part).result()
    return [found] if isinstance(found, Result) else found


def peak_bytes() -> int:
    """The most memory that this process has held since its program began.

    `getrusage` would tell of the process that started it, too: the mark outlives the exec.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    words = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(words["VmHWM"].split()[0]) * 1024


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say on stderr what is measured, and how long it took."""
    print(f"{what} ...", end="", flush=True, file=sys.stderr)
    begun = time.perf_counter()
    yield
    print(f" {time.perf_counter() - begun:.1f} s", file=sys.stderr)


def rate(count: int, seconds: float) -> str:
    """A number per second, to three digits or so."""
    return f"{count / max(seconds, 1e-9):,.0f}"
