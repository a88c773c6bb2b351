"""Book columns: what goes in comes out, in place, and nothing else goes in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.kernels.book import BookColumns, id_type
from trimtab.kernels.building import book_of_rows
from trimtab.units import DataError

TERMS = 12
QUANTITIES = st.one_of(
    st.just(0.0), st.floats(1e-300, 1e300), st.floats(1e-3, 1e3), st.integers(1, 10**27).map(float)
)
ROWS = st.lists(st.tuples(st.integers(0, TERMS - 1), QUANTITIES), max_size=9)


def content(book: BookColumns) -> list[list[tuple[int, float]]]:
    """The positions of every account from the rows, checked against the groups."""
    found = []
    for account in range(book.accounts):
        terms, quantities = book.row(account)
        rows = list(zip(terms.tolist(), quantities.tolist(), strict=True))
        found.append(rows)
        if not rows:
            assert book.place[account] == -1
            continue
        group, place = book.groups[len(rows)], int(book.place[account])
        assert place < group.size
        assert group.account[place] == account
        assert group.term[:, place].tolist() == terms.tolist()
        scaled = quantities * book.scale[terms]
        usable = (scaled >= 2.0**-100) & (scaled <= 2.0**100)
        expected = np.where(usable, scaled, np.nan).astype(np.float32)
        np.testing.assert_array_equal(group.quantity[:, place], expected)
    assert sum(group.size for group in book) == sum(bool(rows) for rows in found)
    return found


def flat(rows: list[list[tuple[int, float]]]) -> BookColumns:
    return book_of_rows(
        [number for number, own in enumerate(rows) for _ in own],
        [term for own in rows for term, _ in own],
        quantity=[quantity for own in rows for _, quantity in own],
        terms=TERMS,
        accounts=len(rows),
    )


def held(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    return [row for row in rows if row[1] > 0]


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_a_book_holds_its_rows(rows: list[list[tuple[int, float]]]) -> None:
    assert content(flat(rows)) == [held(own) for own in rows]


@settings(max_examples=60)
@given(st.lists(ROWS, min_size=1, max_size=6), st.lists(st.tuples(st.integers(0, 99), ROWS)))
def test_changes_in_place_leave_what_building_afresh_gives(
    rows: list[list[tuple[int, float]]], changes: list[tuple[int, list[tuple[int, float]]]]
) -> None:
    book = flat(rows)
    for pick, own in changes:
        account = pick % (len(rows) + 1)
        book.put(account, ([term for term, _ in own], [quantity for _, quantity in own]))
        rows[account : account + 1] = [own]
        assert content(book) == [held(each) for each in rows]


def test_space_is_used_again() -> None:
    book = flat([[(0, 1.0), (1, 2.0)]] * 50)
    for turn in range(2_000):
        book.put(turn % 50, ([0, 1, 2][: 1 + turn % 3], [1.0, 2.0, 3.0][: 1 + turn % 3]))
    assert book.quantity.size < 1_000
    assert sum(group.account.size for group in book) < 400


@pytest.mark.parametrize(("terms", "kind"), [(256, np.uint8), (257, np.uint16), (65537, np.uint32)])
def test_ids_are_as_narrow_as_they_can_be(terms: int, kind: type) -> None:
    assert id_type(terms) is kind
    book = book_of_rows([0, 0], [0, 5], quantity=[1.0, 2.0], terms=6)
    book.widen(terms)
    book.put(0, ([0, terms - 1], [3.0, 4.0]))
    assert book.term.dtype == kind
    assert book.row(0)[0].tolist() == [0, terms - 1]
    assert book.groups[2].term.dtype == kind


def test_widening_never_narrows() -> None:
    book = flat([[(0, 1.0)]])
    book.widen(3)
    assert book.terms == TERMS


@pytest.mark.parametrize(
    ("account", "term", "quantity", "what"),
    [
        (
            [0],
            [0],
            [float("nan")],
            "row 0, column quantity: the number cannot be used; found 'nan'",
        ),
        ([0, 0], [0, 1], [1.0, float("inf")], "row 1, column quantity"),
        ([0], [0], [-1.0], "0 or more"),
        ([0], [TERMS], [1.0], "column term: the number is out of range"),
        ([-1], [0], [1.0], "column account: the number is out of range"),
        ([0.5], [0], [1.0], "no whole numbers"),
        ([0, 1], [0], [1.0], "do not fit together"),
        ([[0]], [[0]], [[1.0]], "flat column"),
        ([0], [0], ["one"], "no numbers"),
        ([0], [0], np.ma.masked_array([1.0], [True]), "empty cells"),
    ],
)
def test_what_is_no_book_is_refused(
    account: object, term: object, quantity: object, what: str
) -> None:
    with pytest.raises(DataError, match=what):
        book_of_rows(account, term, quantity=quantity, terms=TERMS)  # type: ignore[arg-type]


def test_what_is_no_change_is_refused_and_changes_nothing() -> None:
    book = flat([[(0, 1.0)], [(1, 2.0), (2, 3.0)]])
    before = content(book)
    for account, rows in (
        (0, ([TERMS], [1.0])),
        (0, ([0], [float("nan")])),
        (0, ([0, 1], [1.0])),
        (5, ([0], [1.0])),
        (-1, ([0], [1.0])),
    ):
        with pytest.raises(DataError):
            book.put(account, rows)
    assert content(book) == before


def test_memory_of_five_positions() -> None:
    accounts = 20_000
    owner = np.repeat(np.arange(accounts), 5)
    chance = np.random.default_rng(1)
    term = chance.integers(0, 100, owner.size)
    book = book_of_rows(owner, term, quantity=chance.random(owner.size) + 0.1, terms=100)
    assert book.positions == 5 * accounts
    assert book.nbytes <= 91 * accounts
