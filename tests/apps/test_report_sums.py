"""The report's tables beside the run they come from: ledgers, tiles and comparisons add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.cases import small_case
from trimtab.apps.report.comparison import Comparison, comparison_of, labels_of
from trimtab.apps.report.ends import Ends, ends_of
from trimtab.apps.report.ledger import cash_rows, fund_rows, loss_rows, pool_rows
from trimtab.apps.report.shown import plain_text
from trimtab.apps.report.story import liquidated, losing
from trimtab.apps.report.tiles import Tile, tiles_of
from trimtab.model import Event, EventKind, FundRules, Payer
from trimtab.simulation import ReplayRun, TimedEvent, replay
from trimtab.units import WAD


@pytest.fixture(scope="module")
def run() -> ReplayRun:
    return replay(small_case())


@pytest.fixture(scope="module")
def ends(run: ReplayRun) -> Ends:
    return ends_of(run)


def losing_run(run: ReplayRun, **losses: int) -> ReplayRun:
    """The run with other losses (whole units of the quote) in its tally."""
    found = {payer: losses.get(payer, 0) * WAD for payer in Payer}
    return replace(run, tally=replace(run.tally, loss_wad=found))


def named(run: ReplayRun, venue: str) -> ReplayRun:
    return replace(run, case=replace(run.case, rules=replace(run.case.rules, venue=venue)))


def test_cash_is_start_and_flows_for_every_asset(run: ReplayRun, ends: Ends) -> None:
    rows = cash_rows(run, ends)
    assert [row.asset for row in rows] == list(run.case.rules.assets)
    for row in rows:
        start, came, went, end = (Decimal(part.exact) for part in row.parts)
        assert start + came - went == end
        assert (row.agrees, row.difference.exact) == (True, "0")
    assert any(part.exact != "0" for row in rows for part in row.parts[1:3])


def test_one_unit_that_is_nobody_s_shows(run: ReplayRun, ends: Ends) -> None:
    stray = TimedEvent(0, 0, Event(EventKind.FUND, asset="BTC", flow=1))
    broken = replace(run, events=[*run.events, stray])
    rows = {row.asset: row for row in cash_rows(broken, ends)}
    assert (rows["BTC"].agrees, rows["BTC"].difference.text) == (False, "-1")
    assert all(row.agrees for asset, row in rows.items() if asset != "BTC")


def test_pools_balance_in_the_figures_that_are_shown(run: ReplayRun) -> None:
    for row in pool_rows(run):
        cash, borrowed, deficit, supplied, reserves, minted = (
            Decimal(part.exact) for part in row.parts
        )
        assert cash + borrowed + deficit == supplied + reserves + minted
        assert row.agrees


def test_losses_by_asset_are_the_losses_by_payer(run: ReplayRun) -> None:
    rows = loss_rows(run)
    totals = [Decimal(row.total.exact) for row in rows]
    assert totals == sorted(totals, reverse=True)
    assert sum(totals) * WAD == run.tally.bad_debt_wad > 0
    for place, payer in enumerate(Payer):
        column = sum(Decimal(row.paid[place].exact) for row in rows)
        assert column * WAD == run.tally.loss_wad[payer]
    assert all(sum(Decimal(p.exact) for p in row.paid) == Decimal(row.total.exact) for row in rows)


def test_a_fund_that_pays_everything_is_empty_after(run: ReplayRun, ends: Ends) -> None:
    insurance, backstop = fund_rows(run, ends)
    assert (insurance.start.text, insurance.paid.text, insurance.end.text) == (
        "40.00",
        "40.00",
        "0",
    )
    assert (backstop.start.text, backstop.paid.text, backstop.end.text) == ("20.00", "20.00", "0")


def by_name(tiles: Sequence[Tile]) -> dict[str, Tile]:
    found = {tile.name: tile for tile in tiles}
    assert len(found) == len(tiles) == 8
    return found


def test_tiles_are_the_figures_of_the_run(run: ReplayRun, ends: Ends) -> None:
    tiles = by_name(tiles_of(run, ends))
    assert tiles["Debt at the start"].value.text.replace("\u00a0", " ") == "40,702 USD"
    assert Decimal(tiles["Debt repaid"].value.exact.split()[0]) * WAD == run.tally.repaid_wad
    assert tiles["Liquidations"].value.exact == str(run.tally.liquidations)
    assert plain_text([tiles["Liquidations"].note]) == f"of {liquidated(run)} accounts"
    assert plain_text([tiles["Bad debt"].note]) == f"left by {losing(run)} accounts"
    # Most of the collateral are dollars, whose price does not move.
    assert (tiles["USD price"].value.text, tiles["USD price"].note) == ("1.0000", ("USD",))


def test_the_market_s_tile_is_the_fall_of_most_of_the_collateral() -> None:
    case = small_case()
    borrowers = replace(case, book=tuple(row for row in case.book if row.account != "dee"))
    run = replay(borrowers)
    tile = by_name(tiles_of(run, ends_of(run)))["ETH at its low"]
    assert tile.value.text == "−" + "65.0 %"
    assert plain_text([tile.note]) == "from 2,000 to 700.00 USD"


@pytest.mark.parametrize(
    ("losses", "outside", "note", "tones"),
    [
        ({}, "0", "after the funds paid 0 USD", ("good", "good")),
        ({"insurance": 5}, "0", "after the funds paid 5.00 USD", ("warn", "good")),
        ({"own_margin": 1, "penalty": 2, "backstop": 4}, "0", "paid 7.00 USD", ("warn", "good")),
        ({"insurance": 5, "socialized": 3}, "3", "paid 5.00 USD", ("warn", "bad")),
        ({"adl": 9}, "9", "paid 0 USD", ("warn", "bad")),
        ({"adl": 9, "socialized": 3}, "12", "paid 0 USD", ("warn", "bad")),
    ],
)
def test_what_went_past_the_funds_is_told_apart(
    run: ReplayRun,
    ends: Ends,
    losses: dict[str, int],
    outside: str,
    note: str,
    tones: tuple[str, str],
) -> None:
    tiles = by_name(tiles_of(losing_run(run, **losses), ends))
    beyond = tiles["Loss beyond the funds"]
    assert beyond.value.exact == f"{outside} USD"
    assert plain_text([beyond.note]).endswith(note)
    assert (tiles["Bad debt"].tone, beyond.tone) == tones


def test_the_last_tiles_say_what_to_worry_about(run: ReplayRun, ends: Ends) -> None:
    worse = replace(run, conserved=False, unwanted={"ann": 5 * WAD, "bob": WAD})
    tiles = by_name(tiles_of(worse, ends))
    assert (tiles["Cash conserved"].value.text, tiles["Cash conserved"].tone) == ("NO", "bad")
    assert (tiles["Unsafe at the end"].value.text, tiles["Unsafe at the end"].tone) == ("2", "warn")
    assert plain_text([tiles["Unsafe at the end"].note]) == "accounts, owing 6.00 USD"


@given(st.lists(st.sampled_from(("aave", "euler", "maker")), min_size=1, max_size=6))
def test_runs_are_told_apart_by_their_labels(run: ReplayRun, venues: list[str]) -> None:
    labels = labels_of([named(run, venue) for venue in venues])
    assert len(set(labels)) == len(labels)
    for label, venue in zip(labels, venues, strict=True):
        assert label.startswith(venue)
        assert (label == venue) == (venues.count(venue) == 1)


def compared(run: ReplayRun, ends: Ends, *others: ReplayRun) -> Comparison:
    return comparison_of([run, *others], ends)


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (0, 0, "The rules differ, and the bad debt does not."),
        (7, 7, "The rules differ, and the bad debt does not."),
        (0, 7, "leave bad debt under then and none under now."),
        (7, 0, "leave bad debt under now and none under then."),
        (2, 7, "leave 3.5 times the bad debt under then as under now."),
        (7, 2, "leave 3.5 times the bad debt under now as under then."),
        (1, 100, "leave 100 times the bad debt under then"),
        (1, 12345, "leave 12,345 times the bad debt under then"),
    ],
)
def test_a_comparison_in_one_sentence(
    run: ReplayRun, ends: Ends, here: int, there: int, words: str
) -> None:
    now = named(losing_run(run, socialized=here), "now")
    then = named(losing_run(run, socialized=there), "then")
    found = compared(now, ends, then)
    assert words in plain_text([found.words])
    assert found.labels == ("now", "then")
    assert found.caveat == ""


def test_lines_that_are_nothing_in_all_runs_are_left_out(run: ReplayRun, ends: Ends) -> None:
    found = compared(losing_run(run), ends, losing_run(run, adl=3))
    lines = {line.name: [value.text for value in line.values] for line in found.lines}
    assert lines["Paid: deleveraging"] == ["0", "3.00"]
    assert lines["Bad debt"] == ["0", "3.00"]  # stands even where it is nothing
    assert "Paid: insurance fund" not in lines
    assert lines["Cash conserved"] == ["yes", "yes"]
    assert all(len(line.values) == 2 for line in found.lines)


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"ticks": small_case((2000, 1)).ticks}, "prices"), ({"book": ()}, "book"), ({}, "")],
)
def test_what_is_not_comparable_is_said(
    run: ReplayRun, ends: Ends, changes: dict[str, Any], word: str
) -> None:
    other = replay(small_case((2000, 1990))) if "ticks" in changes else run
    if "book" in changes:
        other = replace(run, case=replace(run.case, book=()))
    caveat = compared(run, ends, other).caveat
    assert (f"do not have the same {word}" in caveat) == bool(word)


@settings(max_examples=8)
@given(st.sampled_from((0, 10, 10**6)), st.sampled_from((0, 10**6)))
def test_deeper_funds_never_leave_more_to_suppliers(insurance: int, backstop: int) -> None:
    case = small_case()
    rules = replace(
        case.rules, insurance=FundRules(insurance * WAD), backstop=FundRules(backstop * WAD)
    )
    deep = replay(replace(case, rules=rules))
    bare = replay(replace(case, rules=replace(rules, insurance=FundRules(), backstop=FundRules())))
    assert deep.tally.loss_wad[Payer.SOCIALIZED] <= bare.tally.loss_wad[Payer.SOCIALIZED]
    tile = by_name(tiles_of(deep, ends_of(deep)))["Loss beyond the funds"]
    assert tile.tone == ("bad" if deep.tally.loss_wad[Payer.SOCIALIZED] else "good")
