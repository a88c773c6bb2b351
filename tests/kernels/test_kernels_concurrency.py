"""Four Python threads call every kernel at once, with threads of their own, and agree."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from trimtab.kernels.barrier import barrier, fall
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.liquidation_map import liquidation_edges
from trimtab.kernels.outputs import standings
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.kernels.scan import unsafe_accounts

ACCOUNTS, ASSETS = 20_000, 10
Array = NDArray[Any]


def nobody(accounts: Array) -> Array:
    return np.zeros(accounts.size, bool)


def book_and_worth() -> tuple[Any, Coefficients, Array]:
    chance = np.random.default_rng(1)
    asset = chance.integers(0, ASSETS, (ACCOUNTS, 3))
    quantity = chance.uniform(1, 2, (ACCOUNTS, 3))
    book = book_of_rows(
        np.repeat(np.arange(ACCOUNTS), 3),
        (asset + np.array([0, 0, ASSETS])).ravel(),
        quantity=quantity.ravel(),
        terms=2 * ASSETS,
    )
    price = chance.uniform(0.8, 1.2, ASSETS)
    return book, linear(np.concatenate([price * 0.7, -price])), price


def every_kernel() -> list[Callable[[], Any]]:
    book, worth, price = book_and_worth()

    def walk() -> list[int]:
        index = SafeRadiusIndex(book, worth, exact=nobody)
        told = []
        for turn in range(20):
            moved = price * (1 + 0.01 * np.sin(turn + np.arange(ASSETS)))
            now = linear(np.concatenate([moved * 0.7, -moved]))
            told += index.tick(now, exact=nobody).fell.tolist()
        return told

    prepared = barrier(np.linspace(1, 2, 999), np.ones(999), impact=lambda s: 1 / (1 + s))
    return [
        lambda: unsafe_accounts(book, worth, exact=nobody, threads=3).unsafe.tolist(),
        lambda: unsafe_accounts(book, worth, exact=nobody).unsafe.tolist(),
        lambda: standings(book, worth, threads=2).distance.tolist(),
        lambda: liquidation_edges(book, worth).ratio.tolist(),
        lambda: fall(prepared, np.linspace(0.5, 2.5, 500)).fallen.tolist(),
        walk,
    ]


def test_four_threads_agree_with_one() -> None:
    works = every_kernel()
    alone = [work() for work in works]
    assert len(alone[0]) > 100
    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(works[n % len(works)]) for n in range(12 * len(works))]
        for number, turn in enumerate(turns):
            assert turn.result(timeout=120) == alone[number % len(works)]


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_a_number_of_threads_that_is_none_is_refused(threads: int) -> None:
    book, worth, _ = book_and_worth()
    with pytest.raises(Exception, match="threads: found"):
        standings(book, worth, threads=threads)
