"""Full output and liquidation prices are those of the engine's explanations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from tests.kernels import drawn_venues
from trimtab.engine import Draft, MemoryStore, explain
from trimtab.kernels.backends import Backend
from trimtab.kernels.book import BookColumns
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.liquidation_map import (
    Edges,
    cascade_gain,
    is_critical,
    liquidation_edges,
    systemic,
    value_at_risk_by_price,
    value_at_risk_jointly,
)
from trimtab.kernels.outputs import standings
from trimtab.model import Case, Level
from trimtab.simulation.columns import VenueColumns
from trimtab.simulation.standing import standing
from trimtab.units import DataError, float_of

BACKENDS = [Backend.NUMBA, Backend.NUMPY]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_demo_stands_as_the_engine_explains(backend: Backend, demo: Case) -> None:
    stood = standing(demo)
    draft = Draft(stood.store, stood.as_of_ns)
    columns = VenueColumns(stood.store, draft)
    coefficients = columns.coefficients(draft)
    found = standings(columns.book, coefficients, backend=backend)
    edges = liquidation_edges(columns.book, coefficients, backend=backend)
    assets = sorted(draft.rules.assets)
    rows = zip(edges.account.tolist(), edges.asset.tolist(), edges.ratio.tolist(), strict=True)
    ratio = {(account, assets[asset]): edge for account, asset, edge in rows}
    for number, key in enumerate(columns.keys):
        told = explain(draft.account(key), draft)
        levels = (found.initial, found.liquidation_end, found.maintenance)
        scale = float_of(told.collateral_wad + told.debt_wad, 18)
        for level, column in zip(Level, levels, strict=True):
            wanted = float_of(told.excess_wad[level], 18)
            assert column[number] == pytest.approx(wanted, abs=1e-12 * scale + 1e-5)
        health = math.inf if told.health_wad is None else float_of(told.health_wad, 18)
        assert found.health[number] == pytest.approx(health, rel=1e-6)
        leverage = math.inf if told.leverage_wad is None else float_of(told.leverage_wad, 18)
        assert found.leverage[number] == pytest.approx(leverage, rel=1e-6)
        distance = float_of(told.distance_wad, 18)
        assert found.distance[number] == pytest.approx(distance, abs=1e-6)
        prices = {asset for held, asset in ratio if held == number}
        assert prices == set(told.liquidation_price_wad)
        for asset, price_wad in told.liquidation_price_wad.items():
            price = ratio[number, asset] * float_of(draft.mark(asset).price_wad, 18)
            assert price == pytest.approx(float_of(price_wad, 18), rel=1e-6)


@settings(max_examples=80)
@given(store=drawn_venues.venues())
def test_both_faces_give_the_same_output(store: MemoryStore) -> None:
    draft = Draft(store, drawn_venues.NOW_NS)
    columns = VenueColumns(store, draft)
    coefficients = columns.coefficients(draft)
    one, other = (standings(columns.book, coefficients, backend=face) for face in BACKENDS)
    for name in ("initial", "liquidation_end", "maintenance"):
        left, right = getattr(one, name), getattr(other, name)
        gross = magnitudes(columns.book, getattr(coefficients, name))
        assert (np.abs(left - right) <= 1e-13 * gross).all()
    np.testing.assert_allclose(one.health, other.health, rtol=1e-9)
    edges = [liquidation_edges(columns.book, coefficients, backend=face) for face in BACKENDS]
    assert set(edges[0].account.tolist()) <= set(range(columns.book.accounts))
    nets = [dict(zip(keys(found), found.net.tolist(), strict=True)) for found in edges]
    for key in nets[0].keys() & nets[1].keys():
        gross = magnitudes(columns.book, coefficients.maintenance)
        assert abs(nets[0][key] - nets[1][key]) <= 1e-13 * gross[key[0]]


def keys(found: Edges) -> list[tuple[int, int]]:
    return list(zip(found.account.tolist(), found.asset.tolist(), strict=True))


def magnitudes(book: BookColumns, worth: np.ndarray) -> np.ndarray:
    """Per account, the sum of magnitudes: what rounding is measured by."""
    rows = (book.row(account) for account in range(book.accounts))
    return np.array([(quantity * np.abs(worth[term])).sum() for term, quantity in rows])


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_nothing(threads: int) -> None:
    chance = np.random.default_rng(2)
    owner = np.repeat(np.arange(1000), 3)
    term = np.tile([0, 1, 2], 1000)
    book = book_of_rows(owner, term, quantity=chance.random(3000) + 0.1, terms=3)
    coefficients = linear([1.0, -0.5, -0.7])
    one = standings(book, coefficients)
    many = standings(book, coefficients, threads=threads)
    for name in ("maintenance", "health", "leverage", "distance"):
        assert getattr(one, name).tolist() == getattr(many, name).tolist()


def three_accounts() -> tuple[np.ndarray, object]:
    """Ten units at 1 owed 5, 8 and 9.5 of the quote: edges at 0.5, 0.8 and 0.95."""
    book = book_of_rows(
        [0, 0, 1, 1, 2, 2, 3],
        [0, 1, 0, 1, 0, 1, 0],
        quantity=[10.0, 5.0, 10.0, 8.0, 10.0, 9.5, 1.0],
        terms=2,
    )
    coefficients = linear([1.0, -1.0], asset=[0, -1])
    return np.array([5.0, 8.0, 9.5, 0.0]), (book, coefficients)


@pytest.mark.parametrize("backend", BACKENDS)
def test_value_at_risk_falls_into_its_buckets(backend: Backend) -> None:
    debt, (book, coefficients) = three_accounts()  # type: ignore[misc]
    edges = liquidation_edges(book, coefficients, backend=backend).of(0)
    assert edges.ratio.tolist() == pytest.approx([0.5, 0.8, 0.95])
    grid = [0.25, 0.5, 0.75, 1.0]
    assert value_at_risk_by_price(edges, debt, grid=grid).tolist() == [5.0, 0.0, 17.5]
    distance = standings(book, coefficients, backend=backend).distance
    assert distance.tolist() == pytest.approx([0.5, 0.2, 0.05, 1.0])
    grid = [0.4, 0.6, 0.9, 1.0]
    assert value_at_risk_jointly(distance, debt, grid=grid).tolist() == [5.0, 8.0, 9.5]


def test_a_fall_feeds_itself_where_impact_times_density_exceeds_one() -> None:
    _, (book, coefficients) = three_accounts()  # type: ignore[misc]
    edges = liquidation_edges(book, coefficients).of(0)
    # Ten units are sold within a fall of 25, of 100: 0.4 units per unit of price.
    gain = cascade_gain(edges, [10.0] * 4, price=100.0, impact=2.0, grid=[0.25, 0.5, 0.75, 1.0])
    assert gain.tolist() == pytest.approx([0.8, 0.0, 1.6])
    assert is_critical(gain).tolist() == [False, False, True]


def test_shorts_fear_a_rise_and_are_not_in_the_map_of_falls() -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[1.0, 10.0], terms=2)
    edges = liquidation_edges(book, linear([-5.0, 1.0], asset=[0, -1]))
    assert (edges.ratio.tolist(), edges.net.tolist()) == ([2.0], [-5.0])
    assert value_at_risk_by_price(edges, [7.0], grid=[0.5, 3.0]).tolist() == [0.0]


def test_the_book_as_a_whole() -> None:
    found = systemic(locked=100.0, debt=80.0, open_interest=30.0, depth=20.0)
    assert found.leverage == pytest.approx(5.0)
    assert (found.debt_over_locked, found.open_interest_over_depth) == (0.8, 1.5)
    empty = systemic(locked=0.0, debt=0.0, open_interest=1.0, depth=0.0)
    assert (empty.leverage, empty.debt_over_locked) == (0.0, 0.0)
    assert empty.open_interest_over_depth == math.inf


def test_what_is_no_question_is_refused() -> None:
    _, (book, coefficients) = three_accounts()  # type: ignore[misc]
    edges = liquidation_edges(book, coefficients)
    for grid in ([1.0], [1.0, 0.5], [0.5, 0.5], [np.nan, 1.0]):
        with pytest.raises(DataError, match="grid"):
            value_at_risk_by_price(edges, [1.0] * 4, grid=grid)
    with pytest.raises(DataError, match="locked"):
        systemic(locked=-1.0, debt=0.0, open_interest=0.0, depth=0.0)
    with pytest.raises(DataError, match="distance"):
        value_at_risk_jointly([np.nan], [1.0], grid=[0.0, 1.0])
    with pytest.raises(DataError, match="not of this book's terms"):
        standings(book, linear([1.0]))
