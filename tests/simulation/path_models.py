"""One model of every kind, small and fast, for the tests that hold for all of them."""

from __future__ import annotations

import numpy as np

from tests.quant.panels import HOUR, normal_panel
from trimtab.simulation.paths import (
    NAMED_SHOCKS,
    BlockBootstrap,
    Brownian,
    Dependence,
    FilteredHistory,
    GarchPaths,
    HestonPaths,
    HistoryWindows,
    JumpPaths,
    PathGrid,
    PegPaths,
    RegimePaths,
    Shocked,
    price_paths,
)

NAMES = ("A", "B")
CORRELATION = np.array([[1.0, 0.6], [0.6, 1.0]])
GAUSSIAN = Dependence(CORRELATION)
STUDENT = Dependence(CORRELATION, degrees=4.0)
PANEL = normal_panel(600, seed=3)
ZERO = np.zeros(2)


def pair(one, other):
    return np.array([one, other])


BROWNIAN = Brownian(NAMES, pair(0.3, 0.0), pair(0.8, 0.5), GAUSSIAN)
GARCH = GarchPaths(
    NAMES,
    mean=ZERO,
    omega=pair(2e-6, 1e-6),
    alpha=pair(0.05, 0.04),
    gamma=pair(0.06, 0.0),
    beta=pair(0.90, 0.92),
    last_variance=pair(1e-4, 2e-5),
    step_seconds=HOUR,
    dependence=GAUSSIAN,
)
JUMPS = JumpPaths(
    NAMES,
    pair(0.0, 0.2),
    pair(0.5, 0.5),
    jumps_per_year=pair(200.0, 50.0),
    jump_mean=pair(-0.02, 0.01),
    jump_vol=pair(0.03, 0.02),
    dependence=GAUSSIAN,
)
HESTON = HestonPaths(
    NAMES,
    ZERO,
    variance_level=pair(0.64, 0.25),
    reversion_per_year=pair(60.0, 30.0),
    vol_of_vol=pair(5.0, 2.0),
    correlation=pair(-0.6, 0.0),
    variance_now=pair(0.64, 0.5),
    dependence=GAUSSIAN,
)
REGIMES = RegimePaths(
    NAMES,
    moves=np.array([[0.98, 0.02], [0.05, 0.95]]),
    means=np.zeros((2, 2)),
    covariances=np.array([[[1e-5, 5e-6], [5e-6, 1e-5]], [[9e-5, 8e-5], [8e-5, 1e-4]]]),
    now=pair(1.0, 0.0),
    step_seconds=HOUR,
)
FILTERED = FilteredHistory(
    GARCH, PANEL.log_returns / PANEL.log_returns.std(axis=0), PANEL.follows, block_steps=5.0
)
PEG = PegPaths(
    Brownian(("A",), pair(0.0, 0.0)[:1], pair(0.8, 0)[:1], Dependence(np.eye(1))),
    asset="B",
    peg="A",
    reversion_per_year=200.0,
    vol_annual=0.02,
    depegs_per_year=2.0,
    depeg_mean=-0.03,
    depeg_vol=0.01,
)

MODELS = {
    "brownian": BROWNIAN,
    "student": Brownian(NAMES, ZERO, pair(0.8, 0.5), STUDENT),
    "one": Brownian(NAMES, ZERO, pair(0.8, 0.5), GAUSSIAN.towards_one(1.0)),
    "jumps": JUMPS,
    "heston": HESTON,
    "garch": GARCH,
    "regimes": REGIMES,
    "bootstrap": BlockBootstrap(PANEL, block_steps=8.0),
    "filtered": FILTERED,
    "windows": HistoryWindows(PANEL),
    "peg": PEG,
    "shocked": Shocked(BROWNIAN, NAMED_SHOCKS["crash"]),
}


def grid_of(steps=48, *, names=NAMES, step_seconds=HOUR):
    return PathGrid(names, tuple(100.0 * (n + 1) for n in range(len(names))), steps, step_seconds)


def paths_of(model, *, paths, steps=48, seed=1, first=0):
    grid = grid_of(steps, names=model.assets)
    return price_paths(model, grid, seed=seed, paths=paths, first_path=first)


def returns_of(model, *, paths, steps=48, seed=1):
    """Log returns: paths by steps by assets."""
    return np.diff(np.log(paths_of(model, paths=paths, steps=steps, seed=seed)), axis=1)
