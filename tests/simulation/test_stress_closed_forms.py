"""Stress tests of positions whose chance of liquidation is known: first passage under GBM."""

from __future__ import annotations

from itertools import product

import pytest

from tests.simulation.stress_engines import HOUR, YEAR, BarrierEngine, brownian
from trimtab.quant import barrier_ratio, hit_probability
from trimtab.simulation.paths import SamplingKind
from trimtab.simulation.stress import (
    Process,
    SamplingChoice,
    StressQuestion,
    prepared,
    run_stress,
)

LEVERAGES = (3.0, 5.0, 10.0)
VOLS = (0.4, 0.8, 1.2)
DAYS = (1.0, 7.0, 30.0)
MAINTENANCE = 0.005


def chance(case, *, leverage, vol, days, paths, kind=SamplingKind.PLAIN, steps=96):
    """P(liquidated) of a long, by a stress test, and the closed form watched at its steps."""
    ratio = barrier_ratio(leverage, maintenance=MAINTENANCE)
    horizon = days * 24 * HOUR
    question = StressQuestion(
        case,
        horizon,
        paths,
        step_seconds=horizon / steps,
        process=Process(model=brownian(vol=vol)),
        sampling=SamplingChoice(kind),
        seed=7,
    )

    def engine(asked, grid, *, feedback):
        del asked, feedback
        return BarrierEngine(grid.assets, ratio)

    found = run_stress(prepared(question, engine=engine), curve=False).insolvency
    watch = horizon / steps / YEAR
    years = horizon / YEAR
    known = hit_probability(ratio, vol_annual=vol, years=years, watch_years=watch)
    return found, known, hit_probability(ratio, vol_annual=vol, years=years)


def test_first_passage_on_a_grid_of_leverage_volatility_and_horizon(small):
    """Within four errors of the closed form at each of 27 points, within two at all but two.

    The correction for looking at steps is itself good to some thousandths: 0.006 is allowed for it.
    """
    apart = []
    for leverage, vol, days in product(LEVERAGES, VOLS, DAYS):
        found, known, _ = chance(small, leverage=leverage, vol=vol, days=days, paths=800)
        error = max(found.error, (known * (1 - known) / 800) ** 0.5)
        apart.append(max(abs(found.value - known) - 0.006, 0.0) / error)
    assert max(apart) < 4.0
    assert sum(one > 2.0 for one in apart) <= 2


def test_the_anchor_of_a_week_at_ten_times_leverage(small):
    """Always watched 0.3836; looked at every hour 0.3599, and a stress test says the latter."""
    found, known, always = chance(small, leverage=10.0, vol=0.8, days=7.0, paths=12_000, steps=168)
    assert always == pytest.approx(0.3836, abs=5e-5)
    assert known == pytest.approx(0.3599, abs=5e-5)
    assert found.low < known < found.high
    assert found.high < always, "the correction is not noise"


def test_a_rare_hit_is_found_towards_the_tail(small):
    """At 5x and 80 % over a day one position in 6.5 million is hit; 4000 paths are enough."""
    found, known, _ = chance(
        small, leverage=5.0, vol=0.8, days=1.0, paths=4000, kind=SamplingKind.TAIL
    )
    assert known == pytest.approx(1.534e-7, rel=1e-3)
    assert found.low <= known <= found.high
    assert 0.0 < found.error < 0.5 * known, "4000 plain paths would see none"
