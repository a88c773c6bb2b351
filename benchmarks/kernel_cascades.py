"""Cascades: one sold asset, three, and mixed books; beside rounds of scans."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks.measuring import Result, told
from trimtab.kernels.barrier import barrier, fall
from trimtab.kernels.cascades import JointCascade, Sizing, holders, sized_fall

ACCOUNTS = 1_000_000
SHOCKS = 20_000
ROUNDS = 5
Array = Any


def impact(sold: Array) -> Array:
    """Half the price is gone when a quarter of the book is sold."""
    return np.exp(-sold / (0.25 * ACCOUNTS) * np.log(2))


def seconds(work: Callable[[], Any]) -> float:
    """Median CPU seconds."""
    work()
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return median(spent)


def scanned(price: Array, sale: Array, *, start: float) -> tuple[int, int]:
    """Rounds of scans over all accounts; how many fell, and the rounds."""
    at, rounds, before = start, 0, -1
    while True:
        rounds += 1
        below = at < price
        count = int(below.sum())
        if count == before:
            return count, rounds
        before, at = count, start * float(impact(sale[below].sum()))


def kernel_cascades() -> Result:
    """Prepare, search, iterate; and the scan that answers the same."""
    chance = np.random.default_rng(3)
    edge = 100 * np.exp(-np.abs(chance.normal(0, 0.5, ACCOUNTS)))
    sale = chance.uniform(0.1, 1.0, ACCOUNTS)
    starts = chance.uniform(50, 99, SHOCKS)
    with told("kernels: cascade of one asset"):
        prepare = seconds(lambda: barrier(edge, sale, impact=impact))
        prepared = barrier(edge, sale, impact=impact)
        shock = seconds(lambda: fall(prepared, starts)) / SHOCKS
        fallen = fall(prepared, starts[:20]).fallen
        begun = time.process_time()
        scans = [scanned(edge, sale, start=float(start)) for start in starts[:20]]
        scan = (time.process_time() - begun) / 20
    assert [count for count, _ in scans] == fallen.tolist(), "the scan stops elsewhere"
    rounds = np.mean([count for _, count in scans])
    rows = [
        ("one asset: prepare", f"{prepare * 1e3:.1f} ms", ""),
        ("one asset: a shock", f"{shock * 1e6:.2f} us", f"{scan / shock:,.0f}"),
        (f"one asset: rounds of scans ({rounds:.0f})", f"{scan * 1e3:.1f} ms", "1"),
        *several(chance, edge, sale=sale),
    ]
    return Result(
        "Kernels: cascades",
        (
            f"{ACCOUNTS:,} accounts, exponential impact; CPU medians of {ROUNDS} rounds, "
            f"shocks of one asset in a batch of {SHOCKS:,}.",
            "The scans stop at the same account for every shock that was compared (20).",
        ),
        ("work", "time", "times faster than scans"),
        rows,
    )


def several(chance: np.random.Generator, edge: Array, *, sale: Array) -> list[tuple[str, str, str]]:
    """Three sold assets: one each, one account in ten with two, and sizes that follow prices."""
    rows = []
    shock = np.array([88.0, 92.0, 95.0])
    for share in (0.0, 0.1):
        first = chance.integers(0, 3, ACCOUNTS)
        two = chance.random(ACCOUNTS) < share
        account = np.concatenate([np.arange(ACCOUNTS), np.flatnonzero(two)])
        asset = np.concatenate([first, (first[two] + 1) % 3])
        slope = np.ones(account.size)
        order = np.argsort(account, kind="stable")
        book = holders(
            account[order],
            asset[order],
            slope=slope,
            sale=sale[account[order]],
            rest=-edge * np.where(two, 2.0, 1.0),
        )
        with told(f"kernels: cascade of three assets, {share:.0%} mixed"):
            cascade = JointCascade(book, [impact] * 3)
            spent = seconds(lambda one=cascade: one.fall(shock))
            found = cascade.fall(shock)
        name = f"three assets, {share:.0%} of the accounts hold two: a shock"
        rows.append((name, f"{spent * 1e3:.2f} ms ({found.rounds} rounds)", ""))
    debt = edge * sale * 0.8
    sized = Sizing(edge, 1.05 * debt / (1.05 - 0.84), sale * 0.8 / (1.05 - 0.84), sale)
    with told("kernels: cascade sized to a target health"):
        spent = seconds(lambda: sized_fall(sized, 90.0, impact=impact))
        _, rounds = sized_fall(sized, 90.0, impact=impact)
    rows.append(
        ("one asset, sized to health 1.05: a shock", f"{spent:.2f} s ({rounds} rounds)", "")
    )
    return rows
