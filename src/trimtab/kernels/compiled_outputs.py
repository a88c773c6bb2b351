"""Full output and liquidation prices, compiled; twins in `numpy_outputs`."""

from __future__ import annotations

import numpy as np

from trimtab.kernels.jit import kernel
from trimtab.kernels.works import EdgeWork, OutputWork


@kernel
def value(work: OutputWork) -> None:
    """Fill the table for the accounts of the work."""
    quantity, terms, levels, asset, table = (
        work.quantity,
        work.term,
        work.levels,
        work.asset,
        work.table,
    )
    for account in range(work.first, work.last):
        begin = work.start[account]
        end = begin + work.positions[account]
        initial, ending, excess, equity, gross = 0.0, 0.0, 0.0, 0.0, 0.0
        owned, falling, net, last = 0.0, 0.0, 0.0, -1
        owed = 0.0
        for at in range(begin, end):
            term, held = terms[at], quantity[at]
            initial += held * levels[term, 0]
            ending += held * levels[term, 1]
            worth = held * levels[term, 2]
            equity += held * levels[term, 3]
            gross += held * levels[term, 4]
            owned += max(worth, 0.0)
            owed -= min(worth, 0.0)
            # Positions of one asset stand beside one another.
            if asset[term] != last:
                falling += max(net, 0.0) if last >= 0 else 0.0
                net, last = 0.0, asset[term]
            net += worth
        falling += max(net, 0.0) if last >= 0 else 0.0
        excess = owned - owed
        table[0, account], table[1, account], table[2, account] = initial, ending, excess
        table[3, account] = owned / owed if owed > 0 else np.inf
        table[4, account] = gross / equity if equity > 0 else np.inf
        table[5, account] = distance((excess, falling), owed)


@kernel
def distance(sums: tuple[float, float], owed: float) -> float:
    """Fraction of the falling value that the excess can lose; 1 is never."""
    excess, falling = sums
    if owed == 0 or (excess > 0 and excess >= falling):
        return 1.0
    return max(excess, 0.0) / falling if falling > 0 else 0.0


@kernel
def edges(work: EdgeWork) -> None:
    """Fill ratio and net of every position: one answer for each account and asset."""
    for account in range(work.start.size):
        begin = work.start[account]
        end = begin + work.positions[account]
        excess = 0.0
        for at in range(begin, end):
            excess += work.quantity[at] * work.maintenance[work.term[at]]
        at = begin
        while at < end:
            asset, first, net = work.asset[work.term[at]], at, 0.0
            while at < end and work.asset[work.term[at]] == asset:
                net += work.quantity[at] * work.moving[work.term[at]]
                work.ratio[at], work.net[at] = np.nan, 0.0
                at += 1
            rest = excess - net
            edge = -rest / net if net != 0 else np.nan
            if asset >= 0 and ((net > 0 and rest < 0) or (net < 0 and rest >= 0)):
                work.ratio[first], work.net[first] = edge, net
