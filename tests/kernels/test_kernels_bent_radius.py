"""The index with rates by size, weights by balance and cut gains: its events are a full scan's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.kernels.backends import Backend
from trimtab.kernels.bent_sums import Lift, demands, rows_of
from trimtab.kernels.book import BookColumns
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.requirement import Curves, Gains, Rule, SquareRoot, Tiers, curves_of
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.kernels.scan import unsafe_accounts

Array = NDArray[Any]
BACKENDS = [Backend.NUMBA, Backend.NUMPY]
ASSETS = 4
TERMS = 2 + 4 * ASSETS
RULES: tuple[Rule, ...] = (
    Tiers((0.0, 50.0, 400.0), (0.02, 0.1, 0.4)),
    Tiers((0.0, 60.0, 300.0), (0.03, 0.08, 0.3), marginal=False),
    SquareRoot(0.03, 0.01),
    SquareRoot(0.03, 0.002, lead=0.024, unit=1.0, slope=1e-3),
)


def everybody(accounts: Array) -> Array:
    return np.ones(accounts.size, bool)


@dataclass
class Market:
    """Money (terms 0 and 1), and per asset: long, short, cost paid, cost got."""

    price: Array
    funding: Array
    gain: float = 0.5
    scale: float = 1.0
    rules: tuple[Rule, ...] = RULES

    def coefficients(self) -> Coefficients:
        """Long and short with funding in the coefficient, as a venue has it."""
        rows = [[p - f, -p - f, -1.0, 1.0] for p, f in zip(self.price, self.funding, strict=True)]
        return linear(np.concatenate([[1.0, -1.0], np.array(rows).ravel()]))

    def curves(self) -> Curves:
        """A rule for each asset's size, and gains that count half in every other one."""
        rules, marks, gains = {}, {}, {}
        for asset, price in enumerate(self.price.tolist()):
            for term in (2 + 4 * asset, 3 + 4 * asset):
                rules[term] = replace(self.rules[asset], scale=self.scale)
                marks[term] = price
            if asset % 2:
                for term in range(2 + 4 * asset, 6 + 4 * asset):
                    gains[term] = Gains(asset, self.gain)
        return curves_of(TERMS, rules, marks=marks, gains=gains)


def position(chance: np.random.Generator, market: Market) -> tuple[list[int], list[float]]:
    """Money that is about what one or two positions need."""
    terms, quantities, need = [], [], 0.0
    for asset in chance.choice(ASSETS, chance.integers(0, 3), replace=False).tolist():
        worth = float(np.exp(chance.normal(4, 1.5)))
        size, short = worth / market.price[asset], int(chance.random() < 0.4)
        entry = worth * chance.uniform(0.9, 1.1)
        terms += [2 + 4 * asset + short, 4 + 4 * asset + short]
        quantities += [size, entry]
        need += 0.1 * worth
    if chance.random() < 0.9:
        terms.append(0)
        quantities.append(need * chance.uniform(0.1, 4.0) + chance.random())
    if chance.random() < 0.2:
        terms.append(1)
        quantities.append(float(chance.uniform(0.1, 2.0)))
    return terms, quantities


def book_for(chance: np.random.Generator, market: Market, *, accounts: int) -> BookColumns:
    rows = [position(chance, market) for _ in range(accounts)]
    owner = [number for number, (terms, _) in enumerate(rows) for _ in terms]
    return book_of_rows(
        owner,
        [term for terms, _ in rows for term in terms],
        quantity=[quantity for _, quantities in rows for quantity in quantities],
        terms=TERMS,
        accounts=accounts,
    )


