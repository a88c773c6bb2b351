"""Price tables, long or wide, to one series per asset, each in order of time."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from trimtab.adapters.files.cells import cost_of, instant_of, price_of, text_of
from trimtab.adapters.files.formats import read_table
from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.tables import (
    Cell,
    Table,
    parsed,
    require_columns,
    require_rows,
)
from trimtab.model import GasTick, Rules
from trimtab.model.schema import GAS, PRICES
from trimtab.units import WAD, DataError, NumberError, Time, format_decimal

TIMESTAMP = "timestamp"
LONG_COLUMNS = frozenset({"asset", "price"})


class PricePoint(NamedTuple):
    """One price of one asset, with the row it stands in."""

    at_ns: int
    price_wad: int
    row: int


class PriceTable(NamedTuple):
    """The series of a price file; `columns` names where each asset's price stands."""

    where: str
    series: Mapping[str, Sequence[PricePoint]]
    columns: Mapping[str, str]
    rounded: int


def read_price_table(path: Path, rules: Rules) -> PriceTable:
    """Return the price series of a long or wide table, strictly in order of time per asset.

    Args:
        path: a CSV or Parquet file: `timestamp`, `asset`, `price`, or `timestamp` and a column
            per asset.
        rules: its assets are the known ones.

    Raises:
        DataError: with file, row and column of the first fault.
    """
    table = read_table(path)
    is_long = any(name in table.names and name not in rules.assets for name in LONG_COLUMNS)
    return _long(table, rules) if is_long else _wide(table, rules)


def read_gas(path: Path) -> tuple[GasTick, ...]:
    """Return the liquidation costs of a `timestamp`, `gas_cost` table, in wad, rounded up."""
    table = read_table(path)
    require_columns(table, GAS)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=instant_of)
    costs = parsed(table, "gas_cost", parse=cost_of)
    _check_order(table, instants)
    return tuple(map(GasTick, instants, costs))


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
        _check_series(table, points, asset=asset)
    found = PriceTable(table.where, series, dict.fromkeys(series, "price"), rounded)
    _check_quote(found, rules)
    return found


def _wide(table: Table, rules: Rules) -> PriceTable:
    assets = [name for name in table.names if name != TIMESTAMP]
    _check_wide_header(table, rules)
    require_rows(table)
    instants = parsed(table, TIMESTAMP, parse=instant_of)
    _check_order(table, instants)
    series, rounded = {}, 0
    for asset in assets:
        prices, lost = _prices(table, asset)
        series[asset] = list(map(PricePoint, instants, prices, table.rows))
        rounded += lost
    found = PriceTable(table.where, series, {asset: asset for asset in assets}, rounded)
    _check_quote(found, rules)
    return found


def _check_wide_header(table: Table, rules: Rules) -> None:
    known = [TIMESTAMP, *rules.assets]
    for name in table.names:
        if name not in known:
            is_one_cell = len(table.names) == 1 and any(mark in name for mark in ";\t|")
            raise DataError(
                "the column is neither timestamp nor an asset of the rules",
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
            expected="timestamp, asset and price, or timestamp and a column per asset",
        )


def _prices(table: Table, name: str) -> tuple[list[int], int]:
    found = parsed(table, name, parse=price_of)
    return [price_wad for price_wad, _ in found], sum(inexact for _, inexact in found)


def _asset(cell: Cell, rules: Rules) -> str:
    asset = text_of(cell)
    if asset not in rules.assets:
        raise DataError(
            "the asset is not one of the rules",
            found=asset,
            hint=nearest_hint(asset, rules.assets),
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


def _check_order(table: Table, instants: Sequence[int]) -> None:
    for place in range(1, len(instants)):
        if instants[place] <= instants[place - 1]:
            raise _out_of_order(instants[place], instants[place - 1]).located(
                where=table.where, row=table.rows[place], column=TIMESTAMP
            )


def _check_series(table: Table, points: Sequence[PricePoint], *, asset: str) -> None:
    for place in range(1, len(points)):
        if points[place].at_ns <= points[place - 1].at_ns:
            raise _out_of_order(points[place].at_ns, points[place - 1].at_ns, of=asset).located(
                where=table.where, row=points[place].row, column=TIMESTAMP
            )


def _out_of_order(now_ns: int, before_ns: int, *, of: str = "") -> NumberError:
    series = f" of {of}" if of else ""
    is_twice = now_ns == before_ns
    return NumberError(
        f"the time stands twice{series}" if is_twice else f"time{series} runs backwards",
        found=Time(now_ns).text(),
        expected=f"a time after {Time(before_ns).text()}",
    )
