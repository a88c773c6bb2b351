"""Recorded cases of derivatives venues, answered by the engine: whole accounts.

Each case becomes a venue of its own, with rules as data, that is opened, moved by commands and
asked to explain itself. Nothing of `protocols` is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.apps.conformance.scaled import from_wad, scaled, scaled_value, wad
from trimtab.engine import Draft, MemoryStore, explain, market_mark, open_venue, pnl, step
from trimtab.engine.perps.attribution import closed_value, own_share, whole_offer
from trimtab.engine.perps.deleveraging import pool_gain_wad
from trimtab.engine.perps.fills import pool_price_wad
from trimtab.engine.perps.settlement import position_of
from trimtab.engine.perps.sizing import bankruptcy_proceeds, fillable_price_wad
from trimtab.model import (
    Accepted,
    AdlPolicy,
    AssetRules,
    BookRow,
    Command,
    DeleveragingRules,
    Explanation,
    FundRules,
    MarketRules,
    MarketState,
    Rules,
    Tier,
    commands,
)
from trimtab.units import WAD, InternalError, div_down, div_up, mul_div_down, pow10

Inputs = Mapping[str, Any]

_USD: Final = "USD"
_COIN_DECIMALS: Final = {"BTC": 8, "ETH": 9}
_DYDX_USD: Final = {"BTC": 50_000, "ETH": 3_000}


@dataclass(frozen=True, slots=True)
class Opened:
    """A market of a case: its rules, the decimals of its asset, and its price in wad."""

    rules: MarketRules
    decimals: int
    price_wad: int


def venue_of(markets: Sequence[Opened], *, cash_decimals: int = 6, **rest: Any) -> Rules:
    """Rules of a venue of these markets and a quote that counts in full."""
    quote = AssetRules(
        _USD,
        decimals=cash_decimals,
        max_ltv_wad=WAD,
        liquidation_end_wad=WAD,
        liquidation_threshold_wad=WAD,
        price_wad=WAD,
    )
    assets = {_USD: quote}
    for market in markets:
        name = market.rules.asset
        assets[name] = AssetRules(name, decimals=market.decimals, price_wad=market.price_wad)
    by_name = {market.rules.name: market.rules for market in markets}
    return Rules("case", _USD, assets, {}, markets=by_name, **rest)


def perp(asset: str, initial_wad: int, maintenance_wad: int, **rest: Any) -> MarketRules:
    """A linear market of an asset."""
    return MarketRules(f"{asset}-PERP", initial_wad, maintenance_wad, asset=asset, **rest)


def open_case(rules: Rules, *rows: BookRow) -> MemoryStore:
    """A venue that holds these rows at second 1."""
    return open_venue(rules, rows, at_ns=pow10(9))


def explained(store: MemoryStore, key: str) -> Explanation:
    """The engine's own answer about an account."""
    draft = Draft(store, pow10(9))
    return explain(draft.account(key), draft)


def run(store: MemoryStore, command: Command) -> None:
    """Put a command in force that the engine must accept."""
    outcome = step(store, command)
    if not isinstance(outcome, Accepted):
        raise InternalError("the engine refused", found=str(outcome))
    store.apply(outcome)


# dYdX v4


def _dydx(cash: int, sizes: Mapping[str, int], **market: Any) -> MemoryStore:
    """A cross account: its quote balance (native units) includes what its positions cost."""
    markets = [
        Opened(
            perp(name, div_down(WAD, 5), div_down(WAD, 10), **market),
            _COIN_DECIMALS[name],
            _DYDX_USD[name] * WAD,
        )
        for name in sizes
    ]
    rows, equity = [], cash * pow10(12)
    for name, size in sizes.items():
        worth = size * _DYDX_USD[name] * pow10(18 - _COIN_DECIMALS[name])
        equity += worth
        rows.append(_row("a", f"{name}-PERP", size, entry_wad=_DYDX_USD[name] * WAD))
    # What was paid for the positions leaves the balance: the pnl at the mark is zero.
    return open_case(venue_of(markets, cash_decimals=18), _row("a", _USD, equity), *rows)


def _row(key: str, instrument: str, quantity: int, *, entry_wad: int | None = None) -> BookRow:
    return BookRow(key, instrument, quantity, entry_price_wad=entry_wad)


