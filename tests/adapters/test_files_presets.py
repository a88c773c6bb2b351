"""A preset below a `rules.toml`: what is laid over what, and how a fault of the two is told."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.case_folders import checked_line
from trimtab.adapters.files import load_case, read_rules, rules_text
from trimtab.adapters.files.presets import PresetRequest, laid_over
from trimtab.adapters.files.toml_text import DecimalText, read_toml
from trimtab.model import Sizing
from trimtab.units import WAD, DataError, RulesError

PRESET = {
    "venue": {"name": "lender", "quote": "USD"},
    "assets": {
        "ETH": {
            "decimals": 18,
            "max_ltv": Decimal("0.80"),
            "liquidation_threshold": Decimal("0.83"),
            "liquidation_bonus": Decimal("0.05"),
        },
        "USD.e": {"decimals": 6},
    },
    "categories": {
        "one": {
            "assets": ["ETH", "USD.e"],
            "max_ltv": Decimal("0.9"),
            "liquidation_threshold": Decimal("0.92"),
        },
        "two": {
            "assets": ["USD.e"],
            "max_ltv": Decimal("0.9"),
            "liquidation_threshold": Decimal("0.92"),
        },
    },
    "liquidation": {"sizing": "whole"},
}
FILE = '[preset]\nname = "lender"\nconfiguration = "market.json"\n'


def source(request: PresetRequest) -> dict:
    """One preset, `lender`; with a configuration its threshold is the file's."""
    if request.name != "lender":
        raise RulesError("there is no such preset", column="preset", found=request.name)
    if request.configuration is None:
        return PRESET
    threshold = request.configuration[request.market or "only"]
    return laid_over(PRESET, {"assets": {"ETH": {"liquidation_threshold": threshold}}})


def read(folder: Path, text: str):
    path = folder / "rules.toml"
    path.write_text(text)
    return read_rules(path, source)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, text)
    return checked_line(caught.value, folder)


def test_a_name_alone_is_all_of_the_preset(tmp_path: Path) -> None:
    rules, _ = read(tmp_path, 'preset = "lender"\n')
    assert rules.venue == "lender"
    assert rules.assets["ETH"].liquidation_threshold_wad == 83 * 10**16
    assert rules.liquidation.sizing is Sizing.WHOLE
    assert rules == read(tmp_path, '[preset]\nname = "lender"\n')[0]


