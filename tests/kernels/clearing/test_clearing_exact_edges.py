"""The path kernel against the exact engine where it once slept: debts without collateral, calm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kernels.clearing.test_clearing_exact import agreed, small_scene
from tests.simulation.cases import row, small_case
from tests.simulation.worlds import ASSETS, crash_prices, grid_of
from trimtab.kernels.clearing import KeeperTerms
from trimtab.kernels.impact import ImpactKind, impact_terms

# The small case counts in units of 1e-6 and less: its rounding is a share of the debt.
BOUND = 1e-7
NAKED = (row("gus", "USD", -700 * 10**6), row("hal", "BTC", -(10**6)))


@pytest.mark.parametrize("naked", [NAKED[:1], NAKED[1:], NAKED])
@pytest.mark.parametrize("keepers", [KeeperTerms(), KeeperTerms(halt=(1, 3), delay_steps=1)])
def test_a_debt_that_nothing_backs_is_booked_by_both(naked, keepers):
    case = small_case()
    case = replace(case, book=(*case.book, *naked))
    found = agreed(small_scene(case=case, keepers=keepers), bound=BOUND)
    plain = agreed(small_scene(keepers=keepers), bound=BOUND)
    assert found["bad_debt"] > plain["bad_debt"] + 100.0


def test_a_collateral_that_does_not_count_leaves_a_debt_as_naked():
    case = small_case()
    worthless = replace(
        case.rules.assets["BTC"],
        max_ltv_wad=0,
        liquidation_end_wad=0,
        liquidation_threshold_wad=0,
    )
    rules = replace(case.rules, assets={**case.rules.assets, "BTC": worthless})
    lines = (row("gus", "BTC", 10**7), row("gus", "USD", -500 * 10**6))
    book = (*(each for each in case.book if each.account not in ("bob", "cyd")), *lines)
    found = agreed(small_scene(case=replace(case, rules=rules, book=book)), bound=BOUND)
    assert found["liquidations"] > 0


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("feedback", [True, False])
def test_markets_without_a_memory_are_whole_again_once_calm(decay, feedback):
    prices = crash_prices()
    prices[3:5] = prices[3]
    impact = impact_terms(
        ASSETS,
        kind=ImpactKind.LINEAR,
        first=2e-3,
        recovery_seconds=3_600.0,
        thinning=1.0,
        depth_least=0.1,
        sigma_ref=0.5,
        decay=decay,
        feedback=feedback,
    )
    agreed(small_scene(prices=prices, grid=grid_of(prices), impact=impact), bound=BOUND)
