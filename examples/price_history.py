"""Hourly prices in ETH from irregular USD observations, and gas by ten minutes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from case_files import plain, quotient, scaled, table

PRICES = "prices/aave_v2_reserve_usd_prices_hourly.parquet"
GAS = "gas/ethereum_gas_price_10min_crisis_days.csv.gz"
HOUR = timedelta(hours=1)
FIRST_ROW_AGE_MAX = timedelta(hours=24)

MOVES_WITH_ETHER = frozenset({"stETH", "WBTC"})
PAIR_APART_MAX = timedelta(minutes=10)

Observation = tuple[datetime, Decimal]
Series = dict[datetime, Decimal]


def prices_in_eth(
    data: Path, symbols: list[str], *, start: datetime, end: datetime
) -> tuple[dict[str, Series], list[str]]:
    """Prices of assets in ETH at full hours.

    The price at a full hour is the last one observed in the hour before it, never a later one;
    an hour without an observation has no row. The first row is the last observation before the
    window, at most a day old. USD become ETH by WETH's price of the same hour. What moves with
    ether is divided by the WETH price nearest in time instead, and left out where none is near:
    both moved by up to a tenth between two observations, which would look like a discount.

    Args:
        data: folder of the data sets.
        symbols: assets as the price file spells them; WETH is 1 by definition.
        start: first full hour, UTC.
        end: last full hour, UTC.

    Returns:
        Series by symbol, and the symbols that have no price at the start.
    """
    seen = {
        symbol: _observations(data, symbol, start=start, end=end) for symbol in {*symbols, "WETH"}
    }
    ether = _hourly(seen["WETH"], start)
    series = {
        symbol: _hourly(_paired(seen[symbol], seen["WETH"]), start)
        if symbol in MOVES_WITH_ETHER
        else _divided(_hourly(seen[symbol], start), ether)
        for symbol in symbols
    }
    absent = [symbol for symbol in symbols if start not in series[symbol]]
    return series, absent


def gas_costs(data: Path, day: str, *, gas_units: int) -> list[tuple[str, str]]:
    """Cost of one liquidation in ETH for each ten minutes of a day with data.

    Priced at the 60th percentile of the gas prices paid; `gas_units` is gas per liquidation.
    """
    rows = sorted(
        (row["timestamp"], row["gas_price_p60_wei"])
        for row in table(data / GAS)
        if row["case"] == day
    )
    return [
        (
            f"{stamp[:10]}T{stamp[11:19]}Z",
            plain(quotient(scaled(wei, 18) * gas_units, Decimal(1), places=9)),
        )
        for stamp, wei in rows
    ]


def stamp(hour: datetime) -> str:
    """A UTC time as ISO 8601."""
    return hour.strftime("%Y-%m-%dT%H:%M:%SZ")


def hours(start: datetime, end: datetime) -> list[datetime]:
    """Every full hour of a window, both ends included."""
    return [start + HOUR * count for count in range((end - start) // HOUR + 1)]


def _observations(data: Path, symbol: str, *, start: datetime, end: datetime) -> list[Observation]:
    # Through text: the shortest decimal that stands for the source's float32.
    rows = duckdb.execute(
        "select cast(epoch(timestamp) as bigint), cast(price_usd as varchar) "
        "from read_parquet(?) where symbol = ? and epoch(timestamp) between ? and ? "
        "order by timestamp",
        [
            str(data / PRICES),
            symbol,
            int((start - FIRST_ROW_AGE_MAX).timestamp()),
            int(end.timestamp()),
        ],
    ).fetchall()
    return [(datetime.fromtimestamp(second, UTC), Decimal(price)) for second, price in rows]


def _paired(observations: list[Observation], ether: list[Observation]) -> list[Observation]:
    """Observations over the nearest one of ether, dated by the later of the two."""
    found = []
    for at, price in observations:
        near, ether_price = min(ether, key=lambda other, at=at: abs(other[0] - at))
        if abs(near - at) <= PAIR_APART_MAX:
            found.append((max(near, at), quotient(price, ether_price)))
    return sorted(found)


def _divided(prices: Series, ether: Series) -> Series:
    return {hour: quotient(price, ether[hour]) for hour, price in prices.items() if hour in ether}


def _hourly(observations: list[Observation], start: datetime) -> Series:
    found: Series = {}
    for at, price in observations:
        floor = at.replace(minute=0, second=0)
        hour = floor if floor == at else floor + HOUR
        found[max(hour, start)] = price
    return found
