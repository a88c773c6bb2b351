"""Each shape against a formula that is not the package's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.market_shapes import integrated, ladder, pool_out, range_out
from trimtab.simulation.markets import (
    ConcentratedPool,
    ConstantProductPool,
    LinearImpact,
    LiquidityRange,
    SquareRootImpact,
    linear_of_depth,
    square_root_of_volume,
)


@given(
    base=st.integers(10**9, 10**27), quote=st.integers(10**9, 10**27), share=st.floats(1e-6, 20.0)
)
@settings(max_examples=60, deadline=None)
def test_a_constant_product_is_the_integer_pool(base, quote, share):
    sold = max(1, int(base * share))
    pool = ConstantProductPool(float(base), float(quote), 0.003)
    found = pool.curve().proceeds(float(sold)) * pool.price
    exact = pool_out(base, quote, sold)
    assert exact <= found * (1 + 1e-12)
    assert found == pytest.approx(exact, rel=1e-12, abs=1.0)


def test_a_pool_sold_to_twice_pays_what_it_pays_at_once():
    curve = ConstantProductPool(23221.0, 67.92e6).curve()
    whole = curve.proceeds(700.0)
    assert curve.proceeds(300.0) + curve.proceeds(400.0, 300.0) == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize("quantity", [0.001, 1.0, 250.0, 40_000.0])
def test_the_square_root_law_is_its_integral(quantity):
    curve = SquareRootImpact(0.004).curve()
    expected = integrated(lambda q: 0.004 * np.sqrt(q), quantity)
    assert curve.proceeds(quantity) == pytest.approx(expected, rel=1e-7)
    a = 0.004 * math.sqrt(quantity)
    closed = 2.0 / 0.004**2 * (1.0 - (1.0 + a) * math.exp(-a))
    assert closed == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("quantity", [0.001, 1.0, 250.0, 40_000.0])
def test_the_line_is_its_integral(quantity):
    curve = LinearImpact(2e-5, fee=0.001).curve()
    expected = 0.999 * -math.expm1(-2e-5 * quantity) / 2e-5
    assert curve.proceeds(quantity) == pytest.approx(expected, rel=1e-10)


def test_laws_from_volume_and_from_depth():
    law = square_root_of_volume(daily_volume=1e6, vol_daily=0.05, scale=0.8)
    assert law.coefficient * math.sqrt(1e4) == pytest.approx(0.8 * 0.05 * 0.1)
    line = linear_of_depth(depth=500.0, within=0.02).curve()
    assert math.exp(-line.log_impact(500.0)) == pytest.approx(0.98)


@given(units=st.floats(1e-3, 4.9), fee=st.floats(0.0, 0.01))
@settings(max_examples=40, deadline=None)
def test_one_range_is_the_pool_of_its_liquidity(units, fee):
    # Down to tick -20000 the range takes 1000 (e^1 - 1) units: these stay within it.
    pool = ConcentratedPool(1.0, (LiquidityRange(-20_000, 100, 1000.0),), 0, 0, fee)
    expected = range_out(1000.0, 1.0, 100.0 * units * (1.0 - fee))
    assert pool.curve().proceeds(100.0 * units) == pytest.approx(expected, rel=2e-5)


def test_ranges_are_walked_one_after_the_other_and_holes_are_jumped():
    ranges = (LiquidityRange(-100, 50, 5e5), LiquidityRange(-400, -300, 2e5))
    curve = ConcentratedPool(1.0, ranges, 0, 0, 0.0).curve()
    roots = [1.0001 ** (tick / 2) for tick in (0, -100, -300, -400)]
    first = 5e5 * (1 / roots[1] - 1 / roots[0])
    second = 2e5 * (1 / roots[3] - 1 / roots[2])
    paid = 5e5 * (roots[0] - roots[1]) + 2e5 * (roots[2] - roots[3])
    assert curve.proceeds(first + second) == pytest.approx(paid, rel=1e-5)
    assert curve.log_impact(first * 0.999) < 0.01 < 0.03 < curve.log_impact(first * 1.001)
    assert curve.proceeds(first + second + 1e6) == pytest.approx(paid, rel=1e-5)


def test_whole_units_and_decimals_are_the_same_pool():
    raw = ConcentratedPool(2000.0, (LiquidityRange(-400_000, 400_000, 3.0e7),), 0, 0, 0.003)
    # 18 and 6 decimals: prices of ticks are lower by 1e12, liquidity higher by 1e12.
    real = ConcentratedPool(2000.0, (LiquidityRange(-700_000, 400_000, 3.0e19),), 18, 6, 0.003)
    assert real.curve().proceeds(1e4) == pytest.approx(raw.curve().proceeds(1e4), rel=1e-5)


def test_a_ladder_pays_level_by_level_within_its_tick():
    book = ladder(40)
    curve = book.curve()
    for quantity in (0.5, 5.0, 37.0, float(book.quantities.sum())):
        paid = book.proceeds(quantity) / book.middle
        assert paid * (1 - 0.0006) < curve.proceeds(quantity) < paid * (1 + 1e-9)


def test_a_long_ladder_is_thinned_without_losing_its_shape():
    book = ladder(3000, step=2e-5)
    curve = book.curve()
    assert curve.table.quantity.size <= 256
    for share in (1e-4, 0.01, 0.3, 1.0):
        quantity = share * float(book.quantities.sum())
        assert curve.proceeds(quantity) * book.middle == pytest.approx(
            book.proceeds(quantity), rel=1e-4
        )


def test_half_of_the_spread_and_the_fee_are_paid_at_once():
    curve = ladder(fee=0.001, step=0.002).curve()
    assert curve.proceeds(1e-6) / 1e-6 == pytest.approx(0.998 * 0.999, rel=1e-7)
    assert curve.mean_slippage(1e-6) == pytest.approx(1 - 0.998 * 0.999, rel=1e-4)


def test_a_book_that_ends_pays_nothing_more():
    book = ladder(ends=True)
    depth = float(book.quantities.sum())
    curve, goes_on = book.curve(), ladder().curve()
    assert curve.proceeds(10 * depth) == pytest.approx(curve.proceeds(depth), rel=1e-9)
    assert goes_on.proceeds(2 * depth) > 1.5 * goes_on.proceeds(depth)
    last, before = book.quantities[-1], depth - book.quantities[-1]
    mean = math.log(book.prices[0] / book.prices[-1]) / before
    beyond = goes_on.log_impact(2 * depth) - goes_on.log_impact(depth - last)
    assert beyond == pytest.approx(mean * (depth + last))
