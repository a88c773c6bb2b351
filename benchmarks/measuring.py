"""How the benchmarks measure and tell: CPU seconds of this process, medians, Markdown tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

ROUNDS = 5


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


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call: what else the machine does counts little."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


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
