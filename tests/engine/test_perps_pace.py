"""The pace of a liquidation: portions, ladder, release, window, and where it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    cash,
    contracts,
    draft_of,
    equity,
    funds,
    held,
    inverse,
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
from trimtab.model import (
    EventKind,
    PositionLiquidationRules,
    PositionSizing,
    Reason,
    Rejected,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD


def close(key: str = "a", *, taker: str = POOL, seconds: int = 0, size=None, price=None):
    return commands.LiquidatePosition(at(seconds), key, PERP, taker, size, price)


def venue(market=None, *, margin: float = 1000, size: float = 5, **sections):
    """a is long on so much margin; b is rich and flat."""
    sections = {**funds(insurance=10_000), **sections}
    rules = rules_with(market, **sections)
    return opened(rules, cash("a", margin), held("a", size), cash("b", 10**6))


def sized(kind: PositionSizing, **settings) -> dict[str, PositionLiquidationRules]:
    return {"position_liquidation": PositionLiquidationRules(sizing=kind, **settings)}


def kinds(outcome) -> list[EventKind]:
    return [event.kind for event in outcome.events]


def test_a_portion_a_block_and_no_sooner():
    store = venue(**sized(PositionSizing.PORTION, block_seconds=10, portion_wad=20 * PERCENT))
    tick(store, 1850)
    accepted(store, close())
    assert position(store, "a").size == 4 * ETHER
    assert refused(store, close(seconds=9)) is Reason.LIQUIDATION_PACED
    accepted(store, close(seconds=10))
    assert position(store, "a").size == 32 * ETHER // 10


def test_a_ladder_closes_a_fifth_and_then_the_rest():
    store = venue(**sized(PositionSizing.LADDER, ladder_from_wad=5000 * WAD), size=5)
    tick(store, 1880)
    accepted(store, close())
    assert position(store, "a").size == 4 * ETHER
    # 720 dollars on 4 x 1,880: safe again at the end level, the maintenance level here.
    tick(store, 1855, seconds=20)
    tick(store, 1800, seconds=20)
    accepted(store, close(seconds=20))
    assert position(store, "a").size < 4 * ETHER


def test_a_release_over_time_closes_a_share_first():
    rules = sized(PositionSizing.SHORTAGE, release_seconds=1000, release_whole_below_wad=0)
    store = venue(**rules)
    tick(store, 1850)
    short = -sums_at(store, "a").excess_liquidation_end
    accepted(store, close())
    left = -sums_at(store, "a").excess_liquidation_end
    assert left / short == pytest.approx(0.9, rel=1e-6)
    assert refused(store, close()) is Reason.LIQUIDATION_PACED
    accepted(store, close(seconds=500))
    assert -sums_at(store, "a").excess_liquidation_end / short == pytest.approx(0.4, rel=1e-6)
    accepted(store, close(seconds=1000))
    assert not draft_of(store).account("a").in_liquidation


def test_the_window_stops_and_reopens():
    store = venue(perp(window_cap=ETHER, window_seconds=30), **sized(PositionSizing.WHOLE))
    tick(store, 1880)
    accepted(store, close())
    assert position(store, "a").size == 4 * ETHER
    tick(store, 1800, seconds=1)
    assert refused(store, close(seconds=29)) is Reason.WINDOW_CAP
    accepted(store, close(seconds=30))
    assert position(store, "a").size == 3 * ETHER
    assert state_of(store).window == ((at(30) // 10**9, ETHER),)


def test_a_liquidation_begins_with_the_open_orders():
    store = venue()
    accepted(store, commands.SetOrders(at(0), "a", PERP, 0, ETHER))
    tick(store, 1880)
    outcome = accepted(store, close())
    assert EventKind.ORDERS in kinds(outcome)
    assert not draft_of(store).account("a").orders


def test_hysteresis_goes_on_to_the_end_level_and_no_further():
    market = perp(liquidation_end_margin_wad=8 * PERCENT)
    store = venue(market)
    tick(store, 1880)
    accepted(store, close(size=ETHER // 100))
    account = draft_of(store).account("a")
    assert account.in_liquidation
    # Above maintenance, below the end level: it may go on.
    tick(store, 1900)
    sums = sums_at(store, "a")
    assert sums.excess_maintenance > 0 > sums.excess_liquidation_end
    accepted(store, close())
    assert refused(store, close()) is Reason.HEALTHY
    account = draft_of(store).account("a")
    assert not account.in_liquidation
    assert account.liquidation_ns is None
    assert account.closed_ns == {}


def test_an_inverse_position_closes_in_its_asset():
    """20,000 contracts at 2,000 on 1.2 ETH of margin: the loss is 10 - 20,000 / 1,800 ETH."""
    rules = rules_with(inverse(), **funds(insurance=10**5))
    ether = replace(cash("a", 0), instrument="ETH", quantity=12 * ETHER // 10)
    store = opened(rules, ether, contracts("a", 20_000))
    tick(store, 1800)
    assert equity(store, "a") == pytest.approx((1.2 + 10 - 20_000 / 1800) * 1800, abs=1e-6)
    outcome = accepted(store, close())
    assert EventKind.LIQUIDATE_POSITION in kinds(outcome)
    sums = sums_at(store, "a")
    assert sums.equity >= 0
    assert position(store, "a").size < 20_000 * DOLLAR


def test_the_pool_takes_the_other_side_and_skew_leaves_it_out():
    store = venue(**sized(PositionSizing.WHOLE))
    tick(store, 1880)
    accepted(store, close())
    assert (state_of(store).long, state_of(store).short, state_of(store).skew) == (0, 0, 0)
    assert position(store, POOL).size == 0


def test_a_rejection_says_what_decided():
    store = venue()
    found = step(store, close())
    assert isinstance(found, Rejected)
    assert found.data["excess"] == sums_at(store, "a").excess_maintenance
    assert told(store, "a").liquidatable is False


def test_who_is_flat_or_trades_elsewhere_has_nothing_to_close():
    store = venue()
    assert refused(store, close("b")) is Reason.HEALTHY
    tick(store, 1880)
    accepted(store, close(taker="b"))
    accepted(store, trade("b", POOL, -0.5, 1800))
