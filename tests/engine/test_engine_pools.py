"""Pools: every rounding goes against the one who asks, and none moves an index down."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.engine import pools
from trimtab.model import Pool

amounts = st.integers(1, 10**30) | st.integers(1, 1000)


@st.composite
def lent_pools(draw) -> Pool:
    """A pool in the middle of its life: indices anywhere, some of it lent, the identity held."""
    supplied = draw(amounts)
    cash = draw(st.integers(0, supplied))
    reserves = draw(st.integers(0, 10**12))
    borrowed = supplied + reserves - cash
    assume(borrowed > 0)
    return Pool(
        "USD",
        cash=cash,
        supplied=supplied,
        supply_shares=draw(amounts),
        borrowed=borrowed,
        borrow_shares=draw(amounts),
        reserves=reserves,
    )


def both_sides(pool: Pool) -> tuple[int, int]:
    held = pool.cash + pool.borrowed + pool.deficit
    return held, pool.supplied + pool.reserves + pool.minted


def supply_index(pool: Pool) -> Fraction:
    return Fraction(pool.supplied, pool.supply_shares)


def borrow_index(pool: Pool) -> Fraction:
    return Fraction(pool.borrowed, pool.borrow_shares)


def assert_whole(before: Pool, after: Pool) -> None:
    held, claimed = both_sides(after)
    assert held == claimed
    if after.supply_shares:
        assert supply_index(after) >= supply_index(before)
    if after.borrow_shares:
        assert borrow_index(after) >= borrow_index(before)


@given(lent_pools(), amounts)
def test_a_deposit_gives_no_more_than_it_brings(pool, amount):
    shares = pools.shares_to_mint(pool, amount)
    after = pools.add_supply(pool, amount, shares=shares)
    assert pools.supply_amount(after, shares) <= amount
    assert_whole(pool, after)


@given(lent_pools(), st.data())
def test_a_withdrawal_burns_at_least_its_worth(pool, data):
    assume(pool.cash > 0)
    amount = data.draw(st.integers(1, pool.cash))
    shares = pools.shares_to_burn(pool, amount)
    assert shares * supply_index(pool) >= amount
    assert (shares - 1) * supply_index(pool) < amount
    assume(shares < pool.supply_shares)
    assert_whole(pool, pools.remove_supply(pool, amount, shares=shares))


@given(lent_pools(), st.data())
def test_a_loan_owes_at_least_what_it_brought(pool, data):
    assume(pool.cash > 0)
    amount = data.draw(st.integers(1, pool.cash))
    shares = pools.debt_shares_to_mint(pool, amount)
    after = pools.add_debt(pool, amount, shares=shares, mintable=False)
    assert pools.debt_amount(after, shares) >= amount
    assert after.cash == pool.cash - amount
    assert_whole(pool, after)


@given(lent_pools(), amounts)
def test_a_minted_loan_needs_no_cash(pool, amount):
    shares = pools.debt_shares_to_mint(pool, amount)
    after = pools.add_debt(pool, amount, shares=shares, mintable=True)
    assert (after.cash, after.minted) == (pool.cash, pool.minted + amount)
    assert_whole(pool, after)


@given(lent_pools(), st.data())
def test_a_payment_ends_no_more_debt_than_it_pays(pool, data):
    held = data.draw(st.integers(1, pool.borrow_shares))
    paid = data.draw(st.integers(1, pools.debt_amount(pool, held)))
    shares = pools.debt_shares_to_burn(pool, paid)
    assert shares * borrow_index(pool) <= paid
    after = pools.remove_debt(pool, paid, shares=min(shares, held))
    assert_whole(pool, after)


@given(lent_pools(), st.data())
def test_a_debt_can_be_paid_to_the_last_share(pool, data):
    held = data.draw(st.integers(1, pool.borrow_shares))
    after = pools.remove_debt(pool, pools.debt_amount(pool, held), shares=held)
    assert after.borrow_shares == pool.borrow_shares - held
    assert after.borrowed == 0 or after.borrow_shares > 0
    assert_whole(pool, after)


@given(lent_pools(), st.data())
def test_a_write_off_leaves_the_others_debts_alone(pool, data):
    held = data.draw(st.integers(1, pool.borrow_shares))
    after, loss = pools.write_off(pool, held)
    assert after.deficit == loss
    assert loss <= held * borrow_index(pool) < loss + 1
    assert_whole(pool, after)


@given(lent_pools(), st.data())
def test_what_is_removable_costs_the_balance_no_more(pool, data):
    shares = data.draw(st.integers(1, pool.supply_shares))
    balance = pools.supply_amount(pool, shares)
    amount = data.draw(st.integers(0, balance))
    taken = pools.removable(pool, amount, shares=shares)
    assert taken <= amount
    burned = shares if taken == balance else pools.shares_to_burn(pool, taken)
    assert balance - pools.supply_amount(pool, shares - burned) <= amount
    if supply_index(pool) <= 1:
        assert taken >= amount - 1


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_units_that_come_in_burn_what_was_minted_first(minted, amount):
    pool = Pool("DAI", minted=minted, cash=5)
    after = pools.receive(pool, amount)
    assert after.minted == max(0, minted - amount)
    assert after.cash - pool.cash + minted - after.minted == amount


def test_an_untouched_pool_counts_a_million_shares_a_unit():
    pool = Pool("CENT")
    assert pools.shares_to_mint(pool, 7) == 7 * pools.SHARES_PER_UNIT
    assert pools.debt_shares_to_mint(pool, 7) == 7 * pools.SHARES_PER_UNIT
    assert pools.supply_amount(pool, 0) == pools.debt_amount(pool, 0) == 0


def test_a_pool_that_lost_everything_mints_nothing():
    pool = Pool("USD", supplied=0, supply_shares=10**6)
    assert pools.shares_to_mint(pool, 10**9) == 0


def test_a_withdrawal_beyond_the_cash_is_a_programmer_error():
    pool = Pool("USD", cash=1, supplied=2, supply_shares=2, borrowed=1, borrow_shares=1)
    with pytest.raises(AssertionError, match="cash"):
        pools.remove_supply(pool, 2, shares=2)


def test_a_loan_rounded_up_gives_the_unit_to_the_reserves():
    pool = Pool("USD", cash=10, supplied=13, supply_shares=13, borrowed=3, borrow_shares=2)
    shares = pools.debt_shares_to_mint(pool, 1)
    after = pools.add_debt(pool, 1, shares=shares, mintable=False)
    assert (shares, after.borrowed, after.reserves) == (1, 5, 1)
    assert both_sides(replace(after)) == (14, 14)
