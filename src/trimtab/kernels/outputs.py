"""Everything about every account: three levels, health, leverage, distance; and who falls where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from trimtab.kernels.backends import Backend, checked_threads, face, in_threads
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Floats
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.scan import require_fitting
from trimtab.kernels.works import OutputWork

COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Standings:
    """Per account, in quote and plain numbers, as float estimates: decisions are `unsafe_accounts`.

    `health` is weighted assets over weighted debts, infinite without a debt; `leverage` exposure
    over equity, infinite without equity; `distance` the fraction by which all net assets but the
    quote must fall together for the maintenance excess to reach zero, 1 for never.
    """

    initial: Floats
    liquidation_end: Floats
    maintenance: Floats
    health: Floats
    leverage: Floats
    distance: Floats


def standings(
    book: BookColumns,
    coefficients: Coefficients,
    *,
    threads: int = 1,
    backend: Backend = Backend.AUTO,
) -> Standings:
    """Value every account.

    Arguments:
        threads: how many threads share the accounts.

    Raises:
        DataError: coefficients of another number of terms than the book's.
    """
    require_fitting(book, coefficients)
    table = np.empty((COLUMNS, book.accounts))
    levels = np.ascontiguousarray(
        np.stack(
            [
                coefficients.initial,
                coefficients.liquidation_end,
                coefficients.maintenance,
                coefficients.equity,
                coefficients.gross,
            ],
            axis=1,
        )
    )
    faces = face("outputs", backend)
    edges = np.linspace(0, book.accounts, checked_threads(threads) + 1).astype(np.int64)
    jobs = []
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        work = OutputWork(
            book.quantity,
            book.term,
            book.start,
            book.count,
            levels,
            coefficients.asset,
            first,
            last,
            table,
        )
        jobs.append(partial(faces.value, work))
    in_threads(jobs)
    return Standings(*table)
