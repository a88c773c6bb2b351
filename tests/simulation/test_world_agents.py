"""A world with agents and a chain: borrowers act, transactions land or do not, gas is paid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation.cases import small_case
from tests.simulation.worlds import ASSETS, SLIDE, crash_prices, funded, grid_of, linear, run_small
from trimtab.agents.borrowing import BorrowerPolicy, Hazard
from trimtab.agents.keeping import KeeperPolicy
from trimtab.agents.observing import Intent, Sale
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.model import EventKind
from trimtab.model.commands import Deposit
from trimtab.simulation.world import World, WorldRun
from trimtab.units import WAD, UsageError, float_of


def test_borrowers_that_act_are_liquidated_less() -> None:
    policy = BorrowerPolicy(Hazard(40.0), weights=(1.0, 1.0, 0.0, 0.0), reserve_share=2.0)
    quiet, busy = (
        run_small(linear(1e-4), SLIDE),
        run_small(linear(1e-4, actors=(funded(policy),)), SLIDE),
    )
    kinds = {one.event.kind for one in busy.events}
    assert {EventKind.DEPOSIT, EventKind.REPAY} <= kinds
    assert busy.tally.repaid_wad < quiet.tally.repaid_wad
    again = run_small(linear(1e-4, actors=(funded(policy),)), SLIDE)
    assert again.events == busy.events
    assert run_small(linear(1e-4, actors=(funded(policy),)), SLIDE, path=1).events != busy.events


def test_borrowers_that_panic_move_the_market() -> None:
    policy = BorrowerPolicy(Hazard(200.0), weights=(0.0, 0.0, 1.0, 1.0))
    run = run_small(linear(2e-3, actors=(funded(policy),)), [2_000.0, 1_900.0, 1_850.0, 1_850.0])
    assert {EventKind.REPAY, EventKind.WITHDRAW} <= {one.event.kind for one in run.events}
    assert run.outcomes.row(0)["displacement_ETH"] < -1e-3
    assert run.prices[-1, 1] < 1_850.0


def test_a_halt_and_full_blocks_delay_what_is_due() -> None:
    free = run_small(linear(1e-6), SLIDE)
    halted = run_small(linear(1e-6, keepers=KeeperTerms(halt=(1, 20))), SLIDE)
    narrow = run_small(linear(1e-6, keepers=KeeperTerms(per_step=1)), SLIDE)
    begun = free.events[0].at_ns

    def first(run: WorldRun) -> int:
        return min(one.at_ns for one in run.events if one.event.kind is EventKind.LIQUIDATE)

    assert first(halted) > first(free) > begun - 1
    by_time = [one.at_ns for one in narrow.events if one.event.kind is EventKind.LIQUIDATE]
    assert len(by_time) == len(set(by_time))


def test_no_transaction_lands_where_all_fail() -> None:
    run = run_small(linear(keepers=KeeperTerms(failure=1.0)), SLIDE)
    assert run.tally.liquidations == 0
    assert replace(run.outcomes).liquidations[0] == 0.0


def test_gas_rises_with_volatility_and_is_paid_for_what_happens() -> None:
    keepers = KeeperTerms(gas=2.0, gas_slope=3.0, gas_asset=1)
    run = run_small(linear(1e-6, keepers=keepers, sigma_ref=0.5))
    paid = [float_of(deal.gas_wad, 18) for _, deal in run.deals]
    assert min(paid) >= 2.0
    assert max(paid) > 4.0
    assert run.outcomes.row(0)["gas"] == pytest.approx(sum(paid), rel=1e-12)


def test_two_actors_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="one account"):
        linear(actors=(funded(KeeperPolicy()), funded(KeeperPolicy())))


def test_prices_of_assets_stand_in_the_order_of_the_grid() -> None:
    run = run_small(linear(1e-6))
    assert run.outcomes.assets == ASSETS
    assert np.allclose(run.prices[0], crash_prices()[0])


def test_an_intent_that_is_not_done_leaves_no_trace() -> None:
    """It would sell, and pay in; the one asks for too much, the other has no money."""
    prices = crash_prices([2_000.0, 1_990.0])
    actors = (funded(KeeperPolicy()), funded(KeeperPolicy(name="@poor"), 5))
    world = World(small_case(), prices, grid=grid_of(prices), terms=linear(2e-2, actors=actors))
    world.advance()
    dealer, venue = world.stage.dealer, world.venue
    paid_in = Deposit(venue.moment.draft.now_ns, "ann", "USD", 10**6 * 100)
    sale = Sale("ETH", 10**18)
    before = (venue.store.state_hash(), world.markets.states(), dict(dealer.purses))
    wanting = Intent((paid_in,), (sale,), least_wad=10**30)
    assert dealer.carry_out("@keeper", wanting, step_number=1, gas_wad=0) is None
    broke = Intent((paid_in,))
    assert dealer.carry_out("@poor", broke, step_number=1, gas_wad=0) is None
    refused = Intent((replace(paid_in, amount=0),), (sale,))
    assert dealer.carry_out("@keeper", refused, step_number=1, gas_wad=0) is None
    assert (venue.store.state_hash(), world.markets.states(), dict(dealer.purses)) == before
    done = dealer.carry_out("@keeper", Intent((paid_in,), (sale,)), step_number=1, gas_wad=WAD)
    assert done is not None
    assert done.gas_wad == 0, "gas is for liquidations"
    assert [trade.units for trade in done.trades] == [10**18]
    assert world.stage.purse("@keeper").held("ETH") == -(10**18), "sold short"
    assert world.stage.purse("@keeper").cash_wad == done.trades[0].cash_wad - 100 * WAD
    assert dealer.spent_wad["ann"] == 100 * WAD
