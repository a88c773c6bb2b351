"""A book as columns: positions of an account beside one another, and dense columns to scan.

Two copies of every position, each for one way of reading. *Rows* (float64, an account's positions
in one piece) answer questions about one account; *groups* (float32, accounts of equal number of
positions, one column per slot) are what the scan streams through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.border import Floats, Ints, finite, same_length, whole
from trimtab.units import DataError

ACCOUNTS_MAX = 2**31 - 1
POSITIONS_MAX = 2**15
# Quantities of the screen outside 2^+-100 of their term's scale are NaN: always in doubt.
RANGE_32 = 2.0**100


def id_type(terms: int) -> type[np.unsignedinteger[Any]]:
    """The narrowest type that holds the ids of some terms."""
    if terms <= 2**8:
        return np.uint8
    return np.uint16 if terms <= 2**16 else np.uint32


@dataclass(slots=True)
class Group:
    """Accounts with the same number of positions; column j holds everybody's j-th position."""

    quantity: NDArray[np.float32]
    term: NDArray[Any]
    account: NDArray[np.int32]
    size: int

    @property
    def positions(self) -> int:
        """How many positions each account here has."""
        return int(self.quantity.shape[0])

    def reserve(self) -> None:
        """Make room for one more account."""
        room = self.account.size
        if self.size < room:
            return
        wider = room + room // 2 + 8
        for name in ("quantity", "term"):
            old = getattr(self, name)
            fresh = np.zeros((self.positions, wider), old.dtype)
            fresh[:, : self.size] = old[:, : self.size]
            setattr(self, name, fresh)
        self.account = np.concatenate([self.account, np.zeros(wider - room, np.int32)])


@dataclass(slots=True)
class BookColumns:
    """Accounts 0 to `accounts` - 1 with their positions; build it by `book_of_rows`.

    `scale` is the power of two by which the screen multiplies quantities of a term (NaN where
    nobody ever held it), `largest` no less than any quantity of it.

    Readers may run beside one another. A change (`put`) needs the book for itself.
    """

    terms: int
    scale: Floats
    largest: Floats
    quantity: Floats
    term: NDArray[Any]
    start: Ints
    count: NDArray[np.int32]
    place: NDArray[np.int32]
    groups: dict[int, Group]
    used: int
    _free: dict[int, list[int]] = field(default_factory=dict)

    @property
    def accounts(self) -> int:
        """How many accounts there are, empty ones included."""
        return int(self.start.size)

    @property
    def positions(self) -> int:
        """How many positions all accounts have."""
        return int(self.count.sum())

    @property
    def nbytes(self) -> int:
        """Memory of all columns, bytes."""
        own = (
            self.scale,
            self.largest,
            self.quantity,
            self.term,
            self.start,
            self.count,
            self.place,
        )
        groups = sum(g.quantity.nbytes + g.term.nbytes + g.account.nbytes for g in self)
        return sum(column.nbytes for column in own) + groups

    def __iter__(self) -> Iterator[Group]:
        """The groups that have members, fewest positions first."""
        return iter([group for _, group in sorted(self.groups.items()) if group.size])

    def row(self, account: int) -> tuple[NDArray[Any], Floats]:
        """Terms and quantities of one account, as copies."""
        first = int(self.start[account])
        piece = slice(first, first + int(self.count[account]))
        return self.term[piece].copy(), self.quantity[piece].copy()

    def put(self, account: int, rows: tuple[ArrayLike, ArrayLike]) -> None:
        """Replace the positions of an account, at a cost of its positions.

        Arguments:
            account: its number; the number after the last one adds an account.
            rows: terms, and quantities >= 0; quantities of zero are dropped.

        Raises:
            DataError: a number that is none, a term or an account out of range.
        """
        terms = whole(rows[0], "term", below=self.terms)
        quantities = finite(rows[1], "quantity", low=0.0)
        same_length({"term": terms, "quantity": quantities})
        if not 0 <= account <= self.accounts:
            raise DataError(
                "there is no such account", found=str(account), expected=f"0 to {self.accounts}"
            )
        held = quantities > 0
        terms, quantities = terms[held], quantities[held]
        if terms.size > POSITIONS_MAX:
            raise DataError("too many positions", found=str(terms.size))
        if account == self.accounts:
            self._add()
        self._take_out(account)
        self._put_in(account, (terms, quantities))

    def _add(self) -> None:
        self.start = np.append(self.start, 0)
        self.count = np.append(self.count, np.int32(0))
        self.place = np.append(self.place, np.int32(-1))

    def _take_out(self, account: int) -> None:
        count = int(self.count[account])
        if count == 0:
            return
        self._free.setdefault(count, []).append(int(self.start[account]))
        group, hole = self.groups[count], int(self.place[account])
        last = group.size - 1
        moved = int(group.account[last])
        group.quantity[:, hole] = group.quantity[:, last]
        group.term[:, hole] = group.term[:, last]
        group.account[hole] = moved
        self.place[moved] = hole
        group.size = last
        self.count[account], self.place[account] = 0, -1

    def _put_in(self, account: int, rows: tuple[NDArray[Any], Floats]) -> None:
        terms, quantities = rows
        count = int(terms.size)
        if count == 0:
            return
        free = self._free.get(count)
        first = free.pop() if free else self._append(count)
        self.start[account], self.count[account] = first, count
        self.term[first : first + count] = terms
        self.quantity[first : first + count] = quantities
        fresh = np.unique(terms[np.isnan(self.scale[terms])])
        self.scale[fresh] = 1.0 / _power(float(quantities.max()))
        np.maximum.at(self.largest, terms, quantities)
        if count not in self.groups:
            self.groups[count] = Group(
                np.zeros((count, 8), np.float32),
                np.zeros((count, 8), self.term.dtype),
                np.zeros(8, np.int32),
                0,
            )
        group = self.groups[count]
        group.reserve()
        group.quantity[:, group.size] = screened(quantities, self.scale[terms])
        group.term[:, group.size] = terms
        group.account[group.size] = account
        self.place[account] = group.size
        group.size += 1

    def _append(self, count: int) -> int:
        first = self.used
        self.used += count
        if self.used > self.quantity.size:
            more = self.quantity.size // 2 + count
            self.quantity = np.concatenate([self.quantity, np.zeros(more)])
            self.term = np.concatenate([self.term, np.zeros(more, self.term.dtype)])
        return first

    def widen(self, terms: int) -> None:
        """Make room for more terms."""
        if terms <= self.terms:
            return
        more = terms - self.terms
        self.scale = np.concatenate([self.scale, np.full(more, np.nan)])
        self.largest = np.concatenate([self.largest, np.zeros(more)])
        self.terms = terms
        kind = id_type(terms)
        if kind is not self.term.dtype.type:
            self.term = self.term.astype(kind)
            for group in self.groups.values():
                group.term = group.term.astype(kind)


def screened(quantity: Floats, scale: Floats) -> NDArray[np.float32]:
    """Quantities in the screen's scale; NaN, which is never cleared, where float32 cannot tell."""
    with np.errstate(over="ignore"):
        scaled = quantity * scale
        usable = (scaled >= 1 / RANGE_32) & (scaled <= RANGE_32)
        return np.where(usable, scaled, np.nan).astype(np.float32)


def _power(value: float) -> float:
    """The power of two next above a value, within the range whose inverse is a float too."""
    return float(2.0 ** min(max(int(np.frexp(value)[1]), -1000), 1000))
