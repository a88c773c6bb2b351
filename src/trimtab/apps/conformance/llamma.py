"""The rules of Curve LLAMMA v2: the prices of a band."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols.llamma_bands import Grid

Inputs = Mapping[str, Any]


def _band_prices(inputs: Inputs) -> dict[str, int]:
    # `log_A_ratio` is left aside: the contract computes it from A and ignores what it is given.
    grid = Grid(whole(inputs, "A"), whole(inputs, "base_price"))
    band, oracle = whole(inputs, "n"), whole(inputs, "p_oracle")
    return {
        "p_oracle_up": grid.oracle_price_up(band),
        "p_oracle_down": grid.oracle_price_up(band + 1),
        "p_current_down": grid.market_price_down(band, oracle),
        "p_current_up": grid.market_price_up(band, oracle),
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "curve_llamma_v2.band_prices": _band_prices,
}
