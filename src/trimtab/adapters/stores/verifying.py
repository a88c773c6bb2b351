"""What is wrong in a journal: chain, standing, sources, snapshots, audit trail, its file."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from trimtab.adapters.stores.database import Access
from trimtab.adapters.stores.rows import (
    last_numbers,
    read_range,
    standing,
    stored_snapshot,
    stored_snapshots,
    stored_sources,
)
from trimtab.adapters.stores.sql_actions import SqlActions, actions_fault
from trimtab.adapters.stores.tables import ENTRIES
from trimtab.adapters.stores.witness import Chain
from trimtab.model.journal_entries import (
    Entry,
    Fault,
    JournalDamagedError,
    JournalError,
    Snapshot,
    Tip,
    checked,
)

BEYOND = 2**62


@dataclass(frozen=True, slots=True)
class Whole:
    """How far entries follow one another from a start, and what ends that.

    `sources` are the last numbers in them; `marks` the chains at the numbers asked for.
    """

    start: Tip
    tip: Tip
    fault: str | None
    sources: dict[str, int]
    marks: dict[int, str]


def quick_fault(access: Access) -> Fault | None:
    """What the ends of the journal tell without reading it: opening one costs no more."""
    try:
        # The witness first: a writer that goes on meanwhile is then ahead of it.
        seen = access.database.witnessed(Chain.ENTRIES)
        done = access.database.witnessed(Chain.ACTIONS) or Tip()
        ends_well = access.read(_ends_well)
        _, tip = access.read(standing)
        trail = SqlActions(access).last()
    except (JournalDamagedError, ValueError):
        return find_fault(access)
    lacks = done.number > trail.number or (seen is not None and seen.number > tip.number)
    if ends_well and not lacks:
        return None
    return find_fault(access)


def find_live_fault(access: Access) -> Fault | None:
    """As `find_fault`, of a journal that another process may be writing."""
    fault = find_fault(access, live=True)
    while fault is not None:
        again = find_fault(access, live=True)
        if again == fault:
            return fault
        fault = again
    return None


def find_fault(access: Access, *, live: bool = False) -> Fault | None:
    """Read everything: entries, snapshots, sources, actions, witness, the database's own check.

    Args:
        access: the journal.
        live: whether it may be written meanwhile. Then what comes after the beginning is not
            looked at, and a fault may be none: look again.
    """
    witness = _witnessed(access)
    try:
        anchor, tip = access.read(standing)
        snapshots, broken = _snapshots(access, upto=tip.number if live else BEYOND)
        _require_known(anchor, snapshots)
    except JournalDamagedError as error:
        snapshots, _ = _snapshots(access, upto=BEYOND)
        run = _longest(access, snapshots)
        seen = _seen(run.tip, witness, snapshots=snapshots)
        return Fault(run.tip.number + 1, _said(error), run.tip, seen)
    marks = frozenset((witness.number, *(each.tip.number for each in snapshots)))
    run = whole_run(access, anchor, marks=marks, upto=tip.number if live else BEYOND)
    seen = max(tip.number, _seen(run.tip, witness, snapshots=snapshots))
    if run.fault is None and seen == run.tip.number:
        what = _beside(access, run, snapshots=snapshots, broken=broken)
        return None if what is None else Fault(run.tip.number + 1, what, run.tip, seen)
    return _fault_of_run(access, run, snapshots=snapshots, seen=seen)


def _fault_of_run(access: Access, run: Whole, *, snapshots: list[Snapshot], seen: int) -> Fault:
    what = run.fault or _missing(run.tip.number + 1, seen)
    vouching = [each.tip for each in snapshots if each.tip.number > run.tip.number]
    if not vouching:
        return Fault(run.tip.number + 1, what, run.tip, seen)
    start = vouching[-1]
    tail = whole_run(access, start, marks=frozenset())
    if tail.fault is None and tail.tip.number == seen:
        return Fault(run.tip.number + 1, what, tail.tip, seen, snapshot=start.number)
    what = tail.fault or _missing(tail.tip.number + 1, seen)
    return Fault(tail.tip.number + 1, what, tail.tip, seen, snapshot=start.number)


def _seen(tip: Tip, witness: Tip, *, snapshots: list[Snapshot]) -> int:
    return max(tip.number, witness.number, *(each.tip.number for each in snapshots), 0)


def kept_start(access: Access, fault: Fault) -> Snapshot | None:
    """The snapshot from which on a journal is kept when its fault is mended; None: from entry 1.

    Raises:
        JournalError: the last good entry can no longer be reached.
    """
    snapshots, _ = _snapshots(access, upto=BEYOND)
    first = [None] if fault.snapshot is None else []
    starts = [each for each in snapshots if each.tip.number >= (fault.snapshot or 0)]
    for start in [*first, *starts]:
        tip = Tip() if start is None else start.tip
        if whole_run(access, tip, marks=frozenset()).tip == fault.good:
            return start
    raise JournalError(
        f"entry {fault.good.number} can no longer be reached", where=access.database.where
    )


def _require_known(anchor: Tip, snapshots: list[Snapshot]) -> None:
    if anchor != Tip() and anchor not in [each.tip for each in snapshots]:
        raise JournalDamagedError(
            f"there is no whole snapshot at the journal's anchor, entry {anchor.number}"
        )


def whole_run(access: Access, start: Tip, *, marks: frozenset[int], upto: int = BEYOND) -> Whole:
    """Follow the chain from a start for as long as it is whole."""
    tip, fault, found = start, None, {start.number: start.chain}
    sources: dict[str, int] = {}
    try:
        for entry in checked(_readable(access, start.number, upto=upto), start):
            tip = entry.tip
            sources.update(last_numbers((entry,)))
            if entry.number in marks:
                found[entry.number] = entry.chain
    except JournalDamagedError as error:
        fault = _said(error)
    except (TypeError, ValueError) as error:
        fault = f"the entry is not readable ({error})"
    return Whole(start, tip, fault, sources, found)


def _readable(access: Access, after: int, *, upto: int) -> Iterator[Entry]:
    """Entries one page of rows at a time, and one by one where a page is not readable."""
    while True:
        try:
            for entry in read_range(access, after, upto=upto):
                after = entry.number
                yield entry
            return
        except JournalDamagedError:
            following = after + 1
            found = list(read_range(access, after, upto=following))
            if not found:
                raise
            after = following
            yield from found


def _beside(
    access: Access, run: Whole, *, snapshots: list[Snapshot], broken: list[int]
) -> str | None:
    """What is wrong where all entries are whole."""
    for number in broken:
        return f"the snapshot at entry {number} is damaged"
    for each in snapshots:
        if run.marks.get(each.tip.number) != each.tip.chain:
            return f"the snapshot at entry {each.tip.number} has another chain"
    base = next((each.sources for each in snapshots if each.tip.number == run.start.number), {})
    try:
        witness = access.database.witnessed(Chain.ENTRIES)
        if witness and run.marks.get(witness.number, witness.chain) != witness.chain:
            return f"entry {witness.number} is not the one that was acknowledged"
        (_, tip), sources = access.read(lambda each: (standing(each), stored_sources(each)))
        has_moved = tip.number > run.tip.number
        if not has_moved and (tip != run.tip or not access.read(_ends_well)):
            return "the journal does not say where it stands"
        if not has_moved and sources != {**base, **run.sources}:
            return "the last numbers of the sources are not those of the entries"
        return actions_fault(access) or access.read(access.database.own_fault)
    except (JournalDamagedError, ValueError) as error:
        return _said(error)


def _ends_well(connection: Connection) -> bool:
    """Whether the last entry is the one at which the chain is said to stand."""
    last = connection.execute(_LAST).one_or_none()
    anchor, tip = standing(connection)
    return tip == (anchor if last is None else Tip(last.number, last.chain))


def _snapshots(access: Access, *, upto: int) -> tuple[list[Snapshot], list[int]]:
    """Whole snapshots, and the numbers of those that are not."""
    try:
        numbers = [tip.number for tip in stored_snapshots(access) if tip.number <= upto]
        found = {number: _snapshot(access, number) for number in numbers}
    except (JournalDamagedError, TypeError, ValueError):
        # A table that cannot be read holds no snapshot that could vouch for anything.
        return [], [0]
    whole = [snapshot for snapshot in found.values() if snapshot is not None]
    return whole, [number for number, snapshot in found.items() if snapshot is None]


def _snapshot(access: Access, number: int) -> Snapshot | None:
    try:
        return stored_snapshot(access, number)
    except JournalDamagedError:
        return None


def _longest(access: Access, snapshots: list[Snapshot]) -> Whole:
    """The run that reaches furthest, of those that begin where a journal can begin."""
    starts = [Tip(), *(each.tip for each in snapshots)]
    runs = [whole_run(access, start, marks=frozenset()) for start in starts]
    return max(runs, key=lambda run: run.tip.number)


def _witnessed(access: Access) -> Tip:
    try:
        return access.database.witnessed(Chain.ENTRIES) or Tip()
    except ValueError:
        return Tip()


def _missing(first: int, last: int) -> str:
    return "it is missing" if first == last else f"it and all up to entry {last} are missing"


def _said(error: Exception) -> str:
    return error.what if isinstance(error, JournalDamagedError) else str(error)


_LAST = select(ENTRIES.c.number, ENTRIES.c.chain).where(
    ENTRIES.c.number == select(func.max(ENTRIES.c.number)).scalar_subquery()
)
