"""The proof of the safe radius, tried: margins, triangles, and both faces side by side."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.kernels.streams import Stream, exact_sides
from trimtab.kernels.backends import Backend
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.safe_radius import SafeRadiusIndex

Array = NDArray[Any]
PRICE = st.floats(0.01, 100.0)
QUANTITY = st.floats(0.01, 100.0)


def distance(before: Array, after: Array, *, safe: bool) -> float:
    """The distance of the page: assets down and debts up for safe accounts, else mirrored."""
    move = np.log(np.abs(after)) - np.log(np.abs(before))
    assets, debts = before > 0, before < 0
    if safe:
        return float((-move[assets]).max() + move[debts].max())
    return float(move[assets].max() + (-move[debts]).max())


def excess(quantity: Array, worth: Array) -> Fraction:
    pairs = zip(quantity.tolist(), worth.tolist(), strict=True)
    return sum((Fraction(q) * Fraction(k) for q, k in pairs), Fraction())


VECTORS = st.tuples(*([PRICE] * 4)).map(lambda row: np.array(row) * np.array([1, 1, -1, -1]))


@settings(max_examples=300)
@given(st.tuples(*([QUANTITY] * 4)).map(np.array), VECTORS, VECTORS)
def test_nobody_changes_sides_within_the_margin(
    quantity: Array, before: Array, after: Array
) -> None:
    value = quantity * before
    owned, owed = value[:2].sum(), -value[2:].sum()
    safe = excess(quantity, before) >= 0
    margin = math.log(owned / owed) if safe else math.log(owed / owned)
    if distance(before, after, safe=safe) <= margin - 1e-11:
        assert (excess(quantity, after) >= 0) == safe


@given(VECTORS, VECTORS, VECTORS, st.booleans())
def test_distances_add_up(x: Array, y: Array, z: Array, safe: bool) -> None:
    there = distance(x, z, safe=safe)
    assert there <= distance(x, y, safe=safe) + distance(y, z, safe=safe) + 1e-9
    longest = np.abs(np.log(np.abs(z)) - np.log(np.abs(x))).max()
    assert there <= 2 * longest + 1e-9, "no worse than the radius of the max norm"


def test_the_bound_is_reached() -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[2.0, 1.0], terms=2)
    asked: list[int] = []

    def exact(accounts: Array) -> Array:
        asked.extend(accounts.tolist())
        return np.zeros(accounts.size, bool)

    index = SafeRadiusIndex(book, linear([1.0, -1.0]), exact=exact)
    # ln 2 is used up exactly: a tie, which the engine calls safe.
    told = index.tick(linear([0.5, -1.0]), exact=exact)
    assert (told.fell.size, asked) == (0, [0])
    told = index.tick(linear([np.nextafter(0.5, 0.0), -1.0]), exact=exact)
    assert told.fell.size + told.asked == 1


def everybody(accounts: Array) -> Array:
    return np.ones(accounts.size, bool)


@pytest.mark.parametrize("seed", range(4))
def test_both_faces_keep_the_same_levels(seed: int) -> None:
    streams = [Stream(80, 5, seed=seed) for _ in range(2)]
    faces = (Backend.NUMBA, Backend.NUMPY)
    sides = exact_sides(streams[0].book, streams[0].coefficients())
    indices = [
        SafeRadiusIndex(
            stream.book, stream.coefficients(), exact=sides.__getitem__, backend=face, levels=7
        )
        for stream, face in zip(streams, faces, strict=True)
    ]
    for _ in range(60):
        touched = [stream.move() for stream in streams]
        assert touched[0] == touched[1], "the streams are the same"
        now = [stream.coefficients() for stream in streams]
        sides = exact_sides(streams[0].book, now[0])
        told = [
            index.touch(moved, worth, exact=sides.__getitem__)
            if moved
            else index.tick(worth, exact=sides.__getitem__)
            for index, moved, worth in zip(indices, touched, now, strict=True)
        ]
        assert told[0].fell.tolist() == told[1].fell.tolist()
        assert told[0].rose.tolist() == told[1].rose.tolist()
        # Logarithms may differ in the last place, so that an account is looked at a tick earlier.
        assert abs(told[0].examined - told[1].examined) <= 8
        assert [index.unsafe.tolist() for index in indices] == [np.flatnonzero(sides).tolist()] * 2


@pytest.mark.parametrize("backend", [Backend.NUMBA, Backend.NUMPY])
def test_accounts_may_be_added_without_end(backend: Backend) -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[2.0, 1.0], terms=2)
    worth = linear([1.0, -1.0])
    index = SafeRadiusIndex(book, worth, exact=everybody, backend=backend)
    for number in range(1, 700):
        owed = 3.0 if number % 7 == 0 else 1.0
        book.put(number, ([0, 1], [2.0, owed]))
        told = index.touch([number], worth, exact=everybody)
        assert told.fell.tolist() == ([number] if owed == 3.0 else [])
    assert index.unsafe.tolist() == list(range(7, 700, 7))
    told = index.tick(linear([0.4, -1.0]), exact=everybody)
    assert told.fell.size == 700 - 99


@pytest.mark.parametrize("backend", [Backend.NUMBA, Backend.NUMPY])
def test_a_jump_and_back_is_told_both_times(backend: Backend) -> None:
    owed = np.linspace(0.5, 1.5, 300)
    owner = np.repeat(np.arange(300), 2)
    quantity = np.stack([np.full(300, 2.0), owed], axis=1).ravel()
    book = book_of_rows(owner, np.tile([0, 1], 300), quantity=quantity, terms=2)
    index = SafeRadiusIndex(book, linear([1.0, -1.0]), exact=everybody, backend=backend)
    fell = index.tick(linear([1e-6, -1.0]), exact=everybody)
    assert fell.fell.size == 300
    rose = index.tick(linear([1.0, -1.0]), exact=everybody)
    assert (rose.rose.size, rose.fell.size) == (300, 0)
    assert index.tick(linear([1.0, -1.0]), exact=everybody).examined == 0
