"""A world without impact and with the market's price as its oracle is the plain replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.books import scenes
from tests.simulation.cases import START_NS, STEP_SECONDS, small_case
from tests.simulation.perp_books import PerpScene, perp_scenes
from tests.simulation.worlds import ASSETS, checked, crash_prices, grid_of, linear, run_small
from trimtab.engine import Draft, account_sums, is_unsafe, open_venue
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.model import Case, Mechanism, ReplayRules, Table, Tick
from trimtab.simulation import replay
from trimtab.simulation.paths import PathGrid, case_on_path
from trimtab.simulation.world import WorldRun, keepers_of, plain_world, run_path
from trimtab.units import WAD, UsageError


def both_end_alike(case: Case, prices: np.ndarray, grid: PathGrid) -> WorldRun:
    terms = plain_world(grid.assets, keepers_of(case, step_seconds=grid.step_seconds))
    world = run_path(case, prices, grid=grid, terms=terms)
    plain = replay(case_on_path(case, grid, prices=prices))
    checked(world)
    assert world.state_hash == plain.state_hash
    assert world.tally == plain.tally
    assert [one.event for one in world.events] == [one.event for one in plain.events]
    return world


def anyone_unsafe(case: Case, prices: dict[str, int]) -> bool:
    """Whether a book begins with somebody to liquidate; a replay acts in step 0 already."""
    store = open_venue(case.rules, case.book, at_ns=START_NS, prices=prices)
    draft = Draft(store, START_NS)
    accounts = [draft.account(key) for key in store.keys(Table.ACCOUNT) if key[0] != "@"]
    return any(one.at_risk and is_unsafe(one, account_sums(one, draft)) for one in accounts)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gas_cost_wad": 2 * WAD, "min_profit_wad": WAD},
        {"capital_wad": 1_000 * WAD},
        {"delay_blocks": 75},
        {"backstop_after_seconds": 600, "gas_cost_wad": 40 * WAD},
        {"mechanism": Mechanism.FLASH},
    ],
)
def test_the_small_case_ends_as_its_replay_does(changes: dict[str, Any]) -> None:
    prices = crash_prices()
    world = both_end_alike(small_case(**changes), prices, grid_of(prices))
    row = world.outcomes.row(0)
    assert row["liquidations"] == world.tally.liquidations > 0
    assert row["keeper_profit"] == pytest.approx(row["bonus"] - row["gas"], rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.4, 1.1), min_size=2, max_size=6),
    st.sampled_from((0, 3 * WAD)),
    st.sampled_from((None, 700 * WAD)),
)
def test_any_path_ends_as_its_replay_does(
    factors: list[float], gas_wad: int, capital_wad: int | None
) -> None:
    prices = crash_prices([2_000.0, *(2_000.0 * factor for factor in factors)])
    case = small_case(gas_cost_wad=gas_wad, capital_wad=capital_wad)
    both_end_alike(case, prices, grid_of(prices))


@settings(max_examples=40, deadline=None)
@given(scenes(), st.lists(st.floats(0.3, 1.2), min_size=1, max_size=3))
def test_any_book_ends_as_its_replay_does(scene: Any, factors: list[float]) -> None:
    """Books with ties, dust and extreme prices."""
    moving = tuple(name for name, _ in scene.prices if name in ("AAA", "BBB"))
    first = dict(scene.prices)
    case = Case("drawn", scene.rules, scene.book, (Tick(START_NS, scene.prices),))
    if anyone_unsafe(case, first):
        return
    base = np.array([first[name] / WAD for name in moving])
    prices = np.stack([base, *(base * factor for factor in factors)])
    both_end_alike(case, prices, grid_of(prices, moving))


@settings(max_examples=20, deadline=None)
@given(perp_scenes(), st.sampled_from((None, 3_000 * WAD)))
def test_any_perp_book_ends_as_its_replay_does(scene: PerpScene, depth_wad: int | None) -> None:
    """Positions closed by takers within the depth, deleveraging and settlement are the replay's."""
    names = ("AAA", "BBB")
    rows = [[each[name] / WAD for name in names] for each in (scene.first, scene.later)]
    prices = np.array([rows[0], rows[1], rows[0], rows[1]])
    ticks = (Tick(START_NS, tuple(sorted(scene.first.items()))),)
    case = Case("drawn", scene.rules, scene.book, ticks, ReplayRules(position_depth_wad=depth_wad))
    if anyone_unsafe(case, scene.first):
        return
    both_end_alike(case, prices, grid_of(prices, names))


def test_feedback_off_marks_accounts_at_the_path_and_still_costs_sellers() -> None:
    free, off = run_small(plain_world(ASSETS)), run_small(linear().without_feedback())
    assert np.array_equal(off.reported, free.reported)
    assert off.outcomes.row(0)["keeper_profit"] < free.outcomes.row(0)["keeper_profit"]
    assert off.outcomes.row(0)["displacement_ETH"] < 0.0
    on = run_small(linear())
    assert (on.reported[1:, 1] <= free.reported[1:, 1]).all()
    assert on.outcomes.row(0)["liquidated"] != free.outcomes.row(0)["liquidated"]


def test_the_same_seed_and_path_give_the_same_run_and_others_do_not() -> None:
    terms = linear(keepers=KeeperTerms(failure=0.5))
    first, again = run_small(terms, seed=5, path=3), run_small(terms, seed=5, path=3)
    assert first.state_hash == again.state_hash
    assert first.events == again.events
    assert first.outcomes.row(0) == again.outcomes.row(0)
    others = {run_small(terms, seed=5, path=path).state_hash for path in range(4, 12)}
    assert len(others) > 1


def test_what_does_not_fit_is_refused() -> None:
    prices = crash_prices()
    with pytest.raises(UsageError, match="on a grid"):
        run_path(small_case(), prices, grid=grid_of(prices), terms=plain_world(("ETH", "BTC")))
    with pytest.raises(UsageError, match="steps"):
        run_path(small_case(), prices[:-1], grid=grid_of(prices), terms=plain_world(ASSETS))
    terms = plain_world(ASSETS)
    with pytest.raises(UsageError, match="same assets"):
        replace(terms, oracle=plain_world(("ETH",)).oracle)


def test_the_rules_of_a_replay_become_keepers() -> None:
    case = small_case(delay_blocks=51, gas_cost_wad=3 * WAD, min_profit_wad=WAD // 2)
    found = keepers_of(case, step_seconds=float(STEP_SECONDS))
    assert (found.delay_steps, found.gas, found.min_profit) == (2, 3.0, 0.5)
    assert found.capital == float("inf")
