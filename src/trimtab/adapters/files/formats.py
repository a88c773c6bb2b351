"""Which reader a file's name asks for."""

from pathlib import Path

from trimtab.adapters.files.csv_tables import read_csv
from trimtab.adapters.files.parquet_tables import read_parquet
from trimtab.adapters.files.tables import Table
from trimtab.units import DataError

SUFFIXES = (".parquet", ".csv")


def read_table(path: Path) -> Table:
    """Return the table of a `.csv` or `.parquet` file; DataError where it cannot be read."""
    if path.suffix == ".csv":
        return read_csv(path)
    if path.suffix == ".parquet":
        return read_parquet(path)
    raise DataError(
        "the file is no table", where=path.name, found=path.suffix, expected=" or ".join(SUFFIXES)
    )
