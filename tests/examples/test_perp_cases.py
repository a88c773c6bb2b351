"""Cases of perpetual venues: built from data, held against the twins, run by the engine."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import DATA, ROOT
from trimtab.protocols import dydx, hyperliquid
from trimtab.protocols.brackets import liquidation_price_wad
from trimtab.protocols.dydx_presets import SCRIPT_TIERS
from trimtab.protocols.exchanges import Cross, Side
from trimtab.protocols.exchanges_presets import brackets_presets
from trimtab.units import WAD, parse_decimal

CASES = ("binance-btc-2023-08", "hyperliquid-eth-2023-08", "dydx-ltc-2023-08")
START = "from trimtab.apps.cli import main; main()"
Rows = list[dict[str, str]]

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("perps")
    for name in CASES:
        command = [sys.executable, str(ROOT / "examples/build_cases.py"), "--only", name]
        command += ["--data", str(DATA), "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return out


def table(path: Path) -> Rows:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def trimtab(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def positions(folder: Path) -> list[tuple[dict, dict]]:
    """Each account of `trimtab health` with its position."""
    done = trimtab("health", str(folder), "--format", "json")
    assert done.returncode == 0, done.stderr
    accounts = json.loads(done.stdout)["accounts"]
    return [(account, account["positions"][0]) for account in accounts]


def wad(text: str) -> int:
    return parse_decimal(text, 18)


@pytest.mark.parametrize("name", CASES)
def test_longs_and_shorts_are_of_one_size(built: Path, name: str) -> None:
    rows = table(built / name / "book.csv")
    sizes = [Decimal(row["quantity"]) for row in rows if row["instrument"].endswith("-PERP")]
    assert len(sizes) == 400
    assert sum(sizes) == 0
    assert len({row["account"] for row in rows}) == 400


@pytest.mark.parametrize("name", CASES)
def test_prices_are_a_day_of_five_minutes_with_its_crash(built: Path, name: str) -> None:
    prices = [Decimal(row["price"]) for row in table(built / name / "prices.csv")]
    assert len(prices) == 289
    assert min(prices) < prices[0] * Decimal("0.94")


@pytest.mark.parametrize("name", CASES)
def test_what_the_rules_cannot_say_stands_beside_them(built: Path, name: str) -> None:
    text = (built / name / "README.md").read_text()
    assert text.count("Not in the rules:") >= 3
    rules = tomllib.loads((built / name / "rules.toml").read_text(), parse_float=Decimal)
    (market,) = rules["markets"].values()
    assert market["maintenance_margin"] < market["initial_margin"]
    assert ("tiers" in market) is not name.startswith("dydx")
    assert ("oi_upper" in market) is name.startswith("dydx")


def test_health_of_binance_s_tiers_is_that_of_the_twin(built: Path) -> None:
    with gzip.open(DATA / "configs/binance_usdm_leverage_tiers.json.gz", "rt") as handle:
        loaded = json.load(handle, parse_float=str)
    brackets = brackets_presets(loaded)["BTC/USDT:USDT"].maintenance()
    tiers = set()
    for account, held in positions(built / CASES[0]):
        notional, size = wad(held["notional"]), wad(held["size"])
        assert wad(held["maintenance_requirement"]) == brackets.maintenance(notional)
        side = Side.LONG if size > 0 else Side.SHORT
        cross = Cross(wad(account["collateral"]), abs(size), wad(held["entry_price"]))
        price = liquidation_price_wad(side, brackets, cross=cross)
        assert abs(wad(held["liquidation_price"]) - price) <= 1
        tiers.add(brackets.at(notional))
    assert len(tiers) >= 6


def test_health_of_hyperliquid_s_tiers_is_that_of_the_twin(built: Path) -> None:
    bound = 100_000_000 * WAD
    tiers = hyperliquid.Tiers((hyperliquid.Tier(0, 25), hyperliquid.Tier(bound, 15)))
    past = 0
    for _, held in positions(built / CASES[1]):
        notional = wad(held["notional"])
        gap = wad(held["maintenance_requirement"]) - tiers.maintenance(notional)
        # A thirtieth is rounded up to 1e-18 in the rules: up to a unit for each dollar past 100 m.
        assert 0 <= gap <= max(0, notional - bound) // WAD + 2
        past += notional > bound
    assert past > 0


def test_health_under_open_interest_is_that_of_the_dydx_twin(built: Path) -> None:
    tier, found = SCRIPT_TIERS["Small-Cap"], positions(built / CASES[2])
    interest = sum(wad(held["notional"]) for _, held in found) // 2 // 10**12
    assert tier.open_interest_lower < interest < tier.open_interest_upper
    for _, held in found:
        quanta = wad(held["notional"]) // 10**12
        initial = dydx.initial_margin(tier, quanta, open_interest=interest)
        # The venue cuts its fraction to a millionth.
        gap = wad(held["initial_requirement"]) // 10**12 - initial
        assert -2 <= gap <= quanta // 10**6 + 2
        maintenance = dydx.maintenance_margin(tier, quanta)
        assert abs(wad(held["maintenance_requirement"]) // 10**12 - maintenance) <= 2


@pytest.mark.parametrize("name", CASES)
def test_a_replay_through_the_crash_loses_no_unit(built: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    done = trimtab("replay", str(built / name), "--out", str(out), "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["conserved"] is True
    assert told["steps"] == 289
    assert told["position_liquidations"] > 0
    payers = ("own_margin", "penalty", "insurance", "backstop", "adl", "socialized")
    paid = sum(Decimal(told[f"{payer}_value"]) for payer in payers)
    assert paid == Decimal(told["bad_debt_value"]) > 0
