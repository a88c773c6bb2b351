"""Prices moved at once, exactly: what becomes of a venue's price records, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trimtab.engine import Draft
from trimtab.model import Key, MarketState, PriceState, Record, Rules, Table, View
from trimtab.units import UINT256_MAX, WAD, DataError, mul_div_down


@dataclass(frozen=True, slots=True)
class Shock:
    """How prices move: factors (wad) by asset, prices (wad) by asset, which win over a factor.

    `all_wad` is the factor of every other asset but the quote.
    """

    factors_wad: Mapping[str, int] = field(default_factory=dict)
    prices_wad: Mapping[str, int] = field(default_factory=dict)
    all_wad: int = WAD

    @property
    def named(self) -> set[str]:
        """The assets that it names."""
        return {*self.factors_wad, *self.prices_wad}


def shocked_records(view: View, draft: Draft, *, shock: Shock) -> dict[Key, Record]:
    """Return the price records that a shock changes, by their keys; products are rounded down.

    A yield-bearing asset moves with its underlying; mark prices of markets move with their asset.
    A price that sources are smoothed to stays as it is.

    Raises:
        DataError: a shock of an asset that is not there or has no price of its own, or a price
            beyond any.
    """
    rules = draft.rules
    found: dict[Key, Record] = {}
    for asset in rules.assets:
        state = view.get(Table.PRICE, asset)
        _require_priced(asset, rules, shock=shock)
        if not isinstance(state, PriceState) or not _moves(asset, rules):
            continue
        price = shock.prices_wad.get(asset)
        if price is None:
            price = mul_div_down(state.price_wad, _factor_wad(draft, asset, shock=shock), WAD)
        if not 0 < price <= UINT256_MAX:
            raise DataError("the price is out of range", column=asset, expected="above 0")
        if price != state.price_wad:
            found[Table.PRICE, asset] = replace(state, price_wad=price)
    for asset in sorted(shock.named - set(rules.assets)):
        known = ", ".join(sorted(rules.assets))
        raise DataError("there is no such asset", found=asset, expected=known)
    for market, terms in rules.markets.items():
        held = view.get(Table.MARKET, market)
        if isinstance(held, MarketState) and held.mark_wad:
            factor = _factor_wad(draft, terms.asset, shock=shock)
            mark = max(1, mul_div_down(held.mark_wad, factor, WAD))
            found[Table.MARKET, market] = replace(held, mark_wad=mark)
    return found


def _moves(asset: str, rules: Rules) -> bool:
    return asset != rules.quote and not rules.assets[asset].underlying


def _require_priced(asset: str, rules: Rules, *, shock: Shock) -> None:
    if asset in shock.named and not _moves(asset, rules):
        what = "this asset has no price of its own"
        raise DataError(what, found=asset, expected="an asset other than the quote, its underlying")


def _factor_wad(draft: Draft, asset: str, *, shock: Shock) -> int:
    """By how much an asset's price moves, wad."""
    if asset in shock.prices_wad:
        mark = draft.mark_if_priced(asset)
        return WAD if mark is None else mul_div_down(shock.prices_wad[asset], WAD, mark.price_wad)
    if asset == draft.rules.quote:
        return WAD
    return shock.factors_wad.get(asset, shock.all_wad)
