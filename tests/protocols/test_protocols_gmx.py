"""GMX v2: what is left of a position, price impact, deleveraging of a side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import gmx
from trimtab.protocols.gmx import ONE, Pool, Position, PricePair, Reason, Rules

UNIT = 10**12
RULES = Rules(
    profit_max_traders=9 * ONE // 10,
    profit_max_adl=85 * ONE // 100,
    profit_min_after_adl=77 * ONE // 100,
    collateral_min_usd=ONE,
    collateral_factor=ONE // 100,
    impact_max=ONE // 200,
    open_interest_factor=ONE // 10**9,
)
USDC = PricePair(10**24, 10**24)


def at(low, high=None):
    return PricePair(low * UNIT, (high or low) * UNIT)


def stand(price, collateral=100, is_long=True, **options):
    position = Position(10_000 * ONE, 2 * 10**18, is_long)
    return gmx.health(
        position,
        collateral * 10**6,
        prices=at(*price) if isinstance(price, tuple) else at(price),
        collateral_prices=USDC,
        rules=RULES,
        **options,
    )


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (5_000, None),
        (4_999, Reason.BELOW_LEVERAGE_MIN),
        (4_950, Reason.BELOW_MIN_COLLATERAL),
        (4_900, Reason.BELOW_MIN_COLLATERAL),
    ],
)
def test_why_a_long_may_be_liquidated(price, reason):
    assert stand(price).reason is reason
    assert stand(price).liquidatable is (reason is not None)


def test_without_a_minimum_nothing_left_is_the_reason():
    position = Position(100 * ONE, 2 * 10**16, True)
    found = gmx.health(position, 0, prices=at(5_000), collateral_prices=USDC, rules=Rules())
    assert (found.remaining_usd, found.reason) == (0, Reason.NOT_POSITIVE)


def test_the_worse_price_of_the_pair_counts():
    assert stand((4_990, 5_010)).remaining_usd == 80 * ONE
    assert stand((4_990, 5_010), is_long=False).remaining_usd == 80 * ONE


def test_impact_helps_never_and_hurts_to_a_floor():
    assert stand(5_000, impact_usd=70 * ONE).remaining_usd == 100 * ONE
    assert stand(5_000, impact_usd=-20 * ONE).remaining_usd == 80 * ONE
    assert stand(5_000, impact_usd=-7_000 * ONE).remaining_usd == 50 * ONE
    assert stand(5_000, fees_usd=3 * ONE).remaining_usd == 97 * ONE


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_long_gains_what_a_short_loses(one, other):
    low, high = sorted((one, other))
    assert stand(low).remaining_usd <= stand(high).remaining_usd
    both = [Position(ONE, 10**18, side).pnl(one * UNIT) for side in (True, False)]
    assert sum(both) == 0


def test_a_side_is_deleveraged_above_its_limit_only():
    pool = Pool(1_000 * 10**18, at(10_000))
    assert pool.side_usd(is_long=True) == 10**7 * ONE
    assert pool.side_usd(is_long=False) == 0
    limit = 85 * ONE // 100
    assert not gmx.adl_enabled(limit, RULES)
    assert gmx.adl_enabled(limit + 1, RULES)
    assert not gmx.adl_enabled(-ONE, Rules(profit_max_adl=-2 * ONE))
    assert gmx.pnl_factor(ONE, 0) == 0


def test_the_factor_is_cut_toward_zero():
    assert gmx.pnl_factor(-2, 3 * ONE) == 0
    assert gmx.pnl_factor(-ONE, 3 * ONE) == -(ONE // 3)


@pytest.mark.parametrize(
    ("before", "after", "valid"),
    [(90, 80, True), (90, 77, True), (90, 76, False), (90, 90, False), (85, 80, False)],
)
def test_an_order_lowers_the_factor_and_not_too_far(before, after, valid):
    percent = ONE // 100
    assert gmx.adl_order_valid(before * percent, after * percent, rules=RULES) is valid


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.integers(0, 10**6))
def test_traders_are_paid_the_cap_at_most(profits, pool):
    total = sum(profits) * ONE
    paid = [
        gmx.paid_pnl(profit * ONE, side_pnl_usd=total, pool_usd=pool * ONE, rules=RULES)
        for profit in profits
    ]
    assert sum(paid) <= max(9 * pool * ONE // 10, 0) or sum(paid) == total
    loss = gmx.paid_pnl(-ONE, side_pnl_usd=total, pool_usd=pool * ONE, rules=RULES)
    assert loss == -ONE


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_leverage_falls_with_open_interest(one, other):
    low, high = sorted((one, other))
    need = [
        gmx.opening_collateral_min(1_000 * ONE, open_interest_usd=n * ONE, rules=RULES)
        for n in (low, high)
    ]
    assert 10 * ONE <= need[0] <= need[1]
