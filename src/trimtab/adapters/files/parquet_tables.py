"""Parquet to a table through DuckDB: text and decimals stay exact, floats stay floats."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from trimtab.adapters.files.encoding import unreadable
from trimtab.adapters.files.tables import Cell, Instant, Table, checked_header
from trimtab.units import DataError

# The engine shall neither fetch code nor guess: no extension is ever installed or loaded.
CONFIG: Mapping[str, str] = MappingProxyType(
    {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
)
DECIMAL_DIGITS_MAX = 38

INTEGERS = frozenset(
    {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")}
    | {"INTEGER", "UINTEGER"}
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})
TIMES_NS = frozenset({"TIMESTAMP_NS", "TIMESTAMPTZ_NS"})
TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP WITH TIME ZONE"})


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a private in-memory DuckDB, closed afterwards."""
    connection = duckdb.connect(":memory:", config=dict(CONFIG))
    try:
        yield connection
    finally:
        connection.close()


def read_parquet(path: Path) -> Table:
    """Return the table of a Parquet file; rows count from 1.

    Text, decimals and integers are exact; floats are the file's own binary numbers; timestamps of
    any unit, with or without zone, and dates become instants UTC.

    Raises:
        DataError: no readable Parquet, a column twice, or a column of another type.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        with engine() as connection:
            return _read(connection, path)
    except (duckdb.Error, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0].replace(f"{path.parent}/", "")
        raise DataError("the file is not readable Parquet", where=path.name, found=reason) from None


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> Table:
    # A path is a glob to DuckDB; a folder may be called "[2020]".
    source = "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
    names = _checked_names(connection, source, where=path.name)
    described = connection.execute(
        "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [source]
    ).fetchall()
    expressions = [
        _expression(own, kind, where=path.name, name=name)
        for name, (own, kind, *_) in zip(names, described, strict=True)
    ]
    found = connection.execute(
        f"SELECT {', '.join(expressions)} FROM read_parquet(?, hive_partitioning = false)", [source]
    ).fetchall()
    kinds = [row[1] for row in described]
    raw = zip(*found, strict=True) if found else ((),) * len(names)
    columns = tuple(_cells(cells, kind) for cells, kind in zip(raw, kinds, strict=True))
    return Table(path.name, names, columns, range(1, len(found) + 1), None)


def _checked_names(
    connection: duckdb.DuckDBPyConnection, source: str, *, where: str
) -> tuple[str, ...]:
    # DuckDB renames a second column of a name and widens a long decimal to a float, both in
    # silence; the file's own schema tells.
    root, *leaves = connection.execute(
        "SELECT name, num_children, precision FROM parquet_schema(?)", [source]
    ).fetchall()
    for name, children, precision in leaves:
        if children is not None:
            raise DataError("the column is nested", where=where, column=name)
        if precision is not None and precision > DECIMAL_DIGITS_MAX:
            raise DataError(
                "the decimals are too long",
                where=where,
                column=name,
                found=f"{precision} digits",
                expected=f"at most {DECIMAL_DIGITS_MAX} digits, or decimal text",
            )
    assert root[1] == len(leaves), "a flat schema has its columns below its root"
    return checked_header([leaf[0] for leaf in leaves], where, row=None)


def _expression(own: str, kind: str, *, where: str, name: str) -> str:
    quoted = '"' + own.replace('"', '""') + '"'
    if kind == "VARCHAR" or kind in INTEGERS:
        return quoted
    if kind.startswith("DECIMAL"):
        return f"CAST({quoted} AS VARCHAR)"
    if kind in FLOATS:
        return f"CAST({quoted} AS DOUBLE)"
    if kind in TIMES_NS:
        return f"epoch_ns({quoted})"
    if kind in TIMES:
        return f"epoch_us({quoted})"
    raise DataError(
        "the column has a type that no table holds",
        where=where,
        column=name,
        found=kind,
        expected="text, a number or a timestamp",
    )


def _cells(raw: tuple[Any, ...], kind: str) -> list[Cell]:
    if kind in TIMES_NS:
        return [None if ns is None else Instant(ns) for ns in raw]
    if kind in TIMES:
        return [None if us is None else Instant(us * 1000) for us in raw]
    return [None if cell == "" else cell for cell in raw]
