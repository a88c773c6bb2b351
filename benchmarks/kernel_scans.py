"""The decision scan beside its peers, its share of the read bandwidth, and the full output."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks.kernel_books import ASSETS, POSITIONS, TIES, Array, BenchBook, bench_book
from benchmarks.kernel_peers import MATH_USERS, PEERS, math_utils_seconds
from benchmarks.measuring import Result, cpu_seconds, rate, told
from tests.oracle.packages import MissingError
from trimtab.kernels.backends import Backend
from trimtab.kernels.jit import kernel
from trimtab.kernels.outputs import COLUMNS, standings
from trimtab.kernels.scan import unsafe_accounts

ACCOUNTS = 1_000_000
MANY = 10_000_000
ROUNDS = 11
CRASH = "Trimtab, exact, in a crash"
# Every second asset loses half of its price.
CRASHED = np.where(np.arange(ASSETS) % 2, 0.5, 1.0)
# Bytes of an account that the first pass reads: a float32 and an id of a byte for each position.
SCANNED_BYTES = 5 * POSITIONS
BANDWIDTH_FLOATS = 40_000_000


@kernel
def read_all(column: Any) -> float:
    """The sum of a column: reading it is all that takes time."""
    total = 0.0
    for place in range(column.size):
        total += column[place]
    return total


def in_turns(works: dict[str, Callable[[], Any]], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU seconds of each, in alternation, so that a busy moment hits all."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            spent[name].append(cpu_seconds(work))
    return {name: median(seconds) for name, seconds in spent.items()}


def kernel_scans() -> list[Result]:
    """Decision scan, bandwidth, full output, and ten times as many accounts."""
    with told(f"kernels: a book of {ACCOUNTS:,} accounts"):
        book = bench_book(ACCOUNTS)
    return [decision(book), bandwidth(book)]


def decision(book: BenchBook) -> Result:
    """The scan against its peers."""
    works = {
        "Trimtab, exact": scan_of(book),
        CRASH: scan_of(book, price=book.price * CRASHED),
        "Trimtab's NumPy twin, exact": twin_of(book),
    }
    notes = [
        f"{ACCOUNTS:,} accounts x {POSITIONS} positions of {ASSETS} assets; medians of {ROUNDS} "
        "rounds in turns, one thread each.",
        f"{TIES} accounts stand exactly at the edge; the peers decide them by rounding, Trimtab by "
        "fractions.",
    ]
    for name, peer in PEERS.items():
        try:
            works[name] = peer(book)
        except ImportError as error:
            notes.append(f"{name}: left out, {error}.")
    with told("kernels: scans in turns"):
        seconds = in_turns(works)
    own, crashed = works["Trimtab, exact"](), works.pop(CRASH)()
    notes.append(f"{own.unsafe.size:,} unsafe, {own.doubtful} in doubt after float32.")
    notes.append(f"The crash makes {crashed.unsafe.size:,} unsafe at once.")
    require_same(own.unsafe, works)
    first = seconds["Trimtab, exact"]
    rows = [row(name, spent, first=first) for name, spent in seconds.items()]
    try:
        with told("kernels: @aave/math-utils"):
            each = math_utils_seconds()
        rows.append(row("@aave/math-utils (Node)", each * ACCOUNTS, first=first))
        notes.append(f"@aave/math-utils is measured on {MATH_USERS:,} accounts.")
    except MissingError as error:
        notes.append(f"@aave/math-utils: left out, {error}.")
    return Result(
        "Kernels: who is liquidatable",
        notes,
        ("work", "ms", "M accounts a second", "times Trimtab's"),
        rows,
    )


def row(name: str, seconds: float, *, first: float) -> tuple[str, str, str, str]:
    """One line of the comparison."""
    speed = f"{ACCOUNTS / seconds / 1e6:,.1f}" if seconds < 10 else rate(ACCOUNTS, seconds * 1e6)
    if seconds >= 1:
        speed = f"{ACCOUNTS / seconds / 1e6:.4f}"
    return name, f"{seconds * 1e3:,.2f}", speed, f"{seconds / first:,.1f}"


def scan_of(book: BenchBook, *, price: Array | None = None) -> Callable[[], Any]:
    """The compiled scan, with coefficients made in the call as a tick would."""
    at = book.price if price is None else price
    exact = book.exact(at)
    return lambda: unsafe_accounts(book.columns, book.coefficients(at), exact=exact)


def twin_of(book: BenchBook) -> Callable[[], Any]:
    """The scan in NumPy."""
    exact = book.exact(book.price)
    return lambda: unsafe_accounts(
        book.columns, book.coefficients(book.price), exact=exact, backend=Backend.NUMPY
    )


def require_same(unsafe: Any, works: dict[str, Callable[[], Any]]) -> None:
    """Every peer finds the same accounts, but for those within its own rounding."""
    for name, work in works.items():
        found = work()
        accounts = found if isinstance(found, np.ndarray) else found.unsafe
        apart = np.setxor1d(accounts, unsafe)
        assert apart.size <= TIES, f"{name}: {apart.size} accounts decided otherwise"


def bandwidth(book: BenchBook) -> Result:
    """Shares of what the memory gives, and how time grows with the accounts."""
    large = np.ones(BANDWIDTH_FLOATS)
    table = np.empty((COLUMNS, ACCOUNTS))
    worth = book.coefficients(book.price)
    works: dict[str, Callable[[], Any]] = {
        "read": lambda: read_all(large),
        "write": lambda: table.fill(1.0),
        "scan": scan_of(book),
        "output": lambda: standings(book.columns, worth),
    }
    with told("kernels: bandwidth and full output"):
        seconds = in_turns(works)
    read, write = large.nbytes / seconds["read"] / 1e9, table.nbytes / seconds["write"] / 1e9
    scanned = ACCOUNTS * SCANNED_BYTES / seconds["scan"] / 1e9
    written = table.nbytes / seconds["output"] / 1e9
    with told(f"kernels: a book of {MANY:,} accounts"):
        tenfold = bench_book(MANY, seed=2)
        more = in_turns({"scan": scan_of(tenfold)}, rounds=5)["scan"]
    growth = more / seconds["scan"] / (MANY / ACCOUNTS)
    megabytes = tenfold.columns.nbytes / 1e6
    return Result(
        "Kernels: memory and size",
        (
            f"Read bandwidth is that of one thread over {large.nbytes / 1e6:.0f} MB, write "
            f"bandwidth that of filling {table.nbytes / 1e6:.0f} MB, in this run.",
            f"The scan reads {SCANNED_BYTES} bytes an account; all columns of {MANY:,} accounts "
            f"take {megabytes:,.0f} MB.",
            "Full output is six float64 an account: excess at three levels, health, leverage, "
            "distance.",
        ),
        ("work", "ms", "GB/s", "of the bandwidth"),
        (
            ("read bandwidth", f"{seconds['read'] * 1e3:.1f}", f"{read:.1f}", ""),
            ("write bandwidth", f"{seconds['write'] * 1e3:.1f}", f"{write:.1f}", ""),
            (
                f"decision scan, {ACCOUNTS:,}",
                f"{seconds['scan'] * 1e3:.2f}",
                f"{scanned:.1f}",
                f"{scanned / read:.0%}",
            ),
            (
                f"full output, {ACCOUNTS:,}",
                f"{seconds['output'] * 1e3:.2f}",
                f"{written:.1f}",
                f"{written / write:.0%}",
            ),
            (
                f"decision scan, {MANY:,}",
                f"{more * 1e3:.1f}",
                f"{MANY * SCANNED_BYTES / more / 1e9:.1f}",
                f"{growth:.2f} x linear",
            ),
        ),
    )
