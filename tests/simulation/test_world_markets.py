"""Markets of a world: what a sale gets and does, and that nobody gains by a round trip."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.agents.attacking import round_trip_cost
from trimtab.agents.execution import expected_cost
from trimtab.agents.keeping import Patience, execution_terms
from trimtab.kernels.impact import ImpactKind, ImpactTable, impact_terms
from trimtab.simulation.world import Markets

HOUR = 3_600.0


def market(kind: ImpactKind = ImpactKind.LINEAR, first: float = 1e-3, **more: Any) -> Markets:
    """One asset at 100, and a second one that nothing is known of."""
    terms = impact_terms(("AAA",), kind=kind, first=first, **more)
    return Markets(terms, [100.0], step_seconds=HOUR, outside={"USD": 7.0}.__getitem__)


TABLE = ImpactTable(np.array([0.0, 10.0, 100.0]), np.array([0.0, 0.01, 0.3]))
shapes = st.sampled_from(
    (
        (ImpactKind.LINEAR, 1e-3, ()),
        (ImpactKind.SQUARE_ROOT, 0.02, ()),
        (ImpactKind.CONSTANT_PRODUCT, 500.0, ()),
        (ImpactKind.TABLE, 0.0, (TABLE,)),
        (ImpactKind.NONE, 0.0, ()),
    )
)
amounts = st.floats(0.001, 300.0)
shares = st.sampled_from((0.0, 0.3, 1.0))


def test_a_linear_sale_has_its_closed_form() -> None:
    """100 (1 - exp(-a q)) / a units of the quote, and the price at exp(-a q) of what it was."""
    found = market()
    fill = found.sell("AAA", 50.0)
    assert fill.proceeds == pytest.approx(100.0 * -math.expm1(-0.05) / 1e-3, rel=1e-12)
    assert fill.slippage == pytest.approx(5_000.0 - fill.proceeds, rel=1e-9)
    assert found.price("AAA") == pytest.approx(100.0 * math.exp(-0.05), rel=1e-12)
    assert found.fair("AAA") == 100.0
    states = found.states()
    found.sell("AAA", 50.0)
    found.restore(states)
    found.begin([100.0])
    assert found.lowest == [pytest.approx(-0.05)], "what was undone has not been"
    assert found.state("AAA").outstanding == 50.0, "without an end of recovery nothing is absorbed"


def test_a_pool_pays_what_its_product_leaves_less_the_fee() -> None:
    found = market(ImpactKind.CONSTANT_PRODUCT, 500.0, fee=0.997)
    # x y = k with 500 and 50,000: 20 more in, 50,000 - k / 520 out.
    assert found.sell("AAA", 20.0).proceeds == pytest.approx(
        0.997 * (50_000.0 - 25_000_000.0 / 520.0), rel=1e-12
    )
    assert found.price("AAA") == pytest.approx(25_000_000.0 / 520.0**2, rel=1e-12)


def test_what_is_outstanding_is_absorbed_in_time_and_a_share_stays() -> None:
    found = market(recovery_seconds=HOUR, permanent_share=0.25)
    found.sell("AAA", 40.0)
    assert found.price("AAA") == pytest.approx(100.0 * math.exp(-0.04), rel=1e-12)
    assert found.fair("AAA") == pytest.approx(100.0 * math.exp(-0.01), rel=1e-12)
    found.begin([100.0])
    assert found.state("AAA").outstanding == pytest.approx(30.0 / math.e, rel=1e-12)
    for _ in range(60):
        found.begin([100.0])
    assert found.price("AAA") == pytest.approx(found.fair("AAA"), rel=1e-12)


def test_depth_thins_with_the_volatility_of_the_path() -> None:
    found = market(sigma_ref=0.5, thinning=1.0, depth_least=0.2)
    calm = found.proceeds("AAA", 50.0)
    found.begin([70.0])
    assert found.volatility("AAA") == pytest.approx(
        math.sqrt(0.94 * 0.25 + 0.06 * math.log(0.7) ** 2 * 365 * 24), rel=1e-12
    )
    assert found.state("AAA").depth == pytest.approx(0.2), "no less than the least"
    assert found.proceeds("AAA", 50.0) / 70.0 < calm / 100.0


@settings(max_examples=150, deadline=None)
@given(shapes, shares, amounts, amounts, st.sampled_from((1.0, 0.997)))
def test_selling_and_buying_back_never_gains(
    shape: tuple[Any, ...], share: float, before: float, sold: float, fee: float
) -> None:
    kind, first, tables = shape
    found = market(kind, first, tables=tables, permanent_share=share, fee=fee)
    found.sell("AAA", before)
    cost, states = round_trip_cost(found, "AAA", sold=sold), found.states()
    got = found.sell("AAA", sold).proceeds
    paid = found.buy("AAA", sold)
    assert paid >= got * (1.0 - 1e-9)
    assert found.price("AAA") <= 100.0 * (1.0 + 1e-12)
    assert cost >= 0.0
    found.restore(states)
    assert found.proceeds("AAA", sold) == got, "restored, it sells for the same again"


@settings(max_examples=100, deadline=None)
@given(shapes, amounts, amounts)
def test_a_sale_in_parts_brings_as_much_as_one_without_time_between(
    shape: tuple[Any, ...], first_part: float, second_part: float
) -> None:
    kind, first, tables = shape
    whole, parts = market(kind, first, tables=tables), market(kind, first, tables=tables)
    once = whole.sell("AAA", first_part + second_part)
    twice = [parts.sell("AAA", part) for part in (first_part, second_part)]
    assert sum(fill.proceeds for fill in twice) == pytest.approx(once.proceeds, rel=1e-9)
    assert parts.price("AAA") == pytest.approx(whole.price("AAA"), rel=1e-9)
    assert parts.price("AAA") == pytest.approx(
        market(kind, first, tables=tables).price_after("AAA", first_part + second_part), rel=1e-9
    )


def test_an_asset_without_a_path_takes_any_quantity() -> None:
    found = market()
    assert found.price("USD") == found.fair("USD") == found.price_after("USD", 1e9) == 7.0
    assert found.sell("USD", 3.0).slippage == 0.0
    assert (found.slope("USD", 1.0), found.volatility("USD"), found.fee("USD")) == (0.0, 0.0, 1.0)


def test_a_market_that_recovers_between_sales_costs_what_the_schedule_expects() -> None:
    """Small linear impact, absorbed between intervals: Almgren and Chriss to first order."""
    found = market(first=1e-6, permanent_share=0.2, recovery_seconds=HOUR / 50.0)
    terms = execution_terms(
        found, "AAA", units=1_000.0, seconds=HOUR, patience=Patience(5, risk_aversion=0.0)
    )
    sold = [300.0, 250.0, 200.0, 150.0, 100.0]
    expected = expected_cost(sold, terms)
    got = 0.0
    for part in sold:
        got += found.sell("AAA", part).proceeds
        found.begin([100.0])
    assert 100.0 * sum(sold) - got == pytest.approx(expected, rel=2e-3)
