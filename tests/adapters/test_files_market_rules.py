"""Markets, oracle, breakers and deleveraging in `rules.toml`: each key, and what is refused."""

from dataclasses import Field
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.case_folders import MARKETS, RULES, checked_line
from trimtab.adapters.files import read_rules
from trimtab.adapters.files.rules_reference import INTRODUCTION, TITLES
from trimtab.adapters.files.setting_text import DECIMALS_OF_KIND, range_text
from trimtab.model import (
    AdlPolicy,
    Funding,
    Kind,
    MarketKind,
    MarketRules,
    PositionSizing,
    Rules,
    Setting,
    Tier,
    settings_of,
)
from trimtab.units import WAD, RulesError, format_decimal

MARKET = '[markets.P]\nasset = "ETH"\ninitial_margin = 0.1\nmaintenance_margin = 0.05\n'
# What a section needs beside the key under test, none of which may be given twice.
NEEDED = {
    "venue": {"name": '"x"', "quote": '"USD"'},
    "assets": {"decimals": "18"},
    "categories": {"assets": '["ETH"]', "max_ltv": "0.5", "liquidation_threshold": "0.5"},
    "markets": {"asset": '"ETH"', "initial_margin": "0.1", "maintenance_margin": "0.05"},
}
KEYS = [
    pytest.param(title.replace("<name>", "X"), field, entry, id=f"{title}.{entry.key}")
    for title, kind in TITLES
    for field, entry in settings_of(kind)
    if title != "venue"
]
NUMBERS = [
    param
    for param in KEYS
    if param.values[2].kind in DECIMALS_OF_KIND and param.values[2].kind != Kind.FACTOR
]


def rules_of(folder: Path, text: str) -> Rules:
    path = folder / "rules.toml"
    path.write_text(text)
    return read_rules(path)[0]


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(RulesError) as caught:
        rules_of(folder, text)
    return checked_line(caught.value, folder)


def with_key(section: str, entry: Setting, text: str) -> str:
    """Rules in which one key of a section says `text`."""
    keys = NEEDED.get(section.partition(".")[0], {}) | {entry.key: text}
    return RULES + f"[{section}]\n" + "".join(f"{key} = {said}\n" for key, said in keys.items())


@pytest.mark.parametrize(("section", "field", "entry"), NUMBERS)
def test_a_number_just_out_of_range_is_refused_by_its_key(
    tmp_path: Path, section: str, field: Field[Any], entry: Setting
) -> None:
    decimals = DECIMALS_OF_KIND[entry.kind]
    assert field.name.startswith(entry.key)
    ends = [end for end in (entry.low, entry.high) if end is not None]
    assert ends, "a number is bounded"
    for end, step in ((entry.low, -1), (entry.high, 1)):
        if end is None:
            continue
        text = format_decimal(end + step, decimals)
        line = refusal(tmp_path, with_key(section, entry, text))
        told = f"rules.toml: key {section}.{entry.key}: the value is out of range; found "
        assert line.startswith(f"{told}{text!r}; expected {range_text(entry)}")


@pytest.mark.parametrize(("section", "field", "entry"), KEYS)
def test_a_value_of_another_type_is_refused_by_its_key(
    tmp_path: Path, section: str, field: Field[Any], entry: Setting
) -> None:
    assert field.metadata["setting"] is entry
    for wrong in ("{}", "2020-01-01", "7" if entry.kind in WORDS else '"7"'):
        line = refusal(tmp_path, with_key(section, entry, wrong))
        assert f"key {section}.{entry.key}: the value has the wrong type; found " in line


WORDS = (Kind.TEXT, Kind.NAMES, Kind.CHOICE, Kind.FLAG, Kind.TIERS)


