"""The replay report in words and rows where positions are: story, tiles, accounts, distances."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.apps.perp_case import NO_DEBT_BOOK, PERP_RULES, STEPS, prices_of_steps, write_perps
from tests.apps.test_report import Reader
from trimtab.apps.presets import load_case
from trimtab.apps.report import replay_report
from trimtab.apps.report.accounts import account_rows, closed, share_of_rows, weightiest
from trimtab.apps.report.bars import distance_bars, health_bars, waterfalls
from trimtab.apps.report.ends import Ends, ends_of
from trimtab.apps.report.ledger import cash_rows, fund_rows, loss_rows, pool_rows
from trimtab.apps.report.shown import plain_text
from trimtab.apps.report.story import owed_words, paragraph_of, title_of, verdict_of
from trimtab.apps.report.thinning import _ceiling, heat
from trimtab.apps.report.tiles import Tile, tiles_of
from trimtab.model import Payer
from trimtab.simulation import ReplayRun, Sample, replay
from trimtab.units import format_decimal

CALM = tuple((str(2000 + step), "", "30000") for step in range(4))
CASES = {
    "crash": {},
    "without debt": {"book": NO_DEBT_BOOK},
    "losses socialized": {"rules": PERP_RULES.replace('policy = "queue"', 'policy = "none"')},
    "calm": {"prices": prices_of_steps(CALM), "funding": ""},
    "ample funds": {"rules": PERP_RULES.replace("balance = 40", "balance = 4000")},
    "one step": {"prices": prices_of_steps(STEPS[:1]), "funding": ""},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("words")


@cache
def run_of(folder: Path, name: str) -> ReplayRun:
    return replay(load_case(write_perps(folder / name.replace(" ", "-"), **CASES[name])))


@cache
def ends(folder: Path, name: str) -> Ends:
    return ends_of(run_of(folder, name))


def plain(text: str) -> str:
    for mark in ("\u00a0", "\u202f"):
        text = text.replace(mark, " ")
    return text.replace("\u2060", "")


def told(folder: Path, name: str) -> str:
    return plain(plain_text(paragraph_of(run_of(folder, name), ends(folder, name))))


def tile(folder: Path, name: str, head: str) -> Tile:
    tiles = tiles_of(run_of(folder, name), ends(folder, name))
    assert len(tiles) == 8
    (one,) = [one for one in tiles if one.name == head]
    return one


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "crash",
            "10 accounts held 31,310 USD of collateral against 55,000 USD of debt and notion",
        ),
        ("crash", "1 liquidation closed positions of 479 USD."),
        ("crash", "Deleveraging cut 12,226 USD of counterparties' positions in 4 cuts."),
        ("crash", "3 accounts left bad debt of 772 USD (1.4 % of the opening debt and notional): "),
        ("crash", "the backstop paid 25.00 USD and deleveraged counterparties paid 702 USD."),
        (
            "without debt",
            "9 accounts held 27,310 USD of collateral against 53,000 USD of notional ",
        ),
        ("without debt", "BTC fell by 23.3 % to 23,000 USD"),
        ("losses socialized", "5 liquidations closed positions of 14,965 USD. 4 accounts left"),
        ("losses socialized", "suppliers and holders bear 1,052 USD (93.8 % of it)."),
        ("calm", "ETH, what most of the book hangs on, moved by no more than 0.2 %."),
        ("calm", "Nobody was liquidated. No bad debt arose."),
        ("one step", "The case has one price step"),
    ],
)
def test_the_story_is_told_in_the_terms_of_the_venue(folder: Path, name: str, words: str) -> None:
    assert words in told(folder, name), told(folder, name)


@pytest.mark.parametrize(
    ("name", "title", "verdict"),
    [
        ("crash", "1 liquidation, 772 USD of bad debt", "counterparties were deleveraged."),
        ("losses socialized", "5 liquidations, 1,122 USD of bad debt", "suppliers and holders."),
        (
            "ample funds",
            "5 liquidations, 894 USD of bad debt",
            "outside the venue's funds paid.",
        ),
        ("calm", "No liquidation, no loss", "No account had to be liquidated."),
    ],
)
def test_title_and_verdict(folder: Path, name: str, title: str, verdict: str) -> None:
    run = run_of(folder, name)
    assert plain(title_of(run)).startswith(title), title_of(run)
    assert verdict_of(run).text.endswith(verdict)


def test_what_is_owed_is_named_by_what_there_is(folder: Path) -> None:
    assert owed_words(run_of(folder, "crash")) == "debt and notional"
    assert owed_words(run_of(folder, "without debt")) == "notional"


def test_tiles_count_notional_with_debt(folder: Path) -> None:
    start = tile(folder, "crash", "Debt and notional at the start")
    assert start.value.exact == "55000 USD"
    assert plain(plain_text([start.note])).startswith("2.6 % of it at risk")
    closed_tile = tile(folder, "crash", "Closed by liquidations")
    assert closed_tile.value.exact == "478.54929965 USD"
    assert plain(plain_text([closed_tile.note])) == "and 12,226 USD cut by deleveraging"
    assert tile(folder, "calm", "Debt repaid").value.exact == "0 USD"
    beyond = tile(folder, "crash", "Loss beyond the funds")
    run = run_of(folder, "crash")
    assert beyond.value.exact == f"{format_decimal(run.tally.loss_wad[Payer.ADL], 18)} USD"
    assert (beyond.tone, tile(folder, "ample funds", "Loss beyond the funds").tone) == (
        "bad",
        "good",
    )


def test_accounts_come_by_what_was_closed_cut_and_lost(folder: Path) -> None:
    run = run_of(folder, "crash")
    assert weightiest(run) == ["dee", "cat", "eve/iso", "bob/iso", "ann", "bob"]
    rows = {row.name: row for row in account_rows(run, ends(folder, "crash"))}
    fates = {name: plain(plain_text([row.fate])) for name, row in rows.items()}
    assert fates["dee"] == "cut by deleveraging; 576 USD left open"
    assert fates["cat"] == "cut by deleveraging; 0 USD left open"
    assert fates["bob/iso"] == "bankrupt after 1 liquidation; the loss fell on its counterparties"
    assert fates["ann"].startswith("closed out without a liquidation; the loss fell mostly on")
    assert rows["dee"].debt_before.exact == "8000"
    assert rows["bob/iso"].repaid.exact == "478.54929965"
    assert share_of_rows(run).text.startswith("100")


def test_who_is_closed_whole_had_no_debt_paid_off(folder: Path) -> None:
    """At 1,900 bob's isolated long is closed by takers before its margin is gone."""
    steps = (("2000", "", "30000"), ("1900", "", "30000"), ("1869", "", "30000"))
    rules = PERP_RULES.replace(
        "[deleveraging]", '[position_liquidation]\nsizing = "whole"\n\n[deleveraging]'
    )
    case = write_perps(folder / "whole", rules=rules, prices=prices_of_steps(steps), funding="")
    run = replay(load_case(case))
    assert run.tally.position_liquidations >= 1
    rows = {row.name: row for row in account_rows(run, ends_of(run))}
    assert plain(plain_text([rows["bob/iso"].fate])) == "closed out by 1 liquidation"


