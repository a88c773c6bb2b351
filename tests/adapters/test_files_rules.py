"""`rules.toml`: what it means, exactly, and every way in which it is refused."""

from pathlib import Path

import pytest

from tests.adapters.case_folders import RULES, checked_line
from trimtab.adapters.files import read_rules
from trimtab.model import Mechanism, Sizing
from trimtab.units import WAD, DataError, RulesError

CATEGORY = """
[categories.stable]
assets = ["USDC"]
max_ltv = 0.93
liquidation_threshold = 0.95
liquidation_bonus = 0.01
"""
STAKED = '[assets.stETH]\ndecimals = 18\nunderlying = "ETH"\n'


def rules_of(folder: Path, text: str) -> tuple:
    path = folder / "rules.toml"
    path.write_text(text)
    return read_rules(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(RulesError) as caught:
        rules_of(folder, text)
    return checked_line(caught.value, folder)


def test_numbers_are_exact(tmp_path: Path) -> None:
    text = RULES.replace("0.80", "0.123456789012345678").replace("0.83", "8.3e-1")
    rules, _ = rules_of(tmp_path, text)
    assert rules.assets["ETH"].max_ltv_wad == 123456789012345678
    assert rules.assets["ETH"].liquidation_threshold_wad == 83 * 10**16


def test_every_kind_of_setting_is_stored_in_its_unit(tmp_path: Path) -> None:
    asset = "borrow_factor = 0.8\nborrow_cap = 1_000.000_001\nborrowable = false\nprice = 1.0\n"
    text = (
        RULES
        + asset
        + CATEGORY
        + '[liquidation]\nsizing = "whole"\ndust_debt = 100\nwindow = 60\n'
        + '[replay]\nmechanism = "auction"\nrebase = true\ncapital = 0.5\n'
        + "[insurance]\nbalance = 7\n"
    )
    rules, replay = rules_of(tmp_path, text)
    usdc = rules.assets["USDC"]
    assert usdc.liability_weight_wad == 125 * 10**16
    assert usdc.borrow_cap == 1_000_000_001
    assert (usdc.borrowable, usdc.price_wad) == (False, WAD)
    assert rules.categories["stable"].assets == ("USDC",)
    assert (rules.liquidation.sizing, rules.liquidation.window_seconds) == (Sizing.WHOLE, 60)
    assert rules.liquidation.dust_debt_wad == 100 * WAD
    assert (rules.insurance.balance_wad, rules.backstop.balance_wad) == (7 * WAD, 0)
    assert (replay.mechanism, replay.rebase) == (Mechanism.AUCTION, True)
    assert replay.capital_wad == WAD // 2


def test_a_borrow_factor_becomes_a_weight_rounded_up(tmp_path: Path) -> None:
    rules, _ = rules_of(tmp_path, RULES + "borrow_factor = 0.3\n")
    assert rules.assets["USDC"].liability_weight_wad == 3333333333333333334


def test_the_liquidation_end_is_the_threshold_unless_given(tmp_path: Path) -> None:
    rules, _ = rules_of(tmp_path, RULES + "liquidation_end = 0.76\n")
    assert rules.assets["ETH"].liquidation_end_wad == 83 * 10**16
    assert rules.assets["USDC"].liquidation_end_wad == 76 * 10**16


def test_the_quote_is_added_or_priced(tmp_path: Path) -> None:
    added = rules_of(tmp_path, RULES)[0].assets["USD"]
    assert (added.decimals, added.max_ltv_wad, added.price_wad) == (18, WAD, WAD)
    assert (added.liquidation_end_wad, added.liquidation_threshold_wad) == (WAD, WAD)
    assert not added.borrowable
    listed = rules_of(tmp_path, RULES.replace('"USD"', '"USDC"'))[0].assets
    assert (listed["USDC"].price_wad, listed["USDC"].decimals) == (WAD, 6)
    assert "USD" not in listed


REFUSED = {
    "[assets.ETH]\n": "key venue.name: the key is missing; expected name of the venue",
    '[venue]\nquote = "USD"\n': "key venue.name: the key is missing",
    RULES.replace('"example"', '""'): "key venue.name: the venue has no name",
    RULES.replace('"USD"', '"U/D"'): "key venue.quote: the asset name holds a slash",
    "[venue]\nname = 1\n": "key venue.name: the value has the wrong type; found 'a number'; "
    "expected text in quotes",
    "venue = 3\n" + RULES[RULES.index("[assets") :]: "key venue: the section is not a table",
    "[venue]\nname = 'x'\nquote = 'USD'\n": "key assets: no asset is listed",
    RULES + "max_lvt = 0.5\n": "rules.toml: key assets.USDC.max_lvt: unknown key; "
    "did you mean max_ltv?",
    RULES + "[liquidatoin]\n": "key liquidatoin: unknown section; did you mean liquidation?",
    RULES + '[assets."a/b"]\n': "key assets.a/b: the asset name holds a slash",
    RULES + '[assets."@x"]\n': "key assets.@x: the asset name begins with @",
    RULES + '[assets.""]\n': "the asset has no name",
    RULES + "[assets.X]\nmax_ltv = 0\n": "key assets.X.decimals: the key is missing; "
    "expected native units per whole unit",
    RULES + "[[assets.X]]\n": "key assets.X: the section is not a table",
    RULES + "[assets.X]\ndecimals = 37\n": "key assets.X.decimals: the value is out of range; "
    "found '37'; expected 0 to 36",
    RULES + "[assets.X]\ndecimals = 1.5\n": "key assets.X.decimals: the number has too many",
    RULES + "[assets.X]\ndecimals = true\n": "the value has the wrong type; found 'true'; "
    "expected a number",
    RULES + "[assets.X]\ndecimals = 2020-01-01\n": "the value has the wrong type",
    RULES + "supply_cap = 0.0000001\n": "key assets.USDC.supply_cap: the number has too many "
    "decimal places; found '0.0000001'; expected at most 6 decimal places",
    RULES + 'supply_cap = "5"\n': "found '5'; expected a number; write it without quotes",
    RULES + "supply_cap = -1\n": "found '-1'; expected at least 0",
    RULES + "supply_cap = nan\n": "key assets.USDC.supply_cap: the number is not finite",
    RULES + "supply_cap = 1e999999999\n": "key assets.USDC.supply_cap: the number is too large",
    RULES + "supply_cap = " + "9" * 5000 + "\n": "the file is not TOML",
    RULES + "supply_cap = 0x" + "f" * 5000 + "\n": "the number is too large",
    RULES + "borrow_factor = 0\n": "key assets.USDC.borrow_factor: the value is out of range; "
    "found '0'; expected 0.001 to 1",
    RULES + "borrow_factor = 1.01\n": "found '1.01'; expected 0.001 to 1",
    RULES + "borrow_factor = 1e-9\n": "found '1e-9'; expected 0.001 to 1",
    RULES + "kink = 1\n": "key assets.USDC.kink: the value is out of range; found '1'; "
    "expected above 0, below 1",
    RULES + "borrowable = 1\n": "key assets.USDC.borrowable: the value has the wrong type",
    RULES + "liquidation_bonus = {}\n": "found 'a table'; expected a number",
    RULES + '[liquidation]\nsizing = "hole"\n': "key liquidation.sizing: there is no such choice; "
    "found 'hole'; expected target_health, close_factor, whole; did you mean whole?",
    RULES + "[liquidation]\nsizing = 1\n": "key liquidation.sizing: the value has the wrong type",
    RULES + "[liquidation]\nfull_bonus_health = 1.0\n": "expected at least 0, below 1",
    RULES + "[replay]\ndelay_blocks = 1.5\n": "key replay.delay_blocks: the number has too many",
    RULES + '[markets.ETH-PERP]\nkind = "perp"\n': "key markets.ETH-PERP.initial_margin: the key "
    "is missing",
    RULES + "[markets.P]\nasset = 'ETH'\ninitial_margin = 0.03\nmaintenance_margin = 0.05\n": "key "
    "markets.P.maintenance_margin: the rules contradict each other",
    'preset = "aave-v3"\n': "rules.toml: key preset: no presets are at hand here; found 'aave-v3'",
    RULES + CATEGORY.replace('["USDC"]', "[]"): "key categories.stable.assets: the list is empty",
    RULES + CATEGORY.replace('["USDC"]', '["USDC", "USDC"]'): "the name stands twice",
    RULES + CATEGORY.replace('["USDC"]', '"USDC"'): "expected a list of names",
    RULES + "[categories.x]\nassets = ['ETH']\n": "key categories.x.max_ltv: the key is missing",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_bad_key_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    line = refusal(tmp_path, text)
    assert line.startswith("rules.toml: ")
    assert REFUSED[text] in line


CONFLICTS = {
    RULES.replace("0.80", "0.84"): ("assets.ETH.max_ltv", "0.84", "0.83"),
    RULES + "liquidation_end = 0.79\n": ("assets.USDC.liquidation_end", "0.79", "0.78"),
    RULES + "liquidation_end = 0.74\n": ("assets.USDC.max_ltv", "0.75", "0.74"),
    RULES.replace("0.05", "0.21"): ("assets.ETH.liquidation_threshold", "0.83", "1"),
    RULES + CATEGORY.replace("0.01", "0.06"): (
        "categories.stable.liquidation_threshold",
        "0.95",
        "1",
    ),
    RULES + "liquidation_fee = 0.05\n" + CATEGORY: (
        "categories.stable.liquidation_threshold",
        "0.95",
        "1",
    ),
    RULES + CATEGORY.replace("USDC", "DAI"): ("categories.stable.assets", "DAI", "assets"),
    RULES + CATEGORY.replace("0.93", "0.96"): ("categories.stable.max_ltv", "0.96", "0.95"),
    RULES + 'underlying = "WETH"\n': ("assets.USDC.underlying", "WETH", "asset"),
    RULES + 'underlying = "USDC"\n': ("assets.USDC.underlying", "USDC -> USDC", ""),
    RULES + 'underlying = "stETH"\n' + STAKED.replace('"ETH"', '"USDC"'): (
        "underlying",
        "stETH -> USDC",
        "",
    ),
    RULES + "max_rate_growth = 0.1\n": ("assets.USDC.max_rate_growth", "0.1", "underlying"),
    RULES + "exchange_rate = 1.1\n": ("assets.USDC.exchange_rate", "1.1", "underlying"),
    RULES + STAKED + "price = 3\n": ("assets.stETH.price", "3", "an underlying or a price"),
    RULES + "debt_ceiling = 5\n": ("assets.USDC.debt_ceiling", "", "isolated"),
    RULES + "[auction]\nfloor_multiplier = 0.9\nstart_multiplier = 0.8\n": (
        "auction.floor_multiplier",
        "0.9",
        "at most",
    ),
    RULES + "[dynamics]\nmax_bonus = 0.04\n": ("assets.ETH.liquidation_bonus", "0.05", "max_bonus"),
    RULES + CATEGORY + "[dynamics]\nmax_bonus = 0\n": ("liquidation_bonus", "0.0", "max_bonus"),
    RULES.replace('"USD"', '"USDC"') + "price = 0.99\n": ("assets.USDC.price", "0.99", "1"),
    RULES.replace("liquidation_threshold = 0.83", "liquidation_threshold = 0.95")
    + "[liquidation]\ntarget_health = 0.9975\n": ("liquidation.target_health", "0.9975", "1"),
}


@pytest.mark.parametrize("text", CONFLICTS, ids=range(len(CONFLICTS)))
def test_an_impossible_combination_is_refused_by_its_key(tmp_path: Path, text: str) -> None:
    key, found, expected = CONFLICTS[text]
    line = refusal(tmp_path, text)
    assert key in line
    assert found in line.partition("found")[2]
    assert expected in line.partition("expected")[2]


def test_the_cost_of_a_liquidation_may_be_exactly_one(tmp_path: Path) -> None:
    exact = RULES.replace("0.83", "0.8").replace(
        "liquidation_bonus = 0.05", "liquidation_bonus = 0.25"
    )
    rules, _ = rules_of(tmp_path, exact)
    assert rules.assets["ETH"].liquidation_bonus_wad == WAD // 4
    above = exact.replace("0.25", "0.250000000000000001")
    assert "assets.ETH.liquidation_threshold" in refusal(tmp_path, above)


HOSTILE = {
    "a" + ".a" * 8192 + " = 1": "the file is too long",
    "x = " + "[" * 8000 + "]" * 8000: "nested too deeply",
    "x = " + "{a = " * 1500 + "1" + "}" * 1500: "rules.toml",
    "[venue\n": "rules.toml: row 1: the file is not TOML; found ",
    "[venue]\nname = 'x'\nname = 'y'\n": "rules.toml: row 3: the file is not TOML",
    "[venue]\nname = '\x1b[31m'\n": "the file is not TOML",
    '[venue]\nname = "\\u001b[31m"\nquote = "U"\n': "holds a character that does not print",
    '[venue]\n"na\\nme" = 1\n': "key venue.na\\nme: unknown key; did you mean name?",
    "[venue]\n" + "k" * 10_000 + " = 1\n": "unknown key",
    "d = 2020-13-45\n": "the file is not TOML",
}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_toml_is_one_line(tmp_path: Path, text: str) -> None:
    line = refusal(tmp_path, text)
    assert HOSTILE[text] in line
    assert len(line) < 400


def test_a_byte_order_mark_and_a_missing_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    with pytest.raises(DataError, match=r"^rules\.toml: there is no such file$"):
        read_rules(path)
    path.write_bytes(b"\xef\xbb\xbf" + RULES.encode())
    with pytest.raises(
        DataError, match=r"^rules\.toml: row 1: the file begins with a byte order mark"
    ):
        read_rules(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r"^rules.toml: the file cannot be read; found "):
        read_rules(path)


@pytest.mark.parametrize(
    ("value", "told"),
    [("83", True), ("1.01", True), ("100", True), ("101", False), ("-0.1", False)],
)
def test_a_percentage_is_told_to_be_a_fraction(tmp_path: Path, value: str, told: bool) -> None:
    line = refusal(tmp_path, RULES.replace("threshold = 0.83", f"threshold = {value}"))
    assert "key assets.ETH.liquidation_threshold: the value is out of range" in line
    assert line.endswith("write a fraction, such as 0.83 for 83 %") is told
