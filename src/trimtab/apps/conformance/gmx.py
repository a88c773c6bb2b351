"""The rules of recorded GMX v2 cases; USD and prices at 30 places, tokens at 18."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.scaled import scaled
from trimtab.protocols.gmx import ONE, Pool, Position, PricePair, Rules, adl_enabled, pnl_factor
from trimtab.units import mul_div_down

Inputs = Mapping[str, Any]

_USD: Final = 30
# A price is USD at 30 places per token unit of 1e-18.
_PRICE: Final = _USD - 18


def _adl(inputs: Inputs) -> dict[str, Fraction | int]:
    price = scaled(inputs, "price", decimals=_PRICE)
    pool = Pool(scaled(inputs, "pool_long_tokens", decimals=18), PricePair(price, price))
    size_usd = scaled(inputs, "size_usd", decimals=_USD)
    entry = scaled(inputs, "entry", decimals=_PRICE)
    position = Position(size_usd, mul_div_down(size_usd, 1, entry), is_long=True)
    rules = Rules(profit_max_adl=scaled(inputs, "max_pnl_factor_for_adl", decimals=_USD))
    worth = pool.side_usd(is_long=True)
    factor = pnl_factor(position.pnl(price), worth)
    return {
        "pnl": Fraction(position.pnl(price), ONE),
        "pool": Fraction(worth, ONE),
        "factor": Fraction(factor, ONE),
        "enabled": int(adl_enabled(factor, rules)),
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {"gmx_adl_trigger": _adl}
