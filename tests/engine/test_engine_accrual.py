"""Interest: the kink, the fraction carried, and touching a pool often or seldom."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.venues import YEAR_S, usd, with_rates
from trimtab.engine.accrual import (
    accrued,
    borrow_rate_wad,
    growth_ray,
    utilization_wad,
    whole_seconds,
)
from trimtab.model import Accrual, Pool
from trimtab.model.settings import PERCENT
from trimtab.units import RAY, WAD

RATES = with_rates(usd(), base=2, slope1=8, slope2=90)
LINEAR = replace(RATES, accrual=Accrual.LINEAR)


def lent(cash: int, borrowed: int) -> Pool:
    total = cash + borrowed
    return Pool(
        "USD",
        cash=cash,
        supplied=total,
        supply_shares=total * 10**6,
        borrowed=borrowed,
        borrow_shares=borrowed * 10**6,
    )


def touched_every(pool: Pool, rules, *, step_s: int, until_s: int) -> Pool:
    for now_s in range(step_s, until_s + 1, step_s):
        pool, _ = accrued(pool, rules, now_s=now_s)
    return pool


@pytest.mark.parametrize(
    ("cash", "borrowed", "percent"),
    [(100, 0, 2), (60, 40, 6), (20, 80, 10), (10, 90, 55), (0, 100, 100)],
)
def test_the_rate_bends_at_the_kink(cash, borrowed, percent):
    assert borrow_rate_wad(lent(cash, borrowed), RATES) == percent * PERCENT


def test_a_minted_asset_pays_its_stability_fee_whatever_its_use():
    assert borrow_rate_wad(lent(0, 100), replace(RATES, mintable=True)) == 2 * PERCENT
    assert utilization_wad(Pool("USD")) == 0


def test_linear_growth_is_rate_times_time():
    rate = 31_536_000 * 10**9
    assert growth_ray(rate, 10, accrual=Accrual.LINEAR) == 10 * 10**18


def test_compounded_growth_exceeds_linear_by_the_interest_on_interest():
    linear = growth_ray(10 * PERCENT, YEAR_S, accrual=Accrual.LINEAR)
    compounded = growth_ray(10 * PERCENT, YEAR_S, accrual=Accrual.COMPOUNDED)
    assert abs(linear - RAY // 10) < 10**10
    # e^0.1 - 1 = 0.105170918...
    assert abs(compounded * 10**12 // RAY - 105_170_918_000) < 10**4


def test_a_year_of_interest_is_shared_with_the_reserves():
    pool, interest = accrued(lent(20 * 10**9, 80 * 10**9), LINEAR, now_s=YEAR_S)
    assert interest in (8 * 10**9, 8 * 10**9 - 1)
    assert pool.reserves == interest // 10
    assert pool.supplied == 100 * 10**9 + interest - pool.reserves
    assert pool.cash + pool.borrowed == pool.supplied + pool.reserves


def test_without_suppliers_the_reserves_earn_all():
    pool = Pool("USD", borrowed=10**9, borrow_shares=10**15, reserves=10**9)
    after, interest = accrued(pool, RATES, now_s=YEAR_S)
    assert interest > 0
    assert after.reserves - pool.reserves == interest
    assert after.supplied == 0


def test_stability_fees_belong_to_the_reserves():
    pool = Pool("DAI", borrowed=10**9, borrow_shares=10**15, minted=10**9)
    after, interest = accrued(pool, replace(RATES, mintable=True), now_s=YEAR_S)
    assert after.reserves == interest > 0
    assert after.minted == 10**9


@given(st.integers(1, 10**6), st.integers(1, 300))
def test_linear_touches_of_a_small_debt_lose_no_fraction(borrowed, seconds):
    """As long as no whole unit is booked, a hundred touches are exactly one."""
    pool = lent(borrowed, borrowed)
    often = touched_every(pool, LINEAR, step_s=1, until_s=seconds)
    once, interest = accrued(pool, LINEAR, now_s=seconds)
    assert interest == 0
    assert often == once
    assert once.carry_ray == borrowed * growth_ray(
        borrow_rate_wad(pool, LINEAR), seconds, accrual=Accrual.LINEAR
    )


@pytest.mark.parametrize("rules", [LINEAR, RATES], ids=["linear", "compounded"])
def test_touching_often_differs_by_compounding_only(rules):
    """Ninety touches and one: never less, and never more than interest on the interest."""
    fixed = replace(rules, slope1_wad=0, slope2_wad=0, base_rate_wad=10 * PERCENT)
    pool, span = lent(10**15, 10**15), 90 * 3600
    often = touched_every(pool, fixed, step_s=3600, until_s=span)
    once, interest = accrued(pool, fixed, now_s=span)
    compounding = Fraction(interest * interest, pool.borrowed)
    assert -2 <= often.borrowed - once.borrowed <= compounding + 2
    if rules is LINEAR:
        assert often.borrowed > once.borrowed


@given(st.integers(0, 10**24), st.integers(1, 10**24), st.integers(0, 10 * YEAR_S))
def test_interest_keeps_both_sides_of_a_pool_equal(cash, borrowed, seconds):
    before = lent(cash, borrowed)
    pool, interest = accrued(before, RATES, now_s=seconds)
    assert pool.borrowed - before.borrowed == interest >= 0
    assert pool.cash + pool.borrowed == pool.supplied + pool.reserves
    assert 0 <= pool.carry_ray < RAY
    assert pool.accrued_s == seconds


def test_a_second_touch_at_the_same_time_does_nothing():
    once, _ = accrued(lent(1, 10**9), RATES, now_s=1000)
    again, interest = accrued(once, RATES, now_s=1000)
    assert (again, interest) == (once, 0)


def test_time_does_not_run_backwards():
    with pytest.raises(AssertionError, match="backwards"):
        accrued(replace(lent(1, 1), accrued_s=5), RATES, now_s=4)


def test_fractions_of_a_second_earn_nothing():
    assert whole_seconds(1_999_999_999) == 1
    assert growth_ray(WAD, 0, accrual=Accrual.COMPOUNDED) == 0
