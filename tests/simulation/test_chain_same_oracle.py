"""One oracle, twice: the recursion over arrays and the exact world hear and say the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.kernels.clearing import oracle_terms
from trimtab.simulation.chain import report
from trimtab.simulation.world.oracles import Oracles

STEPS = 24
SPAN = st.tuples(st.integers(0, 12), st.integers(0, STEPS))


@given(
    seed=st.integers(0, 999),
    deviation=st.tuples(*[st.sampled_from([0.0, 0.004, 0.03])] * 2),
    heartbeat=st.tuples(*[st.integers(0, 6)] * 2),
    delay=st.tuples(*[st.integers(0, 5)] * 2),
    outage=SPAN,
    lie=SPAN,
)
@settings(max_examples=60, deadline=None)
def test_both_engines_hear_the_same(seed, deviation, heartbeat, delay, outage, lie):
    walk = np.random.default_rng(seed).standard_normal((STEPS, 2)) * 0.01
    prices = 50.0 * np.exp(np.cumsum(walk, axis=0))
    terms = oracle_terms(
        ("A", "B"),
        deviation=deviation,
        heartbeat_steps=heartbeat,
        delay_steps=delay,
        outage=outage,
        lie_factor=1.2,
        lie=lie,
    )
    oracles = Oracles(terms, prices[0].tolist())
    said = [oracles.reported()]
    for row in prices[1:]:
        oracles.hear(row.tolist())
        said.append(oracles.reported())
    found = report(prices, terms)
    assert [[one["A"], one["B"]] for one in said] == found.tolist()
