"""Clearing along paths: the simple model against frameworks, the kernel against its peer, memory.

Run alone by `python -m benchmarks.clearing`. Peers are found where they are installed, or where
`make peers` puts them; where one is not there, its line says so.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from statistics import median
from typing import Any

import numpy as np

from benchmarks.clearing_peers import PEERS, THRESHOLD, balabs_run
from benchmarks.measuring import Result, cpu_seconds, look_for_peers, peak_bytes, told
from tests.kernels.clearing.loan_books import PRICE, asked, book_of
from trimtab.kernels.clearing.book import SizingKind
from trimtab.kernels.clearing.running import PathClearing
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.simulation.paths import Brownian, Dependence, PathGrid, price_paths

HOUR, DAY = 3600.0, 86_400.0
VOL = 0.8
ROUNDS = 3


def prices_of(steps: int, *, paths: int, step_seconds: float, first: int = 0) -> Any:
    """Paths of one asset, as `price_paths` makes them for any stress test."""
    grid = PathGrid(("ETH",), (PRICE,), steps, step_seconds)
    model = Brownian(("ETH",), np.zeros(1), np.array([VOL]), Dependence(np.eye(1)))
    return price_paths(model, grid, seed=1, paths=paths, first_path=first)


def loans(accounts: int) -> tuple[Any, Any]:
    """What each account holds (ETH) and owes (USD): 30 to 78 % of the collateral."""
    rng = np.random.default_rng(1)
    owed = rng.lognormal(8.0, 1.5, accounts)
    return owed / rng.uniform(0.3, 0.78, accounts) / PRICE, owed


def frameworks() -> Result:
    """1,000 borrowers by 1,000 hourly steps: paths a second, path generation included."""
    held, owed = loans(1_000)
    batch = 200
    book = book_of(held, owed, threshold=THRESHOLD, sizing=SizingKind.WHOLE, spiral_cut=False)
    clearing = PathClearing(asked(book), steps=1_000)

    def cleared() -> Any:
        return clearing.run(prices_of(1_000, paths=batch, step_seconds=HOUR), seed=1).outcomes

    with told("1,000 borrowers by 1,000 steps"):
        counted = cleared().liquidations
        rows = [["trimtab path kernel", f"{batch / _spent(cleared):,.0f}", "1"]]
        prices = prices_of(1_000, paths=2, step_seconds=HOUR)
        for name, make in PEERS.items():
            rows.append(_peer_row(name, make, (held, owed, prices, counted), rows))
    return Result(
        "Monte Carlo: 1,000 borrowers by 1,000 steps",
        (
            "one core; borrowers with one collateral and one debt, geometric Brownian motion, "
            "liquidated whole at the threshold; every row makes its own paths.",
            "each peer counts as many liquidations on its paths as the kernel does.",
        ),
        ("work", "paths a second", "trimtab is faster by"),
        rows,
    )


def _spent(work: Any) -> float:
    return median(cpu_seconds(work) for _ in range(ROUNDS))


def _peer_row(name: str, make: Any, told_: Any, rows: list[list[str]]) -> list[str]:
    held, owed, prices, counted = told_
    if name != "NumPy" and not _installed(name):
        return [name, "not installed", "-"]
    run, found = make(held, owed), []

    def both() -> None:
        found[:] = [run(path[:, 0]) for path in prices_of(1_000, paths=2, step_seconds=HOUR)]

    spent = cpu_seconds(both)
    assert found == counted[: len(prices)].tolist(), f"{name} counts other liquidations"
    ours = float(rows[0][1].replace(",", ""))
    return [name, f"{2 / spent:,.1f}", f"{ours * spent / 2:,.0f}"]


def _installed(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def account_days() -> Result:
    """10,000 accounts by 1,000 paths by 30 days: account-days a second, with impact and keepers."""
    held, owed = loans(10_000)
    daily = prices_of(30, paths=1_000, step_seconds=DAY)
    hourly = prices_of(168, paths=1_000, step_seconds=HOUR)
    rows = [
        _days_row("a week of hours", (held, owed), prices=hourly, days=7),
        _days_row("30 days", (held, owed), prices=daily, days=30),
        _days_row("30 days, a third less owed", (held, owed * 2 / 3), prices=daily, days=30),
        _balabs_row(held, owed, daily),
    ]
    return Result(
        "Clearing with impact, keepers and close-out",
        (
            "10,000 accounts by 1,000 paths, one core, prices made before; millions of "
            "account-days a second, medians of 3 rounds.",
            "30 to 78 % of the collateral is owed where the threshold is 80 %: most of the book is "
            "liquidated again and again; what a path costs is what is liquidated on it.",
        ),
        ("work", "M account-days a second", "liquidations a path"),
        rows,
    )


def _days_row(name: str, book: tuple[Any, Any], *, prices: Any, days: int) -> list[str]:
    impact = impact_terms(("ETH",), kind=ImpactKind.SQUARE_ROOT, first=2e-4, recovery_seconds=DAY)
    question = asked(book_of(*book), impact=impact, gas=5.0, gas_slope=1.0, failure=0.1)
    clearing = PathClearing(question, steps=prices.shape[1] - 1)
    with told(f"clearing: {name}"):
        counted = clearing.run(prices, seed=1).outcomes.liquidations.mean()
        spent = _spent(lambda: clearing.run(prices, seed=1))
    done = book[0].size * len(prices) * days
    return [f"trimtab, {name}", f"{done / spent / 1e6:,.0f}", f"{counted:,.0f}"]


def _balabs_row(held: Any, owed: Any, prices: Any) -> list[str]:
    run = balabs_run(held, owed)
    if run is None:
        return ["balabs-risk-kernel 1.0.2, 30 days", "not installed", "-"]
    part = prices[:100]
    spent = cpu_seconds(lambda: run(part))
    return [
        "balabs-risk-kernel 1.0.2, 30 days",
        f"{held.size * len(part) * 30 / spent / 1e6:,.1f}",
        "-",
    ]


WEEK = """
import time
from benchmarks.clearing import week
from benchmarks.measuring import peak_bytes
begun = time.perf_counter(), time.process_time()
week(threads=2)
spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
print(*spent, peak_bytes())
"""


def week(threads: int) -> float:
    """10,000 accounts by 1,000 paths by 168 hours, paths made in batches on the way."""
    held, owed = loans(10_000)
    impact = impact_terms(
        ("ETH",), kind=ImpactKind.SQUARE_ROOT, first=2e-4, recovery_seconds=6 * HOUR
    )
    clearing = PathClearing(asked(book_of(held, owed), impact=impact, gas=5.0), steps=168)
    lost = 0.0
    for first in range(0, 1_000, 250):
        prices = prices_of(168, paths=250, step_seconds=HOUR, first=first)
        run = clearing.run(prices, seed=1, first_path=first, threads=threads)
        lost += float(run.outcomes.bad_debt.sum())
    return lost


def whole_week() -> Result:
    """Wall time and peak memory of a fresh process for the week, on two threads."""
    with told("a week of 10,000 accounts on 1,000 paths"):
        # The first process finds no compiled kernels where the sources are new.
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-c", WEEK], capture_output=True, text=True, check=True
            )
    wall, cpu, peak = (float(word) for word in done.stdout.split())
    return Result(
        "Stress: 10,000 accounts, 1,000 paths, 7 days by the hour",
        ("a fresh process with compiled kernels on disk, two threads, batches of 250 paths.",),
        ("wall seconds", "CPU seconds", "peak memory, MiB"),
        [[f"{wall:.1f}", f"{cpu:.1f}", f"{peak / 2**20:,.0f}"]],
    )


def clearing() -> list[Result]:
    """All tables of this page."""
    return [frameworks(), account_days(), whole_week()]


if __name__ == "__main__":
    look_for_peers()
    begun = time.perf_counter()
    print("\n".join(result.markdown() for result in clearing()))
    used = peak_bytes() / 2**20
    print(f"{time.perf_counter() - begun:.0f} s, {used:,.0f} MiB", file=sys.stderr)
