"""What alerts look at: a number for each subject, from the readers' copy and the service itself."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from trimtab.apps.service.alert_rules import AlertRule
from trimtab.apps.service.board import Reading
from trimtab.apps.service.figures import book
from trimtab.apps.service.running import Service
from trimtab.apps.service.views import breakers, overview
from trimtab.kernels.liquidation_map import value_at_risk_by_price
from trimtab.model import PriceState, Table
from trimtab.units import float_of

SUBJECTS_MAX = 1000
VENUE = "venue"
Measured = dict[str, float]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a measure looks at: the service, and the venue as readers see it."""

    service: Service
    reading: Reading


Measure = Callable[[AlertRule, Sight], Measured]


def measured(rule: AlertRule, sight: Sight) -> Measured:
    """The rule's measure now, by subject."""
    return MEASURED[rule.measure](rule, sight)


def _account_health(rule: AlertRule, sight: Sight) -> Measured:
    """Health of each matching account with debt; the worst first, at most a thousand."""
    figures = book(sight.reading)
    order = np.argsort(figures.health, kind="stable").tolist()
    found: Measured = {}
    for number in order:
        if len(found) >= SUBJECTS_MAX or not np.isfinite(figures.health[number]):
            break
        if fnmatchcase(figures.keys[number], rule.match):
            found[figures.keys[number]] = float(figures.health[number])
    return found


def _group_health(rule: AlertRule, sight: Sight) -> Measured:
    """The lowest health of all matching accounts."""
    found = _account_health(rule, sight)
    return {rule.match: min(found.values())} if found else {}


def _debt_at_risk(_: AlertRule, sight: Sight) -> Measured:
    return {VENUE: float(book(sight.reading).at_risk.sum())}


def _unsafe_debt(_: AlertRule, sight: Sight) -> Measured:
    numbers = [sight.reading.columns.number[key] for key in sight.reading.waiting]
    return {VENUE: float(book(sight.reading).debt[numbers].sum()) if numbers else 0.0}


def _cluster_near_price(rule: AlertRule, sight: Sight) -> Measured:
    """Debt that a fall of the asset by the rule's share would make liquidatable."""
    names = sorted(sight.reading.draft.rules.assets)
    if rule.asset not in names:
        return {}
    edges = sight.reading.edges.of(names.index(rule.asset))
    grid = [1.0 - rule.within, 1.0]
    return {
        rule.asset: float(value_at_risk_by_price(edges, book(sight.reading).debt, grid=grid)[0])
    }


def _oracle_stale(rule: AlertRule, sight: Sight) -> Measured:
    """Age of each matching asset's price by the service's clock, seconds."""
    now_ns = max(sight.service.clock.now_ns(), sight.reading.at_ns)
    found = {}
    for asset in sight.reading.draft.rules.assets:
        state = sight.reading.store.get(Table.PRICE, asset)
        shown = isinstance(state, PriceState) and asset != sight.reading.draft.rules.quote
        if shown and isinstance(state, PriceState) and fnmatchcase(asset, rule.match):
            found[asset] = float_of(now_ns - state.at_ns, 9)
    return found


def _source_stuck(rule: AlertRule, sight: Sight) -> Measured:
    """Seconds since each matching source last sent."""
    now_ns = sight.service.clock.now_ns()
    return {
        name: float_of(max(0, now_ns - state.seen_ns), 9)
        for name, state in sight.service.writer.sources.states().items()
        if fnmatchcase(name, rule.match)
    }


def _feed_lost(rule: AlertRule, sight: Sight) -> Measured:
    """1 for each matching feed of `--feed` that is not heard, else 0."""
    feeds = sight.service.feeds
    return {
        feed.name: float(bool(feed.problem()))
        for feed in feeds
        if fnmatchcase(feed.name, rule.match)
    }


def _fund_drawdown(_: AlertRule, sight: Sight) -> Measured:
    """What the insurance fund has lost of its highest value since the service began."""
    now = float(overview(sight.reading, acting=False)["insurance"] or 0)
    sight.service.fund_peak = max(sight.service.fund_peak, now)
    return {VENUE: 1 - now / sight.service.fund_peak} if sight.service.fund_peak > 0 else {}


def _breaker(_: AlertRule, sight: Sight) -> Measured:
    return {VENUE: float(breakers(sight.reading)["level"])}


def _lag(_: AlertRule, sight: Sight) -> Measured:
    """Seconds that the last group took from the queue to durable."""
    return {VENUE: sight.service.writer.counters.lag_s}


def _queue(_: AlertRule, sight: Sight) -> Measured:
    """How full the queue is, 0 to 1."""
    return {VENUE: len(sight.service.queue) / sight.service.queue.capacity}


def _journal(_: AlertRule, sight: Sight) -> Measured:
    """1 where the journal cannot write or the writer has stopped, else 0."""
    return {
        VENUE: float(sight.service.writer.waiting_for_journal or bool(sight.service.writer.failure))
    }


MEASURED: dict[str, Measure] = {
    "account_health": _account_health,
    "group_health": _group_health,
    "debt_at_risk": _debt_at_risk,
    "unsafe_debt": _unsafe_debt,
    "cluster_near_price": _cluster_near_price,
    "oracle_stale": _oracle_stale,
    "source_stuck": _source_stuck,
    "feed_lost": _feed_lost,
    "fund_drawdown": _fund_drawdown,
    "breaker": _breaker,
    "lag": _lag,
    "queue": _queue,
    "journal": _journal,
}
