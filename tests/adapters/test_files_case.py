"""Case folders as a whole: which files they need, and what is known of them afterwards."""

import hashlib
from pathlib import Path

import pytest

from tests.adapters.case_folders import MARKETS, PRICES, RULES, case_folder, checked_line, refusal
from trimtab.adapters.files import load_case, write_csv, write_parquet
from trimtab.model import Tick
from trimtab.units import WAD, DataError, Time

GAS = "timestamp,gas_cost\n2020-03-12,1\n"
ORACLE = "timestamp,asset,source,price\n2020-03-12,ETH,feed,194\n"
FUNDING = "timestamp,market,rate\n2020-03-12,ETH-PERP,0.0001\n"


def test_a_case_is_read_whole(tmp_path: Path) -> None:
    case = load_case(case_folder(tmp_path))
    assert case.name == "example"
    assert [row.quantity for row in case.book] == [10 * WAD, -1_000_500_000]
    assert len(case.ticks) == 2
    assert (case.gas, case.observations, case.funding) == ((), (), ())


def test_input_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    folder = case_folder(tmp_path, rules=RULES + MARKETS, gas=GAS, oracle=ORACLE, funding=FUNDING)
    case = load_case(folder)
    names = ["rules.toml", "book.csv", "prices.csv", "gas.csv", "oracle.csv", "funding.csv"]
    assert case.input_hashes == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names
    }


def test_without_prices_the_rules_give_one_tick(tmp_path: Path) -> None:
    rules = RULES.replace("[assets.USDC]\n", "price = 200\n[assets.USDC]\nprice = 1\n")
    case = load_case(case_folder(tmp_path, rules=rules, prices=None))
    assert case.ticks == (Tick(0, (("ETH", 200 * WAD), ("USD", WAD), ("USDC", WAD))),)


def test_without_prices_the_book_stands_when_the_first_feed_begins(tmp_path: Path) -> None:
    """Not in 1970: half a century of interest would lie before the first observation."""
    priced = RULES.replace("[assets.USDC]\n", "price = 200\n[assets.USDC]\nprice = 1\n") + MARKETS
    first_ns, later_ns = Time.parse("2020-03-12").raw, Time.parse("2020-03-13").raw
    case = load_case(case_folder(tmp_path, rules=priced, prices=None, oracle=ORACLE))
    # What is observed at that very time is not told otherwise by the rules.
    assert case.ticks == (Tick(first_ns, (("USD", WAD), ("USDC", WAD))),)
    later = ORACLE.replace("03-12", "03-13")
    both = case_folder(tmp_path, rules=priced, prices=None, oracle=later, funding=FUNDING)
    own = (("ETH", 200 * WAD), ("USD", WAD), ("USDC", WAD))
    assert load_case(both).ticks == (Tick(first_ns, own), Tick(later_ns, ()))
    (tmp_path / "funding.csv").unlink()
    assert [tick.at_ns for tick in load_case(tmp_path).ticks] == [later_ns]


def test_what_arrives_after_the_last_price_has_a_tick_of_its_own(tmp_path: Path) -> None:
    """A replay steps at ticks; nothing between two of them, and nothing at the end, is lost."""
    days = [Time.parse(f"2020-03-{day}").raw for day in (12, 13, 14, 15)]
    oracle = ORACLE + "2020-03-12T12:00:00Z,ETH,feed,1\n2020-03-15,ETH,feed,2\n"
    funding = FUNDING + "2020-03-14,ETH-PERP,0\n2020-03-15,ETH-PERP,0\n"
    folder = case_folder(tmp_path, rules=RULES + MARKETS, oracle=oracle, funding=funding)
    ticks = load_case(folder).ticks
    assert [tick.at_ns for tick in ticks] == days
    assert [bool(tick.prices) for tick in ticks] == [True, True, False, False]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_case(tmp_path / "nowhere")
    line = checked_line(caught.value, tmp_path)
    assert line == "nowhere: there is no such folder; expected a case folder"
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError) as caught:
        load_case(str(tmp_path / "file"))
    line = checked_line(caught.value, tmp_path)
    assert line == "file: this is a file; expected the folder that holds it"


def test_a_case_without_rules_guesses_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("timestamp,ETH\n")
    with pytest.raises(DataError) as caught:
        load_case(tmp_path)
    line = checked_line(caught.value, tmp_path)
    assert line.endswith("the case has no rules; expected rules.toml")


def test_missing_files_are_named_with_the_nearest_one(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    assert refusal(folder) == "case: the case has no rules; expected rules.toml"
    case_folder(folder, prices=None)
    (folder / "price.csv").write_text(PRICES)
    assert refusal(folder) == (
        "case: the case has no prices; expected prices.parquet or prices.csv, or a price for each "
        "asset in the rules; did you mean price.csv?"
    )
    (folder / "book.csv").rename(folder / "books.csv")
    assert refusal(folder) == (
        "case: the case has no book; expected book.parquet or book.csv; did you mean books.csv?"
    )


@pytest.mark.parametrize("stem", ["book", "prices", "gas", "oracle", "funding"])
def test_two_tables_of_one_kind_are_refused(tmp_path: Path, stem: str) -> None:
    case_folder(tmp_path, gas=GAS, oracle=ORACLE, funding=FUNDING)
    (tmp_path / f"{stem}.parquet").write_bytes(b"")
    assert f"found '{stem}.parquet and {stem}.csv'; expected one of them" in refusal(tmp_path)


def test_a_folder_in_the_place_of_a_table_is_refused(tmp_path: Path) -> None:
    for name in ("book.csv", "book.parquet"):
        case_folder(tmp_path)
        (tmp_path / "book.csv").unlink()
        (tmp_path / name).mkdir()
        assert refusal(tmp_path).startswith(f"{name}: the file cannot be read; found ")
        (tmp_path / name).rmdir()


def test_loading_changes_nothing_in_the_folder(tmp_path: Path) -> None:
    case_folder(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    load_case(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_csv_and_parquet_give_the_same_case(tmp_path: Path) -> None:
    count, start_ns = 500, Time.parse("2020-03-12").raw
    book = {
        "account": [f"account-{n // 2}" for n in range(count)],
        "instrument": ["ETH", "USDC"] * (count // 2),
        "quantity": [("" if n % 2 else "-") + f"{n + 1}.{n:06d}" for n in range(count)],
        "liquidation_threshold": [None if n % 2 == 0 else "0.7" for n in range(count)],
    }
    prices = {
        "timestamp": [start_ns + n * 60 * 10**9 for n in range(count)],
        "ETH": [f"{100 + n}.{n:018d}" for n in range(count)],
        "USDC": ["1"] * count,
    }
    cases = []
    for suffix, write in (("csv", write_csv), ("parquet", write_parquet)):
        folder = tmp_path / suffix
        folder.mkdir()
        (folder / "rules.toml").write_text(RULES)
        write(folder / f"book.{suffix}", book)
        write(folder / f"prices.{suffix}", prices)
        cases.append(load_case(folder))
    assert cases[0].book == cases[1].book
    assert cases[0].ticks == cases[1].ticks
    assert len(cases[0].book) == len(cases[0].ticks) == count
