"""The durable journal: commands a second that survive a loss of power, and start-up from one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.engine_commands import ASSETS, at, book, venue_rules
from benchmarks.measuring import Result, told
from tests.adapters.postgres import PostgresOfTests, binaries
from trimtab.engine import MemoryStore, open_venue, step
from trimtab.model import Accepted, Command, Event, EventKind
from trimtab.model import commands as c
from trimtab.model.journal_entries import Entry, Tip, entry_after
from trimtab.units import WAD

if TYPE_CHECKING:
    from trimtab.adapters.stores import SqlJournal

BATCHES = (1, 20, 100, 500)
COMMITS = {1: 100, 20: 60, 100: 40, 500: 20}
TURNS = 3
ACCOUNTS = 100_000
EVENTS = 1_000_000
LATE = 50_000
DONE = Accepted({}, (Event(EventKind.DEPOSIT, "s1", "A01", quantity=WAD, flow=WAD),))


def journals() -> list[Result]:
    """Durable commands a second, and how long a venue takes to come back."""
    if find_spec("sqlalchemy") is None:
        return [Result("Journal", ("The extra `service` is not installed.",), ("",), ())]
    return [durable_commands(), start_up()]


def durable_commands() -> Result:
    """Appends of several sizes to both stores in alternation, beside bare writes of the disk."""
    found: dict[tuple[str, int], list[float]] = {}
    with stores() as opened, tempfile.TemporaryDirectory(dir=".") as folder:
        for turn, (size, commits) in product(range(TURNS), COMMITS.items()):
            with told(f"journal: turn {turn + 1} of {TURNS}, {size} a commit"):
                rates = {
                    name: append_rate(journal, size, commits=commits)
                    for name, journal in opened.items()
                }
                rates["bare"] = synced_writes(Path(folder) / "bare", size, commits=commits)
            for name, each in rates.items():
                found.setdefault((name, size), []).append(each)
    names = [name for name in ("sqlite", "postgresql", "bare") if (name, 1) in found]
    rows = [
        [f"{size} a commit", *(f"{median(found[name, size]):,.0f}" for name in names)]
        for size in BATCHES
    ]
    titles = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "bare": "bare write and sync"}
    return Result(
        "Journal: durable commands a second",
        (
            "A command is a deposit with one event, made an entry (canonical JSON, chain) and "
            "appended; the group's commit is waited for until the disk has it.",
            f"Medians of {TURNS} turns by the clock, all in alternation: other work on the machine "
            "counts. `bare` writes the same bytes to a file and syncs it, nothing else.",
        ),
        ("commands", *(titles[name] for name in names)),
        rows,
    )


@contextmanager
def stores() -> Iterator[dict[str, SqlJournal]]:
    """A journal in a SQLite file beside the checkout, and one in PostgreSQL where it is there."""
    from trimtab.adapters.stores import open_store

    server = None if binaries() is None else PostgresOfTests(on_disk=True)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        opened = {"sqlite": open_store(Path(folder) / "bench.sqlite")}
        try:
            if server is not None:
                server.start()
                opened["postgresql"] = open_store(server.create())
            yield opened
        finally:
            for journal in opened.values():
                journal.close()
            if server is not None:
                server.close()


def append_rate(journal: SqlJournal, size: int, *, commits: int) -> float:
    """Commands a second, encoding included."""
    tip = journal.last()
    begun = time.perf_counter()
    for _ in range(commits):
        batch = deposits(tip, size)
        journal.append(batch)
        tip = batch[-1].tip
    return size * commits / (time.perf_counter() - begun)


def synced_writes(path: Path, size: int, *, commits: int) -> float:
    """The same bytes appended to a file, each group synced: what the disk itself allows."""
    body = "".join(f"{e.command}{e.result}{e.chain}" for e in deposits(Tip(), size)).encode()
    begun = time.perf_counter()
    with path.open("ab", buffering=0) as stream:
        for _ in range(commits):
            stream.write(body)
            os.fdatasync(stream.fileno())
    return size * commits / (time.perf_counter() - begun)


def deposits(tip: Tip, count: int) -> list[Entry]:
    """Entries of deposits that follow a tip."""
    entries = []
    for number in range(tip.number + 1, tip.number + count + 1):
        command = c.Deposit(at(number), f"s{number % 1000}", "A01", WAD)
        entry = entry_after(
            tip, command, outcome=DONE, at_ns=at(number), source="feed", source_number=number
        )
        tip = entry.tip
        entries.append(entry)
    return entries


def start_up() -> Result:
    """Recovery of a large venue: after ticks, and after single events, with a snapshot before."""
    rows = []
    with told(f"start-up: opening {ACCOUNTS:,} accounts"):
        store = open_venue(venue_rules(), book(ACCOUNTS), at_ns=at(0))
    ticks = EVENTS // (ASSETS - 1)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "ticks.sqlite"
        with told(f"start-up: {ticks:,} ticks"):
            write_run(path, store, commands=[tick(n) for n in range(1, ticks + 1)], before=0)
        rows.append(recovered(path, f"{ticks:,} ticks of {ASSETS - 1} prices, none in a snapshot"))
        path = Path(folder) / "deposits.sqlite"
        late = [c.Deposit(at(10**6), f"s{n}", "A01", WAD) for n in range(LATE)]
        with told(f"start-up: {EVENTS:,} deposits"):
            write_run(path, store, commands=late, before=EVENTS - LATE)
        rows.append(recovered(path, f"{EVENTS:,} commands of one event, {LATE:,} after it"))
    return Result(
        "Journal: start-up",
        (
            f"{ACCOUNTS:,} accounts in {ASSETS} assets, {EVENTS:,} events in a SQLite journal: the "
            "snapshot is read and its state hash worked out anew, the entries after it follow in "
            "the chain and are decided again with the same events.",
            "Seconds by the clock, and of this process's CPU.",
        ),
        ("journal", "snapshot, MB", "decided again", "seconds", "CPU seconds"),
        rows,
    )


def tick(number: int) -> Command:
    """Prices of all assets but the quote."""
    prices = [(f"A{n:02}", (10 + n) * WAD + number) for n in range(1, ASSETS)]
    return c.SetPrices(at(number), tuple(prices))


def write_run(path: Path, store: MemoryStore, *, commands: Sequence[Command], before: int) -> None:
    """A journal: `before` entries that the snapshot holds, the snapshot, decided commands."""
    from trimtab.adapters.stores import open_store
    from trimtab.apps.service.recovery import take_snapshot

    journal, tip = open_store(path), Tip()
    while tip.number < before:
        batch = deposits(tip, min(1000, before - tip.number))
        journal.append(batch)
        tip = batch[-1].tip
    numbers = journal.sources()
    shot = take_snapshot(store.tables(), tip, at_ns=0, sources=numbers, case_hash="bench")
    journal.save_snapshot(shot)
    for first in range(0, len(commands), 1000):
        batch = []
        for command in commands[first : first + 1000]:
            outcome = step(store, command)
            assert isinstance(outcome, Accepted), f"{command}: {outcome}"
            store.apply(outcome)
            entry = entry_after(tip, command, outcome=outcome, at_ns=command.at_ns)
            tip = entry.tip
            batch.append(entry)
        journal.append(batch)
    journal.close()


def recovered(path: Path, name: str) -> list[str]:
    """One row: open, recover, close."""
    from trimtab.adapters.stores import open_store
    from trimtab.apps.service.recovery import recover

    def never() -> MemoryStore:
        raise AssertionError("there is a snapshot")

    with told(f"start-up: {name}"):
        begun, spent = time.perf_counter(), time.process_time()
        journal = open_store(path)
        found = recover(journal, genesis=never)
        seconds, spent = time.perf_counter() - begun, time.process_time() - spent
    snapshot = journal.latest_snapshot()
    assert snapshot is not None
    journal.close()
    size = f"{len(snapshot.state) / 1e6:.1f}"
    return [name, size, f"{found.replayed:,}", f"{seconds:.1f}", f"{spent:.1f}"]


def main(work: Callable[[], list[Result]] = journals) -> None:
    """Print these results alone: `python -m benchmarks.journal`."""
    print("\n".join(result.markdown() for result in work()))


if __name__ == "__main__":
    main()
