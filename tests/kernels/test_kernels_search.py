"""The search of the barrier: both faces, every place, and the floats beside each limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.kernels import compiled_cascade, numpy_cascade
from trimtab.kernels.barrier import barrier, fall
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.liquidation_map import cascade_gain, is_critical, liquidation_edges

Array = NDArray[Any]
FACES = [compiled_cascade, numpy_cascade]
LIMITS = st.lists(
    st.one_of(st.integers(0, 5).map(float), st.floats(0, 10), st.just(np.inf)), max_size=20
)


@pytest.mark.parametrize("face", FACES)
@given(limits=LIMITS)
def test_the_first_limit_at_or_under_the_price_is_found(face: Any, limits: list[float]) -> None:
    limit = np.minimum.accumulate(np.array([*limits, 0.0]))
    finite = limit[np.isfinite(limit)]
    prices = np.concatenate([finite, np.nextafter(finite, 0), np.nextafter(finite, 99), [0.0, 50]])
    found = np.full(prices.size, -1)
    face.search(limit, (prices, found))
    for price, place in zip(prices.tolist(), found.tolist(), strict=True):
        assert place == next(j for j, each in enumerate(limit) if each <= price)


def test_a_shock_costs_nothing_that_grows_with_the_accounts_above_it() -> None:
    # A hundred thousand accounts at one price fall together or not at all.
    prepared = barrier(np.full(100_000, 7.0), np.ones(100_000), impact=lambda sold: 1 / (1 + sold))
    found = fall(prepared, [7.0, np.nextafter(7.0, 0), 0.0])
    assert found.fallen.tolist() == [0, 100_000, 100_000]
    assert found.price[0] == 7.0


def test_the_gain_tells_where_a_cascade_runs() -> None:
    """Impact x density above one in a bucket: a fall into it goes on to its end, and below stops.

    A thousand accounts of one unit with edges spread evenly from 90 to 100: 100 units a quote unit
    of price. An impact of 0.02 a unit feeds itself, one of 0.005 does not.
    """
    edge = np.linspace(0.9, 1.0, 1001)[:-1]
    owner = np.repeat(np.arange(1000), 2)
    quantity = np.stack([np.ones(1000), edge], axis=1).ravel()
    book = book_of_rows(owner, np.tile([0, 1], 1000), quantity=quantity, terms=2)
    edges = liquidation_edges(book, linear([1.0, -1.0], asset=[0, -1])).of(0)
    for impact, runs in ((0.02, True), (0.005, False)):
        gain = cascade_gain(edges, np.ones(1000), price=100.0, impact=impact, grid=[0.9, 0.95, 1.0])
        assert gain.tolist() == pytest.approx([100 * impact] * 2, rel=0.02)
        assert is_critical(gain).all() == runs
        prepared = barrier(
            edge * 100,
            np.ones(1000),
            impact=lambda sold, k=impact: np.maximum(1 - k / 100 * sold, 0),
        )
        fallen = int(fall(prepared, [99.0]).fallen[0])
        assert (fallen == 1000) == runs
        assert runs or fallen < 300
