"""What every run of the path kernel keeps: balances, sums, scales, causality; and bare edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.clearing.loan_books import along, asked, book_of, cleared, drawn_book, walks
from trimtab.kernels.clearing import COLUMNS, KeeperTerms, oracle_terms, ordering_loops
from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.landing import LANDING, landing_uniform
from trimtab.kernels.clearing.running import STEP_COLUMNS, PathClearing
from trimtab.kernels.compiling import compiled_if_possible
from trimtab.kernels.impact import ImpactKind, ImpactTerms, impact_terms
from trimtab.units import DataError

PARTS = ("penalty", "insurance_used", "backstop_used", "deleveraged", "socialized")
CRASH = along(1700.0, 1650.0, 1200.0, 900.0, 880.0)


def linear(first: float = 1e-4, **changed: object) -> ImpactTerms:
    return impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=first, **changed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("funds", [{}, {"fund": 3e4, "backstop": 1e4}, {"fee": 0.02, "fund": 500}])
def test_pools_balance_after_every_loss(seed, funds):
    """Cash and what is owed are the suppliers' claims and the reserves, whoever paid a loss."""
    book = drawn_book(40, seed=seed, supplied=2e6, growth=1.0 + 1e-5, **funds)
    clearing = PathClearing(asked(book, impact=linear()), steps=5)
    row = clearing.run(CRASH, seed=1).outcomes.row(0)
    assert row["liquidations"] > 0
    assert row["bad_debt"] > 0
    state = clearing._world.assets
    owns = state[:, on.CASH] + state[:, on.BORROWED] - state[:, on.MINTED]
    owes = state[:, on.SUPPLIED] + state[:, on.RESERVES]
    assert owns == pytest.approx(owes, rel=1e-9)
    assert row["bad_debt"] == pytest.approx(sum(row[part] for part in PARTS), rel=1e-9)
    assert state[1, on.BORROWED] == pytest.approx(
        (clearing._world.owed[:, on.AMOUNT]).sum() * state[1, on.OWED_INDEX], rel=1e-9
    )


@pytest.mark.parametrize("seed", range(3))
def test_bounds_of_who_gets_and_who_pays(seed):
    book = drawn_book(60, seed=seed, fund=2e4, backstop=5e3)
    found = cleared(asked(book, impact=linear(1e-3), gas=3.0), walks(20, 30, vol=4.0, seed=seed))
    assert (found.liquidations > 0).sum() > 10
    assert (found.seized <= found.liquidated * 1.05 * (1 + 1e-9)).all()
    assert found.seized - found.liquidated == pytest.approx(found.bonus, abs=1e-6)
    # The debt is the quote, and sales lower the price: a keeper never nets more than its bonus.
    assert (found.keeper_profit <= found.bonus - found.gas + 1e-6).all()
    assert found.gas == pytest.approx(3.0 * found.liquidations)
    assert (found.insurance_used <= 2e4 * (1 + 1e-9)).all()
    assert (found.backstop_used <= 5e3 * (1 + 1e-9)).all()
    assert (found.displacement <= 0.0).all()
    assert (found.undercollateralized_time <= 30 * found.undercollateralized_peak + 1e-6).all()
    assert (found.undercollateralized_time >= found.undercollateralized_peak - 1e-9).all()
    assert (found.liquidated + found.bad_debt <= book.debt * (1 + 1e-9)).all()
    assert ((found.insolvent == 1.0) == (found.socialized > 1e-9 * book.debt)).all()


def scaled(book, factor):
    pools = {
        name: getattr(book.pools, name) * factor
        for name in ("supplied", "borrowed", "cash", "reserves", "minted", "fund", "backstop")
    }
    return replace(
        book,
        held=book.held * factor,
        owed=book.owed * factor,
        pools=replace(book.pools, **pools),
    )


def test_a_book_eight_times_as_large_in_markets_as_deep_is_the_same_eightfold():
    """By a power of two nothing rounds differently: the bits are the same."""
    book, paths = drawn_book(50, seed=3, fund=1e4, growth=1 + 1e-6), walks(8, 20, vol=3.0)
    paths[0, 5:] *= 0.6
    keepers = {"gas": 2.0, "min_profit": 1.0, "capital": 30_000.0}
    plain = cleared(asked(book, impact=linear(1e-3), **keepers), paths).table()
    wide = {name: 8 * value for name, value in keepers.items()}
    found = cleared(asked(scaled(book, 8), impact=linear(1e-3 / 8), **wide), paths).table()
    counts = [COLUMNS.index(name) for name in ("liquidations", "insolvent")]
    plain[:, [n for n in range(len(COLUMNS)) if n not in counts]] *= 8
    assert plain[:, COLUMNS.index("bad_debt")].max() > 0
    assert np.array_equal(found, plain)


