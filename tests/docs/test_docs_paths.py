"""The worked example of the page on price paths, and that its table lists what there is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.docs.tiny_venue import CONCEPTS
from trimtab.quant import barrier_ratio, hit_probability
from trimtab.simulation import paths
from trimtab.simulation.paths import Brownian, Dependence, PathGrid, price_paths

PAGE = (CONCEPTS / "price-paths.md").read_text(encoding="utf-8")
WEEK_YEARS = 7 / 365
HOUR_YEARS = 1 / 8760


def test_the_ten_times_long_of_a_week():
    ratio = barrier_ratio(10, maintenance=0.005)
    given = {"vol_annual": 0.8, "years": WEEK_YEARS}
    always = hit_probability(ratio, **given)
    watched = hit_probability(ratio, **given, watch_years=HOUR_YEARS)
    numbers = [f"{ratio:.6f}", f"{-math.log(ratio):.6f}", f"{0.8 * math.sqrt(WEEK_YEARS):.6f}"]
    numbers += [f"{always:.4f}", f"{watched:.4f}"]
    assert not [text for text in numbers if text not in PAGE]
    spread, distance, drift = 0.8 * math.sqrt(WEEK_YEARS), -math.log(ratio), 0.32 * WEEK_YEARS
    terms = ((drift - distance) / spread, math.exp(distance), -(drift + distance) / spread)
    assert "Phi({:.4f}) + {:.4f} Phi({:.4f})".format(*terms) in PAGE
    model = Brownian(("A",), np.zeros(1), np.array([0.8]), Dependence(np.eye(1)))
    grid = PathGrid(("A",), (1.0,), 168, 3600.0)
    found = price_paths(model, grid, seed=5, paths=20_000)[..., 0]
    hit = float((found.min(axis=1) <= ratio).mean())
    assert f"{hit:.2f}" in PAGE
    error = math.sqrt(watched * (1 - watched) / 20_000)
    assert abs(hit - watched) < 3 * error
    assert round((always - hit) / error) >= 6


def test_half_of_the_way_to_one():
    half = Dependence(np.array([[1.0, 0.6], [0.6, 1.0]])).towards_one(0.5)
    assert half.correlation[0, 1] == pytest.approx(0.8)
    assert "0.5 x 0.6 + 0.5 = 0.8" in PAGE


def test_every_model_is_listed():
    models = {"Brownian", "BlockBootstrap", "FilteredHistory", "HistoryWindows", "Shocked"}
    models |= {name for name in paths.__all__ if name.endswith("Paths")}
    assert not [name for name in models if f"| `{name}` |" not in PAGE]
