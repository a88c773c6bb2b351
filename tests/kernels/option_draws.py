"""Random options for the kernel tests: biased to the strike, to expiry and to both tails."""

from __future__ import annotations

import numpy as np

from trimtab.kernels import OptionColumns
from trimtab.units import YEAR_SECONDS

MICRO = 10**6


def drawn_options(count, *, seed, discounted=True):
    """Whole micro-units and whole seconds, so that float64 and wad hold the same numbers."""
    rng = np.random.default_rng(seed)
    forward = np.round(np.exp(rng.normal(5, 3, count)) * MICRO + 1) / MICRO
    spread = rng.choice([0.0, 1e-6, 0.05, 1.0], count) * rng.normal(0, 0.7, count)
    strike = np.round(forward * np.exp(spread) * MICRO + 1) / MICRO
    return {
        "forward": forward,
        "strike": strike,
        "vol_annual": np.round(rng.uniform(0.01, 3.0, count), 6),
        "seconds": rng.integers(60, 3 * YEAR_SECONDS, count) // rng.choice([1, 1000], count),
        "is_call": rng.random(count) < 0.5,
        "discount": np.round(rng.uniform(0.5, 1.0, count), 6) if discounted else np.ones(count),
    }


def columns_of(drawn):
    rest = {name: value for name, value in drawn.items() if name != "seconds"}
    return OptionColumns(**rest, years=drawn["seconds"] / YEAR_SECONDS)


def taken(options, rows):
    """The same options, only some rows."""
    return OptionColumns(
        forward=options.forward[rows],
        strike=options.strike[rows],
        vol_annual=options.vol_annual[rows],
        years=options.years[rows],
        is_call=options.is_call[rows],
        discount=options.discount[rows],
    )
