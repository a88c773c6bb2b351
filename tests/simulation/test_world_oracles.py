"""The oracle of a world: deviation, heartbeat, delay, outage and a lie, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.cases import STEP_SECONDS
from tests.simulation.worlds import ASSETS, run_small
from trimtab.kernels.clearing.terms import oracle_terms
from trimtab.kernels.impact import without_impact
from trimtab.model import EventKind
from trimtab.simulation.world import WorldTerms
from trimtab.simulation.world.oracles import Oracles
from trimtab.units import NANOSECONDS, fixed_of


def told(prices: list[float], **terms: Any) -> tuple[list[float], list[bool]]:
    """What is reported at each step, and whether it arrived then."""
    found = Oracles(oracle_terms(("AAA",), **terms), [prices[0]])
    reported, fresh = [found.reported()["AAA"]], [True]
    for price in prices[1:]:
        found.hear([price])
        reported.append(found.reported()["AAA"])
        fresh.append("AAA" in found.fresh())
    return reported, fresh


def test_a_market_price_oracle_says_what_it_hears_at_once() -> None:
    prices = [100.0, 101.0, 101.0, 99.0]
    assert told(prices) == (prices, [True] * 4)


def test_small_moves_are_not_published_until_they_add_up() -> None:
    reported, fresh = told([100.0, 100.6, 101.0, 101.0, 99.9], deviation=0.01)
    assert reported == [100.0, 100.0, 101.0, 101.0, 99.9]
    assert fresh == [True, False, True, False, True]


def test_a_heartbeat_publishes_what_has_not_moved_enough() -> None:
    reported, _ = told([100.0, 100.1, 100.2, 100.3, 100.4], deviation=0.5, heartbeat_steps=3)
    assert reported == [100.0, 100.0, 100.0, 100.3, 100.3]


def test_a_delay_shows_the_price_of_steps_ago() -> None:
    prices = [100.0, 90.0, 80.0, 70.0, 60.0]
    reported, fresh = told(prices, delay_steps=2)
    assert reported == [100.0, 100.0, 100.0, 90.0, 80.0]
    assert fresh == [True, False, True, True, True]


def test_an_outage_keeps_the_last_price_and_a_lie_is_published_like_any_other() -> None:
    prices = [100.0, 90.0, 80.0, 70.0, 60.0]
    assert told(prices, outage=(2, 4))[0] == [100.0, 90.0, 90.0, 90.0, 60.0]
    assert told(prices, lie_factor=0.5, lie=(1, 3))[0] == [100.0, 45.0, 40.0, 70.0, 60.0]


@pytest.mark.parametrize(
    "terms",
    [
        {"delay_steps": 1},
        {"deviation": 0.2},
        {"outage": (2, 6)},
        {"lie_factor": 0.6, "lie": (1, 2)},
    ],
)
def test_accounts_are_marked_at_what_is_reported(terms: dict[str, Any]) -> None:
    world = WorldTerms(without_impact(ASSETS), oracle_terms(ASSETS, **terms))
    run = run_small(world)
    seized = [one.event for one in run.events if one.event.kind is EventKind.SEIZE]
    known = {fixed_of(price, 18) for price in run.reported.ravel().tolist()}
    assert seized
    assert {event.price for event in seized if event.asset != "USD"} <= known


def test_a_late_oracle_liquidates_later_and_a_lie_liquidates_who_is_safe() -> None:
    slow = [2_000.0 - 20.0 * step for step in range(20)]
    free = without_impact(ASSETS)
    first = {
        delay: min(
            one.at_ns
            for one in run_small(
                WorldTerms(free, oracle_terms(ASSETS, delay_steps=delay)), slow
            ).events
            if one.event.kind is EventKind.LIQUIDATE
        )
        for delay in (0, 2)
    }
    assert first[2] == first[0] + 2 * STEP_SECONDS * NANOSECONDS
    still = [2_000.0] * 4
    lie = oracle_terms(ASSETS, lie_factor=0.5, lie=(2, 3))
    assert run_small(WorldTerms(free, oracle_terms(ASSETS)), still).tally.liquidations == 0
    assert run_small(WorldTerms(free, lie), still).tally.liquidations > 0


def test_keepers_do_not_pay_a_price_that_the_market_has_left() -> None:
    """Seized at a report that is a tenth too high, collateral sells for less than was repaid."""
    fall = [2_000.0, 1_800.0, 1_600.0, 1_400.0, 1_200.0, 1_000.0]
    late = WorldTerms(without_impact(ASSETS), oracle_terms(ASSETS, delay_steps=1))
    assert run_small(late, fall).tally.liquidations == 0
    assert run_small(WorldTerms(late.impact, oracle_terms(ASSETS)), fall).tally.liquidations > 0
