"""No trial of a search leaves less between max_ltv and threshold than it has to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.simulation.cases import small_case
from tests.simulation.stress_engines import asked, falls
from trimtab.simulation.stress.tuning import (
    LEAST_BUFFER,
    Parameter,
    TuneQuestion,
    changed_rules,
    run_tuning,
)
from trimtab.simulation.stress.tuning.buffers import buffer_conflict, least_buffers
from trimtab.simulation.stress.tuning.parameters import in_order
from trimtab.units import WAD, UsageError

MAX_LTV, THRESHOLD = "assets.ETH.max_ltv", "assets.ETH.liquidation_threshold"
SPACE = (Parameter(MAX_LTV, "0.5", "0.9", "0.005"), Parameter(THRESHOLD, "0.6", "0.9", "0.005"))


def trials_of(space: tuple[Parameter, ...] = SPACE, **choices: str) -> list[Decimal | None]:
    """What each trial but the present rules leaves; None where it was refused."""
    case = small_case()
    question = TuneQuestion(asked(case, paths=16), 30, space, **choices)
    found = []
    for trial in run_tuning(question, engine=falls).trials[1:]:
        rules = changed_rules(case.rules, trial.values).assets["ETH"]
        left = Decimal(rules.liquidation_threshold_wad - rules.max_ltv_wad) / WAD
        found.append(None if trial.conflict else left)
    return found


@pytest.mark.parametrize("least", [LEAST_BUFFER, "0.05"])
def test_every_trial_leaves_the_least_buffer(least: str) -> None:
    left = [one for one in trials_of(least_buffer=least) if one is not None]
    assert len(left) > 20, "weights are brought down, not thrown away"
    assert min(left) >= Decimal(least)
    assert min(left) < Decimal(least) + Decimal("0.005"), "and no more than that is asked for"


def test_without_one_trials_come_closer() -> None:
    assert min(one for one in trials_of(least_buffer="0") if one is not None) < Decimal("0.02")


def test_a_threshold_alone_may_not_come_down_to_the_initial_weight() -> None:
    space = (Parameter(THRESHOLD, "0.6", "0.9", "0.005"),)
    left = trials_of(space)
    assert None in left, "there is no max_ltv to bring down: the values are refused"
    assert all(one is None or one >= Decimal(LEAST_BUFFER) for one in left)


def test_present_rules_that_leave_less_allow_as_little() -> None:
    rules = small_case().rules
    narrow = changed_rules(rules, {MAX_LTV: "0.80", THRESHOLD: "0.81"})
    buffers = least_buffers(narrow, "0.02")
    assert buffers["assets", "ETH"] == WAD // 100
    assert buffer_conflict(narrow, buffers) is None
    values = {MAX_LTV: "0.9", THRESHOLD: "0.7"}
    assert in_order(narrow, SPACE, values=values, buffers=buffers)[MAX_LTV] == "0.69"
    none = least_buffers(changed_rules(rules, {MAX_LTV: "0.8", THRESHOLD: "0.8"}), "0.02")
    assert none["assets", "ETH"] == 0


def test_categories_have_a_buffer_too() -> None:
    case = small_case()
    buffers = {("categories", name): 3 * WAD for name in case.rules.categories}
    assert (buffer_conflict(case.rules, buffers) is not None) == bool(case.rules.categories)
    assert (case.rules.quote, "assets") not in least_buffers(case.rules, "0.02")


@pytest.mark.parametrize("text", ["-0.01", "1", "x", "nan", ""])
def test_what_is_no_buffer_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="least buffer: found"):
        least_buffers(small_case().rules, text)
