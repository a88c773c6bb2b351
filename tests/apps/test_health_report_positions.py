"""The health report of a venue with derivatives markets: positions, exposure, falls and rises."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from tests.apps.perp_case import (
    NO_DEBT_BOOK,
    PERP_BOOK,
    PERP_RULES,
    STEPS,
    prices_of_steps,
    write_perps,
)
from tests.apps.test_health_report import section, words_of
from tests.apps.test_report import Reader, assert_stands_alone
from trimtab.apps.presets import load_case
from trimtab.apps.report import health_report
from trimtab.apps.report.health_book import HealthBook, Reach, book_of, debt_of, owed_wad
from trimtab.apps.report.health_positions import POSITIONS_MAX, position_rows
from trimtab.apps.report.health_story import (
    health_paragraph,
    health_title,
    health_verdict,
)
from trimtab.apps.report.health_tiles import health_tiles
from trimtab.apps.report.shown import NONE, plain_text
from trimtab.simulation import Standing, standing
from trimtab.units import WAD

SHORTS_ONLY = "account,instrument,quantity,entry_price\ncat,USD,4000,\ncat,ETH-PERP,-3,2005\n"
ONLY_A_RISE = "Nobody is liquidatable; only a rise of what is sold short changes that"
ONLY_CASH = "account,instrument,quantity\nivy,USD,9000\n"
CASES = {
    "first": {},
    "last": {},
    "without debt": {"book": NO_DEBT_BOOK},
    "shorts": {"book": SHORTS_ONLY},
    "near short": {"book": SHORTS_ONLY.replace("4000", "400")},
    "cash": {"book": ONLY_CASH},
    "one step": {"prices": prices_of_steps(STEPS[:1])},
    "hostile": {"book": PERP_BOOK.replace("ann,", "<b>{{7*7}},")},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standings")


@cache
def found_of(folder: Path, name: str) -> Standing:
    case = load_case(write_perps(folder / name.replace(" ", "-"), **CASES[name]))
    return standing(case, at_ns=case.ticks[-1].at_ns if name == "last" else None)


def book(folder: Path, name: str) -> HealthBook:
    return book_of(found_of(folder, name))


@cache
def page_of(folder: Path, name: str) -> str:
    return health_report(found_of(folder, name), command="trimtab health CASE --report REPORT")


def told(folder: Path, name: str) -> str:
    text = plain_text(health_paragraph(book(folder, name)))
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_page_stands_alone(folder: Path, name: str) -> None:
    page = page_of(folder, name)
    assert_stands_alone(page)
    assert "<b>{{7*7}}" not in page
    assert page == health_report(found_of(folder, name), command=_command())


def _command() -> str:
    return "trimtab health CASE --report REPORT"


@pytest.mark.parametrize("name", sorted(CASES))
def test_exposure_is_debt_and_notional(folder: Path, name: str) -> None:
    held = book(folder, name)
    accounts = held.found.accounts
    assert held.debt_wad == sum(a.debt_wad + a.notional_wad for a in accounts)
    assert held.debt_wad == debt_of(accounts) == debt_of(held.debtors)
    assert {a.account for a in held.debtors} == {a.account for a in accounts if owed_wad(a)}
    assert held.owed == "exposure"
    assert held.running_debt[-1] == debt_of((*held.unsafe, *held.waiting))


@pytest.mark.parametrize("name", ["first", "last", "without debt", "shorts"])
@pytest.mark.parametrize("percent", [1, 8, 10, 25, 30, 60])
def test_what_a_move_reaches_is_counted_account_by_account(
    folder: Path, name: str, percent: int
) -> None:
    held, move = book(folder, name), percent * WAD // 100
    for reach, fields in (
        (held.reached(move), "distance_wad"),
        (held.reached_up(move), "distance_up_wad"),
    ):
        caught = [
            a
            for a in held.debtors
            if a.liquidatable or (getattr(a, fields) is not None and getattr(a, fields) < move)
        ]
        assert reach == Reach(debt_of(caught), len(caught))


def test_a_rise_reaches_shorts_and_a_fall_longs(folder: Path) -> None:
    held = book(folder, "without debt")
    none, all_of_it = held.reached(0), held.reached(WAD)
    assert none == Reach(0, 0) == held.reached_up(0)
    assert all_of_it.accounts == 4, "ann, bob, bob's group and fay are long"
    assert held.reached_up(2 * WAD).accounts == 4, "cat, dee, eve's group and gus are short"
    assert all_of_it.debt_wad + held.reached_up(2 * WAD).debt_wad == held.debt_wad


def test_more_of_a_move_reaches_no_less(folder: Path) -> None:
    held = book(folder, "first")
    for reached in (held.reached, held.reached_up):
        steps = [reached(percent * WAD // 100) for percent in range(0, 101, 5)]
        assert [one.debt_wad for one in steps] == sorted(one.debt_wad for one in steps)


def test_a_fall_that_is_the_distance_itself_leaves_the_account_safe(folder: Path) -> None:
    held = book(folder, "first")
    nearest = held.waiting[0]
    assert (nearest.account, nearest.group) == ("bob", "iso")
    assert held.reached(nearest.distance_wad).accounts == 0
    assert held.reached(nearest.distance_wad + 1).accounts == 1
    rises = [a.distance_up_wad for a in held.debtors if a.distance_up_wad is not None]
    assert held.reached_up(min(rises)).accounts == 0
    assert held.reached_up(min(rises) + 1).accounts == 1


@pytest.mark.parametrize("name", sorted(CASES))
def test_rows_are_the_positions_as_they_explain_themselves(folder: Path, name: str) -> None:
    found = found_of(folder, name)
    rows = position_rows(found)
    held = [position for account in found.accounts for position in account.positions]
    assert len(rows) == len(held)
    assert sorted(float(row.notional.exact) for row in rows) == pytest.approx(
        sorted(position.notional_wad / WAD for position in held)
    )
    notionals = [float(row.notional.exact) for row in rows]
    assert notionals == sorted(notionals, reverse=True)


def test_a_row_by_hand(folder: Path) -> None:
    rows = {row.name: row for row in position_rows(found_of(folder, "first"))}
    ann = rows["ann"]
    assert (ann.market, ann.size.text, ann.notional.text) == ("ETH-PERP", "4", "8,000")
    assert (ann.pnl.exact, ann.entry.exact, ann.mark.exact) == ("-40", "2010", "2000")
    assert (ann.bankruptcy.exact, ann.rank.text) == ("1785", "3 of 3")
    assert ann.liquidation.exact.startswith("1878.947368421052631")
    assert rows["gus"].size.exact == "-9000"
    assert rows["gus"].market == "BTC-USD"
    assert "bob/iso" in rows
    assert "eve/iso" in rows


def test_at_most_25_positions_are_shown(folder: Path) -> None:
    lines = [
        f"a{number},USD,900,,\na{number},ETH-PERP,0.{number},2000," for number in range(10, 40)
    ]
    text = "account,instrument,quantity,entry_price,group\n" + "\n".join(lines) + "\n"
    found = standing(load_case(write_perps(folder / "crowd", book=text)))
    rows = position_rows(found)
    assert len(rows) == POSITIONS_MAX == 25
    assert rows[0].name == "a39"
    assert rows[-1].name == "a15"
    page = health_report(found, command="trimtab health CASE --report REPORT")
    assert "The 25 largest positions" in words_of(page)


def test_what_has_no_price_has_a_dash(folder: Path) -> None:
    """A long with more cash than notional is safe at any price."""
    text = "account,instrument,quantity,entry_price\nzoe,USD,9000,\nzoe,ETH-PERP,1,2000\n"
    (row,) = position_rows(standing(load_case(write_perps(folder / "rich", book=text))))
    assert (row.liquidation.text, row.bankruptcy.text) == (NONE, NONE)
    assert row.liquidation.exact == "no price does that"
    found = found_of(folder, "first")
    rows = position_rows(replace(found, ranks={}))
    assert {one.rank.text for one in rows} == {NONE}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("first", "10 accounts hold 31,310 USD of collateral against 55,000 USD of exposure."),
        ("first", "makes the first exposure liquidatable: that of bob/iso, 2,000 USD."),
        ("first", "After a rise of 10 %, 2,000 USD of exposure (3.6 % of all) is liquidatable; "),
        ("first", "after 30 %, 19,000 USD (34.5 %)."),
        ("last", "1 account with 2,310 USD of exposure"),
        ("last", "1 account owes 48.93 USD more than the collateral is worth."),
        ("shorts", "No market fall makes any exposure liquidatable."),
        ("shorts", "After a rise of 10 %, 0 USD of exposure (0 % of all) is liquidatable;"),
        ("cash", "1 account holds 9,000 USD and owes nothing."),
    ],
)
def test_the_paragraph_is_in_the_terms_of_the_venue(folder: Path, name: str, words: str) -> None:
    assert words in told(folder, name), told(folder, name)


@pytest.mark.parametrize(
    ("name", "title", "tone"),
    [
        ("shorts", ONLY_A_RISE, "good"),
        ("near short", ONLY_A_RISE, "warn"),
        (
            "first",
            "Nobody is liquidatable; the first exposure is a market fall of 2.63 % away",
            "warn",
        ),
        ("last", "1 account liquidatable, with 2,310 USD", "bad"),
        ("cash", "Nobody owes anything", "good"),
    ],
)
def test_title_and_verdict(folder: Path, name: str, title: str, tone: str) -> None:
    held = book(folder, name)
    text = health_title(held).replace("\u00a0", " ").replace("\u202f", " ")
    assert text == title
    assert health_verdict(held).tone == tone


def test_tiles_name_the_exposure(folder: Path) -> None:
    tiles = {tile.name: tile for tile in health_tiles(book(folder, "first"))}
    assert tiles["Exposure"].value.exact == "55000 USD"
    assert {"Market fall to the first exposure", "Ten largest exposures"} <= tiles.keys()
    assert plain_text([tiles["Accounts"].note]).startswith("9 of them with exposure")


def test_the_section_of_positions_is_there_where_positions_are(folder: Path) -> None:
    page = page_of(folder, "first")
    table = section(page, "positions")
    assert "The 8 largest positions" in words_of(page)
    assert '<a href="#positions">' in page
    heads = [a for tag, a in Reader(table).tags if tag == "th"]
    assert all(head["scope"] in ("col", "row") for head in heads)
    assert len(heads) == 10 + 8
    none = page_of(folder, "cash")
    assert '<section id="positions">' not in none
    assert '<a href="#positions">' not in none


def test_the_verb_writes_the_page_of_a_venue_with_markets(tmp_path: Path) -> None:
    case, page = write_perps(tmp_path / "case"), tmp_path / "health.html"
    (tmp_path / "other.toml").write_text(
        PERP_RULES.replace("maintenance_margin = 0.05", "maintenance_margin = 0.09")
    )
    words = ("--against", tmp_path / "other.toml", "--report", page, "--format", "json")
    answer = ask("health", case, *words)
    assert answer.code == 0, answer.err
    assert_stands_alone(page.read_text())
    assert 'title="bob/iso"' in section(page.read_text(), "against")


def test_a_verdict_looks_up_where_there_are_shorts(folder: Path) -> None:
    """3 ETH short with 400 USD are 5 % at 2,000: liquidatable at 2,046, a rise of 2.3 %."""
    warned = health_verdict(book(folder, "near short")).text
    assert warned.startswith("Nobody is liquidatable yet, but some shorts would be after a rise")
    calm = health_verdict(book(folder, "shorts")).text
    assert "a market fall of 5" in calm
    assert "a rise of what is sold short" in calm
    assert "rise" not in health_verdict(book(folder, "cash")).text
