"""Actions of operators are bound to one another: none can be changed, left out or moved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.journal_chains import actions_of
from trimtab.model.journal_entries import JournalDamagedError, Tip
from trimtab.model.operator_actions import (
    OperatorAction,
    action_after,
    checked_actions,
    follows,
)

ACTIONS = actions_of(6)


def test_actions_follow_one_another() -> None:
    assert list(checked_actions(ACTIONS)) == ACTIONS
    assert [action.number for action in ACTIONS] == [1, 2, 3, 4, 5, 6]
    assert list(checked_actions([])) == []
    assert follows(Tip(), ACTIONS[0])
    assert follows(ACTIONS[2].tip, ACTIONS[3])
    assert not follows(ACTIONS[1].tip, ACTIONS[3])


@pytest.mark.parametrize(
    "change",
    [
        {"at_ns": 5},
        {"who": "boris"},
        {"role": "read"},
        {"action": "resume"},
        {"about": "{}"},
        {"result": "nothing"},
        {"chain": "0" * 64},
        {"number": 4},
    ],
)
def test_a_change_of_any_field_shows(change: dict[str, object]) -> None:
    changed = [*ACTIONS[:2], replace(ACTIONS[2], **change), *ACTIONS[3:]]
    whole = checked_actions(changed)
    assert [next(whole), next(whole)] == ACTIONS[:2]
    with pytest.raises(JournalDamagedError, match="action 3 of the audit trail is missing"):
        next(whole)


@pytest.mark.parametrize(
    ("order", "number"), [([0, 2, 3], 2), ([1, 2], 1), ([0, 2, 1], 2), ([0, 0], 2)]
)
def test_what_is_left_out_moved_or_doubled_shows(order: list[int], number: int) -> None:
    with pytest.raises(JournalDamagedError, match=f"action {number} of"):
        list(checked_actions(ACTIONS[place] for place in order))


@given(st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.text() | st.integers()))
def test_texts_of_any_kind_are_bound(
    who: str, action: str, result: str, about: dict[str, str | int]
) -> None:
    """Where one text ends and the next begins is part of what is bound."""

    def made(*texts: str) -> OperatorAction:
        named = {"who": texts[0], "role": "admin", "about": about, "result": texts[2]}
        return action_after(Tip(), texts[1], at_ns=7, **named)

    done = made(who, action, result)
    assert follows(Tip(), done)
    assert "\n" not in done.about
    assert made(who + action, "", result).chain != done.chain or not action
    assert made(who, action + result, "").chain != done.chain or not result