@pytest.mark.parametrize("name", sorted(CASES))
def test_rows_of_accounts_sum_to_the_tally(folder: Path, name: str) -> None:
    run = run_of(folder, name)
    found = run.tally.by_account
    total = run.tally.repaid_wad + run.tally.closed_wad + run.tally.deleveraged_wad
    assert sum(closed(was) for was in found.values()) == total
    assert sum(was.get("loss", 0) for was in found.values()) == run.tally.bad_debt_wad


@pytest.mark.parametrize("name", sorted(CASES))
def test_ledgers_of_a_venue_with_markets_agree(folder: Path, name: str) -> None:
    run, both = run_of(folder, name), ends(folder, name)
    assert all(row.agrees and row.difference.text == "0" for row in cash_rows(run, both))
    assert all(row.agrees for row in pool_rows(run))
    assert len(fund_rows(run, both)) == 2
    (fall,) = waterfalls([("only", run)])
    assert fall.steps[-1].remaining.text == "0"
    losses = loss_rows(run)
    assert [row.total.exact for row in losses] == [fall.total.value.exact] * len(losses)
    assert bool(losses) == bool(run.tally.bad_debt_wad)


@pytest.mark.parametrize("name", sorted(CASES))
def test_bars_of_health_sum_to_debt_and_notional(folder: Path, name: str) -> None:
    both = ends(folder, name)
    rows = health_bars(both)
    for side, stands in ((0, both.before), (1, both.after)):
        bars = [row.bars[side] for row in rows]
        exact = sum(round(float(bar.value.exact) * 10**9) for bar in bars)
        assert exact == pytest.approx(sum(s.debt_wad for s in stands.values()) / 10**9, rel=1e-12)
        assert sum(bar.accounts for bar in bars) == sum(s.debt_wad > 0 for s in stands.values())


