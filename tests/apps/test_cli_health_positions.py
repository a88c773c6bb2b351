"""`trimtab health` of a venue with derivatives markets: sums, ranks and prices, by brute force."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import trimtab
from tests.apps.command_line import ask, write_case
from tests.apps.perp_case import FUNDING, MARKETS, PERP_RULES, STEPS, prices_of_steps, write_perps
from trimtab.apps.summaries import POSITION_ANSWERS

ASSETS = {"ETH-PERP": "ETH", "BTC-USD": "BTC", "VOID-PERP": "BTC"}
TICK = Decimal(1).scaleb(-18)
POSITIONS = {
    *(("ann", "ETH-PERP", "4"), ("bob", "ETH-PERP", "3"), ("bob/iso", "ETH-PERP", "1")),
    *(("cat", "ETH-PERP", "-3"), ("dee", "ETH-PERP", "-4"), ("eve/iso", "ETH-PERP", "-1")),
    *(("fay", "BTC-USD", "12000"), ("gus", "BTC-USD", "-9000")),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_perps(tmp_path_factory.mktemp("perps") / "case")


def document(case: Path, *words: object) -> dict[str, Any]:
    answer = ask("health", case, "--format", "json", *words)
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert isinstance(found, dict)
    return found


def key_of(account: dict[str, Any]) -> str:
    return "/".join(filter(None, (account["account"], account["group"])))


def held(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(key_of(one), row) for one in found["accounts"] for row in one["positions"]]


def account_of(found: dict[str, Any], key: str) -> dict[str, Any]:
    (account,) = [one for one in found["accounts"] if key_of(one) == key]
    assert isinstance(account, dict)
    return account


@pytest.mark.parametrize("at", ["first", "2024-01-01T00:30:00Z", "last"])
def test_totals_are_the_sums_of_the_accounts(case: Path, at: str) -> None:
    found = document(case, "--at", at)
    totals, accounts = found["totals"], found["accounts"]
    for key in ("collateral", "debt", "notional", "equity"):
        assert Decimal(totals[key]) == sum(Decimal(one[key]) for one in accounts), key
    assert totals["accounts"] == len(accounts) == 10
    assert totals["accounts_with_debt"] == 1
    unsafe = [one for one in accounts if one["liquidatable"]]
    assert totals["liquidatable"] == len(unsafe)
    assert Decimal(totals["liquidatable_debt"]) == sum(Decimal(one["debt"]) for one in unsafe)
    below = [min(Decimal(one["equity"]), Decimal(0)) for one in accounts]
    assert Decimal(totals["shortfall"]) == -sum(below)


@pytest.mark.parametrize("at", ["first", "2024-01-01T00:30:00Z", "last"])
def test_an_account_is_the_sum_of_its_positions(case: Path, at: str) -> None:
    for account in document(case, "--at", at)["accounts"]:
        rows = account["positions"]
        for own, part in (
            ("notional", "notional"),
            ("unrealized_pnl", "unrealized_pnl"),
            ("requirement", "maintenance_requirement"),
        ):
            # Each value is rounded to the 18th decimal place.
            difference = Decimal(account[own]) - sum(Decimal(row[part]) for row in rows)
            assert abs(difference) <= 2 * TICK, own


def test_every_position_of_the_book_is_told_with_every_key(case: Path) -> None:
    rows = held(document(case))
    assert {(key, row["market"], row["size"]) for key, row in rows} == POSITIONS
    assert all(tuple(row) == POSITION_ANSWERS for _, row in rows)
    numbers = set(POSITION_ANSWERS) - {"market", "adl_rank", "adl_among"}
    for _, row in rows:
        assert all(isinstance(row[name], str) for name in numbers)
        assert all("e" not in row[name].lower() for name in numbers)


def test_a_linear_position_by_hand(case: Path) -> None:
    """4 ETH bought at 2,010 stand at 2,000: 8,000 of notional, 40 lost, 5 % and 10 % asked."""
    ann = account_of(document(case), "ann")
    assert ann["positions"] == [
        {
            "market": "ETH-PERP",
            "size": "4",
            "entry_price": "2010",
            "mark_price": "2000",
            "notional": "8000",
            "unrealized_pnl": "-40",
            "initial_requirement": "800",
            "maintenance_requirement": "400",
            "liquidation_price": ann["positions"][0]["liquidation_price"],
            "bankruptcy_price": "1785",
            "adl_rank": 3,
            "adl_among": 3,
        }
    ]
    assert (ann["equity"], ann["leverage"][:6], ann["distance_up"]) == ("860", "9.3023", None)
    # 900 + 4 (p - 2010) = 0.05 x 4 p holds at p = 7140 / 3.8.
    expected = Decimal(7140) / Decimal("3.8")
    assert abs(Decimal(ann["positions"][0]["liquidation_price"]) - expected) <= TICK


def test_an_inverse_position_by_hand(case: Path) -> None:
    """12,000 USD of contracts from 29,900 earn 12,000 (30000 / 29900 - 1) at 30,000."""
    (row,) = account_of(document(case), "fay")["positions"]
    assert row["notional"] == "12000"
    earned = 12_000 * (Decimal(30_000) / Decimal(29_900) - 1)
    assert abs(Decimal(row["unrealized_pnl"]) - earned) <= Decimal("0.001")
    assert row["maintenance_requirement"] == "600"


@pytest.mark.parametrize("at", ["first", "2024-01-01T00:30:00Z", "last"])
def test_ranks_are_a_permutation_of_each_side(case: Path, at: str) -> None:
    rows = [row for _, row in held(document(case, "--at", at))]
    for market in MARKETS:
        for sign in ("-", ""):
            side = [row for row in rows if row["market"] == market]
            side = [row for row in side if row["size"].startswith("-") == bool(sign)]
            places = sorted(row["adl_rank"] for row in side)
            assert places == list(range(1, len(side) + 1))
            assert {row["adl_among"] for row in side} <= {len(side)}


@pytest.mark.parametrize("keys", [("ann", "bob", "bob/iso"), ("cat", "dee", "eve/iso")])
def test_gains_are_cut_before_losses(case: Path, keys: tuple[str, ...]) -> None:
    rows = dict(held(document(case)))
    order = sorted(keys, key=lambda key: rows[key]["adl_rank"])
    pnl = [Decimal(rows[key]["unrealized_pnl"]) for key in order]
    assert pnl == sorted(pnl, reverse=True)
    assert pnl[0] > 0 == pnl[1] > pnl[2]


def test_among_gains_the_queue_goes_by_leverage(case: Path) -> None:
    """At 1,930 all three shorts gain: eve's group has 7 times its equity, cat not twice."""
    rows = dict(held(document(case, "--at", "2024-01-01T00:30:00Z")))
    order = sorted(("cat", "dee", "eve/iso"), key=lambda key: rows[key]["adl_rank"])
    assert order == ["eve/iso", "dee", "cat"]


