"""Synthetic books for the kernels: three assets owned and two owed, of fifty, ties among them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.book import BookColumns
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear

ASSETS = 50
POSITIONS = 5
OWNED = 3
TIES = 10
Array = NDArray[Any]


@dataclass(slots=True)
class BenchBook:
    """A book, its prices and weights, and the flat rows it was built from."""

    columns: BookColumns
    owner: Array
    term: Array
    quantity: Array
    price: Array
    threshold: Array
    liability: Array

    def coefficients(self, price: Array) -> Coefficients:
        """What units are worth at some prices; amounts round to a hundred-millionth of a unit."""
        decide = np.concatenate([price * self.threshold, -price * self.liability])
        return linear(decide, slack=1e-8 * np.abs(decide), asset=np.tile(np.arange(ASSETS), 2))

    def exact(self, price: Array) -> Any:
        """Decides in fractions of the floats, whatever float64 cannot."""
        decide = [Fraction(value) for value in self.coefficients(price).decide.tolist()]

        def decided(accounts: Array) -> Array:
            return np.array([self._excess(account, decide) < 0 for account in accounts.tolist()])

        return decided

    def _excess(self, account: int, decide: list[Fraction]) -> Fraction:
        terms, quantities = self.columns.row(account)
        rows = zip(terms.tolist(), quantities.tolist(), strict=True)
        return sum((decide[term] * Fraction(quantity) for term, quantity in rows), Fraction())


def bench_book(
    accounts: int, *, seed: int = 1, log_health: tuple[float, float] = (0.7, 0.25)
) -> BenchBook:
    """Values spread over four orders of magnitude, health around 2, one in 400 unsafe.

    Arguments:
        log_health: mean and deviation of the logarithm of health.
    """
    chance = np.random.default_rng(seed)
    asset = chance.integers(0, ASSETS, (accounts, POSITIONS), dtype=np.uint8)
    price = np.exp(chance.normal(3, 2, ASSETS))
    threshold, liability = chance.uniform(0.6, 0.9, ASSETS), chance.uniform(1.0, 1.2, ASSETS)
    value = np.exp(chance.normal(8, 2, (accounts, POSITIONS)))
    owned = (value[:, :OWNED] * threshold[asset[:, :OWNED]]).sum(1)
    owed = (value[:, OWNED:] * liability[asset[:, OWNED:]]).sum(1)
    health = np.exp(chance.normal(*log_health, accounts))
    # Some stand so near the edge that only exact arithmetic can tell.
    health[chance.choice(accounts, min(TIES, accounts), replace=False)] = 1.0
    value[:, OWNED:] *= (owned / owed / health)[:, None]
    value /= price[asset]
    term = asset
    term[:, OWNED:] += ASSETS
    owner = np.repeat(np.arange(accounts, dtype=np.int32), POSITIONS)
    columns = book_of_rows(
        owner, term.ravel(), quantity=value.ravel(), terms=2 * ASSETS, accounts=accounts
    )
    return BenchBook(columns, owner, term.ravel(), value.ravel(), price, threshold, liability)
