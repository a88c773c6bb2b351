"""The protocols' pages: examples run and print what they say, and each says what it leaves out."""

from __future__ import annotations

import doctest
import re

import pytest

from tests.house import checkout, documents
from trimtab.apps.presets import preset_names

FOLDER = checkout.ROOT / "docs" / "protocols"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_sessions_of_the_page_print_what_they_say(name: str) -> None:
    shown = documents.sessions(text_of(name))
    assert shown, f"{name}.md shows no Python session"
    names: dict[str, object] = {}
    report: list[str] = []
    for block in shown:
        test = doctest.DocTestParser().get_doctest(block.body, names, name, name, block.line)
        doctest.DocTestRunner().run(test, out=report.append, clear_globs=False)
        names = test.globs
    assert not report, "".join(report)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_is_modeled_and_what_is_not(name: str) -> None:
    text = " ".join(text_of(name).casefold().split())
    assert "modelled" in text
    assert "not modelled" in text
    assert "## by hand" in text


LENDING = (
    "aave",
    "aave-v4",
    "compound",
    "euler",
    "fluid",
    "gearbox",
    "liquity",
    "llamma",
    "maker",
    "morpho",
)


@pytest.mark.parametrize("name", LENDING)
def test_a_lending_page_is_a_parity_page(name: str) -> None:
    _, found, parity = text_of(name).partition("\n## Parity\n")
    assert found, f"{name}.md does not say its parity"
    rows = [cells for _, cells in documents.table_rows(parity)]
    assert len(rows) >= 2
    assert all(len(cells) == 3 and all(cells) for cells in rows)
    assert "| held against | cases | largest difference |" in parity
    assert any("engine" in cells[0] for cells in rows)


def test_the_index_names_every_preset_with_its_bounds() -> None:
    rows = [cells for _, cells in documents.table_rows(text_of("README"))]
    named = {name for cells in rows for name in re.findall(r"`([\w.-]+)`", cells[-1])}
    bounded = {name for cells in rows for name in re.findall(r"`([\w.-]+)`", cells[0])}
    assert set(preset_names()) <= named
    assert set(preset_names()) <= bounded


def test_every_page_is_in_the_index() -> None:
    index = text_of("README")
    assert [name for name in PAGES if f"({name}.md)" not in index] == []
