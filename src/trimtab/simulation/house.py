"""What a venue does itself after a tick: margin calls, closings of positions, close-outs.

The same beats in a replay, in a world and live. Whoever acts sees the venue between two commands
and asks for commands; who is unsafe is the engine's answer.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from trimtab.engine import Draft, MemoryStore, Sums, is_spent, is_unsafe
from trimtab.model import Accepted, Command, Rejected, ReplayRules
from trimtab.model import commands as c
from trimtab.simulation.position_acts import PositionActs
from trimtab.units import NANOSECONDS

Wanted = Callable[[Accepted], bool]


class Sight(Protocol):
    """One state at one time, exactly."""

    draft: Draft

    def sums(self, key: str) -> Sums:
        """The exact sums of one account."""


class Floor(Protocol):
    """A venue as those see it who act on it. After every accepted command `moment` is another."""

    store: MemoryStore

    @property
    def moment(self) -> Sight:
        """The state now, at the time of the last command or tick."""

    def unsafe(self) -> Sequence[str]:
        """Accounts at risk that are unsafe now, decided exactly, in order of their keys."""

    def between_levels(self) -> Sequence[str]:
        """Accounts that may be under the initial level, in order of their keys."""

    def ask(self, command: Command) -> Rejected | None:
        """Ask the engine; apply what it accepts, return what it refuses."""

    def attempt(self, command: Command, wanted: Wanted) -> Accepted | None:
        """Do a command if the engine accepts it and its outcome is wanted by who sends it."""


class House:
    """The venue's own acts, beat by beat. `waiting` is who is unsafe, and since when (ns)."""

    def __init__(self, floor: Floor, rules: ReplayRules) -> None:
        self.floor = floor
        self.rules = rules
        self.positions = PositionActs(floor.store, floor.ask, rules.position_depth_wad)
        self.waiting: dict[str, int] = {}

    def look(self, at_ns: int) -> None:
        """Note who is unsafe now, and since when; nobody acts."""
        self.waiting = {key: self.waiting.get(key, at_ns) for key in self.floor.unsafe()}

    def due(self, at_ns: int, *, delay_ns: int) -> list[str]:
        """Who has waited for the delay, in order of their keys."""
        return [key for key, since in sorted(self.waiting.items()) if at_ns >= since + delay_ns]

    def do(self, command: Command) -> bool:
        """Whether the engine accepts a command, which is then in force."""
        return self.floor.ask(command) is None

    def call_margin(self, at_ns: int) -> None:
        """Call who fell under the initial level, and end the grace of calls left unanswered."""
        grace = self.floor.moment.draft.rules.margin_call.grace_seconds * NANOSECONDS
        for key in self.floor.between_levels():
            called = self.floor.moment.draft.account(key).called_ns
            if called is not None and at_ns >= called + grace:
                self.do(c.ExpireCall(at_ns, key))
            self.do(c.CallMargin(at_ns, key))

    def close(self, at_ns: int) -> None:
        """The venue closes out spent accounts, and gives what no keeper wants to the backstop."""
        after = self.rules.backstop_after_seconds
        for key, since in sorted(self.waiting.items()):
            draft, sums = self.floor.moment.draft, self.floor.moment.sums(key)
            account = draft.account(key)
            if not account.at_risk or not is_unsafe(account, sums):
                del self.waiting[key]
                continue
            closed = False
            if is_spent(account, sums, draft=draft):
                closed = self.do(c.CloseOut(at_ns, key))
            elif after is not None and at_ns >= since + after * NANOSECONDS:
                closed = self.do(c.TransferToBackstop(at_ns, key))
            if closed:
                del self.waiting[key]

    def close_positions(self, keys: Sequence[str], at_ns: int) -> None:
        """Takers close the positions of unsafe accounts; see `PositionActs`."""
        for key in keys:
            self.positions.liquidate(key, at_ns)

    def close_rest(self, at_ns: int) -> None:
        """What no keeper and no taker did: close-outs, the backstop, deleveraging, settlement."""
        self.close(at_ns)
        self.positions.close_without_takers(tuple(self.waiting), at_ns)
        self.positions.settle(at_ns)
