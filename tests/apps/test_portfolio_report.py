"""The page about a portfolio margin: its figures are those of the explanation it is made from."""

import re
from collections.abc import Mapping

import pytest

from trimtab.apps.option_portfolios import NamedBook, named_books, synthetic_snapshot
from trimtab.apps.report import portfolio_report
from trimtab.apps.report.portfolio_picture import portfolio_picture
from trimtab.protocols.option_explanation import Explanation, explain
from trimtab.protocols.option_venues import VENUES
from trimtab.units import WAD, format_decimal

BOOKS = {named.name: named for named in named_books(synthetic_snapshot())}
AT_NS = synthetic_snapshot().at_ns


def explained(named: NamedBook) -> Mapping[str, Explanation]:
    return {key: explain(named.book, assess) for key, assess in VENUES.items()}


@pytest.fixture(scope="module")
def found() -> Mapping[str, Explanation]:
    return explained(BOOKS["iron condor"])


def page(found: Mapping[str, Explanation], venue: str = "pmrm2") -> str:
    return portfolio_report(
        BOOKS["iron condor"], found, venue=venue, at_ns=AT_NS, command="python x.py"
    )


def test_the_page_shows_exact_figures_of_margin_causes_and_positions(
    found: Mapping[str, Explanation],
) -> None:
    text, shown = page(found), found["pmrm2"]
    for figure in (
        shown.assessment.initial_wad,
        shown.assessment.maintenance_wad,
        shown.margin.delta_wad,
        shown.account.delta_wad,
        *(leg.profit_wad for leg in shown.assessment.legs),
        *(part.initial_wad for part in shown.alone),
        *(other.assessment.initial_wad for other in found.values()),
    ):
        assert format_decimal(figure, 18) in text
    assert "price −18" in text
    for leg in BOOKS["iron condor"].book.options:
        assert leg.name in text


def test_the_page_stands_on_its_own_and_is_the_same_every_time(
    found: Mapping[str, Explanation],
) -> None:
    text = page(found)
    assert text == page(found)
    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!#|data:)", text)
    assert text.count("<svg") == 2


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_has_a_page(found: Mapping[str, Explanation], venue: str) -> None:
    text = page(found, venue)
    assert f"<title>Iron condor: {found[venue].assessment.venue}" in text
    if venue == "srm":
        assert "No scenario of Derive SRM decides" in text
        assert "The worst scenario by position" not in text


def test_a_worst_scenario_outside_the_frame_is_said_in_the_picture() -> None:
    book = BOOKS["short straddle"].book
    assessment = VENUES["pmrm2"](book)
    assert assessment.worst is not None
    assert abs(assessment.worst.move_wad) > WAD // 4
    found = portfolio_picture(book, "pmrm2", found=assessment)
    assert f"worst outside the frame: {assessment.worst.label}" in found.wide
    assert assessment.worst.label in found.alt
    inside = portfolio_picture(book, "deribit", found=VENUES["deribit"](book))
    assert "outside" not in inside.wide
    assert "worst −" in inside.wide


def test_a_negative_offset_is_no_saving() -> None:
    text = portfolio_report(
        BOOKS["short straddle"],
        explained(BOOKS["short straddle"]),
        venue="srm",
        at_ns=AT_NS,
        command="python x.py",
    )
    assert "its parts would need no more" in text


def test_the_page_serves_phones_dark_screens_and_readers(
    found: Mapping[str, Explanation],
) -> None:
    text = page(found)
    assert text.count('class="wide"') == text.count('class="narrow"') == 1
    for scheme in ("light", "dark"):
        assert text.count(f'class="only-{scheme}"') == 2
    assert 'name="viewport"' in text
    label = re.search(r'aria-label="([^"]*)"', text)
    assert label is not None
    assert "the scenario that decides under Derive PMRM2 is price -18 %, vol up" in label[1]


def test_the_venue_on_show_is_the_strong_row(found: Mapping[str, Explanation]) -> None:
    text = page(found, "deribit")
    (strong,) = re.findall(r'<tr class="strong"><th scope="row">([^<]*)', text)
    assert strong == "Deribit PM"
    rows = re.findall(r'<th scope="row">(Derive \w+|Deribit PM|SPAN \(example\))<', text)
    assert rows == ["Derive PMRM2", "Derive PMRM", "Derive SRM", "Deribit PM", "SPAN (example)"]


def test_names_are_escaped(found: Mapping[str, Explanation]) -> None:
    odd = NamedBook("<b>bold</b>", "a & b", BOOKS["iron condor"].book)
    text = portfolio_report(odd, found, venue="pmrm2", at_ns=AT_NS, command="python <x>")
    assert "<b>bold" not in text.lower()
    assert "a &amp; b" in text
    assert "python &lt;x&gt;" in text


def test_a_calendar_is_told_by_its_basis_contingency() -> None:
    named = BOOKS["calendar"]
    text = portfolio_report(
        named, explained(named), venue="pmrm2", at_ns=AT_NS, command="python x.py"
    )
    assert "No scenario of Derive PMRM2 decides: most of the requirement is basis" in text
    assert "The basis contingency by position" in text
    for leg in named.book.options:
        assert leg.name in text
