"""The index tells the events of a full scan: through prices, trades, deposits and new rules."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.streams import Array, Stream, exact_sides
from trimtab.kernels.backends import Backend
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.index_works import CHUNK
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


def test_memory_is_below_24_bytes_an_account() -> None:
    accounts = 50_000
    owner = np.repeat(np.arange(accounts), 2)
    term = np.tile([0, 1], accounts)
    book = book_of_rows(owner, term, quantity=np.tile([2.0, 1.0], accounts), terms=2)
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
