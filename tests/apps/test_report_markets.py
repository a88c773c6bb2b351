"""The replay report of a venue with derivatives markets: pictures, rows, words, sums."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from tests.apps.perp_case import (
    FUNDING,
    NO_DEBT_BOOK,
    PERP_BOOK,
    PERP_RULES,
    STEPS,
    prices_of_steps,
    write_perps,
)
from tests.apps.test_report import Reader, assert_stands_alone
from trimtab.apps.presets import load_case
from trimtab.apps.report import replay_report
from trimtab.apps.report.markets import (
    PICTURED_MAX,
    _period,
    market_names,
    market_pictures,
    market_rows,
)
from trimtab.model import EventKind
from trimtab.simulation import ReplayRun, replay

ONLY_CASH = "account,instrument,quantity\nivy,USD,9000\n"
NOBODY_CUT = PERP_RULES.replace('policy = "queue"', 'policy = "none"')
CALM = tuple((str(2000 + step), "", "30000") for step in range(4))
PREMIUM = PERP_RULES.replace('funding = "recorded"', 'funding = "premium"')
DAILY = PERP_RULES.replace("funding_period = 3600", "funding_period = 86400")
EDGES = {
    "crash": {},
    "without debt": {"book": NO_DEBT_BOOK},
    "one step": {"prices": prices_of_steps(STEPS[:1]), "funding": ""},
    "no position": {"book": ONLY_CASH, "funding": ""},
    "losses socialized": {"rules": NOBODY_CUT},
    "calm": {"prices": prices_of_steps(CALM), "funding": ""},
    "premium": {"rules": PREMIUM, "funding": ""},
    "daily": {"rules": DAILY},
    "hostile": {"book": PERP_BOOK.replace("ann,", "<b>&{{7*7}},")},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edges")


@cache
def run_of(folder: Path, edge: str) -> ReplayRun:
    texts = EDGES[edge]
    return replay(load_case(write_perps(folder / edge.replace(" ", "-"), **texts)))


@cache
def page_of(folder: Path, edge: str) -> str:
    return replay_report(run_of(folder, edge), command="trimtab replay CASE --out DIR")


def words_of(page: str) -> str:
    plain = Reader(page).text.replace("\u202f", " ").replace("\u00a0", " ")
    return " ".join(plain.replace("\u2060", "").split())


def section(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}">')[2].partition("</section>")[0]


def summed(run: ReplayRun, kind: EventKind, market: str) -> int:
    events = (timed.event for timed in run.events)
    return sum(event.value for event in events if (event.kind, event.asset) == (kind, market))


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_every_page_stands_alone(folder: Path, edge: str) -> None:
    page = page_of(folder, edge)
    assert_stands_alone(page)
    assert "nan" not in words_of(page).lower().split()
    assert "<b>&{{7*7}}" not in page


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_rows_are_the_sums_of_the_events(folder: Path, edge: str) -> None:
    run = run_of(folder, edge)
    rows = {row.market: row for row in market_rows(run)}
    assert rows.keys() == run.case.rules.markets.keys()
    for market, row in rows.items():
        for shown, kind in (
            (row.closed, EventKind.LIQUIDATE_POSITION),
            (row.cut, EventKind.DELEVERAGE),
            (row.funding, EventKind.FUNDING),
        ):
            exact = Decimal(shown.exact.split()[0].replace(",", "").replace("−", "-"))
            assert exact == Decimal(summed(run, kind, market)).scaleb(-18), (market, kind)


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_all_markets_together_are_the_tally(folder: Path, edge: str) -> None:
    run = run_of(folder, edge)
    markets = run.case.rules.markets
    closed_wad = sum(summed(run, EventKind.LIQUIDATE_POSITION, name) for name in markets)
    cut_wad = sum(summed(run, EventKind.DELEVERAGE, name) for name in markets)
    assert (closed_wad, cut_wad) == (run.tally.closed_wad, run.tally.deleveraged_wad)
    losses = sum(Decimal(row.losses.exact.split()[0].replace(",", "")) for row in market_rows(run))
    assert losses == Decimal(run.tally.bad_debt_wad).scaleb(-18)


def test_markets_come_by_open_interest(folder: Path) -> None:
    assert market_names(run_of(folder, "crash")) == ["ETH-PERP", "BTC-USD", "VOID-PERP"]
    row = market_rows(run_of(folder, "crash"))[0]
    assert (row.asset, row.mark_first.text, row.mark_last.text) == ("ETH", "2,000", "2,310")
    assert row.open_first.text.startswith("16,000")
    assert row.open_last.text.startswith("576")


def test_an_empty_market_has_a_row_but_no_picture(folder: Path) -> None:
    run = run_of(folder, "crash")
    pictured = market_pictures(run)
    assert [one.name for one in pictured] == ["market0", "market1", "funds"]
    page = section(page_of(folder, "crash"), "markets")
    assert re.findall(r"<h3>(?:<bdi>)?([^<]*)", page) == [
        *("ETH-PERP", "BTC-USD", "Insurance fund and backstop")
    ]
    void = market_rows(run)[-1]
    assert void.market == "VOID-PERP"
    assert {void.closed.text[:1], void.cut.text[:1], void.open_first.text[:1]} == {"0"}


@pytest.mark.parametrize("edge", ["one step", "no position"])
def test_without_course_or_position_there_is_only_the_table(folder: Path, edge: str) -> None:
    assert market_pictures(run_of(folder, edge)) == []
    page = section(page_of(folder, edge), "markets")
    assert "<svg" not in page
    assert "<details open>" in page
    assert page.count("<tr><th") == 1 + 3


def test_at_most_four_markets_are_pictured(folder: Path) -> None:
    extra, book = "", PERP_BOOK
    for number in range(4):
        extra += (
            f'\n[markets.M{number}]\nasset = "BTC"\ninitial_margin = 0.1\n'
            "maintenance_margin = 0.05\n"
        )
        book += f"ivy,M{number},0.{number + 1},30000,\n"
    run = replay(load_case(write_perps(folder / "many", rules=PERP_RULES + extra, book=book)))
    pictures = market_pictures(run)
    assert [one.name for one in pictures] == [*(f"market{n}" for n in range(PICTURED_MAX)), "funds"]
    order = market_names(run)
    assert order == ["ETH-PERP", "M3", "BTC-USD", "M2", "M1", "M0", "VOID-PERP"]
    for name, one in zip(order, pictures[:PICTURED_MAX], strict=False):
        assert f'aria-label="{name} over time' in one.wide


def test_the_picture_says_what_was_closed_and_cut(folder: Path) -> None:
    page = section(page_of(folder, "crash"), "markets")
    labels = [a["aria-label"] for tag, a in Reader(page).tags if tag == "svg"]
    assert len(labels) == 6, "two markets and the funds, wide and narrow"
    eth, _, btc, _, funds, _ = (label.replace("\u00a0", " ") for label in labels)
    assert "liquidations closed (478.5 USD) and deleveraging cut (12.2k USD)" in eth
    assert eth.endswith("open interest of longs and shorts, and the funding rate.")
    assert "closed (0 USD) and deleveraging cut (0 USD)" in btc
    assert btc.endswith("open interest of longs and shorts."), "it has no funding"
    assert funds.endswith("the notional that deleveraging has cut so far.")
    parts = page.split("</figure>")
    assert [part.count("diamond t-loss") for part in parts[:3]] == [1, 0, 0]
    assert "(largest 478.5 USD)" in parts[0]


def test_funds_that_nobody_drew_on_are_drawn_without_cuts(folder: Path) -> None:
    *_, funds = market_pictures(run_of(folder, "calm"))
    assert funds.name == "funds"
    assert "cut so far" not in funds.wide


@pytest.mark.parametrize(
    ("edge", "period"), [("crash", "hour"), ("daily", "day"), ("premium", "hour")]
)
def test_the_rate_is_named_by_its_period(folder: Path, edge: str, period: str) -> None:
    assert _period(run_of(folder, edge), "ETH-PERP") == period
    assert _period(run_of(folder, edge), "BTC-USD") == "8 h"


def test_funding_has_the_sign_of_who_pays(folder: Path) -> None:
    """Longs pay for an hour at 0.1 %, then the rate turns; the sum stays theirs."""
    run = run_of(folder, "crash")
    values = [t.event.value for t in run.events if t.event.kind is EventKind.FUNDING]
    assert min(values) < 0 < max(values)
    assert market_rows(run)[0].funding.text.startswith("11.")
    turned = FUNDING.replace(",0.001", ",-0.001").replace(",-0.0004", ",-0.001")
    other = replay(load_case(write_perps(folder / "turned", funding=turned)))
    assert market_rows(other)[0].funding.text.startswith("−")
