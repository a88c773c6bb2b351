"""Files that are no sound table: each is refused with one line that says where."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.adapters.case_folders import BOOK, case_folder, refusal
from trimtab.adapters.files import load_case, write_parquet
from trimtab.units import DataError

SPOILT_BYTES = {
    b"": "book.csv: the file is empty",
    b"\n\n": "book.csv: the file is empty",
    b"\xef\xbb\xbf" + BOOK.encode(): "book.csv: row 1: the file begins with a byte order mark; "
    "found 'UTF-8'; expected UTF-8 without a mark; save it as plain UTF-8",
    BOOK.encode(
        "utf-16"
    ): "book.csv: row 1: the file begins with a byte order mark; found 'UTF-16'",
    BOOK.encode("utf-16-le"): "book.csv: row 1: the file holds a NUL byte",
    BOOK.encode() + b"bob,ETH,\x001\n": "book.csv: row 4: the file holds a NUL byte",
    BOOK.encode() + b"b\xe9,ETH,1\n": "book.csv: row 4: the file is not UTF-8; "
    "found 'byte 0xe9'; expected UTF-8",
    b"account,instrument,quantity\n": "book.csv: the table has no rows; expected at least one row",
    b"account,instrument,quantity,quantity\na,ETH,1,2\n": "book.csv: row 1, column quantity: "
    "the column stands twice",
    b"account,instrument,\na,ETH,1\n": "book.csv: row 1: column 3 has no name",
    b"account,instrument\na,ETH\n": "book.csv: row 1, column quantity: the column is missing; "
    "expected whole units, + owned, - borrowed",
    b"account,instrument,quantity,colour\na,ETH,1,red\n": "book.csv: row 1, column colour: "
    "unknown column",
    b"acount,instrument,quantity\na,ETH,1\n": "book.csv: row 1, column acount: unknown column; "
    "did you mean account?",
    b"account, instrument,quantity\na,ETH,1\n": "did you mean instrument?",
    b"account;instrument;quantity\na;ETH;1\n": "separate the columns with commas",
    BOOK.encode() + b"bob,ETH\n": "book.csv: row 4: the row is ragged; found '2 cells'; "
    "expected 3 cells",
    BOOK.encode() + b"bob,ETH,1,000\n": "book.csv: row 4: the row is ragged; found '4 cells'",
    BOOK.encode() + b"\nbob,ETH,1\n": "book.csv: row 4: the row is blank",
    BOOK.encode() + b'"bob,ETH,1\n': "book.csv: row 4: the row is not CSV",
    BOOK.encode() + b'"bob"x,ETH,1\n': "book.csv: row 4: the row is not CSV",
    BOOK.encode() + b'"bob\nETH",ETH,1\n': "book.csv: row 4, column account: the account name "
    "holds a character that does not print; found 'bob\\nETH'",
    b"account,instrument,quantity\n" + b"x" * 200_000 + b",ETH,1\n": "book.csv: row 2: "
    "the row is not CSV; found 'field larger than field limit (131072)'",
}


@pytest.mark.parametrize("content", SPOILT_BYTES, ids=range(len(SPOILT_BYTES)))
def test_a_spoilt_csv_is_refused_with_its_row(tmp_path: Path, content: bytes) -> None:
    assert SPOILT_BYTES[content] in refusal(case_folder(tmp_path, book=content))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_and_blank_lines_at_the_end_are_fine(tmp_path: Path, ending: str) -> None:
    book = (BOOK + "\n\n").replace("\n", ending)
    assert len(load_case(case_folder(tmp_path, book=book)).book) == 2


def test_rows_are_counted_as_an_editor_shows_them(tmp_path: Path) -> None:
    prices = 'timestamp,asset,price\n"2020-03-12",ETH,1\n2020-03-13,"E\nTH",2\n2020-03-14,ETH,x\n'
    assert "prices.csv: row 3, column asset" in refusal(case_folder(tmp_path, prices=prices))


def parquet_case(folder: Path, book: Mapping[str, Any]) -> Path:
    case_folder(folder)
    (folder / "book.csv").unlink()
    write_parquet(folder / "book.parquet", book)
    return folder


SOUND = {"account": ["alice"], "instrument": ["ETH"], "quantity": ["1"]}


def test_a_parquet_row_is_counted_from_one(tmp_path: Path) -> None:
    book = {"account": ["a", "b"], "instrument": ["ETH", "EHT"], "quantity": ["1", "1"]}
    assert refusal(parquet_case(tmp_path, book)) == (
        "book.parquet: row 2, column instrument: the instrument is neither an asset nor a "
        "market of the rules; "
        "found 'EHT'; did you mean ETH?"
    )


@pytest.mark.parametrize("cut", [0, 3, 20, 200])
def test_a_truncated_parquet_is_refused(tmp_path: Path, cut: int) -> None:
    path = parquet_case(tmp_path, SOUND) / "book.parquet"
    path.write_bytes(path.read_bytes()[:cut])
    assert "book.parquet: the file is not readable Parquet; found " in refusal(tmp_path)


def test_a_parquet_with_any_byte_changed_is_read_or_refused(tmp_path: Path) -> None:
    path = parquet_case(tmp_path, SOUND) / "book.parquet"
    sound = path.read_bytes()
    for place in range(4, len(sound), 37):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
        # Whatever DuckDB makes of it, nothing but our own error comes out.
        with suppress(DataError):
            load_case(tmp_path)


def copied(folder: Path, select: str) -> Path:
    case_folder(folder)
    (folder / "book.csv").unlink()
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{folder}/book.parquet' (FORMAT parquet)")
    return folder


def test_parquet_numbers_are_exact_and_floats_are_their_binary_value(tmp_path: Path) -> None:
    kinds = ["'0.1'", "0.1::DECIMAL(38,18)", "1::UTINYINT", "0.1::DOUBLE", "-3::BIGINT"]
    rows = [f"SELECT 'a{n}' account, 'ETH' instrument, {{}} quantity" for n in range(len(kinds))]
    found = []
    for kind in kinds:
        folder = tmp_path / str(len(found))
        folder.mkdir()
        case = load_case(copied(folder, rows[0].format(kind)))
        found.append(case.book[0].quantity)
    # 0.1 is 0.1000000000000000055 in binary; its 18th decimal is rounded to the nearest.
    assert found == [10**17, 10**17, 10**18, 100000000000000006, -3 * 10**18]


@pytest.mark.parametrize(
    ("quantity", "what"),
    [
        ("true", "column quantity: the column has a type that no table holds; found 'BOOLEAN'"),
        ("[1]", "column quantity: the column is nested"),
        ("'nan'::DOUBLE", "row 1, column quantity: the number is not finite; found 'nan'"),
        ("'inf'::DOUBLE", "row 1, column quantity: the number is not finite; found 'inf'"),
        ("1e300::DOUBLE", "row 1, column quantity: the number is too large"),
        ("NULL::DOUBLE", "row 1, column quantity: the cell is empty; expected a number"),
        ("''", "row 1, column quantity: the cell is empty; expected a number"),
        ("DATE '2020-01-01'", "row 1, column quantity: the cell is a time"),
    ],
)
def test_a_parquet_cell_of_another_kind_is_refused(
    tmp_path: Path, quantity: str, what: str
) -> None:
    folder = copied(tmp_path, f"SELECT 'a' account, 'ETH' instrument, {quantity} quantity")
    assert refusal(folder).startswith(f"book.parquet: {what}")


def test_a_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, "SELECT 'a' account, 'ETH' instrument, 1 quantity WHERE false")
    assert refusal(folder) == "book.parquet: the table has no rows; expected at least one row"


def test_a_folder_name_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "a*[b]?"
    other = tmp_path / "axb1"
    for each, account in ((folder, "mine"), (other, "other")):
        each.mkdir()
        parquet_case(each, {**SOUND, "account": [account]})
    assert [row.account for row in load_case(folder).book] == ["mine"]
