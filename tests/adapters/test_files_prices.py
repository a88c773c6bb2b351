"""Prices and gas: long and wide tables to ticks, and refusals by row and column."""

from pathlib import Path

import duckdb
import pytest

from tests.adapters.case_folders import BOOK, RULES, case_folder, refusal
from trimtab.adapters.files import load_case
from trimtab.model import GasTick, Tick
from trimtab.units import WAD, Time

PRICED = RULES.replace("[assets.USDC]\n", "price = 200\n[assets.USDC]\nprice = 1\n")
STAKED = RULES + '[assets.stETH]\ndecimals = 18\nunderlying = "ETH"\n'
LONG = "timestamp,asset,price\n"


def at(text: str) -> int:
    return Time.parse(text).raw


def ticks(folder: Path, prices: str, *, rules: str = RULES) -> tuple[Tick, ...]:
    return load_case(case_folder(folder, rules=rules, prices=prices)).ticks


def test_long_and_wide_tables_give_the_same_ticks(tmp_path: Path) -> None:
    expected = (
        Tick(at("2020-03-12"), (("ETH", 1945 * WAD // 10), ("USDC", WAD))),
        Tick(at("2020-03-13T00:00:00.5Z"), (("ETH", 110 * WAD), ("USDC", WAD))),
    )
    wide = "timestamp,USDC,ETH\n2020-03-12,1,194.5\n2020-03-13T01:00:00.5+01:00,1,110\n"
    by_time = LONG + (
        "2020-03-12,USDC,1\n2020-03-12,ETH,194.5\n"
        "2020-03-13 00:00:00.5,ETH,110\n2020-03-13 00:00:00.5,USDC,1\n"
    )
    by_asset = LONG + (
        "2020-03-12,USDC,1\n2020-03-13 00:00:00.5,USDC,1\n"
        "2020-03-12,ETH,194.5\n2020-03-13 00:00:00.5,ETH,110\n"
    )
    for prices in (wide, by_time, by_asset):
        assert ticks(tmp_path, prices) == expected


MIDNIGHT = {
    "TIMESTAMP": "2020-03-12",
    "TIMESTAMP_S": "2020-03-12",
    "TIMESTAMP_MS": "2020-03-12",
    "TIMESTAMP_NS": "2020-03-12",
    "DATE": "2020-03-12",
    "VARCHAR": "2020-03-12",
    "TIMESTAMPTZ": "2020-03-12 01:00:00+01",
    "TIMESTAMPTZ_NS": "2020-03-12 01:00:00+01",
}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
@pytest.mark.parametrize("kind", MIDNIGHT)
def test_parquet_times_of_any_kind_are_read_in_any_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, zone: str
) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            f"COPY (SELECT '{MIDNIGHT[kind]}'::{kind} AS timestamp, 2.5 AS ETH, 1.0::DOUBLE USDC) "
            f"TO '{tmp_path}/prices.parquet' (FORMAT parquet)"
        )
    monkeypatch.setenv("TZ", zone)
    case = load_case(case_folder(tmp_path, prices=None))
    assert case.ticks == (Tick(at("2020-03-12"), (("ETH", 5 * WAD // 2), ("USDC", WAD))),)


def test_a_parquet_time_beyond_the_calendar_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "COPY (SELECT TIMESTAMP '3000-01-01' AS timestamp, 1 AS ETH, 1 AS USDC) "
            f"TO '{tmp_path}/prices.parquet' (FORMAT parquet)"
        )
    line = refusal(case_folder(tmp_path, prices=None))
    assert "prices.parquet: row 1, column timestamp: the time does not fit in 64 bits" in line


def test_prices_round_down_with_one_warning(tmp_path: Path) -> None:
    warnings: list[str] = []
    prices = "timestamp,ETH,USDC\n2020-03-12,1.0000000000000000019,1\n"
    case = load_case(case_folder(tmp_path, prices=prices), warnings.append)
    assert case.ticks[0].prices[0] == ("ETH", WAD + 1)
    assert warnings == ["prices.csv: 1 number of more than 18 decimals, rounded down"]


WIDE = "timestamp,ETH,USDC\n"
REFUSED = {
    WIDE + "1584000000,1,1\n": "row 2, column timestamp: the time is a bare number, which does "
    "not say its unit; found '1584000000'; expected a time such as 2020-03-12T00:00:00Z",
    WIDE + "12/03/2020,1,1\n": "row 2, column timestamp: the text is not a time",
    WIDE + "2020-02-30,1,1\n": "row 2, column timestamp: there is no such date or time",
    WIDE + ",1,1\n": "row 2, column timestamp: the cell is empty; expected a time",
    WIDE + "2500-01-01,1,1\n": "row 2, column timestamp: the time does not fit in 64 bits",
    WIDE + "2020-03-12,,1\n": "row 2, column ETH: the cell is empty; expected a number",
    WIDE + "2020-03-12,nan,1\n": "row 2, column ETH: the number is not finite; found 'nan'",
    WIDE + "2020-03-12,1,inf\n": "row 2, column USDC: the number is not finite; found 'inf'",
    WIDE + "2020-03-12,-1,1\n": "row 2, column ETH: the price is not positive; found '-1'",
    WIDE + "2020-03-12,0,1\n": "row 2, column ETH: the price is not positive; found '0'",
    WIDE + "2020-03-12,1e-19,1\n": "row 2, column ETH: the price is not positive; found '1e-19'; "
    "expected a price above 0",
    WIDE + "2020-03-12,1e99,1\n": "row 2, column ETH: the number is too large",
    WIDE + "2020-03-12,1,1\n2020-03-11,1,1\n": "row 3, column timestamp: time runs backwards; "
    "found '2020-03-11T00:00:00Z'; expected a time after 2020-03-12T00:00:00Z",
    WIDE + "2020-03-12,1,1\n2020-03-12,1,1\n": "row 3, column timestamp: the time stands twice",
    "timestamp,ETH,USDCC\n2020-03-12,1,1\n": "row 1, column USDCC: the column is neither timestamp "
    "nor an asset or market of the rules; did you mean USDC?",
    "time,ETH,USDC\n2020-03-12,1,1\n": "row 1, column time: the column is neither timestamp nor "
    "an asset or market of the rules; did you mean timestamp?",
    "timestamp;ETH\n2020;1\n": "row 1, column timestamp;ETH: the column is neither timestamp nor "
    "an asset or market of the rules; separate the columns with commas",
    "timestamp\n2020-03-12\n": "row 1, column price: the column is missing",
    "ETH,USDC\n1,1\n": "row 1, column timestamp: the column is missing",
    "timestamp,ETH,ETH\n2020-03-12,1,1\n": "row 1, column ETH: the column stands twice",
    "timestamp,asset,prize\n2020-03-12,ETH,1\n": "row 1, column prize: unknown column; "
    "did you mean price?",
    LONG: "the table has no rows",
    LONG + "2020-03-12,BTC,1\n": "row 2, column asset: the name is neither an asset nor a "
    "market of the rules; "
    "found 'BTC'",
    LONG + "2020-03-12,,1\n": "row 2, column asset: the cell is empty",
    LONG + "2020-03-12,ETH,1\n2020-03-12,USDC,1\n2020-03-12,ETH,1\n": "row 4, column timestamp: "
    "the time stands twice of ETH",
    LONG + "2020-03-13,ETH,1\n2020-03-12,ETH,1\n": "row 3, column timestamp: time of ETH runs "
    "backwards",
    LONG + "2020-03-12,ETH,1\n": "there is no price of USDC, which the book needs; expected rows "
    "of it, or a price below [assets.USDC]",
    LONG + "2020-03-12,ETH,1\n2020-03-13,USDC,1\n": "row 3, column timestamp: the prices of USDC "
    "begin later than the first ones; found '2020-03-13T00:00:00Z'; expected "
    "2020-03-12T00:00:00Z, or a price below [assets.USDC]",
    "timestamp,ETH,USDC,USD\n2020-03-12,1,1,0.99\n": "row 2, column USD: the quote is worth 1 of "
    "itself; found '0.99'",
}


@pytest.mark.parametrize("prices", REFUSED, ids=range(len(REFUSED)))
def test_a_bad_price_table_is_refused_with_its_place(tmp_path: Path, prices: str) -> None:
    line = refusal(case_folder(tmp_path, prices=prices))
    assert line.startswith(f"prices.csv: {REFUSED[prices]}")


def daily(*days: int) -> str:
    return WIDE + "".join(f"2020-03-{day:02d},{day},1\n" for day in days)


def test_a_gap_of_over_ten_median_steps_is_refused(tmp_path: Path) -> None:
    assert len(ticks(tmp_path, daily(1, 2, 3, 4, 14))) == 5
    assert refusal(case_folder(tmp_path, prices=daily(1, 2, 3, 4, 15))) == (
        "prices.csv: row 6, column timestamp: the prices have a gap before this row; found "
        "'950400 s'; expected at most 864000 s, ten times the median step; set max_gap below "
        "[replay] in rules.toml to accept it"
    )


def test_the_median_of_an_even_number_of_steps_is_between_the_middle_two(tmp_path: Path) -> None:
    # Steps of 1, 1, 2 and 15 days: ten times 1.5 is just enough.
    assert len(ticks(tmp_path, daily(1, 2, 3, 5, 20))) == 5
    assert "gap" in refusal(case_folder(tmp_path, prices=daily(1, 2, 3, 5, 21)))


def test_fewer_than_three_steps_have_no_usual_gap(tmp_path: Path) -> None:
    assert len(ticks(tmp_path, daily(1, 2, 31))) == 3


def test_max_gap_of_the_rules_replaces_the_usual_one(tmp_path: Path) -> None:
    wider = RULES + "[replay]\nmax_gap = 950400\n"
    assert len(ticks(tmp_path, daily(1, 2, 3, 4, 15), rules=wider)) == 5
    narrow = case_folder(tmp_path, rules=RULES + "[replay]\nmax_gap = 86399\n", prices=daily(1, 2))
    assert "found '86400 s'; expected at most 86399 s; set max_gap" in refusal(narrow)


def test_rebase_scales_each_series_to_the_own_price(tmp_path: Path) -> None:
    rules = PRICED + "[replay]\nrebase = true\n"
    found = ticks(tmp_path, WIDE + "2020-03-12,3,2\n2020-03-13,2,1\n", rules=rules)
    # 2 x 200 / 3 to the nearest unit.
    assert found[1].prices == (("ETH", 133333333333333333333), ("USDC", WAD // 2))
    assert found[0].prices == (("ETH", 200 * WAD), ("USDC", WAD))


def test_rebase_needs_own_prices_and_results_that_fit(tmp_path: Path) -> None:
    folder = case_folder(tmp_path, rules=RULES + "[replay]\nrebase = true\n")
    assert refusal(folder).startswith(
        "rules.toml: key assets.ETH.price: rebase needs the asset's own price"
    )
    tiny = PRICED + "[replay]\nrebase = true\n"
    prices = WIDE + "2020-03-12,1e30,1\n2020-03-13,1e-18,1\n"
    line = refusal(case_folder(tmp_path, rules=tiny, prices=prices))
    assert line.startswith("prices.csv: row 3, column ETH: the rebased price does not fit")


def test_an_asset_with_an_own_price_may_begin_late_or_never(tmp_path: Path) -> None:
    found = ticks(tmp_path, LONG + "2020-03-12,USDC,1\n2020-03-13,ETH,9\n", rules=PRICED)
    assert [tick.prices for tick in found] == [(("USDC", WAD),), (("ETH", 9 * WAD),)]
    assert ticks(tmp_path, LONG + "2020-03-12,ETH,1\n", rules=PRICED)


def test_an_asset_with_an_underlying_has_no_price_but_needs_its_underlyings(
    tmp_path: Path,
) -> None:
    book = BOOK + "bob,stETH,1\n"
    wide = "timestamp,ETH,USDC,stETH\n2020-03-12,1,1,1\n"
    line = refusal(case_folder(tmp_path, rules=STAKED, book=book, prices=wide))
    assert line.startswith("prices.csv: row 1, column stETH: the asset is priced through its ")
    long = LONG + "2020-03-12,stETH,1\n"
    line = refusal(case_folder(tmp_path, rules=STAKED, book=book, prices=long))
    assert line.startswith("prices.csv: row 2, column asset: the asset is priced through its ")
    alone = "account,instrument,quantity\nbob,stETH,1\n"
    line = refusal(
        case_folder(tmp_path, rules=STAKED, book=alone, prices=LONG + "2020-01-01,USDC,1\n")
    )
    assert "there is no price of ETH, which stETH of the book needs" in line


def test_gas_is_read_in_wad_rounded_up(tmp_path: Path) -> None:
    gas = "timestamp,gas_cost\n2020-03-12,0\n2020-03-13,0.0000000000000000011\n"
    case = load_case(case_folder(tmp_path, gas=gas))
    assert case.gas == (GasTick(at("2020-03-12"), 0), GasTick(at("2020-03-13"), 2))


@pytest.mark.parametrize(
    ("gas", "what"),
    [
        ("timestamp,gas\n2020-03-12,1\n", "row 1, column gas: unknown column"),
        ("timestamp,gas_cost\n2020-03-12,-1\n", "row 2, column gas_cost: the cost is negative"),
        ("timestamp,gas_cost\n2020-03-12,\n", "row 2, column gas_cost: the cell is empty"),
        (
            "timestamp,gas_cost\n2020-03-12,1\n2020-03-11,1\n",
            "row 3, column timestamp: time runs backwards",
        ),
    ],
)
def test_bad_gas_is_refused_with_its_place(tmp_path: Path, gas: str, what: str) -> None:
    assert refusal(case_folder(tmp_path, gas=gas)).startswith(f"gas.csv: {what}")
