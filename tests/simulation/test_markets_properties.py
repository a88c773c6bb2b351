"""What holds of every market, and of venues taken together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.market_shapes import SHAPES, ladder
from trimtab.kernels.impact import ImpactKind, after_sale, proceeds
from trimtab.simulation.markets import (
    ConstantProductPool,
    LinearImpact,
    Market,
    SquareRootImpact,
    allocation,
    merged,
    no_impact,
    table_curve,
    terms_of,
)
from trimtab.units import DataError

CURVES = SHAPES.map(lambda shape: shape.curve())
# A merged table goes straight between its points, a tenth of a basis point apart at the least.
ROUTING_SLACK = 2e-5


@given(curve=CURVES, share=st.floats(0.01, 2.0))
@settings(max_examples=80, deadline=None)
def test_proceeds_rise_ever_slower_and_no_unit_gets_more_than_the_price(curve, share):
    scale = curve.quantity_at(0.2) if curve.table is None else float(curve.table.quantity[-1])
    quantities = np.linspace(0.0, share * scale, 24)
    paid = np.array([curve.proceeds(one) for one in quantities])
    gained, slack = np.diff(paid), 1e-9 * paid[-1]
    assert (gained >= -slack).all()
    assert (np.diff(gained) <= slack).all()
    assert (gained <= np.diff(quantities) * curve.fee_factor + slack).all()
    logs = np.array([curve.log_impact(one) for one in quantities])
    assert logs[0] == 0.0
    assert (np.diff(logs) >= 0.0).all()


@given(curve=CURVES, first=st.floats(0.01, 0.5), second=st.floats(0.01, 0.5))
@settings(max_examples=60, deadline=None)
def test_a_sale_in_two_parts_brings_the_same(curve, first, second):
    scale = curve.quantity_at(0.3)
    one, other = first * scale, second * scale
    together = curve.proceeds(one + other)
    apart = curve.proceeds(one) + curve.proceeds(other, one)
    assert apart == pytest.approx(together, rel=1e-9)


@given(curve=CURVES, discount=st.floats(1e-4, 0.5))
@settings(max_examples=60, deadline=None)
def test_the_quantity_of_a_discount_is_the_inverse(curve, discount):
    quantity = curve.quantity_at(discount)
    # At a hole the curve goes through many discounts at one quantity.
    assert curve.log_impact(quantity * (1 - 1e-9)) <= discount * (1 + 1e-6)
    assert curve.log_impact(quantity * (1 + 1e-9)) >= discount * (1 - 1e-6)


@given(curves=st.lists(CURVES, min_size=2, max_size=4), share=st.floats(0.01, 1.5))
@settings(max_examples=40, deadline=None)
def test_routing_is_never_worse_than_one_venue(curves, share):
    whole = merged(curves)
    for one in curves:
        quantity = share * one.quantity_at(0.1)
        assert whole.proceeds(quantity) >= one.proceeds(quantity) * (1 - ROUTING_SLACK)


@given(curves=st.lists(CURVES, min_size=2, max_size=4), share=st.floats(0.05, 1.5))
@settings(max_examples=40, deadline=None)
def test_routing_is_the_sum_of_its_parts_at_one_marginal_price(curves, share):
    quantity = share * sum(one.quantity_at(0.1) for one in curves)
    parts = allocation(curves, quantity)
    assert sum(parts) == pytest.approx(quantity, rel=1e-9)
    assert min(parts) >= 0.0
    paid = sum(one.proceeds(part) for one, part in zip(curves, parts, strict=True))
    assert merged(curves).proceeds(quantity) == pytest.approx(paid, rel=1e-3)
    # Any other split gets no more.
    biggest = int(np.argmax(parts))
    for place in range(len(parts)):
        moved = list(parts)
        shift = 0.05 * moved[biggest]
        moved[biggest] -= shift
        moved[place] += shift
        other = sum(one.proceeds(part) for one, part in zip(curves, moved, strict=True))
        assert other <= paid * (1 + 1e-6)


def test_two_equal_pools_are_one_of_twice_the_size():
    pool = ConstantProductPool(1000.0, 2e6).curve()
    double = ConstantProductPool(2000.0, 4e6).curve()
    whole = merged([pool, pool])
    for quantity in (0.1, 10.0, 900.0):
        assert whole.proceeds(quantity) == pytest.approx(double.proceeds(quantity), rel=1e-4)
        assert allocation([pool, pool], quantity)[0] == pytest.approx(quantity / 2, rel=1e-6)


def test_a_dearer_venue_joins_only_when_the_others_have_fallen_to_it():
    near, far = LinearImpact(1e-4), LinearImpact(1e-4, fee=0.01)
    curves = [near.curve(), far.curve()]
    join = -math.log(0.99) / 1e-4
    assert allocation(curves, 0.9 * join) == pytest.approx((0.9 * join, 0.0))
    split = allocation(curves, 3 * join)
    assert split == pytest.approx((2 * join, join), rel=1e-6)


def test_one_venue_is_itself_and_none_is_refused():
    curve = ladder().curve()
    assert merged([curve]) is curve
    with pytest.raises(DataError, match="cannot be merged; found 'none'"):
        merged([])
    with pytest.raises(DataError, match="each with a depth"):
        merged([curve, no_impact()])
    flat = table_curve(np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.1, 0.1]))
    with pytest.raises(DataError, match="a venue that takes everything"):
        merged([curve, flat])


def test_what_was_sold_is_absorbed_to_nothing():
    market = Market(LinearImpact(1e-4).curve(), recovery_seconds=600.0)
    left = [market.left_after(50.0, 60.0 * minute) for minute in range(0, 600, 10)]
    assert (np.diff(left) < 0.0).all()
    assert market.left_after(50.0, 600.0) == pytest.approx(50.0 / math.e)
    assert left[-1] < 1e-20
    assert Market(no_impact()).left_after(50.0, 1e9) == 50.0


def test_depth_thins_with_volatility_down_to_its_least():
    market = Market(no_impact(), thinning=1.5, depth_least=0.1, sigma_ref=0.8)
    assert market.depth_factor(0.4) == 1.0
    assert market.depth_factor(1.6) == pytest.approx(0.5**1.5)
    assert market.depth_factor(80.0) == 0.1


def test_terms_are_in_the_order_of_the_assets_and_sell_as_the_curves_do():
    root = Market(SquareRootImpact(0.01, fee=0.002).curve(), permanent_share=0.3)
    book = Market(ladder().curve(), recovery_seconds=60.0, thinning=1.0, sigma_ref=0.7)
    terms = terms_of({"A": root, "B": book, "C": Market(no_impact())}, ("B", "C", "A"))
    assert [ImpactKind(kind).name for kind in terms.kind] == ["TABLE", "NONE", "SQUARE_ROOT"]
    assert proceeds(terms, 0, amount=9.0) == pytest.approx(book.curve.proceeds(9.0))
    assert proceeds(terms, 2, amount=9.0) == pytest.approx(root.curve.proceeds(9.0))
    assert proceeds(terms, 1, amount=9.0) == 9.0
    left, fallen = after_sale(terms, 2, amount=9.0)
    assert fallen == pytest.approx(0.3 * 0.01 * 3.0)
    assert left == pytest.approx(9.0 * 0.7**2)
    assert list(terms.recovery_seconds) == [60.0, math.inf, math.inf]
