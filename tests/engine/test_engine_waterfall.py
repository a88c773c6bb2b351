"""The waterfall: each payer in turn, every unit of a loss to exactly one of them."""

from __future__ import annotations

from dataclasses import replace

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
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    Accepted,
    EventKind,
    FundRules,
    LiquidationRules,
    Payer,
    Reason,
    Rules,
    Table,
)
from trimtab.model.commands import CloseOut, FundDeposit, Liquidate, SetPrices, TransferToBackstop
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

ETHER, DOLLAR = 10**18, 10**6
RULES = replace(
    venue_rules(usd(), eth()), liquidation=LiquidationRules(dust_collateral_wad=100 * WAD)
)


def funded(insurance: int = 0, backstop: int = 0, rules: Rules = RULES) -> Rules:
    return replace(rules, insurance=FundRules(insurance * WAD), backstop=FundRules(backstop * WAD))


def bankrupt(rules: Rules, *, reserves: int = 0, fees: int = 0):
    """Anna owes 1,000 USD and holds ETH worth 50: dust, as the rules go."""
    rows = [row("anna", "ETH", ETHER // 40), row("anna", "USD", -1000 * DOLLAR)]
    store = opened(rules, *rows)
    pool, anna = store.get(Table.POOL, "USD"), account_of(store, "anna")
    changes = {
        (Table.POOL, "USD"): replace(
            pool, reserves=reserves * DOLLAR, cash=pool.cash + reserves * DOLLAR
        ),
        (Table.ACCOUNT, "anna"): replace(anna, penalties={"USD": fees * DOLLAR} if fees else {}),
    }
    store.apply(Accepted(changes, ()))
    return store


def losses(outcome: Accepted) -> list[tuple[Payer | None, int]]:
    return [
        (event.payer, event.quantity // DOLLAR)
        for event in outcome.events
        if event.kind is EventKind.LOSS
    ]


OWN, PENALTY, FUND = Payer.OWN_MARGIN, Payer.PENALTY, Payer.INSURANCE
STOP, ALL = Payer.BACKSTOP, Payer.SOCIALIZED


@pytest.mark.parametrize(
    ("insurance", "backstop", "reserves", "fees", "expected"),
    [
        (0, 0, 0, 0, [(OWN, 50), (ALL, 950)]),
        (300, 0, 0, 0, [(OWN, 50), (FUND, 300), (ALL, 650)]),
        (300, 0, 0, 40, [(OWN, 50), (PENALTY, 40), (FUND, 260), (ALL, 650)]),
        (30, 0, 0, 40, [(OWN, 50), (PENALTY, 30), (ALL, 920)]),
        (0, 0, 20, 0, [(OWN, 50), (FUND, 20), (ALL, 930)]),
        (300, 200, 20, 0, [(OWN, 50), (FUND, 320), (STOP, 200), (ALL, 430)]),
        (300, 9000, 20, 0, [(OWN, 50), (FUND, 320), (STOP, 630)]),
        (2000, 9000, 0, 60, [(OWN, 50), (PENALTY, 60), (FUND, 890)]),
    ],
)
def test_payers_are_exhausted_in_their_order(insurance, backstop, reserves, fees, expected):
    store = bankrupt(funded(insurance, backstop), reserves=reserves, fees=fees)
    outcome = accepted(store, CloseOut(at(0), "anna"))
    assert losses(outcome) == expected
    assert sum(paid for _, paid in losses(outcome)) == 1000
    anna, pool = account_of(store, "anna"), store.get(Table.POOL, "USD")
    assert (dict(anna.supply), dict(anna.debt), dict(anna.penalties)) == ({}, {}, {})
    assert pool.deficit == 0


def test_suppliers_share_a_loss_in_proportion():
    rows = [row("fria", "USD", 1000 * DOLLAR), row("gira", "USD", 3000 * DOLLAR)]
    rows += [row("anna", "ETH", ETHER // 40), row("anna", "USD", -1000 * DOLLAR)]
    store = opened(RULES, *rows)
    accepted(store, CloseOut(at(0), "anna"))
    left = [sums_of(store, key).equity // 10**52 for key in ("fria", "gira")]
    assert left == [76_250, 228_750]


def test_a_fund_pays_in_another_asset_at_the_oracle_price():
    store = bankrupt(funded())
    accepted(store, FundDeposit(at(0), INSURANCE, "ETH", ETHER))
    outcome = accepted(store, CloseOut(at(0), "anna"))
    sold = [e for e in outcome.events if e.kind is EventKind.SWAP_OUT and e.account == INSURANCE]
    bought = [e for e in outcome.events if e.kind is EventKind.SWAP_IN and e.account == INSURANCE]
    assert [e.quantity for e in sold] == [-475 * ETHER // 1000]
    assert [e.flow for e in bought] == [950 * DOLLAR]
    assert losses(outcome) == [(OWN, 50), (FUND, 950)]


def test_a_minted_debt_has_no_suppliers_and_leaves_a_deficit():
    dai = replace(asset("DAI", 18, price=1), mintable=True)
    rows = [row("anna", "ETH", ETHER // 40), row("anna", "DAI", -1000 * ETHER)]
    store = opened(with_asset(RULES, dai), *rows)
    outcome = accepted(store, CloseOut(at(0), "anna"))
    assert [e.payer for e in outcome.events if e.kind is EventKind.LOSS] == [OWN, ALL]
    pool = store.get(Table.POOL, "DAI")
    assert (pool.deficit, pool.minted, pool.borrowed) == (950 * ETHER, 950 * ETHER, 0)


def test_a_solvent_or_a_safe_account_is_not_closed_out():
    store = opened(RULES, row("anna", "ETH", ETHER), row("anna", "USD", -1900 * DOLLAR))
    assert refused(store, CloseOut(at(0), "anna")) is Reason.NOT_BANKRUPT
    store = opened(RULES, row("anna", "ETH", ETHER), row("anna", "USD", -100 * DOLLAR))
    assert refused(store, CloseOut(at(0), "anna")) is Reason.HEALTHY


def unsafe(dollars: int, rules: Rules):
    return opened(rules, row("anna", "ETH", ETHER), row("anna", "USD", -dollars * DOLLAR))


def test_the_backstop_takes_the_position_with_all_its_margin():
    store = unsafe(1700, funded(backstop=500))
    accepted(store, TransferToBackstop(at(0), "anna"))
    backstop, anna = account_of(store, BACKSTOP), account_of(store, "anna")
    assert backstop.supply == {"USD": 500 * DOLLAR * 10**6, "ETH": ETHER * 10**6}
    assert backstop.debt == {"USD": 1700 * DOLLAR * 10**6}
    assert (dict(anna.supply), dict(anna.debt), anna.in_liquidation) == ({}, {}, False)


def test_the_backstop_never_takes_more_debt_than_collateral():
    store = unsafe(2300, funded(insurance=100, backstop=1000))
    outcome = accepted(store, TransferToBackstop(at(0), "anna"))
    assert losses(outcome) == [(FUND, 100), (STOP, 200)]
    assert account_of(store, BACKSTOP).debt == {"USD": 2000 * DOLLAR * 10**6}
    assert sums_of(store, BACKSTOP).equity // 10**54 == 800


def test_a_backstop_that_would_be_unsafe_itself_refuses():
    store = unsafe(1700, funded(backstop=50))
    assert refused(store, TransferToBackstop(at(0), "anna")) is Reason.BACKSTOP_TOO_SMALL


def test_the_backstop_is_not_transferred_to_itself():
    store = unsafe(1700, funded(backstop=500))
    accepted(store, TransferToBackstop(at(0), "anna"))
    accepted(store, SetPrices(at(1), (("ETH", 500 * WAD),)))
    asked = TransferToBackstop(at(1), BACKSTOP)
    assert refused(store, asked) is Reason.BACKSTOP_TOO_SMALL


def test_the_backstop_pays_with_its_free_margin_only():
    """What its own debts stand on is not spent on the loss of another."""
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1700 * DOLLAR)]
    rows += [row("bela", "ETH", ETHER // 40), row("bela", "USD", -1000 * DOLLAR)]
    store = opened(funded(backstop=200), *rows)
    accepted(store, TransferToBackstop(at(0), "anna"))
    free = sums_of(store, BACKSTOP).excess_maintenance // 10**72
    outcome = accepted(store, CloseOut(at(0), "bela"))
    assert free == 90
    assert losses(outcome) == [(OWN, 50), (STOP, 90), (ALL, 860)]


def test_fees_taken_in_a_liquidation_are_given_back_to_its_loss():
    """Two bites with a fee, then the price falls through the floor."""
    feed = replace(eth(), liquidation_fee_wad=2 * PERCENT)
    store = unsafe(1650, with_asset(funded(insurance=1), feed))
    for second in (0, 1):
        accepted(store, Liquidate(at(second), "anna", "USD", "ETH", "keeper", 100 * DOLLAR))
    taken = account_of(store, "anna").penalties["ETH"]
    assert taken == account_of(store, INSURANCE).supply["ETH"] // 10**6
    accepted(store, SetPrices(at(2), (("ETH", 1000 * WAD),)))
    outcome = accepted(store, Liquidate(at(2), "anna", "USD", "ETH", "keeper"))
    paid = dict(losses(outcome))
    assert list(paid) == [PENALTY, FUND, ALL]
    assert paid[PENALTY] == taken * 1000 // ETHER
    assert "ETH" not in account_of(store, INSURANCE).supply
