"""Reads the raw market tables of the data sets: books, feeds, pools, oracle rounds, gas, flow."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.markets import OrderBookLadder, ladder_of

Floats = NDArray[np.float64]
Rows = list[tuple[float, float]]
RISK_METRICS = 0.94
NEAR = 0.001

BOOK_MARKS = ('"lastUpdateId"', '"depthUpdate"', '"l2Book"')

# Feed file -> asset, day, whether quantities are contracts of 100 dollars.
FEEDS = {
    "usdm_btcusdt_20240808": ("BTC", "2024-08-08", False),
    "spot_ethusdt_20240808": ("ETH", "2024-08-08", False),
    "cm_btcusd_perp_20240808": ("BTC", "2024-08-08", True),
}


@dataclass(frozen=True, slots=True)
class Feed:
    """A book at its snapshot, and bid depth within 10 bps and middle price each second after it."""

    book: OrderBookLadder
    depths: Floats
    middles: Floats


def feed(data: Path, name: str) -> Feed:
    """Replay a raw feed from its snapshot: levels are set by each depth message after it."""
    contracts = FEEDS[name][2]
    sides: dict[str, dict[float, float]] = {}
    begin, depths, middles = 0, [], []
    book: OrderBookLadder | None = None
    for stamp, message in _messages(data / f"orderbook/{name}.gz"):
        if "lastUpdateId" in message:
            sides = {side: dict(_rows(message[side])) for side in ("bids", "asks")}
            book, begin = _ladder(sides, contracts), stamp
            continue
        update = message.get("data", {})
        if book is None or update.get("e") != "depthUpdate":
            continue
        while stamp - begin >= 1e9 * (len(depths) + 1):
            depth, middle = _near(sides, contracts)
            depths.append(depth)
            middles.append(middle)
        for side, key in (("bids", "b"), ("asks", "a")):
            _change(sides[side], update[key])
    assert book is not None, "a feed has a snapshot"
    return Feed(book, np.array(depths), np.array(middles))


def snapshots(data: Path) -> dict[str, OrderBookLadder]:
    """Return the books that are snapshots alone: 20, 100 and 500 levels of bids."""
    found = {}
    for _, message in _messages(data / "orderbook/hyperliquid_btcusd_20250126.gz"):
        if message.get("channel") == "l2Book":
            bids, asks = (
                [(float(row["px"]), float(row["sz"])) for row in side]
                for side in message["data"]["levels"]
            )
            found["hyperliquid_btcusd_20250126"] = ladder_of(bids, asks)
            break
    # This file has bids alone; their best price stands for the middle.
    rows = duckdb.connect().execute(
        "SELECT price::DOUBLE AS price, qty::DOUBLE AS qty FROM read_csv(?) ORDER BY price DESC",
        [str(data / "orderbook/nautilus_btcusdt-depth-snap.csv")],
    )
    bids_only = rows.fetchnumpy()
    found["nautilus_btcusdt-depth-snap"] = OrderBookLadder(
        float(bids_only["price"][0]), bids_only["price"], bids_only["qty"]
    )
    with zipfile.ZipFile(data / "orderbook/nautilus_xrpusdt-ob500.data.zip") as bundle:
        first = bundle.read(bundle.namelist()[0]).split(b"\n", 1)[0]
    book = json.loads(first)["data"]
    found["nautilus_xrpusdt-ob500"] = ladder_of(_rows(book["b"]), _rows(book["a"]))
    return found


def flow(data: Path) -> tuple[Floats, Floats]:
    """Return ETHUSDT minutes of January 2021: log returns, and ETH liquidated net of shorts."""
    found = table(
        data,
        "liquidations/binance_futures_ethusdt_1m_with_liquidation_volume_2021-01.parquet",
        "ln((ask_price + bid_price) / 2) AS log, long_liquidation_eth - short_liquidation_eth AS "
        "sold",
        order="timestamp",
    )
    return np.diff(found["log"]), found["sold"][1:]


def rounds(data: Path) -> dict[str, tuple[Floats, Floats]]:
    """Return times in seconds and prices of each feed's rounds."""
    found = table(
        data,
        "oracle/chainlink_rounds_eth_btc_steth.parquet",
        "feed, updated_at::DOUBLE AS at, price::DOUBLE AS price",
        order="feed, round_id",
    )
    feeds = found["feed"]
    return {
        str(one): (found["at"][feeds == one], found["price"][feeds == one])
        for one in np.unique(feeds)
    }


