"""The pages of the option venues: their worked examples run, and they say what is modelled."""

from __future__ import annotations

import doctest

import pytest

from tests.house import checkout, documents

PAGES = ("derive", "deribit", "span")
HEADINGS = ("## Modelled", "## Not modelled", "## By hand", "## Differences found")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_what_it_should_and_its_example_comes_out(name):
    path = f"docs/protocols/{name}.md"
    text = (checkout.ROOT / path).read_text(encoding="utf-8")
    assert all(heading in text for heading in HEADINGS)
    sessions = documents.sessions(text)
    assert sessions, f"{path} shows no session"
    report: list[str] = []
    for block in sessions:
        test = doctest.DocTestParser().get_doctest(block.body, {}, path, path, block.line)
        doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)