def shocked(folder: Path, asset: str, price: Decimal) -> dict[str, Any]:
    """The document with another first price of one asset; nothing else changes."""
    first = list(STEPS[0])
    first[0 if asset == "ETH" else 2] = format(price, "f")
    steps = ((first[0], first[1], first[2]),)
    return document(write_perps(folder, prices=prices_of_steps(steps)))


@pytest.mark.parametrize(("key", "market", "size"), sorted(POSITIONS))
def test_the_liquidation_price_is_the_last_safe_one(
    case: Path, tmp_path: Path, key: str, market: str, size: str
) -> None:
    row = next(row for name, row in held(document(case)) if name == key)
    asset, at = ASSETS[market], Decimal(row["liquidation_price"])
    beyond = at + TICK if size.startswith("-") else at - TICK
    told = account_of(document(case), key)
    assert told["liquidation_price"][asset] == row["liquidation_price"]
    assert told["liquidation_side"][asset] == ("above" if beyond > at else "below")
    safe = account_of(shocked(tmp_path / "at", asset, at), key)
    unsafe = account_of(shocked(tmp_path / "beyond", asset, beyond), key)
    assert [safe["liquidatable"], unsafe["liquidatable"]] == [False, True]
    assert Decimal(safe["excess_maintenance"]) >= 0 > Decimal(unsafe["excess_maintenance"])


@pytest.mark.parametrize("key", ["ann", "bob", "bob/iso", "cat", "dee", "eve/iso"])
def test_at_the_bankruptcy_price_nothing_is_left(case: Path, tmp_path: Path, key: str) -> None:
    row = next(row for name, row in held(document(case)) if name == key)
    there = account_of(shocked(tmp_path / "there", "ETH", Decimal(row["bankruptcy_price"])), key)
    assert abs(Decimal(there["equity"])) <= 10 * TICK


@pytest.mark.parametrize("key", ["ann", "cat"])
def test_distances_agree_with_liquidation_prices(case: Path, key: str) -> None:
    account = account_of(document(case), key)
    at = Decimal(account["positions"][0]["liquidation_price"])
    if key == "ann":
        told, expected = account["distance"], 1 - at / 2000
    else:
        told, expected = account["distance_up"], at / 2000 - 1
        assert account["distance"] == "1", "no fall hurts a short"
    assert abs(Decimal(told) - expected) <= 2 * TICK


def test_the_python_table_has_a_row_for_each_position(case: Path) -> None:
    result = trimtab.health(trimtab.load_case(case))
    table = result.tables["positions"]
    assert list(table) == ["account", "group", *POSITION_ANSWERS]
    assert {len(column) for column in table.values()} == {len(POSITIONS)}
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    told = [
        {"account": one["account"], "group": one["group"], **row}
        for one in result.to_json()["accounts"]
        for row in one["positions"]
    ]
    assert rows == told
    assert set(result.tables) == {"accounts", "positions"}