def test_amounts_of_a_market_count_its_contracts(tmp_path: Path) -> None:
    amounts = "skew_scale = 1.25\nwindow_cap = 3\n"
    own = rules_of(tmp_path, RULES + MARKET + "decimals = 2\n" + amounts).markets["P"]
    assert (own.skew_scale, own.window_cap) == (125, 300)
    linear = rules_of(tmp_path, RULES + MARKET + amounts).markets["P"]
    assert (linear.skew_scale, linear.decimals) == (125 * 10**16, None)
    listed = RULES.replace('quote = "USD"', 'quote = "USDC"') + MARKET
    inverse = rules_of(tmp_path, listed + 'kind = "inverse_perp"\n' + amounts).markets["P"]
    assert (inverse.kind, inverse.skew_scale) == (MarketKind.INVERSE_PERP, 1_250_000)
    fine = RULES + MARKET + "decimals = 0\nwindow_cap = 1.5\n"
    assert "key markets.P.window_cap: the number has too many decimal places" in refusal(
        tmp_path, fine
    )
    nothing = RULES + MARKET + "skew_scale = 0\n"
    assert "skew_scale: the value is out of range; found '0'; expected above 0" in refusal(
        tmp_path, nothing
    )


def test_every_kind_of_key_of_the_new_sections_is_stored_in_its_unit(tmp_path: Path) -> None:
    rules = rules_of(
        tmp_path,
        RULES
        + MARKETS
        + MARKET
        + 'funding = "velocity"\nskew_scale = 1\nfunding_interest = -0.5\noi_cap = 7\n'
        + '[oracle]\nquorum = 2\nmax_age = 60\nmax_jump = 3\nstale_allows = ["settle", "trade"]\n'
        + "stable_price = true\n[breakers]\nvolatility_sigmas = 6.5\nfund_loss = 0.3\n"
        + '[position_liquidation]\nsizing = "ladder"\nladder_share = 0.25\n'
        + '[deleveraging]\npolicy = "queue"\npool_gain = 0.45\npool_gain_after = 0.4\n',
    )
    market, oracle = rules.markets["P"], rules.oracle
    assert (market.funding, market.funding_interest_wad) == (Funding.VELOCITY, -WAD // 2)
    assert (market.oi_cap_wad, market.initial_margin_wad) == (7 * WAD, WAD // 10)
    assert list(rules.markets) == ["ETH-PERP", "ETH-COIN", "P"]
    assert (oracle.quorum, oracle.max_age_seconds, oracle.max_jump_wad) == (2, 60, 3 * WAD)
    assert (oracle.stale_allows, oracle.stable_price) == (("settle", "trade"), True)
    assert rules.breakers.volatility_sigmas_wad == 65 * WAD // 10
    assert rules.breakers.fund_loss_wad == 3 * WAD // 10
    assert rules.position_liquidation.sizing is PositionSizing.LADDER
    assert rules.position_liquidation.ladder_share_wad == WAD // 4
    assert rules.deleveraging.policy is AdlPolicy.QUEUE
    assert rules.deleveraging.pool_gain_after_wad == 4 * WAD // 10


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    market = rules_of(tmp_path, RULES + MARKET).markets["P"]
    assert market == MarketRules("P", WAD // 10, WAD // 20, asset="ETH")


def test_a_list_whose_default_is_empty_may_be_written_empty(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, RULES + MARKET + "tiers = []\n[oracle]\nstale_allows = []\n")
    assert (rules.markets["P"].tiers, rules.oracle.stale_allows) == ((), ())


def test_tiers_are_exact(tmp_path: Path) -> None:
    said = "tiers = [[0, 0.02, 0.01], [150_000_000.5, 5e-2, 0.025]]\n"
    assert rules_of(tmp_path, RULES + MARKET + said).markets["P"].tiers == (
        Tier(0, 2 * WAD // 100, WAD // 100),
        Tier(150_000_000 * WAD + WAD // 2, 5 * WAD // 100, 25 * WAD // 1000),
    )


BAD_TIERS = {
    "0.5": "the value has the wrong type; found '0.5'; expected a list of [notional from, "
    "initial, maintenance] rows",
    "[0, 0.02, 0.01]": "tier 1 is not of three numbers; found 'a number'; expected [notional",
    "[[0, 0.02]]": "tier 1 is not of three numbers; found '2 entries'",
    "[[0, 0.02, 0.01], [1, 0.02, 0.01, 0]]": "tier 2 is not of three numbers; found '4 entries'",
    "[[0, 0.02, 0.01], {}]": "tier 2 is not of three numbers; found 'a table'",
    '[["0", 0.02, 0.01]]': "in tier 1 the value has the wrong type; found '0'; expected a number; "
    "write it without quotes",
    "[[0, nan, 0.01]]": "in tier 1 the number is not finite; found 'nan'",
    "[[0, 1e-19, 0.01]]": "in tier 1 the number has too many decimal places",
    "[[0, 0.02, 0.01], [-1, 0.02, 0.01]]": "tier 2 is out of range; found '-1, 0.02, 0.01'; "
    "expected a notional of at least 0, and rates above 0, at most 1",
    "[[0, 2, 1]]": "found '0, 2, 1'; expected a notional of at least 0, and rates above 0, at "
    "most 1; write a fraction, such as 0.83 for 83 %",
    "[[0, 0.02, 0]]": "tier 1 is out of range",
    "[[5, 0.02, 0.01]]": "the rules contradict each other; found '5'; expected a first tier from 0",
    "[[0, 0.01, 0.02]]": "the rules contradict each other; found '0.01, 0.02'; expected 0 < "
    "maintenance <= initial <= 1",
    "[[0, 0.02, 0.01], [0, 0.03, 0.02]]": "found 'a tier from 0'; expected rising floors",
    "[[0, 0.02, 0.01], [9, 0.03, 0.009]]": "found 'a tier from 9'; expected rising floors, and "
    "rates that do not fall",
}


@pytest.mark.parametrize("tiers", BAD_TIERS)
def test_a_bad_tier_is_refused_with_its_number(tmp_path: Path, tiers: str) -> None:
    line = refusal(tmp_path, RULES + MARKET + f"tiers = {tiers}\n")
    assert line.startswith("rules.toml: key markets.P.tiers: ")
    assert BAD_TIERS[tiers] in line


CONFLICTS = {
    RULES + MARKET.replace("0.05", "0.11"): ("markets.P.maintenance_margin", "0.11", "0.1"),
    RULES + MARKET.replace('"ETH"', '"EHT"'): ("markets.P.asset", "EHT", "an asset"),
    RULES + MARKET.replace('asset = "ETH"\n', ""): ("markets.P.asset", "", "an asset"),
    RULES + MARKET.replace('"ETH"', '"USD"'): ("markets.P.asset", "USD", "other than the quote"),
    RULES + MARKET.replace("markets.P", "markets.ETH"): ("markets.ETH", "ETH", "no asset has"),
    RULES + MARKET + "liquidation_end_margin = 0.04\n": (
        *("markets.P.liquidation_end_margin", "0.04", "0.05 to 0.1"),
    ),
    RULES + MARKET + "liquidation_end_margin = 0.2\n": (
        *("markets.P.liquidation_end_margin", "0.2", "0.05 to 0.1"),
    ),
    RULES + MARKET + "size_factor = 0.1\ntiers = [[0, 0.1, 0.05]]\n": (
        *("markets.P.tiers", "size_factor", "one of them"),
    ),
    RULES + MARKET + "skew_margin = 0.1\n": ("markets.P.skew_scale", "none", "a scale"),
    RULES + MARKET + 'funding = "velocity"\n': ("markets.P.skew_scale", "none", "a scale"),
    RULES + MARKET + "oi_lower = 5\noi_upper = 5\n": ("markets.P.oi_lower", "5", "less than"),
    RULES + MARKET + "initial_gain_weight = 0.6\ngain_weight = 0.5\n": (
        *("markets.P.initial_gain_weight", "0.6", "at most gain_weight 0.5"),
    ),
    RULES + MARKET + "liquidator_fee = 0.02\nliquidator_fee_max = 0.01\n": (
        *("markets.P.liquidator_fee", "0.02", "at most liquidator_fee_max 0.01"),
    ),
    RULES + MARKET + "insurance_balance = 5\n": (
        *("markets.P.insurance_balance", "5", "an insurance_ring"),
    ),
    RULES + '[oracle]\nstale_allows = ["settle", "borrow"]\n': (
        *("oracle.stale_allows", "borrow", "one of trade, liquidate, withdraw, settle"),
    ),
    RULES + "[deleveraging]\npool_gain = 0.4\npool_gain_after = 0.45\n": (
        *("deleveraging.pool_gain_after", "0.45", "at most pool_gain 0.4"),
    ),
}


@pytest.mark.parametrize("text", CONFLICTS, ids=range(len(CONFLICTS)))
def test_an_impossible_combination_is_refused_by_its_key(tmp_path: Path, text: str) -> None:
    key, found, expected = CONFLICTS[text]
    line = refusal(tmp_path, text)
    assert line.startswith(f"rules.toml: key {key}: the rules contradict each other; found ")
    assert found in line.partition("found")[2]
    assert expected in line.partition("expected")[2]


REFUSED = {
    MARKET + "taker_fees = 0.1\n": "key markets.P.taker_fees: unknown key; did you mean taker_fee?",
    MARKET + 'funding = "premuim"\n': "key markets.P.funding: there is no such choice; found "
    "'premuim'; expected none, premium, velocity, recorded; did you mean premium?",
    MARKET + 'kind = "future"\n': "key markets.P.kind: there is no such choice; found 'future'",
    MARKET + "kind = ['perp']\n": "key markets.P.kind: the value has the wrong type",
    MARKET + "asset = 3\n": "not TOML",
    MARKET.replace('"ETH"', "3"): "key markets.P.asset: the value has the wrong type",
    MARKET.replace('"ETH"', "['ETH']"): "key markets.P.asset: the value has the wrong type",
    MARKET + 'insurance_ring = "a/b"\n': "key markets.P.insurance_ring: the insurance ring name "
    "holds a slash",
    MARKET + 'insurance_ring = "@x"\n': "key markets.P.insurance_ring: the insurance ring name "
    "begins with @",
    "[markets]\nP = 3\n": "key markets.P: the section is not a table",
    '[markets."a/b"]\n': "key markets.a/b: the market name holds a slash",
    '[markets."@x"]\n': "key markets.@x: the market name begins with @",
    '[markets.""]\n': "the market has no name",
    '[categories."a/b"]\n': "key categories.a/b: the category name holds a slash",
    '[oracle]\nstale_allows = ["settle", "settle"]\n': "the name stands twice; found 'settle'",
    "[position_liquidation]\nsizing = 'hole'\n": "key position_liquidation.sizing: there is no "
    "such choice; found 'hole'; expected shortage, portion, ladder, whole; did you mean whole?",
    "[oracel]\n": "key oracel: unknown section; did you mean oracle?",
    "[breaker]\n": "key breaker: unknown section; did you mean breakers?",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_bad_key_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    assert REFUSED[text] in refusal(tmp_path, RULES + text)


def test_the_examples_of_the_reference_are_one_file_together(tmp_path: Path) -> None:
    examples = [part.partition("```")[0] for part in INTRODUCTION.split("```toml\n")[1:]]
    (markets,) = [example for example in examples if "[markets." in example]
    market = rules_of(tmp_path, examples[0] + markets).markets["ETH-PERP"]
    assert [tier.floor_wad for tier in market.tiers] == [0, 150_000_000 * WAD]
    assert (market.insurance_ring, market.insurance_balance_wad) == ("majors", 100_000 * WAD)
