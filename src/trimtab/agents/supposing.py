"""What if: the venue as it would be after commands, without asking it to do them."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.engine import Draft, step
from trimtab.model import Accepted, Command, Key, Record, Table, View
from trimtab.model import commands as c


@dataclass(frozen=True, slots=True)
class Supposed:
    """A view with some records replaced."""

    view: View
    changes: Mapping[Key, Record | None]

    def get(self, table: Table, key: str) -> Record | None:
        """The record as it would be."""
        if (table, key) in self.changes:
            return self.changes[table, key]
        return self.view.get(table, key)


def suppose(draft: Draft, *commands: Command) -> Draft | None:
    """Return the venue after commands, None where the engine refuses one of them."""
    view: View = draft
    for command in commands:
        outcome = step(view, command)
        if not isinstance(outcome, Accepted):
            return None
        view = Supposed(view, outcome.changes)
    return Draft(view, draft.now_ns)


def at_prices(draft: Draft, prices_wad: Mapping[str, int]) -> Draft | None:
    """Return the venue as it would be if its oracle reported other prices (wad) now."""
    return suppose(draft, c.SetPrices(draft.now_ns, tuple(sorted(prices_wad.items()))))
