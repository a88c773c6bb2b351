"""The side copy of rows near the edge: it grows, runs out, is lent anew, and changes no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.kernels.test_kernels_safe_radius import require_whole
from trimtab.kernels import safe_radius
from trimtab.kernels.backends import Backend
from trimtab.kernels.book import BookColumns
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.compiled_levels import arrange
from trimtab.kernels.index_room import BLOCKS_MIN, copies_of
from trimtab.kernels.index_works import CHUNK, COPIED_MAX, WIDE, padded
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.kernels.scan import unsafe_accounts

Array = NDArray[Any]


def everybody(accounts: Array) -> Array:
    return np.ones(accounts.size, bool)


def pairs(margins: Array, *, terms: int = 2) -> BookColumns:
    """Accounts of one asset and one debt, by margin."""
    owner = np.repeat(np.arange(margins.size), 2)
    quantity = np.stack([np.exp(margins), np.ones(margins.size)], axis=1).ravel()
    return book_of_rows(owner, np.tile([0, 1], margins.size), quantity=quantity, terms=terms)


def worth(asset: float = 1.0, *, terms: int = 2) -> Coefficients:
    return linear([asset, -1.0, *[0.0] * (terms - 2)])


def lent(index: SafeRadiusIndex) -> list[int]:
    """How many chunks with a block each level has."""
    copies, levels = index._levels.copies, index._levels
    with_block = levels.level[np.flatnonzero(copies.block >= 0)]
    return np.bincount(with_block, minlength=levels.trigger.size).tolist()


def test_blocks_go_to_the_levels_nearest_the_edge() -> None:
    chance = np.random.default_rng(1)
    index = SafeRadiusIndex(
        pairs(chance.uniform(0.0, 1.0, 6_000)), worth(), exact=everybody, first=0.1, levels=6
    )
    blocks = lent(index)
    near = int(index._levels.copies.near[0])
    assert 0 < near < 6, "the whole book does not fit"
    assert blocks[1] > 0
    assert not any(blocks[near + 1 : 7]), "far levels have none"
    require_whole(index)


def test_blocks_run_out_and_nobody_is_forgotten() -> None:
    # Everybody drifts to the edge, into levels that have blocks for some of their chunks only.
    chance = np.random.default_rng(2)
    book = pairs(chance.uniform(0.0, 0.6, 8 * CHUNK * BLOCKS_MIN))
    index = SafeRadiusIndex(book, worth(), exact=everybody, first=0.02, levels=8)
    price, out = 1.0, False
    for turn in range(40):
        price *= float(np.exp(chance.normal(-0.01, 0.002)))
        index.tick(worth(price), exact=everybody)
        out |= int(index._levels.copies.frees[0]) == 0
        scan = unsafe_accounts(book, worth(price), exact=everybody)
        assert index.unsafe.tolist() == scan.unsafe.tolist()
        if turn % 8 == 0:
            require_whole(index)
    assert out, "there were too many blocks for this test"
    require_whole(index)
    arrange(index._work(worth(price)))
    require_whole(index)
    assert int(index._levels.copies.frees[0]) > 0, "a quarter is kept back"


def test_a_book_that_grows_gets_a_new_copy() -> None:
    book = pairs(np.linspace(0.001, 0.3, 50))
    index = SafeRadiusIndex(book, worth(), exact=everybody)
    before = index._levels.copies.quantity.shape
    for number in range(50, 900):
        book.put(number, ([0, 1], [1.0 + number / 5_000, 1.0]))
        index.touch([number], worth(), exact=everybody)
    assert index._levels.slot.size >= 900
    assert lent(index) == [0] * index._levels.trigger.size, "the copy starts over, empty"
    index.tick(worth(0.9999), exact=everybody)
    require_whole(index)
    assert sum(lent(index)) > 0, "and is lent at the next tick"
    assert index._levels.copies.quantity.shape[1:] == before[1:]


def test_ids_of_more_terms_make_a_wider_copy() -> None:
    book = pairs(np.linspace(0.001, 0.3, 300))
    # In NumPy: the compiled kernels would be compiled once more for two bytes.
    index = SafeRadiusIndex(book, worth(), exact=everybody, backend=Backend.NUMPY)
    assert index._levels.copies.term.dtype == np.uint8
    book.widen(300)
    book.put(7, ([0, 299], [1.0, 2.0]))
    many = linear([1.0, -1.0, *[0.0] * 297, -3.0])
    told = index.touch([7], many, exact=everybody)
    assert told.fell.tolist() == [7]
    assert index._levels.copies.term.dtype == np.uint16
    fell = index.tick(linear([0.9, -1.0, *[0.0] * 297, -3.0]), exact=everybody).fell
    assert 100 < fell.size < 110, "those with margins below ln(1 / 0.9), but the seventh"


def test_the_copy_is_as_wide_as_nine_in_ten_rows() -> None:
    counts = np.concatenate([np.full(90, 3), np.full(10, 40)])
    owner = np.repeat(np.arange(100), counts)
    book = book_of_rows(owner, np.zeros(owner.size, int), quantity=np.ones(owner.size), terms=1)
    copies = copies_of(book, chunks=4, room=100)
    assert copies.quantity.shape == (BLOCKS_MIN, CHUNK, 3)
    wide = book_of_rows(np.zeros(50, int), np.zeros(50, int), quantity=np.ones(50), terms=1)
    assert copies_of(wide, chunks=4, room=1).quantity.shape[2] == COPIED_MAX < WIDE
    none = book_of_rows([], [], quantity=[], terms=1, accounts=3)
    assert copies_of(none, chunks=4, room=3).quantity.shape[2] == 1


@pytest.mark.parametrize(("levels", "columns"), [(1, 16), (16, 16), (31, 32), (33, 48)])
def test_columns_of_levels_fill_whole_loops(levels: int, columns: int) -> None:
    assert padded(levels) == columns


def test_the_copy_is_arranged_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_radius, "TICKS_BETWEEN", 5)
    chance = np.random.default_rng(3)
    book = pairs(chance.uniform(0.3, 0.9, 4_000))
    index = SafeRadiusIndex(book, worth(), exact=everybody, first=0.02, levels=8)
    before = lent(index)
    price = 1.0
    for _ in range(60):
        price *= 0.995
        index.tick(worth(price), exact=everybody)
    require_whole(index)
    assert lent(index) != before, "who was far from the edge is not any more"
    scan = unsafe_accounts(book, worth(price), exact=everybody)
    assert index.unsafe.tolist() == scan.unsafe.tolist()


def test_both_faces_look_at_the_same_accounts() -> None:
    chance = np.random.default_rng(5)
    book = pairs(chance.uniform(-0.2, 0.4, 2_000))
    faces = [Backend.NUMBA, Backend.NUMPY]
    indices = [SafeRadiusIndex(book, worth(), exact=everybody, backend=face) for face in faces]
    price, examined = 1.0, 0
    for _ in range(80):
        price *= float(np.exp(chance.normal(0, 0.01)))
        told = [index.tick(worth(price), exact=everybody) for index in indices]
        assert told[0].fell.tolist() == told[1].fell.tolist()
        assert told[0].rose.tolist() == told[1].rose.tolist()
        assert abs(told[0].examined - told[1].examined) <= 2
        examined += told[0].examined
    assert 0 < examined < 80 * 2_000 / 2


def test_many_ties_are_asked_for_each_tick_and_stay() -> None:
    # More than a chunk of accounts exactly at the edge: level 0, in blocks, asked every time.
    book = pairs(np.concatenate([np.zeros(3 * CHUNK), np.linspace(0.01, 0.5, 500)]))
    asked: list[int] = []

    def exact(accounts: Array) -> Array:
        asked.append(accounts.size)
        return np.zeros(accounts.size, bool)

    index = SafeRadiusIndex(book, worth(), exact=exact)
    for _ in range(3):
        told = index.tick(worth(), exact=exact)
        assert (told.fell.size, told.asked, told.examined) == (0, 3 * CHUNK, 3 * CHUNK)
    assert asked == [3 * CHUNK] * 4
    assert lent(index)[0] == 3
    require_whole(index)
    told = index.tick(worth(0.999), exact=exact)
    assert told.fell.tolist() == list(range(3 * CHUNK))


def test_touching_a_whole_chunk_at_once_keeps_order() -> None:
    # Whoever takes a vacated place may be among the touched ones too.
    chance = np.random.default_rng(6)
    book = pairs(chance.uniform(0.0, 0.5, 3 * CHUNK))
    index = SafeRadiusIndex(book, worth(), exact=everybody)
    for _ in range(6):
        touched = np.unique(chance.integers(0, book.accounts, 2 * CHUNK))
        for account in touched.tolist():
            book.put(account, ([0, 1], [float(np.exp(chance.uniform(-0.1, 0.5))), 1.0]))
        told = index.touch(touched, worth(), exact=everybody)
        assert told.examined == touched.size
        scan = unsafe_accounts(book, worth(), exact=everybody)
        assert index.unsafe.tolist() == scan.unsafe.tolist()
        require_whole(index)


def test_an_empty_book_has_an_index() -> None:
    index = SafeRadiusIndex(
        book_of_rows([], [], quantity=[], terms=2, accounts=0), worth(), exact=everybody
    )
    assert index.unsafe.tolist() == []
    assert index.tick(worth(0.5), exact=everybody).examined == 0
    assert index.touch([], worth(0.5), exact=everybody).examined == 0
