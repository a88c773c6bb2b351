"""The index tells the events of a full scan: through prices, trades, deposits and new rules."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.streams import Array, Stream, exact_sides
from trimtab.kernels.backends import Backend
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.index_works import CHUNK, WIDE
from trimtab.kernels.safe_radius import Events, SafeRadiusIndex
from trimtab.kernels.scan import unsafe_accounts
from trimtab.units import DataError

BACKENDS = [Backend.NUMBA, Backend.NUMPY]


def never(accounts: Array) -> Array:
    raise AssertionError(f"nobody is in doubt, asked for {accounts}")


def everybody(accounts: Array) -> Array:
    return np.ones(accounts.size, bool)


def require_whole(index: SafeRadiusIndex) -> None:
    """Every account stands where its slot says, once; chunks are in a chain or spare."""
    levels = index._levels
    seen, chunks = [], []
    for level, (head, top) in enumerate(zip(levels.head, levels.top, strict=True)):
        chunk, size = int(head), int(top)
        while chunk >= 0:
            assert levels.level[chunk] == level
            assert 0 < size <= CHUNK
            members = levels.member[chunk * CHUNK : chunk * CHUNK + size]
            assert levels.slot[members].tolist() == [chunk * CHUNK + n for n in range(size)]
            seen += members.tolist()
            chunks.append(chunk)
            chunk, size = int(levels.following[chunk]), CHUNK
    assert sorted(seen) == np.flatnonzero(levels.slot >= 0).tolist()
    spare = levels.spare[: levels.spares[0]].tolist()
    assert sorted(chunks + spare) == list(range(levels.following.size))
    require_copied(index, chunks)


def require_copied(index: SafeRadiusIndex, chunks: list[int]) -> None:
    """A block belongs to one chunk or none, and its lanes hold the rows of the book."""
    levels, copies, book = index._levels, index._levels.copies, index._book
    lent = {chunk: int(copies.block[chunk]) for chunk in chunks if copies.block[chunk] >= 0}
    free = copies.free[: copies.frees[0]].tolist()
    assert sorted([*lent.values(), *free]) == list(range(copies.free.size))
    assert (copies.block >= 0).sum() == len(lent), "a spare chunk has no block"
    wide = copies.quantity.shape[2]
    for slot in np.flatnonzero(np.isin(levels.slot // CHUNK, list(lent))).tolist():
        block, lane = lent[levels.slot[slot] // CHUNK], levels.slot[slot] % CHUNK
        terms, quantities = book.row(slot)
        count = int(copies.positions[block, lane])
        assert count == (terms.size if terms.size <= wide else WIDE)
        if count != WIDE:
            assert copies.quantity[block, lane, :count].tolist() == quantities.tolist()
            assert copies.term[block, lane, :count].tolist() == terms.tolist()
            assert not copies.quantity[block, lane, count:].any()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(6))
def test_events_are_those_of_exact_sums(backend: Backend, seed: int) -> None:
    stream = Stream(60, 4, seed=seed)
    sides = exact_sides(stream.book, stream.coefficients())
    index = SafeRadiusIndex(
        stream.book, stream.coefficients(), exact=sides.__getitem__, backend=backend
    )
    assert index.unsafe.tolist() == np.flatnonzero(sides).tolist()
    asked = examined = 0
    for _ in range(250):
        touched = stream.move()
        now = stream.coefficients()
        before = np.append(sides, np.zeros(stream.book.accounts - sides.size, bool))
        sides = exact_sides(stream.book, now)
        if touched:
            told = index.touch(touched, now, exact=sides.__getitem__)
        else:
            told = index.tick(now, exact=sides.__getitem__)
        assert told.fell.tolist() == np.flatnonzero(sides & ~before).tolist()
        assert told.rose.tolist() == np.flatnonzero(~sides & before).tolist()
        assert index.unsafe.tolist() == np.flatnonzero(sides).tolist()
        asked, examined = asked + told.asked, examined + told.examined
        if backend is Backend.NUMBA:
            require_whole(index)
    assert asked > 0, "ties happen"
    assert examined < 250 * stream.book.accounts / 2, "most are left alone"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_long_walk_of_many_accounts(backend: Backend) -> None:
    chance = np.random.default_rng(8)
    accounts, assets = 3_000, 12
    asset = chance.integers(0, assets, (accounts, 4))
    price = np.exp(chance.normal(0, 2, assets))
    value = np.exp(chance.normal(0, 2, (accounts, 4)))
    value[:, 3] = value[:, :3].sum(1) * 0.8 / np.exp(np.abs(chance.normal(0, 0.4, accounts)))
    book = book_of_rows(
        np.repeat(np.arange(accounts), 4),
        (asset + np.array([0, 0, 0, assets])).ravel(),
        quantity=(value / price[asset]).ravel(),
        terms=2 * assets,
    )

    def worth() -> Coefficients:
        return linear(np.concatenate([price * 0.8, -price]))

    index = SafeRadiusIndex(book, worth(), exact=never, backend=backend, first=0.002, levels=9)
    fell = examined = 0
    for turn in range(600):
        price = price * np.exp(chance.normal(0, 1e-3, assets))
        told: Events = index.tick(worth(), exact=never)
        fell, examined = fell + told.fell.size, examined + told.examined
        if turn % 20 == 0:
            scan = unsafe_accounts(book, worth(), exact=never)
            assert index.unsafe.tolist() == scan.unsafe.tolist()
    assert fell > 50
    assert examined < 600 * accounts / 10


def test_rows_near_the_edge_are_copied_and_moved_on() -> None:
    """Thousands of accounts of one to twenty positions walk through chunks, levels and blocks."""
    chance = np.random.default_rng(4)
    accounts, assets = 4_000, 6
    counts = np.minimum(chance.geometric(0.4, accounts), 20)
    owner = np.repeat(np.arange(accounts), counts + 1)
    term = chance.integers(0, assets, owner.size)
    quantity = chance.uniform(1.0, 2.0, owner.size)
    last = np.cumsum(counts + 1) - 1
    term[last] += assets
    quantity[last] = counts * 1.5 / np.exp(chance.exponential(0.05, accounts))
    book = book_of_rows(owner, term, quantity=quantity, terms=2 * assets)
    price = np.ones(assets)

    def worth() -> Coefficients:
        return linear(np.concatenate([price, -price]))

    index = SafeRadiusIndex(book, worth(), exact=everybody, first=0.01, levels=4)
    moved = 0
    for turn in range(150):
        before = index._levels.slot.copy()
        if turn % 3:
            price = price * np.exp(chance.normal(0, 4e-3, assets))
            index.tick(worth(), exact=everybody)
        else:
            changed = np.unique(chance.integers(0, accounts, 40))
            for account in changed.tolist():
                terms, quantities = book.row(account)
                book.put(account, (terms, quantities * chance.uniform(0.99, 1.01, terms.size)))
            index.touch(changed, worth(), exact=everybody)
        moved += int((before != index._levels.slot).sum())
        if turn % 15 == 0:
            require_whole(index)
        scan = unsafe_accounts(book, worth(), exact=everybody)
        assert index.unsafe.tolist() == scan.unsafe.tolist()
    used = index._levels.copies.free.size - int(index._levels.copies.frees[0])
    assert used > 3, "blocks are lent"
    assert (index._levels.copies.positions == WIDE).any(), "some rows are too wide"
    assert moved > accounts


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_price_at_a_time_stretches_what_is_known(backend: Backend) -> None:
    chance = np.random.default_rng(9)
    accounts, assets = 800, 20
    asset = chance.integers(0, assets, (accounts, 3))
    value = chance.uniform(1.0, 2.0, (accounts, 3))
    value[:, 2] = value[:, :2].sum(1) / np.exp(chance.exponential(0.1, accounts))
    book = book_of_rows(
        np.repeat(np.arange(accounts), 3),
        (asset + np.array([0, 0, assets])).ravel(),
        quantity=value.ravel(),
        terms=2 * assets,
    )
    price = np.ones(assets)
    worth = linear(np.concatenate([price, -price]))
    index = SafeRadiusIndex(book, worth, exact=everybody, backend=backend)
    examined = fell = 0
    for _ in range(1200):
        price[chance.integers(assets)] *= np.exp(chance.normal(0, 3e-3))
        worth = linear(np.concatenate([price, -price]))
        told = index.tick(worth, exact=everybody)
        examined, fell = examined + told.examined, fell + told.fell.size
        scan = unsafe_accounts(book, worth, exact=everybody)
        assert index.unsafe.tolist() == scan.unsafe.tolist()
    assert fell > 20
    assert examined < 1200 * accounts / 10


@pytest.mark.parametrize("positions", [2, 5, 12])
def test_memory_is_below_24_bytes_an_account(positions: int) -> None:
    accounts = 100_000
    owner = np.repeat(np.arange(accounts), positions)
    quantity = np.ones((accounts, positions))
    quantity[:, 0] = positions
    term = np.ones((accounts, positions), int)
    term[:, 0] = 0
    book = book_of_rows(owner, term.ravel(), quantity=quantity.ravel(), terms=2)
    index = SafeRadiusIndex(book, linear([1.0, -1.0]), exact=never)
    assert index.nbytes <= 24 * accounts


def test_what_nobody_owes_is_never_looked_at_again() -> None:
    book = book_of_rows([0, 1, 1], [0, 0, 1], quantity=[1.0, 2.0, 1.0], terms=2)
    index = SafeRadiusIndex(book, linear([1.0, -1.0]), exact=never)
    assert index.tick(linear([1.0001, -1.0]), exact=never).examined == 0
    told = index.tick(linear([0.4, -1.0]), exact=never)
    assert (told.examined, told.fell.tolist()) == (1, [1])


def test_slack_that_grows_is_noticed() -> None:
    # One unit of rounding in doubt becomes fifty: no price has moved.
    book = book_of_rows([0, 0], [0, 1], quantity=[100.0, 60.0], terms=2)
    index = SafeRadiusIndex(book, linear([1.0, -1.0], slack=[1.0, 1.0]), exact=never)
    told = index.tick(linear([1.0, -1.0], slack=[50.0, 50.0]), exact=everybody)
    assert (told.fell.tolist(), told.asked) == ([0], 1)


def test_what_does_not_fit_is_refused() -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[2.0, 1.0], terms=2)
    index = SafeRadiusIndex(book, linear([1.0, -1.0]), exact=never)
    with pytest.raises(DataError, match="not of this book's terms"):
        index.tick(linear([1.0]), exact=never)
    with pytest.raises(DataError, match="out of range"):
        index.touch([1], linear([1.0, -1.0]), exact=never)


@pytest.mark.parametrize("backend", BACKENDS)
def test_terms_added_to_the_book_start_over(backend: Backend) -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[2.0, 1.0], terms=2)
    index = SafeRadiusIndex(book, linear([1.0, -1.0]), exact=never, backend=backend)
    book.widen(4)
    book.put(0, ([0, 3], [2.0, 1.0]))
    told = index.touch([0], linear([1.0, -1.0, 0.0, -3.0]), exact=never)
    assert told.fell.tolist() == [0]
