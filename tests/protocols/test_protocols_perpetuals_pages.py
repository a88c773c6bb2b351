"""The pages of the perpetuals venues: their worked examples run, and they say what is missing."""

from __future__ import annotations

import doctest

import pytest

from tests.house import checkout, documents

PAGES = ("dydx", "drift", "mango", "synthetix", "gmx", "hyperliquid", "exchanges", "nautilus")
HEADINGS = ("## Modelled", "## Not modelled", "## By hand", "## What pins it")


@pytest.mark.parametrize("name", PAGES)
def test_the_example_worked_by_hand_comes_out(name):
    path = f"docs/protocols/{name}.md"
    text = (checkout.ROOT / path).read_text(encoding="utf-8")
    sessions = documents.sessions(text)
    assert sessions, f"{path} shows no session"
    report: list[str] = []
    for block in sessions:
        test = doctest.DocTestParser().get_doctest(block.body, {}, path, path, block.line)
        doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_is_modelled_and_what_pins_it(name):
    text = (checkout.ROOT / f"docs/protocols/{name}.md").read_text(encoding="utf-8")
    places = [text.find(heading) for heading in HEADINGS]
    assert -1 not in places
    assert places == sorted(places)
