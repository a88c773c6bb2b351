"""Numbered input in order: whatever comes twice, early or not at all, each number is taken once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.ingest import Arrival, Gap, Intake, gap_of, skip_gap, take
from trimtab.units import UsageError


def feed(intake: Intake[str], numbers: list[int]) -> tuple[Intake[str], list[int], list[Arrival]]:
    """What was taken, and what each item was."""
    taken: list[int] = []
    arrivals: list[Arrival] = []
    for number in numbers:
        done = take(intake, number, item=f"item {number}")
        assert all(item == f"item {at}" for at, item in done.ready)
        taken += [at for at, _ in done.ready]
        arrivals.append(done.arrival)
        intake = done.intake
    return intake, taken, arrivals


def test_numbers_in_order_are_taken_at_once() -> None:
    intake, taken, arrivals = feed(Intake(), [7, 8, 9])
    assert taken == [7, 8, 9]
    assert set(arrivals) == {Arrival.NEW}
    assert (intake.last, gap_of(intake)) == (9, None)


def test_a_duplicate_changes_nothing() -> None:
    intake, _, _ = feed(Intake(last=5), [6, 9])
    for number in (1, 6, 9):
        done = take(intake, number, item="again")
        assert (done.arrival, done.ready, done.intake) == (Arrival.DUPLICATE, (), intake)


def test_an_early_item_waits_and_its_gap_is_told() -> None:
    held = take(Intake(last=5), 9, item="9")
    assert (held.arrival, held.ready, held.gap) == (Arrival.HELD, (), Gap(6, 8))
    nearer = take(held.intake, 7, item="7")
    assert nearer.gap == Gap(6, 6)
    filled = take(nearer.intake, 6, item="6")
    assert filled.ready == ((6, "6"), (7, "7"))
    assert filled.gap == Gap(8, 8)
    assert take(filled.intake, 8, item="8").ready == ((8, "8"), (9, "9"))


def test_a_full_window_drops_what_is_early_and_takes_what_is_due() -> None:
    intake, taken, arrivals = feed(Intake(last=0, window=2), [3, 4, 5, 9])
    assert arrivals == [Arrival.HELD, Arrival.HELD, Arrival.BEYOND, Arrival.BEYOND]
    assert sorted(intake.waiting) == [3, 4]
    assert taken == []
    assert take(intake, 9, item="9").gap == Gap(1, 2)
    intake, taken, _ = feed(intake, [1, 2, 5, 6])
    assert taken == [1, 2, 3, 4, 5, 6]


def test_a_window_of_nothing_takes_only_what_is_due() -> None:
    _, taken, arrivals = feed(Intake(last=0, window=0), [2, 1, 2])
    assert arrivals == [Arrival.BEYOND, Arrival.NEW, Arrival.NEW]
    assert taken == [1, 2]
    assert take(Intake[str](last=0, window=0), 2, item="").gap == Gap(1, 1)


def test_a_gap_is_skipped_only_when_told_to() -> None:
    intake, _, _ = feed(Intake(last=0), [3, 4, 7])
    skipped = skip_gap(intake)
    assert [number for number, _ in skipped.ready] == [3, 4]
    assert skipped.gap == Gap(5, 6)
    with pytest.raises(UsageError, match="nothing waits"):
        skip_gap(Intake[str](last=4))


@given(
    st.lists(st.integers(1, 30), max_size=60),
    st.integers(0, 8),
)
def test_each_number_is_taken_once_and_in_order_whatever_comes(
    numbers: list[int], window: int
) -> None:
    intake, taken, arrivals = feed(Intake(last=0, window=window), numbers)
    assert taken == list(range(1, len(taken) + 1))
    assert len(intake.waiting) <= window
    assert set(intake.waiting) <= set(numbers)
    assert len(taken) + len(intake.waiting) == sum(
        arrival in (Arrival.NEW, Arrival.HELD) for arrival in arrivals
    )
    # Everything sent once more, in order, closes every gap.
    _, later, _ = feed(intake, list(range(1, 31)))
    assert taken + later == list(range(1, 31))
