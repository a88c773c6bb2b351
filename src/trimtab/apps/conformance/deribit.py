"""The rule of Deribit: one entry of the risk vector of an inverse perpetual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.scaled import from_wad, wad
from trimtab.protocols.deribit import BTC, InverseFuture, Move, profit_wad


def _inverse_profit(inputs: Mapping[str, Any]) -> Fraction | None:
    held = InverseFuture(wad(inputs, "btc_value"))
    return from_wad(profit_wad(held, Move(wad(inputs, "shock"), 0), rules=BTC))


RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "deribit_inverse_perp_risk_vector": _inverse_profit,
}
