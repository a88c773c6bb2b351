"""Prices of a step: interest, volatility and depth, the market after impact, what is reported."""

from __future__ import annotations

import math

from trimtab.kernels.border import Floats
from trimtab.kernels.clearing.edge_loops import revalue
from trimtab.kernels.clearing.layout import (
    ABSORPTION,
    BORROWED,
    COLUMN,
    DELAY,
    DEPTH,
    DEPTH_LEAST,
    DEVIATION,
    GAS,
    GROWTH,
    GROWTH_LOG,
    HEARTBEAT,
    HELD_INDEX,
    HELD_INDEX_LOG,
    KEPT,
    LAST_SAID,
    LAST_STEP,
    LIE,
    LIE_FROM,
    LIE_TO,
    LOWEST,
    MARKET,
    OUT_FROM,
    OUT_TO,
    OUTSTANDING,
    OWED_INDEX,
    OWED_INDEX_LOG,
    PATH,
    PERMANENT,
    REPORTED,
    RESERVES,
    SIGMA_REF,
    SUPPLIED,
    THINNING,
    VARIANCE,
    World,
)
from trimtab.kernels.compiling import inlined_if_possible
from trimtab.kernels.impact import KIND
from trimtab.kernels.impact_loops import absorbed, depth_factor, log_impact, proceeds


@inlined_if_possible
def grow(world: World, asset: int) -> None:
    """Book a step's interest: debts grow, suppliers get it but for what the reserves keep."""
    state, fixed = world.assets, world.assets
    growth = fixed[asset, GROWTH]
    if growth == 1.0:
        return
    interest = state[asset, BORROWED] * (growth - 1.0)
    share = fixed[asset, KEPT] if state[asset, SUPPLIED] > 0.0 else 1.0
    kept = interest * share
    state[asset, BORROWED] += interest
    state[asset, RESERVES] += kept
    state[asset, OWED_INDEX] *= growth
    state[asset, OWED_INDEX_LOG] += fixed[asset, GROWTH_LOG]
    if interest > kept:
        scale = 1.0 + (interest - kept) / state[asset, SUPPLIED]
        state[asset, SUPPLIED] += interest - kept
        state[asset, HELD_INDEX] *= scale
        state[asset, HELD_INDEX_LOG] += math.log(scale)


@inlined_if_possible
def mark(world: World, asset: int) -> None:
    """Set the market price from the path's and what is outstanding, and note how low it lies."""
    state = world.assets
    shift = state[asset, PERMANENT]
    if state[asset, OUTSTANDING] > 0.0:
        x = state[asset, OUTSTANDING] / state[asset, DEPTH]
        shift -= log_impact(world.curves, (asset, x))
    price = state[asset, PATH]
    if shift != 0.0:
        price *= math.exp(shift)
    state[asset, MARKET] = price
    state[asset, LOWEST] = min(state[asset, LOWEST], shift)


@inlined_if_possible
def stir(world: World, move: tuple[int, float]) -> None:
    """Bring sigma, depth and what is outstanding up to a step in which the path went to a price."""
    asset, price = move
    state, fixed, terms = world.assets, world.assets, world.terms
    thinning = fixed[asset, THINNING]
    if thinning > 0.0 or asset == terms.gas_asset:
        turn = math.log(price / state[asset, PATH])
        fresh = (1.0 - terms.decay) * turn * turn / terms.step_years
        state[asset, VARIANCE] = terms.decay * state[asset, VARIANCE] + fresh
        if thinning > 0.0 and state[asset, VARIANCE] > 0.0:
            calm = fixed[asset, SIGMA_REF] / math.sqrt(state[asset, VARIANCE])
            state[asset, DEPTH] = depth_factor(thinning, (calm, fixed[asset, DEPTH_LEAST]))
    state[asset, OUTSTANDING] *= fixed[asset, ABSORPTION]
    state[asset, PATH] = price


@inlined_if_possible
def report(world: World, seen: tuple[int, int, float]) -> float:
    """Return what an asset's oracle reports at a step at which its source sees a price."""
    asset, step, value = seen
    state, fixed, said = world.assets, world.assets, world.said
    if fixed[asset, LIE_FROM] <= step < fixed[asset, LIE_TO]:
        value *= fixed[asset, LIE]
    last = state[asset, LAST_SAID]
    out = fixed[asset, OUT_FROM] <= step < fixed[asset, OUT_TO]
    late = 0.0 < fixed[asset, HEARTBEAT] <= step - state[asset, LAST_STEP]
    if not out and (late or abs(value / last - 1.0) >= fixed[asset, DEVIATION]):
        state[asset, LAST_SAID] = value
        state[asset, LAST_STEP] = step
    said[asset, step] = state[asset, LAST_SAID]
    heard = max(step - int(fixed[asset, DELAY]), 0)
    return float(said[asset, heard])


@inlined_if_possible
def gas_now(world: World) -> float:
    """Return what a liquidation of this step costs."""
    terms = world.terms
    if terms.gas_slope == 0.0 or terms.gas_asset < 0:
        return terms.gas
    sigma = math.sqrt(world.assets[terms.gas_asset, VARIANCE])
    rise = terms.gas_slope * (sigma / world.assets[terms.gas_asset, SIGMA_REF] - 1.0)
    return terms.gas * max(1.0, 1.0 + rise)


@inlined_if_possible
def advance(world: World, tick: tuple[int, Floats]) -> None:
    """Bring all prices to a step of a path; `tick` is the step and the path's prices at it."""
    step, prices = tick
    state, terms = world.assets, world.terms
    for asset in range(world.assets.shape[0]):
        if terms.grows:
            grow(world, asset)
        column = int(world.assets[asset, COLUMN])
        if column >= 0:
            stir(world, (asset, prices[column]))
            mark(world, asset)
        source = state[asset, MARKET] if terms.feedback else state[asset, PATH]
        if terms.reported_at_once:
            state[asset, REPORTED] = source
        else:
            state[asset, REPORTED] = report(world, (asset, step, source))
        revalue(world, asset)
    world.row[GAS] = gas_now(world)


@inlined_if_possible
def would_bring(world: World, sale: tuple[int, float]) -> float:
    """Return what selling units of an asset brings now, in the quote."""
    asset, units = sale
    state = world.assets
    now = (asset, state[asset, OUTSTANDING], units, state[asset, DEPTH])
    price = state[asset, PATH] * math.exp(state[asset, PERMANENT])
    return price * proceeds(world.curves, now)


@inlined_if_possible
def price_after(world: World, sale: tuple[int, float]) -> float:
    """Return the market price of an asset once units of it have been sold."""
    asset, units = sale
    state = world.assets
    depth = state[asset, DEPTH]
    left, fallen = absorbed(world.curves, (asset, state[asset, OUTSTANDING], units, depth))
    if world.curves.assets[asset, KIND] == 0.0:
        left, fallen = 0.0, 0.0
    shift = state[asset, PERMANENT] - fallen - log_impact(world.curves, (asset, left / depth))
    return float(state[asset, PATH] * math.exp(shift))


@inlined_if_possible
def sell(world: World, sale: tuple[int, float]) -> None:
    """Let the market take units of an asset."""
    asset, units = sale
    state = world.assets
    now = (asset, state[asset, OUTSTANDING], units, state[asset, DEPTH])
    left, fallen = absorbed(world.curves, now)
    if world.curves.assets[asset, KIND] > 0.0:
        state[asset, OUTSTANDING] = left
        state[asset, PERMANENT] -= fallen
        mark(world, asset)
