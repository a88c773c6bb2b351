"""The rules of recorded Hyperliquid cases; decimals are taken at 18 places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled_value, wad
from trimtab.protocols.hyperliquid import Tier, Tiers

Inputs = Mapping[str, Any]


def _maintenance(inputs: Inputs) -> Fraction | None:
    rows = tuple(
        Tier(scaled_value(lower, decimals=18), whole({"leverage": leverage}, "leverage"))
        for lower, leverage in inputs["tiers"]
    )
    return from_wad(Tiers(rows).maintenance(wad(inputs, "notional")))


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {"hyperliquid_margin_tiers": _maintenance}
