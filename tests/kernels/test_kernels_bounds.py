"""The bounds behind the decisions: what a pass claims is so, in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.kernels import compiled_scan, numpy_scan
from trimtab.kernels.book import screened
from trimtab.kernels.border import finite, same_length, whole
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear, screen_table
from trimtab.kernels.requirement import no_curves
from trimtab.kernels.works import DOUBT, SAFE, UNSAFE, JudgeWork, ScreenWork
from trimtab.units import DataError

Array = NDArray[Any]
FACES = [compiled_scan, numpy_scan]
TERMS = 6
# Sizes that need all of float32's range, and coefficients of either sign beside zero.
SIZES = st.one_of(st.floats(1e-30, 1e30), st.floats(0.5, 2.0), st.just(1.0))
WORTHS = st.one_of(st.floats(-2.0, 2.0), st.floats(-1e-40, 1e-40), st.just(0.0), st.just(-1.0))


def excess_of(terms: list[int], quantities: list[float], *, worth: Array) -> Fraction:
    pairs = zip(terms, quantities, strict=True)
    return sum((Fraction(q) * Fraction(float(worth[t])) for t, q in pairs), Fraction())


@settings(max_examples=300)
@given(
    rows=st.lists(st.tuples(st.integers(0, TERMS - 1), SIZES), min_size=1, max_size=8),
    worth=st.lists(WORTHS, min_size=TERMS, max_size=TERMS),
    slack=st.floats(0, 1e-3),
)
def test_a_sum_of_the_screen_proves_what_it_says(
    rows: list[tuple[int, float]], worth: list[float], slack: float
) -> None:
    terms, quantities = [term for term, _ in rows], [quantity for _, quantity in rows]
    decide = np.array(worth)
    scale = 2.0 ** -np.round(np.log2(np.resize(quantities, TERMS)))
    table = screen_table(
        decide, decide, slack=np.full(TERMS, slack), scale=scale, positions=len(rows)
    )
    held = screened(np.array(quantities), scale[terms])
    low, high = (np.float32(0), np.float32(0))
    for quantity, term in zip(held, terms, strict=True):
        low += quantity * table.low[term]
        high += quantity * table.high[term]
    exact = excess_of(terms, quantities, worth=decide)
    room = len(rows) * Fraction(slack)
    if low - table.margin >= 0:
        assert exact - room >= 0, "whoever is cleared is safe at the worst rounding"
    if high + table.margin < 0:
        assert exact + room < 0, "whoever is condemned is unsafe at the best rounding"


def judged(rows: list[tuple[int, float]], coefficients: Coefficients, *, face: Any) -> int:
    book = book_of_rows(
        [0] * len(rows),
        [term for term, _ in rows],
        quantity=[quantity for _, quantity in rows],
        terms=TERMS,
        accounts=1,
    )
    verdict = np.full(1, -1, np.int8)
    face.judge(
        JudgeWork(
            book.quantity,
            book.term,
            book.start,
            book.count,
            coefficients.decide,
            coefficients.slack,
            no_curves(TERMS),
            np.zeros(1, np.int32),
            verdict,
        )
    )
    return int(verdict[0])


@settings(max_examples=300)
@given(
    rows=st.lists(st.tuples(st.integers(0, TERMS - 1), SIZES), min_size=1, max_size=8),
    worth=st.lists(WORTHS, min_size=TERMS, max_size=TERMS),
    slack=st.one_of(st.just(0.0), st.floats(0, 1e-3)),
)
def test_a_verdict_proves_what_it_says(
    rows: list[tuple[int, float]], worth: list[float], slack: float
) -> None:
    coefficients = linear(worth, slack=[slack] * TERMS)
    exact = excess_of([t for t, _ in rows], [q for _, q in rows], worth=coefficients.decide)
    room = len(rows) * Fraction(slack)
    owes = any(worth[term] < 0 for term, _ in rows)
    for face in FACES:
        verdict = judged(rows, coefficients, face=face)
        if verdict == SAFE and owes:
            assert exact - room >= 0
        if verdict == UNSAFE:
            assert exact + room < 0
        if not owes:
            assert verdict == SAFE
        if verdict == DOUBT:
            gross = sum(Fraction(q) * abs(Fraction(worth[t])) for t, q in rows)
            assert abs(exact) <= room * 2 + gross * Fraction(1, 10**13) + Fraction(1, 10**250)


@pytest.mark.parametrize("size", [1, 127, 128, 129, 256, 1000])
@pytest.mark.parametrize("kinds", [1, 2, 40])
def test_blocks_of_equal_terms_sum_as_mixed_ones_do(size: int, kinds: int) -> None:
    chance = np.random.default_rng(size)
    quantity = chance.uniform(0.5, 2.0, (3, size)).astype(np.float32)
    term = np.sort(chance.integers(0, kinds, (3, size)), axis=1).astype(np.uint8)
    low = chance.normal(0, 1, 40).astype(np.float32)
    found = []
    for face in FACES:
        unsafe, doubtful = np.empty(size + 1, np.int32), np.empty(size + 1, np.int32)
        work = ScreenWork(quantity, term, low, low, np.float32(0), 0, size, unsafe, doubtful)
        sure, open_ = face.screen(work)
        found.append((unsafe[:sure].tolist(), doubtful[:open_].tolist()))
    sums = sum(quantity[slot] * low[term[slot]] for slot in range(3))
    clear = np.flatnonzero(np.abs(sums) > 1e-5)
    for unsafe_rows, doubtful_rows in found:
        assert set(unsafe_rows) & set(clear) == set(clear[sums[clear] < 0].tolist())
        assert not set(doubtful_rows) & set(clear.tolist())


@pytest.mark.parametrize("first", [0, 5, 128])
@pytest.mark.parametrize("last", [128, 200, 300])
def test_a_part_of_a_group_is_screened_alone(first: int, last: int) -> None:
    quantity = np.ones((1, 300), np.float32)
    term = np.zeros((1, 300), np.uint8)
    low = np.array([-1.0], np.float32)
    for face in FACES:
        unsafe, doubtful = np.empty(301, np.int32), np.empty(301, np.int32)
        work = ScreenWork(quantity, term, low, low, np.float32(0), first, last, unsafe, doubtful)
        sure, open_ = face.screen(work)
        assert unsafe[:sure].tolist() == list(range(first, last))
        assert open_ == 0


def test_what_float32_cannot_hold_is_never_cleared() -> None:
    quantity = np.array([1e300, 1e-300, 1.0, 0.0])
    assert np.isnan(screened(quantity, np.ones(4))).tolist() == [True, True, False, True]
    for face in FACES:
        unsafe, doubtful = np.empty(2, np.int32), np.empty(2, np.int32)
        nothing = np.full((1, 1), np.nan, np.float32)
        one = np.ones(1, np.float32)
        work = ScreenWork(
            nothing, np.zeros((1, 1), np.uint8), one, one, np.float32(0), 0, 1, unsafe, doubtful
        )
        assert face.screen(work) == (0, 1)


def test_the_border_names_the_first_bad_number() -> None:
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(DataError, match=r"row 2, column price: .*cannot be used"):
            finite([1.0, 2.0, bad, bad], "price")
    with pytest.raises(DataError, match=r"row 1, column price: .*0 or more"):
        finite([1.0, -1.0], "price", low=0.0)
    assert finite([1, 2], "price").dtype == np.float64
    with pytest.raises(DataError, match="no numbers"):
        finite([object()], "price")
    with pytest.raises(DataError, match="no numbers"):
        finite([1 + 2j], "price")
    with pytest.raises(DataError, match="no numbers"):
        finite([[1.0], [1.0, 2.0]], "price")


def test_the_border_knows_whole_numbers() -> None:
    assert whole(np.array([0, 4], np.uint8), "term", below=5).dtype == np.uint8
    assert whole([], "term", below=5).size == 0
    with pytest.raises(DataError, match=r"row 1, column term: .*found '5'; expected 0 to 4"):
        whole([0, 5], "term", below=5)
    with pytest.raises(DataError, match="no whole numbers"):
        whole([0.0], "term", below=5)
    with pytest.raises(DataError, match="do not fit together"):
        same_length({"a": np.zeros(2), "b": np.zeros(3)})
    assert same_length({"a": np.zeros(2), "b": np.ones(2)}) == 2
