"""`docs/rules.md` is what the settings say."""

from dataclasses import MISSING
from pathlib import Path

import pytest

from tests.adapters.case_folders import case_folder
from trimtab.adapters.files import read_rules, rules_reference
from trimtab.adapters.files.rules_reference import INTRODUCTION, TITLES
from trimtab.adapters.files.setting_text import range_text, stored_text
from trimtab.model import Kind, Setting, settings_of
from trimtab.units import WAD

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
HINT = (
    "write it anew: python -c 'from trimtab.adapters.files import rules_reference as r; "
    "print(r(), end=str())' > docs/rules.md"
)


def test_the_page_is_generated() -> None:
    assert PAGE.read_text() == rules_reference(), HINT


def test_every_key_has_a_line_with_its_unit_and_meaning() -> None:
    page = rules_reference()
    for _, kind in TITLES:
        for field, entry in settings_of(kind):
            line = next(line for line in page.splitlines() if line.startswith(f"| `{entry.key}` |"))
            assert line.count("|") == 6
            assert entry.doc in page
            assert field.default is not MISSING or "required" in page


def test_the_example_on_the_page_is_read(tmp_path: Path) -> None:
    example = INTRODUCTION.partition("```toml\n")[2].partition("```")[0]
    rules, _ = read_rules(case_folder(tmp_path, rules=example) / "rules.toml")
    assert rules.assets["USDC"].borrow_cap == 5_000_000 * 10**6
    assert rules.insurance.balance_wad == 250_000 * WAD


@pytest.mark.parametrize(
    ("kind", "low", "high", "text"),
    [
        (Kind.RATIO, 0, WAD, "0 to 1"),
        (Kind.RATIO, 1, WAD - 1, "above 0, below 1"),
        (Kind.RATIO, 0, WAD - 1, "at least 0, below 1"),
        (Kind.RATIO, 1, None, "above 0"),
        (Kind.FACTOR, WAD, 1000 * WAD, "0.001 to 1"),
        (Kind.AMOUNT, 0, None, "at least 0"),
        (Kind.COUNT, 1, 5, "1 to 5"),
        (Kind.FLAG, 0, None, ""),
    ],
)
def test_a_range_is_shown_in_the_units_of_the_text(
    kind: Kind, low: int, high: int | None, text: str
) -> None:
    assert range_text(Setting("key", kind, low, high, "doc")) == text


def test_a_default_is_shown_in_the_units_of_the_text() -> None:
    factor = Setting("key", Kind.FACTOR, WAD, 1000 * WAD, "doc")
    assert stored_text(factor, 125 * WAD // 100) == "0.8"
    assert stored_text(Setting("key", Kind.FLAG, None, None, "doc"), False) == "false"
