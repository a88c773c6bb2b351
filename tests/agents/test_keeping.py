"""Keepers and the pool of last resort: routes, schedules, and money that is there."""

from __future__ import annotations

import pytest

from tests.simulation.cases import small_case, with_replay
from tests.simulation.worlds import SLIDE, funded, linear, one_borrower, run_one, run_small
from trimtab.agents.keeping import KeeperPolicy, Patience, Route
from trimtab.agents.last_resort import LastResortPolicy
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.model import EventKind, Mechanism
from trimtab.units import float_of


@pytest.mark.parametrize("money", [0, 300, 2_000, 50_000])
def test_a_pool_of_last_resort_buys_what_is_left_and_never_overspends(money: int) -> None:
    """Gas that no keeper pays leaves everything; the pool pays from its own and gets it back."""
    terms = linear(
        2e-3,
        keepers=KeeperTerms(min_profit=1e9),
        recovery_seconds=600.0,
        actors=(funded(LastResortPolicy(), money),),
    )
    run = run_small(terms, SLIDE)
    spent, least = float(money), float(money)
    for name, deal in run.deals:
        assert name == "@last-resort"
        repaid = [e for e in deal.events if e.kind is EventKind.LIQUIDATE]
        # Ether that it repays it holds, or buys: that is among its trades.
        spent -= sum(float_of(e.value, 18) for e in repaid if e.asset == "USD")
        spent += sum(float_of(trade.cash_wad, 18) for trade in deal.trades)
        least = min(least, spent)
    assert least >= -1e-9
    assert (run.tally.liquidations > 0) == (money > 0)
    without = run_small(linear(2e-3, keepers=KeeperTerms(min_profit=1e9)), SLIDE)
    assert without.tally.liquidations == 0
    after, before = (one.outcomes.row(0)["shortfall_left"] for one in (run, without))
    assert after <= before


def test_a_patient_keeper_gets_more_than_one_who_dumps() -> None:
    """Without a trend and with depth that comes back, selling in parts costs less."""
    ether = [1_000.0, 970.0, *[970.0] * 14]
    gains = {}
    for route in (Route.DUMP, Route.INVENTORY):
        policy = KeeperPolicy((route,), patience=Patience(10, 1e-9), name="@one")
        run = run_one(
            one_borrower(),
            ether,
            slope=5e-3,
            actors=(funded(policy, 50_000),),
            recovery_seconds=300.0,
            keepers=KeeperTerms(),
        )
        gains[route] = run.wealth["@one"]
        sales = [trade.units for _, deal in run.deals for trade in deal.trades if trade.units > 0]
        seized = -sum(one.event.quantity for one in run.events if one.event.kind is EventKind.SEIZE)
        assert sum(sales) == seized > 0
        assert (len(sales) > 5) == (route is Route.INVENTORY)
    assert gains[Route.INVENTORY] > gains[Route.DUMP] > 0.0
    both = KeeperPolicy((Route.DUMP, Route.INVENTORY), patience=Patience(10, 1e-9), name="@one")
    run = run_one(
        one_borrower(),
        ether,
        slope=5e-3,
        actors=(funded(both, 50_000),),
        recovery_seconds=300.0,
        keepers=KeeperTerms(),
    )
    assert run.wealth["@one"] == pytest.approx(gains[Route.INVENTORY], rel=1e-9)


def test_a_keeper_that_halves_finds_a_part_that_pays() -> None:
    ether = [1_000.0, 970.0, 970.0]
    whole, parts = (
        run_one(
            one_borrower(),
            ether,
            slope=1e-1,
            actors=(funded(KeeperPolicy(halvings=halvings)),),
            keepers=KeeperTerms(),
        )
        for halvings in (0, 6)
    )
    assert whole.tally.liquidations == 0
    assert parts.tally.liquidations > 0
    assert parts.wealth["@keeper"] > 0.0


def test_auctions_are_bid_for_at_the_market() -> None:
    case = with_replay(small_case(), mechanism=Mechanism.AUCTION)
    # An hour a step would end them; ten minutes let prices fall to where bids pay.
    run = run_small(linear(1e-4, actors=(funded(KeeperPolicy(halvings=3)),)), SLIDE, case=case)
    kinds = {one.event.kind for one in run.events}
    assert {EventKind.AUCTION_START, EventKind.AUCTION_TAKE} <= kinds
    assert run.wealth["@keeper"] > 0.0
