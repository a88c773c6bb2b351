"""What Derive's standard manager is configured with.

Source: derivexyz/v2-core at 7736900d: scripts/config-mainnet.sol for `DEPLOYED_*`,
test/config-test.sol and the unit tests' own settings for `TEST_*`.
"""

from __future__ import annotations

from typing import Final

from trimtab.protocols.derive_standard import DepegRules, MarketRules, OptionRules, OracleRules
from trimtab.units import WAD, parse_decimal


def _wad(text: str) -> int:
    return parse_decimal(text, 18)


DEPLOYED_OPTIONS: Final = OptionRules(
    spot_max_wad=_wad("0.15"),
    spot_min_wad=_wad("0.13"),
    maintenance_call_wad=_wad("0.09"),
    maintenance_put_wad=_wad("0.09"),
    maintenance_put_mark_wad=_wad("0.09"),
    unpaired_initial_wad=_wad("1.2"),
    unpaired_maintenance_wad=_wad("1.1"),
    maintenance_offset_wad=_wad("1.05"),
)

DEPLOYED_ETH: Final = MarketRules(
    perp_maintenance_wad=_wad("0.065"),
    perp_initial_wad=_wad("0.1"),
    options=DEPLOYED_OPTIONS,
    oracle=OracleRules(_wad("0.55"), _wad("0.55"), _wad("0.55"), WAD),
    base_factor_wad=_wad("0.8"),
    base_initial_scale_wad=_wad("0.9375"),
)

DEPLOYED_BTC: Final = MarketRules(
    perp_maintenance_wad=_wad("0.065"),
    perp_initial_wad=_wad("0.1"),
    options=DEPLOYED_OPTIONS,
    oracle=OracleRules(_wad("0.55"), _wad("0.55"), _wad("0.55"), WAD),
    base_factor_wad=_wad("0.75"),
    base_initial_scale_wad=_wad("0.93"),
)

DEPLOYED_DEPEG: Final = DepegRules(_wad("0.99"), 2 * WAD)

TEST_RULES: Final = MarketRules(
    perp_maintenance_wad=_wad("0.065"),
    perp_initial_wad=_wad("0.1"),
    options=OptionRules(
        spot_max_wad=_wad("0.15"),
        spot_min_wad=_wad("0.1"),
        maintenance_call_wad=_wad("0.075"),
        maintenance_put_wad=_wad("0.075"),
        maintenance_put_mark_wad=_wad("0.075"),
        unpaired_initial_wad=_wad("1.2"),
        unpaired_maintenance_wad=_wad("1.1"),
        maintenance_offset_wad=_wad("1.05"),
    ),
    oracle=OracleRules(_wad("0.4"), _wad("0.4"), _wad("0.4"), _wad("0.4")),
    base_factor_wad=_wad("0.1"),
    base_initial_scale_wad=WAD,
)

TEST_DEPEG: Final = DepegRules(_wad("0.98"), _wad("1.2"))
