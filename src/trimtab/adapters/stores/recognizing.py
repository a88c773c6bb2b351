"""What a file is, before anything is opened or made: a journal, a back-up, or somebody else's."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from trimtab.adapters.stores.tables import ENTRIES
from trimtab.adapters.stores.witness import Chain, read_witness
from trimtab.model.journal_entries import JournalError

SQLITE_HEAD = b"SQLite format 3\0"
GZIP_HEAD = b"\x1f\x8b"
ARCHIVE_HEAD = '["trimtab journal",'
EXPECTED = "a file that `trimtab serve --journal` wrote"


def require_journal(path: Path, *, may_be_new: bool) -> None:
    """Refuse a file that is no journal; nothing is written, and none is made.

    A file that was a journal, by the witness beside it, passes however damaged it is; so does one
    that is not there, which is for whoever opens it to say.

    Args:
        path: of the file.
        may_be_new: whether an empty file passes too.

    Raises:
        JournalError: a folder, an empty file, another program's file, or none.
    """
    if path.is_dir():
        raise _no_journal(path, "a folder")
    if not path.exists() or _was_journal(path):
        return
    head = _head(path)
    # What a writer has begun may all be in its log still.
    log = path.with_name(f"{path.name}-wal")
    begun = log.is_file() and log.stat().st_size > 0
    if not head and not begun and not may_be_new:
        raise _no_journal(path, "an empty file")
    if head and head != SQLITE_HEAD:
        raise _no_journal(path, "a file of another kind")
    if head:
        _require_own_tables(path, begun=begun, may_be_new=may_be_new)


def require_back_up(path: Path) -> None:
    """Refuse a file that is no back-up of a journal, before a journal is made for it.

    Raises:
        JournalError: a folder, or a file that neither `back_up` nor `write_archive` wrote.
    """
    expected = "a file that `trimtab journal back-up` wrote"
    if path.is_dir():
        raise _no_journal(path, "a folder", what="this is no back-up of a journal", wanted=expected)
    head = _head(path)
    if head == SQLITE_HEAD:
        _require_own_tables(path, begun=False, may_be_new=False)
        return
    if not head.startswith(GZIP_HEAD) or not _is_archive(path):
        found = "a file of another kind" if head else "an empty file"
        raise _no_journal(path, found, what="this is no back-up of a journal", wanted=expected)


def _is_archive(path: Path) -> bool:
    try:
        with gzip.open(path, "rt") as stream:
            return stream.read(len(ARCHIVE_HEAD)) == ARCHIVE_HEAD
    except (OSError, EOFError, ValueError):
        return False


def _was_journal(path: Path) -> bool:
    try:
        held = path.with_name(f"{path.name}.lock")
        return any(read_witness(held, chain) is not None for chain in Chain)
    except (OSError, ValueError):
        return True


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(len(SQLITE_HEAD))
    except OSError as error:
        raise JournalError(
            "the file cannot be read", where=path.name, found=error.strerror
        ) from None


def _require_own_tables(path: Path, *, begun: bool, may_be_new: bool) -> None:
    # Without a log nothing may be made beside the file: it is read as one that never changes.
    still = "" if begun else "&immutable=1"
    names: set[str] = set()
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro{still}", uri=True)) as file:
            names = {row[0] for row in file.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        # Damage: it is for the journal's own check to name.
        return
    if names and ENTRIES.name not in names:
        raise _no_journal(path, "a database of another program")
    if not names and not begun and not may_be_new:
        raise _no_journal(path, "an empty database")


def _no_journal(
    path: Path, found: str, *, what: str = "this is no journal", wanted: str = EXPECTED
) -> JournalError:
    return JournalError(what, where=path.name, found=found, expected=wanted)
