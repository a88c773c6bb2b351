"""Size, price and pace of a position's liquidation: pure arithmetic, against fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.markets import ETHER, perp
from trimtab.engine.perps.sizing import (
    attributed,
    bankruptcy_proceeds,
    fillable_price_wad,
    insurance_fee_wad,
    ladder_size,
    liquidator_fee_wad,
    portion_bounds,
    portion_size,
    released,
    size_for,
    window_cap_of,
    window_left,
)
from trimtab.model import PositionLiquidationRules
from trimtab.model.settings import PERCENT
from trimtab.units import NANOSECONDS, WAD

RULES = PositionLiquidationRules(fillable_spread_wad=150 * PERCENT)
UNIT = 2000 * 10**36  # one native unit of an ETH contract at 2,000, in 1e-54
shortages = st.integers(0, 10**90)


@given(shortage=shortages, rate=st.integers(1, WAD), fees=st.integers(0, WAD))
def test_a_size_frees_the_shortage_and_a_unit_less_does_not(shortage, rate, fees):
    found = size_for(shortage, unit=UNIT, rate_wad=rate, fees_wad=fees)
    if rate <= fees:
        assert found is None
    else:
        assert found * UNIT * (rate - fees) >= shortage
        assert found == 0 or (found - 1) * UNIT * (rate - fees) < shortage


def test_a_size_by_hand():
    """100 dollars short at 5 % less fees of 1 %: 2,500 dollars of notional, 1.25 ETH."""
    short = 100 * 10**72
    assert size_for(short, unit=UNIT, rate_wad=5 * PERCENT, fees_wad=PERCENT) == 5 * ETHER // 4


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 100), (599, 100), (600, 700), (1000, 1100), (3000, 3000), (10**6, 3000)],
)
def test_the_liquidator_s_fee_rises_after_the_delay(seconds, expected):
    bps = 10**14
    market = perp(liquidator_fee_wad=100 * bps // 100, liquidator_fee_max_wad=3000 * bps // 100)
    rules = replace(RULES, fee_ramp_wad=bps // 100)
    found = liquidator_fee_wad(market, rules, seconds=seconds)
    assert found == expected * bps // 100


def test_without_a_ramp_the_fee_is_flat_and_a_low_maximum_cuts_nothing():
    market = perp(liquidator_fee_wad=2 * PERCENT, liquidator_fee_max_wad=PERCENT)
    assert liquidator_fee_wad(market, RULES, seconds=10**9) == 2 * PERCENT
    ramped = replace(RULES, fee_ramp_wad=10**12)
    assert liquidator_fee_wad(market, ramped, seconds=10**9) == 2 * PERCENT


@given(
    most=st.integers(0, WAD),
    rate=st.integers(1, WAD),
    liquidator=st.integers(0, WAD),
    shortage=st.integers(0, 10**75),
)
def test_the_fund_s_fee_leaves_the_close_a_gain(most, rate, liquidator, shortage):
    """Fees together never take more than what closing frees beyond the shortage."""
    notional = 2000 * 10**54
    fee = insurance_fee_wad(
        most,
        rate_wad=rate,
        liquidator_wad=liquidator,
        shortage=shortage,
        notional=notional,
        share=95 * PERCENT,
    )
    assert 0 <= fee <= most
    if fee:
        assert (liquidator + fee) * notional + shortage < rate * notional


def test_the_fund_s_fee_by_hand():
    """5 % less 1 % less 2 % of shortage leaves 2 %, of which 95 %: 1.9 %."""
    asked = {"rate_wad": 5 * PERCENT, "liquidator_wad": PERCENT, "share": 95 * PERCENT}
    notional, shortage = 1000 * 10**54, 20 * 10**72
    found = insurance_fee_wad(5 * PERCENT, shortage=shortage, notional=notional, **asked)
    assert found == 19 * 10**15
    assert insurance_fee_wad(PERCENT, shortage=shortage, notional=notional, **asked) == PERCENT
    assert insurance_fee_wad(PERCENT, shortage=0, notional=0, **asked) == 0


@given(
    shortage=st.integers(0, 10**80),
    freed=st.integers(0, 10**80),
    seconds=st.integers(0, 10**5),
    length=st.integers(0, 10**5),
)
def test_a_release_is_within_the_shortage_and_grows_with_time(shortage, freed, seconds, length):
    rules = replace(RULES, release_seconds=length, release_whole_below_wad=0)
    now = released(shortage, freed=freed, seconds=seconds, rules=rules)
    later = released(shortage, freed=freed, seconds=seconds + 100, rules=rules)
    assert 0 <= now <= later <= shortage
    if seconds >= length:
        assert now == shortage


def test_a_release_by_hand():
    """A tenth at once, another half after half the time, less what was freed already."""
    rules = replace(RULES, release_seconds=1000)
    whole = 1000 * 10**72
    assert released(whole, freed=0, seconds=0, rules=rules) == whole // 10
    assert released(whole, freed=0, seconds=500, rules=rules) == whole * 6 // 10
    assert released(whole * 6 // 10, freed=whole * 4 // 10, seconds=500, rules=rules) == whole // 5
    assert released(whole, freed=whole, seconds=0, rules=rules) == 0
    # Under 50 dollars all of it at once.
    assert released(49 * 10**72, freed=0, seconds=0, rules=rules) == 49 * 10**72


@given(value=st.integers(0, 10**24), portion=st.integers(1, WAD), least=st.integers(0, 10**24))
def test_a_portion_lies_between_its_least_and_all(value, portion, least):
    low, high = portion_bounds(value, portion_wad=portion, least_wad=least)
    assert low == min(least, value)
    assert low <= high <= max(value, low)
    assert high >= value * portion // WAD


@given(size=st.integers(1, 10**24).map(lambda n: n * (1 if n % 2 else -1)))
def test_a_portion_of_a_position_is_at_least_a_unit_and_never_more_than_it(size):
    assert 1 <= portion_size(size, unit=UNIT, rules=RULES) <= abs(size)


def test_a_portion_by_hand():
    """Of 20,000 dollars a tenth; of 5,000 the least, 1,000; of 900 all."""
    assert portion_size(10 * ETHER, unit=UNIT, rules=RULES) == ETHER
    assert portion_size(5 * ETHER // 2, unit=UNIT, rules=RULES) == ETHER // 2
    assert portion_size(-45 * ETHER // 100, unit=UNIT, rules=RULES) == 45 * ETHER // 100


def test_the_ladder_closes_a_fifth_of_a_large_position_then_all_of_it_soon():
    large, small = 100 * ETHER, 40 * ETHER
    assert ladder_size(large, unit=UNIT, rules=RULES, since_ns=None) == large // 5
    assert ladder_size(large, unit=UNIT, rules=RULES, since_ns=30 * NANOSECONDS) == large
    assert ladder_size(large, unit=UNIT, rules=RULES, since_ns=31 * NANOSECONDS) == large // 5
    assert ladder_size(small, unit=UNIT, rules=RULES, since_ns=None) == small


@given(equity=st.integers(-(10**60), 10**60), parts=st.lists(st.integers(0, 10**30), min_size=1))
def test_equity_is_attributed_whole_and_rounded_against_the_account(equity, parts):
    total = sum(parts)
    if total == 0:
        assert attributed(equity, freed=0, total=0) == equity
        return
    shares = [attributed(equity, freed=part, total=total) for part in parts]
    assert 0 <= equity - sum(shares) <= len(parts)


@given(
    value=st.integers(-(10**60), 10**60),
    equity=st.integers(-(10**60), 10**60),
    freed=st.integers(1, 10**30),
    rest=st.integers(0, 10**30),
)
def test_the_bankruptcy_price_uses_the_share_up(value, equity, freed, rest):
    found = bankruptcy_proceeds(value, equity=equity, freed=freed, total=freed + rest)
    exact = value - Fraction(equity * freed, freed + rest)
    assert 0 <= found - exact < 1


@pytest.mark.parametrize(
    ("equity", "size", "expected"),
    [
        # Nothing lost yet, half lost, all lost, more than all: 0, 3.75, 7.5 and 7.5 % away.
        (100, 1, 2000),
        (50, 1, 1925),
        (0, 1, 1850),
        (-70, 1, 1850),
        (50, -1, 2075),
        (0, -1, 2150),
    ],
)
def test_the_fillable_price_by_hand(equity, size, expected):
    found = fillable_price_wad(
        2000 * WAD,
        size=size,
        equity=equity,
        required=100,
        own_rate_wad=5 * PERCENT,
        rules=RULES,
    )
    assert found == expected * WAD


@given(
    equity=st.integers(-(10**6), 10**6),
    required=st.integers(1, 10**6),
    side=st.sampled_from((1, -1)),
)
def test_less_equity_never_brings_the_fillable_price_nearer(equity, required, side):
    def at(worth: int) -> int:
        return side * fillable_price_wad(
            2000 * WAD,
            size=side,
            equity=worth,
            required=required,
            own_rate_wad=5 * PERCENT,
            rules=RULES,
        )

    assert at(equity - 1) <= at(equity) <= side * 2000 * WAD


@given(
    entries=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), max_size=10),
    cap=st.integers(0, 1000),
    now=st.integers(50, 100),
    length=st.integers(1, 60),
)
def test_the_window_counts_what_is_strictly_inside(entries, cap, now, length):
    left, inside = window_left(tuple(entries), cap=cap, now_s=now, seconds=length)
    assert set(inside) == {e for e in entries if e[0] > now - length}
    assert left == max(0, cap - sum(size for at, size in entries if at > now - length))


def test_the_cap_of_a_window_by_hand():
    """1 % of fees x 1,000 of scale x 10 s: 100 units, as the recorded case has it."""
    found = window_cap_of(PERCENT, skew_scale=1000 * WAD, multiplier_wad=WAD, window_seconds=10)
    assert found == 100 * WAD
