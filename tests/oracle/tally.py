"""Counts what was compared, and keeps what differed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SHOWN_MAX = 8


@dataclass
class Tally:
    """The counts of one group, printed when the session ends, and its mismatches."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)

    def begin(self, name: str, *, first: tuple[str, ...]) -> None:
        """Name the group, and what is to be printed first."""
        self.name = name
        self.counts.update(dict.fromkeys(first, 0))

    def agree(self, what: str, *, chain: object, twin: object, where: str) -> bool:
        """Compare an answer of the real code with the twin's; what differs is kept."""
        if chain == twin:
            return True
        self.mismatches.append(f"{where}: {what}: the chain says {chain}, the twin {twin}")
        return False

    def lines(self) -> list[str]:
        end = f"{len(self.mismatches)} mismatches"
        return [f"{self.name}: {count:,} {what}, {end}" for what, count in self.counts.items()]

    def demand(self, what: str, at_least: int) -> None:
        assert not self.mismatches, "\n".join(self.mismatches[:SHOWN_MAX])
        assert self.counts[what] >= at_least, f"{what}: {self.counts[what]} of {at_least}"
