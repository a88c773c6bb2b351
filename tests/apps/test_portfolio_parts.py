"""The parts of the portfolio page: surfaces, bars and words against the twins themselves."""

from dataclasses import replace

import numpy as np
import pytest

from trimtab.apps.option_portfolios import NamedBook, named_books, synthetic_snapshot
from trimtab.apps.report import portfolio, portfolio_picture
from trimtab.apps.report.drawing import COLORS, Shape, drawing_settings
from trimtab.protocols.option_assessment import Assessment, Charge, ScenarioPoint
from trimtab.protocols.option_book import OptionBook, profit_wad, shifted
from trimtab.protocols.option_explanation import explain
from trimtab.protocols.option_venues import VENUES, shocked_vols_wad
from trimtab.units import WAD

BOOKS = {named.name: named for named in named_books(synthetic_snapshot())}
CONDOR = BOOKS["iron condor"]
WIDE = Shape("wide", 880, 600, 9)


def surface_of(named: NamedBook, venue: str) -> portfolio_picture.Surface:
    found = VENUES[venue](named.book)
    return portfolio_picture._surface(named.book, venue, found=found)


def test_the_surface_is_the_exact_profit_at_its_corners_and_nothing_in_the_middle() -> None:
    found = surface_of(CONDOR, "pmrm2")
    for row, factor in ((0, found.factors[0]), (-1, found.factors[-1])):
        for column, move in ((0, -WAD // 4), (-1, WAD // 4)):
            moved = shifted(CONDOR.book, price_wad=move, vol_factor_wad=round(factor * WAD))
            exact = profit_wad(CONDOR.book, moved) / WAD
            assert found.profit[row, column] == pytest.approx(exact, abs=0.01)
    assert found.moves[30] == 0
    still = found.lines["vol the same"][30]
    assert still == 0


def test_the_curves_use_each_option_s_own_shock() -> None:
    calendar = BOOKS["calendar"].book
    found = surface_of(BOOKS["calendar"], "pmrm")
    up = tuple(replace(leg, vol_wad=shocked_vols_wad("pmrm", leg)[1]) for leg in calendar.options)
    exact = profit_wad(calendar, replace(calendar, options=up)) / WAD
    assert found.lines["vol up"][30] == pytest.approx(exact)
    # The far option's volatility rises by less than the near one's: its buyer gains less so.
    near = calendar.options[0]
    factor = shocked_vols_wad("pmrm", near)[1] * WAD // near.vol_wad
    assert 0 < exact < profit_wad(calendar, shifted(calendar, vol_factor_wad=factor)) / WAD


def test_the_dots_are_the_venue_s_scenarios_inside_the_frame() -> None:
    found = surface_of(CONDOR, "pmrm2")
    inside = [
        point
        for point in VENUES["pmrm2"](CONDOR.book).scenarios
        if abs(point.move_wad) <= WAD // 4 and point.vol in ("up", "the same", "down")
    ]
    assert len(found.dots) == len(inside) == 23
    assert sorted({round(dot[1], 6) for dot in found.dots}) == [0.7, 1.0, 1.5]
    assert found.worst == min(found.dots, key=lambda dot: dot[2])
    assert found.outside == ""


def test_a_worst_scenario_that_is_far_or_a_tilt_is_outside() -> None:
    straddle = BOOKS["short straddle"]
    far = surface_of(straddle, "pmrm2")
    assert far.worst is None
    assert far.outside == VENUES["pmrm2"](straddle.book).worst.label
    tilt = ScenarioPoint(0, "tilted", -WAD)
    found = Assessment("x", WAD, WAD, (Charge("worst scenario", WAD),), tilt, (), (tilt,))
    drawn = portfolio_picture._surface(CONDOR.book, "pmrm2", found=found)
    assert (drawn.worst, drawn.dots) == (None, ())
    assert drawn.outside == "price 0 %, vol tilted"


def test_a_venue_without_scenarios_is_drawn_without_dots() -> None:
    found = surface_of(CONDOR, "srm")
    assert (found.dots, found.worst, found.outside) == ((), None, "")
    assert list(found.lines) == ["vol the same"]
    with drawing_settings("test"):
        canvas = portfolio_picture._draw(found, WIDE)
    assert len(canvas.axes) == 2


def test_a_book_without_options_can_be_drawn() -> None:
    coin = OptionBook(60_000 * WAD, base_wad=WAD)
    found = portfolio_picture._surface(coin, "pmrm2", found=VENUES["pmrm2"](coin))
    assert np.allclose(found.profit[0], found.moves * 600)
    with drawing_settings("test"):
        portfolio_picture._draw(found, WIDE)


def test_the_picture_marks_the_worst_and_the_requirement() -> None:
    found = surface_of(CONDOR, "pmrm2")
    with drawing_settings("test"):
        curves, heat = portfolio_picture._draw(found, WIDE).axes
    lines = [line for line in curves.lines if line.get_color() == COLORS["risk"]]
    assert [line.get_ydata()[0] for line in lines] == [-found.requirement]
    for panel in (curves, heat):
        assert any(text.get_text().startswith("worst −") for text in panel.texts)
    assert len(heat.images) == 2


def test_finer_grids_keep_the_ends() -> None:
    values = np.array([[0.0, 1.0], [2.0, 5.0]])
    fine = portfolio_picture._fine(values)
    assert fine.shape == (8, 8)
    assert (fine[0, 0], fine[0, -1], fine[-1, 0], fine[-1, -1]) == (0.0, 1.0, 2.0, 5.0)


def test_bars_are_measured_against_the_largest() -> None:
    none = portfolio.Shown("", "")
    rows = portfolio._bars([("a", -200, none), ("b", 100, none), ("c", 0, none)])
    assert [row.width for row in rows] == [100.0, 50.0, 0.0]
    assert [row.tint for row in rows] == ["loss", "price", "price"]
    assert [row.width for row in portfolio._bars([("a", 0, none)])] == [0.0]


def test_words_of_scenarios_and_venues() -> None:
    point = ScenarioPoint(-45 * 10**15, "up", -WAD)
    assert portfolio.scenario_words(point) == "price −4.5\u202f%, volatility up"
    calendar = BOOKS["calendar"].book
    assert portfolio._venue_words(VENUES["pmrm2"](calendar)) == "basis contingency"
    assert "strike by strike" in portfolio._venue_words(VENUES["srm"](calendar))


def test_the_page_s_rows_are_the_explanation_s() -> None:
    shown = explain(CONDOR.book, VENUES["pmrm2"])
    legs = portfolio._leg_rows(CONDOR, shown)
    assert [row.name for row in legs] == [leg.name for leg in CONDOR.book.options]
    charges = portfolio._charge_rows(shown.assessment)
    assert [row.name for row in charges] == ["worst scenario", "naked short options"]
    shares = [float(row.more.exact.removesuffix(" %")) for row in charges]
    assert sum(shares) == pytest.approx(100)
    scenarios = portfolio._scenario_rows(shown.assessment)
    profits = [float(row.value.exact) for row in scenarios]
    assert profits == sorted(profits)
    assert len(profits) == 8
    names = [name for name, *_ in portfolio._greek_rows(shown)]
    assert names == ["delta", "gamma", "vega"]


def test_an_account_that_is_short_is_told_in_the_tiles() -> None:
    poor = NamedBook("poor", "nothing behind it", replace(CONDOR.book, cash_wad=0))
    tiles = portfolio._tiles(poor, explain(poor.book, VENUES["pmrm2"]))
    assert [tile["tone"] for tile in tiles] == ["", "", "", "bad"]
    assert tiles[3]["value"].text.startswith("−")


@pytest.mark.parametrize("venue", VENUES)
def test_sums_on_the_page_are_those_of_the_venue(venue: str) -> None:
    named = BOOKS["hedged strangle"]
    shown = explain(named.book, VENUES[venue])
    (row,) = portfolio._venue_rows(named, {venue: shown}, venue=venue)
    assert row.is_shown
    apart = sum(part.initial_wad for part in shown.alone)
    assert row.offset == portfolio.cell(apart - shown.assessment.initial_wad)
    parts = portfolio._leg_rows(named, shown)
    assert len(parts) == (0 if venue == "srm" else 3)
