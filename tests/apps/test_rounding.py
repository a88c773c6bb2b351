"""Figures of risk are rounded down, on the terminal and in the reports alike."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trimtab
from tests.apps.command_line import ask
from trimtab.apps.front import write_demo_case
from trimtab.apps.report.health_book import distance
from trimtab.apps.report.shown import health
from trimtab.apps.rounding import fall_text, health_text
from trimtab.units import WAD


@given(st.integers(0, 10**24))
def test_rounded_figures_are_never_above_the_exact_ones_and_less_than_a_unit_below(
    wad: int,
) -> None:
    for text, exact, unit in (
        (health_text(wad), Decimal(wad) / WAD, Decimal("0.0001")),
        (fall_text(wad), Decimal(100 * wad) / WAD, Decimal("0.01")),
    ):
        below = exact - Decimal(text.replace(",", ""))
        assert 0 <= below < unit


@pytest.mark.parametrize(
    ("wad", "text"), [(WAD - 1, "0.9999"), (WAD, "1.0000"), (1234 * WAD, "1,234.0000")]
)
def test_who_is_under_one_never_reads_as_one(wad: int, text: str) -> None:
    assert health(wad).text == health_text(wad) == text


def test_the_terminal_and_the_page_show_the_same_figures(tmp_path: Path) -> None:
    """Of every account in the page's table of the riskiest, to the last digit."""
    write_demo_case(tmp_path / "case")
    answer = ask("health", tmp_path / "case", "--report", tmp_path / "page.html")
    assert answer.code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    table = page.partition('<section id="accounts">')[2].partition("</section>")[0]
    plain = re.sub(r"<[^>]+>", " ", table.replace("\u202f", " "))
    rows = [line.split() for line in answer.out.splitlines() if re.match(r" +[a-z]+-", line)]
    told = {row[0]: (row[2], row[7]) for row in rows}
    found = re.findall(r"\n *([a-z]+-[a-z-]*\d+)\s[^.]*?([\d,]+\.\d{4})\s+([\d.]+) %", plain)
    assert len(found) == 25
    for name, at_health, at_distance in found:
        assert told[name] == (at_health, at_distance), name


def test_a_distance_is_the_same_text_as_on_the_terminal() -> None:
    case = trimtab.demo_case()
    one = next(a for a in trimtab.health(case).accounts if a.account == "vault-eth-0113")
    assert one.health_wad is not None
    assert (health_text(one.health_wad), fall_text(one.distance_wad)) == ("1.0269", "2.62")
    assert distance(one.distance_wad).text == "2.62\u202f%"
