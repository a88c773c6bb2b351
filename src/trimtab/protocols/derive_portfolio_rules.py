"""The records that Derive's portfolio managers read: parameters, scenarios and a portfolio.

Source: derivexyz/v2-core at 7736900d: src/interfaces/IPMRMLib_2.sol, src/risk-managers/PMRM_2_1.sol
(`_arrangePortfolio`) and PMRM_2.sol. Every number is in wad unless its name says seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.units import WAD


@unique
class VolShock(StrEnum):
    """What a scenario does to volatilities; linear and absolute tilt them by strike."""

    NONE = "None"
    UP = "Up"
    DOWN = "Down"
    LINEAR = "Linear"
    ABS = "Abs"


SKEWS: Final = (VolShock.LINEAR, VolShock.ABS)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One point of the grid: spot multiplier, volatility shock, the part of the result counted."""

    spot_wad: int
    vol: VolShock
    dampening_wad: int = WAD


UNSHOCKED: Final = Scenario(WAD, VolShock.NONE)


@dataclass(frozen=True, slots=True)
class VolShockRules:
    """Multipliers 1 + range * (30 days / time)**power, and the floor of an upward vol."""

    range_up_wad: int
    range_down_wad: int
    short_power_wad: int
    long_power_wad: int
    floor_seconds: int
    vol_up_min_wad: int = 0


@dataclass(frozen=True, slots=True)
class SkewRules:
    """How far, and how soon away from the forward, the tilts reach: caps, slopes, k star."""

    linear_cap_wad: int
    linear_slope_wad: int
    abs_cap_wad: int
    abs_slope_wad: int
    k_star_min_wad: int
    width_wad: int
    vol_static_wad: int
    vol_slope_wad: int


@dataclass(frozen=True, slots=True)
class MarginRules:
    """Loss factors, and how the value of an expiry is discounted (long) or marked up (short)."""

    initial_factor_wad: int
    maintenance_factor_wad: int
    long_rate_scale_wad: int
    long_rate_add_wad: int
    long_discount_wad: int
    short_rate_scale_wad: int
    short_rate_add_wad: int
    short_discount_wad: int


@dataclass(frozen=True, slots=True)
class BasisRules:
    """The moves of one expiry against the others, and the part of its loss that counts."""

    spot_up_wad: int
    spot_down_wad: int
    factor_add_wad: int
    factor_per_year_wad: int


@dataclass(frozen=True, slots=True)
class ContingencyRules:
    """Add-ons: depeg of cash, low oracle confidence, and shares of notional at spot."""

    peg_threshold_wad: int
    peg_factor_wad: int
    confidence_threshold_wad: int
    confidence_factor_wad: int
    maintenance_perp_wad: int
    initial_perp_wad: int
    maintenance_option_wad: int
    initial_option_wad: int


@dataclass(frozen=True, slots=True)
class PortfolioRules:
    """All that the manager is configured with."""

    vol: VolShockRules
    skew: SkewRules
    margin: MarginRules
    basis: BasisRules
    contingency: ContingencyRules
    scenarios: tuple[Scenario, ...]

    def __post_init__(self) -> None:
        assert self.scenarios, "no scenario"


@dataclass(frozen=True, slots=True)
class OptionPosition:
    """A signed amount of one option, with the feed's volatility of its strike."""

    strike_wad: int
    is_call: bool
    amount_wad: int
    vol_wad: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """The options of one expiry and its feeds.

    seconds: to expiry, 0 once past; forward_fixed_wad: the part already settled by the average of
    the last 30 minutes, which no shock moves; confidence_wad: least of forward, rate and vols.
    """

    seconds: int
    forward_variable_wad: int
    rate_wad: int
    confidence_wad: int
    options: tuple[OptionPosition, ...]
    forward_fixed_wad: int = 0

    def __post_init__(self) -> None:
        assert self.seconds >= 0, f"negative time to expiry: {self.seconds}"


@dataclass(frozen=True, slots=True)
class Collateral:
    """A collateral with its feed and rules; one that cancels risk moves with spot."""

    amount_wad: int
    price_wad: int
    confidence_wad: int
    cancels_risk: bool
    initial_haircut_wad: int
    maintenance_haircut_wad: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One account: cash, a perpetual, collaterals and options on one underlying.

    perp_cash_wad: unrealized profit and unsettled funding; confidences: 1e18 is full.
    """

    cash_wad: int
    spot_wad: int
    spot_confidence_wad: int
    stable_price_wad: int
    perp_size_wad: int = 0
    perp_price_wad: int = 0
    perp_confidence_wad: int = WAD
    perp_cash_wad: int = 0
    collaterals: tuple[Collateral, ...] = ()
    expiries: tuple[Expiry, ...] = ()
