"""The columns that the path kernel works on: a book laid out once, and the state of one path.

Tables have one row per asset, account or holding, so that what is asked of one lies together.
Amounts are whole units; what an account holds or owes is kept as of the start's index.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.clearing.ordering_loops import Pairs
from trimtab.kernels.clearing.outcomes import COLUMNS
from trimtab.kernels.impact import ImpactCurves

# Columns of `World.assets`: first one path's state of each asset,
PATH, MARKET, REPORTED, HELD_WORTH, OWED_WORTH, HELD_LOG, OWED_LOG = range(7)
HELD_INDEX, OWED_INDEX, HELD_INDEX_LOG, OWED_INDEX_LOG = range(7, 11)
OUTSTANDING, PERMANENT, DEPTH, VARIANCE, LOWEST, LAST_SAID, LAST_STEP = range(11, 18)
SUPPLIED, BORROWED, CASH, RESERVES, MINTED, FUND, BACKSTOP = range(18, 25)
# (the market price over the reported one)
OVER_REPORTED = 25
STATE_ROWS = 26
# then what its rules and terms say.
COLUMN, LIABILITY, FEE, MINTABLE, KEPT, GROWTH, GROWTH_LOG = range(26, 33)
ABSORPTION, THINNING, DEPTH_LEAST, SIGMA_REF, FIRST_PRICE = range(33, 38)
DEVIATION, HEARTBEAT, DELAY, OUT_FROM, OUT_TO, LIE, LIE_FROM, LIE_TO = range(38, 46)
ASSET_COLUMNS = 46

# Columns of `World.held` and, the first two, of `World.owed`.
AMOUNT, AT_START, PENALTY, WEIGHT, END, BONUS = range(6)
# Columns of `World.account`.
HELD_FIRST, HELD_LAST, OWED_FIRST, OWED_LAST, GROUP, SINCE, FLAGGED = range(7)
ACCOUNT_COLUMNS = 7
# Columns of `World.known`: by place among those who wait, an account's sums and its best offer.
COLLATERAL, MAINTENANCE, AT_END, DEBT, WEIGHTED, REPAY, BONUS_RATE, FEE_RATE, GAINED = range(9)
KNOWN_COLUMNS = 9
# Rows of `World.lists`; the first three have as many entries as `World.counts` says: accounts that
# were looked at and sleep again, that were ever looked at, that are awake. The fourth is the group
# of each sleeper, the last two are rows of the best offer of each who waits.
SLEEPING, ENTERED, WAITING, GROUPED, OFFER_OWED, OFFER_HELD = range(6)
LIST_ROWS = 6
# So many sleepers share an entry of `World.lowest`.
BLOCK = 16
# Places of `World.counts` after those.
LANDED, SOCIALIZED_NOW = range(3, 5)
# Columns of `World.groups`; its members follow: assets held, and after one for every asset, owed.
FIRST, LAST, FOLLOWING, HELD_COUNT, OWED_COUNT, MEMBERS = range(6)
# Places of `World.row` after the outcome's columns.
CAPITAL = len(COLUMNS)
GAS = CAPITAL + 1
# Places of a step's totals.
STEP_LIQUIDATED, STEP_BAD_DEBT, STEP_UNDER, STEP_LIQUIDATIONS, STEP_WAITING = range(5)

TERMS = np.dtype(
    [
        ("sizing", np.int64),
        ("target_health", np.float64),
        ("close_factor", np.float64),
        ("full_close_health", np.float64),
        ("shortfall_bonus", np.int64),
        ("minimum_bonus", np.float64),
        ("full_bonus_health", np.float64),
        ("spiral_cut", np.int64),
        ("dust_debt", np.float64),
        ("dust_collateral", np.float64),
        ("dust_share", np.float64),
        ("min_profit", np.float64),
        ("gas", np.float64),
        ("gas_slope", np.float64),
        ("gas_asset", np.int64),
        ("capital", np.float64),
        ("per_step", np.int64),
        ("failure", np.float64),
        ("delay_steps", np.int64),
        ("repeats", np.int64),
        ("halt_from", np.int64),
        ("halt_to", np.int64),
        ("quote", np.int64),
        ("decay", np.float64),
        ("step_years", np.float64),
        ("feedback", np.int64),
        ("reported_at_once", np.int64),
        ("grows", np.int64),
        ("first_debt", np.float64),
    ]
)


class World(NamedTuple):
    """All that a step needs, in few arrays: each argument of a compiled function costs.

    Accounts stand by group and, within it, nearest to the edge first, so that those which a path
    wakes lie together; `name` says which account of the book each is.
    Rows of what account i holds are `account[i, HELD_FIRST]` to `account[i, HELD_LAST]` - 1 of
    `held` and `held_asset`, by name of the asset; `owed` likewise. `groups` are accounts by the
    assets that they hold and owe; `wake` is the level up to which each account sleeps at first.
    `known` is what a step has worked out of each account that waits. `level` is the level up to
    which each sleeper sleeps, by place, `lowest` at most the lowest level of each block of them.
    `turns` is who acts in what order. `start` is the state of `assets` before the first step,
    `said` what each oracle has published by step, `row` the path's outcome, `terms` a record of
    `TERMS`.
    """

    held: Floats
    held_asset: Ints
    owed: Floats
    owed_asset: Ints
    account: Ints
    name: Ints
    known: Floats
    level: Floats
    lowest: Floats
    lists: Ints
    turns: Pairs
    counts: Ints
    groups: Ints
    wake: Floats
    spread: Floats
    assets: Floats
    start: Floats
    said: Floats
    row: Floats
    terms: np.record
    curves: ImpactCurves


class Batch(NamedTuple):
    """Some paths: their prices, and where what they do to the venue is written.

    `prices` are paths by steps + 1 by columns, `number` that of the first path. `steps` takes
    totals of each step where it has a row for each path.
    """

    prices: Floats
    seed: np.uint64
    number: int
    table: Floats
    displacement: Floats
    steps: Floats
