"""Books of small whole numbers, where ties are many, and streams of everything that can happen."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.book import BookColumns
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear

Array = NDArray[Any]


def exact_sides(book: BookColumns, coefficients: Coefficients) -> Array:
    """Whether each account's excess is below zero, in exact fractions of the floats."""
    worth = [Fraction(value) for value in coefficients.decide.tolist()]
    sides = []
    for account in range(book.accounts):
        terms, quantities = book.row(account)
        pairs = zip(terms.tolist(), quantities.tolist(), strict=True)
        sides.append(sum(Fraction(quantity) * worth[term] for term, quantity in pairs) < 0)
    return np.array(sides, bool)


class Stream:
    """A book of `assets` owned (first half of the terms) and owed (second half) that changes."""

    def __init__(self, accounts: int, assets: int, *, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.assets = assets
        self.price = self.chance.integers(1, 9, assets).astype(float)
        self.weight = np.full(assets, 0.5)
        rows = [self.position() for _ in range(accounts)]
        owner = [number for number, (terms, _) in enumerate(rows) for _ in terms]
        self.book = book_of_rows(
            owner,
            [term for terms, _ in rows for term in terms],
            quantity=[quantity for _, quantities in rows for quantity in quantities],
            terms=2 * assets + 2,
            accounts=accounts,
        )

    def position(self) -> tuple[list[int], list[float]]:
        """Up to six positions; every third account owes exactly what it may."""
        size = int(self.chance.integers(0, 6))
        terms = self.chance.integers(0, self.assets, size).tolist()
        quantities = self.chance.integers(1, 50, size).astype(float).tolist()
        value = sum(
            q * self.price[t] * self.weight[t] for t, q in zip(terms, quantities, strict=True)
        )
        debt = int(self.chance.integers(0, self.assets))
        owed = value / self.price[debt]
        if self.chance.random() < 0.6:
            owed = round(owed * self.chance.uniform(0.4, 1.2))
        if owed:
            terms, quantities = [*terms, self.assets + debt], [*quantities, owed]
        return terms, quantities

    def coefficients(self) -> Coefficients:
        """What a unit of each term is worth now; the last two terms come to life on change."""
        owned = self.price * self.weight
        new = [self.price[0], -self.price[-1]]
        return linear(np.concatenate([owned, -self.price, new]))

    def move(self) -> list[int]:
        """Something happens; returns the accounts whose positions changed."""
        kind = self.chance.random()
        if kind < 0.5:
            self.price = self.price * np.exp(self.chance.normal(0, 0.004, self.assets))
        elif kind < 0.65:
            self.price[self.chance.integers(self.assets)] *= self.chance.uniform(0.97, 1.03)
        elif kind < 0.7:
            self.price = self.chance.integers(1, 9, self.assets).astype(float)
        elif kind < 0.75:
            self.weight[self.chance.integers(self.assets)] = self.chance.choice([0.0, 0.25, 0.5, 1])
        else:
            return [self.change() for _ in range(self.chance.integers(1, 4))]
        return []

    def change(self) -> int:
        """A deposit, a trade or a new account, whole or in a term that nobody held before."""
        account = int(self.chance.integers(0, self.book.accounts + 1))
        terms, quantities = self.position()
        if self.chance.random() < 0.1:
            terms, quantities = [*terms, 2 * self.assets], [*quantities, 3.0]
        if self.chance.random() < 0.1:
            terms, quantities = [*terms, 2 * self.assets + 1], [*quantities, 2.0]
        self.book.put(account, (terms, quantities))
        return account
