"""One book on five venues: causes add up, netting, order and units; the exceptions by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.option_cases import SPOT, books, option
from trimtab.protocols import option_venues
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import SKEWS
from trimtab.protocols.option_assessment import ScenarioPoint
from trimtab.protocols.option_book import OptionBook, OptionLeg, alone, leg_names
from trimtab.protocols.option_explanation import explain, margin_greeks
from trimtab.protocols.option_venues import VENUES, SpanExample
from trimtab.protocols.option_venues_derive import assess_pmrm2
from trimtab.units import WAD

NO_SPREAD = SpanExample(spread_share_wad=0)
# Discounts as in the contract's tests, and no tilts: see the exceptions below.
TESTED = replace(
    DEPLOYED,
    margin=replace(DEPLOYED.margin, long_discount_wad=95 * 10**16, short_discount_wad=104 * 10**16),
    scenarios=tuple(s for s in DEPLOYED.scenarios if s.vol not in SKEWS),
)
SUBADDITIVE = {
    "pmrm2, discounts as tested, no tilts": partial(assess_pmrm2, rules=TESTED),
    "pmrm": VENUES["pmrm"],
    "deribit, no far moves": partial(
        option_venues.assess_deribit, rules=replace(option_venues.deribit.BTC, far_moves=())
    ),
    "span, no spread charge": partial(option_venues.assess_span, example=NO_SPREAD),
}


def apart(book, assess):
    return sum(assess(part).initial_wad for part in alone(book))


@pytest.mark.parametrize("venue", VENUES)
@settings(max_examples=12, deadline=None)
@given(book=books)
def test_causes_add_up_and_levels_are_in_order(venue, book):
    found = VENUES[venue](book)
    assert sum(charge.amount_wad for charge in found.charges) == found.initial_wad
    assert found.maintenance_wad <= found.initial_wad
    assert all(charge.amount_wad >= 0 or charge.name == "depeg" for charge in found.charges) or (
        venue == "srm"
    )
    if found.worst:
        assert found.worst.profit_wad == min(point.profit_wad for point in found.scenarios)
        assert {leg.name for leg in found.legs} <= set(leg_names(book))
        total = sum(leg.profit_wad for leg in found.legs)
        is_far = found.worst.move_wad not in range(-WAD // 5, WAD // 5 + 1)
        if not (venue == "deribit" and is_far):  # a dampener is no position's
            assert abs(total - found.worst.profit_wad) < 10**8


@pytest.mark.parametrize("venue", VENUES)
@settings(max_examples=8, deadline=None)
@given(book=books)
def test_order_decides_nothing(venue, book):
    turned = replace(book, options=book.options[::-1])
    assert VENUES[venue](turned).initial_wad == VENUES[venue](book).initial_wad


@pytest.mark.parametrize("venue", ["pmrm2", "pmrm", "srm", "span"])
@settings(max_examples=8, deadline=None)
@given(book=books, scale=st.sampled_from([2, 5]))
def test_twice_the_book_needs_twice_the_margin(venue, book, scale):
    many = replace(
        book,
        options=tuple(replace(leg, amount_wad=scale * leg.amount_wad) for leg in book.options),
        base_wad=scale * book.base_wad,
        perp_wad=scale * book.perp_wad,
        cash_wad=scale * book.cash_wad,
    )
    once, more = VENUES[venue](book).initial_wad, VENUES[venue](many).initial_wad
    assert abs(more - scale * once) < 200 * scale


@pytest.mark.parametrize("venue", VENUES)
@settings(max_examples=8, deadline=None)
@given(book=books)
def test_the_unit_of_the_coin_decides_nothing(venue, book):
    """A thousandth of the coin as the unit: prices over 1000, sizes times 1000."""

    def small(leg: OptionLeg) -> OptionLeg:
        return replace(
            leg,
            strike_wad=leg.strike_wad // 1000,
            forward_wad=leg.forward_wad // 1000,
            amount_wad=leg.amount_wad * 1000,
        )

    other = OptionBook(
        book.spot_wad // 1000,
        tuple(map(small, book.options)),
        book.base_wad * 1000,
        book.perp_wad * 1000,
        book.cash_wad,
    )
    gap = VENUES[venue](other).initial_wad - VENUES[venue](book).initial_wad
    assert abs(gap) < 10**7


@pytest.mark.parametrize("name", SUBADDITIVE)
@settings(max_examples=25, deadline=None)
@given(book=books)
def test_netting_never_costs_where_the_rules_recognize_offsets(name, book):
    assess = SUBADDITIVE[name]
    assert assess(book).initial_wad <= apart(book, assess) + 10**6


def test_exception_the_deployed_discounts_of_pmrm2_reward_holding_apart():
    # What is long counts 1.05 and what is short 0.95 times: apart, calls bought and puts sold in
    # the money each gain about 5 % of their values in every move; together their values net first.
    put = option(strike=90_000, days=7, amount=-3, is_call=False, vol=55)
    book = OptionBook(SPOT, (put, option(strike=42_000, days=7, amount=3)))
    deployed, tested = VENUES["pmrm2"], SUBADDITIVE["pmrm2, discounts as tested, no tilts"]
    assert deployed(book).initial_wad > apart(book, deployed) + 2000 * WAD
    assert tested(book).initial_wad <= apart(book, tested)
    # The same reversal makes a call sold at no strike cheaper by a twentieth of what it is worth.
    sold = OptionBook(SPOT, (option(strike=1, days=7, amount=-1),))
    assert deployed(sold).initial_wad < tested(sold).initial_wad - 2900 * WAD


def test_exception_srm_takes_the_better_of_two_sums_not_the_sum_of_the_better():
    put_spread = (
        option(strike=60_000, amount=-1, is_call=False),
        option(strike=54_000, amount=1, is_call=False),
    )
    naked = option(strike=90_000, amount=-1)
    assess = VENUES["srm"]
    together = assess(OptionBook(SPOT, (*put_spread, naked))).initial_wad
    parts = assess(OptionBook(SPOT, put_spread)).initial_wad
    parts += assess(OptionBook(SPOT, (naked,))).initial_wad
    # 6000 for the spread and 13 % for the call alone; together each short stands alone.
    assert together > parts + 2000 * WAD


def test_exception_the_dampener_of_deribit_is_granted_once():
    short = option(strike=90_000, days=7, amount=-30)
    book = OptionBook(SPOT, (short, replace(short, name="another")))
    assess = VENUES["deribit"]
    assert assess(book).initial_wad > apart(book, assess)


def test_exception_span_charges_the_calendar_spread_that_it_nets():
    near, far = option(strike=42_000, amount=-1), option(strike=42_000, days=120, amount=1)
    book = OptionBook(SPOT, (near, far))
    dear = partial(option_venues.assess_span, example=SpanExample(spread_share_wad=WAD // 2))
    assert dear(book).initial_wad > apart(book, dear)


@pytest.mark.parametrize("venue", ["pmrm2", "pmrm"])
def test_a_basis_contingency_is_told_by_position(venue):
    near, far = option(amount=-1), option(days=120, amount=1)
    found = VENUES[venue](OptionBook(SPOT, (far, near)))
    assert found.worst is None
    assert [leg.name for leg in found.legs] == ["C60000-120", "C60000-30"]
    # A call sold loses when its expiry rises alone, one bought when its expiry falls.
    assert all(leg.profit_wad < 0 for leg in found.legs)
    factor = 10**18 if venue == "pmrm2" else 125 * 10**16
    charge = next(c for c in found.charges if c.name == "basis contingency")
    told = sum(leg.profit_wad for leg in found.legs)
    assert abs(charge.amount_wad + told * factor // WAD) < 10


def test_scenarios_say_what_they_are():
    assert ScenarioPoint(-45 * 10**15, "up", 0).label == "price -4.5 %, vol up"
    assert ScenarioPoint(5 * WAD, "the same", 0).label == "price +500 %, vol the same"
    assert ScenarioPoint(0, "tilted", 0).label == "price 0 %, vol tilted"
    counts = {venue: len(VENUES[venue](OptionBook(SPOT)).scenarios) for venue in VENUES}
    assert counts == {"pmrm2": 33, "pmrm": 23, "srm": 0, "deribit": 35, "span": 16}


def test_every_venue_but_the_srm_shocks_volatility():
    leg = option(vol=55)
    for venue in VENUES:
        down, up = option_venues.shocked_vols_wad(venue, leg)
        if venue == "srm":
            assert down == up == leg.vol_wad
        else:
            assert down < leg.vol_wad < up
    assert option_venues.shocked_vols_wad("span", leg) == (40 * 10**16, 70 * 10**16)


def test_an_explanation_of_a_covered_call():
    book = OptionBook(SPOT, (option(strike=66_000),), base_wad=WAD)
    found = explain(book, VENUES["pmrm2"])
    assert [part.name for part in found.alone] == ["underlying", "C66000-30"]
    assert found.alone[0].initial_wad == 10_800 * WAD
    assert found.offset_wad == sum(p.initial_wad for p in found.alone) - (
        found.assessment.initial_wad
    )
    assert found.offset_wad > 8000 * WAD
    assert found.assessment.worst.label == "price -18 %, vol up"
    assert found.account.vega_wad < 0 < found.account.delta_wad < WAD


def test_the_slope_of_a_margin_is_that_of_its_rule():
    # A coin needs 28.75 % of its price: the delta of its margin, with no gamma and no vega.
    coin = OptionBook(SPOT, base_wad=WAD)
    found = margin_greeks(coin, VENUES["pmrm"], price_step_wad=WAD // 50, vol_step_wad=WAD // 50)
    assert (found.delta_wad, found.gamma_wad, found.vega_wad) == (2875 * 10**14, 0, 0)


@settings(max_examples=8, deadline=None)
@given(book=books)
def test_cash_moves_no_requirement(book):
    richer = replace(book, cash_wad=book.cash_wad + 777 * WAD)
    for assess in VENUES.values():
        assert assess(richer).initial_wad == assess(book).initial_wad
