"""Hyperliquid: tiers, liquidation price, stages, ranks, medians and the mark price."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import hyperliquid, hyperliquid_mark
from trimtab.protocols.exchanges import Side
from trimtab.protocols.hyperliquid import Stage, Tier, Tiers
from trimtab.protocols.hyperliquid_mark import Average
from trimtab.units import WAD

MILLION = 10**6 * WAD
BTC = Tiers((Tier(0, 40), Tier(150 * MILLION, 20)))
ETH = Tiers((Tier(0, 25), Tier(100 * MILLION, 15)))
notionals = st.integers(0, 10**9 * WAD)


def test_the_deduction_of_the_documentation():
    # 200M at 2.5 % less 150M * (1/40 - 1/80).
    assert BTC.maintenance(200 * MILLION) == 3_125 * 10**3 * WAD
    assert BTC.maintenance(150 * MILLION) == 1_875 * 10**3 * WAD


@given(notionals, notionals)
def test_maintenance_is_monotone_and_continuous(one, other):
    low, high = sorted((one, other))
    rise = ETH.maintenance(high) - ETH.maintenance(low)
    assert 0 <= rise <= Fraction(high - low, 30) + 1


@given(notionals)
def test_maintenance_rounds_up_once(notional):
    over = max(notional - 100 * MILLION, 0)
    exact = Fraction(notional - over, 50) + Fraction(over, 30)
    assert 0 <= ETH.maintenance(notional) - exact < 1


def test_the_tier_holds_the_users_leverage():
    assert BTC.initial(40 * WAD, 40) == WAD
    assert BTC.initial(40 * WAD, 100) == WAD
    assert BTC.initial(40 * WAD, 10) == 4 * WAD
    assert BTC.initial(200 * MILLION, 40) == 10 * MILLION


@pytest.mark.parametrize(
    ("equity", "found"),
    [
        (300, Stage.HEALTHY),
        (299, Stage.MARKET_ORDERS),
        (200, Stage.MARKET_ORDERS),
        (199, Stage.BACKSTOP),
        (0, Stage.BACKSTOP),
        (-1, Stage.DELEVERAGED),
    ],
)
def test_the_three_stages(equity, found):
    assert hyperliquid.stage(equity, 300) is found


def test_a_large_position_sends_a_fifth_first():
    large = 100_000 * WAD + 1
    assert hyperliquid.order_size(50, large, seconds_since_partial=None) == 10
    assert hyperliquid.order_size(50, large, seconds_since_partial=29) == 50
    assert hyperliquid.order_size(50, large, seconds_since_partial=30) == 10
    assert hyperliquid.order_size(50, 100_000 * WAD, seconds_since_partial=None) == 50


@given(st.sampled_from(Side), st.integers(2, 50), st.integers(1, 10**6), st.integers(10, 10**6))
def test_at_the_liquidation_price_equity_meets_maintenance(side, leverage, size, price):
    rate = Fraction(1, 2 * leverage)
    equity = Fraction(size * price, leverage)
    available = equity - size * price * rate
    found = hyperliquid.liquidation_price_wad(
        side,
        price * WAD,
        size=size * WAD,
        available=int(available * WAD),
        leverage_max=leverage,
    )
    assert found is not None
    mark = Fraction(found, WAD)
    left = equity + side * size * (mark - price) - size * mark * rate
    assert abs(left) <= Fraction(2 * size, WAD) + Fraction(1, WAD)


def test_what_cannot_be_liquidated_has_no_price():
    found = hyperliquid.liquidation_price_wad(
        Side.LONG, WAD, size=WAD, available=WAD, leverage_max=40
    )
    assert found is None


def test_gains_and_leverage_rank_first():
    def rank(side, mark, value):
        return hyperliquid.adl_rank_wad(
            side, mark_wad=mark, entry_wad=100, notional=1_000, account_value=value
        )

    assert rank(Side.LONG, 200, 500) == 4 * WAD
    assert rank(Side.SHORT, 50, 500) == 4 * WAD
    assert rank(Side.LONG, 200, 100) > rank(Side.LONG, 150, 100) > rank(Side.LONG, 150, 200)
    assert rank(Side.LONG, 200, 0) == 0


def test_a_tenth_of_the_notional_stays():
    assert hyperliquid.withdrawable(100, [(5, 400), (10, 300)]) == 30
    assert hyperliquid.withdrawable(100, [(90, 400)]) == 10
    assert hyperliquid.withdrawable(10, [(90, 400)]) == 0


def test_the_weighted_median():
    assert hyperliquid_mark.spot_oracle_wad([100, 101, 102, 99, 98, 97, 96, 95]) == 100
    assert hyperliquid_mark.spot_oracle_wad([100, None, 102]) == 100
    assert hyperliquid_mark.perp_reference_wad([5, 1, 1, 9, 9]) == 5
    assert hyperliquid_mark.perp_reference_wad([]) is None


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9)), min_size=1), st.randoms())
def test_the_weighted_median_does_not_depend_on_order(entries, random):
    found = hyperliquid_mark.weighted_median(entries)
    total = sum(weight for _, weight in entries)
    assert 2 * sum(weight for value, weight in entries if value <= found) >= total
    random.shuffle(entries)
    assert hyperliquid_mark.weighted_median(entries) == found


def test_the_mark_is_a_median_with_a_stand_in_for_a_missing_input():
    mark = hyperliquid_mark.mark_price_wad
    assert mark(basis_wad=1, book_wad=9, external_wad=5, fallback_wad=100) == 5
    assert mark(basis_wad=1, book_wad=9, fallback_wad=4) == 4
    assert mark(basis_wad=1, book_wad=9) == 5
    assert mark() is None


def test_the_average_of_a_constant_is_that_constant():
    average = Average()
    assert average.value_wad is None
    for _ in range(20):
        average = average.sampled(-7 * WAD, seconds=3, decay_seconds=150)
    assert abs(average.value_wad + 7 * WAD) <= 10


@given(st.lists(st.tuples(st.integers(-(10**20), 10**20), st.integers(1, 600)), min_size=1))
def test_the_average_lies_between_its_samples(samples):
    average = Average()
    for value, seconds in samples:
        average = average.sampled(value, seconds=seconds, decay_seconds=150)
    values = [value for value, _ in samples]
    assert min(values) - 1_000 <= average.value_wad <= max(values) + 1_000
