"""The builders of the example cases, against the data sets and sums made in another way."""

import csv
import gzip
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.units import parse_decimal

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TRIMTAB_SHARED", ROOT.parent / "shared")) / "data"
CASES = ("compound-2020-08", "steth-2021-05", "steth-2022-11", "steth-2023-health")
CRASHES = ("steth-2021-05", "steth-2022-11")

needs_data = pytest.mark.skipif(
    not (DATA / "accounts").is_dir(),
    reason="no data sets: neither ../shared/data beside the checkout nor TRIMTAB_SHARED",
)


def build(out: Path, *more: str, data: Path = DATA) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples/build_cases.py")]
    command += ["--data", str(data), "--out", str(out), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("cases")
    done = build(out)
    assert done.returncode == 0, done.stderr
    return out, done.stderr


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def source(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / "accounts" / name, "rt") as handle:
        return list(csv.DictReader(handle))


def rules_of(folder: Path) -> dict:
    return tomllib.loads((folder / "rules.toml").read_text(), parse_float=Decimal)


def values(folder: Path) -> Iterator[tuple[dict[str, str], Decimal]]:
    """Rows of a book with their value at the book's own prices, in ETH."""
    assets = rules_of(folder)["assets"]
    for row in table(folder / "book.csv"):
        price = Decimal(assets[row["instrument"]].get("price", 1))
        yield row, Decimal(row["quantity"]) * price


def test_a_missing_folder_is_said_and_exits_with_three(tmp_path: Path) -> None:
    done = build(tmp_path, data=tmp_path / "nowhere")
    assert done.returncode == 3
    assert "no data sets" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_case_is_a_usage_error(tmp_path: Path) -> None:
    assert build(tmp_path, "--only", "nothing").returncode == 2


@needs_data
@pytest.mark.shared
def test_cases_are_the_same_bytes_each_time(built: tuple[Path, str], tmp_path: Path) -> None:
    out, _ = built
    assert build(tmp_path).returncode == 0
    names = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert names == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert all((out / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


@needs_data
@pytest.mark.shared
def test_only_builds_one_case(tmp_path: Path) -> None:
    done = build(tmp_path, "--only", "compound-2020-08")
    assert done.stdout.split() == [str(tmp_path / "compound-2020-08")]


@needs_data
@pytest.mark.shared
@pytest.mark.parametrize("name", CASES)
def test_tables_are_valid_for_the_loader(built: tuple[Path, str], name: str) -> None:
    folder = built[0] / name
    rules = rules_of(folder)
    assets = rules["assets"]
    for asset in assets.values():
        threshold = asset.get("liquidation_threshold", 0)
        assert asset.get("max_ltv", 0) <= threshold
        assert threshold * (1 + asset.get("liquidation_bonus", 0)) <= 1
    keys = set()
    for row in table(folder / "book.csv"):
        asset = assets[row["instrument"]]
        assert parse_decimal(row["quantity"], asset["decimals"]) != 0
        override = parse_decimal(row.get("liquidation_threshold") or "0", 18)
        assert override * (1 + asset.get("liquidation_bonus", 0)) <= 10**18
        keys.add((row["account"], row["instrument"], row["quantity"].startswith("-")))
    assert len(keys) == len(table(folder / "book.csv"))


@needs_data
@pytest.mark.shared
@pytest.mark.parametrize("name", CASES)
def test_price_series_increase_in_time_and_start_together(
    built: tuple[Path, str], name: str
) -> None:
    folder = built[0] / name
    times = defaultdict(list)
    for row in table(folder / "prices.csv"):
        assert parse_decimal(row["price"], 18) > 0
        times[row["asset"]].append(row["timestamp"])
    assert set(times) == set(rules_of(folder)["assets"])
    assert len({stamps[0] for stamps in times.values()}) == 1
    for stamps in times.values():
        assert stamps == sorted(set(stamps))


@needs_data
@pytest.mark.shared
def test_health_book_has_the_sources_users_totals_and_healths(built: tuple[Path, str]) -> None:
    folder = built[0] / "steth-2023-health"
    held: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in table(folder / "book.csv"):
        held[row["account"]][row["instrument"]] = row
    assert len(held) == 1309
    worst, unsafe = Decimal(0), 0
    for user in source("aave_v2_steth_users.csv.gz"):
        collateral, debt = (held[user["user"]][side] for side in ("COLLATERAL", "DEBT"))
        assert (collateral["quantity"], debt["quantity"]) == (
            user["collateral"],
            f"-{user['debt']}",
        )
        weighted = Decimal(collateral["quantity"]) * Decimal(collateral["liquidation_threshold"])
        health = -weighted / Decimal(debt["quantity"])
        worst = max(worst, abs(health / Decimal(user["healthf"]) - 1))
        unsafe += health < 1
    assert worst < Decimal("1e-9")
    assert unsafe == 4
    totals = [sum(Decimal(user[side]["quantity"]) for user in held.values())
              for side in ("COLLATERAL", "DEBT")]  # fmt: skip
    assert [round(value) for value in totals] == [1_104_270, -509_688]


@needs_data
@pytest.mark.shared
@pytest.mark.parametrize("name", CRASHES)
def test_crash_books_add_up_to_the_sources_totals(built: tuple[Path, str], name: str) -> None:
    users = {row["user"]: row for row in source("aave_v2_steth_users.csv.gz")}
    sides: dict[tuple[str, bool], Decimal] = defaultdict(Decimal)
    for row, value in values(built[0] / name):
        sides[row["account"], value > 0] += abs(value)
    accounts = {account for account, _ in sides}
    assert len(accounts) == 1034
    for account in accounts:
        for column, owned in (("collateral", True), ("debt", False)):
            expected = Decimal(users[account][column])
            assert abs(sides[account, owned] / expected - 1) < Decimal("1e-5")


@needs_data
@pytest.mark.shared
@pytest.mark.parametrize("name", CRASHES)
def test_crash_books_keep_the_sources_thresholds(built: tuple[Path, str], name: str) -> None:
    folder = built[0] / name
    assets = rules_of(folder)["assets"]
    users = {row["user"]: row for row in source("aave_v2_steth_users.csv.gz")}
    whole: dict[str, Decimal] = defaultdict(Decimal)
    weighted: dict[str, Decimal] = defaultdict(Decimal)
    for row, value in values(folder):
        if value > 0:
            own = assets[row["instrument"]]["liquidation_threshold"]
            whole[row["account"]] += value
            weighted[row["account"]] += value * Decimal(row["liquidation_threshold"] or own)
    for account, value in whole.items():
        aggregate = Decimal(users[account]["threshold"]) / 10_000
        assert abs(weighted[account] / value - aggregate) < Decimal("1.1e-4")


@needs_data
@pytest.mark.shared
def test_the_residual_is_declared_with_its_share(built: tuple[Path, str]) -> None:
    out, said = built
    sides: dict[str, Decimal] = defaultdict(Decimal)
    whole: dict[bool, Decimal] = defaultdict(Decimal)
    for row, value in values(out / "steth-2021-05"):
        whole[value > 0] += abs(value)
        sides[row["instrument"]] += abs(value)
    collateral = sides["RESIDUAL_COLLATERAL"] / whole[True]
    debt = sides["RESIDUAL_DEBT"] / whole[False]
    assert round(collateral, 4) == Decimal("0.1052")
    assert round(debt, 4) == Decimal("0.0589")
    assert "10.5223 % of it" in said
    assert "5.8888 % of the debt" in said
    assert "10.5223 % of it" in (out / "steth-2021-05/README.md").read_text()


@needs_data
@pytest.mark.shared
@pytest.mark.parametrize(("name", "days"), [("steth-2021-05", 7), ("steth-2022-11", 10)])
def test_histories_are_hourly_in_ether(built: tuple[Path, str], name: str, days: int) -> None:
    rows = table(built[0] / name / "prices.csv")
    times = sorted({datetime.fromisoformat(row["timestamp"]) for row in rows})
    assert times[-1] - times[0] == timedelta(days=days)
    assert len(times) == 24 * days + 1
    assert {row["price"] for row in rows if row["asset"] == "WETH"} == {"1"}
    steth = [Decimal(row["price"]) for row in rows if row["asset"] == "stETH"]
    assert Decimal("0.9") < min(steth) < Decimal("0.98")
    assert max(steth) < Decimal("1.05")
    dollar = [Decimal(row["price"]) for row in rows if row["asset"] == "USDC"]
    assert max(dollar) > Decimal("1.45") * dollar[0]


@needs_data
@pytest.mark.shared
def test_gas_of_may_2021_is_that_of_the_crash_day(built: tuple[Path, str]) -> None:
    gas = table(built[0] / "steth-2021-05/gas.csv")
    assert len(gas) == 145
    assert gas[0]["timestamp"] == "2021-05-17T00:00:00Z"
    assert max(Decimal(row["gas_cost"]) for row in gas) > 5 * Decimal(gas[0]["gas_cost"])


@needs_data
@pytest.mark.shared
def test_compound_accounts_are_all_underwater(built: tuple[Path, str]) -> None:
    folder = built[0] / "compound-2020-08"
    held: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in table(folder / "book.csv"):
        held[row["account"]][row["instrument"]] = Decimal(row["quantity"])
    assert len(held) == 143
    weight = rules_of(folder)["assets"]["COLLATERAL"]["liquidation_threshold"]
    for user in source("compound_v2_accounts_2020-08.csv.gz"):
        sides = held[user["account"]]
        health = -weight * sides.get("COLLATERAL", Decimal(0)) / sides["DEBT"]
        assert health < 1
        assert abs(health - Decimal(user["health"])) <= Decimal("1e-9") * health
    assert round(-sum(sides["DEBT"] for sides in held.values()), 1) == Decimal("12.9")
