"""Derive's portfolio margin: numbers worked by hand, and what must hold of any portfolio."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.protocols import derive_portfolio, derive_portfolio_explain
from trimtab.protocols import derive_portfolio_shocks as shocks
from trimtab.protocols.derive_portfolio_presets import DEPLOYED, DEPLOYED_SCENARIOS
from trimtab.protocols.derive_portfolio_rules import (
    Collateral,
    Expiry,
    OptionPosition,
    Portfolio,
    VolShock,
)
from trimtab.units import WAD

DAY = 86400
CENT = WAD // 100

option_positions = st.builds(
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
    options=st.lists(option_positions, min_size=1, max_size=3).map(tuple),
)
collaterals = st.builds(
    Collateral,
    amount_wad=st.integers(0, 10).map(lambda n: n * WAD),
    price_wad=st.integers(1, 3000).map(lambda n: n * WAD),
    confidence_wad=st.integers(0, 100).map(lambda n: n * CENT),
    cancels_risk=st.booleans(),
    initial_haircut_wad=st.integers(0, 40).map(lambda n: n * CENT),
    maintenance_haircut_wad=st.integers(0, 40).map(lambda n: n * CENT),
)
portfolios = st.builds(
    Portfolio,
    cash_wad=st.integers(-(10**4), 10**4).map(lambda n: n * WAD),
    spot_wad=st.just(2000 * WAD),
    spot_confidence_wad=st.integers(0, 100).map(lambda n: n * CENT),
    stable_price_wad=st.integers(90, 102).map(lambda n: n * CENT),
    perp_size_wad=st.integers(-30, 30).map(lambda n: n * WAD // 10),
    perp_price_wad=st.just(2010 * WAD),
    perp_confidence_wad=st.integers(0, 100).map(lambda n: n * CENT),
    perp_cash_wad=st.integers(-100, 100).map(lambda n: n * WAD),
    collaterals=st.lists(collaterals, max_size=2).map(tuple),
    expiries=st.lists(expiries, max_size=2).map(tuple),
)


def plain(**held):
    given_wad = {"cash_wad": 0, "spot_wad": 2000 * WAD, "spot_confidence_wad": WAD}
    return Portfolio(**{**given_wad, "stable_price_wad": WAD, **held})


def margin_of(portfolio):
    return derive_portfolio.margin(portfolio, DEPLOYED)


@pytest.mark.parametrize(("size", "spot"), [(1, 67), (-1, 200)])
def test_a_perpetual_loses_most_in_a_damped_tail(size, spot):
    # -33 % counted at 0.42 is 13.86 %; +100 % at 0.1386 too: less than the plain 18 % move.
    found = margin_of(plain(perp_size_wad=size * WAD, perp_price_wad=2000 * WAD))
    tail = [r for r in found.grid if r.scenario.spot_wad == spot * CENT]
    assert [r.perp_wad for r in tail] == [-27720 * CENT]
    assert found.worst_loss_wad == -360 * WAD
    assert found.worst.scenario.spot_wad == (82 if size > 0 else 118) * CENT
    # 3 % of 2000 for both margins and 1 % more for the initial one.
    assert found.maintenance_wad == -(288 + 60) * WAD
    assert found.initial_wad == -(360 + 60 + 20) * WAD


def test_collateral_that_cancels_risk_carries_a_short_perpetual():
    eth = Collateral(WAD, 2000 * WAD, WAD, True, 0, 0)
    held = plain(perp_size_wad=-WAD, perp_price_wad=2000 * WAD, collaterals=(eth,))
    found = margin_of(held)
    assert found.worst is None
    assert found.worst_loss_wad == 0
    assert {r.offset_wad for r in found.grid} >= {360 * WAD}
    assert found.initial_wad == (2000 - 60 - 20) * WAD
    other = replace(held, collaterals=(replace(eth, cancels_risk=False),))
    assert margin_of(other).worst_loss_wad == -360 * WAD


def test_depeg_raises_the_initial_factor_alone():
    held = plain(perp_size_wad=WAD, perp_price_wad=2000 * WAD)
    found = margin_of(replace(held, stable_price_wad=97 * CENT))
    assert found.initial_factor_wad == 108 * CENT
    assert found.maintenance_wad == margin_of(held).maintenance_wad
    assert found.initial_wad == -(38880 + 8000) * CENT


def test_confidence_is_charged_strictly_below_its_threshold():
    held = plain(perp_size_wad=WAD, perp_price_wad=2000 * WAD)
    fine = replace(held, perp_confidence_wad=55 * CENT)
    low = replace(held, perp_confidence_wad=54 * CENT)
    assert margin_of(fine).contingencies.confidence_wad == 0
    assert margin_of(low).contingencies.confidence_wad == 920 * WAD
    # Without a perpetual its feed is not asked.
    assert margin_of(replace(low, perp_size_wad=0)).contingencies.confidence_wad == 0


def test_the_deployed_grid_has_33_scenarios():
    assert len(DEPLOYED_SCENARIOS) == 33
    assert sum(s.dampening_wad < WAD for s in DEPLOYED_SCENARIOS) == 8


def test_vol_factors_change_power_past_thirty_days():
    month = shocks.vol_factors(30 * DAY, DEPLOYED.vol)
    assert month == shocks.VolFactors(150 * CENT, 70 * CENT)
    short = shocks.vol_factors(DAY, DEPLOYED.vol)
    assert short == shocks.vol_factors(1, DEPLOYED.vol)
    assert abs(short.up_wad / WAD - (1 + 0.5 * 30**0.3)) < 1e-12
    assert shocks.vol_factors(60 * DAY, DEPLOYED.vol).up_wad < month.up_wad


def test_naked_shorts_offset_within_a_strike():
    def held(strike, amount, *, is_call=True):
        return OptionPosition(strike * WAD, is_call, amount * WAD, WAD)

    assert shocks.naked_shorts_wad((held(1, -2), held(1, 3, is_call=False))) == 0
    assert shocks.naked_shorts_wad((held(1, -2), held(1, -3, is_call=False))) == 5 * WAD
    assert shocks.naked_shorts_wad((held(1, -2), held(2, 3))) == 2 * WAD


def test_a_forward_settles_over_its_average():
    assert shocks.split_forward(1800, 1800, average_seconds=1800) == (0, 1800)
    assert shocks.split_forward(1800, 600, average_seconds=1800) == (1200, 600)
    assert shocks.split_forward(1800, 0, average_seconds=1800) == (1800, 0)


@settings(max_examples=25)
@given(portfolios)
def test_order_of_positions_decides_nothing(portfolio):
    turned = replace(
        portfolio,
        collaterals=portfolio.collaterals[::-1],
        expiries=tuple(replace(e, options=e.options[::-1]) for e in portfolio.expiries[::-1]),
    )
    one, other = margin_of(portfolio), margin_of(turned)
    assert (one.initial_wad, one.maintenance_wad) == (other.initial_wad, other.maintenance_wad)


@settings(max_examples=25)
@given(portfolios, st.integers(2, 9))
def test_scaling_every_amount_scales_the_margin(portfolio, scale):
    many = replace(
        portfolio,
        cash_wad=portfolio.cash_wad * scale,
        perp_size_wad=portfolio.perp_size_wad * scale,
        perp_cash_wad=portfolio.perp_cash_wad * scale,
        collaterals=tuple(
            replace(c, amount_wad=c.amount_wad * scale) for c in portfolio.collaterals
        ),
        expiries=tuple(
            replace(
                e, options=tuple(replace(o, amount_wad=o.amount_wad * scale) for o in e.options)
            )
            for e in portfolio.expiries
        ),
    )
    one, other = margin_of(portfolio), margin_of(many)
    assert abs(other.initial_wad - one.initial_wad * scale) < 1000 * scale
    assert abs(other.maintenance_wad - one.maintenance_wad * scale) < 1000 * scale


@settings(max_examples=25)
@given(portfolios)
def test_expiries_together_need_no_more_than_apart(portfolio):
    """Sub-additive by parts: the worst of a sum is at least the sum of the worsts."""
    whole = margin_of(portfolio)
    bare = replace(portfolio, expiries=(), perp_size_wad=0, collaterals=())
    parts = [replace(portfolio, expiries=())]
    parts += [replace(bare, cash_wad=0, perp_cash_wad=0, expiries=(e,)) for e in portfolio.expiries]
    apart = [margin_of(part) for part in parts]
    assert whole.worst_loss_wad >= sum(p.worst_loss_wad for p in apart) - 100
    assert whole.maintenance_wad >= sum(p.maintenance_wad for p in apart) - 100


@settings(max_examples=25)
@given(portfolios)
def test_the_explanation_adds_up(portfolio):
    found = margin_of(portfolio)
    assert found.worst_loss_wad == min(
        found.basis_contingency_wad, *(r.total_wad for r in found.grid)
    )
    assert all(result.offset_wad >= 0 for result in found.grid)
    for result in found.grid[:1] + found.grid[-2:]:
        for expiry, total in zip(portfolio.expiries, result.expiries_wad, strict=True):
            parts = derive_portfolio_explain.option_profits_wad(
                expiry, DEPLOYED, scenario=result.scenario
            )
            assert abs(sum(part.profit_wad for part in parts) - total) <= 3 * len(parts)


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(60, 400 * DAY))
def test_a_tilt_stays_within_its_cap(strike, forward, seconds):
    for shock in (VolShock.LINEAR, VolShock.ABS):
        factor = shocks.skew_factor_wad(
            strike * WAD, forward * WAD, seconds=seconds, shock=shock, rules=DEPLOYED.skew
        )
        assert abs(factor - WAD) <= 25 * CENT
        if shock is VolShock.ABS:
            assert factor >= WAD
