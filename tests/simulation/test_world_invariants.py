"""Whatever agents do in a world, every command keeps every invariant of the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.watch import Tally, WatchedVenue
from tests.simulation.cases import row, small_case, with_replay
from tests.simulation.clearing_scenes import scene
from tests.simulation.worlds import crash_prices, funded, grid_of, linear
from trimtab.agents import (
    BorrowerPolicy,
    Hazard,
    KeeperPolicy,
    LastResortPolicy,
    LateOraclePolicy,
    Patience,
    PushPolicy,
    Route,
)
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.model import Accepted, Case, Mechanism
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.world import Actor, World, WorldTerms
from trimtab.units import WAD

EVERYONE: tuple[Actor, ...] = (
    funded(KeeperPolicy((Route.INVENTORY,), patience=Patience(3, 1e-6), name="@patient"), 3_000),
    funded(KeeperPolicy(halvings=4)),
    funded(BorrowerPolicy(Hazard(30.0), weights=(3.0, 3.0, 2.0, 2.0))),
    funded(PushPolicy("ETH", 30_000 * WAD)),
    funded(LateOraclePolicy(5_000 * WAD), 10_000),
    funded(LastResortPolicy(), 4_000),
)


def watched(
    case: Case, prices: np.ndarray, *, grid: PathGrid, terms: WorldTerms, seed: int
) -> tuple[World, Tally]:
    """Run a world, and run its commands again under watch: the state is the same, to the hash."""
    world = World(case, prices, grid=grid, terms=terms, seed=seed)
    commands = list(world.venue.commands)
    for _ in range(grid.steps):
        world.advance()
        commands += world.venue.commands
    venue = WatchedVenue(world.case.rules, world.case.book, at_ns=world.case.ticks[0].at_ns)
    for command in commands:
        assert isinstance(venue.run(command), Accepted), command
    venue.replay()
    assert venue.store.state_hash() == world.venue.store.state_hash()
    return world, venue.tally


@pytest.mark.parametrize("mechanism", [Mechanism.BONUS, Mechanism.AUCTION])
@pytest.mark.parametrize("seed", range(3))
def test_a_world_of_all_agents_keeps_every_invariant(mechanism: Mechanism, seed: int) -> None:
    lender = [row("lender", "BTC", 10**11), row("lender", "ETH", 10**21)]
    case = with_replay(small_case(), mechanism=mechanism, margin_calls=True)
    case = replace(case, book=(*case.book, *lender, row("lender", "USD", 10**12)))
    ether = [2_000.0, 1_980.0, 1_900.0, 1_750.0, 1_600.0, 1_500.0, 1_300.0, 1_000.0, 1_050.0, 900.0]
    prices = crash_prices(ether)
    terms = linear(
        4e-3,
        recovery_seconds=900.0,
        oracle=oracle_terms(("BTC", "ETH"), delay_steps=1),
        actors=EVERYONE,
        keepers=KeeperTerms(gas=1.0, failure=0.2),
    )
    world, tally = watched(case, prices, grid=grid_of(prices), terms=terms, seed=seed)
    assert tally.total > 20
    assert {name for name, _ in world.stage.deals} - {"@keeper", "@patient"}


@pytest.mark.parametrize("seed", range(15))
def test_drawn_worlds_keep_every_invariant(seed: int) -> None:
    found = scene(seed, liquid=seed % 2 == 0)
    watched(found.case, found.prices, grid=found.grid, terms=found.terms, seed=seed)


def test_no_agent_with_a_purse_spends_more_than_it_has() -> None:
    """Asked after every intent, over worlds in which money is short."""
    prices = crash_prices([2_000.0 - 60.0 * step for step in range(18)])
    for seed in range(3):
        terms = linear(2e-3, recovery_seconds=900.0, actors=EVERYONE)
        world = World(small_case(), prices, grid=grid_of(prices), terms=terms, seed=seed)
        limited = [actor.policy.name for actor in EVERYONE if actor.cash_wad is not None]
        for _ in range(len(prices) - 1):
            world.advance()
            for name in limited:
                assert world.stage.purse(name).cash_wad >= 0, name
