"""Edges of bent accounts by hand, and against an excess that is worked out price by price."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from trimtab.kernels.bent_edges import bent_accounts
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.liquidation_map import Edges, liquidation_edges, value_at_risk_by_price
from trimtab.kernels.requirement import Gains, Rule, SquareRoot, Tiers, curves_of
from trimtab.units import DataError

ONE, TWO = 0, 1
FLAT_TERMS = 10
SHAPES: tuple[Rule, ...] = (
    Tiers((0.0, 50.0, 400.0), (0.02, 0.1, 0.4)),
    Tiers((0.0, 60.0, 300.0), (0.03, 0.08, 0.3), marginal=False, scale=1.2),
    SquareRoot(0.03, 0.02, lead=0.024, unit=1.0, slope=1e-2),
)


def needed(rule: Rule, quantity: float, price: float) -> float:
    """A requirement by its rule, tier by tier."""
    notional = quantity * price
    if isinstance(rule, SquareRoot):
        assert rule.unit is not None
        rate = max(rule.floor, rule.lead + rule.factor * math.sqrt(quantity * rule.unit))
        return rate * (1 + rule.slope * quantity) * notional * rule.scale
    if not rule.marginal:
        reached = [r for b, r in zip(rule.bounds, rule.rates, strict=True) if b <= notional]
        return reached[-1] * notional * rule.scale
    ends = zip(rule.bounds, (*rule.bounds[1:], np.inf), rule.rates, strict=True)
    return rule.scale * sum(r * max(min(notional, e) - b, 0.0) for b, e, r in ends)


class Plain:
    """Money, a debt, and two assets each long, short, paid and got: worked out one by one."""

    def __init__(self, chance: np.random.Generator, price: tuple[float, float]) -> None:
        """One account, whose margin is about what it needs."""
        self.price, self.weight = price, float(chance.choice([0.0, 0.5, 1.0]))
        self.rules = [SHAPES[n] for n in chance.integers(0, len(SHAPES), 2)]
        worth = np.exp(chance.normal(4.5, 1.5, 2))
        size, short = worth / price, chance.random(2) < 0.5
        entry = worth * chance.uniform(0.6, 1.4, 2)
        self.held = np.zeros(FLAT_TERMS)
        self.held[0] = worth.sum() * chance.uniform(0.0, 1.2)
        self.held[1] = chance.uniform(0.0, 5.0)
        for n in (ONE, TWO):
            self.held[2 + 4 * n + short[n]], self.held[4 + 4 * n + short[n]] = size[n], entry[n]
        if chance.random() < 0.3:
            self.held[2:6] = np.exp(chance.normal(2.0, 1.0, 4))

    def excess(self, move: float, *, asset: int) -> float:
        """The excess if one price were `move` times what it is."""
        total = self.held[0] - self.held[1]
        for n in (ONE, TWO):
            long, short, paid, got = self.held[2 + 4 * n : 6 + 4 * n]
            price = self.price[n] * (move if n == asset else 1.0)
            pnl = (long - short) * price - paid + got
            total += min(pnl, self.weight * pnl)
            total -= sum(needed(self.rules[n], held, price) for held in (long, short) if held)
        return float(total)

    def edges(self) -> Edges:
        worth: list[float] = [1.0, -1.0]
        rules, marks, gains = {}, {}, dict[int, Gains]()
        for n, price in enumerate(self.price):
            worth += [price, -price, -1.0, 1.0]
            for term in (2 + 4 * n, 3 + 4 * n):
                rules[term], marks[term] = self.rules[n], price
            if self.weight < 1:
                gains |= {term: Gains(n, self.weight) for term in range(2 + 4 * n, 6 + 4 * n)}
        held = np.flatnonzero(self.held)
        book = book_of_rows(
            np.zeros(held.size, int), held, quantity=self.held[held], terms=FLAT_TERMS
        )
        assets = [-1, -1, *([0, 0, -1, -1]), *([1, 1, -1, -1])]
        curves = curves_of(FLAT_TERMS, rules, marks=marks, gains=gains)
        return liquidation_edges(book, linear(worth, asset=assets), curves=curves)


def test_no_price_nearer_turns_a_verdict_and_the_found_ones_do() -> None:
    chance = np.random.default_rng(5)
    rows, jumps = 0, 0
    for _ in range(250):
        plain = Plain(chance, (float(chance.uniform(0.5, 20.0)), 3.0))
        safe, found = plain.excess(1.0, asset=ONE) >= 0, plain.edges()
        for asset_number in (ONE, TWO):
            own = found.of(asset_number)
            falls = own.ratio[own.net > 0] if safe else own.ratio[own.net < 0]
            rises = own.ratio[own.net < 0] if safe else own.ratio[own.net > 0]
            # What lies within reach on either side, up to the edge or to the end of the grid.
            low, high = (falls[0] if falls.size else 1e-9), (rises[0] if rises.size else 1e4)
            inside = np.geomspace(low * (1 + 1e-9), high * (1 - 1e-9), 60)
            assert all((plain.excess(x, asset=asset_number) >= 0) == safe for x in inside)
            for edge, outward in [*((x, -1) for x in falls), *((x, 1) for x in rises)]:
                beyond = plain.excess(edge * (1 + outward * 1e-9) + 1e-300, asset=asset_number)
                assert (beyond >= 0) != safe
                jumps += abs(beyond) > 1e-3
                rows += 1
    assert rows > 300
    assert jumps > 3, "some tiers that the whole size pays end at their bound"


def loaned(*, gain: float, tail: float = 0.2) -> tuple[Coefficients, Any]:
    """Money, and 30 long at 2,000: 5 percent up to 50,000, a `tail` beyond."""
    worth = linear([1.0, 2000.0, -1.0], asset=[-1, 0, -1])
    rule = Tiers((0.0, 50_000.0), (0.05, tail))
    gains = {1: Gains(0, gain), 2: Gains(0, gain)}
    return worth, curves_of(3, {1: rule}, marks={1: 2000.0}, gains=gains)


def test_cut_gains_fear_a_fall_and_a_rise() -> None:
    worth, curves = loaned(gain=0.0)
    book = book_of_rows([0] * 3, range(3), quantity=[12_000.0, 30.0, 60_000.0], terms=3)
    edges = liquidation_edges(book, worth, curves=curves)
    assert (edges.ratio * 2000).tolist() == pytest.approx([1687.5, 3250.0])
    # 30 of value less 0.2 x 30 of requirement, and no value with its gains cut.
    assert (edges.net / 2000).tolist() == pytest.approx([24.0, -6.0])
    grid = [0.8, 0.84, 0.85, 1.0, 2.0]
    assert value_at_risk_by_price(edges, [7.0], grid=grid).tolist() == [0.0, 7.0, 0.0, 0.0]
    straight = liquidation_edges(book, worth)
    assert (straight.ratio * 2000).tolist() == pytest.approx([1600.0]), "as if it required nothing"


def test_a_gain_without_a_cost_is_cut_at_every_price() -> None:
    curves = loaned(gain=0.5)[1]
    book = book_of_rows([0] * 2, [0, 1], quantity=[13_500.0, 30.0], terms=3)
    edges = liquidation_edges(book, linear([-1.0, 2000.0, -1.0], asset=[-1, 0, -1]), curves=curves)
    # 30 p / 2 - 0.05 x 30 p = 13,500.
    assert (edges.ratio * 2000).tolist() == pytest.approx([1000.0])


def test_an_unsafe_account_is_told_the_nearest_safe_price() -> None:
    worth, curves = loaned(gain=1.0)
    book = book_of_rows([0] * 3, range(3), quantity=[3_000.0, 30.0, 60_000.0], terms=3)
    edges = liquidation_edges(book, worth, curves=curves)
    # 3,000 + 30 p - 60,000 - 2,500 - 0.2 (30 p - 50,000) = 24 p - 49,500.
    assert (edges.ratio * 2000).tolist() == pytest.approx([2062.5])
    assert edges.net.tolist() == pytest.approx([48_000.0])
    # With a tail that asks more than the price gives, it is safe at lower prices, if at all.
    worth, curves = loaned(gain=1.0, tail=3.0)
    book.put(0, ([0, 1, 2], [19_000.0, 30.0, 60_000.0]))
    edges = liquidation_edges(book, worth, curves=curves)
    # 19,000 + 30 p - 60,000 - 2,500 - 3 (30 p - 50,000) = 106,500 - 60 p, from 1,666.67 up.
    assert (edges.ratio * 2000).tolist() == pytest.approx([1775.0])
    assert edges.net.tolist() == pytest.approx([-120_000.0])
    book.put(0, ([0, 1, 2], [1.0, 30.0, 60_000.0]))
    assert liquidation_edges(book, worth, curves=curves).ratio.size == 0


def test_linear_accounts_keep_their_rows_beside_bent_ones() -> None:
    worth = linear([1.0, 2000.0, -1.0, 1600.0], asset=[-1, 0, -1, 0])
    curves = loaned(gain=1.0)[1]
    wider = curves_of(4, {1: Tiers((0.0, 50_000.0), (0.05, 0.2))}, marks={1: 2000.0})
    owner, term = [0, 0, 1, 1, 1, 2, 2], [3, 2, 0, 1, 2, 3, 2]
    quantity = [10.0, 8_000.0, 12_000.0, 30.0, 60_000.0, 1.0, 400.0]
    book = book_of_rows(owner, term, quantity=quantity, terms=4)
    both, straight = (liquidation_edges(book, worth, curves=c) for c in (wider, None))
    assert both.account.tolist() == straight.account.tolist() == [0, 1, 2]
    assert both.ratio[[0, 2]].tolist() == straight.ratio[[0, 2]].tolist() == [0.5, 0.25]
    assert both.ratio[1] * 2000 == pytest.approx(1687.5)
    with pytest.raises(DataError, match="not of this book's terms"):
        liquidation_edges(book, linear([1.0]), curves=curves)


def test_who_is_bent_in_the_quote_alone_has_no_edge() -> None:
    curves = curves_of(2, {0: SquareRoot(0.0, 0.1, lead=1.0, unit=1.0, cap=1.1)}, marks={0: 1.0})
    book = book_of_rows([0, 0], [0, 1], quantity=[100.0, 20.0], terms=2)
    assert bent_accounts(book, curves).tolist() == [0]
    assert liquidation_edges(book, linear([1.0, -1.0], asset=[-1, -1]), curves=curves).net.size == 0
