"""Price tables, long or wide, to one series per asset or market, each in order of time."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from trimtab.adapters.files.cells import instant_of, price_of, text_of
from trimtab.adapters.files.formats import read_table
from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.tables import (
    Cell,
    Table,
    parsed,
    require_columns,
    require_rows,
)
from trimtab.adapters.files.time_order import TIMESTAMP, check_order, check_series
from trimtab.model import Rules
from trimtab.model.schema import PRICES
from trimtab.units import WAD, DataError, format_decimal

LONG_COLUMNS = frozenset({"asset", "price"})


class PricePoint(NamedTuple):
    """One price of one asset, with the row it stands in."""

    at_ns: int
    price_wad: int
    row: int


class PriceTable(NamedTuple):
    """The series of a price file, by asset and market; `columns` names where its price stands."""

    where: str
    series: Mapping[str, Sequence[PricePoint]]
    columns: Mapping[str, str]
    rounded: int


def read_price_table(path: Path, rules: Rules) -> PriceTable:
    """Return the price series of a long or wide table, strictly in order of time per asset.

    Args:
        path: a CSV or Parquet file: `timestamp`, `asset`, `price`, or `timestamp` and a column
            per asset or market.
        rules: its assets and markets are the known ones; the price of a market is its mark price.

    Raises:
        DataError: with file, row and column of the first fault.
    """
    table = read_table(path)
    known = {*rules.assets, *rules.markets}
    is_long = any(name in table.names and name not in known for name in LONG_COLUMNS)
    return _long(table, rules) if is_long else _wide(table, rules)


def _long(table: Table, rules: Rules) -> PriceTable:
    require_columns(table, PRICES)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=cache(instant_of))
    assets = parsed(table, "asset", parse=cache(lambda cell: _asset(cell, rules)))
    prices, rounded = _prices(table, "price")
    series: dict[str, list[PricePoint]] = {}
    for asset, *point in zip(assets, instants, prices, table.rows, strict=True):
        series.setdefault(asset, []).append(PricePoint(*point))
    for asset, points in series.items():
        instants, rows = [point.at_ns for point in points], [point.row for point in points]
        check_series(table, instants, rows=rows, of=asset)
    found = PriceTable(table.where, series, dict.fromkeys(series, "price"), rounded)
    _check_quote(found, rules)
    return found


def _wide(table: Table, rules: Rules) -> PriceTable:
    assets = [name for name in table.names if name != TIMESTAMP]
    _check_wide_header(table, rules)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=instant_of)
    check_order(table, instants)
    series, rounded = {}, 0
    for asset in assets:
        prices, lost = _prices(table, asset)
        series[asset] = list(map(PricePoint, instants, prices, table.rows))
        rounded += lost
    found = PriceTable(table.where, series, {asset: asset for asset in assets}, rounded)
    _check_quote(found, rules)
    return found


def _check_wide_header(table: Table, rules: Rules) -> None:
    known = [TIMESTAMP, *rules.assets, *rules.markets]
    for name in table.names:
        if name not in known:
            is_one_cell = len(table.names) == 1 and any(mark in name for mark in ";\t|")
            raise DataError(
                "the column is neither timestamp nor an asset or market of the rules",
                where=table.where,
                row=table.header_row,
                column=name,
                hint="separate the columns with commas"
                if is_one_cell
                else nearest_hint(name, [*known, *LONG_COLUMNS]),
            )
        if name in rules.assets:
            _check_priced(rules, name, where=table.where, row=table.header_row, column=name)
    if TIMESTAMP not in table.names or len(table.names) == 1:
        raise DataError(
            "the column is missing",
            where=table.where,
            row=table.header_row,
            column=TIMESTAMP if TIMESTAMP not in table.names else "price",
            expected="timestamp, asset and price, or timestamp and a column per asset or market",
        )


def _prices(table: Table, name: str) -> tuple[list[int], int]:
    found = parsed(table, name, parse=price_of)
    return [price_wad for price_wad, _ in found], sum(inexact for _, inexact in found)


def _asset(cell: Cell, rules: Rules) -> str:
    asset = text_of(cell)
    if asset in rules.markets:
        return asset
    if asset not in rules.assets:
        raise DataError(
            "the name is neither an asset nor a market of the rules",
            found=asset,
            hint=nearest_hint(asset, [*rules.assets, *rules.markets]),
        )
    _check_priced(rules, asset)
    return asset


def _check_priced(
    rules: Rules, asset: str, *, where: str = "", row: int | None = None, column: str | None = None
) -> None:
    underlying = rules.assets[asset].underlying
    if underlying:
        raise DataError(
            "the asset is priced through its underlying and has no price of its own",
            where=where,
            row=row,
            column=column,
            found=asset,
            expected=f"prices of {underlying} alone",
        )


def _check_quote(table: PriceTable, rules: Rules) -> None:
    for point in table.series.get(rules.quote, ()):
        if point.price_wad != WAD:
            raise DataError(
                "the quote is worth 1 of itself",
                where=table.where,
                row=point.row,
                column=table.columns[rules.quote],
                found=format_decimal(point.price_wad, 18),
                expected="1, or no price of the quote",
            )
