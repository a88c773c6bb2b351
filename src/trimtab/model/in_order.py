"""Work done here, one task after the other: the executor where nobody offers another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class InOrder:
    """An `Executor` without workers of its own."""

    @property
    def workers(self) -> int:
        """One."""
        return 1

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield results in order."""
        for place, item in enumerate(items):
            yield place, task(item)
