"""Cascades: the barrier against rounds of scans, ties included, and the iterations beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.kernels import cascades
from trimtab.kernels.backends import Backend
from trimtab.kernels.barrier import Impact, barrier, fall
from trimtab.kernels.cascades import JointCascade, Sizing, holders, sized_fall
from trimtab.units import DataError

Array = NDArray[Any]
BACKENDS = [Backend.NUMBA, Backend.NUMPY]
# Small whole numbers make ties: of prices with one another, and of prices with the shock.
PRICES = st.one_of(st.integers(0, 12).map(float), st.floats(0.01, 20))
SALES = st.one_of(st.integers(0, 5).map(float), st.floats(0, 50))


def halving(sold: Array) -> Array:
    return 1.0 / (1.0 + sold / 8)


def exponential(sold: Array) -> Array:
    return np.exp(-sold / 64)


def cliff(sold: Array) -> Array:
    return np.where(sold < 10, 1.0, 0.0)


def none(sold: Array) -> Array:
    return np.ones(sold.shape)


IMPACTS = [halving, exponential, cliff, none]


def scanned(price: Array, sale: Array, *, start: float, impact: Impact) -> tuple[int, float]:
    """Rounds: whoever is below the price falls, until nobody more does."""
    fallen = np.zeros(price.size, bool)
    at = start
    while True:
        again = fallen | (at < price)
        if (again == fallen).all():
            return int(fallen.sum()), at
        fallen = again
        # Summed in the barrier's order, so that both round alike.
        order = np.argsort(-price, kind="stable")
        sold = np.cumsum(np.where(fallen, sale, 0.0)[order])[-1]
        at = start * float(impact(np.array([0.0, sold]))[1])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("impact", IMPACTS)
@settings(max_examples=100)
@given(st.lists(st.tuples(PRICES, SALES), max_size=12), st.lists(PRICES, min_size=1, max_size=5))
def test_the_barrier_stops_where_scans_do(
    backend: Backend, impact: Impact, book: list[tuple[float, float]], starts: list[float]
) -> None:
    price, sale = (np.array([row[n] for row in book]) for n in (0, 1))
    prepared = barrier(price, sale, impact=impact)
    # The shocks that matter most: exactly at a limit, and one float beside it.
    edges = prepared.limit[np.isfinite(prepared.limit)]
    shocks = np.concatenate([starts, edges, np.nextafter(edges, 0), np.nextafter(edges, 1e9)])
    found = fall(prepared, shocks, backend=backend)
    for shock, fallen, at in zip(shocks, found.fallen, found.price, strict=True):
        assert (fallen, at) == scanned(price, sale, start=float(shock), impact=impact)


def test_equality_is_safe() -> None:
    prepared = barrier([100.0, 90.0], [1.0, 1.0], impact=none)
    found = fall(prepared, [100.0, np.nextafter(100.0, 0), 90.0, 89.0])
    assert found.fallen.tolist() == [0, 1, 1, 2]


def test_a_plain_search_of_the_raw_condition_would_be_wrong() -> None:
    # The first limit is low, a later one high: the raw condition is not monotone.
    price, sale = np.array([90.0, 89.0, 1.0]), np.array([0.0, 80.0, 0.0])
    prepared = barrier(price, sale, impact=lambda sold: np.exp(-sold / 10))
    found = fall(prepared, [89.5])
    assert found.fallen.tolist() == [1]
    found = fall(prepared, [88.5])
    assert found.fallen.tolist() == [3]


@pytest.mark.parametrize(
    ("impact", "what"),
    [
        (lambda sold: 1 + sold, "no decreasing function"),
        (lambda sold: np.full(sold.shape, 0.5), "no decreasing function"),
        (lambda sold: 1 - sold, "0 or more"),
        (lambda sold: np.full(sold.shape, np.nan), "cannot be used"),
        (lambda _: np.ones(1), "no decreasing function"),
    ],
)
def test_an_impact_that_is_none_is_refused(impact: Impact, what: str) -> None:
    with pytest.raises(DataError, match=what):
        barrier([3.0, 2.0], [1.0, 1.0], impact=impact)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_price_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(DataError, match="liquidation_price"):
        barrier([bad], [1.0], impact=none)
    with pytest.raises(DataError, match="quantity"):
        barrier([1.0], [bad], impact=none)
    with pytest.raises(DataError, match="price"):
        fall(barrier([1.0], [1.0], impact=none), [bad])


def jointly_scanned(book: Any, starts: Array, impacts: list[Impact]) -> tuple[Array, Array]:
    """Rounds over accounts with any number of sold assets."""
    price, fallen = starts.copy(), np.zeros(book.rest.size, bool)
    while True:
        worth = np.bincount(
            book.account, weights=book.slope * price[book.asset], minlength=fallen.size
        )
        again = fallen | (book.rest + worth < 0)
        if (again == fallen).all():
            return fallen, price
        fallen = again
        sold = np.bincount(
            book.asset, weights=book.sale * fallen[book.account], minlength=starts.size
        )
        pairs = zip(impacts, sold, strict=True)
        price = starts * np.array([impact(np.array([0.0, q]))[1] for impact, q in pairs])


def drawn_holders(seed: int, *, most: int) -> Any:
    """Whole numbers whose quotients are exact, so that both ways round alike."""
    chance = np.random.default_rng(seed)
    accounts = 40
    held = chance.integers(0, most + 1, accounts)
    owner = np.repeat(np.arange(accounts), held)
    asset = np.concatenate([chance.choice(3, size, replace=False) for size in held])
    slope = 2.0 ** chance.integers(0, 3, owner.size)
    worth = np.bincount(owner, weights=slope * 16, minlength=accounts)
    rest = -np.round(worth * chance.uniform(0.5, 1.05, accounts))
    rest[chance.random(accounts) < 0.1] = 5.0
    sale = chance.integers(0, 4, owner.size).astype(float)
    return holders(owner, asset, slope=slope, sale=sale, rest=rest)


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("seed", range(25))
def test_several_assets_stop_where_scans_do(most: int, seed: int) -> None:
    book = drawn_holders(seed, most=most)
    impacts: list[Impact] = [halving, exponential, cliff]
    cascade = JointCascade(book, impacts)
    for start in (17.0, 16.0, 15.0, 12.0, 9.0, 0.0):
        starts = np.array([start, 16.0, max(start, 14.0)])
        found = cascade.fall(starts)
        fallen, price = jointly_scanned(book, starts, impacts)
        assert cascade.fallen(found).tolist() == fallen.tolist()
        np.testing.assert_allclose(found.price, price, rtol=1e-12)


def test_one_sold_asset_each_needs_no_rounds() -> None:
    book = drawn_holders(3, most=1)
    assert JointCascade(book, [none, none, none]).fall([16.0, 15.0, 14.0]).rounds == 1


def test_what_is_no_cascade_is_refused() -> None:
    with pytest.raises(DataError, match="not in order"):
        holders([1, 0], [0, 0], slope=[1, 1], sale=[1, 1], rest=[-1, -1])
    with pytest.raises(DataError, match="out of range"):
        holders([2], [0], slope=[1], sale=[1], rest=[-1, -1])
    book = holders([0], [1], slope=[1], sale=[1], rest=[-1])
    with pytest.raises(DataError, match="out of range"):
        JointCascade(book, [none])
    with pytest.raises(DataError, match="one price of each"):
        JointCascade(book, [none, none]).fall([1.0])


def carried(book: Sizing, price: float, *, start: float, impact: Impact) -> float:
    """The price that the sales at some price lead to."""
    wanted = np.clip(book.need / price - book.spare, 0, book.size)
    sold = wanted[book.liquidation_price > price].sum()
    return start * float(impact(np.array([0.0, sold]))[1])


@pytest.mark.parametrize("seed", range(10))
def test_sales_that_follow_the_price_reach_the_highest_that_carries_them(seed: int) -> None:
    chance = np.random.default_rng(seed)
    size = chance.uniform(0.1, 1.0, 200)
    edge = chance.uniform(50, 100, 200)
    debt = edge * size * 0.8
    # Target health 1.05, threshold 0.8, bonus 5 %.
    need, spare = 1.05 * debt / (1.05 - 0.84), size * 0.8 / (1.05 - 0.84)
    book = Sizing(edge, need, spare, size)

    def impact(sold: Array) -> Array:
        return np.exp(-sold / 300)

    found, rounds = sized_fall(book, 90.0, impact=impact)
    reached = float(found.price[0])
    assert reached == pytest.approx(carried(book, reached, start=90.0, impact=impact), rel=1e-9)
    assert rounds > 2
    # No higher price carries itself: from every one above, the sales lead further down.
    for price in np.linspace(reached * (1 + 1e-6), 90.0, 500):
        assert carried(book, float(price), start=90.0, impact=impact) < price


def test_sales_never_exceed_the_position() -> None:
    book = Sizing(np.array([10.0]), np.array([1e9]), np.array([0.0]), np.array([3.0]))
    found, _ = sized_fall(book, 5.0, impact=none)
    assert found.sold.tolist() == [3.0]
    at_nothing, _ = sized_fall(book, 0.0, impact=none)
    assert at_nothing.sold.tolist() == [3.0]


@pytest.mark.parametrize("block", [1, 3, 1 << 15])
@pytest.mark.parametrize("seed", range(12))
def test_sizes_that_follow_prices_stop_where_whole_barriers_do(
    seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascades, "BLOCK", block)
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 40))
    # Whole prices, so that some are equal to one another and to the shock.
    prices = chance.integers(0, 12, count).astype(float)
    need, spare, size = (chance.uniform(0.0, high, count) for high in (60.0, 4.0, 6.0))
    start, impact = float(chance.integers(0, 13)), (halving, exponential, cliff, none)[seed % 4]
    at = start
    while True:
        wanted = need / at - spare if at > 0 else size
        prepared = barrier(prices, np.clip(wanted, 0.0, size), impact=impact)
        whole = fall(prepared, [start])
        if at - whole.price[0] <= 1e-12 * at:
            break
        at = float(whole.price[0])
    found, _ = sized_fall(Sizing(prices, need, spare, size), start, impact=impact)
    assert found.fallen.tolist() == whole.fallen.tolist()
    assert (found.sold[0], found.price[0]) == (whole.sold[0], whole.price[0])