def test_without_shared_markets_or_funds_a_book_is_the_sum_of_its_accounts():
    book, paths = drawn_book(12, seed=5), walks(6, 25, vol=4.0, seed=2)
    whole = cleared(asked(book, delay_steps=1), paths)
    alone = [
        cleared(asked(book_of(book.held[[n], 0], book.owed[[n], 1]), delay_steps=1), paths)
        for n in range(12)
    ]
    for name in ("liquidated", "seized", "bonus", "bad_debt", "socialized", "liquidations"):
        total = sum(getattr(one, name) for one in alone)
        assert getattr(whole, name) == pytest.approx(total, rel=1e-9), name
    assert whole.liquidated.max() > 0


def test_what_a_step_has_done_hangs_on_no_later_price():
    terms = {"impact": linear(1e-3, recovery_seconds=7200.0), "gas": 1.0, "failure": 0.3}
    terms["oracle"] = oracle_terms(("ETH",), deviation=0.01, delay_steps=2)
    book, paths = drawn_book(50, seed=8, fund=1e3), walks(5, 24, vol=4.0, seed=3)
    long = PathClearing(asked(book, **terms), steps=24).run(paths, seed=4, with_steps=True)
    short = PathClearing(asked(book, **terms), steps=10)
    part = short.run(np.ascontiguousarray(paths[:, :11]), seed=4, with_steps=True)
    assert np.array_equal(long.steps[:, :11], part.steps)
    for name in ("liquidated", "bad_debt", "liquidations"):
        totals = long.steps[:, :, STEP_COLUMNS.index(name)]
        assert (np.diff(totals, axis=1) >= 0.0).all()
        assert np.array_equal(totals[:, -1], getattr(long.outcomes, name))
    under = long.steps[:, :, STEP_COLUMNS.index("undercollateralized")]
    assert np.array_equal(under.max(axis=1), long.outcomes.undercollateralized_peak)
    assert (under <= long.steps[:, :, STEP_COLUMNS.index("waiting_debt")] + 1e-9).all()


def test_prices_that_do_not_move_do_nothing():
    terms = {"impact": linear(1e-3, thinning=1.0), "gas": 5.0, "failure": 0.5, "gas_slope": 1.0}
    still = np.full((3, 50, 1), 2000.0)
    assert not cleared(asked(drawn_book(60), **terms), still).table().any()


def test_all_unsafe_and_nobody_lands():
    book = book_of([1.0, 2.0, 3.0], [1700.0, 3500.0, 5300.0], threshold=0.8)
    clearing = PathClearing(asked(book, per_step=0), steps=1)
    found = clearing.run(along(1990.0), seed=0, with_steps=True)
    assert not found.outcomes.table()[:, : COLUMNS.index("shortfall_left")].any()
    assert found.steps[0, 1, STEP_COLUMNS.index("waiting_debt")] == 10_500.0
    assert found.outcomes.undercollateralized_peak[0] == 0.0


def test_no_path_no_account_no_debt_have_their_answer():
    book = drawn_book(5)
    none = cleared(asked(book), np.empty((0, 4, 1)))
    assert none.table().shape == (0, len(COLUMNS))
    assert not cleared(asked(book_of([], [])), along(1.0)).table().any()
    assert not cleared(asked(book_of([1.0], [0.0])), along(1e-6)).table().any()


def test_a_debt_without_collateral_is_written_off_at_the_first_step():
    book = book_of([0.0, 1.0], [500.0, 100.0], fund=50.0)
    row = cleared(asked(book), along(2000.0)).row(0)
    assert row["bad_debt"] == pytest.approx(500.0)
    assert row["insurance_used"] == pytest.approx(50.0)
    assert row["socialized"] == pytest.approx(450.0)
    assert row["liquidations"] == row["shortfall_left"] == 0.0


def test_debts_without_collateral_that_counts_are_seen_among_others_too():
    """Nothing that moves could wake them: they have no room from the start."""
    book = book_of([0.0, 3.0, 1.0], [500.0, 900.0, 100.0], supplied=1e6)
    for weight in (0.8, 0.0):
        level = np.array([[weight, 0.0]])
        row = cleared(asked(replace(book, weight=level, end=level)), along(2000.0)).row(0)
        assert row["bad_debt"] == pytest.approx(500.0)
        assert (row["liquidations"] > 0) == (weight == 0.0)
        assert row["liquidated"] == pytest.approx(1000.0 if weight == 0.0 else 0.0)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_a_market_is_as_deep_as_ever_once_its_price_stands_still(decay):
    """With no memory, sigma is 0 at a step without a move, and the depth is whole again."""
    impact = linear(1e-3, thinning=1.0, depth_least=0.1, sigma_ref=0.5, decay=decay)
    clearing = PathClearing(asked(book_of([1.0], [10.0]), impact=impact), steps=2)
    clearing.run(along(1500.0, 1500.0), seed=0)
    state = clearing._world.assets[0]
    years = 3600.0 / (365 * 86400)
    wild = (1 - decay) * np.log(0.75) ** 2 / years + decay * 0.25
    assert state[on.VARIANCE] == pytest.approx(decay * wild)
    calm = np.inf if decay == 0.0 else 0.5 / np.sqrt(decay * wild)
    assert state[on.DEPTH] == pytest.approx(min(1.0, max(0.1, calm)))


