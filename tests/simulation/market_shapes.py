"""Market shapes to try, and what a sale should bring by formulas of the tests' own."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from trimtab.simulation.markets import (
    ConcentratedPool,
    ConstantProductPool,
    LinearImpact,
    LiquidityRange,
    OrderBookLadder,
    SquareRootImpact,
)


def ladder(levels=8, *, middle=2000.0, step=0.0005, units=5.0, fee=0.0, ends=False):
    """A book whose bids stand equally far apart, with depth that grows."""
    places = np.arange(1, levels + 1)
    prices, quantities = middle * (1.0 - step * places), units * np.sqrt(places)
    return OrderBookLadder(middle, prices, quantities, fee=fee, ends=ends)


@st.composite
def random_ladders(draw):
    gaps = draw(st.lists(st.floats(1e-5, 0.02), min_size=3, max_size=12))
    units = draw(st.lists(st.floats(0.01, 100.0), min_size=len(gaps), max_size=len(gaps)))
    prices = 1000.0 * np.exp(-np.cumsum(gaps))
    return OrderBookLadder(1000.0, prices, np.array(units), fee=draw(st.floats(0.0, 0.01)))


@st.composite
def random_concentrated(draw):
    edges = sorted(draw(st.sets(st.integers(-4000, -1), min_size=1, max_size=5)) | {150})
    liquid = draw(st.lists(st.floats(1e2, 1e6), min_size=len(edges), max_size=len(edges)))
    ranges = [
        LiquidityRange(low, high, one)
        for low, high, one in zip(edges, edges[1:], liquid, strict=False)
    ]
    return ConcentratedPool(1.0, tuple(ranges), 0, 0, draw(st.floats(0.0, 0.01)))


SHAPES = st.one_of(
    st.builds(SquareRootImpact, st.floats(1e-5, 0.1), st.floats(0.0, 0.01)),
    st.builds(LinearImpact, st.floats(1e-7, 0.01), st.floats(0.0, 0.01)),
    st.builds(ConstantProductPool, st.floats(10.0, 1e6), st.floats(10.0, 1e9)),
    random_ladders(),
    random_concentrated(),
)


def integrated(discount_at, quantity, *, pieces=200_000):
    """The integral of exp(-g) by the rule of midpoints."""
    middles = (np.arange(pieces) + 0.5) * quantity / pieces
    return float(np.exp(-discount_at(middles)).mean() * quantity)


def pool_out(base, quote, sold, *, fee_bps=30):
    """What a Uniswap v2 pair pays, in integers: the library's formula."""
    kept = sold * (10_000 - fee_bps)
    return kept * quote // (base * 10_000 + kept)


def range_out(liquidity, price, units):
    """Quote out of one range of liquidity for units that stay within it."""
    root = math.sqrt(price)
    return liquidity * (root - 1.0 / (1.0 / root + units / liquidity))
