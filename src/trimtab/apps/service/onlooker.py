"""The policy's memory after a restart: who is unsafe, and since when, as the stopped writer knew.

The journal holds commands, not looks. While a journal is replayed the onlooker looks where the
writer did: after the sent commands of each unit of work that moves prices, before the policy acts;
and, where it acted, again afterwards, as the policy does, to forget who is safe.

A snapshot holds no memory either. One is only taken when nothing depends on it: when everybody who
is unsafe has been so for longer than any delay of the policy (see `forgettable`).
"""

from trimtab.apps.service.work import MOVING, POLICY
from trimtab.engine import MemoryStore
from trimtab.model import SINGLE, Accepted, Command, ReplayRules, Table, VenueState
from trimtab.model.journal_entries import Entry
from trimtab.simulation.live import LiveVenue
from trimtab.units import NANOSECONDS


def longest_delay_ns(rules: ReplayRules) -> int:
    """The longest time that the policy waits before it acts on an unsafe account."""
    keepers = rules.delay_blocks * rules.block_seconds
    return max(keepers, rules.backstop_after_seconds or 0) * NANOSECONDS


def forgettable(waiting: dict[str, int], rules: ReplayRules, *, now_ns: int) -> bool:
    """Whether every unsafe account is past all delays, so that since when no longer matters."""
    return all(since + longest_delay_ns(rules) <= now_ns for since in waiting.values())


class Onlooker:
    """Follows a journal that is replayed; `venue` is the venue as it stands then."""

    def __init__(self, rules: ReplayRules) -> None:
        self._rules = rules
        self.venue: LiveVenue | None = None
        self._moved = False
        self._source = ""
        self._acted = False

    def before(self, store: MemoryStore, entry: Entry) -> None:
        """Look, where this entry begins the policy's acts or another unit of work."""
        if self.venue is None:
            self.venue = opened_at(store, self._rules)
        acts = entry.source == POLICY
        if acts and not self._acted:
            self._look()
        elif not acts and (entry.source_number is not None or entry.source != self._source):
            self._end()
        self._acted, self._source = acts, entry.source

    def after(self, command: Command, accepted: Accepted | None) -> None:
        """Hear of the entry's outcome, which the store has applied."""
        assert self.venue is not None, "an entry was announced"
        if self._source != POLICY:
            self._moved |= isinstance(command, MOVING)
        if accepted is not None:
            self.venue.heard(accepted, command)

    def finish(self, store: MemoryStore) -> LiveVenue:
        """The venue after the last entry, the policy's memory with it."""
        if self.venue is None:
            self.venue = opened_at(store, self._rules)
        self._end()
        return self.venue

    def _end(self) -> None:
        """The end of a unit of work: look, or forget who is safe after the policy's acts."""
        venue = self.venue
        assert venue is not None, "an entry was announced"
        if self._acted:
            unsafe = set(venue.unsafe())
            waiting = venue.house.waiting
            venue.house.waiting = {key: at for key, at in waiting.items() if key in unsafe}
        else:
            self._look()
        self._moved = False

    def _look(self) -> None:
        assert self.venue is not None, "an entry was announced"
        if self._moved:
            self.venue.house.look(self.venue.now_ns)
        self._moved = False


def opened_at(store: MemoryStore, rules: ReplayRules) -> LiveVenue:
    """A venue in the middle of its life: whoever is unsafe has been so for long."""
    venue = LiveVenue(store, rules, acts=False, waiting=None)
    state = store.get(Table.VENUE, SINGLE)
    assert isinstance(state, VenueState), "a venue has a state"
    long_ago = state.now_ns - longest_delay_ns(rules)
    venue.house.waiting = dict.fromkeys(venue.unsafe(), long_ago)
    venue.house.positions.unpaid.update(venue.moment.draft.rules.markets)
    return venue
