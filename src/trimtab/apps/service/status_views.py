"""Read models of the service itself: its queue, journal, clock, and what each source sent."""

from typing import Any

from trimtab.apps.service.board import Reading
from trimtab.apps.service.running import Service
from trimtab.apps.service.sources import SourceState
from trimtab.apps.service.time_jumps import jump_text
from trimtab.apps.service.views import now_seen, oracle, price_age_ns, when
from trimtab.units import NANOSECONDS, format_decimal, mul_div_down

# A price without a limit of age in the rules is old after this long, seconds.
OLD_S = 3600
OWN = "the service's own clock"


def seconds(nanoseconds: int) -> str:
    """Seconds as decimal text, rounded down to milliseconds."""
    return format_decimal(mul_div_down(max(0, nanoseconds), 1000, NANOSECONDS), 3)


def status_view(service: Service) -> dict[str, Any]:
    """Whether the service runs, and how."""
    writer = service.writer
    with service.board.reading() as reading:
        at_ns, number, found = reading.at_ns, reading.number, problems(service, reading)
        quote = reading.draft.rules.quote
    return {
        "status": service.ready() or ("degraded" if found else "ok"),
        "problems": found,
        "notices": [jump_text(one, quote) for one in writer.times.jumps],
        "as_of": when(at_ns),
        "acting": service.acting,
        "journal_number": number,
        "queue": len(service.queue),
        "queue_capacity": service.queue.capacity,
        "clock_behind_seconds": seconds(writer.counters.clock_back_ns),
        "stuck_sources": writer.sources.stuck(service.clock.now_ns()),
        "feeds": [f"{feed.name}: {feed.status()}" for feed in service.feeds],
    }


def problems(service: Service, reading: Reading) -> list[str]:
    """What is wrong though work is taken: feeds that are not heard, prices that are old."""
    lost = [f"feed {feed.name}: {why}" for feed in service.feeds if (why := feed.problem())]
    now_ns, limit_ns = now_seen(reading, service.clock.now_ns()), old_after_ns(service, reading)
    old = [
        f"the price of {asset} is {age_text(age_ns)} old"
        for asset in sorted(reading.draft.rules.assets)
        if (age_ns := price_age_ns(reading, asset, now_ns=now_ns)) > limit_ns
    ]
    return lost + old


def old_after_ns(service: Service, reading: Reading) -> int:
    """From which age on a price is called old, ns.

    That of the venue's rules; without one an hour, or as long as a source may be silent.
    """
    limit_s = reading.draft.rules.oracle.max_age_seconds
    return (limit_s or max(OLD_S, service.options.stale_s)) * NANOSECONDS


def age_text(age_ns: int) -> str:
    """An age in the largest unit of which there are two, rounded down."""
    for unit_s, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if age_ns >= 2 * unit_s * NANOSECONDS:
            return f"{mul_div_down(age_ns, 1, unit_s * NANOSECONDS):,} {name}"
    return f"{mul_div_down(age_ns, 1, NANOSECONDS)} s"


def oracle_view(service: Service, reading: Reading) -> dict[str, Any]:
    """Prices and sources with their ages by the service's clock, and every feed."""
    now_ns, limit_ns = now_seen(reading, service.clock.now_ns()), old_after_ns(service, reading)
    shown = oracle(reading, now_ns=now_ns, old_after_ns=limit_ns)
    return shown | {"feeds": feed_rows(service)}


def feed_rows(service: Service) -> list[dict[str, Any]]:
    """Every source of commands as the service has seen it, and feeds that have not sent yet."""
    now_ns, sources = service.clock.now_ns(), service.writer.sources
    stuck, states = set(sources.stuck(now_ns)), sources.states()
    feeds = {feed.name: feed for feed in service.feeds}
    rows = []
    for name in sorted(states.keys() | feeds.keys()):
        row = _source_row(name, states.get(name, SourceState()), now_ns=now_ns)
        feed = feeds.get(name)
        silent = name in stuck
        said = "silent for too long" if silent else "speaking"
        row |= {
            "stuck": silent,
            "problem": "" if feed is None else feed.problem(),
            "state": feed.status() if feed is not None else OWN if name[0] == "@" else said,
        }
        rows.append(row)
    return rows


def _source_row(name: str, state: SourceState, *, now_ns: int) -> dict[str, Any]:
    gap, seen = state.gap, state.seen_ns
    return {
        "source": name,
        "seen": when(seen) if seen else None,
        "age_seconds": seconds(now_ns - seen) if seen else None,
        "last_number": state.intake.last,
        "taken": state.taken,
        "duplicates": state.duplicates,
        "reordered": state.reordered,
        "dropped": state.dropped,
        "gaps": state.gaps,
        "missing_from": None if gap is None else gap.first,
        "missing_to": None if gap is None else gap.last,
    }
