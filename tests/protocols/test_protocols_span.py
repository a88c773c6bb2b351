"""SPAN: the textbook's covered write, arrays by hand, and what must always hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import span
from trimtab.protocols.span import Charges, Line, ScanRules, SpanFuture, SpanOption
from trimtab.units import WAD

RULES = ScanRules(price_range_wad=30 * WAD, vol_range_wad=10 * WAD // 100)
FUTURE = SpanFuture(500 * WAD)
arrays = st.lists(st.integers(-(10**6), 10**6), min_size=16, max_size=16).map(tuple)
lines = st.builds(Line, st.integers(-9, 9).map(lambda n: n * WAD), arrays)


def test_the_array_of_a_future_goes_by_thirds_and_covers_the_extremes():
    found = [profit // WAD for profit in span.risk_array_wad(FUTURE, RULES)]
    third, full = 5000, 15000
    steps = [0, third, -third, 2 * third, -2 * third, full, -full]
    assert found == [profit for step in steps for profit in (step, step)] + [10500, -10500]


def test_the_scenarios_stand_in_their_published_order():
    assert len(span.SCENARIOS) == 16
    assert [s.vol for s in span.SCENARIOS] == [1, -1] * 7 + [0, 0]


def test_a_long_future_loses_its_range():
    found = span.scan_risk([Line(WAD, span.risk_array_wad(FUTURE, RULES))])
    assert (found.risk_wad, found.scenario) == (15000 * WAD, 13)
    assert found.by_line_wad == (15000 * WAD,)
    assert found.offset_wad == 0


def test_a_covered_write_needs_less_than_its_future():
    call = SpanOption(500 * WAD, 1000 * WAD, 1000 * WAD, 20 * WAD // 100, 30 * 86400, True)
    held = [
        Line(WAD, span.risk_array_wad(FUTURE, RULES)),
        Line(-WAD, span.risk_array_wad(call, RULES)),
    ]
    alone, found = span.scan_risk(held[:1]), span.scan_risk(held)
    assert 0 < found.risk_wad < alone.risk_wad
    assert found.offset_wad > 0


def test_a_portfolio_that_cannot_lose_has_no_scan_risk():
    found = span.scan_risk([Line(WAD, (5,) * 16)])
    assert (found.risk_wad, found.scenario) == (0, 1)
    assert span.scan_risk([]).risk_wad == 0


@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        (Charges(), 100),
        (Charges(intra_commodity_wad=20, delivery_wad=5), 125),
        (Charges(inter_commodity_credit_wad=30), 70),
        (Charges(inter_commodity_credit_wad=130, short_option_minimum_wad=10), 10),
        (Charges(net_option_value_wad=40), 60),
        (Charges(net_option_value_wad=-40), 140),
        (Charges(net_option_value_wad=400), 0),
    ],
)
def test_charges_credits_and_option_value(charges, expected):
    assert span.requirement_wad(100, charges) == expected


def test_an_array_has_sixteen_profits():
    with pytest.raises(AssertionError):
        Line(WAD, (0,) * 15)


@given(st.lists(lines, max_size=5))
def test_netting_never_needs_more_and_order_decides_nothing(held):
    found = span.scan_risk(held)
    assert found.offset_wad >= 0
    assert found.risk_wad == max(0, *found.losses_wad)
    assert sum(found.by_line_wad) == found.losses_wad[found.scenario - 1]
    turned = span.scan_risk(held[::-1])
    assert (turned.risk_wad, turned.scenario) == (found.risk_wad, found.scenario)


@given(st.lists(lines, max_size=4), st.integers(1, 50))
def test_scaling_units_scales_the_risk(held, scale):
    many = [Line(line.units_wad * scale, line.profits_wad) for line in held]
    assert span.scan_risk(many).risk_wad == scale * span.scan_risk(held).risk_wad
