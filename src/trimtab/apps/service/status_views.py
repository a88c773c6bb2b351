"""Read models of the service itself: its queue, journal, clock, and what each source sent."""

from typing import Any

from trimtab.apps.service.running import Service
from trimtab.apps.service.views import when
from trimtab.units import NANOSECONDS, format_decimal, mul_div_down


def seconds(nanoseconds: int) -> str:
    """Seconds as decimal text, rounded down to milliseconds."""
    return format_decimal(mul_div_down(max(0, nanoseconds), 1000, NANOSECONDS), 3)


def status_view(service: Service) -> dict[str, Any]:
    """Whether the service runs, and how."""
    writer = service.writer
    with service.board.reading() as reading:
        at_ns, number = reading.at_ns, reading.number
    return {
        "status": service.ready() or "ok",
        "as_of": when(at_ns),
        "acting": service.acting,
        "journal_number": number,
        "queue": len(service.queue),
        "queue_capacity": service.queue.capacity,
        "clock_behind_seconds": seconds(writer.counters.clock_back_ns),
        "stuck_sources": writer.sources.stuck(service.clock.now_ns()),
        "feeds": [f"{feed.name}: {feed.status()}" for feed in service.feeds],
    }


def feed_rows(service: Service) -> list[dict[str, Any]]:
    """Every source of commands as the service has seen it."""
    now_ns, sources = service.clock.now_ns(), service.writer.sources
    stuck = set(sources.stuck(now_ns))
    rows = []
    for name, state in sorted(sources.states().items()):
        gap, seen = state.gap, state.seen_ns
        rows.append(
            {
                "source": name,
                "seen": when(seen) if seen else None,
                "age_seconds": seconds(now_ns - seen) if seen else None,
                "stuck": name in stuck,
                "last_number": state.intake.last,
                "taken": state.taken,
                "duplicates": state.duplicates,
                "reordered": state.reordered,
                "dropped": state.dropped,
                "gaps": state.gaps,
                "missing_from": None if gap is None else gap.first,
                "missing_to": None if gap is None else gap.last,
            }
        )
    return rows
