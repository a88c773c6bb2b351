"""The parameters of Derive's portfolio manager in float64, and what they make of times and strikes.

The meaning of each is that of the exact records in `trimtab.protocols.derive_portfolio_rules`; the
formulas are those of `derive_portfolio_shocks`, whose docstring names the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.option_book import OptionBook
from trimtab.kernels.scenarios import Scenarios, years_of

Floats = NDArray[np.float64]

MONTH_SECONDS: Final = 30 * 86400.0
# The rows of shocked volatilities, by the names that the twin gives its shocks.
VOL_KINDS: Final = ("None", "Up", "Down", "Linear", "Abs")
TILTS: Final = ("Linear", "Abs")


@dataclass(frozen=True, slots=True)
class VolShocks:
    """Multipliers 1 + range * (30 days / time)**power, and the floor of an upward volatility."""

    range_up: float
    range_down: float
    short_power: float
    long_power: float
    floor_seconds: float
    vol_up_min: float


@dataclass(frozen=True, slots=True)
class SkewTilts:
    """How far, and how soon away from the forward, the tilts reach: caps, slopes, k star."""

    linear_cap: float
    linear_slope: float
    abs_cap: float
    abs_slope: float
    k_star_min: float
    width: float
    vol_static: float
    vol_slope: float


@dataclass(frozen=True, slots=True)
class MarginFactors:
    """Loss factors, and how the value of an expiry is discounted (long) or marked up (short)."""

    initial_factor: float
    maintenance_factor: float
    long_rate_scale: float
    long_rate_add: float
    long_discount: float
    short_rate_scale: float
    short_rate_add: float
    short_discount: float


@dataclass(frozen=True, slots=True)
class BasisMoves:
    """The moves of one expiry against the others, and the part of its loss that counts."""

    spot_up: float
    spot_down: float
    factor_add: float
    factor_per_year: float


@dataclass(frozen=True, slots=True)
class ContingencyRates:
    """Add-ons: depeg of cash, low oracle confidence, and shares of notional at spot."""

    peg_threshold: float
    peg_factor: float
    confidence_threshold: float
    confidence_factor: float
    maintenance_perp: float
    initial_perp: float
    maintenance_option: float
    initial_option: float


@dataclass(frozen=True, slots=True)
class ScenarioPoint:
    """Spot multiplier, name of the volatility shock, and the part of the result counted."""

    spot: float
    vol: str
    dampening: float = 1.0


@dataclass(frozen=True, slots=True)
class DeriveGrid:
    """All that the manager is configured with."""

    vol: VolShocks
    skew: SkewTilts
    margin: MarginFactors
    basis: BasisMoves
    contingency: ContingencyRates
    scenarios: tuple[ScenarioPoint, ...]


def scenarios_of(grid: DeriveGrid) -> Scenarios:
    """Return the grid's scenarios, then the unshocked one and the two moves of the basis.

    A tilt leaves the forward alone.
    """
    points = [
        *((1.0 if point.vol in TILTS else point.spot, point.vol) for point in grid.scenarios),
        (1.0, "None"),
        (grid.basis.spot_up, "None"),
        (grid.basis.spot_down, "None"),
    ]
    kinds = [VOL_KINDS.index(vol) for _, vol in points]
    return Scenarios(np.array([spot for spot, _ in points]), np.array(kinds, dtype=np.int64))


def shocked_vols(options: OptionBook, rows: slice, *, grid: DeriveGrid) -> Floats:
    """Return the volatilities of some rows under each of `VOL_KINDS`, one kind a row."""
    vol, seconds = options.vol_annual[rows], options.seconds[rows]
    rules = grid.vol
    power = np.where(seconds <= MONTH_SECONDS, rules.short_power, rules.long_power)
    scale = (MONTH_SECONDS / np.maximum(seconds, rules.floor_seconds)) ** power
    up = np.maximum(rules.vol_up_min, vol * (1.0 + rules.range_up * scale))
    down = vol * np.maximum(0.0, 1.0 - rules.range_down * scale)
    root = np.sqrt(years_of(seconds))
    log = np.log(options.strike[rows] / (options.forward[rows] + options.forward_fixed[rows]))
    skew = grid.skew
    linear = _skew(log, root, rules=skew, reach=(skew.linear_cap, skew.linear_slope))
    absolute = _skew(np.abs(log), root, rules=skew, reach=(skew.abs_cap, skew.abs_slope))
    return np.stack([vol, up, down, vol * linear, vol * absolute])


def _skew(k: Floats, root: Floats, *, rules: SkewTilts, reach: tuple[float, float]) -> Floats:
    cap = reach[0] + reach[1] * root
    vol = rules.vol_static + root * rules.vol_slope
    tilt = k * cap / np.maximum(rules.k_star_min, root * rules.width * vol)
    moved = np.where(k >= 0.0, np.minimum(cap, tilt), np.maximum(-cap, tilt))
    found: Floats = np.maximum(0.0, 1.0 + moved)
    return found
