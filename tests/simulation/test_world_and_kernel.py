"""The exact world and the path kernel give the same row for a path, on small random cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation.cases import row, small_case
from tests.simulation.clearing_scenes import Scene, scene
from tests.simulation.worlds import crash_prices, grid_of, linear
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.simulation.clearing_case import kernel_engine
from trimtab.simulation.world import run_path

# Amounts of 18 decimals and one loan after another in floats: measured below 1e-9 of what moved.
BOUND = 1e-9


def rows(found: Scene, *, seed: int, path: int) -> tuple[dict[str, float], dict[str, float]]:
    """The path's row of the exact world, and of the kernel."""
    world = run_path(
        found.case, found.prices, grid=found.grid, terms=found.terms, seed=seed, path=path
    )
    kernel = kernel_engine(
        found.case,
        found.grid,
        impact=found.terms.impact,
        oracle=found.terms.oracle,
        keepers=found.terms.keepers,
        seed=seed,
    )
    assert world.conserved
    return world.outcomes.row(0), kernel(found.prices[None], path).row(0)


def apart(exact: dict[str, float], kernel: dict[str, float], *, bound: float = BOUND) -> list[str]:
    """Columns that differ by more than the bound of what the path moved."""
    scale = max(1.0, exact["liquidated"], exact["undercollateralized_time"])
    return [
        f"{name}: {exact[name]!r} exact, {kernel[name]!r} kernel"
        for name in exact
        if abs(exact[name] - kernel[name]) > bound * scale
    ]


@pytest.mark.parametrize("seed", range(120))
def test_a_drawn_path_has_one_row(seed: int) -> None:
    exact, kernel = rows(scene(seed), seed=7, path=seed)
    assert not apart(exact, kernel)


@pytest.mark.parametrize("seed", range(1_000, 1_060))
def test_a_drawn_path_has_one_row_where_pools_run_dry(seed: int) -> None:
    exact, kernel = rows(scene(seed, liquid=False), seed=7, path=seed)
    assert not apart(exact, kernel)


def test_the_drawn_paths_are_worth_drawing() -> None:
    """Among them are liquidations, losses, insolvencies, late reports and failed transactions."""
    found = [rows(scene(seed), seed=7, path=seed)[0] for seed in range(80)]
    for name in ("liquidations", "bad_debt", "insurance_used", "socialized", "insolvent", "gas"):
        assert sum(one[name] > 0.0 for one in found) >= 3, name
    assert sum(one["displacement_AAA"] < 0.0 for one in found) >= 5


@pytest.mark.parametrize(
    "keepers",
    [
        KeeperTerms(),
        KeeperTerms(failure=0.5),
        KeeperTerms(capital=2_000.0),
        KeeperTerms(gas=5.0, min_profit=2.0, gas_slope=1.0, gas_asset=1, delay_steps=1, per_step=3),
    ],
    ids=["free", "failing", "capital", "costly"],
)
@pytest.mark.parametrize("feedback", [True, False])
def test_the_small_case_has_one_row(keepers: KeeperTerms, feedback: bool) -> None:
    """Units of 6 and 8 decimals: the kernel has none, and differs by the roundings."""
    prices = crash_prices()
    lender = [row("lender", "BTC", 10**11), row("lender", "ETH", 10**21)]
    case = small_case()
    case = replace(case, book=(*case.book, *lender, row("lender", "USD", 10**12)))
    terms = linear(
        keepers=keepers, recovery_seconds=1_800.0, permanent_share=0.2, feedback=feedback
    )
    exact, kernel = rows(Scene(case, prices, grid_of(prices), terms), seed=3, path=11)
    assert exact["liquidations"] > 0
    assert not apart(exact, kernel, bound=1e-6)


def test_paths_of_a_batch_are_those_of_the_world_one_by_one() -> None:
    found = scene(5)
    rng = np.random.default_rng(0)
    noise = np.exp(rng.normal(0.0, 0.05, (6, *found.prices.shape)).cumsum(axis=1))
    noise[:, 0] = 1.0
    paths = found.prices * noise
    engine = kernel_engine(
        found.case,
        found.grid,
        impact=found.terms.impact,
        oracle=found.terms.oracle,
        keepers=found.terms.keepers,
        seed=9,
    )
    batch = engine(paths, 40)
    for place, prices in enumerate(paths):
        world = run_path(
            found.case, prices, grid=found.grid, terms=found.terms, seed=9, path=40 + place
        )
        assert not apart(world.outcomes.row(0), batch.row(place))
