"""Positions by the ten million: a Parquet file of numbers to NumPy columns, in pieces.

For books too large for exact text: ids are integers, quantities the file's own numbers. Names and
decimals go through `load_case`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from trimtab.adapters.files.encoding import unreadable
from trimtab.adapters.files.parquet_tables import FLOATS, INTEGERS, engine
from trimtab.units import DataError

# Rows fetched at a time; what DuckDB and NumPy hold of them twice stays below 100 MB.
PIECE = 2_000_000
IDS = ("account", "term")
ID_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PositionColumns:
    """One row per position: account (int32), term (int32), quantity (float64), as in the file."""

    account: NDArray[np.int32]
    term: NDArray[np.int32]
    quantity: NDArray[np.float64]


def read_positions(path: Path) -> PositionColumns:
    """Read the columns `account`, `term` and `quantity` of a Parquet file.

    Arguments:
        path: the file; ids are whole numbers from 0 to 2^31 - 1, quantities are at least 0.

    Raises:
        DataError: no readable Parquet, a column that is missing or of another type, an empty cell,
            or a number that is negative, infinite or NaN.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        with engine() as connection:
            return _read(connection, path)
    except (duckdb.Error, RuntimeError) as error:
        reason = str(error).partition("\n")[0].replace(f"{path.parent}/", "")
        raise DataError("the file is not readable Parquet", where=path.name, found=reason) from None


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> PositionColumns:
    # A path is a glob to DuckDB.
    source = "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
    _check_types(connection, source, where=path.name)
    rows = _check_range(connection, source, where=path.name)
    account, term = np.empty(rows, np.int32), np.empty(rows, np.int32)
    quantity = np.empty(rows, np.float64)
    for begin in range(0, rows, PIECE):
        found: dict[str, NDArray[Any]] = connection.execute(
            "SELECT account::INTEGER AS account, term::INTEGER AS term, quantity::DOUBLE AS "
            "quantity FROM read_parquet(?, file_row_number = true, hive_partitioning = false) "
            "WHERE file_row_number >= ? AND file_row_number < ?",
            [source, begin, begin + PIECE],
        ).fetchnumpy()
        piece = slice(begin, begin + found["account"].size)
        account[piece], term[piece] = found["account"], found["term"]
        quantity[piece] = found["quantity"]
    return PositionColumns(account, term, quantity)


def _check_types(connection: duckdb.DuckDBPyConnection, source: str, *, where: str) -> None:
    described = connection.execute(
        "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [source]
    ).fetchall()
    kinds = {name: kind for name, kind, *_ in described}
    for name in (*IDS, "quantity"):
        if name not in kinds:
            raise DataError(
                "the column is missing",
                where=where,
                column=name,
                expected="columns account, term, quantity",
            )
        wanted = INTEGERS if name in IDS else INTEGERS | FLOATS
        if kinds[name] not in wanted:
            raise DataError(
                "the column has another type",
                where=where,
                column=name,
                found=kinds[name],
                expected="integers" if name in IDS else "floats or integers",
            )


def _check_range(connection: duckdb.DuckDBPyConnection, source: str, *, where: str) -> int:
    """How many rows there are, each of them usable."""
    rows, *counts = connection.execute(
        "SELECT count(*), count(account), count(term), count(quantity), "
        "count(*) FILTER (account < 0 OR account > ?), "
        "count(*) FILTER (term < 0 OR term > ?), "
        "count(*) FILTER (NOT isfinite(quantity::DOUBLE) OR quantity < 0) "
        "FROM read_parquet(?, hive_partitioning = false)",
        [ID_MAX, ID_MAX, source],
    ).fetchall()[0]
    names = (*IDS, "quantity")
    for name, filled, bad in zip(names, counts[:3], counts[3:], strict=True):
        if filled != rows:
            raise DataError(
                "the column has empty cells",
                where=where,
                column=name,
                found=f"{rows - filled} of {rows}",
                expected="a number in each row",
            )
        if bad:
            raise DataError(
                "the column has numbers that cannot be used",
                where=where,
                column=name,
                found=f"{bad} of {rows}",
                expected=f"0 to {ID_MAX}" if name in IDS else "finite numbers, 0 or more",
            )
    return int(rows)
