"""Portfolio margin over columns against the exact twins, within the bound that each row states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.kernels.margin_draws import (
    deribit_accounts,
    deribit_columns,
    derive_book,
    derive_portfolios,
    to_floats,
)
from trimtab.kernels import deribit_margins, derive_margins
from trimtab.kernels.deribit_margin import BTC_GRID, DeribitGrid, btc_grid
from trimtab.kernels.derive_columns import CollateralRows, DeriveBook
from trimtab.kernels.derive_grid import scenarios_of
from trimtab.kernels.option_book import OptionBook
from trimtab.protocols import deribit, derive_portfolio
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.units import WAD, DataError, UsageError

GRID = to_floats(DEPLOYED)
NO_OPTIONS = OptionBook(
    amount=[], forward=[], strike=[], vol_annual=[], seconds=[], is_call=[], offsets=[0]
)


def floats(found, name):
    return np.array([getattr(one, name) / WAD for one in found])


def within(found, true, bound):
    gap = np.abs(found - true)
    assert (gap <= bound).all(), f"{gap.max():g} at {bound[gap.argmax()]:g}"
    return gap


def test_the_deribit_grid_is_that_of_the_twin():
    exact = deribit.BTC
    assert (
        DeribitGrid(
            price_range=exact.range_wad / WAD,
            buckets=exact.buckets,
            vol_up=exact.vol_up_wad / WAD,
            vol_down=exact.vol_down_wad / WAD,
            vol_up_min=exact.vol_up_min_wad / WAD,
            short_power=exact.short_power_wad / WAD,
            long_power=exact.long_power_wad / WAD,
            maintenance_factor=exact.maintenance_factor_wad / WAD,
            far_moves=BTC_GRID.far_moves,
        )
        == BTC_GRID
    )
    for ours, theirs in zip(BTC_GRID.far_moves, exact.far_moves, strict=True):
        assert ours == pytest.approx((theirs.move_wad / WAD, theirs.fraction_wad / WAD), rel=1e-15)
    assert btc_grid(50_000.0).dampener == deribit.btc_rules(50_000 * WAD).dampener_wad / WAD


@pytest.mark.parametrize("dampened", [False, True])
def test_deribit_against_the_exact_twin(dampened):
    accounts = deribit_accounts(120, seed=11 + dampened)
    rules = deribit.btc_rules(50_000 * WAD) if dampened else deribit.BTC
    true = [deribit.margin([*o, i, n], rules=rules) for o, i, n in accounts]
    book, coins, notional = deribit_columns(accounts)
    grid = btc_grid(50_000.0) if dampened else BTC_GRID
    found = deribit_margins(book, grid, inverse_coins=coins, linear_notional=notional)
    within(found.initial, floats(true, "initial_wad"), found.bound)
    within(found.maintenance, floats(true, "maintenance_wad"), found.bound)
    # The bound is of use: far below what it bounds.
    assert np.median(found.bound / np.maximum(found.initial, 1e-3)) < 1e-12
    for one, worst in zip(true, found.worst, strict=True):
        results = (*one.standard, *one.extended)
        if one.worst is None:
            assert worst == -1
        else:
            chosen = results[worst].counted_wad
            assert chosen - one.worst.counted_wad <= 1e-9 * WAD


def test_derive_against_the_exact_twin():
    portfolios = derive_portfolios(150, seed=3)
    true = [derive_portfolio.margin(one, DEPLOYED) for one in portfolios]
    found = derive_margins(derive_book(portfolios), GRID)
    within(found.initial, floats(true, "initial_wad"), found.bound)
    within(found.maintenance, floats(true, "maintenance_wad"), found.bound)
    within(found.mark_to_market, floats(true, "mark_to_market_wad"), found.bound)
    within(found.worst_loss, floats(true, "worst_loss_wad"), found.bound)
    # Margins of some ten thousand quote, known to better than a millionth of a cent.
    assert found.bound.max() < 5e-8
    assert np.median(np.abs(found.maintenance)) > 5e3
    index = {id(one): number for number, one in enumerate(DEPLOYED.scenarios)}
    chosen = [-1 if one.worst is None else index[id(one.worst.scenario)] for one in true]
    close = [
        one.worst is not None
        and sorted(r.total_wad for r in one.grid)[1] - one.worst.total_wad < WAD // 10**9
        for one in true
    ]
    assert sum(close) < 10
    np.testing.assert_array_equal(found.worst[~np.array(close)], np.array(chosen)[~np.array(close)])
    assert (found.worst == -1).any()


def test_derive_decides_as_the_twin_wherever_the_bound_decides():
    """Cash is set so that the exact maintenance margin is 0, a unit above and a unit below."""
    edges = []
    for one in derive_portfolios(40, seed=8):
        at_zero = replace(one, cash_wad=one.cash_wad)
        margin = derive_portfolio.margin(at_zero, DEPLOYED).maintenance_wad
        level = replace(one, cash_wad=one.cash_wad - margin)
        edges += [level, replace(level, cash_wad=level.cash_wad + 10**9), one]
    true = np.array([derive_portfolio.margin(one, DEPLOYED).maintenance_wad < 0 for one in edges])
    found = derive_margins(derive_book(edges), GRID)
    decided = np.abs(found.maintenance) > found.bound
    np.testing.assert_array_equal(found.maintenance[decided] < 0, true[decided])
    assert not decided[::3].any()
    assert decided[2::3].all()


@pytest.mark.parametrize("twin", ["scenarios", "derive_margin"])
def test_the_numpy_twins_give_the_same(monkeypatch, twin):
    book = derive_book(derive_portfolios(200, seed=5))
    compiled = derive_margins(book, GRID)
    monkeypatch.setattr(f"trimtab.kernels.{twin}.has_numba", lambda: False)
    found = derive_margins(book, GRID)
    for name in ("initial", "maintenance", "mark_to_market", "worst_loss"):
        within(getattr(found, name), getattr(compiled, name), compiled.bound)


def test_threads_and_chunks_change_nothing(monkeypatch):
    accounts = deribit_accounts(500, seed=2) * 80
    book, coins, notional = deribit_columns(accounts)
    held = {"inverse_coins": coins, "linear_notional": notional}
    one, two = deribit_margins(book, **held), deribit_margins(book, **held, threads=2)
    np.testing.assert_array_equal(one.initial, two.initial)
    monkeypatch.setattr("trimtab.kernels.deribit_margin.GROUPS_AT_ONCE", 77)
    chunked = deribit_margins(book, **held)
    np.testing.assert_array_equal(one.initial, chunked.initial)
    np.testing.assert_array_equal(one.worst, chunked.worst)
    # The 80 copies of an account have one margin, wherever they stand.
    assert (one.initial.reshape(80, 500) == one.initial[:500]).all()


def test_an_account_alone_has_the_margin_that_it_has_among_others():
    portfolios = derive_portfolios(30, seed=6)
    together = derive_margins(derive_book(portfolios), GRID)
    alone = [derive_margins(derive_book([one]), GRID).initial[0] for one in portfolios]
    np.testing.assert_array_equal(together.initial, alone)


def test_accounts_without_options_and_books_without_accounts():
    book = DeriveBook(
        options=NO_OPTIONS,
        expiry_offsets=[0, 0, 0],
        expiry_seconds=[],
        rate=[],
        expiry_confidence=[],
        spot=2000.0,
        cash=[0.0, 5.0],
        perp_size=[1.0, 0.0],
        perp_price=2000.0,
        collaterals=CollateralRows(amount=[], price=[], offsets=[0, 0, 0]),
    )
    # As the twin's test works by hand: 18 % of 2000, then 3 % and 1 % of notional.
    found = derive_margins(book, GRID)
    assert found.initial == pytest.approx([-440.0, 5.0], abs=1e-9)
    assert found.maintenance == pytest.approx([-348.0, 5.0], abs=1e-9)
    assert GRID.scenarios[found.worst[0]].spot == 0.82
    assert len(deribit_margins(NO_OPTIONS).initial) == 0


def test_the_scenarios_end_with_the_present_and_the_two_moves_of_the_basis():
    scenarios = scenarios_of(GRID)
    assert len(scenarios.spot) == 33 + 3
    assert scenarios.spot[-3:].tolist() == [1.0, 1.045, 0.955]
    assert scenarios.vol_kind[-3:].tolist() == [0, 0, 0]


def test_columns_of_another_number_of_accounts_are_refused():
    book, _, _ = deribit_columns(deribit_accounts(3, seed=1))
    with pytest.raises(DataError, match=r"^inverse_coins: the column has the wrong length"):
        deribit_margins(book, inverse_coins=[1.0, 2.0])
    with pytest.raises(DataError, match=r"^linear_notional: row 2"):
        deribit_margins(book, linear_notional=[1.0, 2.0, np.nan])
    with pytest.raises(UsageError, match="index_price"):
        btc_grid(0.0)
    one = {"amount": 1.0, "forward": 1.0, "strike": 1.0, "vol_annual": 1.0, "seconds": 1.0}
    three = OptionBook(**one, is_call=[True] * 3, offsets=[0, 1, 2, 3])
    given = {"options": three, "expiry_offsets": [0, 2, 3], "expiry_seconds": 1.0}
    with pytest.raises(UsageError, match="collaterals of 1 accounts for 2"):
        DeriveBook(**given, spot=1.0, collaterals=CollateralRows(amount=1, price=1, offsets=[0, 1]))
    with pytest.raises(UsageError, match="stable_price"):
        DeriveBook(**given, spot=1.0, stable_price=0.0)
    with pytest.raises(DataError, match=r"^spot: row 0"):
        DeriveBook(**given, spot=-1.0)


@pytest.mark.parametrize("buckets", [1, 2, 7])
def test_other_grids_of_deribit(buckets):
    """Without far moves, and with more or fewer steps of the price: still the twin's answer."""
    rules = replace(deribit.BTC, buckets=buckets, far_moves=(), range_wad=WAD // 4)
    grid = replace(BTC_GRID, buckets=buckets, far_moves=(), price_range=0.25)
    accounts = deribit_accounts(25, seed=buckets)
    true = [deribit.margin([*o, i, n], rules=rules) for o, i, n in accounts]
    book, coins, notional = deribit_columns(accounts)
    found = deribit_margins(book, grid, inverse_coins=coins, linear_notional=notional)
    assert found.worst.max() < 3 * (2 * buckets + 1)
    within(found.initial, floats(true, "initial_wad"), found.bound)
