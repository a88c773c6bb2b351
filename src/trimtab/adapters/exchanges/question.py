"""What is asked of an exchange: which instruments, from when to when, and which tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from trimtab.units import NANOSECONDS, Time, UsageError

_TIMEFRAME: Final = re.compile(r"([1-9]\d{0,2})([mhdw])")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
LEVELS_MOST: Final = 5000
CANDLES_MOST: Final = 5_000_000


@unique
class PriceKind(StrEnum):
    """Which price of an instrument: of trades, or the exchange's mark or index."""

    TRADE = "trade"
    MARK = "mark"
    INDEX = "index"


@unique
class DataTable(StrEnum):
    """A table that can be imported; each is a file of the case."""

    PRICES = "prices"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    DEPTH = "depth"


@dataclass(frozen=True, slots=True)
class ExchangeQuestion:
    """Instruments of one exchange and what to read of them.

    Args:
        exchange: its name in ccxt, as in "binanceusdm".
        symbols: from an asset's name in the rules to ccxt's symbol, as in
            {"ETH": "ETH/USDT:USDT"}.
        since_ns: prices from here on, ns UTC.
        until_ns: up to here; None is the exchange's present.
        timeframe: of candles and open interest: "1m", "5m", "1h", "4h", "1d" and the like.
        price: which price.
        tables: what to read; prices are always read.
        depth_levels: price levels of each side of an order book.
        quote: the case's unit of prices; "" is the quote of the symbols, which then is one.

    Raises:
        UsageError: an argument that no exchange could make sense of.
    """

    exchange: str
    symbols: Mapping[str, str]
    since_ns: int
    until_ns: int | None = None
    timeframe: str = "1h"
    price: PriceKind = PriceKind.TRADE
    tables: frozenset[DataTable] = field(default_factory=lambda: frozenset(DataTable))
    depth_levels: int = 100
    quote: str = ""

    def __post_init__(self) -> None:
        if not self.symbols:
            raise UsageError("--symbol: name at least one, as in ETH=ETH/USDT:USDT")
        if not self.exchange.isidentifier():
            raise UsageError(f"--exchange {self.exchange!r}: expected a name of ccxt")
        if self.until_ns is not None and self.until_ns <= self.since_ns:
            text = Time(self.since_ns).text()
            raise UsageError(f"--until: expected a time after --since, which is {text}")
        if not 1 <= self.depth_levels <= LEVELS_MOST:
            raise UsageError(f"--depth-levels: expected 1 to {LEVELS_MOST}")
        if self.timeframe_seconds < 1:
            raise UsageError("--timeframe: expected more than nothing")
        object.__setattr__(self, "symbols", MappingProxyType(dict(self.symbols)))

    @property
    def timeframe_seconds(self) -> int:
        """Return the length of a candle."""
        found = _TIMEFRAME.fullmatch(self.timeframe)
        if found is None:
            raise UsageError(f"--timeframe {self.timeframe!r}: expected 1m, 15m, 1h, 4h, 1d, 1w")
        return int(found[1]) * _SECONDS[found[2]]

    def candles(self, until_ns: int) -> int:
        """Return how many candles of one instrument there can be.

        Raises:
            UsageError: more than could sensibly be asked for.
        """
        count = -(-(until_ns - self.since_ns) // (self.timeframe_seconds * NANOSECONDS))
        if count > CANDLES_MOST:
            raise UsageError(
                f"{count:,} candles of {self.timeframe} an instrument: at most {CANDLES_MOST:,}; "
                "choose a longer --timeframe or a later --since"
            )
        return count


def symbol_of(text: str) -> tuple[str, str]:
    """Return asset and symbol of "ETH=ETH/USDT:USDT", or of a symbol alone: its base asset.

    Raises:
        UsageError: neither.
    """
    asset, equals, symbol = text.partition("=")
    if not equals:
        asset, symbol = text.partition("/")[0], text
    if not asset or "/" not in symbol:
        raise UsageError(f"--symbol {text!r}: expected ASSET=BASE/QUOTE or ASSET=BASE/QUOTE:SETTLE")
    return asset, symbol
