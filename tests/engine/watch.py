"""A venue under watch: it runs commands, and checks every invariant after each."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.engine.invariants import CHECKS
from tests.engine.market_invariants import MARKET_CHECKS
from tests.engine.market_standing import funded
from tests.engine.move import Move
from tests.engine.standing import Records, price_wad
from trimtab.engine import MemoryStore, open_venue, step
from trimtab.engine.accrual import accrued, whole_seconds
from trimtab.model import Accepted, BookRow, Command, Event, Outcome, Rejected, Rules, Table


@dataclass(slots=True)
class Tally:
    """What happened over many runs: commands by type and outcome, events, payers, reasons."""

    commands: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    payers: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.commands.values())


class WatchedVenue:
    """One venue from genesis on, its journal, and the checks after every command."""

    def __init__(
        self, rules: Rules, book: Sequence[BookRow], *, at_ns: int, tally: Tally | None = None
    ) -> None:
        self._genesis = (rules, tuple(book), at_ns)
        self.store = open_venue(rules, book, at_ns=at_ns)
        self.journal: list[tuple[Command, tuple[Event, ...]]] = []
        self.tally = Tally() if tally is None else tally
        self.now_ns = at_ns
        self.records = _records(self.store)
        self._seen = _bytes_of(self.records)

    def run(self, command: Command) -> Outcome:
        """Run one command; whatever it breaks is an AssertionError."""
        name = type(command).__name__
        self.tally.commands[name] += 1
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected):
            found = _bytes_of(_records(self.store))
            assert found == self._seen, f"I10 {command} changed the state"
            self.tally.reasons[outcome.reason] += 1
            return outcome
        self.tally.accepted[name] += 1
        self._accept(command, outcome)
        return outcome

    def _accept(self, command: Command, outcome: Accepted) -> None:
        before = self.records
        self.store.apply(outcome)
        self.now_ns = command.at_ns
        self.journal.append((command, outcome.events))
        self.records = _records(self.store)
        self._seen = _bytes_of(self.records)
        for event in outcome.events:
            self.tally.events[event.kind] += 1
            if event.payer is not None:
                self.tally.payers[event.payer] += 1
        now_s = whole_seconds(command.at_ns)
        booked, after = _booked(before, now_s), _booked(self.records, now_s)
        move = Move(command, before, booked, after, outcome.events, now_s)
        for check in (*CHECKS, *MARKET_CHECKS):
            check(move)

    def replay(self) -> None:
        """I9: the journal, run again from genesis, gives the same events and the same state."""
        rules, book, at_ns = self._genesis
        store = open_venue(rules, book, at_ns=at_ns)
        for command, events in self.journal:
            outcome = step(store, command)
            assert isinstance(outcome, Accepted), f"I9 {command}: {outcome}"
            assert outcome.events == events, f"I9 {command} told something else"
            store.apply(outcome)
        assert store.state_hash() == self.store.state_hash(), "I9 the replayed state differs"


def _records(store: MemoryStore) -> Records:
    return {(table, key): store.get(table, key) for table in Table for key in store.keys(table)}


def _bytes_of(records: Records) -> bytes:
    """All records but the rules, which are never changed in place; far faster than a state hash."""
    rules = id(records[Table.RULES, ""])
    return pickle.dumps((rules, [each for each in records.items() if each[0][0] != Table.RULES]))


def _booked(records: Records, now_s: int) -> Records:
    """The records with the interest of every pool booked up to a moment."""
    rules = records[Table.RULES, ""].rules.assets
    pools = {
        (table, name): accrued(pool, rules[name], now_s=now_s)[0]
        for (table, name), pool in records.items()
        if table is Table.POOL
    }
    booked = {**records, **pools}
    for market, found in records[Table.RULES, ""].rules.markets.items():
        index = price_wad(booked, found.asset)
        booked[Table.MARKET, market] = funded(booked, market, index_wad=index, now_s=now_s)
    return booked
