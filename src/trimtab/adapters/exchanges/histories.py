"""The histories that an exchange offers of an instrument, as rows of exact decimal text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from typing import Any, Final

from trimtab.adapters.exchanges.asking import MILLISECONDS, Exchange
from trimtab.adapters.exchanges.pages import CANDLES_A_PAGE, ROWS_A_PAGE, History, Row
from trimtab.adapters.exchanges.question import DataTable, ExchangeQuestion, PriceKind
from trimtab.units import DataError

# Funding is paid every hour or more seldom.
FUNDING_STEP_MS: Final = 3_600_000
OHLCV_METHODS: Final = {
    PriceKind.TRADE: ("fetchOHLCV", "fetch_ohlcv"),
    PriceKind.MARK: ("fetchMarkOHLCV", "fetch_mark_ohlcv"),
    PriceKind.INDEX: ("fetchIndexOHLCV", "fetch_index_ohlcv"),
}
ABILITIES: Final = {
    DataTable.FUNDING: "fetchFundingRateHistory",
    DataTable.OPEN_INTEREST: "fetchOpenInterestHistory",
    DataTable.DEPTH: "fetchOrderBook",
}
_DIGITS: Final = Context(prec=60, rounding=ROUND_DOWN)
_CLOSE: Final = 4


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument: the asset's name in the rules, ccxt's symbol and its market."""

    asset: str
    symbol: str
    market: Mapping[str, Any]


def price_history(
    exchange: Exchange, instrument: Instrument, *, question: ExchangeQuestion, until_ms: int
) -> History:
    """Return the history of closes: rows of time and price.

    A close is known at the end of its candle and stands at that time; a candle that is not over by
    `until_ms` is left out.
    """
    step_ms = question.timeframe_seconds * MILLISECONDS
    method = getattr(exchange.client, OHLCV_METHODS[question.price][1])

    def fetch(at_ms: int) -> list[Row]:
        begin_ms = at_ms - step_ms
        candles = exchange.ask(
            lambda: method(instrument.symbol, question.timeframe, begin_ms, CANDLES_A_PAGE),
            what=f"candles of {instrument.symbol}",
        )
        return [
            [int(candle[0]) + step_ms, decimal_text(candle[_CLOSE], instrument.symbol)]
            for candle in candles
            if candle[0] is not None and candle[_CLOSE] is not None
        ]

    # The first candle that ends at or after the beginning; the last one that ends by the end.
    since_ms = question.since_ns // 10**6
    return History(f"prices-{instrument.asset}", since_ms, until_ms + 1, step_ms, fetch)


def funding_history(
    exchange: Exchange, instrument: Instrument, *, question: ExchangeQuestion, until_ms: int
) -> History:
    """Return the history of funding: rows of time and rate, a fraction, + paid by longs."""

    def fetch(at_ms: int) -> list[Row]:
        found = exchange.ask(
            lambda: exchange.client.fetch_funding_rate_history(
                instrument.symbol, at_ms, ROWS_A_PAGE
            ),
            what=f"funding of {instrument.symbol}",
        )
        rows = [(one["timestamp"], one["fundingRate"]) for one in found]
        return [[int(at), decimal_text(rate, instrument.symbol)] for at, rate in rows if at]

    since_ms = question.since_ns // 10**6
    name = f"funding-{instrument.asset}"
    return History(name, since_ms, until_ms + 1, FUNDING_STEP_MS, fetch)


def open_interest_history(
    exchange: Exchange, instrument: Instrument, *, question: ExchangeQuestion, until_ms: int
) -> History:
    """Return the history of open interest: rows of time, whole units of the base, and value.

    The value is "" where the exchange tells none.
    """

    def fetch(at_ms: int) -> list[Row]:
        found = exchange.ask(
            lambda: exchange.client.fetch_open_interest_history(
                instrument.symbol, question.timeframe, at_ms, ROWS_A_PAGE
            ),
            what=f"open interest of {instrument.symbol}",
        )
        return [
            [
                int(one["timestamp"]),
                optional_text(one.get("openInterestAmount"), instrument.symbol),
                optional_text(one.get("openInterestValue"), instrument.symbol),
            ]
            for one in found
            if one["timestamp"]
        ]

    step_ms = question.timeframe_seconds * MILLISECONDS
    since_ms = question.since_ns // 10**6
    return History(f"open_interest-{instrument.asset}", since_ms, until_ms + 1, step_ms, fetch)


def order_book(exchange: Exchange, instrument: Instrument, *, levels: int) -> list[Row]:
    """Return the present book: rows of time in ms, side, price and whole units of the base.

    Bids from the highest, asks from the lowest. Contracts become units of the base: times the size
    of a contract, and for inverse contracts divided by the price, to 18 places, down.

    Raises:
        DataError: a side is empty, or the best bid is not below the best ask.
    """
    found = exchange.ask(
        lambda: exchange.client.fetch_order_book(instrument.symbol, levels),
        what=f"the book of {instrument.symbol}",
    )
    at_ms = int(found["timestamp"] or exchange.now_ms())
    sides: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for side, name in (("bid", "bids"), ("ask", "asks")):
        rows = [(Decimal(str(price)), Decimal(str(size))) for price, size, *_ in found[name]]
        # ccxt reads a book as floats, whose shortest text is what the exchange wrote.
        sides[side] = sorted(rows, reverse=side == "bid")[:levels]
    if not all(sides.values()) or sides["bid"][0][0] >= sides["ask"][0][0]:
        raise DataError(
            "the order book is empty or crossed",
            where=exchange.name,
            found=instrument.symbol,
            hint="ask again, or leave depth out",
        )
    return [
        [at_ms, side, plain(price), plain(base_units(instrument.market, price, amount=amount))]
        for side, rows in sides.items()
        for price, amount in rows
    ]


def base_units(market: Mapping[str, Any], price: Decimal, *, amount: Decimal) -> Decimal:
    """Return an amount of an order book in units of the base asset, to 18 places, rounded down."""
    if not market.get("contract"):
        return amount
    size = _DIGITS.multiply(amount, Decimal(str(market.get("contractSize") or 1)))
    units = _DIGITS.divide(size, price) if market.get("inverse") else size
    return units.quantize(Decimal(1).scaleb(-18), context=_DIGITS)


def decimal_text(number: Any, symbol: str) -> str:
    """Return a number of an answer as plain decimal text, without an exponent.

    Raises:
        DataError: it is no finite number.
    """
    try:
        value = Decimal(str(number))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise DataError(
            "the answer holds no number",
            where=symbol,
            found=str(number),
            expected="a finite decimal number",
        )
    return plain(value)


def optional_text(number: Any, symbol: str) -> str:
    """Return a number as decimal text, "" where there is none."""
    return "" if number is None else decimal_text(number, symbol)


def plain(value: Decimal) -> str:
    """Return a decimal without exponent and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
