"""Deposit, withdraw, borrow, repay: balances, caps, categories, isolation, loops."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.engine.venues import (
    accepted,
    account_of,
    asset,
    at,
    eth,
    opened,
    refused,
    row,
    sums_of,
    usd,
    venue_rules,
    with_asset,
)
from trimtab.engine import Draft, explain
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    Accepted,
    CategoryRules,
    LiquidationRules,
    Reason,
    Table,
)
from trimtab.model.commands import (
    Accrue,
    Borrow,
    Deposit,
    FundDeposit,
    Repay,
    SetCategory,
    Withdraw,
)
from trimtab.model.settings import PERCENT
from trimtab.units import UINT256_MAX, WAD

ETHER, DOLLAR, NOW = 10**18, 10**6, at(0)
STAKED = replace(
    asset("STETH", 18, ltv=70, threshold=75, bonus=7),
    underlying="ETH",
    exchange_rate_wad=WAD * 11 // 10,
    borrowable=False,
)
ISLE = replace(
    asset("ISLE", 8, price=5, ltv=50, threshold=60),
    isolated=True,
    debt_ceiling_wad=2000 * WAD,
    borrowable=False,
)
DAI = replace(asset("DAI", 18, price=1), mintable=True, borrowable_in_isolation=True)
ETHERS = CategoryRules("ether", ("ETH", "STETH"), 90 * PERCENT, 93 * PERCENT, 2 * PERCENT)
RULES = replace(venue_rules(usd(), eth(), STAKED, ISLE, DAI), categories={"ether": ETHERS})


def lenders(*more):
    """Fria lends 100,000 USD and 100 ETH."""
    rows = (row("fria", "USD", 10**5 * DOLLAR), row("fria", "ETH", 100 * ETHER))
    return opened(RULES, *rows, *more)


@pytest.mark.parametrize("amount", [0, -1])
@pytest.mark.parametrize("command", [Deposit, Withdraw, Borrow, Repay])
def test_amounts_are_positive(command, amount):
    store = lenders(row("anna", "ETH", ETHER), row("anna", "USD", -DOLLAR))
    assert refused(store, command(NOW, "anna", "USD", amount)) is Reason.AMOUNT_NOT_POSITIVE


def test_amounts_fit_a_chain():
    store = lenders()
    asked = Deposit(NOW, "anna", "USD", UINT256_MAX + 1)
    assert refused(store, asked) is Reason.AMOUNT_TOO_LARGE
    assert refused(store, replace(asked, asset="NONE")) is Reason.UNKNOWN_ASSET


def test_a_round_trip_gives_back_what_was_put_in():
    store = lenders()
    for command in (
        Deposit(NOW, "anna", "ETH", ETHER),
        Borrow(NOW, "anna", "USD", 1500 * DOLLAR),
        Repay(NOW, "anna", "USD", None),
        Withdraw(NOW, "anna", "ETH", None),
    ):
        accepted(store, command)
    anna = account_of(store, "anna")
    assert (dict(anna.supply), dict(anna.debt)) == ({}, {})
    assert store.get(Table.POOL, "USD").cash == 10**5 * DOLLAR


def test_more_than_is_held_or_owed_is_refused():
    store = lenders(row("anna", "ETH", ETHER), row("anna", "USD", -DOLLAR))
    for command in (Withdraw(NOW, "anna", "ETH", ETHER + 1), Repay(NOW, "anna", "USD", DOLLAR + 1)):
        assert refused(store, command) is Reason.INSUFFICIENT_BALANCE
    for command in (Withdraw, Borrow, Repay):
        assert refused(store, command(NOW, "nobody", "USD", 1)) is Reason.UNKNOWN_ACCOUNT


def test_cash_that_is_lent_out_cannot_leave():
    store = lenders(row("anna", "ETH", 90 * ETHER), row("anna", "USD", -60_000 * DOLLAR))
    asked = Withdraw(NOW, "fria", "USD", None)
    assert refused(store, asked) is Reason.INSUFFICIENT_CASH
    accepted(store, replace(asked, amount=40_000 * DOLLAR))
    assert refused(store, Borrow(NOW, "anna", "USD", 1)) is Reason.INSUFFICIENT_CASH


def test_caps_hold_to_the_unit():
    capped = replace(usd(), supply_cap=10**5 * DOLLAR + 7, borrow_cap=1000 * DOLLAR)
    store = opened(with_asset(RULES, capped), row("fria", "USD", 10**5 * DOLLAR))
    assert refused(store, Deposit(NOW, "anna", "USD", 8)) is Reason.SUPPLY_CAP
    accepted(store, Deposit(NOW, "anna", "USD", 7))
    assert refused(store, Borrow(NOW, "fria", "USD", 1000 * DOLLAR + 1)) is Reason.BORROW_CAP
    accepted(store, Borrow(NOW, "fria", "USD", 1000 * DOLLAR))
    accepted(store, FundDeposit(NOW, INSURANCE, "USD", DOLLAR))


def test_funds_are_two_and_no_others():
    store = lenders()
    for fund in (INSURANCE, BACKSTOP):
        accepted(store, FundDeposit(NOW, fund, "USD", 1))
    assert refused(store, FundDeposit(NOW, "anna", "USD", 1)) is Reason.UNKNOWN_ACCOUNT


def test_a_debt_of_dust_is_refused_on_the_way_up_and_down():
    rules = replace(RULES, liquidation=LiquidationRules(dust_debt_wad=100 * WAD))
    store = opened(rules, row("fria", "USD", 10**5 * DOLLAR), row("anna", "ETH", ETHER))
    assert refused(store, Borrow(NOW, "anna", "USD", 99 * DOLLAR)) is Reason.DUST
    accepted(store, Borrow(NOW, "anna", "USD", 150 * DOLLAR))
    assert refused(store, Repay(NOW, "anna", "USD", 51 * DOLLAR)) is Reason.DUST
    accepted(store, Repay(NOW, "anna", "USD", 50 * DOLLAR))
    accepted(store, Repay(NOW, "anna", "USD", None))


def test_a_minted_asset_needs_no_lender_and_is_burned():
    store = lenders(row("anna", "ETH", ETHER))
    accepted(store, Borrow(NOW, "anna", "DAI", 1000 * ETHER))
    pool = store.get(Table.POOL, "DAI")
    assert (pool.minted, pool.cash, pool.borrowed) == (1000 * ETHER, 0, 1000 * ETHER)
    accepted(store, Repay(NOW, "anna", "DAI", None))
    pool = store.get(Table.POOL, "DAI")
    assert (pool.minted, pool.cash, pool.borrowed) == (0, 0, 0)


def test_a_stability_fee_is_paid_in_minted_units():
    charged = with_asset(RULES, replace(DAI, base_rate_wad=10 * PERCENT))
    rows = [row("anna", "ETH", ETHER), row("bela", "ETH", ETHER)]
    store = opened(charged, *rows)
    for key in ("anna", "bela"):
        accepted(store, Borrow(NOW, key, "DAI", 1000 * ETHER))
    later = at(365 * 86_400)
    accepted(store, Repay(later, "anna", "DAI", None))
    pool = store.get(Table.POOL, "DAI")
    assert pool.minted + pool.cash < 1000 * ETHER
    assert pool.reserves == pool.borrowed - pool.minted + pool.cash
    assert 110 * ETHER > pool.borrowed - 1000 * ETHER > 100 * ETHER


def test_a_category_lends_more_on_its_own_assets_and_nothing_else():
    store = lenders(row("anna", "STETH", 10 * ETHER))
    accepted(store, SetCategory(NOW, "anna", "ether"))
    # 10 x 1.1 x 0.9 = 9.9 ETH, where the asset's own weight allows 7.7.
    assert refused(store, Borrow(NOW, "anna", "USD", 1)) is Reason.CATEGORY
    assert refused(store, Borrow(NOW, "anna", "ETH", 99 * ETHER // 10 + 1)) is Reason.INITIAL_MARGIN
    accepted(store, Borrow(NOW, "anna", "ETH", 99 * ETHER // 10))
    assert refused(store, SetCategory(NOW, "anna", "")) is Reason.INITIAL_MARGIN
    assert refused(store, SetCategory(NOW, "anna", "none")) is Reason.UNKNOWN_CATEGORY
    accepted(store, Repay(NOW, "anna", "ETH", 3 * ETHER))
    accepted(store, SetCategory(NOW, "anna", ""))


def test_a_debt_outside_keeps_the_account_out_of_the_category():
    store = lenders(row("anna", "ETH", ETHER), row("anna", "USD", -DOLLAR))
    assert refused(store, SetCategory(NOW, "anna", "ether")) is Reason.CATEGORY


def test_an_isolated_collateral_stands_alone():
    store = lenders(row("anna", "ISLE", 1000 * 10**8), row("bela", "ETH", ETHER))
    assert refused(store, Deposit(NOW, "anna", "ETH", 1)) is Reason.ISOLATION
    assert refused(store, Deposit(NOW, "bela", "ISLE", 1)) is Reason.ISOLATION
    assert refused(store, Borrow(NOW, "anna", "USD", 1)) is Reason.ISOLATION
    accepted(store, Deposit(NOW, "anna", "ISLE", 1))


def test_a_debt_that_isolation_bars_keeps_the_collateral_out():
    store = lenders(row("anna", "USD", -DOLLAR))
    assert refused(store, Deposit(NOW, "anna", "ISLE", 10**8)) is Reason.ISOLATION


def test_the_debt_ceiling_counts_every_account():
    store = lenders(row("anna", "ISLE", 1000 * 10**8), row("bela", "ISLE", 1000 * 10**8))
    accepted(store, Borrow(NOW, "anna", "DAI", 1500 * ETHER))
    assert refused(store, Borrow(NOW, "bela", "DAI", 500 * ETHER + 1)) is Reason.DEBT_CEILING
    accepted(store, Borrow(NOW, "bela", "DAI", 500 * ETHER))
    accepted(store, Repay(NOW, "anna", "DAI", 1000 * ETHER))
    assert store.get(Table.ISOLATION, "ISLE").debt_shares == {"DAI": 1000 * ETHER * 10**6}
    accepted(store, Borrow(NOW, "bela", "DAI", 1000 * ETHER))


def test_groups_of_an_account_do_not_back_one_another():
    store = lenders(row("anna/basis", "USD", 1000 * DOLLAR), row("anna", "ETH", ETHER))
    accepted(store, Borrow(NOW, "anna", "USD", 1500 * DOLLAR))
    assert refused(store, Borrow(NOW, "anna", "USD", DOLLAR)) is Reason.INITIAL_MARGIN
    assert sums_of(store, "anna/basis").debt == 0


def test_a_loop_of_a_staked_asset_converges_to_its_leverage():
    """Depositing what each loan buys: leverage tends to 1 / (1 - max ltv) = 10."""
    store = lenders()
    accepted(store, SetCategory(NOW, "fria", ""))
    accepted(store, Deposit(NOW, "anna", "STETH", 10 * ETHER))
    accepted(store, SetCategory(NOW, "anna", "ether"))
    last = Fraction(1)
    for _ in range(200):
        draft = Draft(store, NOW)
        room = explain(draft.account("anna"), draft).borrowable.get("ETH", 0)
        if room < 10**9:
            break
        accepted(store, Borrow(NOW, "anna", "ETH", room))
        accepted(store, Deposit(NOW, "anna", "STETH", room * 10 // 11))
        sums = sums_of(store, "anna")
        leverage = Fraction(sums.collateral, sums.equity)
        assert last < leverage <= 10
        last = leverage
    assert last > Fraction(999, 100)
    assert sums_of(store, "anna").excess_initial >= 0


def test_time_does_not_run_backwards():
    store = lenders()
    accepted(store, Accrue(at(10), ("USD",)))
    assert refused(store, Accrue(at(10) - 1, ("USD",))) is Reason.TIME_BACKWARDS
    accepted(store, Accrue(at(10), ("USD",)))


def test_a_wiped_out_pool_takes_no_deposits():
    store = lenders()
    pool = replace(store.get(Table.POOL, "USD"), supplied=0, cash=0)
    store.apply(Accepted({(Table.POOL, "USD"): pool}, ()))
    assert refused(store, Deposit(NOW, "anna", "USD", DOLLAR)) is Reason.POOL_INSOLVENT
