"""Stress tests of real books by the kernel: as the exact engine, on threads, and with feedback."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation.stress_engines import HOUR, asked
from trimtab.adapters.executors import ThreadExecutor
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.simulation.paths import PathKind, SamplingKind
from trimtab.simulation.stress import (
    EngineKind,
    Process,
    SamplingChoice,
    StressQuestion,
    reverse_stress,
    run_stress,
)
from trimtab.simulation.stress.failing import failing_accounts

POOLS = impact_terms(
    ("ETH", "STETH", "WBTC"),
    kind=ImpactKind.CONSTANT_PRODUCT,
    first=[40_000.0, 15_000.0, 800.0],
    recovery_seconds=HOUR,
)


def crisis(demo, **choices) -> StressQuestion:
    """A day of the bundled book, in pools that its sales move."""
    return StressQuestion(
        demo, 24 * HOUR, process=Process(PathKind.BROWNIAN), market=POOLS, **choices
    )


@pytest.fixture(scope="module")
def plain(demo):
    return run_stress(crisis(demo, paths=1024))


def test_the_kernel_says_what_the_exact_engine_says(small):
    question = replace(asked(small, paths=24, vol=1.5), step_seconds=12 * HOUR)
    kernel = run_stress(question, curve=False).outcomes.columns
    exact = run_stress(replace(question, engine=EngineKind.EXACT), curve=False).outcomes.columns
    assert exact["liquidated"].max() > 0.0
    for name in ("bad_debt", "liquidated", "seized", "insurance_used", "socialized"):
        np.testing.assert_allclose(kernel[name], exact[name], rtol=1e-6, atol=0.01, err_msg=name)


def test_threads_change_no_number_of_a_real_book(demo, plain):
    found = run_stress(crisis(demo, paths=1024), executor=ThreadExecutor(2))
    assert found.to_json() == plain.to_json()


def test_feedback_makes_falls_worse(plain):
    points = [one for one in plain.curve.points if one.liquidated_alone > 0.0]
    assert points
    assert all(one.loss >= one.loss_alone for one in points)
    assert max(one.amplification for one in points) > 3.0
    assert set(plain.curve.assets) == {"ETH", "STETH", "WBTC"}, "stablecoins stay"


def test_the_waterfall_adds_up(plain):
    columns = plain.outcomes.columns
    payers = ("penalty", "insurance_used", "backstop_used", "deleveraged", "socialized")
    total = sum(columns[name] for name in payers)
    np.testing.assert_allclose(total, columns["bad_debt"], atol=1e-3, rtol=1e-9)
    assert plain.loss.worst > 0.0
    assert 0.0 < plain.capacity.used < 1.0


def test_the_tail_of_a_book_is_told_with_less_error(demo, plain):
    """Measured with 2048 paths: ES 99 % 603,400 -+ 23,200 plain, 542,200 -+ 9,300 to the tail;
    542,000 -+ 9,500 with 16,384 plain paths.
    """
    choice = SamplingChoice(SamplingKind.TAIL)
    tail = run_stress(crisis(demo, paths=1024, sampling=choice), curve=False)
    one, other = tail.tail().expected_shortfall, plain.tail().expected_shortfall
    assert abs(one.value - other.value) < 4 * np.hypot(one.error, other.error)
    risk, before = tail.tail().value_at_risk, plain.tail().value_at_risk
    assert risk.error < 0.7 * before.error
    assert abs(one.value - 542_000) < 4 * np.hypot(one.error, 9_500)


def test_the_smallest_shock_of_a_book_explains_itself(demo):
    found = reverse_stress(crisis(demo, paths=1))
    assert found.is_found
    assert found.accounts_failing == len(failing_accounts(demo, found.shock)) > 0
    assert found.failing[0].equity < 0.0
    assert found.loss > found.socialized >= 0.0
    assert found.shock["STETH"] < -0.1
    assert 0.0 < found.probability < 0.5


def test_correlation_to_one_and_a_named_shock_on_a_book(demo):
    calm = crisis(demo, paths=256)
    together = replace(calm, process=Process(PathKind.BROWNIAN, correlation_share=1.0))
    assert run_stress(together, curve=False).facts.is_whole
    crash = replace(calm, process=Process(PathKind.BROWNIAN, shock="crash"))
    before, after = (run_stress(one, curve=False).loss.mean.value for one in (calm, crash))
    assert after > 3.0 * before, "measured: 124,000 against 33,000"
