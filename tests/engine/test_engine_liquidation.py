"""Liquidations step by step: who pays, who receives, what is refused, what is left behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.venues import (
    DAY_S,
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
)
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    Accepted,
    CategoryRules,
    Event,
    EventKind,
    LiquidationRules,
    Reason,
    Rules,
    Sizing,
    Table,
)
from trimtab.model.commands import Borrow, Deposit, Liquidate, Repay, SetCategory, SetPrices
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

ETHER, DOLLAR = 10**18, 10**6
FEED = replace(eth(), liquidation_fee_wad=PERCENT)
RULES = replace(
    venue_rules(usd(), FEED, asset("CENT", 2, price=1, ltv=50, threshold=60, bonus=5)),
    liquidation=LiquidationRules(sizing=Sizing.CLOSE_FACTOR, dust_collateral_wad=10 * WAD),
)


def at_debt(dollars: int, *, rules: Rules = RULES, **more: int):
    """Anna with one ETH at 2,000 and some debt; the liquidation threshold is 1,600."""
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -dollars * DOLLAR)]
    rows += [row("anna", name, amount) for name, amount in more.items()]
    return opened(rules, *rows)


def asked(repay: int | None = None, flash: int | None = None, *, second: int = 0) -> Liquidate:
    return Liquidate(at(second), "anna", "USD", "ETH", "keeper", repay, flash)


def only(events: tuple[Event, ...], kind: EventKind) -> Event:
    found = [event for event in events if event.kind is kind]
    assert len(found) == 1, f"{len(found)} events of {kind}"
    return found[0]


def test_excess_zero_is_safe_and_one_unit_more_is_not():
    assert refused(at_debt(1600), asked()) is Reason.HEALTHY
    store = opened(RULES, row("anna", "ETH", ETHER), row("anna", "USD", -1600 * DOLLAR - 1))
    accepted(store, asked())


def test_a_liquidation_pays_bonus_and_fee_in_collateral():
    store = at_debt(1700)
    events = accepted(store, asked(800 * DOLLAR)).events
    assert only(events, EventKind.LIQUIDATE).flow == 800 * DOLLAR
    # 800 / 2,000 x 1.05 leaves as cash; 800 / 2,000 x 0.01 goes to the fund as a claim.
    assert only(events, EventKind.SEIZE).flow == -42 * ETHER // 100
    assert only(events, EventKind.BONUS).value == 40 * WAD
    assert only(events, EventKind.FEE).quantity == -4 * ETHER // 1000
    assert account_of(store, INSURANCE).supply["ETH"] == 4 * ETHER // 1000 * 10**6
    anna = account_of(store, "anna")
    assert anna.supply["ETH"] == (1000 - 424) * ETHER // 1000 * 10**6
    assert anna.debt["USD"] == 900 * DOLLAR * 10**6


def test_a_request_above_the_close_factor_is_cut_to_it():
    events = accepted(at_debt(1650), asked(10**15)).events
    assert only(events, EventKind.LIQUIDATE).quantity == -825 * DOLLAR


def test_release_needs_the_liquidation_end_level():
    rules = replace(
        RULES,
        assets={**RULES.assets, "ETH": replace(FEED, liquidation_end_wad=76 * PERCENT)},
    )
    store = at_debt(1610, rules=rules)
    events = accepted(store, asked(100 * DOLLAR)).events
    assert EventKind.RELEASE not in [event.kind for event in events]
    assert account_of(store, "anna").in_liquidation
    assert sums_of(store, "anna").excess_maintenance >= 0
    events = accepted(store, asked(second=1)).events
    only(events, EventKind.RELEASE)
    anna = account_of(store, "anna")
    assert (anna.in_liquidation, dict(anna.penalties)) == (False, {})
    assert refused(store, asked(second=2)) is Reason.HEALTHY


@pytest.mark.parametrize("command", ["repay", "deposit", "category", "borrow"])
def test_an_account_that_recovers_leaves_the_liquidation(command):
    assets = {**RULES.assets, "ETH": replace(FEED, liquidation_end_wad=76 * PERCENT)}
    near = CategoryRules("near", ("USD", "ETH"), 90 * PERCENT, 95 * PERCENT)
    store = at_debt(1610, rules=replace(RULES, assets=assets, categories={"near": near}))
    accepted(store, asked(20 * DOLLAR))
    assert account_of(store, "anna").in_liquidation
    if command == "borrow":
        accepted(store, SetPrices(at(1), (("ETH", 4000 * WAD),)))
    recover = {
        "repay": Repay(at(1), "anna", "USD", None),
        "deposit": Deposit(at(1), "anna", "ETH", ETHER),
        "category": SetCategory(at(1), "anna", "near"),
        "borrow": Borrow(at(1), "anna", "USD", DOLLAR),
    }
    only(accepted(store, recover[command]).events, EventKind.RELEASE)
    assert not account_of(store, "anna").in_liquidation


def test_a_flash_payment_that_falls_short_fails_whole():
    store = at_debt(1700)
    before = store.state_hash()
    assert refused(store, asked(800 * DOLLAR, 800 * DOLLAR - 1)) is Reason.FLASH_PAYMENT_SHORT
    assert store.state_hash() == before
    events = accepted(store, asked(800 * DOLLAR, 900 * DOLLAR)).events
    assert only(events, EventKind.LIQUIDATE).flow == 800 * DOLLAR


def test_nobody_liquidates_himself_nor_asks_for_nothing():
    store = at_debt(1700)
    assert refused(store, replace(asked(), liquidator="anna")) is Reason.SELF_LIQUIDATION
    assert refused(store, asked(0)) is Reason.AMOUNT_NOT_POSITIVE
    assert refused(store, replace(asked(), account="nobody")) is Reason.UNKNOWN_ACCOUNT
    assert refused(store, replace(asked(), debt="CENT")) is Reason.INSUFFICIENT_BALANCE
    assert refused(store, replace(asked(), collateral="CENT")) is Reason.INSUFFICIENT_BALANCE


def test_a_remainder_of_dust_is_refused_and_the_whole_is_not():
    rules = replace(RULES, liquidation=LiquidationRules(dust_debt_wad=100 * WAD))
    rules = replace(rules, liquidation=replace(rules.liquidation, sizing=Sizing.WHOLE))
    store = at_debt(1700, rules=rules)
    assert refused(store, asked(1650 * DOLLAR)) is Reason.DUST
    accepted(store, asked(1600 * DOLLAR))
    assert account_of(store, "anna").debt["USD"] == 100 * DOLLAR * 10**6


def test_the_window_caps_what_is_repaid_and_opens_again():
    limits = replace(RULES.liquidation, window_seconds=3600, window_cap_wad=500 * WAD)
    store = at_debt(1700, rules=replace(RULES, liquidation=limits))
    accepted(store, asked(400 * DOLLAR))
    assert refused(store, asked(100 * DOLLAR + 1, second=3599)) is Reason.WINDOW_CAP
    accepted(store, asked(100 * DOLLAR, second=3599))
    assert refused(store, asked(1, second=3599)) is Reason.WINDOW_CAP
    accepted(store, asked(10 * DOLLAR, second=3600))
    assert store.get(Table.VENUE, "").window_used_wad == 10 * WAD


def test_a_pool_without_cash_gives_claims_instead():
    lent = replace(FEED, external_supply=0)
    rules = replace(RULES, assets={**RULES.assets, "ETH": lent})
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1700 * DOLLAR)]
    rows += [row("bela", "USD", 10**4 * DOLLAR), row("bela", "ETH", -9 * ETHER // 10)]
    store = opened(rules, *rows)
    event = only(accepted(store, asked(800 * DOLLAR)).events, EventKind.SEIZE)
    assert (event.quantity, event.flow) == (-42 * ETHER // 100, -ETHER // 10)
    assert account_of(store, "keeper").supply["ETH"] == 32 * ETHER // 100 * 10**6
    assert store.get(Table.POOL, "ETH").cash == 0


def test_bad_debt_is_realized_although_dust_of_another_collateral_remains():
    store = at_debt(2500, CENT=900)
    events = accepted(store, asked()).events
    assert EventKind.LOSS in [event.kind for event in events]
    anna = account_of(store, "anna")
    assert (dict(anna.supply), dict(anna.debt)) == ({}, {})
    assert (anna.in_liquidation, dict(anna.penalties)) == (False, {})


def test_more_than_dust_keeps_the_account_open():
    store = at_debt(2500, CENT=1100)
    events = accepted(store, asked()).events
    assert EventKind.LOSS not in [event.kind for event in events]
    assert account_of(store, "anna").supply == {"CENT": 1100 * 10**6}
    assert account_of(store, "anna").in_liquidation


@pytest.mark.parametrize("cents", [0, 40_000])
def test_a_bankrupt_account_pays_no_fee(cents):
    """A fee would only keep the last of its collateral from being sold."""
    store = at_debt(2500, CENT=cents) if cents else at_debt(2500)
    events = accepted(store, asked()).events
    assert EventKind.FEE not in [event.kind for event in events]
    assert "ETH" not in account_of(store, "anna").supply


def test_the_fee_stops_where_the_margin_stops():
    """1,890 against 2,000: after a bonus of 5 % the fee finds 15.5 of equity and takes no more."""
    whole = replace(RULES.liquidation, sizing=Sizing.WHOLE, minimum_bonus_wad=5 * PERCENT)
    low = replace(FEED, liquidation_fee_wad=3 * PERCENT, liquidation_threshold_wad=60 * PERCENT)
    low = replace(low, liquidation_end_wad=60 * PERCENT, max_ltv_wad=50 * PERCENT)
    rules = replace(RULES, assets={**RULES.assets, "ETH": low}, liquidation=whole)
    store = at_debt(1890, rules=rules)
    events = accepted(store, asked()).events
    assert -only(events, EventKind.FEE).quantity <= 155 * ETHER // 20_000
    assert sums_of(store, "anna").equity >= 0


def test_a_repayment_too_small_to_end_a_share_is_refused():
    """A share of an old debt may be worth more than a unit."""
    store = at_debt(1700)
    pool = replace(store.get(Table.POOL, "USD"), borrow_shares=17, supplied=2125 * DOLLAR)
    account = replace(account_of(store, "anna"), debt={"USD": 17})
    store.apply(Accepted({(Table.POOL, "USD"): pool, (Table.ACCOUNT, "anna"): account}, ()))
    assert refused(store, asked(99 * DOLLAR)) is Reason.AMOUNT_TOO_SMALL
    accepted(store, asked(100 * DOLLAR))
    assert account_of(store, "anna").debt["USD"] == 16


def test_no_account_is_liquidated_by_waiting_alone_while_it_owes_nothing():
    store = opened(RULES, row("anna", "ETH", ETHER))
    accepted(store, SetPrices(at(DAY_S), (("ETH", 1),)))
    assert refused(store, asked(second=DAY_S)) is Reason.HEALTHY
    assert BACKSTOP not in store.get(Table.ACCOUNT, "anna").supply
