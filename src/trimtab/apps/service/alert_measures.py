"""What alerts look at: a number for each subject, from the readers' copy and the service itself."""

from collections.abc import Callable
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
Measure = Callable[[AlertRule, Service, Reading], Measured]


def measured(rule: AlertRule, service: Service, reading: Reading) -> Measured:
    """The rule's measure now, by subject."""
    return MEASURED[rule.measure](rule, service, reading)


def _account_health(rule: AlertRule, _: Service, reading: Reading) -> Measured:
    """Health of each matching account with debt; the worst first, at most a thousand."""
    figures = book(reading)
    order = np.argsort(figures.health, kind="stable").tolist()
    found: Measured = {}
    for number in order:
        if len(found) >= SUBJECTS_MAX or not np.isfinite(figures.health[number]):
            break
        if fnmatchcase(figures.keys[number], rule.match):
            found[figures.keys[number]] = float(figures.health[number])
    return found


def _group_health(rule: AlertRule, service: Service, reading: Reading) -> Measured:
    """The lowest health of all matching accounts."""
    found = _account_health(rule, service, reading)
    return {rule.match: min(found.values())} if found else {}


def _debt_at_risk(_: AlertRule, __: Service, reading: Reading) -> Measured:
    return {VENUE: float(book(reading).at_risk.sum())}


def _unsafe_debt(_: AlertRule, __: Service, reading: Reading) -> Measured:
    numbers = [reading.columns.number[key] for key in reading.waiting]
    return {VENUE: float(book(reading).debt[numbers].sum()) if numbers else 0.0}


def _cluster_near_price(rule: AlertRule, _: Service, reading: Reading) -> Measured:
    """Debt that a fall of the asset by the rule's share would make liquidatable."""
    names = sorted(reading.draft.rules.assets)
    if rule.asset not in names:
        return {}
    edges = reading.edges.of(names.index(rule.asset))
    grid = [1.0 - rule.within, 1.0]
    return {rule.asset: float(value_at_risk_by_price(edges, book(reading).debt, grid=grid)[0])}


def _oracle_stale(rule: AlertRule, service: Service, reading: Reading) -> Measured:
    """Age of each matching asset's price by the service's clock, seconds."""
    now_ns = max(service.clock.now_ns(), reading.at_ns)
    found = {}
    for asset in reading.draft.rules.assets:
        state = reading.store.get(Table.PRICE, asset)
        shown = isinstance(state, PriceState) and asset != reading.draft.rules.quote
        if shown and isinstance(state, PriceState) and fnmatchcase(asset, rule.match):
            found[asset] = float_of(now_ns - state.at_ns, 9)
    return found


def _source_stuck(rule: AlertRule, service: Service, _: Reading) -> Measured:
    """Seconds since each matching source last sent."""
    now_ns = service.clock.now_ns()
    return {
        name: float_of(max(0, now_ns - state.seen_ns), 9)
        for name, state in service.writer.sources.states().items()
        if fnmatchcase(name, rule.match)
    }


def _fund_drawdown(_: AlertRule, service: Service, reading: Reading) -> Measured:
    """What the insurance fund has lost of its highest value since the service began."""
    now = float(overview(reading, acting=False)["insurance"] or 0)
    service.fund_peak = max(service.fund_peak, now)
    return {VENUE: 1 - now / service.fund_peak} if service.fund_peak > 0 else {}


def _breaker(_: AlertRule, __: Service, reading: Reading) -> Measured:
    return {VENUE: float(breakers(reading)["level"])}


def _lag(_: AlertRule, service: Service, __: Reading) -> Measured:
    """Seconds that the last group took from the queue to durable."""
    return {VENUE: service.writer.counters.lag_s}


def _queue(_: AlertRule, service: Service, __: Reading) -> Measured:
    """How full the queue is, 0 to 1."""
    return {VENUE: len(service.queue) / service.queue.capacity}


def _journal(_: AlertRule, service: Service, __: Reading) -> Measured:
    """1 where the journal cannot write or the writer has stopped, else 0."""
    return {VENUE: float(service.writer.waiting_for_journal or bool(service.writer.failure))}


MEASURED: dict[str, Measure] = {
    "account_health": _account_health,
    "group_health": _group_health,
    "debt_at_risk": _debt_at_risk,
    "unsafe_debt": _unsafe_debt,
    "cluster_near_price": _cluster_near_price,
    "oracle_stale": _oracle_stale,
    "source_stuck": _source_stuck,
    "fund_drawdown": _fund_drawdown,
    "breaker": _breaker,
    "lag": _lag,
    "queue": _queue,
    "journal": _journal,
}
