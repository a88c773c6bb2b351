"""Building a book from flat columns: one row per position, in any order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.book import (
    ACCOUNTS_MAX,
    POSITIONS_MAX,
    BookColumns,
    Group,
    id_type,
    screened,
)
from trimtab.kernels.border import Floats, Ints, finite, same_length, whole
from trimtab.units import DataError

# Rows converted at a time: what a step holds beside the columns stays small.
CHUNK = 1 << 20


def book_of_rows(
    account: ArrayLike,
    term: ArrayLike,
    *,
    quantity: ArrayLike,
    terms: int,
    accounts: int | None = None,
) -> BookColumns:
    """A book from one row per position.

    Arguments:
        account: number of the account of each row, from 0; sorted columns are taken as they are.
        term: id of the term of each row, below `terms`.
        quantity: >= 0; rows of zero are dropped.
        terms: how many terms there are.
        accounts: how many accounts; None is one more than the largest number.

    Raises:
        DataError: a number that is none or out of range, or columns of unequal length.
    """
    accounts_column = whole(account, "account", below=accounts or ACCOUNTS_MAX)
    terms_column = whole(term, "term", below=terms)
    quantities = finite(quantity, "quantity", low=0.0)
    rows = Rows(accounts_column, terms_column, quantities)
    same_length(rows._asdict())
    if accounts is None:
        accounts = int(accounts_column.max(initial=-1)) + 1
    return _assembled(_sorted(rows), accounts=accounts, terms=terms)


class Rows(NamedTuple):
    """One row per position."""

    account: NDArray[Any]
    term: NDArray[Any]
    quantity: Floats


def _sorted(rows: Rows) -> Rows:
    account, term, quantity = rows
    if not quantity.all():
        held = quantity > 0
        account, term, quantity = account[held], term[held], quantity[held]
    if account.size and (account[1:] < account[:-1]).any():
        order = np.argsort(account, kind="stable")
        account, term, quantity = account[order], term[order], quantity[order]
    return Rows(account, term, quantity)


def _assembled(rows: Rows, *, accounts: int, terms: int) -> BookColumns:
    account, term, quantity = rows
    count = np.bincount(account, minlength=accounts).astype(np.int32)
    if int(count.max(initial=0)) > POSITIONS_MAX:
        raise DataError(
            "an account has too many positions",
            found=str(count.max()),
            expected=f"at most {POSITIONS_MAX}",
        )
    start = np.zeros(accounts, np.int64)
    np.cumsum(count[:-1], out=start[1:])
    largest = _largest(term, quantity, terms=terms)
    book = BookColumns(
        terms=terms,
        scale=1.0 / largest,
        largest=np.where(np.isnan(largest), 0.0, largest),
        quantity=quantity,
        term=term.astype(id_type(terms)),
        start=start,
        count=count,
        place=np.full(accounts, -1, np.int32),
        groups={},
        used=int(quantity.size),
    )
    for positions in np.unique(count[count > 0]).tolist():
        book.groups[positions] = _group(book, np.flatnonzero(count == positions))
    return book


def _largest(term: NDArray[Any], quantity: Floats, *, terms: int) -> Floats:
    """Per term, the power of two next above its largest quantity; NaN without rows."""
    exponents = np.full(terms, -(2**15), np.int16)
    for begin in range(0, quantity.size, CHUNK):
        piece = slice(begin, begin + CHUNK)
        exponent = np.frexp(quantity[piece])[1].astype(np.int16)
        np.maximum.at(exponents, term[piece], exponent)
    powers = np.ldexp(1.0, np.clip(exponents, -1000, 1000).astype(np.int64))
    if (exponents > 1000).any():
        raise DataError("a quantity is beyond any use", column="quantity", expected="below 1e301")
    return np.where(exponents == -(2**15), np.nan, powers)


def _in_order(book: BookColumns, members: Ints) -> Ints:
    """Members by their first two terms: blocks of equal terms need no look-up in a scan."""
    first = book.start[members]
    slots = min(2, int(book.count[members[0]]))
    if book.terms > 2**8:
        return members[np.argsort(book.term[first], kind="stable")]
    # Sixteen bits are sorted in linear time.
    key = book.term[first].astype(np.uint16) << 8 | book.term[first + slots - 1]
    return members[np.argsort(key, kind="stable")]


def _group(book: BookColumns, members: Ints) -> Group:
    members = _in_order(book, members)
    positions, size = int(book.count[members[0]]), int(members.size)
    group = Group(
        np.empty((positions, size), np.float32),
        np.empty((positions, size), book.term.dtype),
        members.astype(np.int32),
        size,
    )
    for begin in range(0, size, CHUNK):
        piece = slice(begin, min(begin + CHUNK, size))
        first = book.start[members[piece]]
        for slot in range(positions):
            terms = book.term[first + slot]
            group.term[slot, piece] = terms
            quantities = book.quantity[first + slot]
            group.quantity[slot, piece] = screened(quantities, book.scale[terms])
    book.place[members] = np.arange(size, dtype=np.int32)
    return group
