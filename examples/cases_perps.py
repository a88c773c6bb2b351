"""Cases of perpetual venues: real rules and real prices, synthetic books.

Public position data of these venues is not in the data sets, so the accounts are drawn from one
seed: leverages as people use them, sizes over five orders of magnitude, longs and shorts in pairs.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random

from case_files import BuiltCase, lines, plain

from trimtab.adapters.files.parquet_tables import read_parquet
from trimtab.adapters.files.tables import Instant
from trimtab.protocols.dydx_presets import SCRIPT_TIERS, preset_of
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.protocols.perp_presets import PerpPreset
from trimtab.protocols.perp_rules import market_toml, unsaid, venue_toml
from trimtab.protocols.perp_venue_presets import HYPERLIQUID
from trimtab.units import NANOSECONDS, Time

BARS = "ohlcv/binance_usdm_perp_5m_btc_eth_ltc_2023-01_2024-02.parquet"
BRACKETS = "configs/binance_usdm_leverage_tiers.json.gz"
START, END = "2023-08-17T12:00:00Z", "2023-08-18T12:00:00Z"
STEP_SECONDS = 300
LEVERAGES = (2, 3, 5, 5, 8, 10, 10, 15, 20, 25, 40)
PAIRS = 200
SEED = 20230817


@dataclass(frozen=True, slots=True)
class Book:
    """How a book is drawn: notionals of an account in USD, and the most leverage anyone takes.

    insurance: capital of the venue's fund, USD.
    """

    smallest: int
    largest: int
    leverage_max: int
    insurance: int


def binance_btc(data: Path) -> BuiltCase:
    """Tiers of Binance's BTCUSDT through the flash crash of 17 August 2023."""
    with gzip.open(data / BRACKETS, "rt", encoding="utf-8") as handle:
        presets = brackets_presets(json.load(handle, parse_float=str))
    book = Book(1_000, 100_000_000, 40, 20_000_000)
    return _case(
        "binance-btc-2023-08", "BTC", preset=presets["BTC/USDT:USDT"], book=book, data=data
    )


def hyperliquid_eth(data: Path) -> BuiltCase:
    """Two tiers of Hyperliquid's ETH through the same day; some past its bound."""
    preset = next(one for one in HYPERLIQUID if one.market == "ETH")
    book = Book(10_000, 150_000_000, 15, 50_000_000)
    return _case("hyperliquid-eth-2023-08", "ETH", preset=preset, book=book, data=data)


def dydx_ltc(data: Path) -> BuiltCase:
    """LTC in dYdX's Small-Cap tier, its open interest between the caps, through the same day."""
    preset = preset_of("LTC-USD", SCRIPT_TIERS["Small-Cap"])
    book = Book(10_000, 1_000_000, 10, 500_000)
    return _case("dydx-ltc-2023-08", "LTC", preset=preset, book=book, data=data)


def _case(name: str, asset: str, *, preset: PerpPreset, book: Book, data: Path) -> BuiltCase:
    prices = _prices(data, asset)
    accounts = _accounts(prices[0][1], asset=asset, book=book)
    notional = sum(
        Decimal(row.split(",")[2]) * Decimal(prices[0][1])
        for row in accounts
        if row.split(",")[1].endswith("-PERP") and not row.split(",")[2].startswith("-")
    )
    notes = [
        f"Rules: {preset.venue} {preset.market} as of {preset.as_of}, from {preset.source}.",
        f"Prices: {len(prices)} five-minute closes of Binance's {asset}USDT perpetual.",
        f"Book: {2 * PAIRS} synthetic accounts, seed {SEED}; open interest {notional:,.0f} USD.",
        *(f"Not in the rules: {words}." for words in unsaid(preset)),
    ]
    rules = [
        "[venue]",
        f'name = "{name}"',
        'quote = "USD"',
        "",
        f"[assets.{asset}]",
        "decimals = 8",
        "",
        market_toml(preset, name=f"{asset}-PERP", asset=asset),
        venue_toml(preset.venue),
        "[insurance]",
        f"balance = {book.insurance}",
        "",
    ]
    files: Mapping[str, str] = {
        "rules.toml": "\n".join(rules),
        "book.csv": lines("account,instrument,quantity,entry_price", accounts),
        "prices.csv": lines(
            "timestamp,asset,price", (f"{at},{asset},{price}" for at, price in prices)
        ),
    }
    return BuiltCase(name, files, notes)


def _prices(data: Path, asset: str) -> list[tuple[str, str]]:
    """Closes of the window as exact text; a bar's close is known at its end."""
    table = read_parquet(data / BARS)
    first, last = (Time.parse(text).raw for text in (START, END))
    found = []
    columns = (table.column(name) for name in ("symbol", "timestamp", "close"))
    for symbol, opened, close in zip(*columns, strict=True):
        if not str(symbol).startswith(asset) or not isinstance(opened, Instant):
            continue
        closed_ns = opened.ns + STEP_SECONDS * NANOSECONDS
        if first <= closed_ns <= last:
            found.append((closed_ns, plain(Decimal(repr(close)))))
    return [(Time(at).text(), price) for at, price in sorted(found)]


def _accounts(price: str, *, asset: str, book: Book) -> Sequence[str]:
    """Rows of longs and shorts in pairs of one size, each with margin for its own leverage."""
    draw = Random(SEED)
    rows = []
    for number in range(PAIRS):
        part = draw.random() ** 3
        notional = book.smallest * (book.largest / book.smallest) ** part
        size = Decimal(f"{notional / float(price):.4f}")
        for side, sign in (("long", ""), ("short", "-")):
            leverage = min(draw.choice(LEVERAGES), book.leverage_max)
            margin = (size * Decimal(price) / leverage).quantize(Decimal("0.01"))
            account = f"{side}-{number:03}-{leverage}x"
            rows.append(f"{account},USD,{plain(margin)},")
            rows.append(f"{account},{asset}-PERP,{sign}{plain(size)},{price}")
    return rows
