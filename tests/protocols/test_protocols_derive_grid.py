"""A grid of prices gives the margins that pricing every account gives, to the last unit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.protocols import derive_portfolio_grid as grids
from trimtab.protocols.derive_portfolio import margin
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import Expiry, OptionPosition, Portfolio
from trimtab.units import WAD

DAY = 86_400
SPOT = 2000 * WAD
CHAIN = tuple(
    Expiry(
        days * DAY,
        SPOT + days * WAD,
        5 * WAD // 100,
        WAD,
        tuple(
            OptionPosition(strike * WAD, is_call, WAD, WAD * vol // 100)
            for strike, vol in ((1500, 90), (2000, 70), (2600, 80))
            for is_call in (True, False)
        ),
    )
    for days in (7, 45)
)
GRID = grids.price_grid(CHAIN, DEPLOYED)


@st.composite
def accounts(draw):
    expiries = []
    for expiry in CHAIN:
        amounts = draw(st.lists(st.integers(-30, 30), min_size=6, max_size=6))
        held = tuple(
            replace(option, amount_wad=amount * WAD // 10)
            for option, amount in zip(expiry.options, amounts, strict=True)
            if amount
        )
        if held:
            expiries.append(replace(expiry, options=held))
    perp = draw(st.integers(-20, 20)) * WAD // 10
    return Portfolio(
        0, SPOT, WAD, WAD, perp_size_wad=perp, perp_price_wad=SPOT, expiries=tuple(expiries)
    )


def test_a_grid_holds_each_option_once_a_scenario():
    # The unshocked scenario and both moves of the basis are among the thirty-three.
    assert len(GRID.columns) == 33
    assert GRID.size == 33 * 12
    twice = grids.price_grid((*CHAIN, *CHAIN), DEPLOYED)
    assert twice.prices_wad == GRID.prices_wad
    longer = grids.price_grid(
        CHAIN, replace(DEPLOYED, basis=replace(DEPLOYED.basis, spot_up_wad=2 * WAD))
    )
    assert len(longer.columns) == 34


@settings(max_examples=30, deadline=None)
@given(accounts())
def test_margins_from_a_grid_are_the_same_records(portfolio):
    assert grids.margin_from(GRID, portfolio) == margin(portfolio, DEPLOYED)


def test_amounts_in_the_chain_do_not_matter():
    doubled = tuple(
        replace(e, options=tuple(replace(o, amount_wad=-7 * WAD) for o in e.options)) for e in CHAIN
    )
    assert grids.price_grid(doubled, DEPLOYED).prices_wad == GRID.prices_wad


def test_an_option_that_is_not_in_the_grid_is_an_error():
    other = replace(CHAIN[0], options=(OptionPosition(1234 * WAD, True, WAD, WAD),))
    with pytest.raises(KeyError):
        grids.margin_from(GRID, Portfolio(0, SPOT, WAD, WAD, expiries=(other,)))
    later = replace(CHAIN[0], seconds=CHAIN[0].seconds + 1)
    with pytest.raises(KeyError):
        grids.margin_from(GRID, Portfolio(0, SPOT, WAD, WAD, expiries=(later,)))


def test_one_strike_may_stand_at_two_volatilities():
    (expiry, *_) = CHAIN
    wild = replace(expiry, options=tuple(replace(o, vol_wad=2 * o.vol_wad) for o in expiry.options))
    both = grids.price_grid((expiry, wild), DEPLOYED)
    assert both.size == 33 * 12
    for one in (expiry, wild):
        portfolio = Portfolio(0, SPOT, WAD, WAD, expiries=(one,))
        assert grids.margin_from(both, portfolio) == margin(portfolio, DEPLOYED)
