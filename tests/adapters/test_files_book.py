"""The book: exact quantities, rounding against the account, and refusals by row and column."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.case_folders import RULES, case_folder, refusal
from trimtab.adapters.files import load_case, write_csv, write_parquet
from trimtab.adapters.files.cells import quantity_of
from trimtab.model import BookRow
from trimtab.units import UINT256_MAX, WAD, format_decimal

CATEGORIES = """
[categories.stable]
assets = ["USDC"]
max_ltv = 0.93
liquidation_threshold = 0.95
[categories.other]
assets = ["USDC"]
max_ltv = 0.9
liquidation_threshold = 0.9
"""
HEADER = "account,instrument,quantity,entry_price,group,category,liquidation_threshold\n"


def test_every_column_is_read(tmp_path: Path) -> None:
    book = HEADER + "a b,ETH,1.5,200,basis,stable,0.7\na b,USDC,-2,,basis,stable,\n"
    case = load_case(case_folder(tmp_path, rules=RULES + CATEGORIES, book=book))
    assert case.book == (
        BookRow("a b", "ETH", 15 * 10**17, "basis", "stable", 7 * 10**17, 200 * WAD),
        BookRow("a b", "USDC", -2_000_000, "basis", "stable", None, None),
    )


def test_quantities_round_against_the_account_with_one_warning(tmp_path: Path) -> None:
    book = "account,instrument,quantity\na,USDC,1.0000019\nb,USDC,-1.0000011\nc,USDC,0.0000009\n"
    warnings: list[str] = []
    case = load_case(case_folder(tmp_path, book=book), warnings.append)
    assert [(row.account, row.quantity) for row in case.book] == [("a", 1000001), ("b", -1000002)]
    assert warnings == [
        "book.csv: 3 numbers of more decimals than the instrument has, rounded against the account"
    ]


def test_rows_of_quantity_zero_are_dropped_in_silence(tmp_path: Path) -> None:
    book = "account,instrument,quantity\na,ETH,0\na,ETH,0.0\na,ETH,-0\na,ETH,1\n"
    warnings: list[str] = []
    case = load_case(case_folder(tmp_path, book=book), warnings.append)
    assert [row.quantity for row in case.book] == [WAD]
    assert not warnings


REFUSED = {
    "a,BTC,1,,,,": "row 2, column instrument: the instrument is neither an asset nor a "
    "market of the rules; "
    "found 'BTC'; known: ",
    "a,eth,1,,,,": "row 2, column instrument: the instrument is neither an asset nor a "
    "market of the rules; "
    "found 'eth'; did you mean ETH?",
    "a,,1,,,,": "row 2, column instrument: the cell is empty",
    ",ETH,1,,,,": "row 2, column account: the cell is empty; expected a name",
    "@insurance,ETH,1,,,,": "row 2, column account: the account name begins with @",
    "a/b,ETH,1,,,,": "row 2, column account: the account name holds a slash",
    " a,ETH,1,,,,": "row 2, column account: the account name begins or ends with a space; "
    "found ' a'; expected 'a'",
    "a\x1b[0m,ETH,1,,,,": "row 2, column account: the account name holds a character",
    "a,ETH,1,,x/y,,": "row 2, column group: the group name holds a slash",
    "a,ETH,,,,,": "row 2, column quantity: the cell is empty; expected a number",
    "a,ETH,ten,,,,": "row 2, column quantity: the text is not a number; found 'ten'",
    "a,ETH,nan,,,,": "row 2, column quantity: the number is not finite; found 'nan'",
    "a,ETH,-inf,,,,": "row 2, column quantity: the number is not finite; found '-inf'",
    "a,ETH, 1,,,,": "row 2, column quantity: the text is not a number; found ' 1'",
    "a,ETH,1e60,,,,": "row 2, column quantity: the number is too large; found '1e60'",
    "a,ETH,1,0,,,": "row 2, column entry_price: the price is not positive; found '0'",
    "a,ETH,1,,,flat,": "row 2, column category: the category is not defined in the rules; "
    "found 'flat'; known: stable, other",
    "a,ETH,1,,,,1.01": "row 2, column liquidation_threshold: the ratio is out of range; "
    "found '1.01'; expected 0 to 1",
    "a,ETH,1,,,,-0.1": "row 2, column liquidation_threshold: the ratio is out of range",
    "a,ETH,-1,,,,0.5": "row 2, column liquidation_threshold: a debt has no liquidation threshold",
    "a,ETH,1,,,stable,\na,USDC,-1,,,,": "row 3, column category: the category differs from row 2 "
    "of the same account and group; found ''; expected 'stable'",
    "a,ETH,1,,,stable,\na,USDC,-1,,,other,": "row 3, column category: the category differs",
    "a,ETH,1,,,,\nb,ETH,1,,,,\na,ETH,2,,,,": "row 4, column instrument: the account holds the "
    "instrument in row 2 already; found 'ETH'",
}


@pytest.mark.parametrize("rows", REFUSED, ids=range(len(REFUSED)))
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, rows: str) -> None:
    folder = case_folder(tmp_path, rules=RULES + CATEGORIES, book=HEADER + rows + "\n")
    line = refusal(folder)
    assert line.startswith(f"book.csv: {REFUSED[rows]}")


def test_one_instrument_may_be_owned_and_owed_and_stand_in_two_groups(tmp_path: Path) -> None:
    book = HEADER + "a,ETH,1,,,stable,\na,ETH,-1,,,stable,\na,ETH,1,,g,,\n"
    folder = case_folder(tmp_path, rules=RULES + CATEGORIES, book=book)
    assert len(load_case(folder).book) == 3


@given(
    raw=st.integers(-UINT256_MAX, UINT256_MAX),
    decimals=st.integers(0, 36),
    zeros=st.sampled_from(["", "0", "000"]),
)
def test_an_exact_quantity_prints_back(raw: int, decimals: int, zeros: str) -> None:
    text = format_decimal(raw, decimals)
    longer = text + ("." if "." not in text and zeros else "") + zeros
    parsed, inexact = quantity_of(longer, decimals)
    assert not inexact
    assert format_decimal(parsed, decimals) == text


ACCOUNTS = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="@/"), min_size=1
)


@settings(max_examples=15, deadline=None)
@given(quantities=st.dictionaries(ACCOUNTS, st.integers(1, 10**30), min_size=1, max_size=20))
def test_a_book_written_by_us_reads_back(
    quantities: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    book = {
        "account": list(quantities),
        "instrument": ["ETH"] * len(quantities),
        "quantity": [format_decimal(raw, 18) for raw in quantities.values()],
    }
    for name, write in (("book.csv", write_csv), ("book.parquet", write_parquet)):
        folder = case_folder(tmp_path_factory.mktemp("case"))
        (folder / "book.csv").unlink()
        write(folder / name, book)
        assert {row.account: row.quantity for row in load_case(folder).book} == quantities
