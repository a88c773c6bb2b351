"""Schedules: the closed forms of Almgren and Chriss against sums, searches and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.agents.execution import (
    ExecutionTerms,
    block_dump,
    cost_variance,
    expected_cost,
    next_share,
    optimal_cost,
    optimal_variance,
    schedule,
)
from trimtab.units import UsageError

# The paper's example (section 3.4): a million shares at 50, five days of one interval each,
# volatility 0.95 a day, half a spread of 1/16, gamma 2.5e-7, eta 2.5e-6, a day as the second.
PAPER = ExecutionTerms(
    volatility=0.95,
    temporary=2.5e-6,
    permanent=2.5e-7,
    risk_aversion=1e-6,
    seconds=1.0,
    fixed=0.0625,
)


def test_the_example_of_the_paper() -> None:
    """Its kappa is 0.61 a day, and a risk-averse sale is front-loaded."""
    assert PAPER.urgency == pytest.approx(0.61, abs=5e-3)
    pressure = 1e-6 * 0.95**2 / (2.5e-6 - 1.25e-7)
    assert math.cosh(PAPER.urgency) == pytest.approx(1.0 + pressure / 2.0, rel=1e-12)
    sold = schedule(1e6, PAPER, intervals=5)
    assert sum(sold) == pytest.approx(1e6, rel=1e-12)
    assert list(sold) == sorted(sold, reverse=True)
    # x_k = X sinh(kappa (T - t_k)) / sinh(kappa T)
    left = [
        1e6 * math.sinh(PAPER.urgency * (5 - k)) / math.sinh(PAPER.urgency * 5) for k in range(6)
    ]
    assert np.allclose(sold, -np.diff(left), rtol=1e-12)
    # n_k = 2 sinh(kappa tau / 2) cosh(kappa (T - t_{k - 1/2})) / sinh(kappa T) X
    kappa = PAPER.urgency
    front = 2.0 * math.sinh(kappa / 2) * math.cosh(kappa * 4.5) / math.sinh(kappa * 5) * 1e6
    assert sold[0] == pytest.approx(front, rel=1e-12)


terms = st.builds(
    lambda volatility, permanent, haste, aversion, seconds, fixed: ExecutionTerms(
        volatility,
        permanent * seconds / 2.0 + haste,
        permanent,
        aversion,
        seconds,
        fixed,
    ),
    st.floats(1e-3, 10.0),
    st.floats(0.0, 1e-3),
    st.floats(1e-5, 1.0),
    st.sampled_from((0.0, 1e-9, 1e-6, 1e-3, 0.1, 10.0)),
    st.sampled_from((1.0, 12.0, 600.0, 3600.0)),
    st.floats(0.0, 1.0),
)


@settings(max_examples=150, deadline=None)
@given(terms, st.integers(1, 60), st.floats(0.1, 1e5))
def test_closed_forms_are_the_sums_over_the_schedule(
    found: ExecutionTerms, intervals: int, amount: float
) -> None:
    sold = schedule(amount, found, intervals=intervals)
    assert math.fsum(sold) == pytest.approx(amount, rel=1e-9)
    assert min(sold) >= 0.0
    by_sum, closed = expected_cost(sold, found), optimal_cost(amount, found, intervals=intervals)
    assert by_sum == pytest.approx(closed, rel=1e-6)
    scale = found.volatility**2 * found.seconds * amount**2 * intervals
    by_sum = cost_variance(sold, found)
    closed = optimal_variance(amount, found, intervals=intervals)
    assert by_sum == pytest.approx(closed, rel=1e-5, abs=1e-8 * scale)


@settings(max_examples=100, deadline=None)
@given(terms, st.integers(2, 12), st.integers(0, 10**6))
def test_no_other_schedule_is_better(found: ExecutionTerms, intervals: int, seed: int) -> None:
    """E + risk aversion x V of the schedule is least: any other split of the sum costs more."""

    def objective(sales: tuple[float, ...]) -> float:
        return expected_cost(sales, found) + found.risk_aversion * cost_variance(sales, found)

    best = objective(schedule(100.0, found, intervals=intervals))
    rng = np.random.default_rng(seed)
    for spread in (1e-3, 0.1, 10.0):
        moved = np.array(schedule(100.0, found, intervals=intervals))
        noise = rng.normal(0.0, spread, intervals)
        other = tuple((moved + noise - noise.mean()).tolist())
        assert objective(other) >= best * (1.0 - 1e-9)
    even = tuple([100.0 / intervals] * intervals)
    assert objective(even) >= best * (1.0 - 1e-9)
    assert objective((100.0, *[0.0] * (intervals - 1))) >= best * (1.0 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(terms, st.integers(1, 30))
def test_who_sells_by_shares_of_the_rest_follows_the_schedule(
    found: ExecutionTerms, intervals: int
) -> None:
    left, sold = 1.0, []
    for done in range(intervals):
        now = left * next_share(found, intervals - done)
        sold.append(now)
        left -= now
    assert np.allclose(sold, schedule(1.0, found, intervals=intervals), atol=1e-9)
    assert left == pytest.approx(0.0, abs=1e-12)


def test_a_dump_has_no_risk_and_costs_most_and_haste_lies_between() -> None:
    calm = ExecutionTerms(0.5, 2e-4, 1e-5, 0.0, 12.0)
    hasty = ExecutionTerms(0.5, 2e-4, 1e-5, 1e-3, 12.0)
    amount, intervals = 1_000.0, 20
    dump = block_dump(amount)
    assert dump == schedule(amount, hasty, intervals=1)
    even, quick = (schedule(amount, each, intervals=intervals) for each in (calm, hasty))
    assert np.allclose(even, amount / intervals)
    costs = [expected_cost(sales, calm) for sales in (even, quick, dump)]
    risks = [cost_variance(sales, calm) for sales in (even, quick, dump)]
    assert costs == sorted(costs)
    assert risks == sorted(risks, reverse=True)
    assert risks[-1] == 0.0
    # E of a dump: fixed X + temporary / tau X^2, the permanent half gone with the sale itself.
    assert costs[-1] == pytest.approx(2e-4 / 12.0 * amount**2, rel=1e-12)
    frantic = ExecutionTerms(0.5, 2e-4, 1e-5, 1e9, 12.0)
    assert schedule(amount, frantic, intervals=5)[0] == pytest.approx(amount, rel=1e-6)


@pytest.mark.parametrize("aversion", [0.0, 1e-5, 1e-3])
def test_a_simulated_sale_costs_what_the_closed_forms_say(aversion: float) -> None:
    """Prices move by a normal and by what was sold; each sale gets less by the temporary impact."""
    found = ExecutionTerms(0.02, 3e-3, 2e-5, aversion, 60.0, fixed=0.01)
    amount, intervals, runs = 500.0, 15, 40_000
    sold = np.array(schedule(amount, found, intervals=intervals))
    rng = np.random.default_rng(7)
    noise = rng.standard_normal((runs, intervals)) * found.volatility * math.sqrt(found.seconds)
    price, proceeds = np.full(runs, 100.0), np.zeros(runs)
    for interval, sale in enumerate(sold):
        got = price - found.fixed - found.temporary * sale / found.seconds
        proceeds += sale * got
        price = price + noise[:, interval] - found.permanent * sale
    cost = amount * 100.0 - proceeds
    mean = optimal_cost(amount, found, intervals=intervals)
    variance = optimal_variance(amount, found, intervals=intervals)
    assert abs(cost.mean() - mean) < 4.0 * math.sqrt(variance / runs)
    # The variance of a sample variance of normals is 2 V^2 / runs.
    assert abs(cost.var() / variance - 1.0) < 4.0 * math.sqrt(2.0 / runs)


@pytest.mark.parametrize(
    "broken",
    [
        lambda: ExecutionTerms(-1.0, 1.0, 0.0, 0.0, 1.0),
        lambda: ExecutionTerms(1.0, 1.0, 0.0, 0.0, 0.0),
        lambda: ExecutionTerms(1.0, 1.0, 3.0, 0.0, 1.0),
        lambda: ExecutionTerms(1.0, math.nan, 0.0, 0.0, 1.0),
        lambda: schedule(1.0, PAPER, intervals=0),
        lambda: optimal_cost(1.0, PAPER, intervals=-1),
    ],
)
def test_bad_input_is_refused(broken) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        broken()


def test_without_a_cost_of_haste_everything_is_sold_at_once() -> None:
    free = ExecutionTerms(1.0, 0.0, 0.0, 1e-3, 1.0)
    assert schedule(5.0, free, intervals=4) == (5.0, 0.0, 0.0, 0.0)
    assert optimal_cost(5.0, free, intervals=4) == optimal_variance(5.0, free, intervals=4) == 0.0
