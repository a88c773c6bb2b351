"""Text of rules and of configurations: what is written, exactly, and what is read, exactly."""

from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.adapters.files import decimal_tables, read_configuration, rules_text
from trimtab.adapters.files.configuration_file import TEXT_LENGTH_MAX
from trimtab.adapters.files.toml_text import DecimalText, read_toml
from trimtab.units import DataError

TABLES = {
    "venue": {"name": 'a "venue"', "quote": "USD"},
    "assets": {
        "USDC.e": {"decimals": 6, "max_ltv": Decimal("0.80"), "borrowable": True},
        "ETH": {"decimals": 18},
    },
    "categories": {"stable": {"assets": ["USDC.e", "ETH"]}},
    "insurance": {"balance": DecimalText("1_000.50")},
}
TEXT = """\
# First.
#
# - second

[venue]
name = "a \\"venue\\""
quote = "USD"

[assets."USDC.e"]
decimals = 6
max_ltv = 0.80
borrowable = true

[assets.ETH]
decimals = 18

[categories.stable]
assets = ["USDC.e", "ETH"]

[insurance]
balance = 1_000.50
"""


def test_tables_are_written_in_their_order_with_their_numbers_as_they_are() -> None:
    assert rules_text(TABLES, ["First.", "", "- second"]) == TEXT


def test_a_long_note_hangs_below_its_dash() -> None:
    lines = rules_text({"venue": {}}, ["- " + "word " * 30]).splitlines()
    assert lines[0].startswith("# - word")
    assert lines[1].startswith("#   word")
    assert max(map(len, lines)) <= 100


def test_a_control_character_is_written_so_that_it_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(rules_text({"venue": {"name": "a\n\x1b\u202e"}}), encoding="utf-8")
    assert read_toml(path) == {"venue": {"name": "a\n\x1b\u202e"}}


def test_decimals_become_the_text_that_a_file_would_hold() -> None:
    found = decimal_tables({"a": {"b": Decimal("1E-18"), "c": 1, "d": "x"}})
    assert found == {"a": {"b": DecimalText("0.000000000000000001"), "c": 1, "d": "x"}}


def test_a_configuration_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"a": 0.1234567890123456789, "b": 5e-1, "c": [1, true, null]}')
    assert read_configuration(path) == {
        "a": Decimal("0.1234567890123456789"),
        "b": Decimal("0.5"),
        "c": [1, True, None],
    }


def test_a_configuration_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(" " * (TEXT_LENGTH_MAX + 1))
    with pytest.raises(DataError, match=r"c\.json: the file is too long"):
        read_configuration(path)
    path.write_text('{"a": ' + "1" * 5_000 + "}")
    with pytest.raises(DataError, match=r"c\.json: a number cannot be read"):
        read_configuration(path)
