"""`/metrics` for Prometheus: collected when asked, from counters that are there anyway.

Names end in their unit; values of the venue are in its quote. Nothing here slows the writer.
"""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from trimtab.apps.service.alerting import Alerts
from trimtab.apps.service.running import Service
from trimtab.apps.service.views import overview
from trimtab.units import float_of

SHOWN = (
    *("collateral", "debt", "equity", "debt_at_risk", "shortfall", "unsafe_debt"),
    *("insurance", "backstop", "bad_debt"),
)


class ServiceCollector(Collector):
    """Everything that a dashboard of machines wants to know of a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Any]:
        """All metrics now."""
        yield from self._writer()
        yield from self._readers()
        yield from self._sources()
        yield from self._venue()

    def _writer(self) -> Iterator[Any]:
        service, counters = self._service, self._service.writer.counters
        for name, value, doc in (
            ("works", counters.works, "Units of work decided"),
            ("commands", counters.commands, "Commands accepted"),
            ("commands_refused", counters.refused, "Commands that the engine refused"),
            ("prices", counters.prices, "Prices decided"),
            ("groups", counters.groups, "Groups committed"),
            ("decide_seconds", counters.decide_s, "Seconds spent deciding"),
            ("commit_seconds", counters.commit_s, "Seconds spent committing"),
            ("queue_refused", service.queue.refused, "Requests refused because the queue was full"),
            ("journal_waits", counters.journal_waits, "Commits that had to be tried again"),
            ("clock_back", counters.clock_back_times, "Times that the clock lay behind"),
        ):
            yield _counter(name, value, doc=doc)
        for name, gauge, doc in (
            ("queue_length", len(service.queue), "Units of work that wait"),
            ("queue_capacity", service.queue.capacity, "Units of work that may wait"),
            ("group_seconds", counters.lag_s, "Seconds of the last group, taken to durable"),
            ("clock_behind_seconds", float_of(counters.clock_back_ns, 9), "Clock behind venue"),
            ("journal_entries", service.journal_number, "Number of the last durable entry"),
            ("snapshot_entry", service.snapshots.last, "Entry of the last snapshot"),
            ("feeds_lost", sum(bool(f.problem()) for f in service.feeds), "Feeds not heard"),
            ("ready", float(not service.ready()), "1 where work is taken and durable"),
        ):
            yield _gauge(name, gauge, doc=doc)

    def _readers(self) -> Iterator[Any]:
        service = self._service
        hub, counts = service.hub, service.hub.counts
        yield _gauge("stream_readers", counts.readers, doc="Readers of the stream")
        yield _gauge("stream_memory_bytes", counts.memory_bytes, doc="Held by the stream's process")
        for name, value, doc in (
            ("stream_frames", hub.frames, "Frames made"),
            ("stream_frames_refused", hub.refused, "Frames for which the link had no room"),
            ("stream_frames_dropped", counts.dropped, "Frames that slow readers did not get"),
            ("stream_readers_cut", counts.cut, "Readers closed because they took nothing"),
            ("stream_restarts", hub.restarts, "Times that the stream's process ended by itself"),
        ):
            yield _counter(name, value, doc=doc)
        if isinstance(service.alerts, Alerts):
            yield _gauge("alerts_raised", len(service.alerts.raised()), doc="Alerts raised now")
            yield _gauge("dead_letters", len(service.alerts.dead_letters()), doc="Letters given up")

    def _sources(self) -> Iterator[Any]:
        states = self._service.writer.sources.states()
        now_ns = self._service.clock.now_ns()
        families = {
            name: CounterMetricFamily(f"trimtab_source_{name}", doc, labels=["source"])
            for name, doc in (
                ("taken", "Units of work taken"),
                ("duplicates", "Units of work that came again"),
                ("reordered", "Units of work that came early"),
                ("gaps", "Times that numbers were missing"),
            )
        }
        age = GaugeMetricFamily("trimtab_source_age_seconds", "Silence", labels=["source"])
        for source, state in sorted(states.items()):
            for name, family in families.items():
                family.add_metric([source], getattr(state, name))
            age.add_metric([source], float_of(max(0, now_ns - state.seen_ns), 9))
        yield from families.values()
        yield age

    def _venue(self) -> Iterator[Any]:
        with self._service.board.reading() as reading:
            found = overview(reading, acting=self._service.acting)
        for name in SHOWN:
            yield _gauge(f"{name}_quote", float(found[name] or 0), doc=f"{name} in the quote")
        yield _gauge("accounts", found["accounts"], doc="Accounts")
        yield _gauge("unsafe_accounts", found["unsafe_accounts"], doc="Accounts that are unsafe")
        yield _gauge("breaker_level", found["breaker_level"], doc="Breaker level, 0 open to 3")
        yield _counter("liquidations", found["liquidations"], doc="Liquidations since the start")


def metrics_text(service: Service) -> bytes:
    """All metrics in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(ServiceCollector(service))
    return generate_latest(registry)


def _counter(name: str, value: float, *, doc: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"trimtab_{name}", doc, value=value)


def _gauge(name: str, value: float, *, doc: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"trimtab_{name}", doc, value=value)
