"""Rows cut into equal runs for threads: kernels release the interpreter's lock.

There is no parallel region of a threading layer, so nothing has to be locked: any number of Python
threads may call any kernel, and each call is cut into runs of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from trimtab.units import UsageError

# Below this many rows a second thread costs more than it brings.
_ROWS_LEAST: Final = 16_384
THREADS_MOST: Final = 256


def over_rows(work: Callable[[int, int], None], rows: int, *, threads: int = 1) -> None:
    """Call `work(first, last)` on runs that cover 0 to `rows`, on up to `threads` threads.

    Each row is computed alike in any run, so the results do not depend on `threads`.

    Raises:
        UsageError: `threads` is not from 1 to 256.
    """
    if not 1 <= threads <= THREADS_MOST:
        raise UsageError(f"threads: expected 1 to {THREADS_MOST}, found {threads}")
    runs = min(threads, max(1, rows // _ROWS_LEAST))
    if runs == 1:
        work(0, rows)
        return
    edges = [rows * run // runs for run in range(runs + 1)]
    with ThreadPoolExecutor(max_workers=runs) as pool:
        for done in [pool.submit(work, edges[run], edges[run + 1]) for run in range(runs)]:
            done.result()