def crisis_days(data: Path) -> dict[str, dict[str, Floats]]:
    """Return ten-minute rows of the days that have all: gas in gwei, ETH's annual volatility.

    Volatility is exponentially weighted; `liquidity` is the root of the product of the reserves of
    Uniswap v2's DAI/WETH pool, where the day has it, else empty.
    """
    day = "strftime(\"case\", '%Y-%m-%d') AS day"
    gas = table(
        data,
        "gas/ethereum_gas_price_10min_crisis_days.csv.gz",
        f"{day}, gas_price_p60_wei / 1e9 AS gwei",
        order="timestamp",
    )
    price = table(
        data,
        "ohlcv/eth_usd_10min_crisis_days.csv.gz",
        f"{day}, close::DOUBLE AS close",
        order="timestamp",
    )
    pool = table(
        data,
        "amm/uniswap_v2_eth_dai_reserves_10min_crisis_days.csv.gz",
        f"{day}, sqrt(DAI * WETH) AS liquidity",
        order='"case", step_10min',
    )
    found = {}
    for one in sorted(set(price["day"]) & set(gas["day"])):
        closes = price["close"][price["day"] == one]
        found[str(one)] = {
            "gwei": gas["gwei"][gas["day"] == one][1:],
            "volatility": ewma(np.diff(np.log(closes)), step_seconds=600.0),
            "liquidity": pool["liquidity"][pool["day"] == one][1:],
        }
    return found


def stable_pool(data: Path) -> dict[str, Floats]:
    """Return hours of Uniswap v3's USDC/USDT pool: active liquidity, annual volatility, month.

    Only hours that follow another hour, whose volatility is above that of standing still.
    """
    found = table(
        data,
        "amm/uniswap_v3_usdc_usdt_pool_hourly_2022_2026.parquet",
        "epoch_ns(timestamp) / 1e9 AS at, poolTick::DOUBLE AS tick, poolLiquidity::DOUBLE AS held",
        order="timestamp",
    )
    follows = np.diff(found["at"]) == 3600.0
    moves = np.where(follows, np.diff(found["tick"]) * np.log(1.0001), 0.0)
    volatility = ewma(moves, step_seconds=3600.0)
    keep = follows & (volatility > 0.001)
    month = (found["at"][1:] // (30.4375 * 86400)).astype(np.int64)
    return {
        "liquidity": found["held"][1:][keep],
        "volatility": volatility[keep],
        "month": month[keep].astype(np.float64),
    }


def ewma(returns: Floats, *, step_seconds: float, decay: float = RISK_METRICS) -> Floats:
    """Return the annual volatility after each return, begun at that of the first twelve."""
    out = np.empty(returns.size)
    variance = float((returns[:12] ** 2).mean())
    for at, one in enumerate(returns):
        variance = decay * variance + (1.0 - decay) * one * one
        out[at] = variance
    return np.asarray(np.sqrt(out * 365.0 * 86400.0 / step_seconds), dtype=np.float64)


def table(data: Path, name: str, columns: str, *, order: str) -> dict[str, NDArray[Any]]:
    """Return columns of a CSV or Parquet file of the data sets, in an order."""
    reader = "read_parquet" if name.endswith(".parquet") else "read_csv"
    found = duckdb.connect().execute(
        f"SELECT {columns} FROM {reader}(?) ORDER BY {order}", [str(data / name)]
    )
    return dict(found.fetchnumpy())


def _messages(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            # Most lines are quotes and trades, which are not wanted here.
            if any(mark in line for mark in BOOK_MARKS):
                stamp, _, text = line.partition(" ")
                yield int(stamp), json.loads(text)


def _rows(rows: list[list[str]]) -> Rows:
    return [(float(price), float(size)) for price, size in rows]


def _change(levels: dict[float, float], rows: list[list[str]]) -> None:
    """Set levels; those of no quantity go."""
    for price, size in _rows(rows):
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)


def _near(sides: dict[str, dict[float, float]], contracts: bool) -> tuple[float, float]:
    """Units bid within 10 bps of the middle, and the middle."""
    bids = sides["bids"]
    middle = 0.5 * (max(bids) + min(sides["asks"]))
    near = [(price, size) for price, size in bids.items() if price >= middle * (1.0 - NEAR)]
    return sum(100.0 * size / price if contracts else size for price, size in near), middle


def _ladder(sides: dict[str, dict[float, float]], contracts: bool) -> OrderBookLadder:
    def units(rows: dict[float, float]) -> Rows:
        if not contracts:
            return list(rows.items())
        return [(price, 100.0 * size / price) for price, size in rows.items()]

    return ladder_of(units(sides["bids"]), units(sides["asks"]))
