"""Positions in a world: takers pay what the market's depth leaves, and the rest is cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.simulation.cases import START_NS
from tests.simulation.perp_books import LINEAR, perp_rules
from tests.simulation.test_replay_positions import crowd
from tests.simulation.worlds import checked, grid_of
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.model import (
    AdlPolicy,
    Case,
    DeleveragingRules,
    EventKind,
    Payer,
    PositionLiquidationRules,
    Tick,
)
from trimtab.simulation.world import WorldRun, WorldTerms, run_path
from trimtab.units import WAD

NAMES = ("AAA", "BBB")


def run_crowd(
    prices: list[float], *, leverage: int, slope: float, rules: Any = None, **more: Any
) -> WorldRun:
    """Four longs against four shorts of one unit each, at 2,000."""
    ticks = (Tick(START_NS, (("AAA", 2_000 * WAD), ("BBB", WAD))),)
    case = Case("crowd", rules or perp_rules(), crowd(leverage=leverage), ticks)
    path = np.array([[price, 1.0] for price in prices])
    kind = [int(ImpactKind.LINEAR), int(ImpactKind.NONE)]
    impact = impact_terms(NAMES, kind=kind, first=[slope, 0.0], **more)
    terms = WorldTerms(impact, oracle_terms(NAMES), KeeperTerms())
    run = run_path(case, path, grid=grid_of(path, NAMES), terms=terms)
    checked(run)
    return run


def closes(run: WorldRun) -> list[Any]:
    return [one.event for one in run.events if one.event.kind is EventKind.LIQUIDATE_POSITION]


def test_what_takers_take_is_sold_and_lowers_the_mark() -> None:
    fall = [2_000.0, 1_675.0, 1_675.0]
    free, thin = (run_crowd(fall, leverage=5, slope=slope) for slope in (1e-12, 4e-3))
    assert (
        thin.outcomes.row(0)["displacement_AAA"] < -1e-3 < free.outcomes.row(0)["displacement_AAA"]
    )
    assert thin.prices[-1, 0] < 1_675.0
    assert thin.reported[-1, 0] < thin.reported[-2, 0], "the next report has the sales in it"
    assert min(event.price for event in closes(thin)) < min(event.price for event in closes(free))


def test_feedback_pulls_the_next_into_liquidation() -> None:
    """The sale of one lowers the mark of the others, and the loss of who is closed later."""
    prices = [2_000.0, 1_665.0, 1_665.0, 1_665.0]
    on = run_crowd(prices, leverage=5, slope=2e-2)
    off = run_path(
        on.case,
        np.array([[price, 1.0] for price in prices]),
        grid=grid_of(np.array([[price, 1.0] for price in prices]), NAMES),
        terms=WorldTerms(
            impact_terms(
                NAMES,
                kind=[int(ImpactKind.LINEAR), int(ImpactKind.NONE)],
                first=[2e-2, 0.0],
                feedback=False,
            ),
            oracle_terms(NAMES),
        ),
    )
    assert on.tally.closed_wad != off.tally.closed_wad
    assert (on.reported[1:, 0] <= off.reported[1:, 0]).all()


@pytest.mark.parametrize("policy", [AdlPolicy.QUEUE, AdlPolicy.WATER_FILL])
def test_a_market_too_thin_for_the_positions_ends_in_deleveraging(policy: AdlPolicy) -> None:
    """Bankrupt at 1,700 from 20x: no taker pays what the engine asks, so the shorts are cut."""
    rules = perp_rules(deleveraging=DeleveragingRules(policy=policy))
    prices = [2_000.0, 1_700.0, 1_700.0]
    run = run_crowd(prices, leverage=20, slope=5.0, rules=rules)
    assert run.tally.deleveragings > 0
    row = run.outcomes.row(0)
    assert row["socialized"] == 0.0
    assert run.tally.loss_wad[Payer.OWN_MARGIN] >= 0
    assert row["deleveraged"] == pytest.approx(
        row["bad_debt"] - row["insurance_used"] - row["backstop_used"] - row["penalty"]
    )


def test_short_positions_move_no_price() -> None:
    rise = [2_000.0, 2_900.0, 2_900.0]
    run = run_crowd(rise, leverage=4, slope=1e-2)
    assert any(event.quantity for event in closes(run))
    assert run.outcomes.row(0)["displacement_AAA"] == 0.0
    assert replace(run.outcomes).liquidated[0] > 0.0
    assert {LINEAR} == {event.asset for event in closes(run)}


def test_takers_pay_the_average_that_they_sell_at() -> None:
    """q units bring 1,640 (1 - exp(-a q)) / (a q) each: under the offer's price where a is large.

    Under rules that let an order be filled far below the mark; the rules above refuse it.
    """
    rules = perp_rules(
        position_liquidation=PositionLiquidationRules(
            bankruptcy_adjustment_wad=10 * WAD, fillable_spread_wad=WAD
        )
    )
    for slope in (2e-3, 1e-1):
        run = run_crowd([2_000.0, 1_640.0], leverage=5, slope=slope, rules=rules)
        first = closes(run)[0]
        move = slope * abs(first.quantity) / 10**18
        average, offered = 1_640.0 * -np.expm1(-move) / move, 1_640.0 * 0.995
        assert first.price / WAD == pytest.approx(min(average, offered), rel=1e-9)
        assert (average < offered) == (slope > 1e-2)
    assert not closes(run_crowd([2_000.0, 1_640.0], leverage=5, slope=1e-1))
