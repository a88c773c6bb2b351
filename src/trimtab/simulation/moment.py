"""The venue between two commands: everything read of it is computed once."""

from functools import cached_property

from trimtab.engine import Draft, MemoryStore, Sums, account_sums
from trimtab.simulation.screen import Levels, Marks, Screen


class Moment:
    """One state at one time. Whoever applies a command drops the moment and makes the next."""

    def __init__(self, store: MemoryStore, screen: Screen, *, at_ns: int) -> None:
        self.draft = Draft(store, at_ns)
        self._screen = screen
        self._sums: dict[str, Sums] = {}

    @cached_property
    def marks(self) -> Marks:
        """What a share of each asset is worth."""
        return self._screen.marks(self.draft)

    @cached_property
    def levels(self) -> Levels:
        """The screen's values of all accounts."""
        return self._screen.levels(self.marks, self.draft)

    def sums(self, key: str) -> Sums:
        """The exact sums of one account."""
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = account_sums(self.draft.account(key), self.draft)
        return found
