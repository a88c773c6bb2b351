"""Every market of the real configuration files: it loads as a case, and `health` explains it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import trimtab
from tests.conftest import DATA
from trimtab.apps.presets import read_rules

CONFIGS = {
    "compound-v3": DATA / "configs/compound_v3_comet_market_configurations.json",
    "aave-v3.0": DATA / "configs/aave_v3_reserve_configs_initial.json",
    "aave-v3.7": DATA / "configs/aave_v3_reserve_configs_initial.json",
}


def markets() -> list[tuple[str, str]]:
    """Preset and market, or one pair that is skipped where there are no data."""
    there = [(name, path) for name, path in CONFIGS.items() if path.is_file()]
    found = [(name, market) for name, path in there for market in json.loads(path.read_text())]
    return found or [("compound-v3", "no data")]


def write_case(folder: Path, preset: str, *, market: str) -> bool:
    """One account for each collateral, half way to its limit and beyond it, owing one asset; all
    at prices of 1. Returns whether the market has collateral at all."""
    shutil.copy(CONFIGS[preset], folder / "market.json")
    text = f'[preset]\nname = "{preset}"\nconfiguration = "market.json"\nmarket = "{market}"\n'
    (folder / "rules.toml").write_text(text)
    rules = read_rules(folder / "rules.toml")
    assets = [asset for asset in rules.assets.values() if asset.name != rules.quote]
    debt = next(asset.name for asset in assets if asset.borrowable)
    rows = ["account,instrument,quantity"]
    for asset in assets:
        if not asset.liquidation_threshold_wad or asset.name == debt:
            continue
        # The prices are of dollars, so a percent of the threshold is a whole number of cents.
        limit = asset.liquidation_threshold_wad // 10**14
        for kind, share in (("calm", 50), ("sunk", 101)):
            rows.append(f"{kind}-{asset.name},{asset.name},10000")
            rows.append(f"{kind}-{asset.name},{debt},-{limit * share // 100 + 1}")
    has_collateral = len(rows) > 1
    rows += [] if has_collateral else [f"lender,{debt},1"]
    (folder / "book.csv").write_text("\n".join([*rows, ""]))
    prices = [f"2024-01-01,{asset.name},1" for asset in assets]
    (folder / "prices.csv").write_text("\n".join(["timestamp,asset,price", *prices, ""]))
    return has_collateral


@pytest.mark.shared
@pytest.mark.parametrize(("preset", "market"), markets())
def test_health_of_every_market(tmp_path: Path, preset: str, market: str) -> None:
    has_collateral = write_case(tmp_path, preset, market=market)
    found = trimtab.health(trimtab.load_case(tmp_path))
    assert found.standing.case.rules.venue.endswith(market)
    assert set(found.standing.case.input_hashes) >= {"market.json", f"preset {preset}"}
    if not has_collateral:
        assert [account.debt_wad for account in found.accounts] == [0]
        return
    assert len(found.accounts) >= 2
    for account in found.accounts:
        sunk = account.account.startswith("sunk-")
        assert account.liquidatable is sunk, account
        assert (account.binding == "maintenance") is sunk
        pledged = account.account.partition("-")[2]
        assert account.liquidation_side[pledged] == "below"
        # At a price of one, who is sunk has fallen past the price that liquidates him.
        assert (account.liquidation_price_wad[pledged] > 10**18) is sunk
