"""What the front gives of one aim for another, where nothing betters the present rules."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.cases import small_case
from trimtab.simulation.stress.tuning import Trial, cheapest_trades, pareto_set

KEY = "assets.ETH.liquidation_bonus"
PRESENT = Trial(0, {KEY: "0.05"}, 100.0, 1.0, 1000.0, 40.0)


def trial(number: int, shortfall: float, capacity: float, fund: float = 40.0) -> Trial:
    return Trial(number, {KEY: f"0.0{number}"}, shortfall, 1.0, capacity, fund)


def trades_of(*trials: Trial) -> dict[tuple[str, str], tuple[int, float]]:
    every = [PRESENT, *trials]
    found = cheapest_trades(small_case(), every, front=pareto_set(every))
    return {(one.gains, one.costs): (one.trial.number, one.rate) for one in found}


def test_for_each_pair_the_best_rate_is_named() -> None:
    """More capacity: 300 for 10 (30 a unit) before 900 for 100 (9). Less risk: 5 for 10, not 60
    for 300.
    """
    found = trades_of(
        trial(1, 110.0, 1300.0), trial(2, 200.0, 1900.0), trial(3, 95.0, 990.0), trial(4, 40.0, 700)
    )
    assert found == {("capacity", "shortfall"): (1, 30.0), ("shortfall", "capacity"): (3, 0.5)}


def test_a_trade_costs_one_aim_alone() -> None:
    both = trial(1, 110.0, 1300.0, fund=60.0)
    assert trades_of(both) == {}
    dearer = trial(2, 50.0, 1000.0, fund=60.0)
    assert trades_of(both, dearer) == {("shortfall", "fund"): (2, 2.5)}
    two = trial(3, 99.0, 1010.0, fund=60.0)
    assert trades_of(two) == {("capacity", "fund"): (3, 0.5), ("shortfall", "fund"): (3, 0.05)}


def test_a_rounding_is_no_gain() -> None:
    assert trades_of(trial(1, 110.0, 1000.0 * (1 + 1e-12))) == {}
    assert trades_of() == {}


def test_a_trade_has_its_change_and_its_dry_run() -> None:
    every = [PRESENT, trial(4, 110.0, 1300.0)]
    (found,) = cheapest_trades(small_case(), every, front=pareto_set(every))
    (change,) = found.changes
    assert (change.key, change.present, change.proposed) == (KEY, "0.05", "0.04")
    assert found.rules.assets["ETH"].liquidation_bonus_wad == 4 * 10**16
    assert (found.gained, found.cost) == (300.0, 10.0)
    assert found.dry_run.refusal == ""


SMALL = st.integers(1, 6).map(float)


@given(st.lists(st.tuples(SMALL, SMALL, SMALL), max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_trial_of_the_front_has_a_better_rate(drawn: list[tuple[float, float, float]]) -> None:
    every = [Trial(n, {}, s, 1.0, c, f) for n, (s, c, f) in enumerate([(3.0, 3.0, 3.0), *drawn])]
    front = pareto_set(every)
    for found in cheapest_trades(small_case(), every, front=front):
        assert found.trial.number in front
        assert found.rate == found.gained / found.cost > 0.0
        for number in front:
            other = every[number]
            moved = {
                "capacity": other.capacity - 3.0,
                "shortfall": 3.0 - other.shortfall,
                "fund": 3.0 - other.fund,
            }
            gained, cost = moved.pop(found.gains), -moved.pop(found.costs)
            if cost > 0.0 and min(moved.values()) >= 0.0:
                assert gained / cost <= found.rate
