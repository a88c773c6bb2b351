"""Impact: inverses, bounds and scalings that hold for every kind, and input that fits no market."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.kernels import impact_loops as loops
from trimtab.kernels.impact import (
    ImpactKind,
    ImpactTable,
    after_sale,
    depth_at,
    impact_terms,
    log_impact,
    proceeds,
)
from trimtab.units import DataError

NAMES = ("none", "linear", "root", "pool", "table")
TABLE = ImpactTable(np.array([0.0, 2.0, 6.0, 7.0]), np.array([0.0, 0.05, 0.05, 0.3]))
CURVES = impact_terms(
    NAMES,
    kind=list(range(5)),
    first=[0.0, 0.02, 0.04, 300.0, 0.0],
    tables=(None, None, None, None, TABLE),
)
FALLING = st.integers(1, 4)
AMOUNTS = st.floats(1e-6, 80.0)


def price(asset: int, outstanding: float) -> float:
    return math.exp(-log_impact(CURVES, asset, outstanding=outstanding))


@given(asset=FALLING, g=st.floats(1e-9, 3.0))
@settings(max_examples=60, deadline=None)
def test_the_quantity_of_an_impact_has_that_impact_and_no_less_has(asset, g):
    x = loops.quantity_at(CURVES.curves, (asset, g))
    assert log_impact(CURVES, asset, outstanding=x) == pytest.approx(g, rel=1e-9)
    assert log_impact(CURVES, asset, outstanding=x * (1 - 1e-6)) < g


def test_what_no_quantity_reaches_is_infinite_and_no_impact_is_nothing_sold():
    assert loops.quantity_at(CURVES.curves, (0, 0.1)) == math.inf
    assert [loops.quantity_at(CURVES.curves, (asset, 0.0)) for asset in range(5)] == [0.0] * 5
    flat = impact_terms(
        ["flat"],
        kind=ImpactKind.TABLE,
        tables=(ImpactTable(np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.1, 0.1])),),
    )
    assert loops.quantity_at(flat.curves, (0, 0.1)) == 1.0
    assert loops.quantity_at(flat.curves, (0, 0.1 + 1e-9)) == math.inf
    # On the flat end every unit brings the same, however many are out.
    assert proceeds(flat, 0, amount=1e6, outstanding=50.0) == pytest.approx(1e6 * math.exp(-0.1))


@given(asset=st.integers(0, 4), begin=st.floats(0.0, 50.0), amount=AMOUNTS)
@settings(max_examples=80, deadline=None)
def test_a_sale_brings_between_its_last_price_and_its_first(asset, begin, amount):
    brought = proceeds(CURVES, asset, amount=amount, outstanding=begin)
    assert brought <= amount * price(asset, begin) * (1 + 1e-12)
    assert brought >= amount * price(asset, begin + amount) * (1 - 1e-12)
    more = proceeds(CURVES, asset, amount=2 * amount, outstanding=begin)
    assert brought < more <= 2 * brought * (1 + 1e-12), "a larger sale brings more, each unit less"


@given(asset=st.integers(0, 4), sold=AMOUNTS, begin=st.floats(0.0, 9.0), depth=st.floats(0.05, 1.0))
@settings(max_examples=60, deadline=None)
def test_half_the_depth_does_to_half_the_sale_what_the_whole_does(asset, sold, begin, depth):
    whole = proceeds(CURVES, asset, amount=sold, outstanding=begin)
    thin = proceeds(CURVES, asset, amount=depth * sold, outstanding=depth * begin, depth=depth)
    assert thin == pytest.approx(depth * whole, rel=1e-11)
    lower = log_impact(CURVES, asset, outstanding=depth * begin, depth=depth)
    assert lower == pytest.approx(log_impact(CURVES, asset, outstanding=begin), rel=1e-11)


@given(share=st.floats(0.0, 1.0), parts=st.lists(AMOUNTS, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_in_a_linear_market_it_is_alike_what_share_of_the_impact_stays(share, parts):
    line = impact_terms(["x"], kind=ImpactKind.LINEAR, first=0.02, permanent_share=share)
    brought, left, shift = 0.0, 0.0, 0.0
    for part in parts:
        brought += math.exp(-shift) * proceeds(line, 0, amount=part, outstanding=left)
        left, fallen = after_sale(line, 0, amount=part, outstanding=left)
        shift += fallen
    assert shift == pytest.approx(share * 0.02 * sum(parts), rel=1e-9)
    assert left == pytest.approx((1 - share) * sum(parts), rel=1e-9, abs=1e-9)
    assert brought == pytest.approx(-math.expm1(-0.02 * sum(parts)) / 0.02, rel=1e-9)


@given(begin=st.floats(0.0, 60.0), amount=AMOUNTS)
@settings(max_examples=40, deadline=None)
def test_a_table_of_a_line_is_the_line(begin, amount):
    points = np.array([0.0, 0.7, 3.0, 20.0, 21.0])
    table = impact_terms(["x"], kind=ImpactKind.TABLE, tables=(ImpactTable(points, 0.02 * points),))
    assert proceeds(table, 0, amount=amount, outstanding=begin) == pytest.approx(
        proceeds(CURVES, 1, amount=amount, outstanding=begin), rel=1e-11
    )
    assert log_impact(table, 0, outstanding=begin) == pytest.approx(0.02 * begin, rel=1e-12)


@pytest.mark.parametrize("x", [0.0, 0.3, 4.0, 30.0])
def test_a_point_of_a_table_belongs_to_the_segment_that_it_begins(x):
    places = [loops.segment(CURVES.curves, (4, point)) for point in (0.0, 2.0, 6.0, 7.0, 70.0)]
    assert places == [0, 1, 2, 2, 2]
    before = proceeds(CURVES, 4, amount=2.0 + x, outstanding=0.0)
    parts = proceeds(CURVES, 4, amount=2.0) + proceeds(CURVES, 4, amount=x, outstanding=2.0)
    assert parts == pytest.approx(before, rel=1e-14)


@pytest.mark.parametrize("h", [1e-12, 1e-6, 9.99e-3, 0.01, 1.001e-2, 0.3])
def test_both_forms_of_the_orders_agree_with_their_series(h):
    """1 - exp(-h) and 1 - (1 + h) exp(-h) are sums of -(-h)^k / k! and of (-h)^k (k - 1) / k!."""
    first, second, term = Fraction(0), Fraction(0), Fraction(1)
    for k in range(1, 30):
        term *= -Fraction(h) / k
        first -= term
        second += term * (k - 1)
    found = loops.orders(h)
    assert found[0] == pytest.approx(float(first), rel=1e-15)
    assert found[1] == pytest.approx(float(second), rel=1e-11)


@pytest.mark.parametrize("rate", [0.0, 1e-300, 1e-9, 9.9e-9, 1.01e-8, 0.5, 800.0])
def test_the_integral_of_an_exponential_has_no_seam(rate):
    found = loops.falling(rate, 1.0)
    assert found == pytest.approx(-math.expm1(-rate) / rate if rate else 1.0, rel=1e-15)


@given(thinning=st.floats(0.0, 4.0), sigma=st.floats(1e-3, 50.0), least=st.floats(1e-3, 1.0))
@settings(max_examples=40, deadline=None)
def test_depth_is_clipped_and_never_rises_with_volatility(thinning, sigma, least):
    terms = impact_terms(["x"], thinning=thinning, depth_least=least, sigma_ref=0.8)
    depth = depth_at(terms, 0, sigma=sigma)
    assert depth == pytest.approx(min(1.0, max(least, (0.8 / sigma) ** thinning)))
    assert depth_at(terms, 0, sigma=2 * sigma) <= depth


@pytest.mark.parametrize("kind", [5, -1, 99, [1, 7]])
def test_a_kind_that_is_none_is_refused_as_data(kind):
    names = ["x", "y"]
    with pytest.raises(DataError, match="kind"):
        impact_terms(names, kind=kind, first=1.0)


def test_an_asset_named_twice_is_refused():
    with pytest.raises(DataError, match="assets"):
        impact_terms(["x", "x"], kind=ImpactKind.LINEAR, first=[0.1, 0.2])


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 0.0])
def test_a_parameter_that_is_no_size_is_refused(value):
    with pytest.raises(DataError, match="first"):
        impact_terms(["x"], kind=ImpactKind.LINEAR, first=value)


def test_selling_nothing_brings_nothing_and_moves_nothing():
    for asset in range(5):
        assert proceeds(CURVES, asset, amount=0.0, outstanding=3.0) == 0.0
        assert after_sale(CURVES, asset, amount=0.0, outstanding=3.0) == (3.0, 0.0)
