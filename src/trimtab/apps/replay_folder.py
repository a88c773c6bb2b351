"""The output folder of a replay: what lies in it already, and the way on after an interruption."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from trimtab.apps import console
from trimtab.apps.console import say
from trimtab.apps.front import JOURNAL, OUTPUTS
from trimtab.model import Case

Progress = Callable[[int, int], None]


def is_to_resume(out: Path) -> bool:
    """Whether the folder's journal holds a step to go on from; its first line is its head."""
    try:
        with (out / JOURNAL).open("rb") as lines:
            return len(list(islice(lines, 2))) == 2
    except OSError:
        return False


def keep_earlier(out: Path, case: Case, *, seed: int) -> None:
    """Move another run's files out of the way, into a folder of their own; say so in one line.

    A replay is a function of its inputs and seed: a finished run of the same is replaced by its
    like, and the line says that. Files that no replay writes stay where they are.
    """
    files = [path for name in (*OUTPUTS, JOURNAL) if (path := out / name).is_file()]
    if not files:
        return
    summary = _summary(out)
    of_this = {"inputs": dict(case.input_hashes or {}), "seed": seed}
    if of_this.items() <= summary.items():
        say(f"replaces the finished run in {out}, which is of the same inputs and seed")
        return
    kept = next(path for n in count(1) if not (path := out / f"earlier-{n}").exists())
    with console.naming_file("--out", out):
        kept.mkdir()
        for path in files:
            path.rename(kept / path.name)
    if summary:
        told = f"the finished run in {out} is of other inputs or another seed"
        say(f"{told}: kept as {kept}")
    else:
        say(f"an unfinished run is in {out}: kept as {kept}; --resume --out {kept} goes on with it")


def _summary(out: Path) -> dict[str, object]:
    """What the summary in a folder says; nothing where there is none that can be read."""
    try:
        found = json.loads((out / "summary.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Under:
    """How far a run has come: whether its journal holds a step."""

    journaled: bool = False

    def told(self, tell: Progress) -> Progress:
        """The same progress, noting the first finished step on its way."""

        def noted(done: int, total: int) -> None:
            self.journaled = self.journaled or done > 0
            tell(done, total)

        return noted


@contextmanager
def naming_the_way_on(out: Path) -> Iterator[Under]:
    """Say how to go on after Ctrl-C, or SIGTERM, wherever in the run it comes.

    Raises:
        KeyboardInterrupt: the same, with the way on as its text.
    """
    under = Under()
    try:
        with console.ending_as_interrupted():
            yield under
    except KeyboardInterrupt:
        told = console.NOT_BEGUN
        if under.journaled:
            told = f"interrupted; the journal in {out} is whole: go on with --resume"
        raise KeyboardInterrupt(told) from None
