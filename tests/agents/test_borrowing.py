"""Borrowers: the hazard rises as health falls, one uniform decides, and nobody overspends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.cases import START_NS, collateral, row, rules_of
from trimtab.agents.borrowing import Act, BorrowerPolicy, Hazard, largest_pair
from trimtab.agents.observing import Beat, Funds, Observation, Seen
from trimtab.engine import Draft, debt_amount, open_venue, step
from trimtab.model import Accepted
from trimtab.model import commands as c
from trimtab.units import WAD, UsageError

HAZARD = Hazard(a_day=2.0, reference=1.1, steepness=20.0, calm=1.5)
healths = st.floats(0.2, 2.0)


class Still:
    """A market that nobody here asks."""

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        raise AssertionError(f"nobody asks the market for {name}")


@given(healths, healths, st.floats(1.0, 1e6))
def test_the_hazard_rises_as_health_falls(one: float, other: float, seconds: float) -> None:
    low, high = min(one, other), max(one, other)
    assert HAZARD.probability(low, seconds) >= HAZARD.probability(high, seconds)
    assert 0.0 <= HAZARD.probability(high, seconds) <= 1.0
    assert HAZARD.probability(low, seconds) <= HAZARD.probability(low, 2.0 * seconds)


def test_the_hazard_is_the_rate_at_its_reference() -> None:
    """Two acts a day: within six hours 1 - exp(-1/2); twenty times e at a health one lower."""
    assert HAZARD.probability(1.1, 21_600.0) == pytest.approx(-math.expm1(-0.5), rel=1e-12)
    assert HAZARD.probability(1.05, 60.0) == pytest.approx(
        -math.expm1(-2.0 * math.e / 1_440.0), rel=1e-9
    )
    assert HAZARD.probability(1.5, 1e9) == 0.0
    assert HAZARD.probability(-1e9, 1.0) == 1.0
    # Two half steps are as likely to see no act as one whole.
    half = 1.0 - HAZARD.probability(1.2, 1_800.0)
    assert half * half == pytest.approx(1.0 - HAZARD.probability(1.2, 3_600.0), rel=1e-12)


def test_acts_come_as_often_as_their_weights_say() -> None:
    policy = BorrowerPolicy(HAZARD, weights=(4.0, 3.0, 2.0, 1.0))
    chance = HAZARD.probability(1.05, 7_200.0)
    uniforms = (np.arange(100_000) + 0.5) / 100_000
    acts = [policy.act(1.05, 7_200.0, uniform=float(uniform)) for uniform in uniforms]
    shares = [acts.count(act) / len(acts) for act in Act]
    assert shares == pytest.approx([chance * part / 10.0 for part in (4, 3, 2, 1)], abs=2e-5)
    assert acts.count(None) / len(acts) == pytest.approx(1.0 - chance, abs=2e-5)
    only = BorrowerPolicy(HAZARD, weights=(0.0, 0.0, 0.0, 1.0))
    assert only.act(0.5, 1e6, uniform=0.999999) is Act.PANIC


def venue() -> Draft:
    rules = rules_of(collateral("AAA", 18), collateral("BBB", 8))
    rows = (
        row("ann", "AAA", 10 * 10**18),
        row("ann", "BBB", 10**8),
        row("ann", "USD", -7_000 * 10**6),
        row("lender", "USD", 10**12),
    )
    store = open_venue(rules, rows, at_ns=START_NS)
    prices = (("AAA", 1_000 * WAD), ("BBB", 500 * WAD))
    priced = step(store, c.SetPrices(START_NS, prices))
    assert isinstance(priced, Accepted)
    store.apply(priced)
    return Draft(store, START_NS)


def seen_by(act: Act, *, spent: int = 0, **more: float) -> list[object]:
    """The commands of one certain act of ann's."""
    weights = tuple(1.0 if each is act else 0.0 for each in Act)
    certain = Hazard(1e9, calm=9.0)
    policy = BorrowerPolicy(certain, weights=weights, **more)  # type: ignore[arg-type]
    observation = Observation(
        Beat.REPORTED,
        1,
        600.0,
        venue(),
        Still(),  # type: ignore[arg-type]
        Funds(),
        seen=(Seen("ann", 1.2, 7_000.0, 10_500.0),),
        uniforms={"ann": 0.5},
        spent_wad={"ann": spent},
    )
    return [command for intent in policy.observe(observation) for command in intent.commands]


def test_each_act_is_the_commands_it_says() -> None:
    at = START_NS
    assert seen_by(Act.REPAY) == [c.Repay(at, "ann", "USD", 1_400 * 10**6)]
    assert seen_by(Act.TOP_UP) == [c.Deposit(at, "ann", "AAA", 14 * 10**17)]
    assert seen_by(Act.DELEVERAGE, share=0.1) == [
        c.Repay(at, "ann", "USD", 700 * 10**6),
        c.Withdraw(at, "ann", "AAA", 7 * 10**17),
    ]
    assert seen_by(Act.PANIC) == [
        c.Repay(at, "ann", "USD", None),
        c.Withdraw(at, "ann", "AAA", None),
        c.Withdraw(at, "ann", "BBB", None),
    ]


def test_who_has_spent_the_reserve_can_only_sell() -> None:
    assert seen_by(Act.REPAY, spent=699 * WAD, share=0.2, reserve_share=0.3)
    assert not seen_by(Act.REPAY, spent=701 * WAD, share=0.2, reserve_share=0.3)
    assert not seen_by(Act.TOP_UP, spent=701 * WAD, share=0.2, reserve_share=0.3)
    assert seen_by(Act.DELEVERAGE, spent=10**6 * WAD)


def test_accounts_without_a_draw_or_a_debt_do_nothing() -> None:
    draft = venue()
    assert largest_pair(draft.account("lender"), draft) is None
    pair = largest_pair(draft.account("ann"), draft)
    assert pair is not None
    assert (pair[0].asset, pair[1].asset) == ("USD", "AAA")
    assert debt_amount(pair[0].pool, draft.account("ann").debt["USD"]) == 7_000 * 10**6
    policy = BorrowerPolicy(Hazard(1e9))
    silent = Observation(
        Beat.REPORTED,
        1,
        600.0,
        draft,
        Still(),  # type: ignore[arg-type]
        Funds(),
        seen=(Seen("ann", 1.0, 7_000.0, 10_500.0),),
    )
    assert policy.observe(silent) == []


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Hazard(-1.0),
        lambda: Hazard(1.0, steepness=math.inf),
        lambda: BorrowerPolicy(HAZARD, weights=(0.0, 0.0, 0.0, 0.0)),
        lambda: BorrowerPolicy(HAZARD, weights=(1.0, -1.0, 0.0, 0.0)),
        lambda: BorrowerPolicy(HAZARD, share=0.0),
        lambda: BorrowerPolicy(HAZARD, reserve_share=-0.1),
    ],
)
def test_bad_parameters_are_refused(broken) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        broken()
