"""Tuning: ranges and places, values in any order, the front against all pairs, scaled books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.cases import small_case, with_liquidation
from trimtab.model import Sizing
from trimtab.simulation.stress import capacity_of
from trimtab.simulation.stress.tuning import (
    Borrowers,
    Parameter,
    Trial,
    case_under,
    changed_rules,
    default_space,
    pareto_set,
    rules_diff,
)
from trimtab.simulation.stress.tuning.parameters import in_order, value_text, violations
from trimtab.simulation.stress.tuning.recommending import recommended
from trimtab.units import WAD, RulesError, UsageError

ETH = "assets.ETH"


@given(
    low=st.integers(-50, 50), steps=st.integers(1, 60), size=st.integers(1, 999), cut=st.integers(0)
)
@settings(max_examples=60, deadline=None)
def test_places_are_the_values_of_a_range_and_back(low, steps, size, cut):
    """With or without a rest: the last value is the last whole step, never above the highest."""
    step = Decimal(size) / 1000
    begin = Decimal(low) / 10
    high = begin + steps * step + step * (cut % 10) / 10
    parameter = Parameter("k", str(begin), str(high), str(step))
    assert parameter.places == steps
    for place in {0, 1, steps // 2, steps}:
        text = parameter.text(place)
        assert Decimal(text) == begin + place * step <= high
        assert "E" not in text
        assert parameter.place_of(text) == place
    assert parameter.place_of(str(begin - 1)) == 0
    assert parameter.place_of(str(high + 1)) == steps


@pytest.mark.parametrize(
    ("low", "high", "step"),
    [
        ("0", "inf", "1"),
        ("-Infinity", "0", "1"),
        ("0", "1", "nan"),
        ("nan", "1", "0.1"),
        ("0", "1", "0"),
        ("0", "1", "-0.1"),
        ("0", "1", "1.1"),
        ("1", "1", "0.1"),
        ("a", "1", "0.1"),
        ("0", "", "0.1"),
    ],
)
def test_ranges_that_are_none_are_refused_by_their_key(low, high, step):
    with pytest.raises(UsageError, match=r"^assets.ETH.max_ltv: found .* expected decimal"):
        Parameter("assets.ETH.max_ltv", low, high, step)


VALUES = {
    f"{ETH}.liquidation_threshold": "0.85",
    f"{ETH}.liquidation_end": "0.82",
    f"{ETH}.max_ltv": "0.7",
    f"{ETH}.liquidation_bonus": "0.06",
}


@pytest.mark.parametrize("keys", list(permutations(VALUES))[::5])
def test_values_mean_the_same_in_any_order(keys):
    """An end that is given is taken, whether its threshold comes after or before."""
    rules = changed_rules(small_case().rules, {key: VALUES[key] for key in keys})
    assert {key: value_text(rules, key) for key in VALUES} == VALUES


def test_an_end_that_is_not_given_keeps_its_distance():
    rules = small_case().rules
    apart = replace(rules.assets["ETH"], liquidation_end_wad=77 * WAD // 100)
    rules = replace(rules, assets={**rules.assets, "ETH": apart})
    for threshold, end in (("0.9", "0.87"), ("0.8", "0.77"), ("0.03", "0"), ("0.01", "0")):
        changed = changed_rules(rules, {f"{ETH}.liquidation_threshold": threshold})
        assert value_text(changed, f"{ETH}.liquidation_end") == end
        assert changed.assets["BTC"] == rules.assets["BTC"]


@given(threshold=st.integers(60, 95), weight=st.integers(50, 95))
@settings(max_examples=40, deadline=None)
def test_weights_put_in_order_keep_the_bound_and_move_no_more_than_they_must(threshold, weight):
    space = (Parameter(f"{ETH}.max_ltv", "0.5", "0.95", "0.01"),)
    values = {f"{ETH}.max_ltv": f"0.{weight}", f"{ETH}.liquidation_threshold": f"0.{threshold}"}
    found = in_order(small_case().rules, space, values=values)
    taken = Decimal(found[f"{ETH}.max_ltv"])
    assert taken == min(Decimal(weight), Decimal(threshold)) / 100
    assert in_order(small_case().rules, space, values=found) == found
    assert (
        violations(changed_rules(small_case().rules, found))["ETH: initial at most maintenance"]
        <= 0.0
    )


SMALL = st.integers(0, 3).map(float)


@given(st.lists(st.tuples(SMALL, SMALL, SMALL, st.booleans()), max_size=9))
@settings(max_examples=80, deadline=None)
def test_the_front_is_who_is_bettered_by_nobody(drawn):
    trials = [
        Trial(number, {}, risk, 0.0, room, fund, "no" if bad else "")
        for number, (risk, room, fund, bad) in enumerate(drawn)
    ]
    points = {t.number: (t.shortfall, -t.capacity, t.fund) for t in trials if not t.conflict}
    front = pareto_set(trials)
    for number, own in points.items():
        better = [
            other
            for other in points.values()
            if other != own and all(a <= b for a, b in zip(other, own, strict=True))
        ]
        assert (number in front) == (not better)
    assert set(front) <= set(points)
    assert list(front) == sorted(front, key=lambda n: (trials[n].shortfall, n))


def test_present_rules_as_good_as_any_are_kept():
    case = small_case()
    present = Trial(0, {}, 5.0, 0.1, 100.0, 40.0)
    worse = Trial(1, {}, 6.0, 0.1, 200.0, 40.0)
    dearer = Trial(2, {}, 1.0, 0.1, 300.0, 50.0)
    for trials in ([present], [present, worse], [present, worse, dearer]):
        assert recommended(case, trials, front=pareto_set(trials)) is None
    safer = Trial(3, {f"{ETH}.liquidation_bonus": "0.04"}, 4.0, 0.1, 100.0, 40.0)
    trials = [present, worse, dearer, safer]
    chosen = recommended(case, trials, front=pareto_set(trials))
    assert chosen is not None
    assert chosen.trial is safer
    assert [(c.key, c.present, c.proposed) for c in chosen.changes] == [
        (f"{ETH}.liquidation_bonus", "0.05", "0.04")
    ]


def test_the_same_value_in_other_words_is_no_change():
    values = {f"{ETH}.max_ltv": "0.750", f"{ETH}.liquidation_bonus": "0.0500"}
    assert rules_diff(small_case().rules, Trial(1, values, 0.0, 0.0, 0.0, 0.0)) == ()


@pytest.mark.parametrize("borrowers", list(Borrowers))
def test_under_the_same_rules_nobody_borrows_otherwise(borrowers):
    case = small_case()
    assert case_under(case, case.rules, borrowers=borrowers) == case


@pytest.mark.parametrize(("weight", "share"), [("0.6", 0.8), ("0.3", 0.4), ("0.78", 1.04)])
def test_borrowers_of_the_same_share_owe_in_proportion_to_their_weight(weight, share):
    case = small_case()
    rules = changed_rules(case.rules, {f"{ETH}.max_ltv": weight})
    found = case_under(case, rules, borrowers=Borrowers.SAME_SHARE)
    before = {(r.account, r.group, r.instrument): r.quantity for r in case.book}
    after = {(r.account, r.group, r.instrument): r.quantity for r in found.book}
    assert before.keys() == after.keys()
    assert {key: q for key, q in after.items() if q > 0} == {
        key: q for key, q in before.items() if q > 0
    }
    for name in ("ann", "eve"):
        key = next(key for key in before if key[0] == name and before[key] < 0)
        assert after[key] == pytest.approx(share * before[key], rel=1e-6)
    ann = [replace(each, book=each.book[:2]) for each in (case, found)]
    assert capacity_of(ann[1]).used == pytest.approx(capacity_of(ann[0]).used, rel=1e-6)


def test_the_default_space_follows_how_liquidations_are_sized():
    def last(case):
        return default_space(case)[-1].key

    assert last(with_liquidation(small_case(), sizing=Sizing.TARGET_HEALTH)).endswith("_health")
    assert last(with_liquidation(small_case(), sizing=Sizing.CLOSE_FACTOR)).endswith("_factor")
    whole = default_space(with_liquidation(small_case(), sizing=Sizing.WHOLE))
    assert not any(one.key.startswith("liquidation.") for one in whole)
    assert default_space(replace(small_case(), book=())) != whole
    lenders = [r for r in small_case().book if r.quantity > 0]
    alone = default_space(replace(small_case(), book=tuple(lenders)))
    assert [one.key.split(".")[0] for one in alone] == ["liquidation"]


@pytest.mark.parametrize("text", ["", "x", "1.5", "-0.1", "nan"])
def test_values_out_of_a_keys_range_are_refused_by_name(text):
    with pytest.raises(RulesError, match=r"assets\.ETH\.max_ltv"):
        changed_rules(small_case().rules, {f"{ETH}.max_ltv": text})
