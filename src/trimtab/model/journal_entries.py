"""What a durable journal holds: entries bound into a chain, snapshots, and what can be wrong.

An entry is one command with its outcome. Its chain is the SHA-256 of the chain before it and of its
own content, so that the chain of the last entry stands for all of them. The chain shows damage;
against somebody who may write the whole journal anew, keep a chain elsewhere.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from trimtab.model.canonical import canonical_json
from trimtab.model.codec import command_text, decode_command
from trimtab.model.commands import Command
from trimtab.model.outcomes import Outcome, Rejected
from trimtab.units import DataError

FIRST_CHAIN = "0" * 64
SOURCE_LENGTH_MAX = 100


class JournalError(DataError):
    """A journal that cannot be used as asked; nothing in it has changed."""


class JournalUnavailableError(JournalError):
    """The store cannot write now: disk full, server gone. The same batch may be appended again.

    Whether the batch is in is not known where the server went away during the commit; appending
    the same batch again finds out, and never doubles it.
    """


class JournalDamagedError(JournalError):
    """The journal, or a snapshot in it, is not what was written."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a chain stands: number of an entry and its chain; number 0 before the first."""

    number: int = 0
    chain: str = FIRST_CHAIN


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, decided.

    Fields:
        number: counts from 1 without gaps.
        at_ns: when the service took the command in, ns UTC by its clock; may go back.
        source: who sent it; printable, at most 100 characters.
        source_number: the source's own count, rising within a source; None where it has none.
        command: canonical JSON (see `codec`).
        reason: why it was rejected, empty where it was accepted.
        result: canonical JSON: the list of events, or the numbers that decided a rejection.
        chain: SHA-256 in hexadecimal.
    """

    number: int
    at_ns: int
    source: str
    source_number: int | None
    command: str
    reason: str
    result: str
    chain: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the command changed the state."""
        return not self.reason

    @property
    def tip(self) -> Tip:
        """Where the chain stands after this entry."""
        return Tip(self.number, self.chain)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after an entry, and all that a journal needs to go on from it.

    Fields:
        tip: the last entry that the state holds.
        at_ns: when it was taken, ns UTC by the service's clock.
        state_hash: of the state (`MemoryStore.state_hash`).
        genesis_hash: state hash before the first entry: which case the journal is of.
        sources: the last number of each numbered source.
        state: the compressed text of the state (see `state_text`).
    """

    tip: Tip
    at_ns: int
    state_hash: str
    genesis_hash: str
    sources: Mapping[str, int] = field(repr=False)
    state: bytes = field(repr=False)

    @property
    def seal(self) -> str:
        """SHA-256 of everything in it, in hexadecimal."""
        head = (self.tip, self.at_ns, self.state_hash, self.genesis_hash, self.sources)
        return sha256(canonical_json(head).encode() + b"\n" + self.state).hexdigest()


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing wrong in a journal.

    Fields:
        number: the first entry that cannot be trusted, or is missing; one more than the last where
            all entries are whole and something beside them is not.
        what: one clause that says what is wrong with it.
        good: the last entry that can be reached from the start, or from `snapshot`.
        seen: the last entry that is known to have been there.
        snapshot: number of a whole snapshot that reaches further than the entries before it, which
            are damaged: the state does not depend on them. None: all before `good` is whole.
    """

    number: int
    what: str
    good: Tip
    seen: int
    snapshot: int | None = None

    def __str__(self) -> str:
        """One line for the operator."""
        start = "" if self.snapshot is None else f"from the snapshot at entry {self.snapshot} "
        lost = max(0, self.seen - self.good.number)
        given_up = {0: "no entry", 1: "1 entry"}.get(lost, f"{lost} entries")
        history = "" if self.snapshot is None else ", and the history before the snapshot"
        return (
            f"entry {self.number}: {self.what}; whole {start}up to entry {self.good.number}; "
            f"cutting gives up {given_up} of the tail{history}"
        )


def entry_after(
    tip: Tip,
    command: Command,
    *,
    outcome: Outcome,
    at_ns: int,
    source: str = "",
    source_number: int | None = None,
) -> Entry:
    """The entry of a decided command, bound to the chain before it.

    Raises:
        DataError: a source that no journal holds.
    """
    if len(source) > SOURCE_LENGTH_MAX or not source.isprintable():
        raise DataError(
            "the source has no usable name",
            found=source,
            expected=f"at most {SOURCE_LENGTH_MAX} printable characters",
        )
    entry = Entry(
        tip.number + 1,
        at_ns=at_ns,
        source=source,
        source_number=source_number,
        command=command_text(command),
        reason=reason_of(outcome),
        result=result_of(outcome),
    )
    return replace(entry, chain=chained(tip.chain, entry))


def reason_of(outcome: Outcome) -> str:
    """Why a command was rejected, empty where it was accepted."""
    return outcome.reason.value if isinstance(outcome, Rejected) else ""


def result_of(outcome: Outcome) -> str:
    """Canonical JSON of the events, or of the numbers that decided a rejection."""
    return canonical_json(outcome.data if isinstance(outcome, Rejected) else outcome.events)


def chained(before: str, entry: Entry) -> str:
    """The chain of an entry after the chain before it, whatever its field `chain` says."""
    head = json.dumps(
        [entry.number, entry.at_ns, entry.source, entry.source_number, entry.reason],
        separators=(",", ":"),
    )
    # Canonical JSON holds no line break, so that the four parts can be joined in one way only.
    text = f"{before}\n{head}\n{entry.command}\n{entry.result}"
    return sha256(text.encode()).hexdigest()


def command_of(entry: Entry) -> Command:
    """The command of an entry.

    Raises:
        JournalDamagedError: a text that no command wrote.
    """
    try:
        return decode_command(json.loads(entry.command))
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        what = f"entry {entry.number} holds no command"
        raise JournalDamagedError(what, found=str(error)) from None


def checked(entries: Iterable[Entry], tip: Tip) -> Iterator[Entry]:
    """Yield entries, each checked to follow from those before it.

    Args:
        entries: in order, as read.
        tip: where the chain stands before the first.

    Raises:
        JournalDamagedError: an entry that is missing or does not follow.
    """
    for entry in entries:
        if entry.number != tip.number + 1:
            raise JournalDamagedError(
                "entries are missing",
                found=f"entry {entry.number} after entry {tip.number}",
                expected=f"entry {tip.number + 1}",
            )
        if entry.chain != chained(tip.chain, entry):
            raise JournalDamagedError(f"entry {entry.number} does not follow from those before it")
        tip = entry.tip
        yield entry
