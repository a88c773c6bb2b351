"""The search for rules: same paths, sound rules, a front, a difference, and its dry run."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.simulation.cases import small_case
from tests.simulation.stress_engines import asked, table_of
from trimtab.adapters.executors import ThreadExecutor
from trimtab.adapters.files import study_storage
from trimtab.kernels.clearing.outcomes import outcomes_of
from trimtab.simulation.stress import capacity_of
from trimtab.simulation.stress.tuning import (
    Borrowers,
    Parameter,
    Trial,
    TuneQuestion,
    case_under,
    changed_rules,
    default_space,
    dry_run,
    pareto_set,
    rules_diff,
    run_tuning,
)
from trimtab.simulation.stress.tuning.parameters import (
    conflict_of,
    in_order,
    value_text,
    violations,
)
from trimtab.units import WAD, RulesError, UsageError, float_of

SPACE = (
    Parameter("assets.ETH.max_ltv", "0.5", "0.9", "0.01"),
    Parameter("assets.ETH.liquidation_threshold", "0.6", "0.95", "0.01"),
    Parameter("assets.ETH.liquidation_bonus", "0.01", "0.15", "0.01"),
)


@dataclass(frozen=True)
class LtvEngine:
    """Loses the debt times what a fall leaves uncovered at the threshold and bonus of ETH."""

    assets: tuple[str, ...]
    debt: float
    edge: float

    def __call__(self, prices, first_path):
        eth = self.assets.index("ETH")
        fall = 1.0 - prices[:, :, eth].min(axis=1) / prices[:, 0, eth]
        loss = self.debt * np.maximum(fall - self.edge, 0.0)
        table = table_of(len(prices), bad_debt=loss, socialized=loss)
        none = np.zeros((len(prices), len(self.assets)))
        return outcomes_of(table, none, assets=self.assets, first_path=first_path)


def by_ltv(question, grid, *, feedback):
    del feedback
    eth = question.case.rules.assets["ETH"]
    spared = eth.liquidation_threshold_wad / WAD * (1 + eth.liquidation_bonus_wad / WAD)
    return LtvEngine(grid.assets, capacity_of(question.case).debt, 1.0 - spared)


def search(trials=24, *, case=None, space=SPACE, storage=None, **choices):
    stress = asked(case or small_case(), paths=64, **choices)
    return run_tuning(TuneQuestion(stress, trials, space), engine=by_ltv, storage=storage)


@pytest.fixture(scope="module")
def found():
    return search(120)


def test_the_first_trial_is_the_present_rules(found):
    rules = small_case().rules
    assert found.present.number == 0
    for key, text in found.present.values.items():
        assert value_text(rules, key) == text
    assert found.present.capacity == pytest.approx(capacity_of(small_case()).borrow_capacity)
    assert len(found.trials) == 120
    assert found.is_whole


def test_trials_that_cannot_be_rules_never_reach_the_front(found):
    bad = [trial for trial in found.trials if not trial.is_feasible]
    assert bad, "the ranges allow a threshold x (1 + bonus) above 1"
    assert not {trial.number for trial in bad} & set(found.pareto)
    for trial in bad:
        assert trial.conflict.startswith("assets.ETH.")


def test_nothing_on_the_front_is_bettered(found):
    front = [found.trials[n] for n in found.pareto]
    assert len(front) > 2
    shortfalls = [one.shortfall for one in front]
    capacities = [one.capacity for one in front]
    assert shortfalls == sorted(shortfalls)
    assert capacities == sorted(capacities), "more risk is taken for more room alone"


def test_the_recommendation_betters_the_present_rules(found):
    chosen = found.recommendation
    assert chosen is not None
    assert chosen.trial.shortfall <= found.present.shortfall
    assert chosen.trial.capacity >= found.present.capacity
    assert chosen.changes
    for change in chosen.changes:
        assert change.present == value_text(small_case().rules, change.key)
        assert value_text(chosen.rules, change.key) == change.proposed
    assert conflict_of(chosen.rules) is None


def test_the_document_is_plain_json(found):
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["schema"] == "trimtab.tune/1"
    assert len(document["trials"]) == 120
    assert document["recommendation"]["dry_run"].keys() >= {"refusal", "ramps"}
    assert "rules" not in document["recommendation"]


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_a_search_that_was_interrupted_ends_as_one_that_was_not(found, tmp_path, kind):
    place = tmp_path / "study.log" if kind == "journal" else f"sqlite:///{tmp_path}/study.db"
    first = search(9, storage=study_storage(place))
    assert first.trials == found.trials[:9]
    whole = search(22, storage=study_storage(place))
    assert whole.trials == found.trials[:22]


def test_a_study_of_another_search_is_refused(tmp_path):
    search(2, storage=study_storage(tmp_path / "study.log"))
    with pytest.raises(UsageError, match=r"^the study is of another search: other rules, book"):
        search(2, storage=study_storage(tmp_path / "study.log"), seed=9)


def test_interrupting_keeps_the_trials_made(found):
    class Impatient:
        workers = 1

        def __init__(self):
            self.runs = 0

        def run(self, task, items):
            self.runs += 1
            if self.runs > 3:
                raise KeyboardInterrupt
            for place, item in enumerate(items):
                yield place, task(item)

    stress = asked(small_case(), paths=64)
    part = run_tuning(TuneQuestion(stress, 120, SPACE), engine=by_ltv, executor=Impatient())
    assert not part.is_whole
    assert 3 <= len(part.trials) < 120
    assert part.trials == found.trials[: len(part.trials)]


def test_threads_change_no_trial(found):
    stress = asked(small_case(), paths=64, batch_paths=16)
    threads = run_tuning(TuneQuestion(stress, 6, SPACE), engine=by_ltv, executor=ThreadExecutor(2))
    assert threads.trials == found.trials[:6]


def test_looser_rules_let_borrowers_owe_more():
    case = small_case()
    looser = changed_rules(case.rules, {"assets.ETH.max_ltv": "0.82"})
    former = case.rules.assets["ETH"].max_ltv_wad
    same = case_under(case, looser, borrowers=Borrowers.SAME_SHARE)
    only = [r.account for r in case.book if r.instrument == "ETH" and r.quantity > 0]
    for before, after in zip(case.book, same.book, strict=True):
        held = [r.instrument for r in case.book if r.account == before.account and r.quantity > 0]
        if before.quantity < 0 and held == ["ETH"]:
            expected = -(-before.quantity * 82 * 10**16 // former)
            assert abs(after.quantity - expected) <= 1
    assert only
    assert capacity_of(same).used == pytest.approx(capacity_of(case).used, rel=0.05)
    fixed = case_under(case, looser, borrowers=Borrowers.FIXED)
    assert fixed.book == case.book


def test_keys_become_values_and_back():
    rules = small_case().rules
    changed = changed_rules(
        rules,
        {
            "assets.ETH.liquidation_threshold": "0.81",
            "assets.USD.borrow_cap": "1234.5",
            "liquidation.target_health": "1.1",
            "insurance.balance": "99.25",
        },
    )
    assert changed.assets["ETH"].liquidation_threshold_wad == 81 * 10**16
    assert changed.assets["ETH"].liquidation_end_wad == 81 * 10**16, "it was the threshold"
    assert value_text(changed, "assets.USD.borrow_cap") == "1234.5"
    assert float_of(changed.insurance.balance_wad, 18) == 99.25
    assert changed.assets["BTC"] == rules.assets["BTC"]


@pytest.mark.parametrize("key", ["assets.DOGE.max_ltv", "assets.ETH.name", "venue", "a.b.c.d", ""])
def test_keys_that_are_no_numbers_are_refused(key):
    with pytest.raises(RulesError, match="there is no such number to tune"):
        TuneQuestion(asked(small_case()), 5, (Parameter(key, "0", "1", "0.1"),))


def test_ranges_and_counts_are_checked():
    with pytest.raises(UsageError, match="low below high"):
        Parameter("assets.ETH.max_ltv", "0.9", "0.5", "0.1")
    with pytest.raises(RulesError, match=r"key assets.ETH.max_ltv: the value is out of the key's"):
        TuneQuestion(asked(small_case()), 5, (Parameter("assets.ETH.max_ltv", "0", "2", "0.1"),))
    with pytest.raises(UsageError, match="each once"):
        TuneQuestion(asked(small_case()), 5, (SPACE[0], SPACE[0]))
    with pytest.raises(UsageError, match=r"^trials: found 1, expected from 2 to 100,000$"):
        TuneQuestion(asked(small_case()), 1, SPACE)


def test_the_default_space_is_of_what_borrowers_hold():
    keys = [parameter.key for parameter in default_space(small_case())]
    assert "assets.ETH.liquidation_threshold" in keys
    assert "liquidation.target_health" in keys or "liquidation.close_factor" in keys
    for parameter in default_space(small_case()):
        text = value_text(small_case().rules, parameter.key)
        assert float(parameter.low) <= float(text) <= float(parameter.high)


def test_weights_out_of_order_are_brought_down_not_thrown_away(found):
    rules = small_case().rules
    values = {"assets.ETH.max_ltv": "0.9", "assets.ETH.liquidation_threshold": "0.777"}
    ordered = in_order(rules, SPACE, values=values)
    assert ordered == {**values, "assets.ETH.max_ltv": "0.77"}
    fine = {"assets.ETH.max_ltv": "0.6", "assets.ETH.liquidation_threshold": "0.7"}
    assert in_order(rules, SPACE, values=fine) == fine
    for trial in found.trials:
        least = trial.values["assets.ETH.liquidation_threshold"]
        assert float(trial.values["assets.ETH.max_ltv"]) <= float(least)


def test_the_toxic_spiral_is_a_violation():
    rules = small_case().rules
    spiral = changed_rules(
        rules,
        {"assets.ETH.liquidation_threshold": "0.95", "assets.ETH.liquidation_bonus": "0.06"},
    )
    assert violations(spiral)["ETH: no toxic spiral"] == pytest.approx(0.95 * 1.06 - 1)
    assert conflict_of(spiral) is not None
    edge = changed_rules(
        rules,
        {"assets.ETH.liquidation_threshold": "0.8", "assets.ETH.liquidation_bonus": "0.25"},
    )
    assert conflict_of(edge) is not None, "LTV (1 + bonus) = 1 spirals too"
    assert max(violations(rules).values()) <= 0.0


def trial(number, shortfall, capacity, **more):
    return Trial(number, {}, shortfall, 0.0, capacity, more.get("fund", 0.0), more.get("bad", ""))


def test_the_front_by_hand():
    trials = [
        trial(0, 5.0, 10.0),
        trial(1, 5.0, 11.0),
        trial(2, 1.0, 2.0),
        trial(3, 6.0, 10.5),
        trial(4, 0.0, 99.0, bad="no rules"),
        trial(5, 5.0, 10.0, fund=-1.0),
    ]
    assert pareto_set(trials) == (2, 1, 5)


def test_the_dry_run_shows_refusals_ramps_and_who_falls():
    case = small_case()
    lower = replace(trial(1, 0.0, 0.0), values={"assets.ETH.liquidation_threshold": "0.81"})
    changes = rules_diff(case.rules, lower)
    assert [(c.key, c.proposed) for c in changes] == [("assets.ETH.liquidation_threshold", "0.81")]
    found = dry_run(case, changes, rules=changed_rules(case.rules, lower.values))
    assert found.refusal == ""
    ramp = next(r for r in found.ramps if r.field == "liquidation_threshold_wad")
    assert (ramp.target, ramp.name) == (81 * 10**16, "ETH")
    assert ramp.end_s > ramp.start_s
    steep = {"assets.ETH.liquidation_threshold": "0.3", "assets.ETH.max_ltv": "0.2"}
    deep = replace(trial(1, 0.0, 0.0), values=steep)
    found = dry_run(
        case, rules_diff(case.rules, deep), rules=changed_rules(case.rules, deep.values)
    )
    assert found.newly_liquidatable, "a third of the threshold leaves borrowers unsafe"
    fund = replace(trial(1, 0.0, 0.0), values={"insurance.balance": "123456"})
    found = dry_run(
        case, rules_diff(case.rules, fund), rules=changed_rules(case.rules, fund.values)
    )
    assert found.by_deposit == ("insurance.balance",)


def test_a_tuned_fund_is_a_third_aim():
    space = (*SPACE[1:2], Parameter("insurance.balance", "0", "1000", "100"))
    result = search(6, space=space)
    assert len({one.fund for one in result.trials}) > 1
    assert result.present.fund == float_of(small_case().rules.insurance.balance_wad, 18)
