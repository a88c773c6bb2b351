"""The protocols' pages: the sessions they show run and print what they say."""

import doctest

import pytest

from tests.house import checkout, documents

PAGES = ("aave", "aave-v4", "morpho", "compound")


@pytest.mark.parametrize("name", PAGES)
def test_sessions_of_the_page_print_what_they_say(name: str) -> None:
    path = f"docs/protocols/{name}.md"
    shown = documents.sessions((checkout.ROOT / path).read_text(encoding="utf-8"))
    assert shown, f"{path} shows no Python session"
    names: dict[str, object] = {}
    report: list[str] = []
    for block in shown:
        test = doctest.DocTestParser().get_doctest(block.body, names, path, path, block.line)
        runner = doctest.DocTestRunner()
        runner.run(test, out=report.append, clear_globs=False)
        names = test.globs
    assert not report, "".join(report)