def test_a_venue_without_markets_has_no_table_of_positions(tmp_path: Path) -> None:
    case = write_case(tmp_path / "case")
    assert set(trimtab.health(trimtab.load_case(case)).tables) == {"accounts"}
    answer = ask("health", case)
    assert "positions" not in answer.out
    assert all(account["positions"] == [] for account in document(case)["accounts"])


COLUMNS = [
    *("account", "group", "health_factor", "equity", "collateral", "weighted_collateral"),
    *("debt", "weighted_debt", "leverage", "excess_initial", "excess_liquidation_end"),
    *("excess_maintenance", "liquidatable", "binding", "distance", "unrealized_pnl"),
    *("notional", "requirement", "distance_up"),
    *("liquidation_price_USD", "liquidation_price_ETH", "liquidation_price_BTC"),
    *("liquidation_side_USD", "liquidation_side_ETH", "liquidation_side_BTC"),
    *("withdrawable_USD", "withdrawable_ETH", "withdrawable_BTC"),
    *("borrowable_USD", "borrowable_ETH", "borrowable_BTC"),
]


def test_csv_and_parquet_have_the_same_columns_and_cells(case: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(ask("health", case, "--format", "csv").out)))
    assert list(rows[0]) == COLUMNS
    path = tmp_path / "accounts.parquet"
    path.write_bytes(ask("health", case, "--format", "parquet").raw)
    table = duckdb.read_parquet(str(path))
    assert table.columns == COLUMNS
    words = {None: "", True: "true", False: "false"}
    cells = [[words.get(cell, cell) for cell in row] for row in table.fetchall()]
    assert cells == [list(row.values()) for row in rows]
    eve = next(row for row in rows if row["account"] == "eve")
    assert (eve["group"], eve["notional"], eve["requirement"]) == ("iso", "2000", "100")
    assert eve["liquidation_side_ETH"] == "above"


def test_the_terminal_shows_positions_after_the_accounts(case: Path) -> None:
    answer = ask("health", case)
    accounts, _, positions = answer.out.partition("\npositions\n")
    assert "adl rank" in positions
    assert "adl rank" not in accounts
    (bob,) = [line.split() for line in positions.splitlines() if line.split()[:1] == ["bob/iso"]]
    assert bob == [
        *("bob/iso", "ETH-PERP", "1", "2,000.00", "0.00", "2,000.00", "2,000.00"),
        *("1,947.37", "1,850.00", "2/3"),
    ]
    assert len([line for line in positions.splitlines() if "-PERP" in line or "-USD" in line]) == 8
    (dee,) = [line.split() for line in accounts.splitlines() if line.split()[:1] == ["dee"]]
    assert dee[7] == "+24.76", "what a short may bear is a rise"


def test_only_positions_of_the_accounts_shown_are_printed(case: Path) -> None:
    one = ask("health", case, "--account", "cat").out.partition("\npositions\n")[2]
    assert [line.split()[0] for line in one.splitlines() if "PERP" in line] == ["cat"]
    assert "\npositions\n" not in ask("health", case, "--account", "ivy").out


def test_pro_rata_has_no_ranks_to_tell_worse_from_better(tmp_path: Path) -> None:
    """Whatever the policy, the ranks printed are those of the document."""
    rules = PERP_RULES.replace('policy = "queue"', 'policy = "none"')
    case = write_perps(tmp_path / "case", rules=rules)
    printed = ask("health", case).out.partition("\npositions\n")[2]
    for key, row in held(document(case)):
        (line,) = [one.split() for one in printed.splitlines() if one.split()[:1] == [key]]
        rank = "-" if row["adl_rank"] is None else f"{row['adl_rank']}/{row['adl_among']}"
        assert line[-1] == rank


def test_a_funding_table_moves_equity_from_longs_to_shorts(tmp_path: Path) -> None:
    found = document(write_perps(tmp_path / "with", funding=FUNDING), "--at", "last")
    without = FUNDING.splitlines()[0] + "\n2024-01-01T00:20:00Z,ETH-PERP,0\n"
    free = document(write_perps(tmp_path / "free", funding=without), "--at", "last")
    gained = {
        key_of(one): Decimal(one["equity"]) - Decimal(account_of(free, key_of(one))["equity"])
        for one in found["accounts"]
    }
    assert all(gained[key] < 0 for key in ("ann", "bob", "bob/iso"))
    assert all(gained[key] > 0 for key in ("cat", "dee", "eve/iso"))
    assert all(gained[key] == 0 for key in ("fay", "gus", "hal", "ivy"))
    assert abs(sum(gained.values())) <= Decimal("0.000001")
