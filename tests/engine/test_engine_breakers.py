"""Breakers: every command at every level, against the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.venues import START_NS, accepted, at, eth, opened, refused, row, usd, venue_rules
from trimtab.engine import MemoryStore, step
from trimtab.model import (
    INSURANCE,
    Accepted,
    Auction,
    CallExpiry,
    CategoryRules,
    Command,
    EventKind,
    Funding,
    FundRules,
    LiquidationRules,
    MarginCallRules,
    MarketRules,
    Reason,
    RuleChange,
    Table,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

ETHER, DOLLAR, NOW = 10**18, 10**6, at(0)
NEVER = 4
PERP = "ETH-PERP"

# Command, and the lowest level that forbids it.
TABLE: tuple[tuple[Command, int], ...] = (
    (commands.SetPrices(NOW, (("ETH", 2000 * WAD),)), NEVER),
    (commands.SetExchangeRate(NOW, "STETH", WAD), NEVER),
    (commands.Deposit(NOW, "anna", "ETH", 1), NEVER),
    (commands.Withdraw(NOW, "fria", "USD", DOLLAR), NEVER),
    (commands.Withdraw(NOW, "dora", "ETH", 1), 1),
    (commands.Borrow(NOW, "dora", "USD", 1), 1),
    (commands.Repay(NOW, "anna", "USD", 1), NEVER),
    (commands.SubmitPrice(NOW, "ETH", "a", 2000 * WAD, WAD, START_NS), NEVER),
    (commands.SubmitMark(NOW, PERP, (("book", 2000 * WAD),)), NEVER),
    (commands.SetFunding(NOW, PERP, 10**14), NEVER),
    (commands.Transfer(NOW, "fria", "fria/sub", "USD", DOLLAR), NEVER),
    (commands.Transfer(NOW, "dora", "dora/sub", "ETH", 1), 1),
    (commands.Trade(NOW, PERP, "hans", "jana", ETHER, 2000 * WAD), 1),
    (commands.Trade(NOW, PERP, "hans", "jana", -ETHER, 2000 * WAD), NEVER),
    (commands.SetOrders(NOW, "hans", PERP, ETHER, 0), 1),
    (commands.SetOrders(NOW, "jana", PERP, 0, 0), NEVER),
    (commands.SetLeverage(NOW, "hans", PERP, 20 * PERCENT), NEVER),
    (commands.Settle(NOW, "hans", PERP), NEVER),
    (commands.LiquidatePosition(NOW, "karl", PERP, f"@pool/{PERP}"), 2),
    (commands.Deleverage(NOW, "inge", PERP, ("jana",)), 2),
    (commands.SetCategory(NOW, "dora", "near"), 1),
    (commands.Accrue(NOW, ("USD",)), NEVER),
    (commands.Liquidate(NOW, "anna", "USD", "ETH", "keeper"), 2),
    (commands.StartAuction(NOW, "anna", "USD", "ETH", "keeper"), 2),
    (commands.TakeAuction(NOW, "1", 1, 3000 * WAD, "keeper"), 3),
    (commands.ResetAuction(NOW, "old", "keeper"), 2),
    (commands.TransferToBackstop(NOW, "anna"), 2),
    (commands.CloseOut(NOW, "gone"), 2),
    (commands.CallMargin(NOW, "bela"), NEVER),
    (commands.ExpireCall(NOW, "cora"), NEVER),
    (commands.Reduce(NOW, "edda", "USD", "ETH", "keeper"), 2),
    (commands.FundDeposit(NOW, INSURANCE, "USD", 1), NEVER),
    (commands.SetRules(NOW, (RuleChange("assets", "USD", "supply_cap", 10**30),), "test"), NEVER),
)


def busy_venue() -> MemoryStore:
    """A venue in which every command of the table is acceptable at level 0."""
    staked = replace(eth(), name="STETH", underlying="ETH", price_wad=None)
    market = MarketRules(PERP, 10 * PERCENT, 5 * PERCENT, asset="ETH", funding=Funding.RECORDED)
    rules = replace(
        venue_rules(usd(), eth(), staked),
        markets={PERP: market},
        categories={"near": CategoryRules("near", ("USD", "ETH"), 75 * PERCENT, 80 * PERCENT)},
        liquidation=LiquidationRules(dust_collateral_wad=10 * WAD),
        margin_call=MarginCallRules(0, 0, CallExpiry.REDUCE),
        insurance=FundRules(100 * WAD),
        backstop=FundRules(10_000 * WAD),
    )
    debts = {"anna": 1700, "bela": 1550, "cora": 1550, "dora": 100, "edda": 1550, "zita": 1900}
    rows = [row(key, "ETH", ETHER) for key in debts]
    rows += [row(key, "USD", -owed * DOLLAR) for key, owed in debts.items()]
    rows += [row("fria", "USD", 10**5 * DOLLAR)]
    rows += [row("gone", "ETH", ETHER // 1000), row("gone", "USD", -100 * DOLLAR)]
    # hans owes 100 on his long, karl is below maintenance, inge is bankrupt, jana is short.
    for key, cash, size, entry in (
        ("hans", 2000, 1, 2100),
        ("karl", 50, 1, 2000),
        ("inge", 100, 1, 22_000),
        ("jana", 10**5, -5, 2000),
    ):
        rows += [row(key, "USD", cash * DOLLAR)]
        rows += [replace(row(key, PERP, size * ETHER), entry_price_wad=entry * WAD)]
    store = opened(rules, *rows)
    for command in (
        commands.CallMargin(NOW, "cora"),
        commands.CallMargin(NOW, "edda"),
        commands.ExpireCall(NOW, "edda"),
        commands.StartAuction(NOW, "zita", "USD", "ETH", "keeper"),
    ):
        accepted(store, command)
    old = Auction("old", "zita", "ETH", "USD", 0, WAD, 0, START_NS - 10**15)
    store.apply(Accepted({(Table.AUCTION, "old"): old}, ()))
    return store


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize(
    ("command", "forbidden_from"), TABLE, ids=[type(each).__name__ for each, _ in TABLE]
)
def test_each_level_forbids_what_the_table_says(command, forbidden_from, level):
    store = busy_venue()
    if level:
        accepted(store, commands.Pause(NOW, level, "test"))
    if level >= forbidden_from:
        assert refused(store, command) is Reason.PAUSED
    else:
        assert isinstance(step(store, command), Accepted), step(store, command)


def test_the_table_names_every_command():
    steering = {commands.Pause, commands.Resume}
    assert {type(each) for each, _ in TABLE} | steering == set(commands.Command.__args__)


@pytest.mark.parametrize(("level", "asked"), [(0, 0), (0, 4), (0, -1), (2, 2), (2, 1), (3, 3)])
def test_a_pause_only_raises_the_level(level, asked):
    store = busy_venue()
    if level:
        accepted(store, commands.Pause(NOW, level, "test"))
    assert refused(store, commands.Pause(NOW, asked, "test")) is Reason.RULE_OUT_OF_BOUNDS


@pytest.mark.parametrize(("level", "asked"), [(0, 0), (2, 2), (2, 3), (2, -1)])
def test_a_resume_only_lowers_the_level(level, asked):
    store = busy_venue()
    if level:
        accepted(store, commands.Pause(NOW, level, "test"))
    assert refused(store, commands.Resume(NOW, asked, "test")) is Reason.RULE_OUT_OF_BOUNDS


def test_trips_and_resets_are_events_with_their_reason():
    store = busy_venue()
    (tripped,) = accepted(store, commands.Pause(NOW, 2, "oracle failure")).events
    (reset,) = accepted(store, commands.Resume(NOW, 0, "oracle is back")).events
    assert (tripped.kind, tripped.quantity, tripped.reason) == (
        EventKind.PAUSE,
        2,
        "oracle failure",
    )
    assert (reset.kind, reset.quantity, reset.reason) == (EventKind.RESUME, 0, "oracle is back")
    assert store.get(Table.VENUE, "").breaker_level == 0
