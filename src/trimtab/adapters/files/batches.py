"""Batches of a stress test as files of a folder: each whole or not there, so a run can go on.

`head.json` says which run they are of; `batch-000012.parquet` has a row for each path of batch 12.
Any reader of Parquet gets the whole run by `batch-*.parquet`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from trimtab.adapters.files.encoding import unreadable
from trimtab.adapters.files.parquet_tables import engine
from trimtab.adapters.files.writers import write_json, write_parquet
from trimtab.units import DataError

HEAD: Final = "head.json"
SCHEMA: Final = "trimtab.batches/1"
_NAME: Final = re.compile(r"batch-(\d{6})\.parquet")

Columns = Mapping[str, NDArray[Any]]


class BatchFolder:
    """The finished batches of one run; a `BatchStore`.

    Args:
        path: the folder; made with the first batch.
        identity: of the run, as its question gives it.
        resume: go on with the batches that are there; otherwise those of an earlier run go.

    Raises:
        DataError: to go on with another run's batches, or a folder that cannot be read.
    """

    def __init__(self, path: Path, identity: str, *, resume: bool = False) -> None:
        self.path, self.identity = path, identity
        if path.exists() and not path.is_dir():
            raise DataError("the output is not a folder", where=path.name, expected="a folder")
        self._begun = resume and (path / HEAD).exists()
        if self._begun:
            self._require_same_run()

    def finished(self) -> dict[int, Columns]:
        """Return the columns of each batch that was kept, by its number."""
        if not self._begun:
            return {}
        return {int(match[1]): _read(file) for file, match in self._files()}

    def keep(self, number: int, columns: Columns) -> None:
        """Keep the columns of a batch: floats, integers; the file is there whole or not at all."""
        if not self._begun:
            self.path.mkdir(parents=True, exist_ok=True)
            for file, _ in self._files():
                file.unlink()
            write_json(self.path / HEAD, {"schema": SCHEMA, "identity": self.identity})
            self._begun = True
        write_parquet(self.path / f"batch-{number:06d}.parquet", dict(columns))

    def _files(self) -> list[tuple[Path, re.Match[str]]]:
        found = [(file, _NAME.fullmatch(file.name)) for file in sorted(self.path.iterdir())]
        return [(file, match) for file, match in found if match]

    def _require_same_run(self) -> None:
        head = self.path / HEAD
        try:
            found = json.loads(head.read_text())
        except OSError as error:
            raise unreadable(head, error) from None
        except ValueError:
            found = {}
        identity = found.get("identity") if isinstance(found, dict) else None
        if identity != self.identity:
            raise DataError(
                "the batches are of another run",
                where=f"{self.path.name}/{HEAD}",
                found=str(identity),
                expected=self.identity,
                hint="take another folder, or run without resuming to start anew",
            )


def _read(path: Path) -> Columns:
    try:
        with engine() as connection:
            source = "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
            found = connection.execute(
                "SELECT * FROM read_parquet(?, hive_partitioning = false)", [source]
            ).fetchnumpy()
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0].replace(f"{path.parent}/", "")
        raise DataError(
            "the batch is not readable", where=path.name, found=reason, hint="delete the file"
        ) from None
    return {name: _filled(column) for name, column in found.items()}


def _filled(column: NDArray[Any]) -> NDArray[Any]:
    """A column as it was kept: what is missing was not a number."""
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(column.filled(np.nan) if column.mask.any() else column.data)
    return np.asarray(column)
