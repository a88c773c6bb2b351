"""Implied volatility as machine code: Halley's method on blocks of options at once.

With x = -|ln(F / K)|, s = vol sqrt(T) and everything divided by D sqrt(F K), the value of whichever
of call and put is out of the money is

    b(s) = E (M(|a|) - M(c))            below the inflection point s* = sqrt(2 |x|)
    b_max - b(s) = E (M(|a|) + M(c))    above it

    E = b'(s) = exp(-(x**2 / s**2 + s**2 / 4) / 2) / sqrt(2 pi)
    a = |x| / s - s / 2,  c = |x| / s + s / 2,  M(z) = (1 - Phi(z)) / phi(z)

The side of s* is known from the price. Below it 1 / ln b is solved for, which is close to
proportional to s**2; above it ln(b_max - b). Both are smooth and monotone, so that few steps do.
The normalization and the choice of side follow P. Jaeckel, "Let's be rational", Wilmott (2015).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.compiling import compiled
from trimtab.kernels.normal import density, exp_minus, ln_ratio, mills

Floats = NDArray[np.float64]

BLOCK: Final = 256
STEPS_MOST: Final = 24
# Halley's method triples the digits: after a step of this size nothing is left to gain.
STEP_ENOUGH: Final = 1e-6
_LEAST_VALUE: Final = 1e-300
_LEAST_S: Final = 1e-60
_LEAST_LOG: Final = 1e-18
_ROOT_TAU: Final = 2.5066282746310002

FOUND, NO_TIME_VALUE, BELOW_PAYOFF, ABOVE_MOST, NO_TIME, UNDECIDED = range(6)


class PricedRows(NamedTuple):
    """Options with their prices."""

    forward: Floats
    strike: Floats
    price: Floats
    years: Floats
    is_call: NDArray[np.bool_]
    discount: Floats


class ImpliedRows(NamedTuple):
    """Where volatility and status are written."""

    vol_annual: Floats
    status: NDArray[np.int8]


class _Block(NamedTuple):
    distance: Floats
    target: Floats
    s: Floats
    edge: Floats
    is_low: NDArray[np.bool_]
    is_done: NDArray[np.bool_]


class _Task(NamedTuple):
    rows: PricedRows
    out: ImpliedRows
    block: _Block


@compiled
def status_of(time_value: float, most: float) -> int:
    """Return what can be said of a time value between 0 and the lesser of forward and strike."""
    found = FOUND if time_value < most else ABOVE_MOST
    found = NO_TIME_VALUE if time_value <= most * _LEAST_VALUE else found
    return BELOW_PAYOFF if time_value < 0.0 else found


@compiled
def prepare(task: _Task, first: int) -> None:
    """Fill a block with distance, target and first guess; rows without an answer get a stand-in."""
    work, count = task.block, min(BLOCK, task.rows.price.size - first)
    cut = slice(first, first + count)
    forwards, strikes = task.rows.forward[cut], task.rows.strike[cut]
    prices, years = task.rows.price[cut], task.rows.years[cut]
    calls, discounts, status = task.rows.is_call[cut], task.rows.discount[cut], task.out.status[cut]
    for j in range(count):
        forward, strike = forwards[j], strikes[j]
        sign = 1.0 if calls[j] else -1.0
        payoff = max(sign * (forward - strike), 0.0)
        most = min(forward, strike)
        time_value = prices[j] / discounts[j] - payoff
        found = status_of(time_value, most)
        status[j] = found if years[j] > 0.0 else NO_TIME
        usable = found == FOUND
        root = math.sqrt(forward) * math.sqrt(strike)
        value = time_value / root if usable else 0.1
        left = (most - time_value) / root if usable else 0.9
        distance = abs(ln_ratio(forward, strike)) if usable else 0.0
        edge = math.sqrt(2.0 * distance)
        # At s* a is 0, c is s* and E is exp(-|x| / 2) / sqrt(2 pi).
        peak = density(0.0) * exp_minus(-0.5 * distance)
        at_edge = peak * (mills(0.0) - mills(edge))
        is_low = value < at_edge
        work.distance[j], work.edge[j], work.is_low[j] = distance, edge, is_low
        log = ln_ratio(max(value if is_low else left, _LEAST_VALUE), 1.0)
        work.target[j] = min(log, -_LEAST_LOG) if is_low else log
        low = edge * math.sqrt(ln_ratio(max(at_edge, _LEAST_VALUE), 1.0) / work.target[j])
        work.s[j] = low if is_low else edge + (value - at_edge) / peak
        work.s[j] = max(work.s[j], _LEAST_S)
        work.is_done[j] = False


@compiled
def improve(work: _Block, rows: int) -> float:
    """Make one step of Halley's method in every row; returns the largest step over s.

    A row that has arrived stays where it is: its answer does not depend on its neighbors. The
    largest step is kept as bits: those of positive floats are in the order of the floats, and a
    maximum of integers is vectorized where one of floats (NaN!) is not.
    """
    largest = np.int64(0)
    for j in range(rows):
        x, s, is_low = work.distance[j], work.s[j], work.is_low[j]
        h, t = x / s, 0.5 * s
        slope = density(0.0) * exp_minus(max(-0.5 * (h * h + t * t), -700.0))
        near, far = mills(min(abs(h - t), 39.0)), mills(min(h + t, 39.0))
        value = slope * max(near - far if is_low else near + far, 1e-18)
        log = min(ln_ratio(value, 1.0), -_LEAST_LOG) if is_low else ln_ratio(value, 1.0)
        first = (slope if is_low else -slope) / value
        bend = h * h / s - 0.5 * t - first
        miss = work.target[j] - log
        newton = miss * (log / work.target[j] if is_low else 1.0) / first
        bend = bend - (2.0 * first / log if is_low else 0.0)
        step = newton / max(1.0 + 0.5 * newton * bend, 0.2)
        # The other side of s* belongs to the other formula; halving and doubling bound a step.
        least = 0.5 * s if is_low else max(0.5 * s, work.edge[j])
        most = min(2.0 * s, work.edge[j]) if is_low else 2.0 * s + 1.0
        moved = s if work.is_done[j] else min(max(s + step, least), most)
        work.is_done[j] = abs(moved - s) <= STEP_ENOUGH * s
        largest = max(largest, np.float64(abs(moved - s) / s).view(np.int64))
        work.s[j] = moved
    return np.int64(largest).view(np.float64)


@compiled
def solve(work: _Block, rows: int) -> float:
    """Step until nothing moves; returns the last largest step over s."""
    steps, largest = 0, 1.0
    while largest > STEP_ENOUGH and steps < STEPS_MOST:
        largest = improve(work, rows)
        steps += 1
    return largest


@compiled
def fill_implied(rows: PricedRows, out: ImpliedRows) -> None:
    """Write the volatility at which each option has its price, and whether there is one."""
    work = _Block(
        np.zeros(BLOCK),
        np.zeros(BLOCK),
        np.ones(BLOCK),
        np.zeros(BLOCK),
        np.zeros(BLOCK, np.bool_),
        np.zeros(BLOCK, np.bool_),
    )
    task = _Task(rows, out, work)
    for first in range(0, rows.price.size, BLOCK):
        count = min(BLOCK, rows.price.size - first)
        prepare(task, first)
        is_open = solve(work, count) > STEP_ENOUGH
        for j in range(count):
            i = first + j
            vol = work.s[j] / math.sqrt(rows.years[i]) if rows.years[i] > 0.0 else np.nan
            if out.status[i] != FOUND:
                vol = 0.0 if out.status[i] == NO_TIME_VALUE else np.nan
            elif is_open and not work.is_done[j]:
                out.status[i] = UNDECIDED
            out.vol_annual[i] = vol
