"""The file beside a SQLite journal: it keeps other writers out and remembers how far it went.

Whoever holds the file's lock writes the journal. Its lines are the number and chain of the last
entry, and of the last action of the audit trail, that were acknowledged. They are written without
waiting for the disk: they survive the end of the process, and after a loss of power are at worst
behind. A journal that ends before its witness has lost its tail, which a database that was cut
short does not know by itself.
"""

import contextlib
import fcntl
import os
from enum import IntEnum
from hashlib import sha256
from pathlib import Path

from trimtab.model.journal_entries import JournalError, JournalUnavailableError, Tip

LENGTH = 128


class Chain(IntEnum):
    """Which chain: its line in the witness."""

    ENTRIES = 0
    ACTIONS = 1


NOTHING = b"\0" * (LENGTH * len(Chain))


def read_witness(path: Path, chain: Chain) -> Tip | None:
    """What a witness that somebody else may hold says; None where nothing was noted.

    Raises:
        ValueError: the text is not what `Witness.note` wrote.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(LENGTH * chain)
            return _tip(stream.read(LENGTH))
    except FileNotFoundError:
        return None


class Witness:
    """The held file; `close` lets it go."""

    def __init__(self, path: Path, *, where: str) -> None:
        """Take the file, made where it is missing.

        Raises:
            JournalError: another writer holds the journal.
            JournalUnavailableError: the machine refuses.
        """
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnavailableError(
                "the journal cannot be opened", where=where, found=error.strerror
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise JournalError(
                "another writer holds the journal",
                where=where,
                hint="stop it first, or use another file",
            ) from None
        self._open = True

    def read(self, chain: Chain) -> Tip | None:
        """Where a chain stood when it was last acknowledged; None where nothing was noted.

        Raises:
            ValueError: the text is not what `note` wrote.
        """
        return _tip(os.pread(self._file, LENGTH, LENGTH * chain))

    def note(self, chain: Chain, tip: Tip) -> None:
        """Remember a tip. A machine that refuses leaves an older one, which is true as well."""
        with contextlib.suppress(OSError):
            os.pwrite(self._file, _text(tip), LENGTH * chain)

    def forget(self) -> None:
        """Remember nothing: the journal's tail was cut with consent."""
        os.pwrite(self._file, NOTHING, 0)
        os.fsync(self._file)

    def close(self) -> None:
        """Let other writers in; a second call does nothing."""
        if self._open:
            self._open = False
            os.close(self._file)


def _tip(text: bytes) -> Tip | None:
    if not text.strip(b"\0"):
        return None
    number, chain, check = text.decode("ascii").split()
    tip = Tip(int(number), chain)
    if text != _text(tip):
        raise ValueError(f"the witness does not check: {check}")
    return tip


def _text(tip: Tip) -> bytes:
    body = f"{tip.number} {tip.chain}"
    check = sha256(body.encode()).hexdigest()[:16]
    return f"{body} {check}".encode().ljust(LENGTH - 1) + b"\n"
