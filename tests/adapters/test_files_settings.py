"""One setting by itself: the text of `rules.toml` to what is stored, and back."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.adapters.files.setting_text import parse_setting, stored_text
from trimtab.adapters.files.toml_text import DecimalText, read_toml
from trimtab.model import Kind, Setting, Sizing
from trimtab.units import WAD, RulesError, format_decimal

RATIO = Setting("ratio", Kind.RATIO, 0, WAD, "doc")
FACTOR = Setting("factor", Kind.FACTOR, WAD, 1000 * WAD, "doc")
AMOUNT = Setting("amount", Kind.AMOUNT, 0, None, "doc")
COUNT = Setting("count", Kind.COUNT, 1, 100, "doc")
FLAG = Setting("flag", Kind.FLAG, None, None, "doc")
TEXT = Setting("text", Kind.TEXT, None, None, "doc")
NAMES = Setting("names", Kind.NAMES, None, None, "doc")
CHOICE = Setting("choice", Kind.CHOICE, None, None, "doc", Sizing)


@given(st.integers(0, WAD))
def test_a_ratio_prints_back(stored: int) -> None:
    text = format_decimal(stored, 18)
    assert parse_setting(RATIO, DecimalText(text), decimals=None) == stored
    assert stored_text(RATIO, stored) == text


@given(st.integers(WAD // 1000, WAD))
def test_a_factor_is_inverted_and_rounded_up_by_less_than_a_unit(factor_wad: int) -> None:
    text = DecimalText(format_decimal(factor_wad, 18))
    weight_wad = parse_setting(FACTOR, text, decimals=None)
    exact = Fraction(WAD * WAD, factor_wad)
    assert exact <= weight_wad < exact + 1


@given(st.integers(0, 10**40), st.integers(0, 36))
def test_an_amount_is_in_native_units(stored: int, decimals: int) -> None:
    text = DecimalText(format_decimal(stored, decimals))
    assert parse_setting(AMOUNT, text, decimals=decimals) == stored


@pytest.mark.parametrize(
    ("setting", "value", "stored"),
    [
        (COUNT, 100, 100),
        (COUNT, DecimalText("1e2"), 100),
        (COUNT, DecimalText("1_0.0"), 10),
        (RATIO, 1, WAD),
        (FLAG, True, True),
        (TEXT, "", ""),
        (NAMES, ["a", "b"], ("a", "b")),
        (CHOICE, "whole", Sizing.WHOLE),
    ],
)
def test_a_value_of_the_right_type_is_stored(
    setting: Setting, value: object, stored: object
) -> None:
    assert parse_setting(setting, value, decimals=None) == stored


WRONG = [True, "1", [], {}, None, 1.5, ["a", 1]]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    "setting", [RATIO, FACTOR, COUNT, FLAG, TEXT, NAMES, CHOICE], ids=lambda each: each.key
)
def test_a_value_of_another_type_is_refused(setting: Setting, value: object) -> None:
    fitting = {Kind.FLAG: True, Kind.TEXT: "1"}
    if fitting.get(setting.kind) is value:
        return
    with pytest.raises(RulesError):
        parse_setting(setting, value, decimals=None)


def test_toml_never_makes_a_float(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("a = 0.1\nb = [1e-7, inf]\nc = {d = 1_0.5}\n")
    assert read_toml(path) == {
        "a": DecimalText("0.1"),
        "b": [DecimalText("1e-7"), DecimalText("inf")],
        "c": {"d": DecimalText("1_0.5")},
    }
