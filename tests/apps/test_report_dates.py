"""The time axis of a picture: every span of a replay finds dates to show."""

import warnings

import pytest
from matplotlib.figure import Figure

from trimtab.apps.report.drawing import Shape, time_axis

HOURS = (0.2, 1, 2, 2.9, 3, 13, 23, 30, 36, 47, 49, 71, 100, 400, 1_500, 9_000)


@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize("ticks", [4, 5, 6, 8])
def test_every_span_has_dates_and_not_too_many(ticks: int, hours: float) -> None:
    panel = Figure(figsize=(5, 2)).add_subplot()
    begun = 19_723 + 7 / 1440
    panel.plot([begun, begun + hours / 24], [1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        time_axis([panel], Shape("wide", 700, 300, ticks), words="UTC")
        found = panel.xaxis.get_major_locator()()
    assert 1 <= len(found) <= ticks + 1
