"""What Derive's portfolio manager PMRM2 is configured with, and its 33 scenarios.

Source: derivexyz/v2-core at 7736900d, scripts/config-mainnet.sol. The long discount of 1.05 and the
short mark-up of 0.95 stand as they do there: its tests have 0.95 and 1.04, the other way round.
"""

from __future__ import annotations

from typing import Final

from trimtab.protocols.derive_portfolio_rules import (
    BasisRules,
    ContingencyRules,
    MarginRules,
    PortfolioRules,
    Scenario,
    SkewRules,
    VolShock,
    VolShockRules,
)
from trimtab.units import WAD, parse_decimal


def _wad(text: str) -> int:
    return parse_decimal(text, 18)


_TAILS: Final = (
    ("0.34", "0.21"),
    ("0.67", "0.42"),
    ("1.5", "0.2772"),
    ("2", "0.1386"),
    ("3", "0.0693"),
    ("4", "0.0462"),
    ("5", "0.03465"),
    ("6", "0.02772"),
)

DEPLOYED_SCENARIOS: Final = (
    Scenario(_wad("1.18"), VolShock.UP),
    *(
        Scenario(_wad(spot), vol)
        for spot in ("1.135", "1.09", "1.045", "1", "0.955", "0.91", "0.865")
        for vol in (VolShock.UP, VolShock.NONE, VolShock.DOWN)
    ),
    Scenario(_wad("0.82"), VolShock.UP),
    *(Scenario(_wad(spot), VolShock.UP, _wad(damp)) for spot, damp in _TAILS),
    Scenario(WAD, VolShock.LINEAR),
    Scenario(WAD, VolShock.ABS),
)

DEPLOYED: Final = PortfolioRules(
    vol=VolShockRules(
        range_up_wad=_wad("0.5"),
        range_down_wad=_wad("0.3"),
        short_power_wad=_wad("0.3"),
        long_power_wad=_wad("0.13"),
        floor_seconds=86400,
        vol_up_min_wad=_wad("0.4"),
    ),
    skew=SkewRules(
        linear_cap_wad=_wad("0.25"),
        linear_slope_wad=_wad("-0.1"),
        abs_cap_wad=_wad("0.25"),
        abs_slope_wad=_wad("-0.1"),
        k_star_min_wad=_wad("0.01"),
        width_wad=4 * WAD,
        vol_static_wad=_wad("0.6"),
        vol_slope_wad=0,
    ),
    margin=MarginRules(
        initial_factor_wad=WAD,
        maintenance_factor_wad=_wad("0.8"),
        long_rate_scale_wad=0,
        long_rate_add_wad=_wad("0.16"),
        long_discount_wad=_wad("1.05"),
        short_rate_scale_wad=0,
        short_rate_add_wad=_wad("0.16"),
        short_discount_wad=_wad("0.95"),
    ),
    basis=BasisRules(
        spot_up_wad=_wad("1.045"),
        spot_down_wad=_wad("0.955"),
        factor_add_wad=_wad("0.5"),
        factor_per_year_wad=2 * WAD,
    ),
    contingency=ContingencyRules(
        peg_threshold_wad=_wad("0.99"),
        peg_factor_wad=4 * WAD,
        confidence_threshold_wad=_wad("0.55"),
        confidence_factor_wad=WAD,
        maintenance_perp_wad=_wad("0.03"),
        initial_perp_wad=_wad("0.01"),
        maintenance_option_wad=_wad("0.003"),
        initial_option_wad=_wad("0.002"),
    ),
    scenarios=DEPLOYED_SCENARIOS,
)
