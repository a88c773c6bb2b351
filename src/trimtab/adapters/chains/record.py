"""What a read has learnt so far, on disk: whoever is interrupted goes on where he was.

The file is a journal (`trimtab.adapters.files.journal`): its first record says of which block it
is; each further one holds the answer to one question, by the question's digest. A line torn by a
crash is cut off, and that question asked again.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from trimtab.adapters.files import Journal, open_journal, read_journal, truncate_torn
from trimtab.units import DataError

SCHEMA = "trimtab.chain-read/1"
Head = Mapping[str, str]


class Record:
    """Answers by question, kept in a file and in memory; a context manager closes the file.

    Args:
        path: its file; None keeps nothing.
        head: of which block it is; it is written with the first answer, so that a read which
            learns nothing leaves nothing behind.
        known: answers of an earlier part.
    """

    def __init__(self, path: Path | None, head: Head, *, known: dict[str, Any] | None) -> None:
        self._path = path
        self._head = None if known is not None else head
        self._known = known or {}
        self._journal: Journal | None = None

    def remembered(self, question: str, fetch: Callable[[], Any]) -> Any:
        """Return the answer to a question: the recorded one, else the fetched one, recorded.

        Args:
            question: text that says all that the answer depends on, but for the head.
            fetch: asks; its answer is a JSON value.
        """
        digest = _digest(question)
        if digest not in self._known:
            self.keep(question, fetch())
        return self._known[digest]

    def keep(self, question: str, answer: Any) -> None:
        """Record the answer, a JSON value, to a question that was not asked before."""
        digest = _digest(question)
        assert digest not in self._known, "a question is asked once"
        if self._path is not None:
            self._append(self._path, {"asked": digest, "got": answer})
        self._known[digest] = answer

    def recorded(self, question: str) -> Any | None:
        """Return the recorded answer to a question, None where it was never asked."""
        return self._known.get(_digest(question))

    def _append(self, path: Path, line: Mapping[str, Any]) -> None:
        if self._journal is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._journal = open_journal(path, sync_every=1)
            if self._head is not None:
                self._journal.append({"schema": SCHEMA, **self._head})
        self._journal.append(line)

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.close()


def _digest(question: str) -> str:
    return sha256(question.encode()).hexdigest()


def memory_record() -> Record:
    """Return a record that no file keeps."""
    return Record(None, {}, known=None)


def begun_at(path: Path) -> dict[str, str] | None:
    """Return the head of an interrupted read, None where there is no such file or head.

    Raises:
        DataError: the file is corrupt, or no record of a read.
    """
    if not path.exists():
        return None
    truncate_torn(path)
    head = next(iter(read_journal(path)), None)
    if head is None:
        return None
    if head.get("schema") != SCHEMA:
        raise DataError("this is no record of a read", where=path.name, expected=SCHEMA)
    return {key: str(value) for key, value in head.items() if key not in ("schema", "chain")}


def open_record(path: Path, head: Head) -> Record:
    """Return the record of a read, begun now or gone on with.

    Args:
        path: its file; it and its folder are made with the first answer.
        head: of which block all its answers are.

    Raises:
        DataError: the file is of another block, corrupt, or cannot be written.
    """
    begun = begun_at(path)
    if begun is None:
        path.unlink(missing_ok=True)  # a head torn by a crash
        return Record(path, head, known=None)
    _check_head(path, begun, head=head)
    lines = iter(read_journal(path))
    next(lines)
    return Record(path, head, known={line["asked"]: line["got"] for line in lines})


def _check_head(path: Path, begun: Head, *, head: Head) -> None:
    for key in head:
        if begun.get(key) != head[key]:
            raise DataError(
                "the record is of another block",
                where=path.name,
                column=key,
                found=json.dumps(begun.get(key)),
                expected=json.dumps(head[key]),
                hint="ask for that block, or remove the file to start anew",
            )
