"""What Derive's first portfolio manager was configured with.

Source: derivexyz/v2-core at 7736900d: scripts/config-mainnet.sol for `DEPLOYED`, and
test/config-test.sol for `TEST_RULES`, which the recorded cases of its tests run under.
"""

from __future__ import annotations

from typing import Final

from trimtab.protocols.derive_portfolio_rules import BasisRules, Scenario, VolShock, VolShockRules
from trimtab.protocols.derive_portfolio_v1 import FirstRules
from trimtab.units import WAD, parse_decimal


def _wad(text: str) -> int:
    return parse_decimal(text, 18)


def _scenarios(spots: str) -> tuple[Scenario, ...]:
    """A row for each spot with all three volatilities; a spot in brackets has the upward one."""
    every = (VolShock.UP, VolShock.NONE, VolShock.DOWN)
    return tuple(
        Scenario(_wad(spot.strip("[]")), vol)
        for spot in spots.split()
        for vol in (every[:1] if spot.startswith("[") else every)
    )


DEPLOYED: Final = FirstRules(
    vol=VolShockRules(_wad("0.6"), _wad("0.3"), _wad("0.3"), _wad("0.13"), floor_seconds=86400),
    basis=BasisRules(_wad("1.05"), _wad("0.95"), WAD, _wad("1.2")),
    initial_factor_wad=_wad("1.25"),
    discount_wad=_wad("0.95"),
    rate_scale_wad=WAD,
    rate_add_wad=_wad("0.12"),
    peg_threshold_wad=_wad("0.99"),
    peg_factor_wad=4 * WAD,
    confidence_threshold_wad=_wad("0.55"),
    confidence_factor_wad=WAD,
    base_share_wad=_wad("0.03"),
    perp_share_wad=_wad("0.03"),
    option_share_wad=_wad("0.02"),
    scenarios=_scenarios("[1.2] 1.15 1.1 1.05 1 0.95 0.9 0.85 [0.8]"),
)

TEST_RULES: Final = FirstRules(
    vol=VolShockRules(_wad("0.45"), _wad("0.3"), _wad("0.3"), _wad("0.13"), floor_seconds=86400),
    basis=BasisRules(_wad("1.05"), _wad("0.95"), _wad("0.25"), _wad("0.01")),
    initial_factor_wad=_wad("1.3"),
    discount_wad=_wad("0.95"),
    rate_scale_wad=4 * WAD,
    rate_add_wad=_wad("0.05"),
    peg_threshold_wad=_wad("0.98"),
    peg_factor_wad=2 * WAD,
    confidence_threshold_wad=_wad("0.6"),
    confidence_factor_wad=_wad("0.5"),
    base_share_wad=_wad("0.02"),
    perp_share_wad=_wad("0.02"),
    option_share_wad=_wad("0.01"),
    scenarios=_scenarios("1.15 1.1 1.05 1 0.95 0.9 0.85"),
)
