"""Markets from a book: positions at their entry prices, and a pool that takes the open side.

Sizes of a market sum to zero. What the book leaves open is held by the market's pool, at the mean
entry price of the positions it stands against, so that the market owes nothing on the first day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.engine.perps.marks import fund_key, pool_key
from trimtab.engine.scales import EXACT_DECIMALS, EXACT_PER_WAD
from trimtab.model import (
    INSURANCE,
    BookRow,
    MarketRules,
    MarketState,
    Position,
    Rules,
    account_key,
    contract_decimals,
)
from trimtab.units import WAD, DataError, div_down, div_floor, div_up, mul_div_down, pow10


@dataclass(frozen=True, slots=True)
class OpenMarkets:
    """Market records, positions by account and market, and capital (native units) by account."""

    states: tuple[MarketState, ...]
    positions: Mapping[str, Mapping[str, Position]]
    capital: Mapping[str, dict[str, int]]


def open_markets(
    rules: Rules, book: Sequence[BookRow], *, prices: Mapping[str, int]
) -> OpenMarkets:
    """The markets of a venue that holds a book.

    Raises:
        DataError: a position with neither an entry price nor a first price.
    """
    positions: dict[str, dict[str, Position]] = {}
    states, capital = [], _rings(rules)
    for market in rules.markets.values():
        rows = [row for row in book if row.instrument == market.name and row.quantity]
        keys = {account_key(row.account, row.group) for row in rows}
        lift = pow10(EXACT_DECIMALS - contract_decimals(rules, market))
        price = prices.get(market.name, prices.get(market.asset, 0))
        price = price or rules.assets[market.asset].price_wad or 0
        total = cost = 0
        for row in rows:
            entry = row.entry_price_wad or price
            paid = _cost(row, market, entry_wad=entry, lift=lift)
            held = positions.setdefault(account_key(row.account, row.group), {})
            before = held.get(market.name, Position())
            held[market.name] = Position(before.size + row.quantity, before.cost + paid)
            total, cost = total + row.quantity, cost + paid
        sizes = [positions[key][market.name].size for key in keys]
        long, short = sum(max(0, size) for size in sizes), sum(max(0, -size) for size in sizes)
        pool = pool_key(market.name)
        if total or cost:
            positions[pool] = {market.name: Position(-total, -cost)}
        settle = market.asset if market.is_inverse else rules.quote
        units = _capital(rules, market, open_size=abs(total), price_wad=price)
        if units:
            capital[pool] = {settle: units}
        states.append(MarketState(market.name, long=long, short=short))
    return OpenMarkets(tuple(states), positions, capital)


def _cost(row: BookRow, market: MarketRules, *, entry_wad: int, lift: int) -> int:
    """Cost of a row at its entry price; a purchase's rounds up (see `fills.fill_cost`)."""
    if entry_wad == 0:
        raise DataError(
            "the position has no entry price, and its asset no first price",
            column="entry_price",
            found=f"{row.account} in {row.instrument}",
            expected="an entry price",
        )
    if market.is_inverse:
        return -div_floor(row.quantity * WAD * lift, entry_wad)
    return row.quantity * entry_wad * lift


def _capital(rules: Rules, market: MarketRules, *, open_size: int, price_wad: int) -> int:
    """The pool's capital in native units: as the rules say, or the notional it takes."""
    lift = pow10(EXACT_DECIMALS - contract_decimals(rules, market))
    value = market.pool_balance_wad
    exact = open_size * (WAD if market.is_inverse else price_wad) * lift
    wad = div_up(exact, EXACT_PER_WAD) if value is None else value
    if not market.is_inverse:
        return mul_div_down(wad, pow10(rules.assets[rules.quote].decimals), WAD)
    if price_wad == 0:
        return 0
    return div_down(wad * pow10(rules.assets[market.asset].decimals), price_wad)


def _rings(rules: Rules) -> dict[str, dict[str, int]]:
    """Capital of the insurance funds that markets have for themselves, in the quote."""
    capital: dict[str, dict[str, int]] = {}
    unit = pow10(rules.assets[rules.quote].decimals)
    for market in rules.markets.values():
        amount = mul_div_down(market.insurance_balance_wad, unit, WAD)
        key = fund_key(market)
        if amount and key != INSURANCE:
            held = capital.setdefault(key, {rules.quote: 0})
            held[rules.quote] += amount
    return capital
