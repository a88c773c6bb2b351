"""SPAN beside the scan: spreads by hand, and what must always hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import span, span_charges
from trimtab.protocols.span import Line, ScanRisk, ScanRules, SpanFuture, SpanOption
from trimtab.protocols.span_charges import (
    CommodityRisk,
    CreditLeg,
    CreditRule,
    MonthDelta,
    TierSpread,
)
from trimtab.units import WAD

RULES = ScanRules(price_range_wad=30 * WAD, vol_range_wad=10 * WAD // 100)
TABLE = (TierSpread(1, 2, 300 * WAD), TierSpread(1, 1, 100 * WAD), TierSpread(2, 2, 200 * WAD))
months = st.lists(
    st.builds(
        MonthDelta,
        month=st.sampled_from(["MAR", "JUN", "SEP", "DEC"]),
        tier=st.integers(1, 2),
        delta_wad=st.integers(-20, 20).map(lambda n: n * WAD // 2),
    ),
    max_size=5,
)


def test_a_calendar_spread_is_charged_though_the_scan_nets_it():
    deltas = [MonthDelta("MAR", 1, 10 * WAD), MonthDelta("DEC", 2, -7 * WAD)]
    found = span_charges.intra_commodity(deltas, TABLE)
    assert found.total_wad == 2100 * WAD
    assert [(one.row.first, one.row.second, one.spreads_wad) for one in found.formed] == [
        (1, 2, 7 * WAD)
    ]
    assert found.left_wad == ((1, 3 * WAD), (2, 0))


def test_rows_use_up_delta_in_their_order():
    deltas = [
        MonthDelta("MAR", 1, 10 * WAD),
        MonthDelta("JUN", 1, -4 * WAD),
        MonthDelta("DEC", 2, -8 * WAD),
    ]
    found = span_charges.intra_commodity(deltas, TABLE)
    assert [one.spreads_wad for one in found.formed] == [8 * WAD, 2 * WAD]
    assert found.total_wad == 2600 * WAD
    assert found.left_wad == ((1, -2 * WAD), (2, 0))
    within_first = span_charges.intra_commodity(deltas, TABLE[1:] + TABLE[:1])
    assert within_first.total_wad == (4 * 100 + 6 * 300) * WAD


def test_deltas_on_one_side_form_no_spread():
    deltas = [MonthDelta("MAR", 1, 10 * WAD), MonthDelta("DEC", 2, 3 * WAD)]
    found = span_charges.intra_commodity(deltas, TABLE)
    assert (found.total_wad, found.formed) == (0, ())


def test_the_price_risk_of_a_future_is_its_range():
    scan = span.scan_risk([Line(2 * WAD, span.risk_array_wad(SpanFuture(500 * WAD), RULES))])
    assert span_charges.price_risk_per_delta_wad(scan, 2 * WAD) == 15_000 * WAD
    assert span_charges.price_risk_per_delta_wad(scan, 0) == 0


def test_time_and_volatility_are_no_price_risk():
    # Worst at scenario 3 (loss 50) beside 30 for the other volatility, 10 and 6 without a move.
    losses = (10, 6, 50, 30, *(0,) * 12)
    scan = ScanRisk(50, 3, losses, (50,), 0)
    assert span_charges.price_risk_per_delta_wad(scan, WAD) == 40 - 8
    extreme = ScanRisk(60, 16, (*losses[:15], 60), (60,), 0)
    assert span_charges.price_risk_per_delta_wad(extreme, WAD) == 60 - 8


def rule(rate=70):
    legs = (CreditLeg("oil", WAD, True), CreditLeg("gas", 2 * WAD, False))
    return CreditRule(legs, rate * WAD // 100)


def test_opposed_commodities_are_credited_on_the_spreads_they_form():
    risks = {"oil": CommodityRisk(10 * WAD, 1000 * WAD), "gas": CommodityRisk(-8 * WAD, 300 * WAD)}
    found = span_charges.inter_commodity_credit_wad(risks, [rule()])
    # Four spreads of 1 to 2: 4 * 1000 and 8 * 300, of which 70 %.
    assert found == {"oil": 2800 * WAD, "gas": 1680 * WAD}
    twice = span_charges.inter_commodity_credit_wad(risks, [rule(), rule()])
    assert twice == found


def test_a_spread_uses_up_the_delta_that_the_next_one_may_take():
    risks = {"oil": CommodityRisk(10 * WAD, 1000 * WAD), "gas": CommodityRisk(-8 * WAD, 300 * WAD)}
    risks["coal"] = CommodityRisk(-50 * WAD, 100 * WAD)
    legs = (CreditLeg("oil", WAD, True), CreditLeg("coal", WAD, False))
    found = span_charges.inter_commodity_credit_wad(risks, [rule(), CreditRule(legs, WAD)])
    # Four of the ten deltas of oil went into the first spread: six are left for coal.
    assert found["coal"] == 600 * WAD
    assert found["oil"] == (2800 + 6000) * WAD


@pytest.mark.parametrize("gas", [8, 0])
def test_the_same_side_earns_no_credit(gas):
    risks = {"oil": CommodityRisk(10 * WAD, 1000 * WAD), "gas": CommodityRisk(gas * WAD, 300 * WAD)}
    assert span_charges.inter_commodity_credit_wad(risks, [rule()]) == {"oil": 0, "gas": 0}


def test_a_rule_needs_two_sides():
    with pytest.raises(AssertionError):
        CreditRule((CreditLeg("oil", WAD, True),), WAD)


def test_short_options_need_a_minimum():
    def minimum(**more):
        return span_charges.short_option_minimum_wad(3 * WAD, 5 * WAD, charge_wad=10 * WAD, **more)

    assert minimum() == 50 * WAD
    assert minimum(counts_both=True) == 80 * WAD


def test_delta_and_value_of_options_have_the_sign_of_their_units():
    call = SpanOption(500 * WAD, 1000 * WAD, 1000 * WAD, 20 * WAD // 100, 30 * 86400, True)
    delta = span_charges.option_delta_wad(call, -2 * WAD)
    assert -WAD * 11 // 10 < delta < -WAD
    value = span_charges.option_value_wad(call, -2 * WAD)
    # Two calls of 22.9 points at 500 a point.
    assert -23_000 * WAD < value < -22_500 * WAD


@given(months)
def test_spreads_move_delta_within_the_commodity_only(deltas):
    found = span_charges.intra_commodity(deltas, TABLE)
    assert sum(left for _, left in found.left_wad) == sum(held.delta_wad for held in deltas)
    assert found.total_wad == sum(one.charge_wad for one in found.formed)
    turned = [MonthDelta(m.month, m.tier, -m.delta_wad) for m in deltas]
    assert span_charges.intra_commodity(turned, TABLE).total_wad == found.total_wad
    assert span_charges.intra_commodity(deltas[::-1], TABLE).total_wad == found.total_wad


@given(
    st.integers(-50, 50).map(lambda n: n * WAD),
    st.integers(-50, 50).map(lambda n: n * WAD),
    st.integers(0, 100),
)
def test_a_credit_is_never_more_than_the_price_risk_of_its_delta(oil, gas, rate):
    risks = {"oil": CommodityRisk(oil, 1000 * WAD), "gas": CommodityRisk(gas, 300 * WAD)}
    found = span_charges.inter_commodity_credit_wad(risks, [rule(rate)])
    for name, risk in risks.items():
        most = abs(risk.delta_wad) * risk.price_risk_per_delta_wad // WAD
        assert 0 <= found[name] <= most
