"""CSV to a table, strictly and exactly: commas, quotes, one header line, no ragged rows."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from trimtab.adapters.files.encoding import read_text
from trimtab.adapters.files.tables import Cell, Table, checked_header
from trimtab.units import DataError


def read_csv(path: Path) -> Table:
    """Return the table of a CSV file; every cell is exact text, an empty one is None.

    Raises:
        DataError: no UTF-8 text, no header, a column twice, a ragged row, a broken quote.
    """
    where = path.name
    lines = _numbered(read_text(path), where)
    first = next(lines, None)
    if first is None:
        raise DataError("the file is empty", where=where)
    names = checked_header(first[1], where, row=first[0])
    rows, records = [], []
    for row, record in lines:
        if len(record) != len(names):
            raise DataError(
                "the row is ragged",
                where=where,
                row=row,
                found=f"{len(record)} cells",
                expected=f"{len(names)} cells",
            )
        rows.append(row)
        records.append(record)
    columns = tuple(zip(*records, strict=True)) if records else ((),) * len(names)
    return Table(where, names, tuple(_cells(column) for column in columns), rows, first[0])


def _cells(column: tuple[str, ...]) -> list[Cell]:
    return [text or None for text in column]


def _numbered(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on; blank lines may only end the file."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begun, blank = 1, 0
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise DataError(
                "the row is not CSV", where=where, row=begun, found=str(error)
            ) from None
        if record is None:
            return
        if record and blank:
            raise DataError("the row is blank", where=where, row=blank)
        if record:
            yield begun, record
        else:
            blank = blank or begun
        begun = reader.line_num + 1
