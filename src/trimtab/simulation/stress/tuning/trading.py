"""Where nothing betters the present rules: what the front would give of one aim for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trimtab.model import Case
from trimtab.simulation.stress.tuning.parameters import changed_rules
from trimtab.simulation.stress.tuning.recommending import dry_run, rules_diff
from trimtab.simulation.stress.tuning.results import Trade, Trial

# How much better than the present rules a trial is in each aim, in the quote; below 0: worse.
_GAINS: Final[dict[str, Callable[[Trial, Trial], float]]] = {
    "capacity": lambda trial, present: trial.capacity - present.capacity,
    "shortfall": lambda trial, present: present.shortfall - trial.shortfall,
    "fund": lambda trial, present: present.fund - trial.fund,
}
# Differences within this share of what they are of are roundings.
_ALIKE: Final = 1e-9


def cheapest_trades(
    case: Case, trials: Sequence[Trial], *, front: Sequence[int]
) -> tuple[Trade, ...]:
    """Return, for each pair of aims, the trial that gains most of one per unit of the other.

    A trade gains in one aim against the present rules, costs in one other, and costs nothing in the
    third. No aim is weighed against another: the rate is what the trial gives, quote for quote.

    Args:
        trials: all, the first of them the present rules. front: numbers of the Pareto set.

    Returns:
        At most one trade a pair, capacity for shortfall first; none where the front has none.
    """
    present = trials[0]
    by_number = {trial.number: trial for trial in trials}
    others = [by_number[number] for number in front if number != present.number]
    found = []
    for gains in _GAINS:
        for costs in _GAINS:
            rates = [(_rate(one, present, gains=gains, costs=costs), one) for one in others]
            sold = [(rate, -one.number, one) for rate, one in rates if rate is not None]
            if gains != costs and sold:
                found.append(_trade(case, max(sold)[2], present=present, gains=gains, costs=costs))
    return tuple(found)


def _rate(trial: Trial, present: Trial, *, gains: str, costs: str) -> float | None:
    """What a trial gains of one aim for each unit that it costs of another; None: no such trade."""
    moved = {aim: _moved(trial, present, aim=aim) for aim in _GAINS}
    third = next((aim for aim in _GAINS if aim not in (gains, costs)), gains)
    if moved[gains] <= 0.0 or moved[costs] >= 0.0 or moved[third] < 0.0:
        return None
    return moved[gains] / -moved[costs]


def _moved(trial: Trial, present: Trial, *, aim: str) -> float:
    found = _GAINS[aim](trial, present)
    size = max(abs(float(getattr(trial, aim))), abs(float(getattr(present, aim))))
    return 0.0 if abs(found) <= _ALIKE * size else found


def _trade(case: Case, trial: Trial, *, present: Trial, gains: str, costs: str) -> Trade:
    gained, cost = _moved(trial, present, aim=gains), -_moved(trial, present, aim=costs)
    rules, changes = changed_rules(case.rules, trial.values), rules_diff(case.rules, trial)
    dry = dry_run(case, changes, rules=rules)
    return Trade(trial, gains, costs, gained, cost, gained / cost, changes, rules, dry)
