"""What arrives over time beside prices: gas costs, oracle observations, funding rates."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from trimtab.adapters.files.cells import (
    cost_of,
    funding_rate_of,
    instant_of,
    interval_of,
    price_of,
    text_of,
)
from trimtab.adapters.files.formats import read_table
from trimtab.adapters.files.naming import check_name, nearest_hint
from trimtab.adapters.files.tables import (
    Cell,
    Table,
    parsed,
    parsed_or,
    require_columns,
    require_rows,
)
from trimtab.adapters.files.time_order import TIMESTAMP, check_order, check_series
from trimtab.model import Funding, FundingTick, GasTick, OracleTick, Rules
from trimtab.model.schema import FUNDING, GAS, ORACLE
from trimtab.units import DataError, Time


class OracleTable(NamedTuple):
    """The observations of an oracle file, and how many of its numbers were rounded."""

    ticks: tuple[OracleTick, ...]
    rounded: int


class FundingTable(NamedTuple):
    """The rates of a funding file, and how many of them were rounded."""

    ticks: tuple[FundingTick, ...]
    rounded: int


def read_gas(path: Path) -> tuple[GasTick, ...]:
    """Return the liquidation costs of a `timestamp`, `gas_cost` table, in wad, rounded up."""
    table = read_table(path)
    require_columns(table, GAS)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=instant_of)
    costs = parsed(table, "gas_cost", parse=cost_of)
    check_order(table, instants)
    return tuple(map(GasTick, instants, costs))


def read_oracle(path: Path, rules: Rules) -> OracleTable:
    """Return what sources said of assets, in order of time, asset and source.

    Args:
        path: a CSV or Parquet file with the columns of `model.schema.ORACLE`.
        rules: its assets are the known ones; neither the quote nor an asset with an underlying
            is observed.

    Returns:
        Prices in wad, rounded down; confidence intervals in wad, rounded up, 0 where the file
        has none; `published_ns` is the row's own time where the file has none. It may run
        backwards: a late observation is a fact of a feed, which the venue refuses.

    Raises:
        DataError: with file, row and column of the first fault.
    """
    table = read_table(path)
    require_columns(table, ORACLE)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=cache(instant_of))
    assets = parsed(table, "asset", parse=cache(lambda cell: _observed(cell, rules)))
    sources = parsed(table, "source", parse=cache(_source))
    prices = parsed(table, "price", parse=price_of)
    intervals = parsed_or(table, "confidence", parse=interval_of, absent=(0, False))
    published = parsed_or(table, "published", parse=_published, absent=None)
    _check_each(table, instants, keys=list(zip(assets, sources, strict=True)))
    _check_published(table, instants, published=published)
    ticks = [
        OracleTick(at_ns, asset, source, price_wad, interval_wad, at_ns if said is None else said)
        for at_ns, asset, source, (price_wad, _), (interval_wad, _), said in zip(
            instants, assets, sources, prices, intervals, published, strict=True
        )
    ]
    ticks.sort(key=lambda tick: (tick.at_ns, tick.asset, tick.source))
    rounded = sum(lost for _, lost in prices) + sum(lost for _, lost in intervals)
    return OracleTable(tuple(ticks), rounded)


def read_funding(path: Path, rules: Rules) -> FundingTable:
    """Return recorded funding rates, in order of time and market.

    Args:
        path: a CSV or Parquet file with the columns of `model.schema.FUNDING`.
        rules: its markets whose funding is `recorded` are the known ones.

    Returns:
        Rates in wad a period within [-1, 1], text rounded towards 0.

    Raises:
        DataError: with file, row and column of the first fault.
    """
    table = read_table(path)
    require_columns(table, FUNDING)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=cache(instant_of))
    markets = parsed(table, "market", parse=cache(lambda cell: _recorded(cell, rules)))
    rates = parsed(table, "rate", parse=funding_rate_of)
    _check_each(table, instants, keys=[(market,) for market in markets])
    ticks = [
        FundingTick(at_ns, market, rate_wad)
        for at_ns, market, (rate_wad, _) in zip(instants, markets, rates, strict=True)
    ]
    ticks.sort(key=lambda tick: (tick.at_ns, tick.market))
    return FundingTable(tuple(ticks), sum(lost for _, lost in rates))


def _observed(cell: Cell, rules: Rules) -> str:
    asset = text_of(cell)
    if asset in rules.markets:
        raise DataError(
            "a market is not observed",
            found=asset,
            expected="an asset; a market's mark price stands in the prices table",
        )
    if asset not in rules.assets:
        hint = nearest_hint(asset, rules.assets)
        raise DataError("the asset is not one of the rules", found=asset, hint=hint)
    if asset == rules.quote:
        raise DataError(
            "the quote is worth 1 of itself", found=asset, expected="no observation of the quote"
        )
    underlying = rules.assets[asset].underlying
    if underlying:
        raise DataError(
            "the asset is priced through its underlying and has no price of its own",
            found=asset,
            expected=f"observations of {underlying} alone",
        )
    return asset


def _source(cell: Cell) -> str:
    source = text_of(cell)
    check_name(source, "source")
    return source


def _published(cell: Cell) -> int | None:
    return None if cell is None else instant_of(cell)


def _recorded(cell: Cell, rules: Rules) -> str:
    market = text_of(cell)
    if market not in rules.markets:
        raise DataError(
            "the market is not one of the rules",
            found=market,
            expected="a name below [markets]" if not rules.markets else None,
            hint=nearest_hint(market, rules.markets) if rules.markets else None,
        )
    funding = rules.markets[market].funding
    if funding is not Funding.RECORDED:
        raise DataError(
            "the market's funding is not recorded",
            found=market,
            expected=f'funding = "recorded" below [markets.{market}], which says "{funding}"',
        )
    return market


def _check_each(table: Table, instants: Sequence[int], *, keys: Sequence[tuple[str, ...]]) -> None:
    """Each series of a table, told apart by its key, is in order of time."""
    series: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for key, at_ns, row in zip(keys, instants, table.rows, strict=True):
        times, rows = series.setdefault(key, ([], []))
        times.append(at_ns)
        rows.append(row)
    for key, (times, found) in series.items():
        check_series(table, times, rows=found, of=" from ".join(key))


def _check_published(
    table: Table, instants: Sequence[int], *, published: Sequence[int | None]
) -> None:
    for row, at_ns, said_ns in zip(table.rows, instants, published, strict=True):
        stands = at_ns if said_ns is None else said_ns
        if not 0 <= stands <= at_ns:
            raise DataError(
                "the price was published before 1970"
                if stands < 0
                else "the price is published after it arrives",
                where=table.where,
                row=row,
                column=TIMESTAMP if said_ns is None else "published",
                found=Time(stands).text(),
                expected=f"a time from 1970 on, at most {Time(max(0, at_ns)).text()}",
            )
