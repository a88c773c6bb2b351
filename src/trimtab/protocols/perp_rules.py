"""A preset of a perpetual market as the engine's rules say it, and what they cannot say.

The engine's tiers are rates of the *parts* of a notional: maintenance of a table that its
deductions make continuous comes out exactly; an initial fraction of the whole becomes one of the
parts, lower above the first bound. The text is a `[markets.NAME]` table of rules.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from trimtab.protocols.perp_presets import PerpPreset
from trimtab.units import format_decimal

# How each venue liquidates and deleverages, as sections of rules.toml. Sources: the twins'.
VENUE_SECTIONS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = MappingProxyType(
    {
        "dYdX v4": {
            "position_liquidation": {
                "sizing": '"portion"',
                "portion": "0.1",
                "portion_min": "1000",
                "bankruptcy_adjustment": "1",
                "fillable_spread": "1.5",
            },
            "deleveraging": {"policy": '"pro_rata"', "price": '"bankruptcy"'},
        },
        "Hyperliquid": {
            "position_liquidation": {
                "sizing": '"ladder"',
                "ladder_from": "100000",
                "ladder_share": "0.2",
                "ladder_window": "30",
                "backstop_below": "0.666666666666666666",
            },
            "deleveraging": {"policy": '"queue"', "price": '"mark"'},
        },
        "Binance USD-M": {
            "position_liquidation": {"sizing": '"shortage"'},
            "deleveraging": {"policy": '"queue"', "price": '"bankruptcy"'},
        },
        "Perp v2": {
            "position_liquidation": {"sizing": '"portion"', "portion": "0.5", "portion_min": "100"},
            "deleveraging": {"policy": '"none"'},
        },
        "Drift v2": {
            "position_liquidation": {
                "sizing": '"shortage"',
                "fee_ramp_delay": "600",
                "fee_margin_share": "0.95",
            },
            "deleveraging": {"policy": '"none"'},
        },
    }
)


def market_toml(preset: PerpPreset, *, name: str, asset: str) -> str:
    """Return the table of a market: a heading and one setting a line, decimals written exactly.

    Args:
        name: of the market; asset: whose price it follows.
    """
    lines = [f"[markets.{name}]", 'kind = "perp"', f'asset = "{asset}"']
    lines += [f"{key} = {value}" for key, value in settings(preset).items()]
    return "\n".join([*lines, ""])


def settings(preset: PerpPreset) -> dict[str, str]:
    """Return the settings of a market by their names in rules.toml, as TOML text."""
    first = preset.tiers[0]
    found = {
        "initial_margin": _text(first.initial_wad),
        "maintenance_margin": _text(first.maintenance_wad),
    }
    if len(preset.tiers) > 1:
        rows = (
            f"[{_text(tier.lower_wad)}, {_text(tier.initial_wad)}, {_text(tier.maintenance_wad)}]"
            for tier in preset.tiers
        )
        found["tiers"] = f"[{', '.join(rows)}]"
    if preset.interest:
        found["oi_lower"] = _text(preset.interest.lower_wad)
        found["oi_upper"] = _text(preset.interest.upper_wad)
    if preset.root and preset.root.factor_wad:
        found["size_factor"] = _text(preset.root.factor_wad)
        found["size_discount"] = _text(preset.root.base_wad)
    if preset.skew_margin_wad:
        found["skew_scale"] = _text(preset.skew_scale_wad)
        found["skew_margin"] = _text(preset.skew_margin_wad)
    if preset.position_wad:
        found["position_margin"] = _text(preset.position_wad)
    found["initial_gain_weight"] = _text(preset.gain_weight_wad)
    if preset.gain_cap_wad is not None:
        found["gain_cap"] = _text(preset.gain_cap_wad)
    found["withdrawal_margin"] = _text(preset.withdrawal_wad)
    if preset.liquidation_fee_wad:
        found["insurance_fee"] = _text(preset.liquidation_fee_wad)
    return found


def venue_toml(venue: str) -> str:
    """Return how a venue liquidates and deleverages, as sections of rules.toml; "" if unknown.

    Args:
        venue: as in the presets, a key of `VENUE_SECTIONS`.
    """
    parts = []
    for section, values in VENUE_SECTIONS.get(venue, {}).items():
        lines = [f"[{section}]", *(f"{key} = {value}" for key, value in values.items())]
        parts.append("\n".join([*lines, ""]))
    return "\n".join(parts)


def unsaid(preset: PerpPreset) -> tuple[str, ...]:
    """Return what the venue does and the engine's rules do not: its own list, and of tiers."""
    if len(preset.tiers) == 1:
        return preset.missing
    return (
        *preset.missing,
        "an initial fraction is one of the whole notional; here it is one of the part in its tier",
    )


def _text(value_wad: int) -> str:
    return format_decimal(value_wad, 18)
