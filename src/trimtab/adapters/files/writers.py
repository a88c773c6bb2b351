"""Result tables and documents to files: exact, the same bytes for the same data, atomic.

A table is a mapping of column name to a sequence: text, integers of 64 bits, floats, flags, or
times (`numpy.datetime64`, or integer ns UTC in a column called `timestamp`); None is a missing
cell. Exact numbers beyond 64 bits are decimal text.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from trimtab.adapters.files.parquet_tables import engine
from trimtab.adapters.files.staging import atomic_file, unwritable
from trimtab.units import Time

Columns = Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]

TIMESTAMP = "timestamp"
TEXT_TYPE = "VARCHAR"
# Naive ns: pandas, polars, DuckDB and Arrow all read it, and no nanosecond is lost.
TIME_TYPE = "TIMESTAMP_NS"
TYPES = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: TEXT_TYPE}
DTYPES = {"BOOLEAN": "bool", "BIGINT": "int64", "DOUBLE": "float64", TIME_TYPE: "int64"}


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str
    cells: list[Any]


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8; DataError where the machine refuses."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: Path, document: Any) -> None:
    """Write a document of dicts, lists, text, finite numbers, flags and None as indented JSON."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, columns: Columns) -> None:
    """Write a table as CSV; a time as ISO 8601 text, a missing cell as nothing."""
    table = _checked(columns)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in table])
    writer.writerows(zip(*(_texts(column) for column in table), strict=True))
    write_text(path, stream.getvalue())


def write_parquet(path: Path, columns: Columns) -> None:
    """Write a table as Parquet: VARCHAR, BIGINT, DOUBLE, BOOLEAN, TIMESTAMP_NS (UTC), NULL.

    A column without any value is VARCHAR, a float nan is NULL.
    """
    table = _checked(columns)
    # Columns go in by number, so that no name can be mistaken by SQL.
    arrays = {f"c{place}": _array(column) for place, column in enumerate(table)}
    selected = ", ".join(
        f'CAST(c{place} AS {column.kind}) AS "{column.name.replace(chr(34), chr(34) * 2)}"'
        for place, column in enumerate(table)
    )
    with atomic_file(path) as temporary, engine() as connection:
        connection.register("staged", arrays)
        try:
            connection.execute(
                f"COPY (SELECT {selected} FROM staged) TO ? (FORMAT parquet, COMPRESSION zstd)",
                [str(temporary)],
            )
        except duckdb.IOException as error:
            reason = str(error).partition("\n")[0].replace(f"{path.parent}/", "")
            raise unwritable(path, OSError(0, reason)) from None


def _checked(columns: Columns) -> list[_Column]:
    assert columns, "a table has columns"
    table = [_column(name, cells) for name, cells in columns.items()]
    lengths = {len(column.cells) for column in table}
    assert len(lengths) == 1, f"columns of different lengths: {sorted(lengths)}"
    folded = {column.name.casefold() for column in table}
    assert len(folded) == len(table), "column names differ by more than case"
    return table


def _column(name: str, cells: Sequence[Any] | np.ndarray[Any, Any]) -> _Column:
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        ns = cells.astype("datetime64[ns]").astype("int64")
        empty = np.isnat(cells)
        return _Column(
            name, TIME_TYPE, [None if no else int(n) for n, no in zip(ns, empty, strict=True)]
        )
    plain = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    found = {type(cell) for cell in plain if cell is not None}
    if found == {int, float}:
        plain, found = [None if cell is None else float(cell) for cell in plain], {float}
    if all(issubclass(kind, str) for kind in found):
        # A StrEnum is text to DuckDB only once it is plain text.
        plain = [None if cell is None else str(cell) for cell in plain]
        found = {str}
    assert len(found) == 1, f"column {name} mixes {sorted(kind.__name__ for kind in found)}"
    kind = found.pop()
    assert kind in TYPES, f"column {name} holds {kind.__name__}"
    if kind is int:
        assert all(cell is None or -(2**63) < cell < 2**63 for cell in plain), f"{name}: 64 bits"
        return _Column(name, TIME_TYPE if name == TIMESTAMP else "BIGINT", plain)
    return _Column(name, TYPES[kind], plain)


def _array(column: _Column) -> Any:
    if column.kind == TEXT_TYPE:
        texts = np.empty(len(column.cells), dtype=object)
        texts[:] = column.cells
        return texts
    missing = np.array([cell is None for cell in column.cells], dtype=bool)
    filled = [0 if cell is None else cell for cell in column.cells]
    values = np.array(filled, dtype=DTYPES[column.kind])
    if column.kind != TIME_TYPE:
        return np.ma.masked_array(values, mask=missing)
    times = values.view("datetime64[ns]")
    times[missing] = np.datetime64("NaT", "ns")
    return times


def _texts(column: _Column) -> list[str]:
    if column.kind == TIME_TYPE:
        return ["" if cell is None else Time(cell).text() for cell in column.cells]
    if column.kind == "BOOLEAN":
        return ["" if cell is None else str(cell).lower() for cell in column.cells]
    return ["" if cell is None else str(cell) for cell in column.cells]