@pytest.mark.parametrize("name", sorted(CASES))
def test_bars_of_distance_hold_everybody_once(folder: Path, name: str) -> None:
    samples = run_of(folder, name).metrics.samples
    rows = distance_bars(samples)
    for side, sample in ((0, samples[0]), (1, samples[-1])):
        total = sum(float(row.bars[side].value.exact) for row in rows)
        assert total == pytest.approx(float(sample.debt.sum()), rel=1e-9)
        assert sum(row.bars[side].accounts for row in rows) == int((sample.debt > 0).sum())


def sample(price: float, *held: tuple[float, float, float]) -> Sample:
    """A sample of accounts: liquidation price, exposure, health."""
    at, debt, health = (np.array(column) for column in zip(*held, strict=True))
    return Sample(0, health, debt, np.ones(len(debt)), at, price)


def places(found: Sample) -> list[str]:
    return [row.bars[0].value.text for row in distance_bars([found])]


def test_a_safe_short_is_reached_by_no_fall() -> None:
    """Rows: unsafe, 0 to 5, 10, 20, 30, 50 %, more, not by this asset."""
    assert places(sample(100.0, (130.0, 5.0, 2.0))) == [*["0"] * 7, "5.00"]
    assert places(sample(100.0, (97.0, 5.0, 2.0))) == ["0", "5.00", *["0"] * 6]


def test_an_unsafe_short_is_unsafe_and_no_distance_away() -> None:
    """Its last safe price lies under the price, as that of a safe long does."""
    assert places(sample(100.0, (90.0, 5.0, 0.9))) == ["5.00", *["0"] * 7]
    assert places(sample(100.0, (110.0, 5.0, 0.9))) == ["5.00", *["0"] * 7]
    assert places(sample(100.0, (np.nan, 5.0, 0.9))) == ["5.00", *["0"] * 7]


@pytest.mark.parametrize(
    ("held", "ceiling"),
    [
        ([(90.0, 5.0, 2.0)], 104.0),
        ([(np.nan, 5.0, 2.0)], 104.0),
        ([(120.0, 5.0, 2.0)], 1.04 * 120),
        ([(120.0, 90.0, 2.0), (180.0, 10.0, 2.0)], 1.04 * 120),
        ([(120.0, 80.0, 2.0), (180.0, 20.0, 2.0)], 1.04 * 180),
        ([(900.0, 5.0, 2.0)], 200.0),
        ([(120.0, 5.0, 0.9)], 104.0),
        ([(120.0, 0.0, 2.0)], 104.0),
    ],
)
def test_the_map_leaves_room_for_safe_shorts_alone(
    held: list[tuple[float, float, float]], ceiling: float
) -> None:
    assert _ceiling(sample(100.0, *held), top=100.0) == pytest.approx(ceiling)


def test_the_map_holds_the_shorts_over_the_price() -> None:
    found = sample(100.0, (120.0, 5.0, 2.0), (80.0, 3.0, 2.0))
    later = Sample(10, found.health, found.debt, found.collateral, found.liquidation_price, 101.0)
    grid = heat([found, later])
    assert grid is not None
    assert grid.low < 80 < 120 < grid.high
    assert grid.debt.sum(axis=0).tolist() == [8.0] * grid.debt.shape[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crash", "Debt and notional by health, before and after"),
        ("without debt", "Notional by health, before and after"),
        ("crash", "Bands under the line are longs and debtors that a fall would reach"),
        ("crash", "is what most of the book hangs on."),
        ("crash", "Open interest counts all accounts but the market's pool"),
        ("calm", "There was no loss"),
        ("one step", "there is no course of prices to draw"),
    ],
)
def test_the_page_says_notional_where_it_means_it(folder: Path, name: str, words: str) -> None:
    page = replay_report(run_of(folder, name), command="trimtab replay CASE --out DIR")
    assert words in " ".join(plain(Reader(page).text).split())


def test_tables_of_a_venue_with_markets_name_what_they_count(folder: Path) -> None:
    page = replay_report(run_of(folder, "crash"), command="trimtab replay CASE --out DIR")
    text = " ".join(plain(Reader(page).text).split())
    assert "By what was closed, cut and lost; together 100 % of all of it." in text
    assert "debt and notional before" in text
    assert "debt and notional at risk (health below 1.1)" in text
    assert "Debt and notional in USD by the health of its account after each step" in text
    assert 'data-label="closed"' in page
