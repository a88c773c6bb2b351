"""Parts of the safe-radius index: room for chunks that is never lost, and demands of bent rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.test_kernels_bent_radius import ASSETS, TERMS, Market, book_for
from trimtab.kernels.bent_radius import (
    ABSENT,
    ASSET,
    BARRIER,
    DEBT,
    NOTHING,
    BentLevels,
    present,
)
from trimtab.kernels.bent_sums import Lift, demands, rows_of
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.index_room import BLOCKS_MIN, copies_of, empty, no_levels, roomier
from trimtab.kernels.index_works import CHUNK
from trimtab.kernels.requirement import no_curves
from trimtab.kernels.works import SAFE, UNSAFE

TRIGGER = np.array([0.0, 0.01, 0.1, 0.01, 0.1])


def market(**changed) -> Market:
    return Market(np.array([10.0, 20.0, 30.0, 40.0]), np.zeros(ASSETS), **changed)


def book_of_size(accounts: int):
    owner = np.arange(accounts)
    return book_of_rows(
        owner, np.zeros(accounts, int), quantity=np.ones(accounts), terms=2, accounts=accounts
    )


def spares(levels) -> list[int]:
    return sorted(levels.spare[: int(levels.spares[0])].tolist())


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_growing_keeps_every_chunk_once_and_every_account_where_it_was(sizes):
    levels = no_levels(TRIGGER, 2)
    for accounts in sorted(sizes):
        before = levels
        levels = roomier(levels, book_of_size(accounts))
        assert levels.slot.size >= accounts
        assert spares(levels) == list(range(levels.following.size)), "nobody took a chunk yet"
        assert levels.member.size == levels.following.size * CHUNK
        assert (levels.slot[before.slot.size :] == -1).all()
        assert np.array_equal(levels.slot[: before.slot.size], before.slot)
        # A level may hold a part of a chunk more than its share: there is a chunk for each.
        assert levels.following.size >= -(-accounts // CHUNK) + TRIGGER.size


def test_chunks_in_use_are_not_spare_after_growing():
    levels = roomier(no_levels(TRIGGER, 2), book_of_size(100))
    taken = [int(levels.spare[int(levels.spares[0]) - 1 - n]) for n in range(2)]
    levels.spares[0] -= 2
    levels.head[1:3] = taken
    levels.slot[:5] = np.arange(5)
    levels.side[:5] = 1
    grown = roomier(levels, book_of_size(50_000))
    assert spares(grown) == sorted(set(range(grown.following.size)) - set(taken))
    assert grown.head[1:3].tolist() == taken
    assert grown.slot[:6].tolist() == [0, 1, 2, 3, 4, -1]
    assert grown.side[:6].tolist() == [1, 1, 1, 1, 1, 0]
    assert (grown.copies.block == -1).all(), "the side copy starts over"


def test_emptied_levels_have_all_their_room_back_and_keep_sides():
    levels = roomier(no_levels(TRIGGER, 2), book_of_size(2000))
    levels.spares[0], levels.copies.frees[0] = 1, 2
    levels.head[:], levels.top[:], levels.side[:7] = 3, 5, 1
    empty(levels)
    assert spares(levels) == list(range(levels.following.size))
    assert sorted(levels.copies.free.tolist()) == list(range(int(levels.copies.frees[0])))
    assert (levels.head == -1).all()
    assert (levels.slot == -1).all()
    assert not levels.top.any()
    assert levels.side[:8].tolist() == [1] * 7 + [0]


@pytest.mark.parametrize("accounts", [0, 1, 100])
def test_a_small_book_has_a_side_copy_of_the_least_size(accounts):
    copies = copies_of(book_of_size(accounts), chunks=4, room=accounts)
    assert copies.quantity.shape == (BLOCKS_MIN, CHUNK, 1)
    assert copies.block.tolist() == [-1] * 4
    assert copies.frees.tolist() == [BLOCKS_MIN]


def test_rows_of_accounts_come_in_the_order_asked_for():
    chance = np.random.default_rng(4)
    book = book_for(chance, market(), accounts=30)
    for accounts in ([], [7], [9, 3, 29, 3], list(range(30))[::-1]):
        rows = rows_of(book, np.array(accounts, np.int64))
        assert rows.counts.tolist() == [book.count[n] for n in accounts]
        for place, number in enumerate(accounts):
            own = slice(book.start[number], book.start[number] + book.count[number])
            mine = rows.owner == place
            assert rows.term[mine].tolist() == book.term[own].tolist()
            assert rows.quantity[mine].tolist() == book.quantity[own].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_a_level_that_allows_more_asks_for_more(seed):
    """Wider triggers never let an account in that a narrower one keeps out."""
    chance = np.random.default_rng(seed)
    now = market()
    book = book_for(chance, now, accounts=80)
    rows, worth, curves = rows_of(book, np.arange(80)), now.coefficients(), now.curves()
    for safe in (True, False):
        kept = np.ones(80, bool)
        for width in (0.0, 0.001, 0.03, 0.2, 1.0):
            lift = Lift(np.exp(width), np.exp(width), safe)
            strong, weak = demands(rows, worth, curves=curves, lift=lift)
            takes = strong >= weak * lift.need
            assert not (takes & ~kept).any()
            kept = takes
    safe, unsafe = (
        np.greater(*demands(rows, worth, curves=curves, lift=Lift(1.0, 1.0, side)))
        for side in (True, False)
    )
    assert not (safe & unsafe).any(), "an account stands on one side"
    assert safe.any()
    assert unsafe.any()


def test_without_curves_demands_are_what_is_owned_and_owed():
    # Account 0: 5 x 3 owned, 4 owed; account 1: owes alone; account 2: nothing.
    book = book_of_rows([0, 0, 1], [0, 1, 1], quantity=[5.0, 4.0, 2.0], terms=2, accounts=3)
    rows, worth = rows_of(book, np.arange(3)), linear(np.array([3.0, -1.0]))
    strong, weak = demands(rows, worth, curves=no_curves(2), lift=Lift(1.5, 1.5, safe=True))
    assert strong == pytest.approx([15.0, 0.0, 0.0])
    assert weak == pytest.approx([4.0, 2.0, 0.0])
    strong, weak = demands(rows, worth, curves=no_curves(2), lift=Lift(1.5, 1.5, safe=False))
    assert strong == pytest.approx([4.0, 2.0, 0.0])
    assert weak == pytest.approx([15.0, 0.0, 0.0])


def test_coordinates_say_what_they_do_to_an_account():
    now = market()
    found = present(now.coefficients(), now.curves())
    assert found.kind[:TERMS].tolist() == [ASSET, DEBT, *([ASSET, DEBT, DEBT, ASSET] * ASSETS)]
    assert set(found.kind[TERMS:].tolist()) <= {DEBT, BARRIER, NOTHING}
    assert np.exp(found.log) == pytest.approx(np.where(found.value, np.abs(found.value), 1.0))
    doubled = replace_prices(now, 2.0)
    moved = present(doubled.coefficients(), doubled.curves()).log - found.log
    assert moved[2:TERMS:4] == pytest.approx(np.log(2.0)), "longs double"
    assert moved[:2] == pytest.approx(0.0)


def replace_prices(now: Market, factor: float) -> Market:
    return replace(now, price=now.price * factor)


def test_levels_fire_when_a_price_has_moved_past_their_trigger_and_not_before():
    now, trigger = market(), np.array([0.0, 0.01, 0.1, 0.01, 0.1])
    book = book_for(np.random.default_rng(1), now, accounts=60)
    for fall, fired in ((0.001, [0]), (0.02, [0, 1]), (0.2, [0, 1, 2])):
        levels = BentLevels(trigger, TERMS)
        bent = levels.start(book, now.coefficients(), curves=now.curves())
        assert bent.size > 10
        assert set(bent.tolist()) <= set(range(60))
        lower = replace(now, price=now.price * np.array([np.exp(-fall), 1.0, 1.0, 1.0]))
        assert levels.fits(lower.coefficients(), lower.curves())
        found = np.flatnonzero(levels.measure(lower.coefficients())).tolist()
        assert set(fired) <= set(found)
        assert not set(range(3)) - set(fired) & set(found) - {0, 1, 2}


def test_who_is_placed_is_due_as_soon_as_its_level_fires_and_nobody_twice():
    now = market()
    book = book_for(np.random.default_rng(2), now, accounts=60)
    levels = BentLevels(TRIGGER, TERMS)
    bent = levels.start(book, now.coefficients(), curves=now.curves())
    rows = rows_of(book, bent)
    strong, weak = demands(
        rows, now.coefficients(), curves=now.curves(), lift=Lift(1.0, 1.0, safe=True)
    )
    verdict = np.where(strong >= weak, SAFE, UNSAFE).astype(np.int8)
    levels.place(book, now.coefficients(), found=(bent, verdict))
    first = levels.due(now.coefficients())
    still = set(bent.tolist()) - set(first.tolist())
    assert still, "some are far enough to be left alone"
    crash = replace_prices(now, 0.5)
    assert levels.fits(crash.coefficients(), crash.curves())
    assert set(levels.due(crash.coefficients()).tolist()) >= set(bent.tolist()) - still
    assert levels.among(book, bent).tolist() == bent.tolist()
    assert (levels._level[bent] == ABSENT).all()
    assert levels.due(crash.coefficients()).size == 0
    assert levels.nbytes == 60
