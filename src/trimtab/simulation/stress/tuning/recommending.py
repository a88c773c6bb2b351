"""From trials to a recommendation: the Pareto set, a choice, its difference and its dry run."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.engine import MemoryStore, step
from trimtab.model import SINGLE, Case, Ramp, Rejected, RuleChange, Rules, RulesState, Table
from trimtab.model.commands import SetRules
from trimtab.simulation.standing import Standing, compare, standing
from trimtab.simulation.stress.tuning.parameters import (
    changed_rules,
    stored_value,
    target_of,
    value_text,
)
from trimtab.simulation.stress.tuning.results import DryRun, KeyChange, Recommendation, Trial

# Sections whose balances are paid in, not set.
_DEPOSITS = ("insurance", "backstop")


def pareto_set(trials: Sequence[Trial]) -> tuple[int, ...]:
    """Return the numbers of feasible trials that no other betters, by rising shortfall.

    One betters another where shortfall and fund are at most as high and capacity at least as high,
    and one of the three is better.
    """
    fine = [trial for trial in trials if trial.is_feasible]
    front = [one for one in fine if not any(_betters(other, one) for other in fine)]
    return tuple(one.number for one in sorted(front, key=lambda t: (t.shortfall, t.number)))


def recommended(
    case: Case, trials: Sequence[Trial], *, front: Sequence[int]
) -> Recommendation | None:
    """Return the trial to take, or None where the present rules are as good as any.

    Among the Pareto set, those that risk at most as much as the present rules on the same paths
    and need no larger fund; of these the one with the largest capacity. If it offers no more, the
    one that risks least at no less capacity.
    """
    present = trials[0]
    by_number = {trial.number: trial for trial in trials}
    safe = [
        by_number[n]
        for n in front
        if by_number[n].shortfall <= present.shortfall and by_number[n].fund <= present.fund
    ]
    more = [one for one in safe if one.capacity > present.capacity * (1.0 + 1e-9)]
    less = [
        one
        for one in safe
        if one.shortfall < present.shortfall and one.capacity >= present.capacity * (1.0 - 1e-9)
    ]
    if more:
        chosen = max(more, key=lambda one: (one.capacity, -one.shortfall))
        reason = "the largest borrow capacity that risks no more than the present rules"
    elif less:
        chosen = min(less, key=lambda one: one.shortfall)
        reason = "the least risk at no less borrow capacity than the present rules"
    else:
        return None
    rules = changed_rules(case.rules, chosen.values)
    changes = rules_diff(case.rules, chosen)
    return Recommendation(chosen, reason, changes, rules, dry_run(case, changes, rules=rules))


def rules_diff(rules: Rules, trial: Trial) -> tuple[KeyChange, ...]:
    """Return the keys whose values differ: what is, what shall be."""
    found = []
    for key, text in trial.values.items():
        target = target_of(rules, key)
        present = value_text(rules, key)
        same = present is not None and stored_value(target, present) == stored_value(target, text)
        if not same:
            found.append(KeyChange(key, present, text))
    return tuple(found)


def dry_run(case: Case, changes: Sequence[KeyChange], *, rules: Rules) -> DryRun:
    """Return what the engine says of a change, at the case's first prices.

    Refusal and ramps are those of `SetRules`, whose changes come all or none; who becomes
    liquidatable is asked under the new rules in force, as at the end of all ramps.
    """
    found = standing(case)
    told = [change for change in changes if change.key.split(".")[0] not in _DEPOSITS]
    paid = tuple(change.key for change in changes if change not in told)
    command = SetRules(found.as_of_ns, tuple(_commands(rules, told)), "recommended by tuning")
    refusal, ramps = _asked(found, command) if told else ("", ())
    return DryRun(refusal, ramps, paid, tuple(compare(found, rules)))


def _asked(found: Standing, command: SetRules) -> tuple[str, tuple[Ramp, ...]]:
    assert isinstance(found.store, MemoryStore)
    outcome = step(found.store, command)
    if isinstance(outcome, Rejected):
        said = ", ".join(f"{name} {value}" for name, value in outcome.data.items())
        return f"{outcome.reason}: {said}", ()
    state = outcome.changes[Table.RULES, SINGLE]
    assert isinstance(state, RulesState)
    return "", state.ramps


def _commands(rules: Rules, changes: Sequence[KeyChange]) -> list[RuleChange]:
    """The changes as commands, with the liquidation end that goes along with its threshold."""
    found = []
    for change in changes:
        target = target_of(rules, change.key)
        stored = stored_value(target, change.proposed)
        found.append(RuleChange(target.section, target.name, target.field, stored))
        if target.section == "assets" and target.field == "liquidation_threshold_wad":
            end = rules.assets[target.name].liquidation_end_wad
            found.append(RuleChange("assets", target.name, "liquidation_end_wad", end))
    return found


def _betters(one: Trial, other: Trial) -> bool:
    no_worse = (
        one.shortfall <= other.shortfall
        and one.capacity >= other.capacity
        and one.fund <= other.fund
    )
    return no_worse and (one.shortfall, one.capacity, one.fund) != (
        other.shortfall,
        other.capacity,
        other.fund,
    )