def disturb(chance: np.random.Generator, market: Market, *, book: BookColumns) -> list[int]:
    """Prices, funding, a scale or a rule that changes, or positions; who was touched."""
    kind = chance.random()
    if kind < 0.6:
        market.price = market.price * np.exp(chance.normal(0, 3e-3, ASSETS))
    elif kind < 0.7:
        market.price[chance.integers(ASSETS)] *= chance.uniform(0.9, 1.1)
    elif kind < 0.75:
        market.funding = market.funding + chance.normal(0, 1e-3, ASSETS) * market.price
    elif kind < 0.78:
        market.scale *= float(chance.uniform(0.97, 1.05))
    elif kind < 0.8:
        market.gain = float(chance.choice([0.0, 0.5, 0.9]))
    elif kind < 0.82:
        market.rules = (*RULES[:2], SquareRoot(0.03, chance.uniform(0.005, 0.02)), RULES[3])
    else:
        touched = chance.integers(0, book.accounts + 1, 3).tolist()
        for account in (min(number, book.accounts) for number in touched):
            book.put(account, position(chance, market))
        return [min(number, book.accounts - 1) for number in touched]
    return []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(2))
def test_events_are_those_of_a_full_scan(backend: Backend, seed: int) -> None:
    chance = np.random.default_rng(seed)
    market = Market(np.exp(chance.normal(1, 1, ASSETS)), np.zeros(ASSETS))
    book = book_for(chance, market, accounts=150)
    worth, curves = market.coefficients(), market.curves()
    index = SafeRadiusIndex(book, worth, curves=curves, exact=everybody, backend=backend)
    events = examined = turns = 0
    for _ in range(160):
        touched = disturb(chance, market, book=book)
        worth, curves = market.coefficients(), market.curves()
        before = set(index.unsafe.tolist())
        if touched:
            told = index.touch(touched, worth, curves=curves, exact=everybody)
            assert set(told.fell.tolist()) == set(index.unsafe.tolist()) - before
            before = set(index.unsafe.tolist())
        else:
            turns += 1
        told = index.tick(worth, curves=curves, exact=everybody)
        scan = unsafe_accounts(book, worth, curves=curves, exact=everybody, backend=backend)
        assert index.unsafe.tolist() == scan.unsafe.tolist()
        assert set(told.fell.tolist()) == set(scan.unsafe.tolist()) - before
        assert set(told.rose.tolist()) == before - set(scan.unsafe.tolist())
        events += told.fell.size + told.rose.size
        examined += told.examined
    assert events > 20
    assert examined < 160 * book.accounts / 2, "most are left alone"


def test_a_common_rise_lifts_rates_though_no_distance_grows() -> None:
    # All prices rise alike: the distance of the linear page stays 0, the tier does not.
    book = book_of_rows([0, 0], [0, 1], quantity=[30.0, 10.0], terms=2)

    def now(level: float) -> tuple[Coefficients, Curves]:
        rule = Tiers((0.0, 100.0), (0.1, 0.5))
        return linear([level, 0.0]), curves_of(2, {1: rule}, marks={1: 10.0 * level})

    def nobody(accounts: Array) -> Array:
        return np.zeros(accounts.size, bool)

    worth, curves = now(1.0)
    index = SafeRadiusIndex(book, worth, curves=curves, exact=nobody)
    fell_at = []
    for step in range(1, 120):
        worth, curves = now(1.0 + step / 50)
        if index.tick(worth, curves=curves, exact=nobody).fell.size:
            fell_at.append(step)
    # 30 p < 10 + 0.5 (100 p - 100): p > 2; at 2 it is a tie.
    assert fell_at == [51]


VALUES = st.floats(0.01, 100.0)
SIDES = st.booleans()


