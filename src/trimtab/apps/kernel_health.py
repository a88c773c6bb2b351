"""What `trimtab doctor` says of the kernels: which face, its cache, threads, and its speed here."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from trimtab.kernels.backends import has_numba
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.kernels.scan import Exact, unsafe_accounts

ACCOUNTS = 200_000
POSITIONS = 5
ASSETS = 50
ROUNDS = 5
LAYER = "Python threads without the interpreter's lock"


def kernel_facts() -> dict[str, Any]:
    """Facts for the table: the first call's seconds include loading or compiling."""
    book, worth = _book()
    begun = time.perf_counter()
    unsafe_accounts(book, worth, exact=_nobody)
    first = time.perf_counter() - begun
    scans = [_scan_seconds(book, worth) for _ in range(ROUNDS)]
    return {
        "kernels": "numba" if has_numba() else "numpy (numba is not installed)",
        "kernel_first_call_seconds": round(first, 2),
        "accounts_scanned_per_second": round(ACCOUNTS / min(scans)),
        "index_tick_microseconds": _tick_microseconds(book, worth),
        **_compiler(),
    }


def _compiler() -> dict[str, Any]:
    if not has_numba():
        return {}
    from trimtab.kernels import jit
    from trimtab.kernels.permuting import can_permute

    kept = list(jit.cache_folder().glob(f"*{jit.SUFFIX}"))
    return {
        "numba": jit.version(),
        "kernel_cache": str(jit.cache_folder()),
        "kernel_cache_files": len(kept),
        "kernel_cache_bytes": sum(path.stat().st_size for path in kept),
        "kernel_look_up": "registers (AVX-512)" if can_permute() else "memory",
        "kernel_threads": "1; more with threads=",
        "kernel_thread_layer": LAYER,
    }


def _nobody(accounts: Any) -> Any:
    return np.zeros(accounts.size, bool)


_EXACT: Exact = _nobody


def _book() -> tuple[Any, Coefficients]:
    """A book of three assets and two debts each, most of them safe; drawn by arithmetic."""
    owner = np.repeat(np.arange(ACCOUNTS), POSITIONS)
    slot = np.tile(np.arange(POSITIONS), ACCOUNTS)
    mixed = (owner * 2654435761 + slot * 40503) % 2**32
    term = mixed % ASSETS + np.where(slot >= 3, ASSETS, 0)
    quantity = 1.0 + mixed % 1009 / 1009.0
    book = book_of_rows(owner, term, quantity=quantity, terms=2 * ASSETS)
    price = 1.0 + np.arange(ASSETS) / ASSETS
    return book, linear(np.concatenate([price * 0.8, -price * 0.4]))


def _scan_seconds(book: Any, worth: Coefficients) -> float:
    begun = time.perf_counter()
    unsafe_accounts(book, worth, exact=_EXACT)
    return time.perf_counter() - begun


def _tick_microseconds(book: Any, worth: Coefficients) -> int:
    index = SafeRadiusIndex(book, worth, exact=_EXACT)
    spent = []
    for turn in range(1, 51):
        moved = worth.decide * (1 + 1e-4 * np.sin(turn + np.arange(worth.terms)))
        now = linear(moved)
        begun = time.perf_counter()
        index.tick(now, exact=_EXACT)
        spent.append(time.perf_counter() - begun)
    return round(float(np.median(spent)) * 1e6)
