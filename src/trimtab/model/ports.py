"""What others must offer: something to read, something to write, somebody who works tasks off."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

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
