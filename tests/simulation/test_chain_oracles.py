"""Oracles obey their rules, one by one and as one recursion over paths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quant.market_samples import rounds
from trimtab.kernels.clearing import oracle_terms
from trimtab.quant import OracleCadence
from trimtab.simulation.chain import (
    OracleBehavior,
    begun,
    heard,
    oracle_of,
    oracle_terms_of,
    report,
)
from trimtab.simulation.chain.oracles import NEVER
from trimtab.units import DataError, UsageError

HOURLY = 3600.0


def told(prices, **rules):
    """What one oracle reports of one path."""
    return report(np.array(prices, dtype=float)[:, None], oracle_terms(("A",), **rules))[:, 0]


def plain_report(prices, rules):
    """The rules again, one path and one asset at a time, as a reader would write them."""
    last, spoken, published = prices[0], 0, [prices[0]]
    for step in range(1, len(prices)):
        seen = prices[step]
        if rules["lie"][0] <= step < rules["lie"][1]:
            seen *= rules["lie_factor"]
        moved = abs(seen / last - 1.0) >= rules["deviation"]
        waited = rules["heartbeat_steps"] > 0 and step - spoken >= rules["heartbeat_steps"]
        quiet = rules["outage"][0] <= step < rules["outage"][1]
        if (moved or waited) and not quiet:
            last, spoken = seen, step
        published.append(last)
    return [published[max(step - rules["delay_steps"], 0)] for step in range(len(prices))]


RULES = st.fixed_dictionaries(
    {
        "deviation": st.sampled_from([0.0, 0.005, 0.02, 0.3]),
        "heartbeat_steps": st.integers(0, 7),
        "delay_steps": st.integers(0, 5),
        "outage": st.tuples(st.integers(0, 10), st.integers(0, 25)),
        "lie_factor": st.sampled_from([0.5, 1.0, 1.5]),
        "lie": st.tuples(st.integers(0, 10), st.integers(0, 25)),
    }
)


@given(rules=RULES, seed=st.integers(0, 99))
@settings(max_examples=120, deadline=None)
def test_the_recursion_is_the_rules_read_aloud(rules, seed):
    walk = np.random.default_rng(seed).standard_normal((3, 30)) * 0.01
    prices = 100.0 * np.exp(np.cumsum(walk, axis=1))
    found = report(prices[..., None], oracle_terms(("A",), **rules))[..., 0]
    for path, line in zip(prices, found, strict=True):
        assert list(line) == plain_report(list(path), rules)


@given(one=RULES, other=RULES, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_assets_and_paths_do_not_touch_one_another(one, other, seed):
    walk = np.random.default_rng(seed).standard_normal((4, 20, 2)) * 0.01
    prices = np.exp(np.cumsum(walk, axis=1))
    both = {
        name: (
            tuple(list(pair) for pair in zip(one[name], other[name], strict=True))
            if isinstance(one[name], tuple)
            else [one[name], other[name]]
        )
        for name in one
    }
    together = report(prices, oracle_terms(("A", "B"), **both))
    assert np.array_equal(together[..., :1], report(prices[..., :1], oracle_terms(("A",), **one)))
    alone = report(prices[2, :, 1:], oracle_terms(("B",), **other))
    assert np.array_equal(together[2, :, 1:], alone)


def test_left_as_it_is_an_oracle_says_the_market_price():
    prices = [100.0, 101.0, 99.0, 99.0, 50.0]
    assert list(told(prices)) == prices
    assert oracle_terms_of({}, ("A", "B"), step_seconds=60.0).is_market


def test_a_threshold_hides_small_moves_until_the_heartbeat():
    prices = [100.0, 100.4, 100.4, 100.4, 100.6, 100.7]
    assert list(told(prices, deviation=0.005)) == [100, 100, 100, 100, 100.6, 100.6]
    beaten = told(prices, deviation=0.005, heartbeat_steps=2)
    assert list(beaten) == [100, 100, 100.4, 100.4, 100.6, 100.6]


def test_a_move_of_the_threshold_itself_is_published():
    assert list(told([1.0, 1.25, 1.25, 0.9375], deviation=0.25)) == [1.0, 1.25, 1.25, 0.9375]
    assert list(told([1.0, 1.24, 1.24], deviation=0.25)) == [1.0, 1.0, 1.0]


def test_an_outage_keeps_the_last_word_and_a_delay_shifts_it():
    prices = [100.0, 90.0, 80.0, 70.0, 60.0]
    assert list(told(prices, outage=(2, 4))) == [100, 90, 90, 90, 60]
    assert list(told(prices, delay_steps=2)) == [100, 100, 100, 90, 80]


def test_a_liar_is_believed_alone_and_outvoted_by_two():
    lie = {"lie_factor": 1.4, "lie": (HOURLY, 2 * HOURLY)}
    assert [OracleBehavior(sources=n, **lie).published_lie for n in (1, 2, 3, 9)] == [
        1.4,
        1.2,
        1.0,
        1.0,
    ]
    terms = oracle_terms_of({"A": OracleBehavior(**lie)}, ("A",), step_seconds=HOURLY)
    assert list(report(np.full((4, 1), 10.0), terms)[:, 0]) == [10.0, 14.0, 10.0, 10.0]


def test_seconds_become_steps_rounded_up():
    slow = OracleBehavior(0.01, 3600.0, 61.0, outage=(0.0, 90.0), lie=(59.0, 60.0))
    terms = oracle_terms_of({"B": slow}, ("A", "B"), step_seconds=60.0)
    assert list(terms.heartbeat_steps) == [0, 60]
    assert list(terms.delay_steps) == [0, 2]
    assert (terms.outage_from[1], terms.outage_to[1]) == (0, 2)
    assert (terms.lie_from[1], terms.lie_to[1]) == (1, 1)
    with pytest.raises(UsageError, match="longer than 0 seconds"):
        oracle_terms_of({}, ("A",), step_seconds=0.0)


def test_an_oracle_is_as_its_rounds_showed_it():
    fit = OracleCadence().fit(*rounds(2000, heartbeat=3600.0, deviation=0.005))
    behavior = oracle_of(fit, delay_seconds=12.0)
    assert behavior.heartbeat_seconds == 3600.0
    assert behavior.deviation == pytest.approx(0.005, rel=0.02)
    never = oracle_of(OracleCadence().fit(*rounds(200, heartbeat=600.0, deviation=0.9)))
    assert never.deviation == math.inf
    assert oracle_terms_of({"A": never}, ("A",), step_seconds=60.0).deviation[0] == NEVER


def test_steps_one_at_a_time_are_the_whole_path():
    terms = oracle_terms(("A", "B"), deviation=[0.0, 0.01], delay_steps=[3, 1])
    prices = np.exp(np.cumsum(np.random.default_rng(3).standard_normal((15, 2)) * 0.01, axis=0))
    state, said = begun(prices[0], terms), [prices[0]]
    for step in range(1, 15):
        state, now = heard(state, prices[step], step=step, terms=terms)
        said.append(now)
        assert len(state.recent) <= 4
    assert np.array_equal(np.stack(said), report(prices, terms))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"deviation": -0.1}, "an oracle cannot behave so; found '-0.1'; expected 0 or more"),
        ({"heartbeat_seconds": math.nan}, "found 'nan'"),
        ({"outage": (5.0, 4.0)}, "found '5 to 4'; expected a time from 0 to later"),
        ({"sources": 0}, "found '0'; expected at least one"),
        ({"lie_factor": 0.0}, "found '0'; expected above 0"),
    ],
)
def test_impossible_oracles_are_refused(rules, message):
    with pytest.raises(DataError) as said:
        OracleBehavior(**rules)
    assert message in str(said.value)
    assert next(iter(rules)) in str(said.value)


def test_as_many_prices_as_oracles():
    with pytest.raises(UsageError, match="3 prices for the oracles of 1 assets"):
        begun(np.ones(3), oracle_terms(("A",)))
