"""Whole stories under the watch of every invariant: a vault, a loop, an island, an override."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.crisis import Variant, crisis_rules, lending_book
from tests.engine.standing import standing
from tests.engine.venues import START_NS, YEAR_S, asset, at, eth, row, usd, venue_rules
from tests.engine.watch import WatchedVenue
from trimtab.model import (
    BACKSTOP,
    Accepted,
    Account,
    Accrual,
    AuctionCurve,
    BonusCurve,
    BookRow,
    CallExpiry,
    CategoryRules,
    Command,
    EventKind,
    FundRules,
    Rules,
    Sizing,
    SpiralRule,
    Table,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

ETHER, DOLLAR = 10**18, 10**6
DAI = replace(
    asset("DAI", 18, price=1),
    mintable=True,
    base_rate_wad=5 * PERCENT,
    borrowable_in_isolation=True,
)
ISLE = replace(
    asset("ISLE", 8, price=5, ltv=50, threshold=60, bonus=10),
    isolated=True,
    debt_ceiling_wad=10_000 * WAD,
    borrowable=False,
)
NEAR = CategoryRules("near", ("ETH", "USD"), 85 * PERCENT, 90 * PERCENT, 3 * PERCENT)
RULES = replace(
    venue_rules(usd(), eth(), DAI, ISLE),
    categories={"near": NEAR},
    insurance=FundRules(200 * WAD),
    backstop=FundRules(5_000 * WAD),
)


def opened(*rows: BookRow, rules: Rules = RULES) -> WatchedVenue:
    return WatchedVenue(rules, rows, at_ns=START_NS)


def run(venue: WatchedVenue, command: Command) -> Accepted:
    outcome = venue.run(command)
    assert isinstance(outcome, Accepted), f"{command}: {outcome}"
    return outcome


def account(venue: WatchedVenue, key: str) -> Account:
    return venue.records[Table.ACCOUNT, key]


def test_a_vault_from_its_minting_to_its_bad_debt():
    venue = opened(row("anna", "ETH", 2 * ETHER), row("bela", "ETH", 20 * ETHER))
    run(venue, commands.Borrow(at(0), "anna", "DAI", 3000 * ETHER))
    run(venue, commands.Borrow(at(0), "bela", "DAI", 3000 * ETHER))
    run(venue, commands.SetPrices(at(YEAR_S), (("ETH", 1000 * WAD),)))
    outcome = run(venue, commands.Liquidate(at(YEAR_S), "anna", "DAI", "ETH", "keeper"))
    kinds = [event.kind for event in outcome.events]
    assert EventKind.LOSS in kinds
    assert dict(account(venue, "anna").debt) == {}
    pool = venue.records[Table.POOL, "DAI"]
    # Anna's 3,000 and a year's fee, less what 2,000 of collateral and the funds brought.
    assert pool.deficit == 0
    run(venue, commands.Repay(at(YEAR_S), "bela", "DAI", None))
    assert venue.records[Table.POOL, "DAI"].borrowed == 0
    venue.replay()


def test_an_island_goes_to_the_backstop_with_its_ceiling():
    venue = opened(row("anna", "ISLE", 1000 * 10**8), row("anna", "DAI", -2900 * ETHER))
    run(venue, commands.SetPrices(at(1), (("ISLE", 47 * WAD // 10),)))
    run(venue, commands.TransferToBackstop(at(1), "anna"))
    assert venue.records[Table.ISOLATION, "ISLE"].debt_shares == {
        "DAI": account(venue, BACKSTOP).debt["DAI"]
    }
    assert dict(account(venue, "anna").supply) == {}
    run(venue, commands.Repay(at(2), BACKSTOP, "DAI", None))
    assert venue.records[Table.ISOLATION, "ISLE"].debt_shares == {}
    venue.replay()


def test_a_category_pays_its_own_bonus():
    rows = [row("anna", "ETH", ETHER), row("anna", "USD", -1810 * DOLLAR)]
    plain = opened(*rows)
    inside = opened(*(replace(each, category="near") for each in rows))
    bonuses = []
    for venue in (plain, inside):
        bite = commands.Liquidate(at(0), "anna", "USD", "ETH", "keeper", 100 * DOLLAR)
        (told,) = [e for e in run(venue, bite).events if e.kind is EventKind.BONUS]
        bonuses.append(told.value)
    assert bonuses == [5 * WAD, 3 * WAD]


def test_an_imported_threshold_decides_in_place_of_the_rules():
    lower = replace(row("anna", "ETH", ETHER), threshold_wad=70 * PERCENT)
    venue = opened(lower, row("anna", "USD", -1450 * DOLLAR))
    run(venue, commands.Liquidate(at(0), "anna", "USD", "ETH", "keeper", DOLLAR))
    higher = replace(row("anna", "ETH", ETHER), threshold_wad=85 * PERCENT)
    venue = opened(higher, row("anna", "USD", -1650 * DOLLAR))
    bite = commands.Liquidate(at(0), "anna", "USD", "ETH", "keeper", DOLLAR)
    assert not isinstance(venue.run(bite), Accepted)


@pytest.mark.parametrize("sizing", list(Sizing))
@pytest.mark.parametrize("curve", list(AuctionCurve))
def test_a_crash_is_worked_off_to_the_last_account(sizing, curve):
    """ETH loses 60 %: auctions and keepers close every debt that is not backed."""
    variant = Variant(
        *(sizing, BonusCurve.SHORTFALL, SpiralRule.CUT, curve),
        *(Accrual.COMPOUNDED, CallExpiry.RESTRICT),
        dusty=True,
        thin=False,
    )
    rules = replace(crisis_rules(variant), markets={})
    venue = WatchedVenue(rules, lending_book(), at_ns=START_NS)
    run(venue, commands.SetPrices(at(60), (("ETH", 800 * WAD),)))
    run(venue, commands.StartAuction(at(60), "anna", "USD", "ETH", "keeper"))
    run(venue, commands.TakeAuction(at(3600), "1", 10**30, 10**30, "taker"))
    for _ in range(50):
        for key in sorted(_unsafe(venue)):
            debt, sold = min(account(venue, key).debt), min(account(venue, key).supply)
            run(venue, commands.Liquidate(at(3600), key, debt, sold, "keeper"))
    assert _unsafe(venue) == set()
    assert venue.tally.events[EventKind.LOSS] > 0
    venue.replay()


def _unsafe(venue: WatchedVenue) -> set[str]:
    found = set()
    for table, key in venue.records:
        if table is Table.ACCOUNT and account(venue, key).debt:
            stood = standing(venue.records, key, now_s=venue.now_ns // 10**9)
            if stood.is_unsafe(in_liquidation=account(venue, key).in_liquidation):
                found.add(key)
    return found