@compiled_if_possible
def sorting(pairs, count):
    """The function that only compiled ones reach."""
    ordering_loops.sort_pairs(pairs, count)


@given(
    few=st.integers(0, 3 * ordering_loops.FEW),
    spread=st.sampled_from([1, 7, 10**6, 2**62]),
    repeats=st.sampled_from([1, 1, 5, 200]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=80, deadline=None)
def test_pairs_are_sorted_by_key_and_then_by_name(few, spread, repeats, seed):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(-spread, spread, few)
    keys = rng.permutation(np.tile(drawn, repeats))
    count = keys.size
    names = rng.permutation(count + 5)
    items = rng.permutation(count)
    room = [np.append(keys, [9] * 5), np.append(items, [-1] * 5), names]
    room += [np.zeros(count + 5, np.int64) for _ in range(2)]
    pairs = ordering_loops.Pairs(*room, np.zeros(ordering_loops.BUCKETS + 1, np.int64))
    expected = sorted(zip(keys.tolist(), names[items].tolist(), strict=True))
    sorting(pairs, count)
    found = zip(pairs.keys[:count].tolist(), names[pairs.items[:count]].tolist(), strict=True)
    assert list(found) == expected
    assert pairs.items[count:].tolist() == [-1] * 5


@given(
    seed=st.sampled_from([0, 1, 2**31, 2**63 - 1]),
    path=st.sampled_from([0, 5, 2**32 + 1, 2**61]),
    number=st.integers(0, 10**6),
)
@settings(max_examples=30, deadline=None)
def test_a_uniform_is_that_of_numpys_generator(seed, path, number):
    bits = np.random.Philox(
        key=np.array([seed, path], dtype=np.uint64),
        counter=np.array([number // 4, 0, 0, LANDING], dtype=np.uint64),
    )
    drawn = np.random.Generator(bits).random(4)[number % 4]
    found = landing_uniform(seed, path, step=number // 7, accounts=7, account=number % 7)
    assert found == drawn


def test_seeds_of_all_64_bits_clear_a_book():
    book, paths = drawn_book(30, seed=2), walks(2, 20, vol=4.0)
    tables = [
        cleared(asked(book, failure=0.5), paths, seed=seed, first_path=2**62 - 3).table()
        for seed in (2**64 - 1, 2**64 - 1, 2**63)
    ]
    assert np.array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[0], tables[2])


@pytest.mark.parametrize("name", ["supplied", "cash", "fund", "growth", "reserve_factor"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pools_that_are_no_numbers_are_refused_by_name(name, value):
    book = book_of([1.0], [100.0])
    with pytest.raises(DataError, match=name):
        replace(book, pools=replace(book.pools, **{name: np.array([1.0, value])}))


def test_a_debt_that_shrinks_to_nothing_in_a_step_is_refused():
    book = book_of([1.0], [100.0])
    with pytest.raises(DataError, match="growth"):
        replace(book, pools=replace(book.pools, growth=np.array([1.0, 0.0])))


@pytest.mark.parametrize("seconds", [0.0, -1.0, np.nan, np.inf])
def test_a_step_without_a_length_is_refused_as_what_it_is(seconds):
    with pytest.raises(DataError, match="step_seconds"):
        replace(book_of([1.0], [100.0]), step_seconds=seconds)


@pytest.mark.parametrize("changed", [{"assets": ("USD", "ETH")}, {"assets": ("ETH", "ETH")}])
def test_names_out_of_order_are_refused(changed):
    with pytest.raises(DataError, match="assets are out of order"):
        replace(book_of([1.0], [100.0]), **changed)
    with pytest.raises(DataError, match="accounts are out of order"):
        replace(book_of([1.0, 1.0], [1.0, 1.0]), accounts=("b", "a"))


@pytest.mark.parametrize(
    "told", [{"per_step": 1.5}, {"delay_steps": 0.5}, {"repeats": 2.5}, {"halt": (0.5, 2)}]
)
def test_steps_and_counts_of_keepers_are_whole(told):
    with pytest.raises(DataError, match=next(iter(told))):
        KeeperTerms(**told)
