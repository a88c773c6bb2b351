"""Books of loans for the path kernel's tests: plain numbers in, a `ClearingBook` out."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.kernels.clearing.book import ClearingBook, LiquidationTerms, PoolColumns
from trimtab.kernels.clearing.laying_out import Question
from trimtab.kernels.clearing.running import PathClearing
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.kernels.impact import without_impact

HOUR = 3600.0
PRICE = 2000.0


def book_of(
    held: Any,
    owed: Any,
    *,
    threshold: float = 0.8,
    bonus: float = 0.05,
    fee: float = 0.0,
    fund: float = 0.0,
    backstop: float = 0.0,
    supplied: float = 1e12,
    growth: float = 1.0,
    **liquidation: Any,
) -> ClearingBook:
    """Loans of USD against ETH at 2,000: one entry of `held` (ETH) and `owed` (USD) an account."""
    amounts = np.column_stack([held, np.zeros(len(held))]).astype(np.float64)
    debts = np.column_stack([np.zeros(len(owed)), owed]).astype(np.float64)
    zero, borrowed = np.zeros(2), debts.sum(axis=0)
    claims = amounts.sum(axis=0) + np.array([0.0, supplied + fund + backstop])
    pools = PoolColumns(
        claims,
        borrowed,
        claims - borrowed,
        zero,
        zero,
        np.zeros(2, dtype=bool),
        np.array([0.0, fund]),
        np.array([0.0, backstop]),
        np.array([1.0, growth]),
        zero,
    )
    level = np.array([[threshold, 0.0]])
    return ClearingBook(
        ("ETH", "USD"),
        1,
        np.array([PRICE, 1.0]),
        tuple(f"a{number:06d}" for number in range(len(amounts))),
        amounts,
        debts,
        np.zeros(len(amounts), np.int64),
        level,
        level,
        np.array([[bonus, 0.0]]),
        np.ones(2),
        np.array([fee, 0.0]),
        pools,
        LiquidationTerms(**liquidation),
        HOUR,
    )


def drawn_book(accounts: int, *, seed: int = 1, **changed: Any) -> ClearingBook:
    """Loans of all sizes at 30 to 78 % of their collateral."""
    rng = np.random.default_rng(seed)
    owed = rng.lognormal(8.0, 1.5, accounts)
    return book_of(owed / rng.uniform(0.3, 0.78, accounts) / PRICE, owed, **changed)


def walks(paths: int, steps: int, *, vol: float = 1.5, seed: int = 0) -> Any:
    """Paths of ETH by the hour, without drift."""
    rng = np.random.default_rng(seed)
    years = HOUR / (365 * 86400)
    moves = rng.standard_normal((paths, steps)) * vol * np.sqrt(years) - 0.5 * vol**2 * years
    prices = np.full((paths, steps + 1, 1), PRICE)
    prices[:, 1:, 0] *= np.exp(np.cumsum(moves, axis=1))
    return prices


def along(*prices: float) -> Any:
    """One path from 2,000 on."""
    return np.array([PRICE, *prices])[None, :, None]


def asked(
    book: ClearingBook, *, impact: Any = None, oracle: Any = None, **keepers: Any
) -> Question:
    """A question on ETH; what is left out is no impact and a market-price oracle."""
    return Question(
        book,
        ("ETH",),
        impact or without_impact(("ETH",)),
        oracle or oracle_terms(("ETH",)),
        KeeperTerms(**keepers),
    )


def cleared(question: Question, prices: Any, **run: Any) -> Any:
    """The outcomes of some paths."""
    clearing = PathClearing(question, steps=prices.shape[1] - 1)
    return clearing.run(prices, **({"seed": 7} | run)).outcomes
