"""Full output and liquidation prices in NumPy."""

from __future__ import annotations

import numpy as np

from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.works import EdgeWork, OutputWork


def value(work: OutputWork) -> None:
    """Fill the table for the accounts of the work."""
    piece = slice(work.first, work.last)
    owner, at = _rows(work.start[piece], work.positions[piece].astype(np.int64))
    size = work.last - work.first
    term, held = work.term[at], work.quantity[at]

    def summed(column: Floats) -> Floats:
        sums: Floats = np.bincount(owner, weights=column, minlength=size).astype(np.float64)
        return sums

    worth = held * work.levels[term, 2]
    owned, owed = summed(np.maximum(worth, 0.0)), summed(np.maximum(-worth, 0.0))
    equity, gross = (summed(held * work.levels[term, level]) for level in (3, 4))
    run = _runs(owner, work.asset[term])
    net = np.bincount(run, weights=worth, minlength=run.size)[run]
    leads = np.concatenate([[True], run[1:] != run[:-1]])[: run.size]
    counts = leads & (work.asset[term] >= 0)
    falling = summed(np.where(counts, np.maximum(net, 0.0), 0.0))
    excess = owned - owed
    table = work.table[:, piece]
    for level in (0, 1):
        table[level] = summed(held * work.levels[term, level])
    table[2] = excess
    with np.errstate(divide="ignore", invalid="ignore"):
        table[3] = np.where(owed > 0, owned / owed, np.inf)
        table[4] = np.where(equity > 0, gross / equity, np.inf)
        part = np.where(falling > 0, np.maximum(excess, 0.0) / falling, 0.0)
    table[5] = np.where((owed == 0) | ((excess > 0) & (excess >= falling)), 1.0, part)


def edges(work: EdgeWork) -> None:
    """Fill ratio and net of every position: one answer for each account and asset."""
    owner, at = _rows(work.start, work.positions.astype(np.int64))
    term = work.term[at]
    worth = work.quantity[at] * work.maintenance[term]
    excess = np.bincount(owner, weights=worth, minlength=work.start.size)[owner]
    run = _runs(owner, work.asset[term])
    moving = work.quantity[at] * work.moving[term]
    net = np.bincount(run, weights=moving, minlength=run.size)[run]
    leads = np.concatenate([[True], run[1:] != run[:-1]])[: run.size]
    rest = excess - net
    answered = leads & (work.asset[term] >= 0)
    answered &= ((net > 0) & (rest < 0)) | ((net < 0) & (rest >= 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        work.ratio[at] = np.where(answered, -rest / net, np.nan)
    work.net[at] = np.where(answered, net, 0.0)


def _rows(start: Ints, counts: Ints) -> tuple[Ints, Ints]:
    owner = np.repeat(np.arange(counts.size), counts)
    offset = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, start[owner] + offset


def _runs(owner: Ints, asset: Ints) -> Ints:
    """A number for each stretch of equal account and asset."""
    if owner.size == 0:
        return owner
    changes = (owner[1:] != owner[:-1]) | (asset[1:] != asset[:-1])
    return np.concatenate([[0], np.cumsum(changes)])
