"""Whatever a journal holds, reading it answers or says damage; feeds arrive in any order."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.model.ingest import Arrival, Gap, Intake, skip_gap, take
from trimtab.model.journal_entries import Entry, JournalDamagedError, Tip, command_of
from trimtab.model.state_text import decode_state

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "at_ns", "account", "prices", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
HOSTILE = [
    *("", "[]", "null", "1", '"x"', "{}", '{"kind":[]}', '{"kind":{}}', '{"kind":"deposit"}'),
    *("NaN", "[" * 100_000, '{"a":' * 50_000, '{"kind":"set_prices","at_ns":1,"prices":5}'),
    *('{"kind":"deposit","at_ns":"1","account":[],"asset":1,"amount":null}', "\ud800", "1" * 5000),
]


def entry(command: str) -> Entry:
    return Entry(1, 0, "", None, command, "", "[]")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_that_is_no_command_is_damage(text: str) -> None:
    with pytest.raises(JournalDamagedError, match="entry 1 holds no command"):
        command_of(entry(text))


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_json_that_no_command_wrote_is_damage(drawn: object) -> None:
    with pytest.raises(JournalDamagedError):
        command_of(entry(json.dumps(drawn)))


@settings(max_examples=60, deadline=None)
@given(st.lists(JSON, max_size=3), st.sampled_from(["account", "pool", "venue", "rules", "x"]))
def test_a_state_that_nobody_wrote_is_damage(drawn: list[object], table: str) -> None:
    lines = [[table, *drawn]]
    text = ",".join(json.dumps(part) for part in [[1], *lines])
    with pytest.raises(JournalDamagedError):
        decode_state(zlib.compress(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "[1]," + "[" * 100_000,
        '[1],["account",[],{}]',
        '[1],["account",5,{"key":"a"}]',
        '[1],[{},"k",{}]',
        '[1],["account","k",[]]',
        '[1],["account","k",null]',
        '[1],["account","k",{"key":"k"}],["account","k",{"key":"k"}]',
    ],
    ids=range(7),
)
def test_lines_of_the_wrong_shape_are_damage(text: str) -> None:
    with pytest.raises(JournalDamagedError, match="not readable"):
        decode_state(zlib.compress(text.encode()))


@settings(max_examples=80, deadline=None)
@given(
    st.permutations(range(5, 17)),
    st.lists(st.integers(0, 16), max_size=10),
    st.integers(0, 20),
    st.randoms(use_true_random=False),
)
def test_in_any_order_each_number_is_taken_once_and_in_turn(order, again, window, chance) -> None:
    """What was beyond the window is sent again, until nothing is missing."""
    intake: Intake[str] = Intake(last=4, window=window)
    sent, taken = [*order, *again], []
    chance.shuffle(sent)
    for _ in range(20):
        later = []
        for number in sent:
            before = intake
            found = take(intake, number, item=f"n{number}")
            intake = found.intake
            assert len(intake.waiting) <= window
            assert (found.ready != ()) == (found.arrival is Arrival.NEW)
            if found.arrival is Arrival.DUPLICATE:
                assert intake is before
                assert number <= intake.last or number in intake.waiting
            if found.arrival is Arrival.BEYOND:
                later.append(number)
                assert found.gap is not None
                assert found.gap.first == intake.last + 1 <= found.gap.last < number
            taken += found.ready
        sent = later
    assert taken == [(number, f"n{number}") for number in range(5, 17)]
    assert intake == Intake(last=16, window=window)


def test_skipping_gap_after_gap_takes_all_that_waits() -> None:
    intake: Intake[int] = Intake(last=0)
    for number in (3, 9, 4, 7):
        intake = take(intake, number, item=number).intake
    gaps, taken = [], []
    while intake.waiting:
        found = skip_gap(intake)
        intake = found.intake
        gaps.append(found.gap)
        taken += [number for number, _ in found.ready]
    assert gaps == [Gap(5, 6), Gap(8, 8), None]
    assert taken == [3, 4, 7, 9]
    assert entry("x").tip == Tip(1, "")
