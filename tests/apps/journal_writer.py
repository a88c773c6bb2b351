"""A program that writes a journal until it is killed: `python -m tests.apps.journal_writer`.

It reads lines of `location seed limit` and forks a writer for each, which tells the numbers that
were acknowledged as they come: `ack 120`. Commands are a function of their entry's number, so that
any run of them can be held against any other.
"""

from __future__ import annotations

import os
import random
import resource
import sys
from collections.abc import Iterator

from tests.apps.journal_story import genesis_of
from tests.simulation.cases import START_NS, small_case
from trimtab.adapters.stores import open_store
from trimtab.apps.service.recovery import hash_of_case, recover, take_snapshot
from trimtab.engine import MemoryStore, step
from trimtab.model import Accepted, Command
from trimtab.model import commands as c
from trimtab.model.journal_entries import Entry, JournalUnavailableError, Tip, entry_after
from trimtab.units import NANOSECONDS, WAD

BATCH_MAX = 30
SNAPSHOT_EVERY = 400


def command_at(number: int) -> Command:
    """The command of an entry: prices that wander, and accounts that come, borrow and go."""
    at_ns = START_NS + number * NANOSECONDS
    account = f"a{number % 97}"
    match number % 5:
        case 0:
            return c.SetPrices(at_ns, (("ETH", (1500 + number * 7919 % 1000) * WAD),))
        case 1 | 2:
            return c.Deposit(at_ns, account, "ETH", 10**15 * (1 + number % 13))
        case 3:
            return c.Borrow(at_ns, account, "USD", 10**5 * (1 + number % 17))
        case _:
            return c.Withdraw(at_ns, account, "ETH", 10**14 * (1 + number % 19))


def decided(store: MemoryStore, tip: Tip) -> Iterator[Entry]:
    """The entries that follow a tip without end; the state goes with them."""
    while True:
        number = tip.number + 1
        command = command_at(number)
        outcome = step(store, command)
        if isinstance(outcome, Accepted):
            store.apply(outcome)
        entry = entry_after(
            tip, command, outcome=outcome, at_ns=number, source="feed", source_number=number
        )
        tip = entry.tip
        yield entry


def write(location: str, *, seed: int, limit: int) -> None:
    """Recover, then append and acknowledge until the limit, or until somebody kills this."""
    case, draws = small_case(), random.Random(seed)
    journal = open_store(location)
    found = recover(journal, genesis=lambda: genesis_of(case), case_hash=hash_of_case(case))
    tip, entries = found.tip, decided(found.store, found.tip)
    while tip.number < limit:
        batch = [next(entries) for _ in range(draws.randint(1, BATCH_MAX))]
        journal.append(batch)
        before, tip = tip, batch[-1].tip
        print(f"ack {tip.number}", flush=True)
        if before.number // SNAPSHOT_EVERY != tip.number // SNAPSHOT_EVERY:
            numbers = {"feed": tip.number}
            tables, name = found.store.tables(), found.case_hash
            journal.save_snapshot(
                take_snapshot(tables, tip, at_ns=0, sources=numbers, case_hash=name)
            )
            journal.prune_snapshots(2)
    journal.close()


def write_until_full(location: str, *, limit: int, bytes_max: int) -> None:
    """Append under a file-size limit; when the disk is full, make room and go on."""
    case = small_case()
    journal = open_store(location)
    found = recover(journal, genesis=lambda: genesis_of(case))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, hard))
    tip, entries = found.tip, decided(found.store, found.tip)
    while tip.number < limit:
        batch = [next(entries) for _ in range(BATCH_MAX)]
        try:
            journal.append(batch)
        except JournalUnavailableError as error:
            print(f"full {journal.last().number} {error}", flush=True)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            journal.append(batch)
        tip = batch[-1].tip
        print(f"ack {tip.number}", flush=True)
    print(f"end {found.store.state_hash()} {journal.verify()}", flush=True)
    journal.close()


def main() -> None:
    """Fork a writer for each line; tell its number, and when it is gone."""
    for line in sys.stdin:
        how, location, first, limit = line.split()
        child = os.fork()
        if child == 0:
            if how == "killed":
                write(location, seed=int(first), limit=int(limit))
            else:
                write_until_full(location, limit=int(limit), bytes_max=int(first))
            os._exit(0)
        print(f"pid {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"gone {status}", flush=True)


if __name__ == "__main__":
    main()
