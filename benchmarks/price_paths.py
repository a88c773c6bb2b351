"""Price paths: how many a second each model makes, a week of hours of two assets.

Run alone by `python -m benchmarks.price_paths`.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from benchmarks.measuring import Result, cpu_seconds, rate, told
from trimtab.quant import return_panel
from trimtab.simulation.paths import (
    Dependence,
    PathGrid,
    PathKind,
    PathModel,
    Shocked,
    ShockMove,
    fitted_paths,
    price_paths,
)
from trimtab.simulation.paths.diffusions import Brownian

PATHS = 1_000
STEPS = 168
HOUR = 3600.0
ROUNDS = 3
HISTORY = 4_000
NAMES = ("BTC", "ETH")


def models() -> dict[str, PathModel]:
    """One of each kind, learnt from a made history of 4,000 hours."""
    rng = np.random.default_rng(1)
    steps = rng.standard_t(5, (HISTORY, 2)) * 0.006
    steps[:, 1] = 0.8 * steps[:, 0] + 0.6 * steps[:, 1]
    prices = 100.0 * np.exp(np.cumsum(steps, axis=0))
    times = (np.arange(HISTORY) * HOUR * 1e9).astype(np.int64)
    panel = return_panel(times, {name: prices[:, n] for n, name in enumerate(NAMES)})
    student = Dependence(np.array([[1.0, 0.8], [0.8, 1.0]]), degrees=4.0)
    found: dict[str, PathModel] = {str(kind): fitted_paths(panel, kind).model for kind in PathKind}
    found["brownian"] = Brownian(NAMES, np.zeros(2), np.array([0.8, 0.9]), Dependence(np.eye(2)))
    found["brownian, Student copula"] = Brownian(NAMES, np.zeros(2), np.array([0.8, 0.9]), student)
    shock = (ShockMove(600.0, {"*": -0.4}),)
    found["shock on brownian"] = Shocked(found["brownian"], shock)
    return found


def price_path_rates() -> Result:
    """Paths a second of every model."""
    grid = PathGrid(NAMES, (100.0, 100.0), STEPS, HOUR)
    rows = []
    for name, model in models().items():
        with told(f"paths: {name}"):
            spent = median(
                cpu_seconds(lambda m=model: price_paths(m, grid, seed=1, paths=PATHS))
                for _ in range(ROUNDS)
            )
        rows.append((name, rate(PATHS, spent), rate(PATHS * STEPS * len(NAMES), spent)))
    return Result(
        "Price paths a second",
        (
            f"{PATHS:,} paths of {STEPS} hourly steps of {len(NAMES)} assets, each from its own "
            f"Philox streams, one core, medians of {ROUNDS} rounds.",
        ),
        ("model", "paths a second", "prices a second"),
        rows,
    )


if __name__ == "__main__":
    print(price_path_rates().markdown())
