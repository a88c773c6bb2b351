"""The past that the pages draw: sampled in time, thinned, bounded, complete."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.service.dashboard.dashboard_service import crisis_service
from trimtab.apps.service.dashboard.history import (
    LEAST_S,
    POINTS_MAX,
    REACH,
    STEP,
    Column,
    History,
    Point,
    column_of,
    point_of,
)

SECOND = 10**9


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_point_is_the_venue_as_readers_see_it() -> None:
    board = crisis_service().board
    with board.reading() as reading:
        point = point_of(reading)
    assert point.totals["debt"] == pytest.approx(16_109_106.2258, rel=1e-6)
    assert point.totals["insurance"] == 10_000
    assert point.totals["leverage"] == pytest.approx(34_989_675.05 / 18_880_568.83, rel=1e-6)
    assert point.columns["ETH"].price == 195
    assert "USD" not in point.columns


def test_a_venue_that_stands_still_is_noted_once() -> None:
    clock = Seconds()
    history, board = History(monotonic_s=clock), crisis_service().board
    assert history.note(board)
    clock.now = 60
    assert not history.note(board)
    assert len(history.totals()) == len(history.heat("ETH")) == 1


def test_notes_wait_for_their_turn() -> None:
    clock = Seconds()
    history, board = History(monotonic_s=clock), crisis_service().board
    assert history.note(board)
    board._at_ns += SECOND
    board._current = None
    clock.now = LEAST_S / 2
    assert not history.note(board)
    clock.now = LEAST_S
    assert history.note(board)
    assert len(history.totals()) == 2
    assert len(history.totals(after_ns=board._at_ns - 1)) == 1
    assert history.heat("ETH", after_ns=board._at_ns) == []


def test_thinning_keeps_the_whole_past_at_a_bounded_size() -> None:
    history = History()
    for number in range(3000):
        history.points.append(Point(number * SECOND, {"debt": float(number)}, {}))
        if len(history.points) > POINTS_MAX:
            history._thin()
    times = [point.at_ns for point in history.points]
    assert len(times) <= POINTS_MAX
    assert times[0] == 0
    assert times[-1] >= 2990 * SECOND
    assert times == sorted(times)


def test_assets_without_a_column_have_no_map() -> None:
    history = History()
    history.points.append(Point(SECOND, {}, {"ETH": Column(100.0, 5, (1.0, 0.123456789))}))
    assert history.heat("WBTC") == []
    (column,) = history.heat("ETH")
    assert column["values"] == [1.0, 0.123457]
    assert column["as_of"] == "1970-01-01T00:00:01Z"


@given(
    price=st.floats(1e-6, 1e9),
    rows=st.lists(st.tuples(st.floats(0.001, 3.0), st.floats(0.0, 1e9)), max_size=30),
)
def test_columns_hold_what_is_within_reach_in_its_bin(
    price: float, rows: list[tuple[float, float]]
) -> None:
    ratio = np.array([row[0] for row in rows])
    value = np.array([row[1] for row in rows])
    column = column_of(price, ratio, value=value)
    near = np.abs(ratio - 1) <= REACH
    assert sum(column.values) == pytest.approx(float(value[near].sum()))
    for at, owed in zip(ratio[near], value[near], strict=True):
        place = int(np.floor(np.log(at * price) / np.log(STEP))) - column.first
        assert column.values[place] >= owed * (1 - 1e-9)
