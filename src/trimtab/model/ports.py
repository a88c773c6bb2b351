"""What others must offer: something to read, to write, to keep, somebody who works tasks off."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from trimtab.model.journal_entries import Entry, Fault, Snapshot, Tip
from trimtab.model.operator_actions import OperatorAction
from trimtab.model.outcomes import Accepted
from trimtab.model.state import Record, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")
Columns = Mapping[str, "NDArray[Any]"]


class View(Protocol):
    """Reads one record of the state by table and key; None where there is none."""

    def get(self, table: Table, key: str) -> Record | None:
        """The record in force."""


class Store(View, Protocol):
    """A view that can also apply change sets, each whole or not at all."""

    def apply(self, accepted: Accepted) -> None:
        """Put a change set in force."""

    def keys(self, table: Table) -> Iterator[str]:
        """The keys of a table, in no particular order."""


class JournalStore(Protocol):
    """A durable journal of one venue, held by one writer at a time.

    One thread writes (`append`, `save_snapshot` and what drops or cuts; calls from several threads
    wait for one another). Reading is open to any thread, and sees what was committed when it began.
    Every method but `close` raises JournalUnavailableError where the store cannot be reached.
    """

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries that follow the last one; they are durable when this returns.

        One call is one transaction: all of them are in, or none. A batch that is already there
        (the same numbers and chains) is acknowledged again and not written twice, so that a batch
        whose fate is unknown may simply be appended again.

        Raises:
            JournalUnavailableError: not written, or not known to be (see there).
            JournalError: entries that do not follow, or a source's number that does not rise.
        """

    def read(self, after: int = 0, *, limit: int | None = None) -> Iterator[Entry]:
        """Yield the entries numbered above `after`, in order, as stored (see `checked`).

        Raises:
            JournalError: entries that retention has dropped.
        """

    def last(self) -> Tip:
        """Where the chain stands."""

    def anchor(self) -> Tip:
        """Where the chain stood before the first entry that is still here; number 0 if all are."""

    def sources(self) -> Mapping[str, int]:
        """The last number of each numbered source, dropped entries included."""

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot of an entry that is in; one of the same entry replaces it.

        Raises:
            JournalError: an entry that is not there, or has another chain.
        """

    def latest_snapshot(self, upto: int | None = None) -> Snapshot | None:
        """The latest snapshot (at most of entry `upto`) whose seal holds; None: there is none."""

    def snapshots(self) -> Sequence[Tip]:
        """The entries at which there are snapshots, oldest first."""

    def prune_snapshots(self, keep: int) -> int:
        """Drop all but the latest `keep` >= 1 snapshots; returns how many went."""

    def retain(self, snapshot: int) -> int:
        """Drop the entries that the snapshot at this entry holds, and the snapshots before it.

        The snapshot's entry becomes the anchor of the chain. Returns how many entries went.

        Raises:
            JournalError: no whole snapshot at this entry.
        """

    def verify(self) -> Fault | None:
        """Read everything and return the first thing wrong, None where all is whole."""

    def cut_tail(self, fault: Fault, *, consent: bool) -> int:
        """Give up what a fault leaves untrusted; returns how many entries of the tail went.

        Kept is everything from the start, or from the fault's snapshot, to its last good entry.
        The rest is set aside, not deleted.

        Arguments:
            fault: as `verify` returned it; it is looked for again first.
            consent: the operator's word; without it nothing is cut.

        Raises:
            UsageError: no consent.
            JournalError: the fault is another one by now.
        """

    def close(self) -> None:
        """Let go of the journal, so that another writer may hold it; a second call does nothing."""


class ActionStore(Protocol):
    """The durable audit trail of one venue's operators, beside its journal and under its lock."""

    def append(self, action: OperatorAction) -> None:
        """Add an action that follows the last one; it is durable when this returns.

        One that is there already is acknowledged again and not written twice, so that an action
        whose fate is unknown may simply be appended again.

        Raises:
            JournalUnavailableError: not written, or not known to be.
            JournalError: an action that does not follow.
        """

    def read(self, after: int = 0) -> Iterator[OperatorAction]:
        """Yield the actions numbered above `after`, in order, as stored (see `checked_actions`)."""

    def last(self) -> Tip:
        """Where the trail's chain stands; number 0 before the first action."""


class Executor(Protocol):
    """Works off independent tasks, on threads, processes or other machines.

    A task depends on its item alone, so that who works it off, when, and how often, changes
    nothing. A task whose worker died is done again; an error that the task itself raises comes
    out of `run`, and what had finished before has been yielded. Closing the iterator, as an
    interruption does, begins no further task.
    """

    @property
    def workers(self) -> int:
        """How many tasks run at once."""

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield (place of the item, its result) for every item, as they finish.

        Arguments:
            task: picklable where workers are processes.
            items: small; each is sent to the worker that does it.
        """


class BatchStore(Protocol):
    """Keeps the results of batches of paths, each whole or not at all."""

    def finished(self) -> Mapping[int, Columns]:
        """The columns of each batch that was kept, by its number."""

    def keep(self, number: int, columns: Columns) -> None:
        """Keep the columns of a batch, one row a path."""
