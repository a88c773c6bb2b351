"""The health report as a whole: what it says, what it escapes, and how the verb writes it."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import trimtab
from tests.apps.command_line import RULES, ask, write_case
from tests.apps.test_report import HOSTILE, Reader, assert_stands_alone, small_case
from trimtab.apps.report import health_report
from trimtab.apps.report.health_book import HealthBook, book_of
from trimtab.apps.report.health_story import health_paragraph
from trimtab.apps.report.shown import plain_text
from trimtab.apps.summaries import health_totals
from trimtab.model import Case
from trimtab.simulation import Change, Standing, compare, standing
from trimtab.units import WAD

# At 200 USD an ether and a threshold of 83 %, ten ether carry a debt of 1,660 USD.
MIXED = [("ann", 10, 500), ("bob", 10, 1600), ("cal", 10, 1700), ("dee", 10, 2100), ("eve", 5, 0)]
STRICT = RULES.replace("0.75", "0.60").replace("0.80", "0.61").replace("0.70", "0.55")
COMMAND = "trimtab health CASE --at first --report REPORT"


def hedged_case() -> Case:
    """One account whose debt no fall of ether reaches: dollars cover it."""
    case = small_case([("safe", 1, 100)], [200])
    dollars = replace(case.book[0], instrument="USD", quantity=0)
    book = [replace(row, instrument="ETH") for row in case.book[:1]]
    owed = replace(dollars, account="owes", instrument="ETH", quantity=-WAD)
    pledged = replace(dollars, account="owes", quantity=1000 * WAD)
    return replace(case, book=(*book, pledged, owed))


EDGES = {
    "nobody owes": small_case([("alice", 10, 0), ("bob", 1, 0)], [200]),
    "one account": small_case([("alice", 10, 1000)], [200]),
    "one account, no debt": small_case([("alice", 10, 0)], [200]),
    "nobody near": small_case([("alice", 10, 100), ("bob", 10, 200)], [200]),
    "near": small_case([("alice", 10, 1600)], [200]),
    "mixed": small_case(MIXED, [200]),
    "all unsafe": small_case([("alice", 10, 1700), ("bob", 10, 1800)], [200]),
    "no fall reaches": hedged_case(),
    "hostile names": small_case(
        [(HOSTILE, 10, 1700), ("b" * 300, 10, 1400)], [200], venue="</title><b>&{{7*7}}"
    ),
}


@cache
def found_of(edge: str) -> Standing:
    return standing(EDGES[edge])


@cache
def page_of(edge: str) -> str:
    return health_report(found_of(edge), command=COMMAND)


def words_of(page: str) -> str:
    return " ".join(Reader(page).text.replace("\u202f", " ").split())


def book(owed: Sequence[tuple[str, int, int]], price: int = 200) -> HealthBook:
    return book_of(standing(small_case(owed, [price])))


def section(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}">')[2].partition("</section>")[0]


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_every_edge_case_gives_a_page_that_stands_alone(edge: str) -> None:
    assert_stands_alone(page_of(edge))


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        ("nobody owes", "Nobody owes anything"),
        ("nobody owes", "2 accounts hold 2,200 USD and owe nothing."),
        ("nobody owes", "so no account is at risk"),
        ("nobody owes", "there is no debt to be concentrated"),
        ("one account", "The one account with debt"),
        ("one account", "One account owes all of the debt, 1,000 USD."),
        ("one account, no debt", "1 account holds 2,000 USD and owes nothing."),
        ("nobody near", "Nobody is liquidatable, nor would be after a market fall of 5 %"),
        ("near", "Nobody is liquidatable yet, but some would be after"),
        ("near", "Nobody is liquidatable; the first debt is a market fall of 3.61 % away"),
        ("mixed", "2 accounts liquidatable, owing 3,800 USD"),
        ("mixed", "Some accounts owe more than all their collateral is worth."),
        ("mixed", "1 account owes 100 USD more than the collateral is worth."),
        ("mixed", "5 accounts hold 9,000 USD of collateral against 5,900 USD of debt."),
        ("all unsafe", "All debt is liquidatable already: there is no curve to draw."),
        ("all unsafe", "their collateral still covers their debts"),
        ("no fall reaches", "No market fall makes any debt liquidatable."),
        ("no fall reaches", "No fall of the collateral makes any other debt liquidatable, so"),
        ("no fall reaches", "by no fall"),
    ],
)
def test_states_are_said_plainly(edge: str, words: str) -> None:
    assert words in words_of(page_of(edge)), words_of(page_of(edge))[:1500]


def test_hostile_names_are_text() -> None:
    page = page_of("hostile names")
    assert "<script" not in page
    assert "</title><b>" not in page
    assert "\u202e" not in page
    assert "\x07" not in page
    assert "<script>alert(1)</script>\"'&{{7*7}}\\u202egpj.exe\\u0007$x^2$" in Reader(page).text
    assert "</title><b>&{{7*7}}" in Reader(page).text


def test_the_headline_tells_who_is_next() -> None:
    told = plain_text(health_paragraph(book(MIXED)))
    assert "As of 14 November 2023, 22:13:20 UTC" in told
    assert "2 accounts with 3,800 USD of debt (64.4 % of all) are liquidatable now." in told
    assert "A market fall beyond 3.61 % makes the next debt liquidatable: that of bob" in told
    assert "After a market fall of 10 %, 5,400 USD of debt (91.5 % of all) is liquidatable" in told
    assert "In a market fall ETH loses the same part of the price, held or owed alike." in told


def test_changes_under_other_rules(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    (tmp_path / "other.toml").write_text(STRICT)
    result = trimtab.health(trimtab.load_case(folder), against=tmp_path / "other.toml")
    assert result.changes
    page = health_report(result.standing, changes=result.changes, command=COMMAND)
    assert_stands_alone(page)
    told = section(page, "against")
    assert all(f'title="{change.account}"' in told for change in result.changes)
    assert 'title="eve/loop"' in told
    assert "of weighted collateral" in told
    assert '<section id="against">' not in page_of("mixed")


def test_no_changes_and_many_changes() -> None:
    found = found_of("mixed")
    page = health_report(found, changes=[], command=COMMAND)
    assert "Nobody becomes liquidatable under the other rules." in page
    assert compare(found, found.case.rules) == []
    many = [Change("bob", 1600 * WAD, (60 - number) * WAD) for number in range(60)]
    page = health_report(found, changes=many, command=COMMAND)
    assert "The 50 largest shortages of 60." in words_of(page)


def test_exact_totals_command_and_hashes_are_on_the_page(tmp_path: Path) -> None:
    case = trimtab.load_case(write_case(tmp_path / "case"))
    result = trimtab.health(case)
    result.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for key, value in health_totals(result.standing).items():
        row = rf"<code>{key}</code></th><td class=\"n\"><bdi>{re.escape(str(value))}</bdi>"
        assert re.search(row, page), key
    assert case.input_hashes
    assert all(name in page and digest in page for name, digest in case.input_hashes.items())
    assert "<code>trimtab.health(case)</code>" in page


def test_every_heading_has_its_scope_and_every_money_column_its_unit() -> None:
    page = page_of("mixed")
    headings = [attributes for tag, attributes in Reader(page).tags if tag == "th"]
    assert all(attributes.get("scope") in ("col", "row") for attributes in headings)
    named = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', page)
    for heading in named:
        if heading.startswith(("debt", "collateral", "liquidatable at", "price")):
            assert heading.endswith(", USD"), heading


def test_the_same_standing_gives_the_same_bytes() -> None:
    again = health_report(standing(EDGES["mixed"]), command=COMMAND)
    assert again == page_of("mixed")


def test_a_large_book_gives_a_small_page_in_time() -> None:
    owed = [(f"0x{number:040x}", 10, 1 + number) for number in range(1300)]
    found = standing(small_case(owed, [200]))
    page_of("mixed")  # what is loaded once
    begun = time.perf_counter()
    page = health_report(found, command=COMMAND)
    seconds = time.perf_counter() - begun
    assert len(page.encode()) < 1_000_000
    assert seconds < 6  # 0.5 s on a machine that does nothing else
    assert "1,300 accounts have debt" in words_of(page)


def test_the_verb_writes_the_report_and_says_so(tmp_path: Path) -> None:
    folder, page = write_case(tmp_path / "case"), tmp_path / "deep" / "health.html"
    page.parent.mkdir()
    (tmp_path / "other.toml").write_text(STRICT)
    words = ("health", folder, "--at", "last", "--format", "csv")
    words = (*words, "--against", tmp_path / "other.toml")
    plain, answer = ask(*words), ask(*words, "--report", page)
    assert (answer.code, answer.raw) == (plain.code, plain.raw)
    assert answer.code == 0
    assert f"report: {page}" in answer.err
    text = page.read_text()
    assert "trimtab health CASE --at last --against RULES --report REPORT" in text
    assert str(tmp_path) not in text
    assert [path.name for path in page.parent.iterdir()] == ["health.html"]


def test_the_report_holds_all_accounts_whatever_is_printed(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    pages = []
    for name, options in (("all", ()), ("one", ("--account", "ann", "--limit", 1))):
        path = tmp_path / f"{name}.html"
        assert ask("health", folder, *options, "--report", path).code == 0
        pages.append(path.read_text())
    assert pages[0] == pages[1]


def test_a_moment_is_quoted_in_the_command(tmp_path: Path) -> None:
    folder, page = write_case(tmp_path / "case"), tmp_path / "health.html"
    moment = "2020-01-01T00:30:00Z"
    assert ask("health", folder, "--at", moment, "--report", page).code == 0
    assert f"trimtab health CASE --at {moment} --report REPORT" in page.read_text()
    assert "1 January 2020, 00:30" in page.read_text().replace("\u00a0", " ")


def test_a_report_that_cannot_be_written_is_one_line_and_nothing_printed(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case")
    answer = ask("health", folder, "--report", tmp_path)
    assert answer.code == 3
    assert answer.complaint
    answer = ask("health", folder, "--account", "nobody", "--report", tmp_path / "page.html")
    assert answer.code == 2
    assert not (tmp_path / "page.html").exists()
