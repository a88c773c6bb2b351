"""A table as read: named columns of cells, and the row numbers that its user counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from trimtab.adapters.files.naming import nearest_hint
from trimtab.model.schema import Column
from trimtab.units import DataError

T = TypeVar("T")

OTHER_SEPARATORS = ";\t|"


@dataclass(frozen=True, slots=True)
class Instant:
    """A time as a typed column holds it: ns UTC, whatever the calendar says."""

    ns: int


# Exact numbers are text or int; None is a missing cell, and no cell is the empty text.
Cell = str | int | float | Instant | None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length; `rows` counts lines for CSV (header 1), rows from 1 for Parquet."""

    where: str
    names: tuple[str, ...]
    columns: tuple[Sequence[Cell], ...]
    rows: Sequence[int]
    header_row: int | None

    def __post_init__(self) -> None:
        assert len(self.names) == len(self.columns), "a name for each column"
        assert all(len(column) == len(self.rows) for column in self.columns), (
            "columns of one length"
        )

    def column(self, name: str) -> Sequence[Cell]:
        """Return the cells of a column that the table is known to have."""
        return self.columns[self.names.index(name)]


def checked_header(names: Sequence[str], where: str, *, row: int | None) -> tuple[str, ...]:
    """Return the names of the columns; DataError where one is empty or stands twice."""
    seen = set()
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(f"column {number} has no name", where=where, row=row)
        if name in seen:
            raise DataError("the column stands twice", where=where, row=row, column=name)
        seen.add(name)
    return tuple(names)


def require_rows(table: Table) -> None:
    """Raise DataError where the table has a header and nothing else."""
    if not table.rows:
        raise DataError("the table has no rows", where=table.where, expected="at least one row")


def require_columns(table: Table, schema: Sequence[Column]) -> None:
    """Raise DataError unless the columns are those of `schema`, less optional ones."""
    known = [column.name for column in schema]
    for name in table.names:
        if name not in known:
            raise DataError(
                "unknown column",
                where=table.where,
                row=table.header_row,
                column=name,
                hint=_column_hint(table, name, known=known),
            )
    for column in schema:
        if column.required and column.name not in table.names:
            raise DataError(
                "the column is missing",
                where=table.where,
                row=table.header_row,
                column=column.name,
                expected=column.doc,
            )


def _column_hint(table: Table, name: str, *, known: Sequence[str]) -> str:
    if len(table.names) == 1 and any(mark in name for mark in OTHER_SEPARATORS):
        return "separate the columns with commas"
    return nearest_hint(name, [each for each in known if each not in table.names] or known)


def parsed(table: Table, name: str, *, parse: Callable[[Cell], T]) -> list[T]:
    """Return the parsed cells of a column; a DataError of `parse` gets its place here."""
    values = []
    for row, cell in zip(table.rows, table.column(name), strict=True):
        try:
            values.append(parse(cell))
        except DataError as error:
            raise error.located(where=table.where, row=row, column=name) from None
    return values


def parsed_or(table: Table, name: str, *, parse: Callable[[Cell], T], absent: T) -> list[T]:
    """Return the parsed cells of an optional column, or `absent` for each row without it."""
    if name not in table.names:
        return [absent] * len(table.rows)
    return parsed(table, name, parse=parse)
