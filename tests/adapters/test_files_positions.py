"""Positions in a book and mark prices in a price table, and every way in which they are refused."""

from pathlib import Path

import pytest

from tests.adapters.case_folders import MARKETS, RULES, case_folder, refusal
from trimtab.adapters.files import load_case
from trimtab.engine import MemoryStore, open_venue
from trimtab.model import Account, BookRow, Position, Table, Tick
from trimtab.units import WAD, Time

ALL_RULES = RULES + MARKETS + '[categories.near]\nassets = ["ETH"]\nmax_ltv = 0.9\n'
ALL_RULES += "liquidation_threshold = 0.9\n"
HEADER = "account,instrument,quantity,entry_price,group,category,liquidation_threshold\n"
START = Time.parse("2020-03-12").raw
PRICED = ALL_RULES.replace("[assets.USDC]\n", "price = 200\n[assets.USDC]\nprice = 1\n")
LONG = "timestamp,asset,price\n"


def test_a_position_is_read_with_its_entry_price_in_units_of_its_contract(tmp_path: Path) -> None:
    book = HEADER + (
        "a,USDC,500,,basis,,\n"
        "a,ETH-PERP,-1.5,2000.25,basis,,\n"
        "a,ETH-COIN,1200.34,1999,basis,,\n"
        "b,ETH-PERP,2,,,near,\n"
    )
    case = load_case(case_folder(tmp_path, rules=ALL_RULES, book=book))
    assert case.book[1:] == (
        BookRow("a", "ETH-PERP", -15 * 10**17, "basis", "", None, 200025 * WAD // 100),
        BookRow("a", "ETH-COIN", 120_034, "basis", "", None, 1999 * WAD),
        BookRow("b", "ETH-PERP", 2 * WAD, "", "near", None, None),
    )


def test_an_entry_price_is_what_the_position_cost(tmp_path: Path) -> None:
    """Of a position it is used; of an asset it is checked, kept, and changes nothing."""
    book = HEADER + "a,ETH,1,150,,,\na,ETH-PERP,1,190,,,\nb,ETH-PERP,1,,,,\n"
    case = load_case(case_folder(tmp_path, rules=ALL_RULES, book=book))

    def opened(rows: tuple[BookRow, ...]) -> MemoryStore:
        return open_venue(case.rules, rows, at_ns=START, prices=dict(case.ticks[0].prices))

    store = opened(case.book)
    costs = {}
    for key in ("a", "b"):
        account = store.get(Table.ACCOUNT, key)
        assert isinstance(account, Account)
        costs[key] = account.positions["ETH-PERP"]
    assert costs["a"] == Position(WAD, 190 * 10**54)
    # Without an entry price it is the first price: 194.5.
    assert costs["b"] == Position(WAD, 1945 * 10**53)
    plain = (BookRow("a", "ETH", WAD), *case.book[1:])
    assert opened(plain).state_hash() == store.state_hash()


def test_a_size_too_fine_for_its_contract_is_rounded_against_the_account(tmp_path: Path) -> None:
    book = "account,instrument,quantity\na,ETH-COIN,1.009\nb,ETH-COIN,-1.001\nc,ETH-COIN,0.009\n"
    warnings: list[str] = []
    folder = case_folder(tmp_path, rules=ALL_RULES, book=book)
    case = load_case(folder, warnings.append)
    assert [(row.account, row.quantity) for row in case.book] == [("a", 100), ("b", -101)]
    assert warnings[0] == (
        "book.csv: 3 numbers of more decimals than the instrument has, rounded against the account"
    )


def test_contracts_have_the_decimals_of_what_they_count(tmp_path: Path) -> None:
    rules = ALL_RULES.replace("decimals = 2\n", "").replace('quote = "USD"', 'quote = "USDC"')
    book = "account,instrument,quantity\na,ETH-PERP,1\nb,ETH-COIN,-1\n"
    case = load_case(case_folder(tmp_path, rules=rules, book=book))
    assert [row.quantity for row in case.book] == [WAD, -(10**6)]


PLACE = "row 2, column"
REFUSED = {
    "a,ETH-PREP,1,,,,": f"{PLACE} instrument: the instrument is neither an asset nor a market of "
    "the rules; found 'ETH-PREP'; did you mean ETH-PERP?",
    "a,PERPETUAL,1,,,,": f"{PLACE} instrument: the instrument is neither an asset nor a market",
    "a,ETH-PERP,,1,,,": f"{PLACE} quantity: the cell is empty; expected a number",
    "a,ETH-PERP,long,1,,,": f"{PLACE} quantity: the text is not a number; found 'long'",
    "a,ETH-PERP,-nan,1,,,": f"{PLACE} quantity: the number is not finite",
    "a,ETH-PERP,1e60,1,,,": f"{PLACE} quantity: the number is too large; found '1e60'",
    "a,ETH-PERP,1,0,,,": f"{PLACE} entry_price: the price is not positive; found '0'; "
    "expected a price above 0",
    "a,ETH-PERP,1,-2,,,": f"{PLACE} entry_price: the price is not positive; found '-2'",
    "a,ETH-PERP,1,1e-19,,,": f"{PLACE} entry_price: the price is not positive; found '1e-19'",
    "a,ETH-PERP,1,cheap,,,": f"{PLACE} entry_price: the text is not a number; found 'cheap'",
    'a,ETH-PERP,1,"2,000",,,': f"{PLACE} entry_price: the text is not a number; found '2,000'",
    "a,ETH-PERP,1,inf,,,": f"{PLACE} entry_price: the number is not finite; found 'inf'",
    "a,ETH-PERP,1,1e99,,,": f"{PLACE} entry_price: the number is too large; found '1e99'",
    "a,ETH-PERP,1,2020-03-12,,,": f"{PLACE} entry_price: the text is not a number",
    "a,ETH-PERP,1,,x/y,,": f"{PLACE} group: the group name holds a slash",
    "a,ETH-PERP,1,,@x,,": f"{PLACE} group: the group name begins with @",
    "a,ETH-PERP,1,, g,,": f"{PLACE} group: the group name begins or ends with a space",
    "@pool/ETH-PERP,ETH-PERP,1,,,,": f"{PLACE} account: the account name begins with @",
    "a,ETH-PERP,1,,,far,": f"{PLACE} category: the category is not defined in the rules",
    "a,ETH-PERP,1,,,,0.5": f"{PLACE} liquidation_threshold: a position has no liquidation "
    "threshold; expected an empty cell beside a market",
    "a,ETH-PERP,-1,,,,0.5": f"{PLACE} liquidation_threshold: a position has no liquidation",
    "a,ETH,1,,,near,\na,ETH-PERP,1,,,,": "row 3, column category: the category differs from row 2",
    "a,ETH-PERP,1,,,,\na,ETH-PERP,-1,,,,": "row 3, column instrument: the account holds the "
    "instrument in row 2 already; found 'ETH-PERP'; expected one row for each account, group and "
    "market",
    "a,ETH-PERP,1,,g,,\nb,ETH-PERP,1,,g,,\na,ETH-PERP,2,,g,,": "row 4, column instrument: the "
    "account holds the instrument in row 2 already",
}


@pytest.mark.parametrize("rows", REFUSED, ids=range(len(REFUSED)))
def test_a_bad_position_is_refused_with_its_place(tmp_path: Path, rows: str) -> None:
    folder = case_folder(tmp_path, rules=ALL_RULES, book=HEADER + rows + "\n")
    line = refusal(folder)
    assert line.startswith(f"book.csv: {REFUSED[rows]}")


def test_a_market_may_be_held_in_several_groups_beside_its_asset(tmp_path: Path) -> None:
    book = HEADER + "a,ETH-PERP,1,,,,\na,ETH-PERP,-1,,g,,\na,ETH,1,,,,\na,ETH,-1,,,,\n"
    assert len(load_case(case_folder(tmp_path, rules=ALL_RULES, book=book)).book) == 4


def ticks(folder: Path, prices: str, *, rules: str = ALL_RULES) -> tuple[Tick, ...]:
    return load_case(case_folder(folder, rules=rules, prices=prices)).ticks


def test_a_market_has_its_mark_price_in_long_and_in_wide_tables(tmp_path: Path) -> None:
    long = LONG + "2020-03-12,ETH,194.5\n2020-03-12,USDC,1\n2020-03-12,ETH-PERP,195\n"
    wide = "timestamp,ETH-PERP,USDC,ETH\n2020-03-12,195,1,194.5\n"
    expected = (("ETH", 1945 * WAD // 10), ("ETH-PERP", 195 * WAD), ("USDC", WAD))
    for prices in (long, wide):
        assert ticks(tmp_path, prices) == (Tick(START, expected),)


def test_marks_may_begin_late_and_need_no_price_of_their_own(tmp_path: Path) -> None:
    prices = LONG + "2020-03-12,ETH,1\n2020-03-12,USDC,1\n2020-03-13,ETH-PERP,2\n"
    assert [tick.prices for tick in ticks(tmp_path, prices)] == [
        (("ETH", WAD), ("USDC", WAD)),
        (("ETH-PERP", 2 * WAD),),
    ]


def test_a_held_market_needs_the_price_of_its_asset(tmp_path: Path) -> None:
    book = "account,instrument,quantity\na,USDC,1\na,ETH-PERP,1\n"
    prices = LONG + "2020-03-12,USDC,1\n2020-03-12,ETH-PERP,195\n"
    line = refusal(case_folder(tmp_path, rules=ALL_RULES, book=book, prices=prices))
    assert line == (
        "prices.csv: there is no price of ETH, which ETH-PERP of the book needs; expected rows of "
        "it, or a price below [assets.ETH]"
    )
    cash = "account,instrument,quantity\na,USDC,1\n"
    line = refusal(case_folder(tmp_path, rules=ALL_RULES, book=cash, prices=prices))
    assert "there is no price of ETH, which the mark price of ETH-PERP needs" in line
    staked = ALL_RULES.replace('kind = "inverse_perp"\nasset = "ETH"', 'asset = "stETH"')
    staked += '[assets.stETH]\ndecimals = 18\nunderlying = "ETH"\n'
    book = book.replace("ETH-PERP", "ETH-COIN")
    line = refusal(case_folder(tmp_path, rules=staked, book=book, prices=prices))
    assert "there is no price of ETH, which ETH-COIN of the book needs" in line


def test_rebase_keeps_the_distance_of_mark_from_index(tmp_path: Path) -> None:
    rules = PRICED + "[replay]\nrebase = true\n"
    wide = "timestamp,ETH,USDC,ETH-PERP\n2020-03-12,100,1,101\n2020-03-13,50,1,49\n"
    found = ticks(tmp_path, wide, rules=rules)
    assert [dict(tick.prices)["ETH-PERP"] for tick in found] == [202 * WAD, 98 * WAD]
    # Without a series of its asset, the first mark stands for the asset's own price.
    alone = "timestamp,USDC,ETH-PERP\n2020-03-12,1,101\n2020-03-13,1,202\n"
    found = ticks(tmp_path, alone, rules=rules)
    assert [dict(tick.prices)["ETH-PERP"] for tick in found] == [200 * WAD, 400 * WAD]


@pytest.mark.parametrize(
    ("prices", "what"),
    [
        (
            "timestamp,ETH,USDC,ETH-PREP\n2020-03-12,1,1,1\n",
            "row 1, column ETH-PREP: the column is neither timestamp nor an asset or market of "
            "the rules; did you mean ETH-PERP?",
        ),
        (
            LONG + "2020-03-12,ETH-PREP,1\n",
            "row 2, column asset: the name is neither an asset nor a market of the rules; found "
            "'ETH-PREP'; did you mean ETH-PERP?",
        ),
        (
            LONG + "2020-03-12,ETH-PERP,0\n",
            "row 2, column price: the price is not positive; found '0'",
        ),
        (
            LONG + "2020-03-12,ETH-PERP,1\n2020-03-12,ETH-PERP,1\n",
            "row 3, column timestamp: the time stands twice of ETH-PERP",
        ),
        (
            LONG + "2020-03-13,ETH-PERP,1\n2020-03-12,ETH-PERP,1\n",
            "row 3, column timestamp: time of ETH-PERP runs backwards",
        ),
        (
            LONG + "2020-03-12,ETH-PERP,1\n2020-03-13,ETH,1\n2020-03-13,USDC,1\n",
            "row 3, column timestamp: the prices of ETH begin later than the first ones",
        ),
    ],
)
def test_a_bad_mark_price_is_refused_with_its_place(tmp_path: Path, prices: str, what: str) -> None:
    line = refusal(case_folder(tmp_path, rules=ALL_RULES, prices=prices))
    assert line.startswith(f"prices.csv: {what}")
