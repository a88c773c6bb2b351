"""Opening a service on a case: venue, clock, journal and feeds, ready to start."""

from dataclasses import replace
from itertools import pairwise

from trimtab.apps.service.clock import CaseClock, Clock, SystemClock
from trimtab.apps.service.feeds.replay import SOURCE, ReplayFeed
from trimtab.apps.service.recorder import MemoryJournal
from trimtab.apps.service.running import Options, Service, Started
from trimtab.engine import open_venue
from trimtab.model import Case
from trimtab.model.ports import JournalStore
from trimtab.simulation import first_prices
from trimtab.simulation.live import LiveVenue
from trimtab.units import NANOSECONDS

# A replayed case is stuck when nothing came for this many of its longest steps.
STEPS_SILENT = 3


def replayed(
    case: Case,
    options: Options,
    *,
    speed: float,
    clock: Clock | None = None,
    journal: JournalStore | None = None,
) -> Service:
    """A service whose feed is the case's own prices; its keepers act as in a replay.

    Arguments:
        speed: seconds of the case in one second.
        clock: time at the venue; None is the case's own, which begins with the service.
        journal: durable, or None for one in memory.
    """
    first, last = case.ticks[0].at_ns, case.ticks[-1].at_ns
    time = clock or CaseClock(first, speed=speed, end_ns=last)
    paced = replace(options, stale_s=_stale_s(case), acts=True)
    service = opened(case, paced, clock=time, journal=journal)
    done = service.writer.sources.states().get(SOURCE)
    sent = 0 if done is None or done.intake.last is None else done.intake.last
    service.feeds.append(ReplayFeed(case, service.queue, clock=time, done=sent))
    return service


def opened(
    case: Case,
    options: Options,
    *,
    clock: Clock | None = None,
    journal: JournalStore | None = None,
) -> Service:
    """A service on a case's book at its first prices, with no feed yet."""
    kept = journal or MemoryJournal()
    at_ns = case.ticks[0].at_ns
    store = open_venue(case.rules, case.book, at_ns=at_ns, prices=first_prices(case))
    venue = LiveVenue(store, case.replay, acts=options.acts, waiting=None)
    return Service(Started(case, venue, kept, clock or SystemClock()), options)


def _stale_s(case: Case) -> int:
    times = [tick.at_ns for tick in case.ticks]
    longest = max((after - before for before, after in pairwise(times)), default=NANOSECONDS)
    return STEPS_SILENT * max(1, round(longest / NANOSECONDS))
