"""The scan decides every account as the engine does: ties, dust and absurd prices included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels import drawn_venues
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe
from trimtab.kernels.backends import Backend
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.scan import Decisions, unsafe_accounts
from trimtab.model import Accepted, Account, Table
from trimtab.simulation.columns import VenueColumns
from trimtab.units import DataError, UsageError

BACKENDS = [Backend.NUMBA, Backend.NUMPY]
Ints = np.ndarray


def decided(
    columns: VenueColumns, draft: Draft, *, backend: Backend, threads: int = 1
) -> Decisions:
    return columns.unsafe(draft, backend=backend, threads=threads)


def engine_says(store: MemoryStore, draft: Draft) -> set[str]:
    found = {key: draft.account(key) for key in store.keys(Table.ACCOUNT)}
    return {
        key for key, account in found.items() if is_unsafe(account, account_sums(account, draft))
    }


def never(accounts: Ints) -> Ints:
    raise AssertionError(f"nobody is in doubt, asked for {accounts}")


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=150)
@given(store=drawn_venues.venues())
def test_the_unsafe_are_those_of_the_engine(backend: Backend, store: MemoryStore) -> None:
    draft = Draft(store, drawn_venues.NOW_NS)
    columns = VenueColumns(store, draft)
    found = decided(columns, draft, backend=backend)
    assert {columns.keys[number] for number in found.unsafe} == engine_says(store, draft)


@settings(max_examples=30)
@given(store=drawn_venues.venues(assets_max=20, accounts_max=3))
def test_accounts_of_up_to_forty_positions(store: MemoryStore) -> None:
    draft = Draft(store, drawn_venues.NOW_NS)
    columns = VenueColumns(store, draft)
    assert int(columns.book.count.max()) <= 40
    for backend in BACKENDS:
        found = decided(columns, draft, backend=backend)
        assert {columns.keys[number] for number in found.unsafe} == engine_says(store, draft)


@settings(max_examples=60)
@given(store=drawn_venues.venues(), data=st.data())
def test_change_sets_keep_the_columns_in_step(store: MemoryStore, data: st.DataObject) -> None:
    draft = Draft(store, drawn_venues.NOW_NS)
    columns = VenueColumns(store, draft)
    names = sorted(draft.rules.assets)
    for turn in range(data.draw(st.integers(1, 6))):
        key = f"a{data.draw(st.integers(0, 9))}"
        account: Account | None = data.draw(
            drawn_venues.accounts(key, names=names, categories=[*draft.rules.categories])
        )
        if data.draw(st.integers(0, 3)) == 0:
            account = None
        changes = Accepted({(Table.ACCOUNT, key): account}, ())
        store.apply(changes)
        draft = Draft(store, drawn_venues.NOW_NS)
        columns.apply(changes, draft)
        found = decided(columns, draft, backend=BACKENDS[turn % 2])
        assert {columns.keys[number] for number in found.unsafe} == engine_says(store, draft)


def test_a_tie_is_safe_and_is_asked_of_the_engine() -> None:
    # 0.3 against 0.1 + 0.2: unsafe in floats, a tie in truth.
    book = book_of_rows(
        [0, 0, 0, 1, 1], [0, 1, 1, 0, 1], quantity=[0.3, 0.1, 0.2, 2.0, 1.0], terms=2
    )
    asked: list[int] = []

    def exact(accounts: Ints) -> Ints:
        asked.extend(accounts.tolist())
        return np.zeros(accounts.size, bool)

    for backend in BACKENDS:
        found = unsafe_accounts(book, linear([1.0, -1.0]), exact=exact, backend=backend)
        assert found.unsafe.tolist() == []
        assert found.asked == 1
    assert asked == [0, 0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_float32_leaves_what_it_cannot_tell_to_float64(backend: Backend) -> None:
    # Health 1 +- 1e-9: far below the resolution of float32, far above that of float64.
    owed = np.array([1 - 1e-9, 1 + 1e-9])
    book = book_of_rows([0, 0, 1, 1], [0, 1, 0, 1], quantity=[1.0, owed[0], 1.0, owed[1]], terms=2)
    found = unsafe_accounts(book, linear([1.0, -1.0]), exact=never, backend=backend)
    assert found.unsafe.tolist() == [1]
    assert found.doubtful == 2


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_magnitudes_do_not_matter(backend: Backend, scale: float) -> None:
    quantity = np.array([1.0, 1.5, 1e-60, 1.5e-60, 1e60, 1.5e60]) * scale
    coefficients = linear(np.array([1.0, -1.0]) / scale)
    accounts = [0, 0, 1, 1, 2, 2]
    book = book_of_rows(accounts, [0, 1] * 3, quantity=quantity, terms=2)
    found = unsafe_accounts(book, coefficients, exact=never, backend=backend)
    assert found.unsafe.tolist() == [0, 1, 2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_whoever_owes_nothing_is_never_asked_for(backend: Backend) -> None:
    book = book_of_rows([0, 1, 3], [0, 1, 2], quantity=[1.0, 1e-300, 5.0], terms=3, accounts=5)
    coefficients = linear([0.0, 1.0, 2.0], slack=[1.0, 1.0, 1.0])
    found = unsafe_accounts(book, coefficients, exact=never, backend=backend)
    assert found.unsafe.tolist() == []


def test_a_native_unit_of_rounding_is_in_doubt() -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[100.0, 99.5], terms=2)
    coefficients = linear([1.0, -1.0], slack=[1.0, 1.0])
    found = unsafe_accounts(book, coefficients, exact=lambda a: np.ones(a.size, bool))
    assert (found.unsafe.tolist(), found.asked) == ([0], 1)


def random_book(accounts: int, *, seed: int) -> tuple[Ints, Ints, Ints]:
    chance = np.random.default_rng(seed)
    count = chance.integers(1, 8, accounts)
    owner = np.repeat(np.arange(accounts), count)
    term = chance.integers(0, 100, owner.size)
    return owner, term, np.exp(chance.normal(0, 2, owner.size))


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_change_nothing(threads: int) -> None:
    owner, term, quantity = random_book(5_000, seed=3)
    book = book_of_rows(owner, term, quantity=quantity, terms=100)
    chance = np.random.default_rng(4)
    coefficients = linear(chance.normal(0.5, 1.0, 100))
    plain = np.bincount(owner, weights=quantity * coefficients.decide[term])
    found = unsafe_accounts(book, coefficients, exact=never, threads=threads)
    assert found.unsafe.tolist() == np.flatnonzero(plain < 0).tolist()
    assert 1000 < found.unsafe.size < 4000


def test_the_order_of_rows_does_not_matter() -> None:
    owner, term, quantity = random_book(500, seed=5)
    order = np.random.default_rng(6).permutation(owner.size)
    coefficients = linear(np.linspace(-2.0, 2.0, 100))
    books = (
        book_of_rows(owner, term, quantity=quantity, terms=100),
        book_of_rows(owner[order], term[order], quantity=quantity[order], terms=100),
    )
    one, other = (unsafe_accounts(book, coefficients, exact=never) for book in books)
    assert one.unsafe.tolist() == other.unsafe.tolist()


def test_what_does_not_fit_is_refused() -> None:
    book = book_of_rows([0], [0], quantity=[1.0], terms=2)
    with pytest.raises(DataError, match="not of this book's terms"):
        unsafe_accounts(book, linear([1.0]), exact=never)
    with pytest.raises(UsageError, match="threads: found 0"):
        unsafe_accounts(book, linear([1.0, 1.0]), exact=never, threads=0)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(DataError, match="cannot be used"):
            linear([1.0, bad])
    with pytest.raises(DataError, match="slack"):
        linear([1.0], slack=[-1.0])
    good = linear([1.0, 2.0])
    with pytest.raises(DataError, match="do not fit"):
        replace(good, gross=np.zeros(3))
