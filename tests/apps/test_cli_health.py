"""`trimtab health`: what it prints, in every format, and its exit code."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest

from tests.apps.command_line import ask, spawn, write_case

TOTAL_KEYS = {
    *("accounts", "accounts_with_debt", "collateral", "debt", "notional", "equity"),
    *("liquidatable", "liquidatable_debt", "shortfall"),
}
ACCOUNT_KEYS = {
    *("account", "group", "health_factor", "equity", "collateral", "weighted_collateral"),
    *("debt", "weighted_debt", "leverage", "excess_initial", "excess_liquidation_end"),
    *("excess_maintenance", "liquidatable", "binding", "liquidation_price", "distance"),
    *("liquidation_side", "withdrawable", "borrowable", "unrealized_pnl", "notional"),
    *("requirement", "distance_up", "positions"),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("case") / "small")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def names(*words: object) -> list[str]:
    answer = ask("health", *words, "--format", "csv")
    assert answer.code == 0
    return [row["account"] for row in rows(answer.out)]


def test_the_document_has_its_schema_and_every_key(case: Path) -> None:
    answer = ask("health", case, "--format", "json", "--seed", 7)
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert found["schema"] == "trimtab.health/1"
    assert found["as_of"] == "2020-01-01T00:00:00Z"
    assert found["seed"] == 7
    assert found["totals"].keys() == TOTAL_KEYS
    assert set(found["inputs"]) == {"rules.toml", "book.csv", "prices.csv"}
    assert {"trimtab", "python"} <= found["versions"].keys()
    assert all(account.keys() == ACCOUNT_KEYS for account in found["accounts"])
    ann = next(account for account in found["accounts"] if account["account"] == "ann")
    assert ann == ann | {
        "health_factor": "1.333333333333333333",
        "equity": "8000",
        "collateral": "20000",
        "weighted_collateral": "16000",
        "debt": "12000",
        "leverage": "2.5",
        "excess_maintenance": "4000",
        "liquidatable": False,
        "binding": "none",
        "distance": "0.25",
    }
    assert ann["liquidation_price"]["ETH"] == "1500"


def test_numbers_are_exact_decimal_text_and_absent_ones_null(case: Path) -> None:
    found = json.loads(ask("health", case, "--format", "json").out)
    for account in found["accounts"]:
        for key in ("equity", "collateral", "debt", "excess_maintenance", "distance"):
            assert isinstance(account[key], str), key
            assert "e" not in account[key].lower()
    dee = next(account for account in found["accounts"] if account["account"] == "dee")
    assert dee["health_factor"] is None
    assert dee["liquidation_price"] == {}


def test_csv_has_a_row_for_each_account_and_nothing_else(case: Path) -> None:
    answer = ask("health", case, "--format", "csv")
    found = rows(answer.out)
    assert answer.err == ""
    assert sorted(row["account"] for row in found) == ["ann", "bob", "dee", "eve"]
    eve = next(row for row in found if row["account"] == "eve")
    assert (eve["group"], eve["health_factor"]) == ("loop", "1.009009009009009009")
    assert next(row for row in found if row["account"] == "dee")["health_factor"] == ""


def test_parquet_equals_csv(case: Path, tmp_path: Path) -> None:
    path = tmp_path / "accounts.parquet"
    path.write_bytes(ask("health", case, "--format", "parquet").raw)
    table = duckdb.read_parquet(str(path))
    expected = rows(ask("health", case, "--format", "csv").out)
    assert table.columns == list(expected[0])
    flags = {None: "", True: "true", False: "false"}
    cells = [[flags.get(cell, cell) for cell in row] for row in table.fetchall()]
    assert cells == [list(row.values()) for row in expected]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_columns_do_not_depend_on_who_is_chosen(case: Path, tmp_path: Path, form: str) -> None:
    columns = []
    for below in ("100", "0.001"):
        answer = ask("health", case, "--below", below, "--format", form)
        assert answer.code == 0
        path = tmp_path / f"chosen.{form}"
        path.write_bytes(answer.raw)
        columns.append(duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall())
    assert [name for name, *_ in columns[0]] == [name for name, *_ in columns[1]]


def test_the_table_is_data_and_the_totals_are_a_message(case: Path) -> None:
    answer = ask("health", case)
    assert answer.out.splitlines()[0] == "small, 2020-01-01T00:00:00Z"
    assert "eve/loop" in answer.out
    assert answer.err.startswith("4 accounts, 0 liquidatable (4 shown)")
    assert all(line == line.rstrip() for line in answer.out.splitlines())


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("health", ["eve", "bob", "ann", "dee"]),
        ("distance", ["eve", "bob", "ann", "dee"]),
        ("debt", ["ann", "eve", "bob", "dee"]),
        ("collateral", ["dee", "ann", "eve", "bob"]),
        ("leverage", ["eve", "bob", "ann", "dee"]),
        ("account", ["ann", "bob", "dee", "eve"]),
    ],
)
def test_every_order(case: Path, key: str, order: list[str]) -> None:
    assert names(case, "--sort", key) == order
    assert names(case, "--sort", key, "--limit", 2) == order[:2]


def test_accounts_without_equity_lead_the_order_by_leverage(case: Path) -> None:
    assert names(case, "--sort", "leverage", "--at", "2020-01-01T01:00:00Z")[-1] == "dee"


def test_below_is_strict_and_leaves_out_who_has_no_debt(case: Path) -> None:
    assert names(case, "--below", "1.333333333333333333") == ["eve", "bob"]
    assert names(case, "--below", "1.333333333333333334") == ["eve", "bob", "ann"]
    assert names(case, "--below", "1000000") == ["eve", "bob", "ann"]


def test_one_account_may_have_several_groups(tmp_path: Path) -> None:
    book = "account,instrument,quantity,group\nann,ETH,1,\nann,ETH,2,x\nbob,ETH,1,\n"
    case = write_case(tmp_path / "case", book=book)
    assert names(case, "--account", "ann") == ["ann", "ann"]


@pytest.mark.parametrize(
    ("at", "as_of", "liquidatable"),
    [
        ("first", "2020-01-01T00:00:00Z", 0),
        ("last", "2020-01-01T01:20:00Z", 3),
        ("2020-01-01T00:30:00Z", "2020-01-01T00:30:00Z", 2),
        ("2020-01-01T00:35:00+00:00", "2020-01-01T00:35:00Z", 2),
    ],
)
def test_prices_of_a_moment(case: Path, at: str, as_of: str, liquidatable: int) -> None:
    found = json.loads(ask("health", case, "--at", at, "--format", "json").out)
    assert found["as_of"] == as_of
    assert found["totals"]["liquidatable"] == liquidatable


def test_a_finding_is_exit_code_one_only_where_asked_for(case: Path) -> None:
    unsafe = ("health", case, "--at", "last", "--format", "json")
    assert ask(*unsafe).code == 0
    found = ask(*unsafe, "--fail-on", "liquidatable")
    assert (found.code, found.err) == (1, "")
    assert json.loads(found.out)["totals"]["liquidatable"] == 3
    assert ask("health", case, "--fail-on", "liquidatable").code == 0


def test_a_finding_counts_the_whole_book_or_the_account_asked_for(case: Path) -> None:
    words = ("health", case, "--at", "last", "--fail-on", "liquidatable")
    assert spawn(*words, "--limit", 1, "--sort", "account").code == 1
    assert spawn(*words, "--account", "dee").code == 0


STRICTER = "liquidation_threshold = 0.80", "liquidation_threshold = 0.55"


def other_rules(case: Path, tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    text = (case / "rules.toml").read_text()
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "other.toml"
    path.write_text(text)
    return path


def test_other_rules_list_who_becomes_liquidatable(case: Path, tmp_path: Path) -> None:
    other = other_rules(case, tmp_path, STRICTER, ("max_ltv = 0.75", "max_ltv = 0.5"))
    answer = ask("health", case, "--against", other, "--format", "json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)["against"]
    assert found["newly_liquidatable"] == 3
    assert [account["account"] for account in found["accounts"]] == ["eve/loop", "ann", "bob"]
    assert found["accounts"][1] == {"account": "ann", "debt": "12000", "missing": "1000"}
    assert found["debt"] == "28700"
    assert "3 accounts become liquidatable" in ask("health", case, "--against", other).out


def test_the_same_rules_change_nothing(case: Path) -> None:
    answer = ask("health", case, "--against", case / "rules.toml", "--format", "json")
    assert json.loads(answer.out)["against"]["newly_liquidatable"] == 0


def test_other_rules_without_an_asset_of_the_book_are_bad_data(case: Path, tmp_path: Path) -> None:
    other = other_rules(case, tmp_path, ("[assets.BTC]", "[assets.XBT]"))
    answer = ask("health", case, "--against", other)
    assert answer.code == 3
    assert "BTC" in answer.complaint


def test_a_yield_bearing_asset_whose_underlying_has_no_price_may_stand_by(tmp_path: Path) -> None:
    rules = (write_case(tmp_path / "case") / "rules.toml").read_text()
    rules += '\n[assets.GOLD]\ndecimals = 3\n\n[assets.STG]\ndecimals = 3\nunderlying = "GOLD"\n'
    case = write_case(tmp_path / "case", rules=rules)
    assert ask("health", case).code == 0
    assert ask("replay", case, "--out", tmp_path / "out").code == 0