@settings(max_examples=300)
@given(
    held=st.tuples(*([VALUES] * 5)),
    weight=st.sampled_from([0.0, 0.3, 1.0]),
    move=st.tuples(*([st.floats(-0.3, 0.3)] * 3)),
    rule=st.sampled_from([RULES[0], RULES[1], SquareRoot(0.01, 0.05)]),
    safe=SIDES,
)
def test_who_meets_the_demand_stays(
    held: tuple[float, ...],
    weight: float,
    move: tuple[float, ...],
    rule: Rule,
    safe: bool,
) -> None:
    """One position (long, cost), money, debt and another debt, moved within a level's trigger."""
    book = book_of_rows([0] * 5, range(5), quantity=held, terms=5)

    def excess(price: float, other: float, debt: float) -> tuple[float, Coefficients, Curves]:
        worth = linear([price, -1.0, other, -debt, -other])
        curves = curves_of(
            5, {0: rule}, marks={0: price}, gains={0: Gains(0, weight), 1: Gains(0, weight)}
        )
        pnl = held[0] * price - held[1]
        value = min(pnl, weight * pnl) + held[2] * other - held[3] * debt - held[4] * other
        notional = held[0] * price
        if isinstance(rule, SquareRoot):
            return value - max(rule.floor, rule.factor * notional**0.5) * notional, worth, curves
        reached = [n for n, bound in enumerate(rule.bounds) if bound <= notional]
        if not rule.marginal:
            return value - rule.rates[reached[-1]] * notional, worth, curves
        ends = [*rule.bounds[1:], np.inf]
        parts = zip(rule.bounds, ends, rule.rates, strict=True)
        need = sum(rate * max(min(notional, end) - bound, 0.0) for bound, end, rate in parts)
        return value - need, worth, curves

    _, worth, curves = excess(1.0, 1.0, 1.0)
    # The distance that these moves are, and how far the price moved toward a dearer rate.
    assets, debts = [move[0], move[1]], [0.0, move[0], move[1], move[2]]
    if safe:
        distance, lift = max(-m for m in assets) + max(debts), max(move[0], 0.0)
    else:
        distance, lift = max(assets) + max(-m for m in debts), max(-move[0], 0.0)
    rows = rows_of(book, np.array([0]))
    need = float(np.exp(distance))
    strong, weak = demands(rows, worth, curves=curves, lift=Lift(float(np.exp(lift)), need, safe))
    if strong[0] >= weak[0] * need * (1 + 1e-11):
        after = excess(*(float(np.exp(m)) for m in move))[0]
        slip = 1e-9 * sum(held)
        assert after >= -slip if safe else after < slip


def test_an_account_becomes_bent_and_straight_again() -> None:
    book = book_of_rows([0, 0, 1, 1], [0, 1, 0, 1], quantity=[2.0, 1.0, 2.0, 1.0], terms=4)
    curves = curves_of(4, {3: Tiers((0.0, 1.0), (0.1, 0.5))}, marks={3: 1.0})
    worth = linear([1.0, -1.0, 0.0, 0.0])
    index = SafeRadiusIndex(book, worth, curves=curves, exact=everybody)
    book.put(0, ([0, 1, 3], [2.0, 1.0, 20.0]))
    told = index.touch([0], worth, curves=curves, exact=everybody)
    assert told.fell.tolist() == [0]
    assert index._levels.slot[0] == -1 != index._bent._level[0]
    book.put(0, ([0, 1], [2.0, 1.0]))
    told = index.touch([0], worth, curves=curves, exact=everybody)
    assert told.rose.tolist() == [0]
    assert index._bent._level[0] == -1 != index._levels.slot[0]
    worth = linear([0.4, -1.0, 0.0, 0.0])
    assert index.tick(worth, curves=curves, exact=everybody).fell.tolist() == [0, 1]


def test_a_rule_that_changes_is_noticed() -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[2.0, 10.0], terms=2)
    worth = linear([1.0, 0.0])
    mild, harsh = (curves_of(2, {1: SquareRoot(rate, 0.0)}, marks={1: 1.0}) for rate in (0.1, 0.3))
    index = SafeRadiusIndex(book, worth, curves=mild, exact=everybody)
    assert index.tick(worth, curves=mild, exact=everybody).fell.size == 0
    assert index.tick(worth, curves=harsh, exact=everybody).fell.tolist() == [0]
    assert index.tick(worth, exact=everybody).rose.tolist() == [0], "no curves, nothing required"
