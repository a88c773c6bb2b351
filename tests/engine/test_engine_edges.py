"""Edges that once let something through: dust that stays, windows, names, rates, own hands."""

from dataclasses import replace

import pytest

from tests.engine.venues import (
    START_NS,
    YEAR_S,
    accepted,
    account_of,
    at,
    eth,
    opened,
    refused,
    row,
    usd,
    venue_rules,
    with_asset,
)
from trimtab.engine import dry_run
from trimtab.model import Accepted, EventKind, Payer, Reason, Rejected, RuleChange, Table
from trimtab.model.commands import (
    Accrue,
    CloseOut,
    Liquidate,
    SetPrices,
    SetRules,
    StartAuction,
    TransferToBackstop,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD, DataError

RULES = venue_rules(usd(), eth())
ETHER, DOLLAR = 10**18, 10**6


def bankrupt(collateral: int):
    """Anna owes 1,000 dollars against some wei of ether at 2,000."""
    return opened(RULES, row("anna", "ETH", collateral), row("anna", "USD", -1000 * DOLLAR))


@pytest.mark.parametrize(
    ("collateral", "spent"), [(0, True), (1, True), (ETHER // 2000, True), (ETHER // 1999, False)]
)
def test_dust_up_to_a_thousandth_of_the_debt_keeps_no_bad_debt_open(collateral, spent):
    store = bankrupt(collateral)
    if not spent:
        assert refused(store, CloseOut(at(1), "anna")) is Reason.NOT_BANKRUPT
        return
    events = accepted(store, CloseOut(at(1), "anna")).events
    losses = [event for event in events if event.kind is EventKind.LOSS]
    assert sum(event.quantity for event in losses) == 1000 * DOLLAR
    dust_pays = collateral * 2000 >= ETHER // DOLLAR
    assert (losses[0].payer is Payer.OWN_MARGIN) is dust_pays
    assert not account_of(store, "anna").debt
    assert not account_of(store, "anna").supply


def test_without_a_share_only_an_empty_account_is_closed_out():
    limits = replace(RULES.liquidation, dust_share_wad=0)
    rules = replace(RULES, liquidation=limits)
    store = opened(rules, row("anna", "ETH", 1), row("anna", "USD", -1000 * DOLLAR))
    assert refused(store, CloseOut(at(1), "anna")) is Reason.NOT_BANKRUPT


def test_asking_for_the_most_takes_what_the_window_has_left():
    limits = replace(RULES.liquidation, window_seconds=3600, window_cap_wad=100 * WAD)
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1700 * DOLLAR)]
    store = opened(replace(RULES, liquidation=limits), *rows)
    asked = Liquidate(at(4000), "anna", "USD", "ETH", "keeper")
    accepted(store, replace(asked, repay=30 * DOLLAR))
    events = accepted(store, asked).events
    (repaid,) = [event.quantity for event in events if event.kind is EventKind.LIQUIDATE]
    assert repaid == -70 * DOLLAR
    assert refused(store, asked) is Reason.WINDOW_CAP
    accepted(store, replace(asked, at_ns=at(7600)))


def test_the_quote_is_always_worth_one_of_itself():
    store = opened(RULES)
    assert refused(store, SetPrices(at(1), (("USD", WAD + 1),))) is Reason.PRICE_INVALID
    accepted(store, SetPrices(at(1), (("USD", WAD), ("ETH", WAD))))


@pytest.mark.parametrize("name", ["@insurance", "@backstop", "@suppliers", "@auction/1"])
def test_a_book_may_not_name_an_account_of_the_venue(name):
    with pytest.raises(DataError, match="belong to the venue"):
        opened(RULES, row(name, "ETH", 1))


def test_a_rate_that_no_ledger_holds_is_a_rejection():
    wild = replace(usd(), base_rate_wad=10 * WAD, slope2_wad=100 * WAD, slope1_wad=10 * WAD)
    rules = with_asset(RULES, replace(wild, external_supply=0))
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1000 * DOLLAR)]
    store = opened(rules, *rows, row("bela", "USD", 1000 * DOLLAR))
    before = store.state_hash()
    assert refused(store, Accrue(at(9 * YEAR_S), ("USD",))) is Reason.AMOUNT_TOO_LARGE
    assert store.state_hash() == before


def test_the_backstop_waits_for_the_end_of_an_auction():
    rules = replace(RULES, backstop=replace(RULES.backstop, balance_wad=10**6 * WAD))
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1700 * DOLLAR)]
    few = replace(rules.auction, lot_buffer_wad=WAD)
    store = opened(replace(rules, auction=few), *rows)
    accepted(store, StartAuction(at(1), "anna", "USD", "ETH", "keeper"))
    assert account_of(store, "anna").auctions == 1
    accepted(store, SetPrices(at(2), (("ETH", 1000 * WAD),)))
    assert refused(store, TransferToBackstop(at(3), "anna")) is Reason.AUCTION_CURRENT


def test_a_dry_run_meets_the_rejection_or_names_who_it_would_catch():
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1500 * DOLLAR)]
    store = opened(RULES, *rows)
    lower = tuple(
        RuleChange("assets", "ETH", field, 70 * PERCENT)
        for field in ("max_ltv_wad", "liquidation_end_wad", "liquidation_threshold_wad")
    )
    before = store.state_hash()
    command = SetRules(START_NS, lower, "volatility")
    assert dry_run(store, command, accounts=["anna"]) == [("anna", 100 * WAD)]
    wrong = SetRules(START_NS, lower[2:], "volatility")
    told = dry_run(store, wrong, accounts=["anna"])
    assert isinstance(told, Rejected)
    assert told.reason is Reason.RULE_OUT_OF_BOUNDS
    assert store.state_hash() == before
    assert store.get(Table.RULES, "").ramps == ()


def test_penalties_that_one_debt_leaves_pay_the_next():
    """Fees of 50 dollars: a debt of 30 in one asset takes 30, one of 40 in the other 20."""
    second = replace(usd(), name="EURO", price_wad=WAD)
    rules = with_asset(RULES, second)
    rules = replace(rules, insurance=replace(rules.insurance, balance_wad=50 * WAD))
    rows = [row("anna", "USD", -40 * DOLLAR), row("anna", "EURO", -30 * DOLLAR)]
    store = opened(rules, *rows)
    account = replace(account_of(store, "anna"), penalties={"USD": 50 * DOLLAR})
    store.apply(Accepted({(Table.ACCOUNT, "anna"): account}, ()))
    events = accepted(store, CloseOut(at(1), "anna")).events
    losses = [event for event in events if event.kind is EventKind.LOSS]
    told = [(event.asset, event.payer, event.quantity) for event in losses]
    assert told == [
        ("EURO", Payer.PENALTY, 30 * DOLLAR),
        ("USD", Payer.PENALTY, 20 * DOLLAR),
        ("USD", Payer.SOCIALIZED, 20 * DOLLAR),
    ]
