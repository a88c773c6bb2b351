"""The picture of a search for rules."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from trimtab.apps.report.pareto import pareto_picture, save_pareto, stepped_number
from trimtab.simulation.stress.tuning import Trial, TuneResult, pareto_set


def result() -> TuneResult:
    trials = (
        Trial(0, {}, 500.0, 5.0, 1000.0, 0.0),
        Trial(1, {}, 300.0, 5.0, 900.0, 0.0),
        Trial(2, {}, 700.0, 5.0, 1300.0, 0.0),
        Trial(3, {}, 900.0, 5.0, 1200.0, 0.0),
        Trial(4, {}, 1e9, 0.0, 0.0, 0.0, conflict="no rules"),
    )
    return TuneResult(
        trials, pareto_set(trials), 0.99, 604800.0, 100, 0, "same_share", None, is_whole=True
    )


def test_the_picture_says_what_it_shows():
    found = pareto_picture(result(), quote="USD")
    assert found.alt.startswith("Expected shortfall against borrow capacity of 4 sets of rules, 3")
    assert found.alt.endswith("None betters them.")
    for text in (found.wide, found.narrow):
        assert "present" in text
        assert "var(--accent)" in text
        assert not re.search(r"https?://", text)
    assert "borrow capacity, USD" in found.wide


def test_what_cannot_be_rules_is_not_drawn():
    """Its risk of 1e9 would stretch the axis."""
    assert "1B" not in pareto_picture(result(), quote="USD").wide


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_stands_alone_too(tmp_path, ending):
    path = tmp_path / f"pareto.{ending}"
    save_pareto(result(), path, quote="USD")
    first = path.read_bytes()
    assert first.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    save_pareto(result(), path, quote="USD")
    assert path.read_bytes() == first, "the same bytes for the same search"
    if ending == "svg":
        assert b"var(--" not in first


def test_names_of_points_on_the_right_stay_within_the_picture() -> None:
    """The present rules lie at a capacity of 1,000 of 900 to 1,300; a copy lies at the end."""
    trials = (Trial(0, {}, 500.0, 5.0, 1300.0, 0.0), Trial(1, {}, 300.0, 5.0, 900.0, 0.0))
    ends = replace(result(), trials=trials, pareto=pareto_set(trials))
    for found, anchor in ((result(), "start"), (ends, "end")):
        text = pareto_picture(found, quote="USD").narrow
        name = re.search(r"<text[^>]*>present</text>", text)
        assert name is not None
        assert ("text-anchor: end" in name[0]) == (anchor == "end"), name[0]


@pytest.mark.parametrize(
    ("first", "step", "told"),
    [
        (22.5e6, 0.25e6, ["22.50m", "22.75m", "23.00m", "23.25m", "23.50m"]),
        (0.0, 250e3, ["0", "0.25m", "0.50m", "0.75m", "1.00m"]),
        (0.0, 50.0, ["0", "50", "100", "150", "200"]),
        (1.23e9, 5e6, ["1.230bn", "1.235bn", "1.240bn", "1.245bn", "1.250bn"]),
    ],
)
def test_even_ticks_are_told_by_all_their_digits(first, step, told):
    ticks = [first + place * step for place in range(5)]
    assert [stepped_number(tick, step, most=ticks[-1]) for tick in ticks] == told


def test_a_name_lies_where_the_front_does_not_pass():
    """The front leaves its own points upward; the others lie above it."""
    on_front = replace(result(), pareto=(1, 0, 2))
    beside = replace(result(), pareto=(1, 3))
    heights = []
    for found in (on_front, beside):
        text = pareto_picture(found, quote="USD").wide
        name = re.findall(r'<text[^>]*y="([\d.]+)"[^>]*>present</text>', text)
        heights.append(float(name[-1]))
        assert "fill: var(--paper)" in text
    assert heights[0] > heights[1] + 10, "below the point, and above it"
