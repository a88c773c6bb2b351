"""A venue that runs: commands in, decisions at every tick, at a cost of what can have changed.

The same policy as in a replay acts here; who is unsafe comes from the safe-radius index, and what
that cannot decide from the engine. Times come with the commands: there is no clock here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trimtab.engine import Draft, MemoryStore, Sums, account_sums, step
from trimtab.model import (
    SINGLE,
    Accepted,
    Command,
    Event,
    EventKind,
    Key,
    Record,
    Rejected,
    ReplayRules,
    Table,
    VenueState,
)
from trimtab.simulation.columns import VenueColumns
from trimtab.simulation.house import House, Wanted
from trimtab.simulation.policy import Policy
from trimtab.simulation.venue_index import VenueIndex


@dataclass(frozen=True, slots=True)
class Told:
    """One command and what the engine answered: its events in order, or its refusal."""

    command: Command
    events: tuple[Event, ...] = ()
    refused: Rejected | None = None


@dataclass(slots=True)
class Done:
    """What one unit of work did, in order: the first `sent` commands were sent, the rest are ours.

    Of the policy's own commands only those that were accepted are told. `changes` are the records
    that were replaced, as one change set.
    """

    told: list[Told] = field(default_factory=list)
    sent: int = 0
    changes: dict[Key, Record | None] = field(default_factory=dict)


class LiveMoment:
    """One state at one time; sums are worked out once for an account."""

    __slots__ = ("_sums", "draft")

    def __init__(self, store: MemoryStore, at_ns: int) -> None:
        self.draft = Draft(store, at_ns)
        self._sums: dict[str, Sums] = {}

    def sums(self, key: str) -> Sums:
        """The exact sums of one account."""
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = account_sums(self.draft.account(key), self.draft)
        return found


class LiveVenue:
    """One venue, its columns, its index and its policy; one caller at a time.

    `acts` says whether the policy's commands are sent, or only what is due is noted.
    """

    def __init__(
        self, store: MemoryStore, rules: ReplayRules, *, acts: bool, waiting: dict[str, int] | None
    ) -> None:
        """Look at every account once.

        Arguments:
            store: the venue's records; changed by accepted commands alone.
            rules: the policy of keepers and takers.
            waiting: who was unsafe, and since when (ns), where a venue goes on; None: nobody.
        """
        self.store = store
        self.acts = acts
        self.house = House(self, rules)
        self.house.waiting = dict(waiting or {})
        self.policy = Policy(self.house)
        self.done = Done()
        self.moment = LiveMoment(store, self.now_ns)
        self.columns = VenueColumns(store, self.moment.draft)
        self._dirty: list[int] = []
        # Of accounts that were unsafe once: what their records say, until they change.
        self._at_risk: dict[int, bool] = {}
        self._index = VenueIndex(self.columns, self.moment.draft)

    @property
    def now_ns(self) -> int:
        """Time of the last accepted command, ns UTC; no later command is before it."""
        venue = self.store.get(Table.VENUE, SINGLE)
        assert isinstance(venue, VenueState), "a venue has a state"
        return venue.now_ns

    def do(
        self,
        commands: Sequence[Command],
        *,
        decide: bool,
        at_ns: int | None = None,
        gas_wad: int | None = None,
    ) -> Done:
        """Put commands to the engine in order, and decide what follows.

        Arguments:
            decide: whether prices, rates or time moved, so that anyone may have changed sides.
            at_ns: time of the decision where no command brings one; never before the venue's.
            gas_wad: what a liquidation costs from now on, wad of the quote; None: as before.
        """
        self.done = Done()
        if gas_wad is not None:
            self.policy.gas_wad = gas_wad
        now_ns = self.now_ns if at_ns is None else at_ns
        assert now_ns >= self.now_ns, "a venue's time never runs backwards"
        for command in commands:
            refused = self.ask(command)
            if refused is not None:
                self.done.told.append(Told(command, refused=refused))
        self.done.sent = len(self.done.told)
        if decide:
            self.moment = LiveMoment(self.store, max(now_ns, self.now_ns))
            self._decide(self.moment.draft.now_ns)
        return self.done

    def _decide(self, at_ns: int) -> None:
        if self.acts:
            self.policy.act(at_ns)
        else:
            self.house.look(at_ns)

    def ask(self, command: Command) -> Rejected | None:
        """Ask the engine; apply what it accepts, return what it refuses."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected):
            return outcome
        self._apply(outcome, command)
        return None

    def attempt(self, command: Command, wanted: Wanted) -> Accepted | None:
        """Do a command if the engine accepts it and its outcome is wanted by who sends it."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected) or not wanted(outcome):
            return None
        self._apply(outcome, command)
        return outcome

    def _apply(self, outcome: Accepted, command: Command) -> None:
        self.store.apply(outcome)
        self.done.told.append(Told(command, outcome.events))
        self.done.changes.update(outcome.changes)
        self.heard(outcome, command)

    def heard(self, outcome: Accepted, command: Command) -> None:
        """Follow a change set that the store has applied."""
        self.moment = LiveMoment(self.store, command.at_ns)
        self._dirty += self.columns.apply(outcome, self.moment.draft)
        for event in outcome.events:
            if event.kind is EventKind.UNSETTLED:
                self.house.positions.unpaid.add(event.reason)

    def unsafe(self) -> list[str]:
        """Accounts at risk that are unsafe now, decided exactly, in order of their keys."""
        draft, keys, known = self.moment.draft, self.columns.keys, self._at_risk
        for number in self._dirty:
            known.pop(number, None)
        numbers = self._index.unsafe(draft, changed=self._dirty).tolist()
        self._dirty.clear()
        for number in numbers:
            if number not in known:
                known[number] = draft.account(keys[number]).at_risk
        return sorted(keys[number] for number in numbers if known[number])

    def between_levels(self) -> list[str]:
        """Accounts under the initial level, in order of their keys."""
        moment = self.moment
        found = (key for key in sorted(self.columns.keys) if moment.draft.account(key).at_risk)
        return [key for key in found if moment.sums(key).excess_initial < 0]
