"""The books of the venue: cash, pools, funds, and who paid which loss; all to the last unit."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.apps.report.ends import Ends
from trimtab.apps.report.shown import Shown, amount, cell, count
from trimtab.apps.report.story import PAYERS
from trimtab.model import BACKSTOP, INSURANCE, EventKind, Payer, Pool, Table, View
from trimtab.simulation import ReplayRun


@dataclass(frozen=True, slots=True)
class CashRow:
    """One asset's cash: start + inflow - outflow must be the end, in native units."""

    asset: str
    parts: tuple[Shown, ...]
    difference: Shown
    agrees: bool


@dataclass(frozen=True, slots=True)
class PoolRow:
    """The identity of one pool: cash + borrowed + deficit = supplied + reserves + minted."""

    asset: str
    parts: tuple[Shown, ...]
    difference: Shown
    agrees: bool


@dataclass(frozen=True, slots=True)
class LossRow:
    """What was lost on debts in one asset, by payer."""

    asset: str
    paid: tuple[Shown, ...]
    total: Shown


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund's worth at both ends and what it paid for losses."""

    name: str
    start: Shown
    paid: Shown
    end: Shown


def _pool(view: View, asset: str) -> Pool:
    record = view.get(Table.POOL, asset)
    return record if isinstance(record, Pool) else Pool(asset)


def cash_rows(run: ReplayRun, ends: Ends) -> list[CashRow]:
    """The cash of every asset, from the flows of the events."""
    inflow: dict[str, int] = {}
    outflow: dict[str, int] = {}
    for timed in run.events:
        event = timed.event
        side = inflow if event.flow > 0 else outflow
        if event.flow:
            side[event.asset] = side.get(event.asset, 0) + abs(event.flow)
    rows = []
    for asset, rules in run.case.rules.assets.items():
        start, end = _pool(ends.opening, asset).cash, _pool(run.store, asset).cash
        came, went = inflow.get(asset, 0), outflow.get(asset, 0)
        difference = end - (start + came - went)
        parts = tuple(amount(units, rules.decimals) for units in (start, came, went, end))
        rows.append(CashRow(asset, parts, count(difference), difference == 0))
    return rows


def pool_rows(run: ReplayRun) -> list[PoolRow]:
    """The identity of every pool at the end."""
    rows = []
    for asset, rules in run.case.rules.assets.items():
        pool = _pool(run.store, asset)
        left = (pool.cash, pool.borrowed, pool.deficit)
        right = (pool.supplied, pool.reserves, pool.minted)
        parts = tuple(amount(units, rules.decimals) for units in (*left, *right))
        difference = sum(left) - sum(right)
        rows.append(PoolRow(asset, parts, count(difference), difference == 0))
    return rows


def loss_rows(run: ReplayRun) -> list[LossRow]:
    """Losses by the asset of the debt, the largest first."""
    paid: dict[str, dict[Payer, int]] = {}
    for timed in run.events:
        event = timed.event
        if event.kind is EventKind.LOSS and event.payer is not None:
            found = paid.setdefault(event.asset, {})
            found[event.payer] = found.get(event.payer, 0) + event.value
    order = sorted(paid, key=lambda asset: (-_total(paid[asset]), asset))
    return [
        LossRow(
            asset,
            tuple(cell(paid[asset].get(payer, 0)) for payer in Payer),
            cell(_total(paid[asset])),
        )
        for asset in order
    ]


def _total(paid: Mapping[Payer, int]) -> int:
    return sum(paid.values())


def fund_rows(run: ReplayRun, ends: Ends) -> list[FundRow]:
    """The venue's two funds."""
    funds = ((INSURANCE, Payer.INSURANCE), (BACKSTOP, Payer.BACKSTOP))
    return [
        FundRow(
            PAYERS[payer],
            cell(ends.funds_before[key]),
            cell(run.tally.loss_wad[payer]),
            cell(ends.funds_after[key]),
        )
        for key, payer in funds
    ]
