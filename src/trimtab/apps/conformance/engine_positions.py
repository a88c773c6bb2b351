"""Recorded dYdX v4 cases of whole accounts, answered by the engine's own functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.engine_venue import (
    EXACT_PER_USDC,
    START_NS,
    USD,
    Opened,
    draft_of,
    explained,
    floor_in,
    open_case,
    run,
    venue_of,
)
from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled, wad
from trimtab.engine import MemoryStore
from trimtab.engine.perps.attribution import closed_value, own_share, whole_offer
from trimtab.engine.perps.sizing import fillable_price_wad
from trimtab.model import AdlPolicy, BookRow, DeleveragingRules, MarketRules, commands
from trimtab.units import WAD, div_down, mul_div_down, pow10

Inputs = Mapping[str, Any]

_DECIMALS: Final = {"BTC": 8, "ETH": 9}
_PRICES_USD: Final = {"BTC": 50_000, "ETH": 3_000}
_BTC: Final = "BTC-PERP"


def _market(name: str) -> Opened:
    # Initial margin 20 %, half of it maintenance, as the groups' `conventions` say.
    rules = MarketRules(f"{name}-PERP", div_down(WAD, 5), div_down(WAD, 10), asset=name)
    return Opened(rules, _DECIMALS[name], _PRICES_USD[name] * WAD)


def _account(cash_wad: int, sizes: Mapping[str, int]) -> MemoryStore:
    """A cross account whose quote balance includes what its positions cost.

    Its positions stand at the mark here, so that the balance is its whole equity.
    """
    rows, equity = [], cash_wad
    for name, size in sizes.items():
        equity += size * _PRICES_USD[name] * pow10(18 - _DECIMALS[name])
        rows.append(BookRow("a", f"{name}-PERP", size, entry_price_wad=_PRICES_USD[name] * WAD))
    rules = venue_of([_market(name) for name in sizes])
    return open_case(rules, BookRow("a", USD, equity), *rows)


def _bankruptcy(inputs: Inputs) -> int:
    held = inputs["positions_base_quantums"]
    store = _account(wad(inputs, "usdc_balance"), {name: whole(held, name) for name in held})
    offer = whole_offer(draft_of(store), "a", market=f"{inputs['close_market']}-PERP")
    mark, side = offer.mark, 1 if offer.position.size > 0 else -1
    closed = abs(whole(inputs, "delta_base_quantums"))
    value = side * closed * mark.price_wad * mark.lift
    return -floor_in(own_share(offer, closed) - value, EXACT_PER_USDC)


def _btc(inputs: Inputs) -> MemoryStore:
    size = whole(inputs, "position_btc_base_quantums")
    return _account(wad(inputs, "usdc_balance"), {"BTC": size})


def _ppm(inputs: Inputs, name: str) -> int:
    return whole(inputs, name) * pow10(12)


def _fillable(inputs: Inputs) -> Fraction | None:
    draft = draft_of(_btc(inputs))
    offer = whole_offer(draft, "a", market=_BTC)
    rules = replace(
        draft.rules.position_liquidation,
        bankruptcy_adjustment_wad=_ppm(inputs, "bankruptcy_adjustment_ppm"),
        fillable_spread_wad=_ppm(inputs, "spread_to_mmr_ppm"),
    )
    return from_wad(
        fillable_price_wad(
            offer.mark.price_wad,
            size=offer.position.size,
            equity=offer.sums.equity * WAD,
            required=offer.sums.requirement_maintenance,
            own_rate_wad=offer.mark.rules.maintenance_margin_wad,
            rules=rules,
        )
    )


def _insurance(inputs: Inputs) -> int:
    """The fund's fee of a fill, or what it pays: the position's share less what the fill costs."""
    offer = whole_offer(draft_of(_btc(inputs)), "a", market=_BTC)
    price, closed = wad(inputs, "fill_price_usd"), abs(offer.position.size)
    side = 1 if offer.position.size > 0 else -1
    left = own_share(offer, closed)
    left -= closed_value(closed, offer.mark, side=side, price_wad=price)
    if left > 0:
        value = closed * price * offer.mark.lift
        left = min(left, mul_div_down(value, _ppm(inputs, "max_liquidation_fee_ppm"), WAD))
    return floor_in(left, EXACT_PER_USDC)


def _deleveraged(inputs: Inputs) -> dict[str, Fraction]:
    """A bankrupt account through `Deleverage`, a solvent one at its explained bankruptcy price."""
    price, rows = _PRICES_USD["BTC"], []
    sizes = {key: scaled(inputs, f"{key}_btc", decimals=8) for key in ("liq", "off")}
    for key, size in sizes.items():
        rows.append(BookRow(key, USD, wad(inputs, f"{key}_usdc") + size * price * pow10(10)))
        rows.append(BookRow(key, _BTC, size, entry_price_wad=price * WAD))
    rules = replace(venue_of([_market("BTC")]), deleveraging=DeleveragingRules(AdlPolicy.QUEUE))
    store = open_case(rules, *rows)
    found, before = explained(store, "liq"), explained(store, "off").equity_wad
    if found.equity_wad < 0:
        run(store, commands.Deleverage(START_NS, "liq", _BTC, ("off",)))
    else:
        at = found.positions[0].bankruptcy_price_wad or 0
        run(store, commands.Trade(START_NS, _BTC, "off", "liq", sizes["liq"], at))
    after = explained(store, "off")
    held = Fraction(sum(p.size for p in after.positions) * price, pow10(8))
    # What the cut moved, per coin: the price lies that far from the mark.
    moved = Fraction(after.equity_wad - before, WAD) * Fraction(pow10(8), sizes["liq"])
    return {
        "bankruptcy_price": price - moved,
        "offset_usdc_after": Fraction(after.equity_wad, WAD) - held,
        "liquidated_usdc_after": Fraction(explained(store, "liq").equity_wad, WAD),
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "dydx_bankruptcy_price": _bankruptcy,
    "dydx_deleveraging_at_bankruptcy_price": _deleveraged,
    "dydx_fillable_price": _fillable,
    "dydx_insurance_fund_delta": _insurance,
}
