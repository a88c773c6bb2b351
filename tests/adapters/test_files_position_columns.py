"""Positions from Parquet: columns as in the file, and one clear line for what is none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from trimtab.adapters.files import position_columns
from trimtab.adapters.files.position_columns import read_positions
from trimtab.units import DataError

GOOD = "SELECT i // 3 AS account, i % 7 AS term, (i + 1) * 0.5 AS quantity FROM range(20) t(i)"


def written(folder: Path, select: str) -> Path:
    path = folder / "positions [1].parquet"
    duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize("piece", [3, 20, 1000])
def test_columns_come_as_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(position_columns, "PIECE", piece)
    select = GOOD.replace("* 0.5", "* 0.5::DOUBLE")
    found = read_positions(written(tmp_path, select))
    assert found.account.tolist() == [i // 3 for i in range(20)]
    assert found.term.tolist() == [i % 7 for i in range(20)]
    assert found.quantity.tolist() == [(i + 1) * 0.5 for i in range(20)]
    assert (found.account.dtype, found.quantity.dtype) == (np.int32, np.float64)


def test_an_empty_file_is_an_empty_book(tmp_path: Path) -> None:
    select = "SELECT 1 AS account, 1 AS term, 1.0::DOUBLE AS quantity WHERE false"
    assert read_positions(written(tmp_path, select)).account.size == 0


@pytest.mark.parametrize(
    ("select", "what"),
    [
        ("SELECT 1 AS account, 1 AS term", "column quantity: the column is missing"),
        ("SELECT 'a' AS account, 1 AS term, 1 AS quantity", "column account: .*another type"),
        ("SELECT 1 AS account, 1 AS term, 'x' AS quantity", "column quantity: .*another type"),
        ("SELECT -1 AS account, 1 AS term, 1 AS quantity", "column account: .*cannot be used"),
        ("SELECT 1 AS account, 3000000000 AS term, 1 AS quantity", "column term"),
        ("SELECT 1 AS account, 1 AS term, -1 AS quantity", "0 or more"),
        ("SELECT 1 AS account, 1 AS term, 'NaN'::DOUBLE AS quantity", "1 of 1"),
        ("SELECT 1 AS account, 1 AS term, 'Infinity'::DOUBLE AS quantity", "finite numbers"),
        ("SELECT 1 AS account, NULL::INT AS term, 1 AS quantity", "empty cells"),
    ],
)
def test_what_is_no_position_is_refused(tmp_path: Path, select: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        read_positions(written(tmp_path, select))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_positions(tmp_path / "nothing.parquet")
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="not readable Parquet"):
        read_positions(torn)
