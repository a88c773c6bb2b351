"""Log returns on one clock: gaps, bad prices, and the closed form of a first passage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.quant import barrier_ratio, hit_probability, return_panel
from trimtab.units import DataError, UsageError

HOUR_NS = 3600 * 10**9


def hours(*at):
    return [hour * HOUR_NS for hour in at]


def test_no_return_goes_across_a_gap():
    panel = return_panel(hours(0, 1, 2, 5, 6, 7), {"A": [1, 2, 4, 100, 200, 100]})
    assert panel.step_seconds == 3600
    np.testing.assert_allclose(np.exp(panel.log_returns[:, 0]), [2, 2, 2, 0.5])
    assert panel.follows.tolist() == [False, True, False, True]
    assert panel.last_price.tolist() == pytest.approx([100])
    assert panel.step_years == pytest.approx(1 / 8760)


def test_a_clock_that_trembles_is_one_clock():
    times = [
        hour * HOUR_NS + jitter for hour, jitter in zip(range(4), (0, 3, -2, 10**9), strict=True)
    ]
    assert len(return_panel(times, {"A": [1, 2, 3, 4]})) == 3


@pytest.mark.parametrize(
    ("times", "prices", "message"),
    [
        (hours(0), {"A": [1]}, "too short"),
        (hours(0, 1), {}, "too short"),
        (hours(0, 2, 1), {"A": [1, 2, 3]}, "row 2: time does not rise"),
        (hours(0, 1, 1), {"A": [1, 2, 3]}, "row 2: time does not rise"),
        (hours(0, 1), {"A": [1, 0]}, "row 1, column A: the price is no price; found '0.0'"),
        (hours(0, 1), {"A": [1, 2], "B": [np.nan, 1]}, "row 0, column B: the price is no price"),
        (hours(0, 1), {"A": [1, 2, 3]}, "another length"),
    ],
)
def test_what_is_no_history_is_refused(times, prices, message):
    with pytest.raises(DataError, match=message):
        return_panel(times, prices)


def test_a_step_that_is_not_there_is_refused():
    with pytest.raises(DataError, match=r"no two prices are one step apart.*expected 60 seconds"):
        return_panel(hours(0, 1, 2), {"A": [1, 2, 3]}, step_seconds=60)


REFERENCE = {
    (0.5, 5): (0.0000, 0.0018, 0.1426),
    (0.5, 10): (0.0001, 0.1548, 0.5083),
    (0.5, 20): (0.0788, 0.5156, 0.7638),
    (0.5, 50): (0.5659, 0.8326, 0.9224),
    (0.8, 3): (0.0000, 0.0004, 0.0983),
    (0.8, 5): (0.0000, 0.0545, 0.3797),
    (0.8, 10): (0.0174, 0.3836, 0.6945),
    (0.8, 20): (0.2753, 0.6917, 0.8589),
}


@pytest.mark.parametrize(("vol", "leverage"), REFERENCE)
def test_first_passage_of_a_long_position(vol, leverage):
    """A grid of leverage, volatility and 1, 7 and 30 days, half a percent maintenance margin."""
    ratio = barrier_ratio(leverage, maintenance=0.005)
    found = [hit_probability(ratio, vol_annual=vol, years=days / 365) for days in (1, 7, 30)]
    assert found == pytest.approx(REFERENCE[vol, leverage], abs=5e-5)


ratios = st.floats(0.2, 5.0)
vols = st.floats(0.05, 3.0)
times = st.floats(1e-4, 3.0)


@given(ratios, vols, times, st.floats(-2, 2))
def test_a_probability_that_rises_with_time_and_falls_with_looks(ratio, vol, years, drift):
    given = {"vol_annual": vol, "drift_annual": drift}
    found = hit_probability(ratio, years=years, **given)
    assert 0.0 <= found <= 1.0
    assert hit_probability(ratio, years=2 * years, **given) >= found - 1e-12
    assert hit_probability(ratio, years=years, watch_years=years / 50, **given) <= found + 1e-12


@given(ratios, vols, times)
def test_without_drift_of_the_logarithm_up_and_down_are_alike(ratio, vol, years):
    given = {"vol_annual": vol, "years": years, "drift_annual": vol**2 / 2}
    one, other = (hit_probability(r, **given) for r in (ratio, 1 / ratio))
    assert one == pytest.approx(other, abs=1e-12)
    # The reflection principle: twice the chance to end beyond.
    ends = math.erfc(abs(math.log(ratio)) / (vol * math.sqrt(2 * years)))
    assert one == pytest.approx(ends, abs=1e-12)


def test_barriers_of_long_and_short():
    assert barrier_ratio(10, maintenance=0.005) == pytest.approx(0.9 / 0.995)
    assert barrier_ratio(10, maintenance=0.005, is_long=False) == pytest.approx(1.1 / 1.005)
    assert hit_probability(1.0, vol_annual=0.5, years=1.0) == 1.0


@pytest.mark.parametrize(
    ("leverage", "maintenance"), [(1.0, 0.0), (0.5, 0.0), (10, 1.0), (10, -0.1)]
)
def test_positions_without_a_barrier_are_refused(leverage, maintenance):
    with pytest.raises(UsageError, match="no barrier"):
        barrier_ratio(leverage, maintenance=maintenance)


@pytest.mark.parametrize("bad", [{"vol_annual": 0.0}, {"years": -1.0}, {"watch_years": -1.0}])
def test_first_passage_out_of_range_is_refused(bad):
    with pytest.raises(UsageError, match="first passage"):
        hit_probability(0.9, **{"vol_annual": 0.5, "years": 1.0} | bad)
    with pytest.raises(UsageError, match="first passage"):
        hit_probability(0.0, vol_annual=0.5, years=1.0)