def test_what_the_file_says_lies_above_key_by_key(tmp_path: Path) -> None:
    text = (
        'preset = "lender"\n[venue]\nname = "mine"\n[assets.ETH]\nmax_ltv = 0.5\n'
        "[assets.BTC]\ndecimals = 8\n[replay]\ngas_cost = 2\n"
        '[categories.one]\nassets = ["ETH"]\n'
    )
    rules, replay = read(tmp_path, text)
    eth = rules.assets["ETH"]
    assert (rules.venue, rules.quote) == ("mine", "USD")
    assert (eth.max_ltv_wad, eth.liquidation_threshold_wad) == (WAD // 2, 83 * 10**16)
    assert rules.assets["BTC"].decimals == 8
    assert rules.categories["one"].assets == ("ETH",)
    assert replay.gas_cost_wad == 2 * WAD


def test_only_some_assets_are_kept_and_categories_follow(tmp_path: Path) -> None:
    rules, _ = read(tmp_path, '[preset]\nname = "lender"\nassets = ["ETH"]\n')
    assert set(rules.assets) == {"ETH", "USD"}
    assert set(rules.categories) == {"one"}
    assert rules.categories["one"].assets == ("ETH",)


def test_a_configuration_fills_the_preset_and_is_an_input_of_the_case(tmp_path: Path) -> None:
    (tmp_path / "market.json").write_text('{"only": 0.815, "other": 0.9e0}')
    (tmp_path / "rules.toml").write_text(FILE + 'market = "other"\n')
    (tmp_path / "book.csv").write_text("account,instrument,quantity\nann,ETH,1\n")
    (tmp_path / "prices.csv").write_text("timestamp,asset,price\n2020-03-12,ETH,100\n")
    case = load_case(tmp_path, presets=source)
    assert case.rules.assets["ETH"].liquidation_threshold_wad == 9 * 10**17
    assert set(case.input_hashes) == {
        "rules.toml",
        "book.csv",
        "prices.csv",
        "market.json",
        "preset lender",
    }
    (tmp_path / "rules.toml").write_text(FILE)
    again = load_case(tmp_path, presets=source)
    assert again.input_hashes["market.json"] == case.input_hashes["market.json"]
    assert again.input_hashes["preset lender"] != case.input_hashes["preset lender"]


REFUSED = {
    'preset = "lendr"\n': "rules.toml: key preset: there is no such preset; found 'lendr'",
    "preset = 1\n": "key preset: the preset is no name",
    "[preset]\nnme = 'lender'\n": "key preset.nme: unknown key; did you mean name?",
    "[preset]\nmarket = 'x'\n": "key preset.name: the key is missing",
    "[preset]\nname = 1\n": "key preset.name: the value has the wrong type; expected text",
    "[preset]\nname = 'lender'\nmarket = 'x'\n": "key preset.market: a market is one of",
    "[preset]\nname = 'lender'\nassets = ['ETC']\n": "found 'ETC'; did you mean ETH?",
    "[preset]\nname = 'lender'\nassets = 'ETH'\n": "key preset.assets: this is no list of assets",
    FILE: "market.json: there is no such file",
    'preset = "lender"\n[assets.ETH]\nmax_lvt = 0.5\n': "key assets.ETH.max_lvt: unknown key",
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_preset_that_cannot_be_had_is_refused_by_its_key(tmp_path: Path, text: str) -> None:
    assert REFUSED[text] in refusal(tmp_path, text)


def test_a_conflict_of_both_says_which_key_is_whose(tmp_path: Path) -> None:
    line = refusal(tmp_path, 'preset = "lender"\n[assets.ETH]\nliquidation_threshold = 0.7\n')
    assert line == (
        "rules.toml: key assets.ETH.max_ltv: the rules contradict each other; found '0.8'; "
        "expected at most the liquidation level 0.7; assets.ETH.max_ltv is from the preset "
        "lender; this file sets assets.ETH.liquidation_threshold"
    )
    own = refusal(tmp_path, 'preset = "lender"\n[assets."USD.e"]\nmax_ltv = 2\n')
    assert "assets.USD.e.max_ltv: the value is out of range" in own
    assert "from the preset" not in own


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[1]", "market.json: the file holds no object"),
        ("{", "market.json: row 1: the file is not JSON"),
        ('{"only": NaN}', "market.json: a number cannot be read; found 'NaN'"),
        ("[" * 100_000, "market.json: the objects are nested too deeply"),
        ('{"only": "x"}', "rules.toml: key assets.ETH.liquidation_threshold: the value has the"),
        ('{"only": 0.83' + "0" * 10 + "1" * 20 + "}", "has too many decimal places"),
    ],
)
def test_a_bad_configuration_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "market.json").write_text(text)
    assert line in refusal(tmp_path, FILE)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
scalars = (
    st.booleans()
    | st.integers(0, 10**30)
    | st.decimals(0, 10**12, places=12)
    | names
    | st.lists(names, max_size=3)
)
sections = st.dictionaries(names, scalars, max_size=4)


@given(st.dictionaries(names, sections | st.dictionaries(names, sections, min_size=1, max_size=3)))
def test_what_is_written_reads_back(tmp_path_factory: pytest.TempPathFactory, tables: dict) -> None:
    path = tmp_path_factory.mktemp("text") / "rules.toml"
    path.write_text(rules_text(tables, ["a note", "- and one more"]), encoding="utf-8")
    assert as_text(read_toml(path)) == as_text(tables)


def as_text(value):
    """Tables with each decimal as its text, and no table that says nothing."""
    if isinstance(value, dict):
        return {key: as_text(entry) for key, entry in value.items()}
    if isinstance(value, DecimalText):
        return value.text
    return format(value, "f") if isinstance(value, Decimal) else value


@given(sections, sections, sections)
def test_laying_over_is_associative_and_the_last_word_wins(one, two, three) -> None:
    assert laid_over(laid_over(one, two), three) == laid_over(one, laid_over(two, three))
    assert laid_over(one, two) == {**one, **two}
    assert laid_over(one, {}) == one
    nested = laid_over({"a": one}, {"a": two})
    assert json.dumps(nested, default=str) == json.dumps({"a": {**one, **two}}, default=str)
