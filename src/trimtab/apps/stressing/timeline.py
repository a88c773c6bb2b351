"""What happened on a path, step by step: the events of each added up, and its prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.model import EventKind
from trimtab.simulation import ReplayRun
from trimtab.simulation.stress import Prepared
from trimtab.simulation.tally import Tally
from trimtab.simulation.world import WorldRun
from trimtab.units import Time, fixed_of, float_of

_ACTS = (EventKind.LIQUIDATE, EventKind.AUCTION_TAKE, EventKind.LIQUIDATE_POSITION)
_TOLD = (*_ACTS, EventKind.LOSS, EventKind.DELEVERAGE, EventKind.BACKSTOP_TRANSFER)
_WAD = 18


@dataclass(frozen=True, slots=True)
class Moment:
    """One step on which somebody was liquidated, or a loss was booked.

    Args:
        at_ns: time, ns UTC. step: its number, from 0.
        prices_wad: what the oracle reports then, by asset.
        accounts: whom it concerned, in order of their names.
        liquidations: of loans and positions, bids in auctions among them.
        tally: what was repaid, seized and lost, and who paid: exact.
    """

    at_ns: int
    step: int
    prices_wad: Mapping[str, int]
    accounts: tuple[str, ...]
    liquidations: int
    tally: Tally

    @property
    def at(self) -> str:
        """Its time as text."""
        return Time(self.at_ns).text()

    @property
    def taken_wad(self) -> int:
        """Debt that was repaid and notional that was closed, wad of the quote."""
        return self.tally.repaid_wad + self.tally.closed_wad


def timeline_of(
    run: ReplayRun, reported: NDArray[np.float64], *, assets: Sequence[str]
) -> tuple[Moment, ...]:
    """Return the steps of a run on which anything was liquidated, cut or lost, in order.

    Args:
        reported: prices that the oracle reports, steps + 1 by `assets`, quote.
    """
    steps = {at_ns: step for step, at_ns in enumerate(run.metrics.at_ns)}
    found = []
    for at_ns, group in groupby(run.events, key=lambda timed: timed.at_ns):
        events = [timed.event for timed in group]
        told = [event for event in events if event.kind in _TOLD]
        if not told:
            continue
        tally = Tally()
        tally.add(events)
        names = sorted({event.account for event in told if event.account})
        number = sum(event.kind in _ACTS for event in told)
        told_prices = reported[steps[at_ns]].tolist()
        prices = {a: fixed_of(p, _WAD) for a, p in zip(assets, told_prices, strict=True)}
        found.append(Moment(at_ns, steps[at_ns], prices, tuple(names), number, tally))
    return tuple(found)


def price_columns(world: WorldRun, ready: Prepared) -> dict[str, list[Any]]:
    """Return the prices of a path, a row for each step and asset, quote.

    `drawn` is the path's own, `market` what sales left of it at the step's end, `reported` what the
    oracle said.
    """
    assets, at_ns = ready.grid.assets, world.metrics.at_ns
    drawn = [dict(tick.prices) for tick in world.case.ticks]
    rows = [(at, step, asset) for step, at in enumerate(at_ns) for asset in assets]
    return {
        "timestamp": [at for at, _, _ in rows],
        "step": [step for _, step, _ in rows],
        "asset": [asset for _, _, asset in rows],
        "drawn": [float_of(drawn[step][asset], _WAD) for _, step, asset in rows],
        "market": world.prices.ravel().tolist(),
        "reported": world.reported.ravel().tolist(),
    }
