"""Chains from Parquet: exact numbers, medians, and one line for each thing that is wrong."""

from pathlib import Path

import duckdb
import pytest

from tests.conftest import DATA
from trimtab.adapters.files import read_option_chain
from trimtab.units import WAD, DataError

ROWS = (
    ("2026-01-01 08:00", "BTC", "BTC-A-50000-C", "call", 50000.0, "2026-01-31 08:00", 0.5, 60100.5),
    ("2026-01-01 08:00", "BTC", "BTC-A-50000-P", "put", 50000.0, "2026-01-31 08:00", 0.51, 60100.0),
    ("2026-01-01 08:00", "BTC", "BTC-A-40000-C", "call", 40000.0, "2026-01-31 08:00", 0.6, 60101.0),
    ("2026-01-01 08:00", "ETH", "ETH-A-3000-C", "call", 3000.0, "2026-01-31 08:00", 0.7, 3000.0),
    ("2026-01-05 08:00", "BTC", "BTC-A-50000-C", "call", 50000.0, "2026-01-31 08:00", 0.4, 61000.0),
    ("2026-01-05 08:00", "BTC", "BTC-B-50000-C", "call", 50000.0, "2026-01-02 08:00", 0.4, 61000.0),
)
NAMES = (
    "snapshot_time, currency, instrument_name, option_type, strike, expiry_datetime, "
    "implied_volatility, underlying, index_price, mark_price"
)


def write(path: Path, rows=ROWS, *, names: str = NAMES) -> Path:
    values = ", ".join(
        f"(TIMESTAMP '{at}', '{c}', '{n}', '{k}', CAST({s} AS DOUBLE), TIMESTAMP '{e}', "
        f"CAST({v} AS DOUBLE), CAST({f} AS DOUBLE), CAST(60000.25 AS DOUBLE), CAST(0 AS DOUBLE))"
        for at, c, n, k, s, e, v, f in rows
    )
    duckdb.execute(
        f"COPY (SELECT * FROM (VALUES {values}) t({names})) TO '{path}' (FORMAT parquet)"
    )
    return path


def test_snapshots_stand_by_time_with_their_median_forwards(tmp_path: Path) -> None:
    first, second = read_option_chain(write(tmp_path / "chain.parquet"), "BTC")
    assert first.at_ns < second.at_ns
    assert first.index_wad == 60_000 * WAD + WAD // 4
    assert [row.strike_wad // WAD for row in first.rows] == [40_000, 50_000, 50_000]
    assert [row.is_call for row in first.rows] == [True, False, True]
    (forward,) = first.forwards_wad.values()
    assert forward == 60_100 * WAD + WAD // 2
    assert first.rows[2].vol_wad == WAD // 2


def test_expired_options_are_left_out(tmp_path: Path) -> None:
    _, second = read_option_chain(write(tmp_path / "chain.parquet"), "BTC")
    assert [row.name for row in second.rows] == ["BTC-A-50000-C"]


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (3, "straddle", "neither a call nor a put"),
        (6, -0.5, "not above zero"),
        (7, 0.0, "not above zero"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, place: int, value: object, words: str) -> None:
    row = [*ROWS[0]]
    row[place] = value
    with pytest.raises(DataError, match=words) as caught:
        read_option_chain(write(tmp_path / "chain.parquet", [tuple(row)]), "BTC")
    assert "row 1" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_column_and_currency_are_named(tmp_path: Path) -> None:
    renamed = write(tmp_path / "a.parquet", names=NAMES.replace("strike", "exercise"))
    with pytest.raises(DataError, match="strike"):
        read_option_chain(renamed, "BTC")
    with pytest.raises(DataError, match="SOL"):
        read_option_chain(write(tmp_path / "b.parquet"), "SOL")
    with pytest.raises(DataError, match="cannot be read"):
        read_option_chain(tmp_path / "none.parquet", "BTC")


@pytest.mark.shared
def test_the_real_chains() -> None:
    path = DATA / "options" / "deribit_option_chain_snapshots_2026.parquet"
    found = read_option_chain(path, "BTC")
    assert len(found) == 51
    assert len(found[0].rows) == 630
    assert len(found[0].forwards_wad) == 12
    for snapshot in found:
        assert all(0 < row.vol_wad < 3 * WAD for row in snapshot.rows)
        for forward in snapshot.forwards_wad.values():
            assert abs(forward - snapshot.index_wad) < snapshot.index_wad // 10
