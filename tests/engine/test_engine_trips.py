"""Breakers that rules trip: volatility, refused prices, outage, a loss of the fund."""

from __future__ import annotations

from dataclasses import replace

from tests.engine.markets import (
    ETHER,
    PERP,
    POOL,
    cash,
    draft_of,
    funds,
    held,
    opened,
    rules_with,
    submit,
    tick,
    trade,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine.breaker import level_in_force
from trimtab.model import (
    BreakerRules,
    EventKind,
    OracleRules,
    Reason,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

# Breakers that trip by rule


def tripping(**settings):
    rules = rules_with(breakers=BreakerRules(**settings), **funds(insurance=1000))
    return opened(rules, cash("a", 2000), held("a", 5), cash("b", 10**5))


def level(store, *, seconds: int) -> int:
    return level_in_force(draft_of(store, seconds=seconds))


def quiet(store, *, until: int, every: int = 60) -> None:
    """Returns of one in a thousand, up and down."""
    for place, second in enumerate(range(0, until, every)):
        tick(store, 2000 + 2 * (place % 2), seconds=second)


def test_a_return_beyond_k_sigma_trips_and_resets_by_itself():
    store = tripping(volatility_sigmas_wad=5 * WAD, hold_seconds=600)
    quiet(store, until=600)
    events = accepted(store, commands.SetPrices(at(600), (("ETH", 2100 * WAD),))).events
    (tripped,) = (e for e in events if e.kind is EventKind.PAUSE)
    assert (tripped.quantity, tripped.reason) == (1, "volatility")
    assert level(store, seconds=1199) == 1
    assert level(store, seconds=1200) == 0
    assert refused(store, trade("a", "b", 0.1, 2100, seconds=700)) is Reason.PAUSED
    accepted(store, trade("a", POOL, -0.1, 2100, seconds=700))
    events = accepted(store, trade("a", "b", 0.1, 2100, seconds=1200)).events
    assert (EventKind.RESUME, "volatility") in [(e.kind, e.reason) for e in events]


def test_a_return_under_the_floor_trips_nothing_however_rare():
    store = tripping(volatility_sigmas_wad=2 * WAD, volatility_floor_wad=10 * PERCENT)
    quiet(store, until=600)
    tick(store, 2180, seconds=600)
    assert level(store, seconds=601) == 0
    tick(store, 2500, seconds=660)
    assert level(store, seconds=661) == 1


def test_the_first_return_trips_nothing():
    store = tripping(volatility_sigmas_wad=WAD)
    tick(store, 3000, seconds=60)
    assert level(store, seconds=61) == 0


def test_refused_prices_in_a_row_trip_and_a_good_one_starts_again():
    rules = rules_with(
        oracle=OracleRules(quorum=2), breakers=BreakerRules(oracle_failures=3, oracle_level=2)
    )
    store = opened(rules, cash("a", 10))
    for second in (1, 2):
        accepted(store, submit(2000, seconds=second))
    accepted(store, submit(2000, source="b", seconds=3))
    assert draft_of(store).oracle_state("ETH").refused == 0
    rules = replace(rules, oracle=OracleRules(quorum=3))
    store = opened(rules, cash("a", 10))
    for second in (1, 2, 3):
        assert level(store, seconds=second) == 0
        accepted(store, submit(2000, seconds=second))
    assert level(store, seconds=4) == 2


def test_a_silence_longer_than_an_outage_trips_with_the_first_command_after_it():
    store = tripping(outage_blocks=100, block_seconds=12, outage_level=1)
    accepted(store, commands.Accrue(at(1200), ()))
    assert level(store, seconds=1200) == 0
    # The refused trade leaves no trace, and the next command finds the silence again.
    assert refused(store, trade("a", "b", 0.1, 2000, seconds=2401)) is Reason.PAUSED
    (event,) = accepted(store, commands.Accrue(at(2401), ())).events
    assert (event.kind, event.reason) == (EventKind.PAUSE, "outage")
    assert level(store, seconds=3000) == 1


def test_a_loss_of_the_fund_trips():
    store = tripping(fund_loss_wad=20 * PERCENT)
    tick(store, 1570)
    outcome = accepted(store, commands.LiquidatePosition(at(0), "a", PERP, POOL))
    paid = sum(e.value for e in outcome.events if e.kind is EventKind.LOSS)
    assert paid == 150 * WAD
    assert level(store, seconds=1) == 0
    store = tripping(fund_loss_wad=15 * PERCENT)
    tick(store, 1570)
    accepted(store, commands.LiquidatePosition(at(0), "a", PERP, POOL))
    assert level(store, seconds=1) == 1


def test_a_bad_loan_s_loss_of_the_fund_trips_as_well():
    ether = replace(cash("d", 0), instrument="ETH", quantity=ETHER // 100)
    rules = rules_with(breakers=BreakerRules(fund_loss_wad=10 * PERCENT), **funds(insurance=1000))
    rules = replace(rules, liquidation=replace(rules.liquidation, dust_collateral_wad=50 * WAD))
    store = opened(rules, ether, cash("d", -200), cash("b", 10**5))
    accepted(store, commands.CloseOut(at(0), "d"))
    assert level(store, seconds=1) == 1


def test_the_higher_of_operator_and_rule_is_in_force():
    store = tripping(outage_blocks=1, outage_level=1)
    accepted(store, commands.Accrue(at(13), ()))
    accepted(store, commands.Pause(at(14), 3, "operator"))
    assert level(store, seconds=14) == 3
    accepted(store, commands.Resume(at(14), 0, "operator"))
    assert level(store, seconds=14) == 1
