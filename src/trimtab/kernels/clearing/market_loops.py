"""Prices of a step: interest, volatility and depth, the market after impact, what is reported."""

from __future__ import annotations

import math

from trimtab.kernels.border import Floats
from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import revalue
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.compiling import inlined_if_possible
from trimtab.kernels.impact import FEE, KIND
from trimtab.kernels.impact_loops import absorbed, depth_factor, log_impact, retained


@inlined_if_possible
def grow(world: World, asset: int) -> None:
    """Book a step's interest: debts grow, suppliers get it but for what the reserves keep."""
    state, fixed = world.assets, world.assets
    growth = fixed[asset, on.GROWTH]
    if growth == 1.0:
        return
    interest = state[asset, on.BORROWED] * (growth - 1.0)
    share = fixed[asset, on.KEPT] if state[asset, on.SUPPLIED] > 0.0 else 1.0
    kept = interest * share
    state[asset, on.BORROWED] += interest
    state[asset, on.RESERVES] += kept
    state[asset, on.OWED_INDEX] *= growth
    state[asset, on.OWED_INDEX_LOG] += fixed[asset, on.GROWTH_LOG]
    if interest > kept:
        scale = 1.0 + (interest - kept) / state[asset, on.SUPPLIED]
        state[asset, on.SUPPLIED] += interest - kept
        state[asset, on.HELD_INDEX] *= scale
        state[asset, on.HELD_INDEX_LOG] += math.log(scale)


@inlined_if_possible
def mark(world: World, asset: int) -> None:
    """Set the market price from the path's and what is outstanding, and note how low it lies."""
    state = world.assets
    shift = state[asset, on.PERMANENT]
    if state[asset, on.OUTSTANDING] > 0.0:
        x = state[asset, on.OUTSTANDING] / state[asset, on.DEPTH]
        shift -= log_impact(world.curves, (asset, x))
    price = state[asset, on.PATH]
    if shift != 0.0:
        price *= math.exp(shift)
    state[asset, on.MARKET] = price
    state[asset, on.LOWEST] = min(state[asset, on.LOWEST], shift)


@inlined_if_possible
def stir(world: World, move: tuple[int, float]) -> None:
    """Bring sigma, depth and what is outstanding up to a step in which the path went to a price."""
    asset, price = move
    state, fixed, terms = world.assets, world.assets, world.terms
    thinning = fixed[asset, on.THINNING]
    if thinning > 0.0 or asset == terms.gas_asset:
        turn = math.log(price / state[asset, on.PATH])
        fresh = (1.0 - terms.decay) * turn * turn / terms.step_years
        state[asset, on.VARIANCE] = terms.decay * state[asset, on.VARIANCE] + fresh
        if thinning > 0.0:
            sigma = math.sqrt(state[asset, on.VARIANCE])
            calm = fixed[asset, on.SIGMA_REF] / sigma if sigma > 0.0 else math.inf
            state[asset, on.DEPTH] = depth_factor(thinning, (calm, fixed[asset, on.DEPTH_LEAST]))
    state[asset, on.OUTSTANDING] *= fixed[asset, on.ABSORPTION]
    state[asset, on.PATH] = price


@inlined_if_possible
def report(world: World, seen: tuple[int, int, float]) -> float:
    """Return what an asset's oracle reports at a step at which its source sees a price."""
    asset, step, value = seen
    state, fixed, said = world.assets, world.assets, world.said
    if fixed[asset, on.LIE_FROM] <= step < fixed[asset, on.LIE_TO]:
        value *= fixed[asset, on.LIE]
    last = state[asset, on.LAST_SAID]
    out = fixed[asset, on.OUT_FROM] <= step < fixed[asset, on.OUT_TO]
    late = 0.0 < fixed[asset, on.HEARTBEAT] <= step - state[asset, on.LAST_STEP]
    if not out and (late or abs(value / last - 1.0) >= fixed[asset, on.DEVIATION]):
        state[asset, on.LAST_SAID] = value
        state[asset, on.LAST_STEP] = step
    said[asset, step] = state[asset, on.LAST_SAID]
    heard = max(step - int(fixed[asset, on.DELAY]), 0)
    return float(said[asset, heard])


@inlined_if_possible
def gas_now(world: World) -> float:
    """Return what a liquidation of this step costs."""
    terms = world.terms
    if terms.gas_slope == 0.0 or terms.gas_asset < 0:
        return float(terms.gas)
    sigma = math.sqrt(world.assets[terms.gas_asset, on.VARIANCE])
    rise = terms.gas_slope * (sigma / world.assets[terms.gas_asset, on.SIGMA_REF] - 1.0)
    return float(terms.gas * max(1.0, 1.0 + rise))


@inlined_if_possible
def advance(world: World, tick: tuple[int, Floats]) -> None:
    """Bring all prices to a step of a path; `tick` is the step and the path's prices at it."""
    step, prices = tick
    state, terms = world.assets, world.terms
    for asset in range(world.assets.shape[0]):
        if terms.grows:
            grow(world, asset)
        column = int(world.assets[asset, on.COLUMN])
        if column >= 0:
            stir(world, (asset, prices[column]))
            mark(world, asset)
        source = state[asset, on.MARKET] if terms.feedback else state[asset, on.PATH]
        if terms.reported_at_once:
            state[asset, on.REPORTED] = source
        else:
            state[asset, on.REPORTED] = report(world, (asset, step, source))
        state[asset, on.OVER_REPORTED] = state[asset, on.MARKET] / state[asset, on.REPORTED]
        revalue(world, asset)
    world.row[on.GAS] = gas_now(world)


@inlined_if_possible
def would_bring(world: World, sale: tuple[int, float]) -> float:
    """Return what selling units of an asset brings now, in the quote."""
    asset, units = sale
    state = world.assets
    depth = state[asset, on.DEPTH]
    kept = retained(world.curves, (asset, state[asset, on.OUTSTANDING] / depth, units / depth))
    return float(state[asset, on.MARKET] * world.curves.assets[asset, FEE] * depth * kept)


@inlined_if_possible
def price_after(world: World, sale: tuple[int, float]) -> float:
    """Return the market price of an asset once units of it have been sold."""
    asset, units = sale
    state = world.assets
    depth = state[asset, on.DEPTH]
    left, fallen = absorbed(world.curves, (asset, state[asset, on.OUTSTANDING], units, depth))
    if world.curves.assets[asset, KIND] == 0.0:
        left, fallen = 0.0, 0.0
    shift = state[asset, on.PERMANENT] - fallen - log_impact(world.curves, (asset, left / depth))
    return float(state[asset, on.PATH] * math.exp(shift))


@inlined_if_possible
def sell(world: World, sale: tuple[int, float]) -> None:
    """Let the market take units of an asset."""
    asset, units = sale
    state = world.assets
    now = (asset, state[asset, on.OUTSTANDING], units, state[asset, on.DEPTH])
    left, fallen = absorbed(world.curves, now)
    if world.curves.assets[asset, KIND] > 0.0:
        state[asset, on.OUTSTANDING] = left
        state[asset, on.PERMANENT] -= fallen
        mark(world, asset)
        state[asset, on.OVER_REPORTED] = state[asset, on.MARKET] / state[asset, on.REPORTED]