def _share(store: MemoryStore, market: str, *, closed: int) -> tuple[int, int]:
    """Signed value of the closed part at the mark, and its share of the equity; both 1e-54."""
    draft = Draft(store, pow10(9))
    offer = whole_offer(draft, "a", market=market)
    mark, side = offer.mark, 1 if offer.position.size > 0 else -1
    return side * closed * mark.price_wad * mark.lift, own_share(offer, closed)


def _bankruptcy(inputs: Inputs) -> int:
    held = inputs["positions_base_quantums"]
    store = _dydx(scaled(inputs, "usdc_balance", decimals=6), {k: whole(held, k) for k in held})
    closed = abs(whole(inputs, "delta_base_quantums"))
    value, share = _share(store, f"{inputs['close_market']}-PERP", closed=closed)
    return -div_floor_to(-(value - share), pow10(48))


def div_floor_to(value: int, unit: int) -> int:
    """Floor of a signed exact value in a unit."""
    return -div_up(-value, unit) if value < 0 else div_down(value, unit)


def _btc(inputs: Inputs, **market: Any) -> MemoryStore:
    size = whole(inputs, "position_btc_base_quantums")
    return _dydx(scaled(inputs, "usdc_balance", decimals=6), {"BTC": size}, **market)


def _ppm(inputs: Inputs, name: str) -> int:
    return whole(inputs, name) * pow10(12)


def _fillable(inputs: Inputs) -> Fraction | None:
    draft = Draft(_btc(inputs), pow10(9))
    offer = whole_offer(draft, "a", market="BTC-PERP")
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
            required=offer.sums.required,
            own_rate_wad=offer.mark.rules.maintenance_margin_wad,
            rules=rules,
        )
    )


def _insurance(inputs: Inputs) -> int:
    """The fund's fee of a fill, or what it pays: the engine's share less the fill's cost."""
    offer = whole_offer(Draft(_btc(inputs), pow10(9)), "a", market="BTC-PERP")
    size, price = offer.position.size, wad(inputs, "fill_price_usd")
    side, closed = (1 if size > 0 else -1), abs(size)
    left = own_share(offer, closed)
    left -= closed_value(closed, offer.mark, side=side, price_wad=price)
    if left <= 0:
        return div_floor_to(left, pow10(48))
    most = mul_div_down(closed * price * offer.mark.lift, _ppm(inputs, "max_liquidation_fee_ppm"), WAD)
    return div_down(min(most, left), pow10(48))


def _deleveraged(inputs: Inputs) -> dict[str, Fraction]:
    """Through `Deleverage` itself; cash after is equity less the position at the mark."""
    rows, price = [], _DYDX_USD["BTC"] * WAD
    for key in ("liq", "off"):
        size = scaled(inputs, f"{key}_btc", decimals=8)
        equity = wad(inputs, f"{key}_usdc") + size * _DYDX_USD["BTC"] * pow10(10)
        rows.append(_row(key, _USD, equity))
        rows.append(_row(key, "BTC-PERP", size, entry_wad=price))
    market = Opened(perp("BTC", div_down(WAD, 5), div_down(WAD, 10)), 8, price)
    rules = venue_of([market], cash_decimals=18)
    store = open_case(replace(rules, deleveraging=DeleveragingRules(AdlPolicy.QUEUE)), *rows)
    before = {key: explained(store, key).equity_wad for key in ("liq", "off")}
    if before["liq"] < 0:
        run(store, commands.Deleverage(pow10(9), "liq", "BTC-PERP", ("off",)))
    else:
        # A solvent account's position goes at the price at which its equity is used up.
        found = explained(store, "liq").positions[0].bankruptcy_price_wad
        size = -scaled(inputs, "liq_btc", decimals=8)
        assert found is not None, "an account with a position"
        run(store, commands.Trade(pow10(9), "BTC-PERP", "off", "liq", -size, found))
    after = {key: explained(store, key) for key in ("liq", "off")}
    quantity = abs(scaled(inputs, "liq_btc", decimals=8))
    side = 1 if scaled(inputs, "liq_btc", decimals=8) > 0 else -1
    moved = Fraction(after["off"].equity_wad - before["off"], WAD) / Fraction(quantity, pow10(8))
    held = sum(p.size for p in after["off"].positions) * _DYDX_USD["BTC"]
    return {
        "bankruptcy_price": _DYDX_USD["BTC"] - side * moved,
        "offset_usdc_after": Fraction(after["off"].equity_wad, WAD) - Fraction(held, pow10(8)),
        "liquidated_usdc_after": Fraction(after["liq"].equity_wad, WAD),
    }
