"""Numbered input of one source put in order: each number taken once, none skipped unsaid.

A source counts what it sends. What comes again changes nothing; what comes early waits, within a
window, for what is missing; what is missing is told as a gap, to be fetched again. Nothing here
ever steps over a gap by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar

from trimtab.units import UsageError

T = TypeVar("T")


class Arrival(StrEnum):
    """What one numbered item is to those before it. The list is closed."""

    NEW = "new"  # the next one: taken, with those that waited for it
    DUPLICATE = "duplicate"  # taken before, or waiting already: changes nothing
    HELD = "held"  # early: waits for the gap before it
    BEYOND = "beyond"  # early and the window is full: dropped, comes again when the gap is fetched


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a source that are missing, both ends included."""

    first: int
    last: int


# Generic and slotted do not go together before Python 3.12: `Intake[str]()` would fail.
@dataclass(frozen=True)
class Intake(Generic[T]):
    """How far a source has been taken.

    Fields:
        last: number of the last item taken; None before the first, which may then have any number.
        window: how many early items may wait.
        waiting: early items by number.
    """

    last: int | None = None
    window: int = 1000
    waiting: Mapping[int, T] = field(default_factory=dict)


@dataclass(frozen=True)
class Sorted(Generic[T]):
    """What became of an item.

    Fields:
        intake: how far the source has been taken now.
        arrival: what the item was.
        ready: items to apply now, in order, with their numbers.
        gap: what is missing before the first item that waits; None where none waits.
    """

    intake: Intake[T]
    arrival: Arrival
    ready: tuple[tuple[int, T], ...] = ()
    gap: Gap | None = None


def take(intake: Intake[T], number: int, *, item: T) -> Sorted[T]:
    """Sort one numbered item of a source into new, duplicate, held or beyond the window."""
    last = number - 1 if intake.last is None else intake.last
    if number <= last or number in intake.waiting:
        return Sorted(intake, Arrival.DUPLICATE, gap=gap_of(intake))
    if number > last + 1 and len(intake.waiting) >= intake.window:
        before = min((number, *intake.waiting)) - 1
        return Sorted(intake, Arrival.BEYOND, gap=Gap(last + 1, before))
    waiting = {**intake.waiting, number: item}
    if number > last + 1:
        held = replace(intake, waiting=waiting)
        return Sorted(held, Arrival.HELD, gap=gap_of(held))
    return _drained(replace(intake, last=last, waiting=waiting), Arrival.NEW)


def skip_gap(intake: Intake[T]) -> Sorted[T]:
    """Give up what is missing before the first item that waits; the operator's decision.

    Raises:
        UsageError: nothing waits.
    """
    if not intake.waiting:
        raise UsageError("nothing waits behind a gap: there is none to skip")
    return _drained(replace(intake, last=min(intake.waiting) - 1), Arrival.NEW)


def gap_of(intake: Intake[T]) -> Gap | None:
    """What is missing before the first item that waits."""
    if intake.last is None or not intake.waiting:
        return None
    return Gap(intake.last + 1, min(intake.waiting) - 1)


def _drained(intake: Intake[T], arrival: Arrival) -> Sorted[T]:
    assert intake.last is not None, "a drained source has been taken up to a number"
    waiting, ready, last = dict(intake.waiting), [], intake.last
    while last + 1 in waiting:
        last += 1
        ready.append((last, waiting.pop(last)))
    drained = replace(intake, last=last, waiting=waiting)
    return Sorted(drained, arrival, ready=tuple(ready), gap=gap_of(drained))
