"""The presets: each loads, answers `health` on a small book, and says what it is and is not."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from pathlib import Path

import pytest

import trimtab
from tests.apps.command_line import ask
from trimtab.adapters.files import PresetRequest
from trimtab.apps.presets import CONFIGURED, preset, preset_names, preset_tables, read_rules
from trimtab.model import Rules
from trimtab.units import RulesError

FAMILIES = {"pool", "isolated market", "vault"}
COMET = {
    "baseToken": "USDC",
    "storeFrontPriceFactor": 0.6,
    "targetReserves": "5000000e6",
    "rates": {
        "supplyKink": 0.8,
        "supplySlopeLow": 0.0325,
        "supplySlopeHigh": 0.4,
        "supplyBase": 0,
        "borrowKink": 0.8,
        "borrowSlopeLow": 0.035,
        "borrowSlopeHigh": 0.25,
        "borrowBase": 0.015,
    },
    "assets": {
        "WETH": {
            "decimals": "18",
            "borrowCF": 0.825,
            "liquidateCF": 0.895,
            "liquidationFactor": 0.95,
            "supplyCap": "350_000e18",
        }
    },
}


def rules_of(name: str, folder: Path) -> Rules:
    path = folder / "rules.toml"
    path.write_text(f'preset = "{name}"\n')
    return read_rules(path)


def small_case(name: str, folder: Path) -> Path:
    """Two accounts on the preset's first pair, at a loan-to-value of half and of 1.05 times its
    threshold; a unit of collateral is worth 100,000 of the quote."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = rules_of(name, folder)
    pledged = next(a for a in rules.assets.values() if a.liquidation_threshold_wad)
    debt = next(a for a in rules.assets.values() if a.borrowable and a.name != pledged.name)
    limit = 100_000 * pledged.liquidation_threshold_wad // 10**18
    rows = ["account,instrument,quantity"]
    for account, owed in (("ann", limit // 2), ("bob", limit * 105 // 100)):
        rows += [f"{account},{pledged.name},1", f"{account},{debt.name},-{owed}"]
    prices = [f"2024-01-01T00:00:00Z,{pledged.name},100000"]
    prices += [] if debt.name == rules.quote else [f"2024-01-01T00:00:00Z,{debt.name},1"]
    (folder / "book.csv").write_text("\n".join([*rows, ""]))
    (folder / "prices.csv").write_text("\n".join(["timestamp,asset,price", *prices, ""]))
    return folder


@pytest.mark.parametrize("name", preset_names())
def test_health_answers_and_explains_under_every_preset(name: str, tmp_path: Path) -> None:
    answer = ask("health", small_case(name, tmp_path / "case"), "--format", "json")
    assert answer.code == 0, answer.err
    ann, bob = sorted(json.loads(answer.out)["accounts"], key=lambda a: a["account"])
    assert [ann["liquidatable"], bob["liquidatable"]] == [False, True]
    assert float(ann["health_factor"]) > 1 > float(bob["health_factor"])
    assert bob["binding"]
    assert bob["liquidation_price"]


@pytest.mark.parametrize("name", preset_names())
def test_a_replay_under_every_preset_conserves_value(name: str, tmp_path: Path) -> None:
    case = small_case(name, tmp_path / "case")
    answer = ask("replay", case, "--out", tmp_path / "out", "--format", "json")
    assert answer.code == 0, answer.err
    summary = json.loads(answer.out)
    assert summary["conserved"] is True
    if preset(name).tables.get("replay", {}).get("mechanism") != "auction":
        assert summary["liquidations"] > 0


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_its_source_and_its_limits(name: str) -> None:
    about = preset(name).about
    assert about.family in FAMILIES
    assert about.title.partition(",")[0].lower().replace(" ", "-").startswith(name.split("-")[0])
    assert len(about.values) > 40
    assert re.search(r"\b20[12]\d\b", about.values) or "not known here" in about.values
    assert about.agrees
    assert len(about.cannot) >= 3
    module = about.twin.partition(",")[0].partition(" and ")[0]
    assert __import__(module, fromlist=["health"]).health


def test_every_family_has_presets() -> None:
    assert {preset(name).about.family for name in preset_names()} == FAMILIES


@pytest.mark.parametrize("name", preset_names())
def test_what_is_shown_is_the_preset(name: str, tmp_path: Path) -> None:
    answer = ask("preset", "show", name)
    assert answer.code == 0
    path = tmp_path / "shown.toml"
    path.write_text(answer.out)
    assert read_rules(path) == rules_of(name, tmp_path)
    shown = json.loads(ask("preset", "show", name, "--format", "json").out)
    assert shown["about"]["name"] == name
    assert shown["rules"]["venue"]["name"] == name
    text = " ".join(answer.out.replace("#", " ").split())
    assert all(" ".join(line.split()) in text for line in shown["about"]["cannot"])


def test_versions_of_aave_differ_in_what_they_say_alone(tmp_path: Path) -> None:
    old, mid, new = (rules_of(f"aave-v3.{n}", tmp_path) for n in (0, 3, 7))
    assert (old.liquidation.dust_debt_wad, mid.liquidation.dust_debt_wad) == (0, 1000 * 10**18)
    assert mid.liquidation == new.liquidation
    assert old.assets == mid.assets
    assert [r.assets["USDT"].isolated for r in (old, mid, new)] == [True, True, False]
    for rules in (old, mid, new):
        weth = rules.assets["WETH"]
        assert weth.liquidation_bonus_wad + weth.liquidation_fee_wad == 5 * 10**16


def test_the_list_names_them_all() -> None:
    table = ask("preset", "list")
    assert table.code == 0
    assert all(name in table.out for name in preset_names())
    assert "preset show" in table.err
    as_json = json.loads(ask("preset", "list", "--format", "json").out)
    assert [about["name"] for about in as_json] == list(preset_names())
    as_csv = list(csv.DictReader(io.StringIO(ask("preset", "list", "--format", "csv").out)))
    assert [row["name"] for row in as_csv] == list(preset_names())
    assert ask("preset", "list", "--format", "parquet").code == 2


def test_an_unknown_preset_names_the_known_ones(tmp_path: Path) -> None:
    assert "there is no such preset; found 'aave'" in ask("preset", "show", "aave").complaint
    with pytest.raises(RulesError, match=r"key preset: there is no such preset; found 'aave'"):
        rules_of("aave", tmp_path)
    with pytest.raises(RulesError, match="no configuration file is read for this preset"):
        preset_tables(PresetRequest("maker", {"any": 1}))


def test_a_configuration_is_imported_and_answers_as_a_preset_does(tmp_path: Path) -> None:
    configuration = tmp_path / "configuration.json"
    configuration.write_text(json.dumps(COMET))
    out = tmp_path / "case"
    answer = ask("preset", "import", "compound-v3", configuration, "--out", out)
    assert answer.code == 0, answer.err
    written = tomllib.loads((out / "rules.toml").read_text())
    assert written["assets"]["WETH"]["supply_cap"] == 350_000
    printed = ask("preset", "import", "compound-v3", configuration).out
    assert printed == (out / "rules.toml").read_text()
    (tmp_path / "rules.toml").write_text(
        '[preset]\nname = "compound-v3"\nconfiguration = "configuration.json"\n'
    )
    assert read_rules(tmp_path / "rules.toml") == read_rules(out / "rules.toml")
    again = ask("preset", "import", "compound-v3", configuration, "--out", out)
    assert again.code == 2
    assert "there is such a file already" in again.complaint


def test_what_cannot_be_imported_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"a": COMET, "b": COMET}))
    line = ask("preset", "import", "compound-v3", path).complaint
    assert "c.json: the file holds several markets; expected one of a, b" in line
    line = ask("preset", "import", "compound-v3", path, "--market", "c").complaint
    assert "there is no such market; found 'c'" in line
    assert ask("preset", "import", "compound-v3", path, "--market", "a").code == 0
    assert "no configuration file" in ask("preset", "import", "maker", path).complaint
    spoilt = json.loads(json.dumps(COMET))
    spoilt["assets"]["WETH"]["liquidateCF"] = 0.97
    path.write_text(json.dumps(spoilt))
    line = ask("preset", "import", "compound-v3", path).complaint
    assert line.startswith("error: c.json: key assets.WETH.liquidation_threshold: the rules")
    assert ask("preset", "import", "compound-v3", tmp_path / "no.json").code == 3


def test_the_front_door_reads_presets(tmp_path: Path) -> None:
    case = trimtab.load_case(small_case("morpho-blue", tmp_path / "case"))
    assert "preset morpho-blue" in case.input_hashes
    bob = next(a for a in trimtab.health(case).accounts if a.account == "bob")
    assert bob.liquidatable
    other = tmp_path / "other.toml"
    other.write_text('preset = "morpho-blue"\n[assets.WETH]\nmax_ltv = 0.3\n')
    other.write_text(other.read_text() + "liquidation_threshold = 0.4\n")
    changes = trimtab.health(case, against=other).changes
    assert [change.account for change in changes] == ["ann"]


def test_presets_that_take_configurations_are_presets() -> None:
    assert set(CONFIGURED) <= set(preset_names())
