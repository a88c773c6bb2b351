"""Rows cut into equal runs for threads: kernels release the interpreter's lock.

Any number of Python threads may call any kernel; calls that ask for threads take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Final

from trimtab.kernels.backends import checked_threads, in_threads

# Below this many rows a second thread costs more than it brings.
_ROWS_LEAST: Final = 16_384


def over_rows(work: Callable[[int, int], None], rows: int, *, threads: int = 1) -> None:
    """Call `work(first, last)` on runs that cover 0 to `rows`, on up to `threads` threads.

    Each row is computed alike in any run, so the results do not depend on `threads`.

    Raises:
        UsageError: `threads` is not from 1 to 256.
    """
    runs = min(checked_threads(threads), max(1, rows // _ROWS_LEAST))
    edges = [rows * run // runs for run in range(runs + 1)]
    in_threads([partial(work, first, last) for first, last in pairwise(edges)])
