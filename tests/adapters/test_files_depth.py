"""A depth table is read exactly, and every cell that is wrong is told with its place."""

from __future__ import annotations

import duckdb
import pytest

from tests.adapters.case_folders import case_folder
from trimtab.adapters.files import load_case
from trimtab.model import DepthRow, Side
from trimtab.units import WAD, DataError

LEVELS = "asset,side,price,quantity\nETH,bid,1999.5,3.25\nETH,bid,1999,10\nETH,ask,2000.5,4\n"
BANDS = "asset,side,distance_bps,quantity,value\n"
TIMED = "timestamp,asset,side,price,quantity\n"


def depth_of(folder, text):
    case_folder(folder)
    (folder / "depth.csv").write_text(text, encoding="utf-8")
    return load_case(folder)


def test_levels_of_a_book(tmp_path):
    case = depth_of(tmp_path, LEVELS)
    assert case.depth == (
        DepthRow("ETH", Side.BID, price_wad=19995 * WAD // 10, quantity_wad=325 * WAD // 100),
        DepthRow("ETH", Side.BID, price_wad=1999 * WAD, quantity_wad=10 * WAD),
        DepthRow("ETH", Side.ASK, price_wad=20005 * WAD // 10, quantity_wad=4 * WAD),
    )
    assert "depth.csv" in case.input_hashes


def test_bands_in_units_or_in_quote(tmp_path):
    text = BANDS + "ETH,bid,10,100,\nETH,bid,2.5,,1000000\nUSDC,ask,50,5,\n"
    assert depth_of(tmp_path, text).depth == (
        DepthRow("ETH", Side.BID, distance_wad=WAD // 1000, quantity_wad=100 * WAD),
        DepthRow("ETH", Side.BID, distance_wad=25 * WAD // 10**5, value_wad=10**6 * WAD),
        DepthRow("USDC", Side.ASK, distance_wad=5 * WAD // 1000, quantity_wad=5 * WAD),
    )


def test_each_assets_last_time_counts(tmp_path):
    rows = ("2024-01-02", "ETH", 100), ("2024-01-01", "ETH", 90), ("2024-01-01", "USDC", 1)
    text = TIMED + "".join(
        f"{day},{asset},bid,{price},1\n{day},{asset},ask,{price + 1},1\n"
        for day, asset, price in rows
    )
    found = [(row.asset, row.price_wad // WAD) for row in depth_of(tmp_path, text).depth]
    assert found == [("ETH", 100), ("ETH", 101), ("USDC", 1), ("USDC", 2)]


def test_a_case_without_a_depth_table_has_no_depth(tmp_path):
    assert load_case(case_folder(tmp_path)).depth == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LEVELS.replace("ETH,bid,1999,10", "ETC,bid,1999,10"), "row 3, column asset: the asset is"),
        (LEVELS.replace("ETH,bid,1999,10", "USD,bid,1999,10"), "the quote is not sold"),
        (
            LEVELS.replace("bid,1999,", "buy,1999,"),
            "no such side; found 'buy'; expected bid or ask",
        ),
        (LEVELS.replace("1999,10", "1999,0"), "row 3, column quantity: the depth is not positive"),
        (LEVELS.replace("1999,10", "1999,-1"), "found '-1'; expected above 0"),
        (LEVELS.replace("1999,10", "1999,x"), "row 3, column quantity: "),
        (LEVELS.replace("1999,10", "0,10"), "row 3, column price: the price is not positive"),
        (LEVELS.replace("1999,10", "1999,"), "row 3: the row says no depth; expected a quantity"),
        (LEVELS.replace("1999,10", ",10"), "row 3: the row says no place; expected a price, or"),
        (LEVELS.replace("ask,2000.5", "ask,1999.5"), "the book is crossed; found 'ETH'"),
        (LEVELS.replace("ETH,ask,2000.5,4\n", ""), "the book has no asks; found 'ETH'"),
        (BANDS + "ETH,bid,0,1,\n", "column distance_bps: the distance is out of range; found '0'"),
        (BANDS + "ETH,bid,10000,1,\n", "expected basis points above 0, below 10000"),
        (BANDS + "ETH,bid,10,1,2\n", "row 2: the row says its depth twice"),
        (BANDS + "ETH,bid,10,,\n", "row 2: the row says no depth; expected a quantity, or a value"),
        ("asset,side,price,distance_bps,quantity\nETH,bid,9,9,1\n", "both a level and a band"),
        (
            "asset,side,price,distance_bps,quantity\nETH,bid,9,,1\nETH,bid,,9,1\n",
            "an asset has levels and bands at once; found 'ETH'",
        ),
        ("asset,side\nETH,bid\n", "row 2: the row says no place"),
        ("asset,price,quantity\nETH,9,1\n", "row 1, column side: the column is missing"),
        ("asset,side,prize\nETH,bid,9\n", "column prize: unknown column; did you mean price?"),
        ("asset,side,price\n", "the table has no rows"),
        (TIMED + "5,ETH,bid,9,1\n", "column timestamp: the time is a bare number"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, message):
    with pytest.raises(DataError) as said:
        depth_of(tmp_path, text)
    assert str(said.value).startswith("depth.csv: ")
    assert message in str(said.value)
    assert "\n" not in str(said.value)


def test_a_parquet_table_of_numbers(tmp_path):
    case_folder(tmp_path)
    rows = "(VALUES ('ETH', 'bid', 10.0::DOUBLE, 4.5::DOUBLE), ('ETH', 'bid', 20.5, 9.0))"
    columns = "AS rows(asset, side, distance_bps, quantity)"
    target = tmp_path / "depth.parquet"
    duckdb.connect().execute(
        f"COPY (SELECT * FROM {rows} {columns}) TO '{target}' (FORMAT parquet)"
    )
    assert load_case(tmp_path).depth == (
        DepthRow("ETH", Side.BID, distance_wad=WAD // 1000, quantity_wad=45 * WAD // 10),
        DepthRow("ETH", Side.BID, distance_wad=205 * WAD // 10**5, quantity_wad=9 * WAD),
    )


def test_one_table_of_depth(tmp_path):
    (tmp_path / "depth.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="the case has two tables of depth"):
        depth_of(tmp_path, LEVELS)
