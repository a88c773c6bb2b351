"""The rules of recorded NautilusTrader cases; decimals are taken at 18 places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.scaled import from_wad, wad
from trimtab.protocols.nautilus import LeverageRefused, MarginModel, margin, notional

Inputs = Mapping[str, Any]


def _margin(inputs: Inputs) -> Fraction | str | None:
    size = notional(wad(inputs, "qty"), wad(inputs, "price"))
    found = margin(
        MarginModel(inputs["model"]),
        size,
        rate_wad=wad(inputs, "rate"),
        leverage_wad=wad(inputs, "leverage", default=1),
    )
    return "error" if isinstance(found, LeverageRefused) else from_wad(found)


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {"nautilus_leveraged_margin": _margin}
