"""Books and questions for the path kernel: what fits, and what is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.kernels.clearing.loan_books import along, asked, book_of, cleared, drawn_book, walks
from trimtab.kernels.clearing import KeeperTerms, oracle_terms
from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.book import LiquidationTerms
from trimtab.kernels.clearing.laying_out import GROUPS_MOST, Question, another, world_of
from trimtab.kernels.impact import ImpactKind, ImpactTable, impact_terms, without_impact
from trimtab.units import DataError


def test_a_question_with_an_asset_that_the_book_has_not_is_refused():
    book = book_of([1.0], [1500.0])
    none, oracle = without_impact(("ETH",)), oracle_terms(("ETH",))
    with pytest.raises(DataError, match="not of the book"):
        Question(book, ("BTC",), none, oracle, KeeperTerms())
    with pytest.raises(DataError, match="each asset once"):
        Question(book, ("ETH", "ETH"), none, oracle, KeeperTerms())
    with pytest.raises(DataError, match="gas"):
        Question(book, ("ETH",), none, oracle, KeeperTerms(gas_slope=1.0, gas_asset=1))
    sold = impact_terms(("USD",), kind=ImpactKind.LINEAR, first=1.0)
    with pytest.raises(DataError, match="no path"):
        Question(book, ("ETH",), sold, oracle, KeeperTerms())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"held": np.ones((2, 2))}, "held"),
        ({"owed": -np.ones((1, 2))}, "owed"),
        ({"prices": np.array([0.0, 1.0])}, "prices"),
        ({"liability": np.array([0.5, 1.0])}, "liability"),
        ({"weight": np.array([[1.5, 0.0]])}, "weight"),
        ({"kind": np.array([3])}, "kind"),
        ({"assets": ("USD", "ETH")}, "order"),
        ({"step_seconds": 0.0}, "step_seconds"),
    ],
)
def test_a_book_out_of_range_is_refused_by_name(changed, named):
    with pytest.raises(DataError) as error:
        replace(book_of([1.0], [1500.0]), **changed)
    assert named in str(error.value)


@pytest.mark.parametrize(
    "told",
    [{"target_health": 0.9}, {"close_factor": 0.0}, {"dust_share": 2.0}, {"dust_debt": -1.0}],
)
def test_liquidation_terms_out_of_range_are_refused_by_name(told):
    with pytest.raises(DataError) as error:
        LiquidationTerms(**told)
    assert next(iter(told)) in str(error.value)


def test_an_empty_book_and_a_book_without_debts_stay_as_they_are():
    for held, owed in (([], []), ([1.0, 2.0], [0.0, 0.0])):
        book = book_of(np.array(held), np.array(owed))
        assert cleared(asked(book), walks(2, 5)).table().sum() == 0.0


def test_accounts_are_grouped_by_what_they_hold_and_owe():
    world = world_of(asked(drawn_book(50)), steps=3)
    assert world.groups.shape[0] == 1
    assert world.groups[0, : on.MEMBERS].tolist() == [0, 50, 0, 1, 1]
    assert sorted(world.name.tolist()) == list(range(50))
    assert (np.diff(world.wake) >= 0.0).all()


def test_the_first_level_is_the_room_to_the_edge():
    world = world_of(asked(book_of([1.0, 1.0], [800.0, 1600.0])), steps=3)
    assert world.name.tolist() == [1, 0]
    assert world.wake.tolist() == pytest.approx([0.0, np.log(2.0)], abs=2e-9)


def test_who_owes_nothing_is_never_looked_at():
    world = world_of(asked(book_of([1.0, 1.0], [0.0, 100.0])), steps=3)
    assert world.name.tolist() == [1, 0]
    assert world.account[:, on.GROUP].tolist() == [0, -1]


def many_shapes(assets, accounts):
    """Loans of USD against random sets of many assets, all at 100."""
    rng = np.random.default_rng(2)
    names = (*(f"C{number:02d}" for number in range(assets)), "USD")
    held = rng.uniform(0.0, 10.0, (accounts, assets + 1))
    held *= rng.random((accounts, assets + 1)) < 0.5
    held[:, 0] += 1.0
    held[:, -1] = 0.0
    owed = np.zeros_like(held)
    owed[:, -1] = held.sum(axis=1) * 100.0 * rng.uniform(0.4, 0.79, accounts)
    plain = book_of([1.0], [1.0])
    zero, borrowed = np.zeros(assets + 1), owed.sum(axis=0)
    claims = held.sum(axis=0) + np.append(np.zeros(assets), 1e9)
    pools = replace(
        plain.pools,
        supplied=claims,
        borrowed=borrowed,
        cash=claims - borrowed,
        reserves=zero,
        minted=zero,
        mintable=np.zeros(assets + 1, dtype=bool),
        fund=zero,
        backstop=zero,
        growth=np.ones(assets + 1),
        reserve_factor=zero,
    )
    level = np.append(np.full(assets, 0.8), 0.0)[None]
    return replace(
        plain,
        assets=names,
        quote=assets,
        prices=np.append(np.full(assets, 100.0), 1.0),
        accounts=tuple(f"a{number:05d}" for number in range(accounts)),
        held=held,
        owed=owed,
        kind=np.zeros(accounts, np.int64),
        weight=level,
        end=level,
        bonus=level * 0.05 / 0.8,
        liability=np.ones(assets + 1),
        fee=zero,
        pools=pools,
    )


def test_more_shapes_than_groups_share_one_and_nobody_is_missed():
    assets, accounts, steps = 8, 150, 12
    book = many_shapes(assets, accounts)
    names = book.assets[:-1]
    terms = (without_impact(names), oracle_terms(names), KeeperTerms(per_step=0))
    question = Question(book, names, *terms)
    world = world_of(question, steps=steps)
    assert world.groups.shape[0] == GROUPS_MOST
    rng = np.random.default_rng(3)
    moves = rng.normal(-0.01, 0.03, (2, steps, assets))
    prices = np.full((2, steps + 1, assets), 100.0)
    prices[:, 1:] *= np.exp(np.cumsum(moves, axis=1))
    found = cleared(question, prices)
    # Nobody is liquidated: what is below water by step is a plain sum over all accounts.
    worth = prices[:, 1:] @ book.held[:, :-1].T
    debts = book.owed[:, -1]
    under = np.where(worth < debts, debts, 0.0).sum(axis=2)
    assert found.undercollateralized_time == pytest.approx(under.sum(axis=1))
    assert found.undercollateralized_peak == pytest.approx(under.max(axis=1))
    short = np.maximum(debts - worth[:, -1], 0.0).sum(axis=1)
    assert found.shortfall_left == pytest.approx(short)


def test_a_second_state_is_the_world_s_own():
    world = world_of(asked(drawn_book(20)), steps=3)
    copy = another(world)
    copy.held[:, on.AMOUNT] = 0.0
    copy.assets[:] = 0.0
    assert (world.held[:, on.AMOUNT] > 0.0).all()
    assert world.assets[0, on.PATH] == 2000.0
    assert copy.name is world.name
    assert copy.turns.keys is not world.turns.keys


def test_terms_reach_the_assets_that_they_name():
    table = ImpactTable(np.array([0.0, 2.0]), np.array([0.0, 0.5]))
    impact = impact_terms(("ETH",), kind=ImpactKind.TABLE, tables=(table,), recovery_seconds=7200.0)
    world = world_of(asked(drawn_book(5), impact=impact), steps=3)
    assert world.curves.assets[:, 0].tolist() == [4.0, 0.0]
    assert world.curves.start.tolist() == [0, 2, 2]
    assert world.assets[:, on.ABSORPTION].tolist() == pytest.approx([np.exp(-0.5), 1.0])
    assert world.assets[:, on.COLUMN].tolist() == [0.0, -1.0]


def test_the_oracle_of_an_asset_without_a_path_may_lie():
    # The quote is said to be worth less: debts shrink, and the edge moves away.
    lie = oracle_terms(("USD",), lie_factor=0.5, lie=(1, 2))
    row = cleared(asked(book_of([1.0], [1500.0]), oracle=lie), along(1200.0)).row(0)
    assert row["liquidations"] == 0.0
    after = cleared(asked(book_of([1.0], [1500.0]), oracle=lie), along(1200.0, 1700.0)).row(0)
    assert after["liquidations"] == 1.0
