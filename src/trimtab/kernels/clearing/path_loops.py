"""Paths from their first step to their last, each from the same start."""

from __future__ import annotations

import numpy as np

from trimtab.kernels.border import Floats
from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import account_sums, below, find_waiting, is_unsafe, rouse
from trimtab.kernels.clearing.layout import Batch, World
from trimtab.kernels.clearing.liquidation_loops import LIQUIDATED, LIQUIDATIONS
from trimtab.kernels.clearing.market_loops import advance
from trimtab.kernels.clearing.outcomes import COLUMNS, INSOLVENT_SHARE
from trimtab.kernels.clearing.step_loops import Left, close_spent, keepers
from trimtab.kernels.clearing.waterfall_loops import BAD_DEBT, SOCIALIZED
from trimtab.kernels.compiling import compiled_if_possible, inlined_if_possible

PEAK = COLUMNS.index("undercollateralized_peak")
TIME = COLUMNS.index("undercollateralized_time")
SHORT, INSOLVENT = COLUMNS.index("shortfall_left"), COLUMNS.index("insolvent")


@inlined_if_possible
def reset(world: World) -> None:
    """Put the state back to the book's."""
    for place in range(world.counts[on.ENTERED]):
        account = world.lists[on.ENTERED, place]
        world.account[account, on.SINCE] = -1
        world.account[account, on.FLAGGED] = 0
        for at in range(
            world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]
        ):
            world.held[at, on.AMOUNT] = world.held[at, on.AT_START]
            world.held[at, on.PENALTY] = 0.0
        for at in range(
            world.account[account, on.OWED_FIRST], world.account[account, on.OWED_LAST]
        ):
            world.owed[at, on.AMOUNT] = world.owed[at, on.AT_START]
    world.counts[:] = 0
    world.row[:] = 0.0
    for asset in range(world.assets.shape[0]):
        world.said[asset, 0] = world.start[asset, on.PATH]
        for column in range(on.STATE_ROWS):
            world.assets[asset, column] = world.start[asset, column]
    for group in range(world.groups.shape[0]):
        world.groups[group, on.FOLLOWING] = world.groups[group, on.FIRST]


@inlined_if_possible
def left_open(world: World) -> Left:
    """Return what is left open of all accounts, after suppliers have paid for a loss."""
    rouse(world)
    world.counts[on.SOCIALIZED_NOW] = 0
    under, short, waiting = 0.0, 0.0, 0.0
    for place in range(world.counts[on.WAITING]):
        account = world.lists[on.WAITING, place]
        found = account_sums(world, account)
        if is_unsafe(found, world.account[account, on.FLAGGED] > 0):
            waiting += found[3]
            under += found[3] if below(found[0], found[3]) else 0.0
            short += max(0.0, found[3] - found[0])
    return under, short, waiting


@inlined_if_possible
def note(world: World, moment: tuple[int, Left, Floats]) -> None:
    """Add up a step's end, and write its totals where they are asked for."""
    step, left, totals = moment
    row = world.row
    row[PEAK] = max(row[PEAK], left[0])
    row[TIME] += left[0]
    row[SHORT] = left[1]
    if totals.shape[0] > 0:
        totals[step, on.STEP_LIQUIDATED] = row[LIQUIDATED]
        totals[step, on.STEP_BAD_DEBT] = row[BAD_DEBT]
        totals[step, on.STEP_UNDER] = left[0]
        totals[step, on.STEP_LIQUIDATIONS] = row[LIQUIDATIONS]
        totals[step, on.STEP_WAITING] = left[2]


@inlined_if_possible
def run_path(world: World, path: tuple[np.uint64, int, Floats, Floats]) -> None:
    """Run one path: seed, number, prices (steps + 1 by columns), and where its totals go."""
    seed, number, prices, totals = path
    terms = world.terms
    reset(world)
    for step in range(1, prices.shape[0]):
        advance(world, (step, prices[step]))
        rouse(world)
        find_waiting(world, step)
        left = (0.0, 0.0, 0.0)
        if world.counts[on.WAITING] > 0:
            halted = terms.halt_from <= step < terms.halt_to
            if not halted:
                keepers(world, (step, seed, number))
            left = close_spent(world, halted)
            if world.counts[on.SOCIALIZED_NOW] > 0:
                left = left_open(world)
        note(world, (step, left, totals))
    lost = world.row[SOCIALIZED]
    world.row[INSOLVENT] = 1.0 if lost > INSOLVENT_SHARE * terms.first_debt else 0.0


@compiled_if_possible
def run_paths(world: World, batch: Batch) -> None:
    """Run the paths of a batch one after another."""
    for place in range(batch.prices.shape[0]):
        totals = batch.steps[min(place, batch.steps.shape[0] - 1)]
        number = batch.number + place
        run_path(world, (batch.seed, number, batch.prices[place], totals))
        for column in range(batch.table.shape[1]):
            batch.table[place, column] = world.row[column]
        for asset in range(world.assets.shape[0]):
            column = int(world.assets[asset, on.COLUMN])
            if column >= 0:
                batch.displacement[place, column] = world.assets[asset, on.LOWEST]
