"""Isolated, cross and sub-accounts: what each may lose, take out, and hand to another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    cash,
    draft_of,
    equity,
    funds,
    held,
    mark_of,
    opened,
    perp,
    position,
    rules_with,
    state_of,
    sums_at,
    tick,
    told,
    trade,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine import step
from trimtab.model import BookRow, Reason, Rejected, Table, commands
from trimtab.model.settings import PERCENT
from trimtab.units import WAD, DataError


def grouped(row: BookRow, group: str = "iso") -> BookRow:
    return replace(row, group=group)


def pair(*, market=None, **sections):
    """a has 5,000 in cross and 1,000 in an isolated group that is long 5."""
    rules = rules_with(market, **{**funds(insurance=10_000), **sections})
    return opened(rules, cash("a", 5000), grouped(cash("a", 1000)), grouped(held("a", 5)))


def transfer(source: str, target: str, amount: int | None, *, seconds: int = 0):
    return commands.Transfer(at(seconds), source, target, "USD", amount)


@settings(max_examples=40, deadline=None)
@given(price=st.integers(1, 1800))
def test_an_isolated_position_loses_at_most_its_own_margin(price):
    store = pair()
    tick(store, price)
    outcome = step(store, commands.LiquidatePosition(at(0), "a/iso", PERP, POOL))
    assert not isinstance(outcome, Rejected)
    store.apply(outcome)
    assert equity(store, "a") == 5000
    assert draft_of(store).account("a").supply["USD"] == 5000 * DOLLAR * 10**6
    assert sums_at(store, "a/iso").equity >= 0


def test_cross_collateral_does_not_save_an_isolated_position():
    store = pair()
    tick(store, 1880)
    assert told(store, "a/iso").liquidatable
    assert not told(store, "a").liquidatable


def test_a_transfer_moves_the_margin_and_no_cash():
    store = pair()
    before = store.get(Table.POOL, "USD")
    outcome = accepted(store, transfer("a", "a/iso", 700 * DOLLAR))
    assert all(event.flow == 0 for event in outcome.events)
    assert store.get(Table.POOL, "USD") == before
    assert (equity(store, "a"), equity(store, "a/iso")) == (4300, 1700)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (transfer("a/iso", "a", 1), Reason.INITIAL_MARGIN),
        (transfer("a", "b", 1), Reason.UNKNOWN_ACCOUNT),
        (transfer("a", "a", 1), Reason.UNKNOWN_ACCOUNT),
        (transfer("nobody", "nobody/x", 1), Reason.UNKNOWN_ACCOUNT),
        (transfer("a", "a/iso", 0), Reason.AMOUNT_NOT_POSITIVE),
        (transfer("a", "a/iso", -5), Reason.AMOUNT_NOT_POSITIVE),
        (transfer("a", "a/iso", 5000 * DOLLAR + 1), Reason.INSUFFICIENT_BALANCE),
        (transfer("@pool/ETH-PERP", "@pool/ETH-PERP/x", 1), Reason.UNKNOWN_ACCOUNT),
    ],
)
def test_a_transfer_that_is_none_is_refused(command, reason):
    assert refused(pair(), command) is reason


def test_a_transfer_leaves_the_target_at_the_initial_level():
    store = pair()
    tick(store, 1900)
    # 500 dollars short of 950: 449 are too little, 450 enough.
    assert refused(store, transfer("a", "a/iso", 449 * DOLLAR)) is Reason.INITIAL_MARGIN
    accepted(store, transfer("a", "a/iso", 450 * DOLLAR))


def test_all_of_a_balance_moves_with_its_last_share():
    store = pair()
    accepted(store, transfer("a", "a/new", None))
    assert "USD" not in draft_of(store).account("a").supply
    assert equity(store, "a/new") == 5000


# Withdrawals


def test_profits_cannot_be_taken_out_from_under_a_position():
    """A gain of 1,000 of which all counts at the initial level; a tenth of 12,000 must stay."""
    market = perp(
        initial_margin_wad=4 * PERCENT,
        maintenance_margin_wad=2 * PERCENT,
        initial_gain_weight_wad=WAD,
    )
    store = opened(rules_with(market), cash("a", 1000), held("a", 5))
    tick(store, 2400)
    assert told(store, "a").withdrawable["USD"] == 1000 * DOLLAR
    store = opened(rules_with(market), cash("a", 1000), held("a", 5))
    tick(store, 2010)
    # 1,050 of adjusted equity, of which 1,005 are a tenth of 10,050.
    assert told(store, "a").withdrawable["USD"] == 45 * DOLLAR
    beyond = commands.Withdraw(at(0), "a", "USD", 45 * DOLLAR + 1)
    assert refused(store, beyond) is Reason.WITHDRAWAL_MARGIN
    accepted(store, commands.Withdraw(at(0), "a", "USD", 45 * DOLLAR))


@settings(max_examples=50, deadline=None)
@given(
    size=st.integers(-500, 500).filter(bool),
    price=st.integers(1700, 2300),
    share=st.integers(1, 40),
)
def test_what_is_said_to_be_withdrawable_is_and_a_unit_more_is_not(size, price, share):
    market = perp(withdrawal_margin_wad=share * PERCENT)
    store = opened(rules_with(market), cash("a", 3000), held("a", size / 100))
    tick(store, price)
    room = told(store, "a").withdrawable["USD"]
    if room:
        copy = step(store, commands.Withdraw(at(0), "a", "USD", room))
        assert not isinstance(copy, Rejected), copy
    more = step(store, commands.Withdraw(at(0), "a", "USD", room + 1))
    assert isinstance(more, Rejected)


def test_a_loan_against_gains_is_no_way_around():
    store = opened(rules_with(), cash("a", 1000), held("a", 5), cash("lender", 10**5))
    tick(store, 2400)
    assert told(store, "a").borrowable == {}
    loan = commands.Borrow(at(0), "a", "USD", DOLLAR)
    assert refused(store, loan) is Reason.INITIAL_MARGIN


def test_a_lending_account_and_its_position_are_one_account():
    """1 ETH at 80 %, 1,000 of debt, 2 long at 2,000: 1,600 - 1,000 - 200 of room."""
    ether = replace(cash("a", 0), instrument="ETH", quantity=ETHER)
    store = opened(rules_with(), ether, cash("a", -1000), held("a", 2), cash("lender", 10**5))
    found = told(store, "a")
    assert found.excess_wad["maintenance"] == 400 * WAD
    assert found.excess_wad["initial"] == (1500 - 1000 - 400) * WAD
    tick(store, 1880)
    # 1,504 - 1,000 - 240 of loss - 188 of requirement.
    assert told(store, "a").excess_wad["maintenance"] == 76 * WAD
    tick(store, 1800)
    assert told(store, "a").liquidatable


# Genesis


def test_the_pool_takes_the_open_side_at_the_mean_entry():
    store = opened(
        rules_with(), cash("a", 900), held("a", 3, entry=2100), cash("b", 900), held("b", -1)
    )
    assert position(store, POOL).size == -2 * ETHER
    assert sum(position(store, key).cost for key in ("a", "b", POOL)) == 0
    assert (state_of(store).long, state_of(store).short) == (3 * ETHER, ETHER)
    # Its capital is the notional it takes at the first price.
    assert told(store, POOL).collateral_wad == 4000 * WAD


def test_two_rows_of_one_account_are_one_position():
    rows = [cash("a", 900), held("a", 3), held("a", -1, entry=2300)]
    store = opened(rules_with(), *rows)
    assert position(store, "a").size == 2 * ETHER
    assert (state_of(store).long, state_of(store).short) == (2 * ETHER, 0)
    assert equity(store, "a") == 900 + 300


def test_a_position_without_any_price_is_refused():
    rules = rules_with()
    silent = replace(rules.assets["ETH"], price_wad=None)
    rules = replace(rules, assets={**rules.assets, "ETH": silent})
    with pytest.raises(DataError, match="no entry price"):
        opened(rules, replace(held("a", 1), entry_price_wad=None))


def test_a_ring_has_its_own_capital_and_pays_for_its_own_market():
    market = perp(insurance_ring="thin", insurance_balance_wad=50 * WAD)
    store = opened(rules_with(market, **funds(insurance=10**6)), cash("a", 100), held("a", 1))
    assert equity(store, "@insurance/thin") == 50
    tick(store, 1870)
    accepted(store, commands.LiquidatePosition(at(0), "a", PERP, POOL))
    assert equity(store, "@insurance/thin") == 20
    assert equity(store, "@insurance") == 10**6
    accepted(store, commands.FundDeposit(at(0), "@insurance/thin", "USD", DOLLAR))
    none = commands.FundDeposit(at(0), "@insurance/none", "USD", DOLLAR)
    assert refused(store, none) is Reason.UNKNOWN_ACCOUNT


def test_a_ring_pays_up_to_its_cap_for_a_market_over_its_life():
    market = perp(
        insurance_ring="thin", insurance_balance_wad=500 * WAD, insurance_cap_wad=30 * WAD
    )
    store = opened(rules_with(market), cash("a", 100), held("a", 1), cash("s", 9000), held("s", -1))
    tick(store, 1870)
    accepted(store, commands.LiquidatePosition(at(0), "a", PERP, POOL))
    assert state_of(store).insured_wad == 30 * WAD
    store = opened(rules_with(market), cash("a", 100), held("a", 1), cash("s", 9000), held("s", -1))
    tick(store, 1869)
    asked = commands.LiquidatePosition(at(0), "a", PERP, POOL)
    assert refused(store, asked) is Reason.FUND_TOO_SMALL


# The backstop


def test_the_backstop_takes_position_and_margin_once_equity_is_low():
    rules = rules_with(**funds(backstop=5000))
    rules = replace(
        rules,
        position_liquidation=replace(rules.position_liquidation, backstop_below_wad=50 * PERCENT),
    )
    store = opened(rules, cash("a", 1000), held("a", 5))
    tick(store, 1880)
    hand = commands.TransferToBackstop(at(0), "a")
    assert refused(store, hand) is Reason.BACKSTOP_TOO_SMALL
    tick(store, 1840)
    accepted(store, hand)
    assert position(store, "@backstop").size == 5 * ETHER
    assert equity(store, "@backstop") == 5200
    assert draft_of(store).account("a").positions == {}
    assert draft_of(store).account("a").supply == {}


def test_the_backstop_nets_what_it_takes_from_both_sides():
    store = opened(
        rules_with(**funds(backstop=50_000)),
        *(cash("a", 1000), held("a", 5), cash("s", 1000), held("s", -3)),
    )
    tick(store, 1880)
    accepted(store, commands.TransferToBackstop(at(0), "a"))
    tick(store, 2250)
    accepted(store, commands.TransferToBackstop(at(0), "s"))
    assert position(store, "@backstop").size == 2 * ETHER
    assert state_of(store).long == 2 * ETHER
    assert state_of(store).short == 0
    total = equity(store, "@backstop")
    assert total == pytest.approx(50_000 + 1000 + 1000 + 5 * 250 - 3 * 250)


def test_trades_between_sub_accounts_of_one_owner_are_trades():
    store = pair()
    accepted(store, trade("a", "a/iso", 1, 2000))
    assert position(store, "a").size == ETHER
    assert position(store, "a/iso").size == 4 * ETHER
    assert mark_of(store).price_wad == 2000 * WAD
