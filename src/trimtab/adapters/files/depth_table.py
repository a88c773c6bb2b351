"""What a market takes: the levels of an order book, or depth by distance, of a `depth` table."""

from collections import defaultdict
from functools import cache
from pathlib import Path

from trimtab.adapters.files.cells import instant_of, number_of, price_of, text_of
from trimtab.adapters.files.formats import read_table
from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.tables import (
    Cell,
    Table,
    parsed,
    parsed_or,
    require_columns,
    require_rows,
)
from trimtab.adapters.files.time_order import TIMESTAMP
from trimtab.model import DepthRow, Rules, Side
from trimtab.model.schema import DEPTH
from trimtab.units import DataError, NumberError

WAD_DECIMALS = 18
# A basis point is 1e-4: its decimals in wad of a fraction.
BPS_DECIMALS = 14
BPS_MOST = 10_000 * 10**BPS_DECIMALS


def read_depth(path: Path, rules: Rules) -> tuple[DepthRow, ...]:
    """Return the rows of a depth table, of each asset those of its last time.

    Args:
        path: a CSV or Parquet file with the columns of `model.schema.DEPTH`: rows of levels
            (`price`, `quantity`) or of bands (`distance_bps`, and `quantity` or `value`).
        rules: its assets are the known ones; the quote is not sold.

    Returns:
        Rows in the order of the table, numbers in wad, rounded down.

    Raises:
        DataError: with file, row and column of the first fault: an unknown asset or side, a row
            that is neither a level nor a band or mixes both, numbers that are not above 0, levels
            whose best bid is not below their best ask.
    """
    table = read_table(path)
    require_columns(table, DEPTH)
    require_rows(table)
    assets = parsed(table, "asset", parse=cache(lambda cell: _sold(cell, rules)))
    sides = parsed(table, "side", parse=cache(_side))
    prices = parsed_or(table, "price", parse=_price, absent=None)
    distances = parsed_or(table, "distance_bps", parse=_distance, absent=None)
    quantities = parsed_or(table, "quantity", parse=_amount, absent=None)
    values = parsed_or(table, "value", parse=_amount, absent=None)
    instants = parsed_or(table, TIMESTAMP, parse=cache(instant_of), absent=0)
    last: dict[str, int] = defaultdict(lambda: -(2**63))
    for asset, at_ns in zip(assets, instants, strict=True):
        last[asset] = max(last[asset], at_ns)
    found = []
    columns = zip(assets, sides, prices, distances, quantities, values, strict=True)
    for row, at_ns, cells in zip(table.rows, instants, columns, strict=True):
        made = DepthRow(*cells)
        _check_row(table, made, row=row)
        if at_ns == last[made.asset]:
            found.append(made)
    _check_books(table, found)
    return tuple(found)


def _sold(cell: Cell, rules: Rules) -> str:
    asset = text_of(cell)
    if asset == rules.quote:
        raise DataError("the quote is not sold", found=asset, expected="depth of other assets")
    if asset not in rules.assets:
        hint = nearest_hint(asset, rules.assets)
        raise DataError("the asset is not one of the rules", found=asset, hint=hint)
    return asset


def _side(cell: Cell) -> Side:
    text = text_of(cell)
    if text not in list(Side):
        raise DataError("there is no such side", found=text, expected="bid or ask")
    return Side(text)


def _price(cell: Cell) -> int | None:
    return None if cell is None else price_of(cell)[0]


def _amount(cell: Cell) -> int | None:
    if cell is None:
        return None
    stored, _ = number_of(cell, WAD_DECIMALS, up=False)
    if stored <= 0:
        raise NumberError("the depth is not positive", found=str(cell), expected="above 0")
    return stored


def _distance(cell: Cell) -> int | None:
    if cell is None:
        return None
    stored, _ = number_of(cell, BPS_DECIMALS, up=False)
    if not 0 < stored < BPS_MOST:
        raise NumberError(
            "the distance is out of range",
            found=str(cell),
            expected="basis points above 0, below 10000",
        )
    return stored


def _check_row(table: Table, made: DepthRow, *, row: int) -> None:
    is_level = made.price_wad is not None
    if is_level == (made.distance_wad is not None):
        raise DataError(
            "the row is both a level and a band" if is_level else "the row says no place",
            where=table.where,
            row=row,
            expected="a price, or a distance_bps",
        )
    given = (made.quantity_wad is not None) + (made.value_wad is not None)
    if given != 1 or (is_level and made.quantity_wad is None):
        raise DataError(
            "the row says its depth twice" if given > 1 else "the row says no depth",
            where=table.where,
            row=row,
            expected="a quantity" if is_level else "a quantity, or a value",
        )


def _check_books(table: Table, rows: list[DepthRow]) -> None:
    """An asset has levels or bands; its levels have both sides, which do not cross."""
    by_asset: dict[str, list[DepthRow]] = defaultdict(list)
    for row in rows:
        by_asset[row.asset].append(row)
    for asset, own in by_asset.items():
        levels = [row for row in own if row.price_wad is not None]
        if levels and len(levels) != len(own):
            raise DataError(
                "an asset has levels and bands at once",
                where=table.where,
                found=asset,
                expected="one kind of rows for each asset and time",
            )
        bids = [row.price_wad or 0 for row in levels if row.side is Side.BID]
        asks = [row.price_wad or 0 for row in levels if row.side is Side.ASK]
        if levels and not (bids and asks):
            raise DataError(
                f"the book has no {'bids' if not bids else 'asks'}",
                where=table.where,
                found=asset,
                expected="levels of both sides",
            )
        if levels and max(bids) >= min(asks):
            raise DataError(
                "the book is crossed",
                where=table.where,
                found=asset,
                expected="bids below asks",
            )
