"""Requirements: exact by hand, continuous at tiers, ordered by level, monotone in size."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.markets import ETHER, cash, inverse, mark_of, opened, perp, rules_with
from trimtab.engine.perps.requirement import (
    marginal_rate_wad,
    notional,
    oi_scaled_wad,
    rate_wad,
    requirement,
)
from trimtab.model import Level, MarketState, Tier
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

EXACT = 10**72
LEVELS = (Level.INITIAL, Level.LIQUIDATION_END, Level.MAINTENANCE)
sizes = st.integers(0, 10**23)

FORMS = {
    "flat": {},
    "end": {"liquidation_end_margin_wad": 7 * PERCENT},
    "size": {"size_factor_wad": 10**15},
    "skew": {"skew_margin_wad": 2 * WAD, "skew_scale": 10**22},
    "both": {"size_factor_wad": 10**15, "skew_margin_wad": WAD, "skew_scale": 10**22},
    "flat_part": {"position_margin_wad": 25 * WAD},
    "tiers": {
        "liquidation_end_margin_wad": 6 * PERCENT,
        "tiers": (
            Tier(0, 10 * PERCENT, 5 * PERCENT),
            Tier(50_000 * WAD, 20 * PERCENT, 8 * PERCENT),
            Tier(900_000 * WAD, 50 * PERCENT, 30 * PERCENT),
        ),
    },
    "interest": {"oi_lower_wad": 10**5 * WAD, "oi_upper_wad": 10**6 * WAD},
}


def mark(form: str = "flat", *, interest: int = 0, inverse_: bool = False):
    settings = FORMS[form]
    market = inverse(**settings) if inverse_ else perp(**settings)
    found = mark_of(opened(rules_with(market), cash("a", 1)))
    return replace(found, state=replace(found.state, long=interest, short=interest))


def needed(size: int, at, level=Level.INITIAL, *, asked: int = 0) -> Fraction:
    """The requirement in dollars."""
    exact = requirement(size, at, level=level, price_wad=at.price_wad, asked_wad=asked)
    return Fraction(exact, EXACT)


def test_a_flat_rate_by_hand():
    """Three at 2,000: 600 and 300."""
    at = mark()
    assert [needed(3 * ETHER, at, level) for level in LEVELS] == [600, 300, 300]
    assert needed(-3 * ETHER, at) == 600
    assert needed(0, at) == 0


def test_a_flat_part_is_asked_of_any_open_size():
    assert needed(ETHER, mark("flat_part"), Level.MAINTENANCE) == 125
    assert needed(0, mark("flat_part"), Level.MAINTENANCE) == 0


@pytest.mark.parametrize(
    ("notional_usd", "initial", "maintenance"),
    [
        (40_000, 4000, 2000),
        (50_000, 5000, 2500),
        # 20 % of 60,000 less 5,000; 8 % less 1,500.
        (60_000, 7000, 3300),
        (900_000, 175_000, 70_500),
        (1_000_000, 225_000, 100_500),
    ],
)
def test_tiers_by_hand(notional_usd, initial, maintenance):
    size, at = notional_usd * ETHER // 2000, mark("tiers")
    assert needed(size, at) == initial
    assert needed(size, at, Level.MAINTENANCE) == maintenance


@given(
    tier=st.sampled_from(FORMS["tiers"]["tiers"][1:]),
    level=st.sampled_from(LEVELS),
    inside=st.booleans(),
)
def test_tiers_are_continuous_at_their_edges(tier, level, inside):
    at = mark("tiers")
    edge = tier.floor_wad * ETHER // (2000 * WAD)
    step = needed(edge + 1, at, level) - needed(edge, at, level)
    before = needed(edge, at, level) - needed(edge - 1, at, level)
    assert 0 < before <= step <= Fraction(2000, ETHER)
    del inside


def test_the_square_root_by_hand():
    """max(10 %, 8 % + 0.001 sqrt(100)): 0.09 is under it, 0.001 sqrt(10,000) over it."""
    at = mark("size")
    assert rate_wad(100 * ETHER, at, level=Level.INITIAL) == 10 * PERCENT
    assert rate_wad(10_000 * ETHER, at, level=Level.INITIAL) == 18 * PERCENT
    assert rate_wad(-10_000 * ETHER, at, level=Level.MAINTENANCE) == 14 * PERCENT


@given(size=st.integers(1, 10**24))
def test_the_square_root_rounds_up(size):
    found = rate_wad(size, mark("size"), level=Level.INITIAL)
    exact = max(0.1, 0.08 + 0.001 * sqrt(size / 1e18))
    assert found / WAD == pytest.approx(exact, rel=1e-9)
    assert (found - 8 * PERCENT) ** 2 * ETHER >= (10**15) ** 2 * size or found == 10 * PERCENT


def test_the_skew_s_margin_by_hand():
    """2 x 100 / 10,000 + 10 %, and half of it at maintenance (Synthetix v3)."""
    at = mark("skew")
    assert rate_wad(100 * ETHER, at, level=Level.INITIAL) == 12 * PERCENT
    assert rate_wad(100 * ETHER, at, level=Level.MAINTENANCE) == 6 * PERCENT


@pytest.mark.parametrize(
    ("interest_usd", "rate"),
    [(0, 10), (100_000, 10), (550_000, 55), (1_000_000, 100), (9_000_000, 100)],
)
def test_open_interest_raises_the_initial_rate_to_one(interest_usd, rate):
    at = mark("interest", interest=interest_usd * ETHER // 2000)
    assert oi_scaled_wad(10 * PERCENT, at) == rate * PERCENT
    assert needed(ETHER, at) == 20 * rate
    assert needed(ETHER, at, Level.MAINTENANCE) == 100


def test_open_interest_raises_tiers_too():
    market = perp(**FORMS["tiers"], oi_upper_wad=10**6 * WAD)
    at = mark_of(opened(rules_with(market), cash("a", 1)))
    half = replace(at, state=MarketState("ETH-PERP", long=250 * ETHER, short=0))
    assert needed(ETHER, half) == 1000
    assert needed(ETHER, half, Level.MAINTENANCE) == 100


def test_an_own_rate_only_raises():
    at = mark()
    assert needed(ETHER, at, asked=50 * PERCENT) == 1000
    assert needed(ETHER, at, asked=PERCENT) == 200
    assert needed(ETHER, at, Level.MAINTENANCE, asked=50 * PERCENT) == 100


def test_an_inverse_contract_is_a_dollar_at_any_price():
    at = mark(inverse_=True)
    for price in (1, 2000, 10**6):
        moved = replace(at, price_wad=price * WAD)
        assert notional(500 * 10**6, moved, price_wad=price * WAD) == 500 * 10**54
        assert needed(500 * 10**6, moved) == 50


@given(
    form=st.sampled_from(sorted(FORMS)),
    size=sizes,
    interest=sizes,
    asked=st.integers(0, WAD),
    inverse_=st.booleans(),
)
def test_the_levels_are_ordered(form, size, interest, asked, inverse_):
    """I7 for one position: initial >= liquidation-end >= maintenance."""
    at = mark(form, interest=interest, inverse_=inverse_)
    found = [needed(size, at, level, asked=asked) for level in LEVELS]
    assert found == sorted(found, reverse=True)
    assert found[-1] >= 0


@given(form=st.sampled_from(sorted(FORMS)), size=sizes, more=st.integers(1, 10**22))
def test_a_larger_position_never_asks_less(form, size, more):
    at = mark(form)
    for level in LEVELS:
        assert needed(size + more, at, level) >= needed(size, at, level)


@given(form=st.sampled_from(sorted(FORMS)), size=st.integers(1, 10**23), part=st.integers(1, 99))
def test_two_accounts_never_need_more_than_one_of_both(form, size, part):
    """No form rewards size: splitting can only lower what is asked, but for the flat part."""
    if form == "flat_part":
        return
    at, first = mark(form), size * part // 100
    for level in LEVELS:
        split = needed(first, at, level) + needed(size - first, at, level)
        # Each rate rounds up in its last place.
        assert split <= needed(size, at, level) + Fraction(4 * size, 10**31)


@given(form=st.sampled_from(sorted(FORMS)), size=st.integers(10**15, 10**23))
def test_the_marginal_rate_is_no_more_than_what_a_unit_less_frees(form, size):
    """What sizing takes for granted: closing frees at least so much of the requirement."""
    at = mark(form)
    unit = size // 10**6 or 1
    for level in (Level.LIQUIDATION_END, Level.MAINTENANCE):
        freed = needed(size, at, level) - needed(size - unit, at, level)
        rate = Fraction(marginal_rate_wad(size, at, level=level), WAD)
        if form in ("flat", "end", "flat_part", "interest"):
            assert freed == rate * Fraction(unit * 2000, ETHER)
        elif form != "tiers":
            assert freed >= rate * Fraction(unit * 2000, ETHER) * Fraction(999, 1000)
