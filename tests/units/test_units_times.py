"""Time: exact to the nanosecond, UTC, strict about what it reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import NumberError, Time

BLACK_THURSDAY = Time(1_583_971_200_000_000_000)
FIRST = Time(-62135596800 * 10**9)
LAST = Time(253402300800 * 10**9 - 1)

times = st.integers(FIRST.raw, LAST.raw).map(Time)


@pytest.mark.parametrize(
    "text",
    [
        "2020-03-12T00:00:00Z",
        "2020-03-12 00:00:00",
        "2020-03-12",
        "2020-03-12T00:00",
        "2020-03-12T00:00Z",
        "2020-03-12T00:00:00.000000000Z",
        "2020-03-12T00:00:00+00:00",
        "2020-03-12 01:00:00+01:00",
        "2020-03-12 05:30:00+0530",
        "2020-03-11T16:00:00-08",
    ],
)
def test_every_accepted_form_names_the_same_instant(text):
    assert Time.parse(text) == BLACK_THURSDAY


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (1_000, "1970-01-01T00:00:00.000001Z"),
        (500_000_000, "1970-01-01T00:00:00.500Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (FIRST.raw, "0001-01-01T00:00:00Z"),
        (LAST.raw, "9999-12-31T23:59:59.999999999Z"),
        (951_782_400 * 10**9, "2000-02-29T00:00:00Z"),
    ],
)
def test_text_examples(raw, text):
    assert Time(raw).text() == text
    assert Time.parse(text).raw == raw


@given(times)
def test_text_then_parse_is_the_identity(time):
    assert Time.parse(time.text()) == time


@given(times, times)
def test_text_sorts_as_time_does_at_whole_seconds(a, b):
    a, b = (Time(t.raw // 10**9 * 10**9) for t in (a, b))
    assert (a < b) == (a.text() < b.text())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a time"),
        ("yesterday", "not a time; found 'yesterday'; expected an ISO 8601 time such as"),
        ("1583971200", "not a time"),
        ("12/03/2020", "not a time"),
        ("2020-3-12", "not a time"),
        ("2020-03-12T00:00:00Z ", "not a time"),
        ("2020-03-12T00:00:00z\n", "not a time"),
        ("2020-03-12T00:00:00.", "not a time"),
        ("2020-03-12T00:00.5", "not a time"),
        ("2020-03-12T00:00:00.0000000001Z", "not a time"),
        ("2020-03-12Z", "not a time"),
        ("٢٠٢٠-03-12", "not a time"),
        ("2020-02-30", "no such date"),
        ("2021-02-29", "no such date"),
        ("2020-13-01", "no such date"),
        ("0000-01-01", "no such date"),
        ("2020-03-12T24:00:00", "no such date or time"),
        ("2020-03-12T23:59:60", "no such date or time"),
        ("2020-03-12T00:00:00+24:00", "no such offset"),
        ("2020-03-12T00:00:00+00:60", "no such offset"),
        ("0001-01-01T00:00:00+01:00", "outside of years"),
        ("9999-12-31T23:59:59-01:00", "outside of years"),
    ],
)
def test_bad_times_are_refused(text, message):
    with pytest.raises(NumberError, match=message):
        Time.parse(text)


@given(times, st.integers(-(10**18), 10**18))
def test_later_by_and_difference_are_inverse(time, nanoseconds):
    if not FIRST.raw <= time.raw + nanoseconds <= LAST.raw:
        return
    assert time.later_by(nanoseconds) - time == nanoseconds
    assert (time.later_by(nanoseconds) > time) == (nanoseconds > 0)


def test_times_do_not_add():
    with pytest.raises(TypeError):
        BLACK_THURSDAY + BLACK_THURSDAY
    with pytest.raises(TypeError):
        BLACK_THURSDAY - 1


@pytest.mark.parametrize("raw", [FIRST.raw - 1, LAST.raw + 1, 0.0])
def test_times_outside_of_the_calendar_cannot_be_made(raw):
    with pytest.raises(AssertionError):
        Time(raw)
