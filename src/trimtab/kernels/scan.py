"""Who is liquidatable: a decision for every account, identical to the exact engine's.

Two passes that may only be sure, and a question for the rest. The first clears most accounts by
one float32 sum each; the second bounds the others in float64; whoever is still within the bound,
ties included, is decided by the function that is given as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.backends import Backend, checked_threads, face, in_threads
from trimtab.kernels.book import BookColumns, Group
from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.coefficients import Coefficients, ScreenTable, screen_table
from trimtab.kernels.requirement import Curves, no_curves, steepest
from trimtab.kernels.works import DOUBT, UNSAFE, JudgeWork, ScreenWork
from trimtab.units import DataError

# Decides accounts exactly: account numbers in, True where one is unsafe.
Exact = Callable[[Ints], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Who is unsafe (account numbers, ascending), and what the passes left over.

    `doubtful` accounts went to the second pass, `asked` to the exact engine.
    """

    unsafe: Ints
    doubtful: int
    asked: int


def unsafe_accounts(
    book: BookColumns,
    coefficients: Coefficients,
    *,
    exact: Exact,
    curves: Curves | None = None,
    threads: int = 1,
    backend: Backend = Backend.AUTO,
) -> Decisions:
    """Decide every account of a book.

    Arguments:
        book: its columns; not changed meanwhile.
        coefficients: what a unit of each term is worth now.
        exact: decides the accounts that float64 cannot.
        curves: requirements that grow faster than the notional; None is none.
        threads: how many threads scan; more than 1 pays above some 5 ms of work.
        backend: compiled, or NumPy; the answer is the same.

    Raises:
        DataError: coefficients of another number of terms than the book's.
    """
    require_fitting(book, coefficients)
    faces = face("scan", backend)
    bent = no_curves(book.terms) if curves is None else curves
    bounds = _bounds(book, coefficients, curves=bent)
    unsafe, doubtful = _screened(
        book, bounds, slack=coefficients.slack, faces=faces, threads=checked_threads(threads)
    )
    verdict = judged(book, coefficients, curves=bent, accounts=doubtful, faces=faces)
    asked = doubtful[verdict == DOUBT].astype(np.int64)
    found = [unsafe, doubtful[verdict == UNSAFE]]
    if asked.size:
        found.append(asked[exact(asked)].astype(np.int32))
    everybody = _ascending(np.concatenate(found), book.accounts)
    return Decisions(everybody, int(doubtful.size), int(asked.size))


def _ascending(found: NDArray[np.int32], accounts: int) -> Ints:
    """Account numbers in order, by whichever way is shorter."""
    if found.size * 100 < accounts:
        return np.sort(found).astype(np.int64)
    among = np.zeros(accounts, np.bool_)
    among[found] = True
    return np.flatnonzero(among)


def _bounds(
    book: BookColumns, coefficients: Coefficients, *, curves: Curves
) -> tuple[Floats, Floats]:
    """The least and the most that a unit of each term can add to an excess."""
    if not curves.some:
        return coefficients.decide, coefficients.decide
    least, most = steepest(curves, book.largest)
    # min(v, g v) of v = c - d is at least g c - d and at most c - d.
    lowest = coefficients.decide * np.where(coefficients.decide > 0, curves.gain, 1.0)
    return lowest - most, coefficients.decide - least


def judged(
    book: BookColumns,
    coefficients: Coefficients,
    *,
    curves: Curves,
    accounts: NDArray[np.int32],
    faces: ModuleType,
) -> NDArray[np.int8]:
    """SAFE, UNSAFE or DOUBT for each of some accounts."""
    verdict = np.empty(accounts.size, np.int8)
    work = JudgeWork(
        book.quantity,
        book.term,
        book.start,
        book.count,
        coefficients.decide,
        coefficients.slack,
        curves,
        accounts,
        verdict,
    )
    faces.judge(work)
    return verdict


def require_fitting(book: BookColumns, coefficients: Coefficients) -> None:
    """Refuse coefficients that are not of the book's terms."""
    if coefficients.terms != book.terms:
        raise DataError(
            "the coefficients are not of this book's terms",
            found=str(coefficients.terms),
            expected=str(book.terms),
        )


Rows = NDArray[np.int32]


def _screened(
    book: BookColumns,
    bounds: tuple[Floats, Floats],
    *,
    slack: Floats,
    faces: ModuleType,
    threads: int,
) -> tuple[Rows, Rows]:
    """Accounts that the first pass knows to be unsafe, and those that it cannot tell."""
    scale = np.where(np.isnan(book.scale), 1.0, book.scale)
    found: list[tuple[Rows, Rows]] = [(np.empty(0, np.int32), np.empty(0, np.int32))]
    for group in book:
        table = screen_table(*bounds, slack=slack, scale=scale, positions=group.positions)
        parts = _parts(group, threads)
        own: list[tuple[Rows, Rows]] = [found[0]] * len(parts)
        in_threads(
            [
                partial(_screen_part, group, table, part=part, number=number, own=own, faces=faces)
                for number, part in enumerate(parts)
            ]
        )
        found += [(group.account[unsafe], group.account[doubtful]) for unsafe, doubtful in own]
    unsafe, doubtful = zip(*found, strict=True)
    return np.concatenate(unsafe), np.concatenate(doubtful)


def _parts(group: Group, threads: int) -> Sequence[tuple[int, int]]:
    edges = np.linspace(0, group.size, threads + 1).astype(np.int64).tolist()
    return [(a, b) for a, b in pairwise(edges) if a < b]


def _screen_part(
    group: Group,
    table: ScreenTable,
    *,
    part: tuple[int, int],
    number: int,
    own: list[tuple[Rows, Rows]],
    faces: ModuleType,
) -> None:
    # Untouched pages of these cost nothing: few accounts are found.
    room = part[1] - part[0] + 1
    unsafe, doubtful = np.empty(room, np.int32), np.empty(room, np.int32)
    work = ScreenWork(
        group.quantity,
        group.term,
        table.low,
        table.high,
        table.margin,
        *part,
        unsafe,
        doubtful,
    )
    unsafe_rows, doubtful_rows = faces.screen(work)
    own[number] = unsafe[:unsafe_rows], doubtful[:doubtful_rows]
