"""Tails find the law that made their moves, and answer where a normal law answers too little."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import genextreme, genpareto, norm, t

from trimtab.quant import BlockMaxima, ParetoTail
from trimtab.units import DataError, UsageError

STUDENT = t.rvs(3.0, size=20_000, random_state=np.random.default_rng(1))


def test_a_pareto_tail_is_found():
    rng = np.random.default_rng(2)
    body = rng.uniform(0.0, 1.0, 45_000)
    tail = 1.0 + genpareto.rvs(0.25, scale=0.4, size=5_000, random_state=rng)
    fit = ParetoTail(tail_share=0.1).fit(np.concatenate([body, tail]))
    assert fit.threshold_ == pytest.approx(1.0, abs=0.01)
    assert fit.shape_ == pytest.approx(0.25, abs=0.06)
    assert fit.scale_ == pytest.approx(0.4, rel=0.06)
    assert fit.rate_ == pytest.approx(0.1, abs=1e-4)


@pytest.mark.parametrize("probability", [0.05, 0.01, 0.001])
def test_both_tails_answer_the_quantiles_of_a_heavy_law(probability):
    exact = t.ppf(1 - probability, 3.0)
    assert ParetoTail().fit(STUDENT).quantile(probability) == pytest.approx(exact, rel=0.12)
    assert BlockMaxima().fit(STUDENT).quantile(probability) == pytest.approx(exact, rel=0.15)


def test_a_normal_law_answers_too_little_far_out():
    spread = STUDENT.std()
    heavy = ParetoTail().fit(STUDENT).quantile(0.001)
    assert heavy > 1.5 * spread * norm.ppf(0.999)


def test_block_maxima_find_their_law():
    rng = np.random.default_rng(3)
    largest = genextreme.rvs(-0.2, loc=3.0, scale=0.5, size=4000, random_state=rng)
    moves = np.full((4000, 10), -1.0)
    moves[:, 4] = largest
    fit = BlockMaxima(block_steps=10).fit(moves.ravel())
    assert fit.shape_ == pytest.approx(0.2, abs=0.05)
    assert fit.location_ == pytest.approx(3.0, abs=0.05)
    assert fit.scale_ == pytest.approx(0.5, rel=0.06)
    assert fit.block_quantile(0.1) == pytest.approx(np.quantile(largest, 0.9), rel=0.03)
    assert fit.quantile(0.01) == pytest.approx(fit.block_quantile(1 - 0.99**10), rel=1e-12)


def test_a_shape_of_zero_is_the_limit():
    fit = ParetoTail().fit(STUDENT)
    fit.shape_ = 1e-12
    near = fit.quantile(0.01)
    fit.shape_ = 1e-7
    assert fit.quantile(0.01) == pytest.approx(near, rel=1e-5)
    largest = BlockMaxima().fit(STUDENT)
    largest.shape_ = 0.0
    gumbel = largest.location_ - largest.scale_ * math.log(-math.log1p(-0.2))
    assert largest.block_quantile(0.2) == pytest.approx(gumbel)


def test_short_histories_and_improbable_questions_are_refused():
    with pytest.raises(DataError, match="too short to calibrate a tail; found '10 moves"):
        ParetoTail().fit(STUDENT[:100])
    with pytest.raises(DataError, match="too short to calibrate block maxima; found '5 blocks"):
        BlockMaxima().fit(STUDENT[:100])
    with pytest.raises(DataError, match="the moves are no moves"):
        ParetoTail().fit([1.0, float("nan")])
    with pytest.raises(UsageError, match=r"above 0, at most 0\.1: found 0\.5"):
        ParetoTail().fit(STUDENT).quantile(0.5)
    for ask in (BlockMaxima().fit(STUDENT).quantile, BlockMaxima().fit(STUDENT).block_quantile):
        with pytest.raises(UsageError, match=r"above 0, below 1: found 1\.5"):
            ask(1.5)
