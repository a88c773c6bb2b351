"""The worked examples of the pages on worlds and on schedules."""

from __future__ import annotations

import math

import pytest

from tests.docs.tiny_venue import CONCEPTS
from tests.simulation.worlds import funded, one_borrower, run_one
from trimtab import agents
from trimtab.agents.execution import (
    ExecutionTerms,
    block_dump,
    expected_cost,
    optimal_cost,
    optimal_variance,
    schedule,
)
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.units import WAD, float_of

WORLDS = (CONCEPTS / "worlds.md").read_text(encoding="utf-8")
SCHEDULES = (CONCEPTS / "selling-schedules.md").read_text(encoding="utf-8")


def test_a_keeper_sells_into_its_own_impact() -> None:
    run = run_one(one_borrower(), [1_000.0, 970.0], slope=5e-3, actors=(), keepers=KeeperTerms())
    row = run.outcomes.row(0)
    units = row["seized"] / 970.0
    brought = 970.0 * -math.expm1(-5e-3 * units) / 5e-3
    assert row["keeper_profit"] == pytest.approx(brought - row["liquidated"], rel=1e-9)
    shown = [f"{row['liquidated']:,.2f}", f"{units:.6f}", f"{row['seized']:,.2f}"]
    shown += [f"{row['bonus']:.2f}", f"{brought:,.2f}", f"{row['keeper_profit']:.2f}"]
    shown += [f"exp({row['displacement_ETH']:.6f}) = {run.prices[-1, 0]:.2f}"]
    assert not [text for text in shown if text not in WORLDS]


def test_an_adversary_pushes_where_it_pays() -> None:
    pusher = funded(agents.PushPolicy("ETH", 20_000 * WAD))
    still = [1_000.0] * 40
    run = run_one(one_borrower(), still, slope=5e-3, actors=(pusher,), recovery_seconds=300.0)
    push, reap, back = (deal for _, deal in run.deals)
    shown = [f"sells {float_of(push.trades[0].units, 18):.0f} ether"]
    shown += [f"{float_of(push.trades[0].cash_wad, 18):,.2f}", f"{run.reported[1, 0]:.2f}"]
    values = {event.kind: event for event in reap.events}
    shown += [f"{float_of(values['liquidate'].value, 18):,.2f}"]
    shown += [f"{-float_of(values['seize'].quantity, 18):.6f}"]
    shown += [f"{-float_of(back.trades[0].units, 18):.6f}"]
    shown += [f"{-float_of(back.trades[0].cash_wad, 18):,.2f}"]
    shown += [f"gains {run.wealth['@pusher']:.2f}"]
    assert not [text for text in shown if text not in WORLDS]
    deep = run_one(one_borrower(), still, slope=5e-4, actors=(pusher,), recovery_seconds=300.0)
    assert deep.deals == []


def test_every_policy_is_listed() -> None:
    names = {name for name in agents.__all__ if name.endswith("Policy")} - {"Policy"}
    assert not [name for name in names if f"| `{name}` |" not in WORLDS]


def test_the_schedule_of_five_minutes() -> None:
    calm, wary = (ExecutionTerms(0.02, 3e-3, 2e-5, averse, 60.0) for averse in (0.0, 1e-3))
    shown = ["100 are sold in each"] if schedule(500, calm, intervals=5) == (100.0,) * 5 else ["no"]
    for terms in (calm, wary):
        cost, risk = (
            optimal_cost(500, terms, intervals=5),
            math.sqrt(optimal_variance(500, terms, intervals=5)),
        )
        shown += [f"E = {cost:.2f}, a standard deviation of {risk:.2f}"]
    shown += [f"{terms.urgency:.6f}"]
    first, *rest, last = (f"{sold:.1f}" for sold in schedule(500, wary, intervals=5))
    shown += [f"{', '.join([first, *rest])} and {last}"]
    shown += [f"cost {expected_cost(block_dump(500.0), calm):.2f}"]
    flat = " ".join(SCHEDULES.split())
    assert not [text for text in shown if text not in flat]
