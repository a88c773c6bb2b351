"""What stands below the pictures of a stress report is of what they show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.apps.stress_answers import EDGES, answer_of, ready_of, swing
from trimtab.apps.report.stress import stress_report
from trimtab.apps.report.stress_captions import captions, has_bands, is_fed_back
from trimtab.apps.report.stress_heat import _rounded
from trimtab.apps.stressing import StressAnswer


@pytest.fixture(scope="module")
def falling() -> StressAnswer:
    return EDGES["falling"]()


def unfed(answer: StressAnswer) -> StressAnswer:
    """The answer of the same run where sales move no price."""
    curve = answer.result.curve
    assert curve is not None
    points = tuple(
        replace(one, liquidated=one.liquidated_alone, loss=one.loss_alone) for one in curve.points
    )
    result = replace(answer.result, curve=replace(curve, points=points))
    return replace(answer, result=result)


def test_where_sales_add_nothing_there_is_one_line_and_no_shade(falling: StressAnswer) -> None:
    assert is_fed_back(falling)
    assert "The shaded part is what selling adds." in captions(falling)["cascade"]
    alone = unfed(falling)
    assert not is_fed_back(alone)
    for found, lines in ((falling, True), (alone, False)):
        part = stress_report(found).partition('id="cascade"')[2].partition("</figure>")[0]
        assert ("stroke-dasharray" in part) == lines
        assert ("without</li>" in part) == lines
        assert ("shaded" in part) == lines


def test_errors_are_promised_only_where_they_are_drawn(falling: StressAnswer) -> None:
    assert not has_bands(falling), "200 paths bound no tail of 0.99"
    assert "no error is drawn" in captions(falling)["settling"]
    bounded = answer_of(ready_of(paths=200, levels=(0.8,)))
    assert has_bands(bounded)
    assert captions(bounded)["settling"].startswith("Shaded: ")
    assert "logarithmic scale" in stress_report(falling)


def test_who_a_rise_liquidates_is_said_to_be_left_out(falling: StressAnswer) -> None:
    assert captions(falling)["heat"] == ""
    one = falling.standing.accounts[0]
    short = replace(one, liquidation_side={"ETH": "above"})
    standing = replace(falling.standing, accounts=(short, *falling.standing.accounts[1:]))
    told = captions(replace(falling, standing=standing))["heat"]
    assert told.replace("\u00a0", " ") == "1 account that a rise of ETH liquidates is not in it."


def test_a_missing_bar_is_explained(falling: StressAnswer) -> None:
    swings = (swing("volatility", 60.0, 300.0), swing("gas", 40.0, 100.0), swing("x", 100.0, 120.0))
    told = captions(replace(falling, sensitivities=swings))["tornado"]
    assert told == "Gas: neither change makes it worse. X: neither change eases it."
    page = stress_report(replace(falling, sensitivities=swings))
    assert "Gas: neither change makes it worse." in page


def test_the_scale_of_the_map_is_rounded_alike_at_both_ends() -> None:
    assert [_rounded(value) for value in (272.6, 272_600.0, 0.2726)] == ["273", "273k", "0.273"]


def test_the_lines_of_the_map_have_three_styles(falling: StressAnswer) -> None:
    part = stress_report(falling).partition('id="heat"')[2].partition("</section>")[0]
    for name in ('"rule t-ink"', '"rule dashed t-ink"', '"rule dotted t-ink"'):
        assert name in part
    assert part.count("stroke-dasharray") >= 4, "two broken lines, each with its rim, wide"
