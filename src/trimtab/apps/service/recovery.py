"""Start-up from a journal: the latest snapshot, the commands after it, and the proof that it fits.

What is recovered is the state that was lost, or an error: a snapshot counts only if the records
read from it have its state hash, an entry only if it follows in the chain and the engine decides
it now as it did then.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from trimtab.engine import MemoryStore, step
from trimtab.model import Accepted, Case, Command, canonical_json, digest
from trimtab.model.journal_entries import (
    Entry,
    JournalDamagedError,
    JournalError,
    Snapshot,
    Tip,
    checked,
    command_of,
    reason_of,
    result_of,
)
from trimtab.model.ports import JournalStore
from trimtab.model.state_text import Tables, canonical_pieces, decode_state, encode_state

TOLD_EVERY = 1000
# Characters of a decision that an error shows.
SHOWN_MAX = 120

Genesis = Callable[[], MemoryStore]
Progress = Callable[[int, int], None]


class Watch(Protocol):
    """Looks on while a journal is replayed."""

    def before(self, store: MemoryStore, entry: Entry) -> None:
        """An entry is about to be decided again."""

    def after(self, command: Command, accepted: Accepted | None) -> None:
        """It was, and the store has applied it; None: it was rejected."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A venue as its journal leaves it.

    Fields:
        store: the state.
        tip: the last entry in it.
        sources: the last number of each numbered source.
        case_hash: which case the journal is of; goes into the next snapshot.
        snapshot: number of the entry whose snapshot it began from; None: from the case.
        replayed: how many entries were decided again.
    """

    store: MemoryStore = field(repr=False)
    tip: Tip
    sources: Mapping[str, int]
    case_hash: str
    snapshot: int | None
    replayed: int


@dataclass(frozen=True, slots=True)
class _Start:
    store: MemoryStore
    tip: Tip
    case_hash: str
    snapshot: int | None


def recover(
    journal: JournalStore,
    *,
    genesis: Genesis,
    case_hash: str = "",
    from_start: bool = False,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Recovered:
    """The state after the last entry of a journal.

    Arguments:
        journal: opened; nothing is written to it.
        genesis: makes the venue as its case opens it; called only where no snapshot is used.
        case_hash: names the case (see `hash_of_case`); empty: the journal's own word is taken.
        from_start: begin with the first entry that is here, and hold every snapshot against it.
        progress: is told (entries done, entries in all).
        watch: sees the venue before and after each entry.

    Raises:
        JournalDamagedError: an entry that does not follow, or no snapshot where one is needed.
        JournalError: a journal of another case, or an entry that is decided otherwise now.
    """
    with uncollected():
        start = _start(journal, genesis, case_hash=case_hash, from_start=from_start)
        last = journal.last()
        marks = {tip.number for tip in journal.snapshots()} if from_start else set()
        tip, replayed = start.tip, 0
        for entry in checked(journal.read(tip.number), tip):
            _decide_again(start.store, entry, watch=watch)
            tip, replayed = entry.tip, replayed + 1
            if entry.number in marks:
                _require_snapshot(journal, start.store, tip=tip)
            if progress is not None and replayed % TOLD_EVERY == 0:
                progress(replayed, last.number - start.tip.number)
    if tip.number < last.number:
        raise JournalDamagedError(f"the journal ends at entry {tip.number} of {last.number}")
    return Recovered(
        start.store,
        tip=tip,
        sources=journal.sources(),
        case_hash=start.case_hash,
        snapshot=start.snapshot,
        replayed=replayed,
    )


def take_snapshot(
    tables: Tables,
    tip: Tip,
    *,
    at_ns: int,
    sources: Mapping[str, int],
    case_hash: str,
    pause: Callable[[], object] = lambda: None,
) -> Snapshot:
    """The snapshot of a state, to be saved; takes seconds for 100,000 accounts.

    Arguments:
        tables: `MemoryStore.tables()`, taken by the writer right after the entry was applied; the
            rest may be done in another thread.
        tip: that entry.
        at_ns: ns UTC by the service's clock.
        sources: the last numbers up to that entry.
        case_hash: as recovered.
        pause: called every some hundred records, to let others run.
    """
    found = sha256()
    for piece in canonical_pieces(tables):
        found.update(piece)
        pause()
    pieces = []
    for squeezed in encode_state(tables):
        pieces.append(squeezed)
        pause()
    return Snapshot(tip, at_ns, found.hexdigest(), case_hash, dict(sources), b"".join(pieces))


def hash_of_case(case: Case) -> str:
    """What names a case for its journal: rules, book and the time it stands at."""
    first = case.ticks[0].at_ns if case.ticks else 0
    return digest(canonical_json((case.rules, case.book, first)))


def _start(journal: JournalStore, genesis: Genesis, *, case_hash: str, from_start: bool) -> _Start:
    anchor = journal.anchor()
    upto = anchor.number if from_start else None
    snapshot = None if from_start and anchor == Tip() else journal.latest_snapshot(upto)
    if snapshot is None and anchor != Tip():
        raise JournalDamagedError(
            "no whole snapshot is left, and the entries before it were dropped",
            hint="restore a back-up",
        )
    if snapshot is None:
        store = genesis()
        return _Start(store, Tip(), case_hash or store.state_hash(), None)
    if case_hash and case_hash != snapshot.genesis_hash:
        raise JournalError(
            "the journal is of another case",
            found=case_hash[:12],
            expected=snapshot.genesis_hash[:12],
            hint="give the case that it was begun with, or another journal",
        )
    return _Start(_restored(snapshot), snapshot.tip, snapshot.genesis_hash, snapshot.tip.number)


def _restored(snapshot: Snapshot) -> MemoryStore:
    store = MemoryStore(decode_state(snapshot.state))
    found = store.state_hash()
    if found != snapshot.state_hash:
        raise JournalDamagedError(
            f"the snapshot at entry {snapshot.tip.number} gives another state",
            found=found[:12],
            expected=snapshot.state_hash[:12],
            hint="recover with the version that wrote it",
        )
    return store


def _decide_again(store: MemoryStore, entry: Entry, *, watch: Watch | None) -> None:
    command = command_of(entry)
    if watch is not None:
        watch.before(store, entry)
    outcome = step(store, command)
    reason, result = reason_of(outcome), result_of(outcome)
    if (reason, result) != (entry.reason, entry.result):
        raise JournalError(
            f"entry {entry.number} is decided otherwise now",
            found=_short(reason or result),
            expected=_short(entry.reason or entry.result),
            hint="open it with the case that it was begun with, in the version that wrote it",
        )
    accepted = outcome if isinstance(outcome, Accepted) else None
    if accepted is not None:
        store.apply(accepted)
    if watch is not None:
        watch.after(command, accepted)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."


def _require_snapshot(journal: JournalStore, store: MemoryStore, *, tip: Tip) -> None:
    snapshot = journal.latest_snapshot(tip.number)
    if snapshot is not None and snapshot.tip == tip and snapshot.state_hash != store.state_hash():
        raise JournalDamagedError(f"the snapshot at entry {tip.number} is of another state")


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: records have none, and looking through them doubles it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
