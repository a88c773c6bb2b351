"""Opening a service on a case: venue, clock, journal and feeds, ready to start.

A new journal begins with the case's book at its first prices. One that holds entries is recovered:
latest snapshot, the entries after it, and the policy's memory; the feeds go on where they stood.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from trimtab.apps.service.audit import AuditTrail
from trimtab.apps.service.clock import CaseClock, Clock, SystemClock
from trimtab.apps.service.feeds.replay import SOURCE, ReplayFeed
from trimtab.apps.service.onlooker import Onlooker, opened_at
from trimtab.apps.service.recorder import MemoryJournal
from trimtab.apps.service.recovery import hash_of_case, recover, uncollected
from trimtab.apps.service.running import Options, Service, Started
from trimtab.engine import MemoryStore, open_venue
from trimtab.model import Case
from trimtab.model.ports import JournalStore
from trimtab.simulation import first_prices
from trimtab.simulation.live import LiveVenue
from trimtab.units import NANOSECONDS

# A replayed case is stuck when nothing came for this many of its longest steps.
STEPS_SILENT = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service keeps what it must not lose. None is memory: for trials and tests."""

    journal: JournalStore | None = None
    audit: AuditTrail | None = None
    progress: Callable[[int, int], None] | None = None


def replayed(
    case: Case,
    options: Options,
    *,
    speed: float,
    clock: Clock | None = None,
    place: Place | None = None,
) -> Service:
    """A service whose feed is the case's own prices; its keepers act as in a replay.

    Arguments:
        speed: seconds of the case in one second.
        clock: time at the venue; None is the case's own, which begins with the service.
    """
    paced = replace(options, stale_s=_stale_s(case), acts=True)
    service = opened(case, paced, clock=clock or _paced_clock(case, speed), place=place)
    done = service.writer.sources.states().get(SOURCE)
    sent = 0 if done is None or done.intake.last is None else done.intake.last
    if clock is None and sent:
        # Go on from the last row that was taken, not from the first again.
        begin = CaseClock(case.ticks[sent - 1].at_ns, speed=speed, end_ns=case.ticks[-1].at_ns)
        service.clock = service.writer.clock = begin
    service.feeds.append(ReplayFeed(case, service.queue, clock=service.clock, done=sent))
    return service


def _paced_clock(case: Case, speed: float) -> CaseClock:
    return CaseClock(case.ticks[0].at_ns, speed=speed, end_ns=case.ticks[-1].at_ns)


def opened(
    case: Case, options: Options, *, clock: Clock | None = None, place: Place | None = None
) -> Service:
    """A service on a case's book, or on what its journal says has become of it; no feed yet."""
    with uncollected():
        return _opened(case, options, clock=clock, kept=place or Place())


def _opened(case: Case, options: Options, *, clock: Clock | None, kept: Place) -> Service:
    journal = kept.journal or MemoryJournal()
    audit = kept.audit or AuditTrail(None, clock_ns=time.time_ns)
    name = hash_of_case(case)
    looks = Onlooker(case.replay) if options.acts else None
    found = recover(
        journal,
        genesis=lambda: _genesis(case),
        case_hash=name,
        progress=kept.progress,
        watch=looks,
    )
    venue = _venue(case, found.store, looks=looks, began=found.tip.number > 0)
    venue.acts = options.acts
    started = Started(
        case,
        venue,
        journal,
        clock or SystemClock(),
        audit,
        sources=dict(found.sources),
        case_hash=found.case_hash,
    )
    return Service(started, options)


def _genesis(case: Case) -> MemoryStore:
    at_ns = case.ticks[0].at_ns
    return open_venue(case.rules, case.book, at_ns=at_ns, prices=first_prices(case))


def _venue(case: Case, store: MemoryStore, *, looks: Onlooker | None, began: bool) -> LiveVenue:
    if not began:
        return LiveVenue(store, case.replay, acts=False, waiting=None)
    if looks is None:
        return opened_at(store, case.replay)
    return looks.finish(store)


def _stale_s(case: Case) -> int:
    times = [tick.at_ns for tick in case.ticks]
    longest = max((after - before for before, after in pairwise(times)), default=NANOSECONDS)
    return STEPS_SILENT * max(1, round(longest / NANOSECONDS))
