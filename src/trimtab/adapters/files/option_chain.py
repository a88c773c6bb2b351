"""Snapshots of a venue's option chain from a Parquet table, as exact numbers.

Columns: snapshot_time, currency, instrument_name, option_type (call or put), strike,
expiry_datetime, implied_volatility (fraction), underlying (forward of the expiry), index_price,
mark_price (in the coin). Other columns are left alone. The file's floats become the nearest 1e-18.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from trimtab.adapters.files.parquet_tables import read_parquet
from trimtab.adapters.files.tables import Cell, Instant, Table
from trimtab.units import NANOSECONDS, DataError, fixed_of

T = TypeVar("T")

COLUMNS = (
    *("snapshot_time", "currency", "instrument_name", "option_type", "strike"),
    *("expiry_datetime", "implied_volatility", "underlying", "index_price", "mark_price"),
)
KINDS = {"call": True, "put": False}
TYPES: dict[type, str] = {float: "a number", str: "text", Instant: "a time"}


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One option of a snapshot; prices and volatility in wad, the mark in coins."""

    name: str
    strike_wad: int
    expiry_ns: int
    is_call: bool
    vol_wad: int
    mark_coins_wad: int


@dataclass(frozen=True, slots=True)
class ChainSnapshot:
    """All options of one currency at one time.

    index_wad: quote per coin; forwards_wad: the median forward of each expiry, by its time in ns.
    """

    at_ns: int
    currency: str
    index_wad: int
    forwards_wad: dict[int, int]
    rows: tuple[ChainRow, ...]


def read_option_chain(path: Path, currency: str) -> tuple[ChainSnapshot, ...]:
    """Return the snapshots of one currency, oldest first; options that have expired are left out.

    Raises:
        DataError: no such table, a column missing, or a cell that is none of what it should be.
    """
    table = read_parquet(path)
    for name in COLUMNS:
        if name not in table.names:
            raise DataError(
                "the column is missing", where=table.where, column=name, expected=", ".join(COLUMNS)
            )
    by_time: dict[int, list[int]] = {}
    times = table.column("snapshot_time")
    for place, found in enumerate(table.column("currency")):
        if found == currency:
            at = _checked(times[place], Instant, table=table, place=place, column="snapshot_time")
            by_time.setdefault(at.ns, []).append(place)
    if not by_time:
        raise DataError("no row of this currency", where=table.where, found=currency)
    return tuple(
        _snapshot(table, at_ns, places=by_time[at_ns], currency=currency)
        for at_ns in sorted(by_time)
    )


def _snapshot(table: Table, at_ns: int, *, places: list[int], currency: str) -> ChainSnapshot:
    forwards: dict[int, list[int]] = {}
    rows = []
    for place in places:
        row = _row(table, place)
        if row.expiry_ns - at_ns < NANOSECONDS:
            continue
        rows.append(row)
        forwards.setdefault(row.expiry_ns, []).append(_wad(table, place, column="underlying"))
    index = _median([_wad(table, place, column="index_price") for place in places])
    medians = {expiry: _median(found) for expiry, found in sorted(forwards.items())}
    rows.sort(key=lambda row: (row.expiry_ns, row.strike_wad, row.is_call))
    return ChainSnapshot(at_ns, currency, index, medians, tuple(rows))


def _row(table: Table, place: int) -> ChainRow:
    def cell(column: str) -> Cell:
        return table.column(column)[place]

    kind = cell("option_type")
    if kind not in KINDS:
        raise DataError(
            "the option is neither a call nor a put",
            where=table.where,
            row=table.rows[place],
            column="option_type",
            found=str(kind),
        )
    name = _checked(
        cell("instrument_name"), str, table=table, place=place, column="instrument_name"
    )
    expiry = _checked(
        cell("expiry_datetime"), Instant, table=table, place=place, column="expiry_datetime"
    )
    return ChainRow(
        name=name,
        strike_wad=_wad(table, place, column="strike"),
        expiry_ns=expiry.ns,
        is_call=KINDS[str(kind)],
        vol_wad=_wad(table, place, column="implied_volatility"),
        mark_coins_wad=_wad(table, place, column="mark_price"),
    )


def _wad(table: Table, place: int, *, column: str) -> int:
    found = _checked(table.column(column)[place], float, table=table, place=place, column=column)
    value = fixed_of(found, 18)
    if value > 0 or (value == 0 and column == "mark_price"):
        return value
    raise DataError(
        "the number is not above zero",
        where=table.where,
        row=table.rows[place],
        column=column,
        found=repr(found),
    )


def _checked(cell: Cell, kind: type[T], *, table: Table, place: int, column: str) -> T:
    if isinstance(cell, kind):
        return cell
    raise DataError(
        "the cell is not what the column holds",
        where=table.where,
        row=table.rows[place],
        column=column,
        found=str(cell),
        expected=TYPES[kind],
    )


def _median(values: list[int]) -> int:
    """The lower median."""
    return sorted(values)[(len(values) - 1) // 2]
