"""The formulas of Derive's managers one by one, on numbers that can be worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import derive_portfolio_shocks as shocks
from trimtab.protocols import derive_standard as standard
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import Expiry, OptionPosition, Scenario, VolShock
from trimtab.protocols.derive_standard_presets import TEST_RULES
from trimtab.units import WAD

CENT = WAD // 100
DAY = 86400
YEAR = 365 * DAY
RULES = TEST_RULES.options


def short(strike, *, is_call):
    return OptionPosition(strike * WAD, is_call, -WAD, WAD)


@pytest.mark.parametrize(
    ("option", "value", "initial", "maintenance"),
    [
        # At the money: 15 % and 7.5 % of 1000, and what the option is worth.
        (short(1000, is_call=True), -50, -200, -125),
        (short(1000, is_call=False), -50, -200, -125),
        # 3 % out of the money takes 3 % off the 15 %.
        (short(1030, is_call=True), -40, -160, -115),
        (short(970, is_call=False), -40, -160, -115),
        # 50 % out of the money: the least of 10 %.
        (short(1500, is_call=True), -1, -101, -76),
        (short(500, is_call=False), -1, -101, -76),
        # A put worth more than spot: 7.5 % of its value, times 1.05 for the initial margin.
        (short(9000, is_call=False), -8000, -9030, -8600),
    ],
)
def test_isolated_margins_by_hand(option, value, initial, maintenance):
    def isolated(*, is_initial):
        return standard.isolated_wad(
            option, value * WAD, spot_wad=1000 * WAD, rules=RULES, is_initial=is_initial
        )

    assert isolated(is_initial=True) == initial * WAD
    assert isolated(is_initial=False) == maintenance * WAD


@given(st.integers(1, 3000), st.integers(0, 500), st.booleans())
def test_isolated_initial_is_never_easier_than_maintenance(strike, value, is_call):
    option = short(strike, is_call=is_call)
    initial, maintenance = (
        standard.isolated_wad(
            option, -value * WAD, spot_wad=1000 * WAD, rules=RULES, is_initial=is_initial
        )
        for is_initial in (True, False)
    )
    assert initial <= maintenance <= -value * WAD


def test_payoffs_of_calls_and_puts():
    held = (short(100, is_call=True), short(80, is_call=False))
    assert [standard.payoff_wad(held, p * WAD) // WAD for p in (0, 80, 90, 100, 130)] == [
        -80,
        0,
        0,
        0,
        -30,
    ]


def expiry_of(*options, seconds=YEAR, rate=0):
    return Expiry(seconds, 100 * WAD, rate, WAD, tuple(options))


def test_longs_are_discounted_and_shorts_marked_up_to_their_cap():
    found = shocks.discounts(expiry_of(), DEPLOYED.margin)
    # 1.05 * exp(-0.16), and 0.95 * exp(0.16) = 1.115 capped at 1 / exp(-0 * 1) = 1.
    assert abs(found.long_wad / WAD - 1.05 * 2.718281828459045**-0.16) < 1e-12
    assert found.short_wad == WAD
    dear = shocks.discounts(expiry_of(rate=50 * CENT), DEPLOYED.margin)
    assert abs(dear.short_wad / WAD - 0.95 * 2.718281828459045**0.16) < 1e-12


def test_a_negative_rate_counts_as_none():
    below, none = expiry_of(rate=-120 * CENT), expiry_of()
    assert shocks.discount_wad(below) == WAD
    assert shocks.discounts(below, DEPLOYED.margin) == shocks.discounts(none, DEPLOYED.margin)


def test_an_upward_vol_has_a_floor_and_a_downward_one_none():
    held = expiry_of(OptionPosition(100 * WAD, True, WAD, 10 * CENT), seconds=30 * DAY)
    factors = shocks.vol_factors(30 * DAY, DEPLOYED.vol)

    def vols(shock):
        return shocks.vols_up_or_down(
            held, shock, factors=factors, vol_up_min_wad=DEPLOYED.vol.vol_up_min_wad
        )

    assert vols(VolShock.UP) == (40 * CENT,)
    assert vols(VolShock.NONE) == (10 * CENT,)
    assert vols(VolShock.DOWN) == (7 * CENT,)


def test_a_tilt_moves_volatility_and_not_the_forward():
    held = expiry_of(OptionPosition(130 * WAD, True, WAD, 50 * CENT))
    still = Scenario(WAD, VolShock.LINEAR)
    moved = Scenario(2 * WAD, VolShock.LINEAR)
    assert shocks.shocked_values_wad(held, DEPLOYED, scenario=still) == shocks.shocked_values_wad(
        held, DEPLOYED, scenario=moved
    )
    # k = ln 1.3 = 0.2624, k* = 4 * 0.6 = 2.4, cap = 0.25 - 0.1: 1 + 0.2624 * 0.15 / 2.4.
    factor = shocks.skew_factor_wad(
        130 * WAD, 100 * WAD, seconds=YEAR, shock=VolShock.LINEAR, rules=DEPLOYED.skew
    )
    assert abs(factor / WAD - 1.016397766) < 1e-9


def test_the_settled_part_of_a_forward_does_not_move():
    option = OptionPosition(100 * WAD, True, WAD, WAD)
    settled = Expiry(0, 0, 0, WAD, (option,), forward_fixed_wad=150 * WAD)
    for spot in (WAD // 2, 3 * WAD):
        scenario = Scenario(spot, VolShock.NONE)
        assert shocks.shocked_values_wad(settled, DEPLOYED, scenario=scenario) == (50 * WAD,)
