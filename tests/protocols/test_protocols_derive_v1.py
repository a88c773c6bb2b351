"""Derive's first portfolio manager: its recorded cases, by hand, and what must always hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.protocols import derive_portfolio_v1 as first
from trimtab.protocols.derive_portfolio_rules import Expiry, OptionPosition, VolShock
from trimtab.protocols.derive_portfolio_v1 import FirstPortfolio
from trimtab.protocols.derive_portfolio_v1_presets import DEPLOYED, TEST_RULES
from trimtab.units import WAD

DAY = 86400
CENT = WAD // 100
SPOT = 1500 * WAD

options = st.builds(
    OptionPosition,
    strike_wad=st.integers(500, 4000).map(lambda n: n * WAD),
    is_call=st.booleans(),
    amount_wad=st.integers(-50, 50).map(lambda n: n * WAD // 10),
    vol_wad=st.integers(10, 200).map(lambda n: n * CENT),
)
expiries = st.builds(
    Expiry,
    seconds=st.integers(0, 400 * DAY),
    forward_variable_wad=st.integers(1000, 3000).map(lambda n: n * WAD),
    rate_wad=st.integers(-20, 30).map(lambda n: n * CENT),
    confidence_wad=st.integers(0, 100).map(lambda n: n * CENT),
    options=st.lists(options, min_size=1, max_size=3).map(tuple),
)
portfolios = st.builds(
    FirstPortfolio,
    cash_wad=st.integers(-(10**4), 10**4).map(lambda n: n * WAD),
    spot_wad=st.just(SPOT),
    stable_price_wad=st.integers(90, 102).map(lambda n: n * CENT),
    spot_confidence_wad=st.integers(0, 100).map(lambda n: n * CENT),
    base_wad=st.integers(0, 30).map(lambda n: n * WAD // 10),
    perp_size_wad=st.integers(-30, 30).map(lambda n: n * WAD // 10),
    perp_price_wad=st.just(1505 * WAD),
    expiries=st.lists(expiries, max_size=2).map(tuple),
)


def held(*options, seconds=500_400, forward=1500833279310993817600, fixed=0, rate=3):
    """An expiry of (strike, is call, amount in units, vol) as the recorded cases have it."""
    found = tuple(OptionPosition(k * WAD, call, n * WAD, vol) for k, call, n, vol in options)
    return Expiry(seconds, forward, rate * CENT, WAD, found, fixed)


MONEY = 1047884494084986240
FAR = 1326538658030860032

# Inputs and `...MarginHand` of testAndVerifyScenarios.json in derivexyz/v2-core at 7736900d.
RECORDED = {
    "1, short call": (
        FirstPortfolio(0, SPOT, expiries=(held((1500, True, -1, MONEY)),)),
        -368487619761755586560,
        -301768534860364300288,
    ),
    "3, call spread in the money": (
        FirstPortfolio(
            0,
            SPOT,
            expiries=(
                held((500, True, 1, 1653152366370104064), (900, True, -1, 1328657463897111040)),
            ),
        ),
        332344238458856734720,
        347943066330574028800,
    ),
    "12, long call, depeg": (
        FirstPortfolio(
            0, SPOT, stable_price_wad=90 * CENT, expiries=(held((1500, True, 1, MONEY)),)
        ),
        -36174467532972621824,
        230453187667771392,
    ),
    "15, synthetic forward": (
        FirstPortfolio(0, SPOT, expiries=(held((1500, True, 1, MONEY), (1500, False, -1, MONEY)),)),
        -291829210154649976832,
        -224291712585655207936,
    ),
    "18, inside the settlement average": (
        FirstPortfolio(
            0,
            SPOT,
            expiries=(
                held(
                    (1500, True, -1, 1048124566815733120),
                    seconds=900,
                    forward=375000374572104941568,
                    fixed=1101666666666666754048,
                    rate=1,
                ),
            ),
        ),
        -62717997469736271872,
        -48246077388932464663,
    ),
    "21, box": (
        FirstPortfolio(
            0,
            SPOT,
            expiries=(
                held(
                    (1500, True, 1, MONEY),
                    (1500, False, -1, MONEY),
                    (2500, True, -1, FAR),
                    (2500, False, 1, FAR),
                ),
            ),
        ),
        931673090765353254912,
        947440839050271735808,
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_margins_come_out_within_their_own_tolerance(name):
    portfolio, initial, maintenance = RECORDED[name]
    found = first.margin(portfolio, TEST_RULES)
    assert abs(found.initial_wad - initial) < 10**8
    assert abs(found.maintenance_wad - maintenance) < 10**8


def test_the_deployed_grid_has_twenty_three_scenarios_and_single_edges():
    grid = DEPLOYED.scenarios
    assert len(grid) == 23
    assert len(TEST_RULES.scenarios) == 21
    edges = [s for s in grid if s.spot_wad in (120 * CENT, 80 * CENT)]
    assert [s.vol for s in edges] == [VolShock.UP, VolShock.UP]
    assert sum(s.vol is VolShock.DOWN for s in grid) == 7


def test_the_factor_of_initial_margin_takes_in_the_static_contingency():
    # 20 % of 2000 is 400, 3 % is 60: 460, and 1.25 * 460 = 575.
    portfolio = FirstPortfolio(0, 2000 * WAD, perp_size_wad=WAD, perp_price_wad=2000 * WAD)
    found = first.margin(portfolio, DEPLOYED)
    assert (found.initial_wad, found.maintenance_wad) == (-575 * WAD, -460 * WAD)
    assert found.static.perp_wad == 60 * WAD
    assert found.worst.scenario.spot_wad == 80 * CENT


def test_the_base_asset_moves_with_spot_and_hedges_a_short_perpetual():
    bare = FirstPortfolio(0, SPOT, perp_size_wad=-WAD, perp_price_wad=SPOT)
    hedged = replace(bare, base_wad=WAD)
    found = first.margin(hedged, DEPLOYED)
    assert found.worst_loss_wad == 0
    assert found.static.total_wad == 90 * WAD
    # 1500 of base, less 90 at 1.25; alone the short needs 1.25 * (300 + 45).
    assert found.initial_wad == 1500 * WAD - 112 * WAD - WAD // 2
    assert first.margin(bare, DEPLOYED).initial_wad == -431 * WAD - WAD // 4


def test_a_doubtful_feed_is_charged_on_initial_margin_alone():
    sure = FirstPortfolio(0, SPOT, base_wad=WAD)
    doubtful = replace(sure, spot_confidence_wad=40 * CENT)
    before, after = first.margin(sure, DEPLOYED), first.margin(doubtful, DEPLOYED)
    assert before.initial_wad - after.initial_wad == after.confidence_wad == 900 * WAD
    assert before.maintenance_wad == after.maintenance_wad


def test_a_perpetual_cuts_the_confidence_only_while_one_is_held():
    portfolio = FirstPortfolio(0, SPOT, base_wad=WAD, perp_confidence_wad=0)
    assert first.margin(portfolio, DEPLOYED).confidence_wad == 0
    assert first.margin(replace(portfolio, perp_size_wad=1), DEPLOYED).confidence_wad > 0


def test_a_long_expiry_is_discounted_even_where_nothing_moves():
    # 0.95 * exp(-T * (4 * 0.03 + 0.05)) of 600: the box loses that without any shock.
    box = RECORDED["21, box"][0]
    found = first.margin(box, TEST_RULES)
    discount = first.expiry_discount_wad(box.expiries[0], TEST_RULES)
    still = next(r for r in found.grid if r.scenario.vol is VolShock.NONE)
    assert discount < 95 * CENT
    assert abs(still.total_wad + 1000 * (WAD - discount)) < 10**6


def test_the_basis_contingency_can_be_worse_than_every_scenario():
    # A synthetic forward and its opposite a year on: scenarios net, the basis does not.
    near = held((1500, True, 100, 60 * CENT), (1500, False, -100, 60 * CENT))
    far = held((1500, True, -100, 60 * CENT), (1500, False, 100, 60 * CENT), seconds=365 * DAY)
    found = first.margin(FirstPortfolio(0, SPOT, expiries=(near, far)), DEPLOYED)
    assert found.worst is None
    assert found.worst_loss_wad == found.basis_contingency_wad < 0


@settings(max_examples=20, deadline=None)
@given(portfolios)
def test_initial_is_below_maintenance_and_order_decides_nothing(portfolio):
    found = first.margin(portfolio, DEPLOYED)
    loss = found.worst_loss_wad - found.static.total_wad
    assert found.maintenance_wad == loss + found.mark_to_market_wad
    if loss <= 0:
        assert found.initial_wad <= found.maintenance_wad
    turned = replace(
        portfolio,
        expiries=tuple(replace(e, options=e.options[::-1]) for e in portfolio.expiries[::-1]),
    )
    assert first.margin(turned, DEPLOYED).initial_wad == found.initial_wad
    assert found.worst_loss_wad <= min(r.total_wad for r in found.grid)


@settings(max_examples=20, deadline=None)
@given(portfolios, st.integers(1, 1000))
def test_cash_adds_to_both_margins_one_for_one(portfolio, more):
    richer = replace(portfolio, cash_wad=portfolio.cash_wad + more)
    before, after = first.margin(portfolio, DEPLOYED), first.margin(richer, DEPLOYED)
    assert after.initial_wad - before.initial_wad == more
    assert after.maintenance_wad - before.maintenance_wad == more
