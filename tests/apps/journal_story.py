"""A venue's story for tests of recovery: the commands of a replay, decided and made entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.apps.service.recovery import hash_of_case, take_snapshot
from trimtab.engine import MemoryStore, open_venue, step
from trimtab.model import Accepted, Case, Command
from trimtab.model.journal_entries import Entry, Snapshot, Tip, entry_after
from trimtab.simulation import replay
from trimtab.simulation.feed import first_prices
from trimtab.simulation.steps import StepRecord


@dataclass(frozen=True)
class Story:
    """Entries of a case, and the state hash after each: `hashes[n]` after entry n (or the last)."""

    case: Case
    entries: Sequence[Entry]
    hashes: Sequence[str]
    snapshots: dict[int, Snapshot]

    def genesis(self) -> MemoryStore:
        return genesis_of(self.case)


def genesis_of(case: Case) -> MemoryStore:
    """The venue as a replay opens it."""
    first_ns = case.ticks[0].at_ns
    return open_venue(case.rules, case.book, at_ns=first_ns, prices=first_prices(case))


def commands_of(case: Case) -> list[Command]:
    """What a replay of the case asks of the engine, in order."""
    steps: list[StepRecord] = []
    replay(case, journal=steps.append)
    return [command for each in steps for command in each.commands]


def story_of(case: Case, *, snapshot_at: Sequence[int] = (), hash_each: bool = True) -> Story:
    """The replay's commands as numbered entries of one source; every second one twice as two.

    A repeated command is mostly rejected, so that the story holds rejections too.
    """
    asked = [c for n, each in enumerate(commands_of(case)) for c in [each] * (1 + n % 2)]
    store, tip = genesis_of(case), Tip()
    entries: list[Entry] = []
    hashes, snapshots = [store.state_hash()], {}
    for number, command in enumerate(asked, start=1):
        outcome = step(store, command)
        if isinstance(outcome, Accepted):
            store.apply(outcome)
        entry = entry_after(
            tip, command, outcome=outcome, at_ns=number, source="feed", source_number=number
        )
        tip = entry.tip
        entries.append(entry)
        if hash_each or number == len(asked):
            hashes.append(store.state_hash())
        if number in snapshot_at:
            snapshots[number] = take_snapshot(
                store.tables(),
                tip,
                at_ns=number,
                sources={"feed": number},
                case_hash=hash_of_case(case),
            )
    return Story(case, entries, hashes, snapshots)
