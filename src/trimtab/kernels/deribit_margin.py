"""Deribit's portfolio margin over columns: 27 moves of price and volatility, and 8 far ones.

The rules are those of the exact twin `trimtab.protocols.deribit`, whose docstring names the source.
Each answer carries a bound on its own rounding: what lies within it is for the twin to decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.option_book import OptionBook, account_column
from trimtab.kernels.row_threads import over_rows
from trimtab.kernels.scenarios import (
    GROUPS_AT_ONCE,
    Scenarios,
    Valued,
    scenario_totals,
    value_bounds,
)
from trimtab.units import UsageError

Floats = NDArray[np.float64]

_MONTH_SECONDS: Final = 30 * 86400.0
_UP, _SAME, _DOWN = range(3)
# Of one product with a move, per unit of a future.
_FUTURE_ERROR: Final = 1e-15
# The twin rounds to 1e-18 in every step.
_TWIN_ERROR: Final = 1e-16


@dataclass(frozen=True, slots=True)
class DeribitGrid:
    """The parameters of one currency pair, as fractions; those of the twin in float64.

    far_moves: pairs of a move and the fraction of its result counted; dampener: what is then taken
    off, toward 0, in the settlement currency.
    """

    price_range: float
    buckets: int
    vol_up: float
    vol_down: float
    vol_up_min: float
    short_power: float
    long_power: float
    maintenance_factor: float
    far_moves: tuple[tuple[float, float], ...]
    dampener: float = 0.0
    time_min_seconds: float = 86400.0


@dataclass(frozen=True, slots=True, eq=False)
class DeribitMargins:
    """Per account: initial and maintenance requirement, 0 or more, the index of the worst scenario.

    worst: in the order of `scenarios_of`, -1 where nothing is lost; bound: by how much the initial
    requirement may differ from the exact one.
    """

    initial: Floats
    maintenance: Floats
    worst: NDArray[np.int64]
    bound: Floats


def _far(price_range: float) -> tuple[tuple[float, float], ...]:
    moves = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    return tuple((move, price_range / abs(move)) for move in moves)


BTC_GRID: Final = DeribitGrid(
    price_range=0.16,
    buckets=4,
    vol_up=0.5,
    vol_down=0.25,
    vol_up_min=0.5,
    short_power=0.3,
    long_power=0.13,
    maintenance_factor=0.8,
    far_moves=_far(0.16),
)


def btc_grid(index_price: float) -> DeribitGrid:
    """Return `BTC_GRID` with its dampener of 100,000 USD in coins at an index price above 0."""
    if not index_price > 0.0:
        raise UsageError(f"index_price: expected a number above 0, found {index_price}")
    return replace(BTC_GRID, dampener=100_000.0 / index_price)


def scenarios_of(grid: DeribitGrid) -> Scenarios:
    """Return the standard moves from lowest to highest with vol up, same and down, then the far."""
    steps = np.arange(-grid.buckets, grid.buckets + 1) / grid.buckets
    standard = np.repeat(1.0 + grid.price_range * steps, 3)
    far = 1.0 + np.array([move for move, _ in grid.far_moves])
    kinds = np.tile([_UP, _SAME, _DOWN], len(steps))
    return Scenarios(
        np.concatenate([standard, far]),
        np.concatenate([kinds, np.full(len(far), _UP)]).astype(np.int64),
    )


def deribit_margins(
    options: OptionBook,
    grid: DeribitGrid = BTC_GRID,
    *,
    inverse_coins: ArrayLike = 0.0,
    linear_notional: ArrayLike = 0.0,
    threads: int = 1,
) -> DeribitMargins:
    """Return the margin of every account, one group of `options` each.

    Args:
        options: positions that settle in one currency on one pair, grouped by account.
        grid: parameters of the pair.
        inverse_coins: signed worth in coins at the mark of each account's inverse futures.
        linear_notional: signed size times mark price of each account's linear futures, in quote.
        threads: at most this many; the results do not depend on it.

    Returns:
        initial = the worst counted loss, at least 0; maintenance = its share.

    Raises:
        DataError, UsageError: as for `OptionBook`.
    """
    accounts = options.groups
    coins = account_column(inverse_coins, "inverse_coins", accounts=accounts)
    notional = account_column(linear_notional, "linear_notional", accounts=accounts)
    scenarios = scenarios_of(grid)
    out = DeribitMargins(
        np.empty(accounts), np.empty(accounts), np.empty(accounts, np.int64), np.empty(accounts)
    )

    def work(first: int, last: int) -> None:
        for begin in range(first, last, GROUPS_AT_ONCE):
            end = min(begin + GROUPS_AT_ONCE, last)
            run = slice(begin, end)
            valued = _valued(options, grid, first=begin, last=end)
            profits = _counted(valued, grid, scenarios=scenarios)
            move = scenarios.spot - 1.0
            profits += coins[run, None] * (move / scenarios.spot) * _shares(grid, inverse=True)
            profits += notional[run, None] * move * _shares(grid, inverse=False)
            bound = 2.0 * value_bounds(valued, scenarios) + _TWIN_ERROR
            bound += _FUTURE_ERROR * float(np.abs(move / scenarios.spot).max()) * np.abs(coins[run])
            bound += _FUTURE_ERROR * float(np.abs(move).max()) * np.abs(notional[run])
            _write(_damped(profits, grid), grid, run=run, out=out)
            out.bound[run] = bound

    over_rows(work, accounts, threads=threads)
    return out


def shocked_vols(vol_annual: Floats, seconds: Floats, *, grid: DeribitGrid) -> Floats:
    """Return volatilities up, the same and down, as three rows.

    max(vol * (1 + up * (30 days / T)**p), least) and vol * max(0, 1 - down * (30 days / T)**p).
    """
    power = np.where(seconds < _MONTH_SECONDS, grid.short_power, grid.long_power)
    scale = (_MONTH_SECONDS / np.maximum(seconds, grid.time_min_seconds)) ** power
    up = np.maximum(vol_annual * (1.0 + grid.vol_up * scale), grid.vol_up_min)
    down = vol_annual * np.maximum(0.0, 1.0 - grid.vol_down * scale)
    return np.stack([up, vol_annual, down])


def _valued(options: OptionBook, grid: DeribitGrid, *, first: int, last: int) -> Valued:
    rows = slice(int(options.offsets[first]), int(options.offsets[last]))
    vols = shocked_vols(options.vol_annual[rows], options.seconds[rows], grid=grid)
    return Valued(options, vols, np.ones(vols.shape[1]), first, last)


def _counted(valued: Valued, grid: DeribitGrid, *, scenarios: Scenarios) -> Floats:
    """Profits of the options as the venue counts them; coins and quote have their own shares."""
    inverse = valued.book.is_inverse[valued.rows]
    profits = np.zeros((valued.last - valued.first, len(scenarios.spot)))
    for flag in (True, False):
        of_kind = inverse if flag else ~inverse
        if of_kind.any():
            part = replace(valued, discount=valued.discount * of_kind)
            totals = scenario_totals(part, scenarios)
            totals -= totals[:, [3 * grid.buckets + 1]]
            profits += totals * _shares(grid, inverse=flag)
    return profits


def _shares(grid: DeribitGrid, *, inverse: bool) -> Floats:
    """What counts of a profit in each scenario: all of a standard move, a fraction of a far one.

    In coins the quote of a far move is paid at the edge of the range on its side:
    fraction x (1 + move) / (1 +- range).
    """
    far = np.array([fraction for _, fraction in grid.far_moves])
    if inverse:
        moves = np.array([move for move, _ in grid.far_moves])
        far = far * (1.0 + moves) / (1.0 + np.copysign(grid.price_range, moves))
    return np.concatenate([np.ones(3 * (2 * grid.buckets + 1)), far])


def _damped(profits: Floats, grid: DeribitGrid) -> Floats:
    far = len(grid.far_moves)
    if far:
        counted = profits[:, -far:]
        damped = np.maximum(np.abs(counted) - grid.dampener, 0.0)
        profits[:, -far:] = np.copysign(damped, counted)
    return profits


def _write(counted: Floats, grid: DeribitGrid, *, run: slice, out: DeribitMargins) -> None:
    worst = np.argmin(counted, axis=1)
    loss = np.maximum(-np.take_along_axis(counted, worst[:, None], axis=1)[:, 0], 0.0)
    out.initial[run] = loss
    out.maintenance[run] = loss * grid.maintenance_factor
    out.worst[run] = np.where(loss > 0.0, worst, -1)
