"""`trimtab journal`: what is done to a journal from outside the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.adapters.stores import SqlJournal, file_of, open_store
from trimtab.adapters.stores.archive import back_up, restore
from trimtab.adapters.stores.exporting import export_parquet
from trimtab.adapters.stores.recognizing import require_back_up, require_journal
from trimtab.apps.console import say
from trimtab.units import UsageError

FAULT_FOUND = 1


@contextmanager
def _opened(where: str, *, reads_only: bool) -> Iterator[SqlJournal]:
    """A journal that is there; one is never made by a look at it."""
    file = file_of(where)
    if file is not None:
        if not file.exists():
            raise UsageError(f"there is no journal {where}")
        require_journal(file, may_be_new=False)
    journal = open_store(where, reads_only=reads_only)
    try:
        yield journal
    finally:
        journal.close()


def run_verify(where: str) -> int:
    """`trimtab journal verify`; returns its exit code."""
    with _opened(where, reads_only=True) as journal:
        fault = journal.verify()
        if fault is not None:
            say(f"fault: {fault}")
            return FAULT_FOUND
        tip = journal.last()
    say(f"whole: {tip.number} entries, chain {tip.chain}")
    return 0


def run_back_up(where: str, target: Path) -> None:
    """`trimtab journal back-up`."""
    with _opened(where, reads_only=True) as journal:
        # A damaged journal is refused before a folder is made for its back-up.
        journal.last()
        target.parent.mkdir(parents=True, exist_ok=True)
        tip = back_up(journal, target)
    say(f"{target}: {tip.number} entries, chain {tip.chain}")


def run_restore(backup: Path, where: str) -> None:
    """`trimtab journal restore`."""
    if not backup.exists():
        raise UsageError(f"there is no back-up {backup}")
    require_back_up(backup)
    journal = open_store(where)
    try:
        tip = restore(backup, journal)
    finally:
        journal.close()
    say(f"{where}: {tip.number} entries, chain {tip.chain}")


def run_export(where: str, folder: Path, *, after: int) -> None:
    """`trimtab journal export`."""
    with _opened(where, reads_only=True) as journal:
        count = export_parquet(journal, folder, after=after)
    say(f"{folder}: {count} entries written")


def run_retain(where: str, snapshot: int | None) -> None:
    """`trimtab journal retain`."""
    with _opened(where, reads_only=False) as journal:
        snapshots = journal.snapshots()
        if not snapshots:
            raise UsageError("the journal has no snapshot: stop the service once, it takes one")
        chosen = snapshots[-1].number if snapshot is None else snapshot
        count = journal.retain(chosen)
    say(f"{where}: {count} entries dropped, all up to entry {chosen}")


def run_cut(where: str, *, consent: bool) -> int:
    """`trimtab journal cut-tail`; returns its exit code: 1 where damage is left as it is."""
    with _opened(where, reads_only=not consent) as journal:
        fault = journal.verify()
        if fault is None:
            say("the journal is whole: nothing is cut")
            return 0
        say(f"fault: {fault}")
        if not consent:
            say("nothing is cut; --consent gives up what is after the last good entry")
            return FAULT_FOUND
        count = journal.cut_tail(fault, consent=True)
    say(f"{count} entries given up; what was cut is kept aside")
    return 0
