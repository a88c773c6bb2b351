"""The safe-radius index: long walks of all prices and of one, beside a full scan of each tick."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.kernel_books import ASSETS, Array, BenchBook, bench_book
from benchmarks.measuring import Result, told
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.kernels.scan import unsafe_accounts
from trimtab.kernels.works import UNSAFE

ACCOUNTS = 1_000_000
TICKS = 100_000
TICKS_COMPARED = 10_000
STEP = 1e-3
CURED_HEALTH = 1.1
# More accounts near the edge than in the book of the scans: one in fifty begins below it.
DENSE = (0.6, 0.3)
Step = Callable[[Array, np.random.Generator], Array]


@dataclass(slots=True)
class Walk:
    """What a walk cost: seconds of each tick, accounts looked at, events, and of full scans."""

    ticks: Array
    touches: Array
    scans: Array
    examined: int
    fell: int


def all_prices(price: Array, chance: np.random.Generator) -> Array:
    """Every price moves, by 10 bps of standard deviation."""
    return price * np.exp(chance.normal(0, STEP, price.size))


def one_price(price: Array, chance: np.random.Generator) -> Array:
    """One price moves by as much."""
    moved = price.copy()
    moved[chance.integers(price.size)] *= np.exp(chance.normal(0, STEP))
    return moved


def cure(book: BenchBook, accounts: Array, *, price: Array) -> None:
    """A liquidation: the debts of an account shrink until its health is 1.1."""
    decide = book.coefficients(price).decide
    for account in accounts.tolist():
        terms, quantities = book.columns.row(account)
        value = quantities * decide[terms]
        owned, owed = value[value > 0].sum(), -value[value < 0].sum()
        quantities[terms >= ASSETS] *= owned / owed / CURED_HEALTH
        book.columns.put(account, (terms, quantities))


def walk(book: BenchBook, step: Step, *, ticks: int, compared: int) -> tuple[Walk, Any]:
    """Move prices, tell who fell, liquidate them; compare with full scans at first."""
    chance = np.random.default_rng(7)
    price = book.price
    index = SafeRadiusIndex(book.columns, book.coefficients(price), exact=book.exact(price))
    cure(book, index.unsafe, price=price)
    index.touch(index.unsafe, book.coefficients(price), exact=book.exact(price))
    spent, touched, scanned = np.zeros(ticks), np.zeros(ticks), []
    examined = fell = 0
    for number in range(ticks):
        price = step(price, chance)
        worth, exact = book.coefficients(price), book.exact(price)
        begun = time.process_time()
        told_now = index.tick(worth, exact=exact)
        spent[number] = time.process_time() - begun
        examined, fell = examined + told_now.examined, fell + told_now.fell.size
        if number < compared:
            begun = time.process_time()
            scan = unsafe_accounts(book.columns, worth, exact=exact)
            scanned.append(time.process_time() - begun)
            assert np.array_equal(scan.unsafe, index.unsafe), f"tick {number}: other events"
        if told_now.fell.size:
            cure(book, told_now.fell, price=price)
            begun = time.process_time()
            index.touch(told_now.fell, worth, exact=exact)
            touched[number] = (time.process_time() - begun) / told_now.fell.size
    assert (index._levels.side == UNSAFE).sum() == index.unsafe.size
    return Walk(spent, touched, np.array(scanned), examined, fell), index


def kernel_index() -> Result:
    """Both walks on one book."""
    with told(f"kernels: a book of {ACCOUNTS:,} accounts for the index"):
        book = bench_book(ACCOUNTS, log_health=DENSE)
    with told(f"kernels: {TICKS:,} ticks of all prices, {TICKS_COMPARED:,} scanned too"):
        every, index = walk(book, all_prices, ticks=TICKS, compared=TICKS_COMPARED)
    memory = index.nbytes / ACCOUNTS
    with told(f"kernels: {TICKS:,} ticks of one price"):
        one, _ = walk(
            bench_book(ACCOUNTS, log_health=DENSE),
            one_price,
            ticks=TICKS,
            compared=TICKS_COMPARED // 5,
        )
    return Result(
        "Kernels: the safe-radius index",
        (
            f"{ACCOUNTS:,} accounts, {ASSETS} assets; prices move by 10 bps (normal) a tick; "
            "CPU time of a tick, one thread.",
            f"Sides equal those of a full scan on each of the first {TICKS_COMPARED:,} ticks of "
            f"all prices ({TICKS_COMPARED // 5:,} of one price).",
            "Whoever falls is liquidated to a health of 1.1, told to the index by `touch` "
            f"({np.mean(every.touches[every.touches > 0]) * 1e6:.0f} us an account).",
            f"Memory of the index: {memory:.1f} bytes an account.",
        ),
        (
            "prices that move",
            "mean us",
            "median us",
            "p99 us",
            "worst ms",
            "accounts looked at",
            "events",
            "full scan us",
            "times faster",
        ),
        (line(f"all {ASSETS}", every), line("one", one)),
    )


def line(name: str, found: Walk) -> tuple[str, ...]:
    """One walk as a line of the table."""
    micro = found.ticks * 1e6
    scan = float(np.median(found.scans)) * 1e6
    return (
        name,
        f"{micro.mean():.0f}",
        f"{np.median(micro):.0f}",
        f"{np.percentile(micro, 99):,.0f}",
        f"{micro.max() / 1e3:.1f}",
        f"{found.examined / micro.size:,.0f}",
        f"{found.fell:,}",
        f"{scan:,.0f}",
        f"{scan / micro.mean():.0f}",
    )
