"""An append-only journal: one JSON record a line, each line bound to all before it.

A line is the record's canonical JSON with a last key `chain`: the SHA-256 of the line before's
chain and of the record's own text. A changed, missing or moved line breaks every chain after it;
a line torn by a crash can only be the last, and was never acknowledged.
"""

import json
import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from trimtab.adapters.files.encoding import unreadable
from trimtab.adapters.files.staging import unwritable
from trimtab.units import DataError

CHAIN = "chain"
FIRST_CHAIN = "0" * 64
SYNC_EVERY = 256

_LINK_HEAD = b',"chain":"'
_LINK_LENGTH = len(_LINK_HEAD) + 64 + len(b'"}')


class _Line(NamedTuple):
    number: int
    end: int
    record: dict[str, Any]
    chain: str


class Journal:
    """A journal open for appending; a context manager. Made by `open_journal`."""

    def __init__(self, stream: BinaryIO, chain: str, *, sync_every: int) -> None:
        assert sync_every > 0, f"sync_every is not positive: {sync_every}"
        self._stream = stream
        self._chain = chain
        self._sync_every = sync_every
        self._unsynced = 0

    @property
    def chain(self) -> str:
        """Chain of the last line, which stands for the whole journal."""
        return self._chain

    def append(self, record: Mapping[str, Any]) -> str:
        """Write one record through to the operating system and return its chain.

        Args:
            record: keys other than `chain` to JSON values; at least one key.
        """
        assert record, "a record has a key"
        assert CHAIN not in record, "the journal itself writes the chain"
        body = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        chain = _chained(self._chain, body)
        line = body[:-1] + _LINK_HEAD + chain.encode() + b'"}\n'
        self._stream.write(line)
        self._stream.flush()
        self._chain = chain
        self._unsynced += 1
        if self._unsynced >= self._sync_every:
            self.sync()
        return chain

    def sync(self) -> None:
        """Force what was appended onto the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._unsynced = 0

    def close(self) -> None:
        """Sync and close; a second call does nothing."""
        if not self._stream.closed:
            self.sync()
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_journal(path: Path, *, sync_every: int = SYNC_EVERY) -> Journal:
    """Return the journal of a file, made where it is missing, ready to append after its last line.

    The journal is verified and a torn last line cut off first (see `truncate_torn`).

    Args:
        path: the file.
        sync_every: after how many records the disk is waited for; closing always waits.

    Raises:
        DataError: a corrupt line, or the machine refuses.
    """
    chain = FIRST_CHAIN
    if path.exists():
        truncate_torn(path)
        for line in _lines(path):
            chain = line.chain
    try:
        return Journal(path.open("ab"), chain, sync_every=sync_every)
    except OSError as error:
        raise unwritable(path, error) from None


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a journal, verified one by one; a torn last line is left out.

    Raises:
        DataError: a corrupt line (its number is the row), or the file is missing.
    """
    for line in _lines(path):
        yield line.record


def truncate_torn(path: Path) -> int:
    """Cut a torn last line off a journal and return how many bytes went.

    Raises:
        DataError: a line other than the last is corrupt; then nothing is cut.
    """
    end = 0
    for line in _lines(path):
        end = line.end
    torn = path.stat().st_size - end
    if torn:
        with path.open("r+b") as stream:
            stream.truncate(end)
            stream.flush()
            os.fsync(stream.fileno())
    return torn


def _lines(path: Path) -> Iterator[_Line]:
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise DataError("there is no such file", where=path.name) from None
    except OSError as error:
        raise unreadable(path, error) from None
    with stream:
        chain, end, number, line = FIRST_CHAIN, 0, 1, stream.readline()
        while line:
            following = stream.readline()
            if not following and _is_torn(line):
                return
            record, chain = _verified(line, chain, where=path.name, number=number)
            end += len(line)
            yield _Line(number, end, record, chain)
            number, line = number + 1, following


def _is_torn(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return True
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def _verified(line: bytes, before: str, *, where: str, number: int) -> tuple[dict[str, Any], str]:
    # The chain covers bytes, not meanings: a line that any tool wrote anew counts as changed.
    text = line[:-1]
    body, link = text[:-_LINK_LENGTH] + b"}", text[-_LINK_LENGTH:]
    chain = _chained(before, body)
    if link != _LINK_HEAD + chain.encode() + b'"}':
        raise DataError(
            "the journal is corrupt: the line does not follow from those before it",
            where=where,
            row=number,
            found=link.decode("ascii", "replace"),
            expected=f"the chain {chain[:12]}...",
        )
    record = json.loads(body)
    assert isinstance(record, dict), "a chained line was written by append"
    return record, chain


def _chained(before: str, body: bytes) -> str:
    return sha256(before.encode() + body).hexdigest()
