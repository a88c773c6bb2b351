"""What pictures and bars are made of: fewer points but the same peaks, and parts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.cases import small_case
from trimtab.apps.report.bars import (
    DISTANCE_EDGES,
    PAYER_NAMES,
    PAYER_NOTES,
    bucket_names,
    distance_bars,
    health_bars,
    waterfalls,
)
from trimtab.apps.report.ends import Ends, Stand, ends_of
from trimtab.apps.report.shown import cell
from trimtab.apps.report.thinning import (
    MARKERS_MAX,
    POINTS_MAX,
    bins,
    column,
    heat,
    peaks,
    per_bin,
    times,
)
from trimtab.model import Payer
from trimtab.simulation import HEALTH_EDGES, ReplayRun, Sample, replay
from trimtab.units import WAD

floats = st.floats(-1e12, 1e12)


@pytest.fixture(scope="module")
def run() -> ReplayRun:
    return replay(small_case())


@pytest.fixture(scope="module")
def ends(run: ReplayRun) -> Ends:
    return ends_of(run)


@settings(max_examples=60)
@given(st.lists(floats, min_size=1, max_size=300), st.integers(2, 40))
def test_a_thinned_line_has_every_extreme_of_its_bins(values: list[float], most: int) -> None:
    line = np.array(values)
    kept = peaks(line, most)
    assert len(kept) <= max(most + 2, 2)
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert (kept[0], kept[-1]) == (0, len(line) - 1)
    assert {line[kept].min(), line[kept].max()} == {line.min(), line.max()}
    if len(line) <= most:
        assert kept.tolist() == list(range(len(line)))
        return
    for part in np.array_split(np.arange(len(line)), most // 2):
        shown = line[np.intersect1d(kept, part)]
        assert (shown.min(), shown.max()) == (line[part].min(), line[part].max())


@given(st.integers(1, 5000), st.integers(1, 400))
def test_bins_are_even_and_leave_no_step_out(steps: int, most: int) -> None:
    starts = bins(steps, most)
    assert len(starts) == min(steps, most)
    sizes = np.diff([*starts.tolist(), steps])
    assert starts[0] == 0
    assert sizes.sum() == steps
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), st.integers(1, 50))
def test_what_grew_in_a_bin_is_what_its_steps_added(growth: list[int], most: int) -> None:
    starts = bins(len(growth), most)
    found = per_bin(np.cumsum(np.array(growth, dtype=float)), starts)
    ends = [*starts.tolist()[1:], len(growth)]
    sums = [sum(growth[start:end]) for start, end in zip(starts.tolist(), ends, strict=True)]
    assert found.tolist() == sums


def test_limits_of_a_picture_are_those_that_the_page_tells() -> None:
    line = np.sin(np.arange(5 * POINTS_MAX))
    assert POINTS_MAX < len(peaks(line)) + 2 <= POINTS_MAX + 4
    assert len(bins(5 * POINTS_MAX)) == MARKERS_MAX


def test_a_column_that_is_missing_is_zeros(run: ReplayRun) -> None:
    assert column(run.metrics, "price_ETH").tolist()[:2] == [2000.0, 1990.0]
    assert column(run.metrics, "no such column").tolist() == [0.0] * 9


@given(st.lists(st.integers(0, 253_402_300_799), min_size=1, max_size=5))
def test_times_of_any_year_fit_an_axis(seconds: list[int]) -> None:
    found = times([second * 10**9 for second in seconds])
    assert found.astype("datetime64[s]").astype(int).tolist() == seconds


def sample(at_ns: int, price: float, *, at: Sequence[float], debt: Sequence[float]) -> Sample:
    ones = np.ones(len(debt))
    return Sample(at_ns, ones, np.array(debt), ones, np.array(at), price)


debts = st.lists(
    st.tuples(st.floats(1, 400) | st.just(float("nan")), st.integers(0, 10**6)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(debts)
def test_every_debt_stands_in_one_bar_of_distances(owed: list[tuple[float, int]]) -> None:
    at, debt = zip(*owed, strict=True)
    one = sample(0, 200.0, at=at, debt=[float(value) for value in debt])
    rows = distance_bars([one, one])
    assert len(rows) == len(DISTANCE_EDGES)
    for side in (0, 1):
        bars = [row.bars[side] for row in rows]
        assert sum(float(bar.value.exact) for bar in bars) == sum(debt)
        assert sum(bar.accounts for bar in bars) == sum(value > 0 for value in debt)
        assert max(bar.width for bar in bars) == (100.0 if any(debt) else 0.0)
    unsafe = sum(value for price, value in owed if price > 200.0)
    assert float(rows[0].bars[0].value.exact) == pytest.approx(unsafe)
    aside = sum(value for price, value in owed if price != price)
    assert float(rows[-1].bars[0].value.exact) == aside


@settings(max_examples=60)
@given(debts, st.integers(2, 40), st.integers(1, 30))
def test_a_heat_map_holds_no_more_than_is_owed(
    owed: list[tuple[float, int]], rows: int, columns: int
) -> None:
    at, debt = zip(*owed, strict=True)
    samples = [
        sample(step * 100, price, at=at, debt=[float(value) for value in debt])
        for step, price in enumerate((200.0, 150.0, 120.0, 180.0))
    ]
    grid = heat(samples, rows=rows, columns=columns)
    owing = [(price, value) for price, value in owed if value > 0 and price <= 1.04 * 200]
    assert (grid is None) == (not owing)
    if grid is None:
        return
    assert grid.debt.shape == (rows, min(columns, 3))
    assert (grid.debt >= 0).all()
    assert grid.low < 120.0 < 200.0 < grid.high
    total = sum(value for _, value in owing)
    assert (grid.debt.sum(axis=0) <= total * (1 + 1e-9)).all()
    assert (grid.debt.sum(axis=0) >= 0.979 * total).all()
    assert (grid.start_ns, grid.end_ns) == (0, 300)


def test_names_of_buckets_meet_at_their_edges() -> None:
    plain = [
        name.replace("\u2060", "").replace("\u00a0", "") for name in bucket_names(HEALTH_EDGES)
    ]
    assert plain == ["<1", "1–1.05", "1.05–1.1", "1.1–1.25", "1.25–1.5", "1.5–2", "2–3", "≥3"]
    assert len(plain) == len(HEALTH_EDGES)


def with_healths(ends: Ends, healths: Sequence[int | None]) -> Ends:
    stands = {
        f"a{place}": Stand(0, 0 if health is None else (place + 1) * WAD, health, False)
        for place, health in enumerate(healths)
    }
    return replace(ends, before=stands, after={})


def test_a_debt_at_an_edge_belongs_above_it(ends: Ends) -> None:
    """Debts of 1, 2, 3 ... in this order of health."""
    healths = [0, WAD - 1, WAD, 105 * WAD // 100, 3 * WAD - 1, 3 * WAD, 50 * WAD, None]
    rows = health_bars(with_healths(ends, healths))
    assert [row.bars[0].value.text for row in rows] == [
        *("3.00", "3.00", "4.00", "0", "0", "0", "5.00", "13.00")
    ]
    assert [row.bars[0].accounts for row in rows] == [2, 1, 1, 0, 0, 0, 1, 2]
    assert all(row.bars[1].value.text == "0" and row.bars[1].width == 0 for row in rows)
    assert [row.tint for row in rows] == [f"h{place}" for place in range(8)]


def test_the_smallest_debt_can_still_be_seen(ends: Ends) -> None:
    stands = {"big": Stand(0, 10**9 * WAD, WAD, False), "tiny": Stand(0, 1, 2 * WAD, False)}
    rows = health_bars(replace(ends, before=stands, after=stands))
    widths = {row.bars[0].value.text: row.bars[0].width for row in rows}
    assert widths == {"0": 0.0, "1,000,000,000": 100.0, "<0.01": 0.3}


payments = st.lists(st.integers(0, 10**30), min_size=len(Payer), max_size=len(Payer))


@settings(max_examples=60)
@given(payments, st.integers(1, 5))
def test_a_waterfall_ends_at_nothing_whoever_pays(
    run: ReplayRun, paid: list[int], larger: int
) -> None:
    def paying(times: int) -> ReplayRun:
        losses = {payer: part * times for payer, part in zip(Payer, paid, strict=True)}
        return replace(run, tally=replace(run.tally, loss_wad=losses))

    fall, other = waterfalls([("one", paying(1)), ("other", paying(larger))])
    total = sum(paid)
    assert fall.total.value.exact == cell(total).exact
    assert [step.name for step in fall.steps] == [PAYER_NAMES[payer] for payer in Payer]
    assert fall.steps[-1].remaining.text == "0"
    left = total
    for step, part in zip(fall.steps, paid, strict=True):
        left -= part
        assert step.bar.value.exact == cell(part).exact
        assert step.remaining.exact == cell(left).exact
        assert (step.bar.width > 0) == (part > 0)
        assert 0 <= step.bar.left <= 99.7
        assert step.bar.left + step.bar.width <= 100.31
    assert other.total.width == (100.0 if total else 0.0)
    assert fall.total.width == pytest.approx(other.total.width / larger, abs=0.31)


def test_every_payer_is_named_and_explained() -> None:
    assert set(PAYER_NAMES) == set(PAYER_NOTES) == set(Payer)
    assert len(set(PAYER_NAMES.values())) == len(Payer)
    assert waterfalls([]) == []
