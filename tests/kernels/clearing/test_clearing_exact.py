"""The path kernel against the exact engine: the same accounts at the same steps, the same money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.kernels.clearing.loan_cases import Scene, scenes
from tests.simulation.cases import row, small_case
from tests.simulation.worlds import ASSETS, crash_prices, grid_of
from trimtab.kernels.clearing import KeeperTerms, oracle_terms
from trimtab.kernels.clearing.running import STEP_COLUMNS, PathClearing
from trimtab.kernels.impact import ImpactKind, impact_terms, without_impact
from trimtab.model.settings import PERCENT
from trimtab.simulation.clearing_case import kernel_engine
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.world import WorldTerms, run_path
from trimtab.units import WAD

# Of the book's debt at the start: what the two engines may differ by in any column.
BOUND = 1e-9
SEED, PATH = 11, 5


def both(scene: Scene) -> tuple[Any, Any, Any]:
    """The kernel's run, the exact world's, and the book's first debt."""
    engine = kernel_engine(
        scene.case,
        scene.grid,
        impact=scene.impact,
        oracle=scene.oracle,
        keepers=scene.keepers,
        seed=SEED,
    )
    clearing = PathClearing(engine.question, steps=scene.grid.steps)
    run = clearing.run(scene.prices[None], seed=SEED, first_path=PATH, with_steps=True)
    terms = WorldTerms(scene.impact, scene.oracle, scene.keepers)
    world = run_path(scene.case, scene.prices, grid=scene.grid, terms=terms, seed=SEED, path=PATH)
    return run, world, engine.question.book.debt


def agreed(scene: Scene, *, bound: float = BOUND) -> Any:
    """Both engines' rows are alike, and so is what was liquidated by every step; the row."""
    run, world, debt = both(scene)
    found, expected = run.outcomes.row(0), world.outcomes.row(0)
    for name, value in expected.items():
        scale = debt if not name.startswith("displacement") else 1.0
        assert found[name] == pytest.approx(value, rel=bound, abs=bound * scale), name
    liquidated, counted = np.zeros(scene.grid.steps + 1), np.zeros(scene.grid.steps + 1)
    for _, deal in world.deals:
        liquidated[deal.step] += sum(e.value for e in deal.events if e.kind == "liquidate") / WAD
        counted[deal.step] += deal.liquidations
    steps = run.steps[0]
    by_step = steps[:, STEP_COLUMNS.index("liquidated")]
    assert by_step == pytest.approx(np.cumsum(liquidated), rel=bound, abs=bound * debt)
    assert steps[:, STEP_COLUMNS.index("liquidations")].tolist() == np.cumsum(counted).tolist()
    return found


@given(scene=scenes(plain=True))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_on_the_same_prices_both_engines_do_the_same(scene: Scene) -> None:
    found = agreed(scene)
    event(f"liquidations {min(found['liquidations'], 3)}, insolvent {found['insolvent']}")


@given(scene=scenes(plain=False))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_with_impact_and_a_late_oracle_both_engines_do_the_same(scene: Scene) -> None:
    found = agreed(scene)
    event(f"liquidations {min(found['liquidations'], 3)}, insolvent {found['insolvent']}")


def small_scene(**changed: Any) -> Scene:
    prices = crash_prices()
    told: dict[str, Any] = {
        "case": small_case(),
        "prices": prices,
        "grid": grid_of(prices),
        "impact": without_impact(ASSETS),
        "oracle": oracle_terms(ASSETS),
        "keepers": KeeperTerms(),
    }
    return Scene(**(told | changed))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"impact": impact_terms(ASSETS, kind=ImpactKind.LINEAR, first=2e-3, permanent_share=0.2)},
        {"impact": impact_terms(ASSETS, kind=ImpactKind.CONSTANT_PRODUCT, first=40.0, fee=0.997)},
        {"keepers": KeeperTerms(capital=3000.0, per_step=2, delay_steps=1)},
        {"keepers": KeeperTerms(failure=0.5, gas=2.0, gas_slope=0.3, gas_asset=1)},
        {"oracle": oracle_terms(ASSETS, deviation=0.05, heartbeat_steps=3, delay_steps=1)},
    ],
)
def test_the_small_crash_comes_out_alike(changed: dict[str, Any]) -> None:
    # Six decimals of the quote: a native unit is 1e-11 of the debt, and roundings add up.
    found = agreed(small_scene(**changed), bound=1e-8)
    assert found["liquidations"] > 0.0


def test_interest_at_the_start_rates_is_within_its_bound() -> None:
    # 40 % a year on a pool that is used at 0.8, over 8 steps of 10 minutes: 6e-5 of the debt. The
    # kernel keeps the first rate; the engine's falls as debts are repaid, at most to nothing.
    case = small_case()
    usd = replace(
        case.rules.assets["USD"], slope1_wad=40 * PERCENT, reserve_factor_wad=10 * PERCENT
    )
    rules = replace(case.rules, assets={**case.rules.assets, "USD": usd})
    run, world, debt = both(small_scene(case=replace(case, rules=rules)))
    found, expected = run.outcomes.row(0), world.outcomes.row(0)
    interest = 0.4 * 8 * 600 / (365 * 86_400)
    assert found["liquidations"] == expected["liquidations"]
    for name in ("liquidated", "bad_debt", "insurance_used", "socialized"):
        assert abs(found[name] - expected[name]) <= interest * debt, name
    quiet = agreed(small_scene(), bound=1e-8)
    assert found["bad_debt"] != pytest.approx(quiet["bad_debt"], abs=1e-6)


def test_a_path_of_some_assets_leaves_the_others_where_they_are() -> None:
    case = replace(
        small_case(),
        book=(
            row("ann", "ETH", 10**19),
            row("ann", "BTC", 10**8),
            row("ann", "USD", -60_000 * 10**6),
        ),
    )
    prices = np.array([[2000.0], [1500.0], [1000.0]])
    grid = PathGrid(("ETH",), (2000.0,), 2, 600.0)
    none = without_impact(("ETH",))
    scene = Scene(case, prices, grid, none, oracle_terms(("ETH",)), KeeperTerms())
    assert agreed(scene, bound=1e-8)["liquidations"] >= 0.0
