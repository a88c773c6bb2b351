"""What each source has sent: its numbers in order, duplicates, gaps, and whether it is stuck."""

from dataclasses import dataclass, field

from trimtab.apps.service.work import Work
from trimtab.model.ingest import Arrival, Gap, Intake, Sorted, gap_of, skip_gap, take
from trimtab.units import NANOSECONDS, UsageError

# A numbered source that sends this much ahead of a gap is told to send again.
WINDOW = 1000
STALE_S = 60
SOURCES_MAX = 10_000


@dataclass(slots=True)
class SourceState:
    """One source as the writer has seen it. Counts are of units of work since the start.

    `seen_ns` is when it last sent (venue time), `taken` what was applied; `reordered` counts what
    came early and waited, `gaps` how often a number was found missing.
    """

    intake: Intake[Work] = field(default_factory=lambda: Intake(window=WINDOW))
    seen_ns: int = 0
    taken: int = 0
    duplicates: int = 0
    reordered: int = 0
    dropped: int = 0
    gaps: int = 0

    @property
    def gap(self) -> Gap | None:
        """What is missing now."""
        return gap_of(self.intake)


class Sources:
    """All sources by name; the writer's alone, others read counts."""

    def __init__(self, *, stale_s: int = STALE_S, window: int = WINDOW) -> None:
        self.stale_ns = stale_s * NANOSECONDS
        self._window = window
        self._states: dict[str, SourceState] = {}

    def restore(self, last: dict[str, int]) -> None:
        """Go on after the numbers that a journal holds."""
        for source, number in last.items():
            self._states[source] = SourceState(Intake(last=number, window=self._window))

    def states(self) -> dict[str, SourceState]:
        """Every source by name, as it is now."""
        return dict(self._states)

    def sort(self, work: Work, now_ns: int) -> tuple[Arrival, list[Work], Gap | None]:
        """What becomes of a unit of work: how it arrived, what is to be done now, what is missing.

        Work without a number is taken as it comes.
        """
        state = self._state(work.source)
        state.seen_ns = max(state.seen_ns, now_ns)
        if work.number is None:
            state.taken += 1
            return Arrival.NEW, [work], None
        before = state.gap
        found = take(state.intake, work.number, item=work)
        self._count(state, found, before=before)
        return found.arrival, [item for _, item in found.ready], found.gap

    def _count(self, state: SourceState, found: Sorted[Work], *, before: Gap | None) -> None:
        state.intake = found.intake
        state.taken += len(found.ready)
        state.duplicates += found.arrival is Arrival.DUPLICATE
        state.reordered += found.arrival is Arrival.HELD
        state.dropped += found.arrival is Arrival.BEYOND
        state.gaps += before is None and found.gap is not None

    def skip(self, source: str, upto: int | None = None) -> list[Work]:
        """Give up what is missing of a source: the operator's decision. What waited is now due.

        Arguments:
            upto: the last number that may be given up; None: whatever is missing now.

        Raises:
            UsageError: no such source, nothing of it waits, or another gap than was meant.
        """
        state = self._states.get(source)
        if state is None:
            raise UsageError(f"there is no source {source!r}")
        gap = state.gap
        if gap is not None and upto is not None and gap.last > upto:
            what = f"of {source!r} now {gap.first} to {gap.last} are missing"
            raise UsageError(f"{what}; expected none above {upto}: propose it again")
        found = skip_gap(state.intake)
        state.intake = found.intake
        state.taken += len(found.ready)
        return [item for _, item in found.ready]

    def stuck(self, now_ns: int) -> list[str]:
        """Sources that have been silent for longer than the limit."""
        states = sorted(self.states().items())
        return [name for name, state in states if now_ns - state.seen_ns > self.stale_ns]

    def _state(self, source: str) -> SourceState:
        found = self._states.get(source)
        if found is None:
            if len(self._states) >= SOURCES_MAX:
                raise UsageError(f"there are {SOURCES_MAX} sources already; expected a known one")
            found = self._states[source] = SourceState(Intake(window=self._window))
        return found
