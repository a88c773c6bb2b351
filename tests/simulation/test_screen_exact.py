"""The float screen against the exact engine: it may ask too often, never too seldom."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings

from tests.simulation.books import Scene, scenes
from tests.simulation.cases import START_NS
from trimtab.agents.keeper import KEEPER
from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    MemoryStore,
    Sums,
    account_sums,
    explain,
    is_unsafe,
    open_venue,
    step,
)
from trimtab.model import Accepted, Account, Table
from trimtab.model import commands as c
from trimtab.simulation.screen import Levels, Marks, Screen
from trimtab.units import NANOSECONDS, WAD

CLOSE = 1e-9
WEIGHTED = EXACT_PER_WAD * WAD


def opened(scene: Scene) -> tuple[MemoryStore, int]:
    store = open_venue(scene.rules, scene.book, at_ns=START_NS)
    outcome = step(store, c.SetPrices(START_NS, scene.prices))
    assert isinstance(outcome, Accepted), outcome
    store.apply(outcome)
    return store, START_NS + scene.elapsed_s * NANOSECONDS


def screened(store: MemoryStore, now_ns: int) -> tuple[Screen, Draft, Marks, Levels]:
    draft = Draft(store, now_ns)
    screen = Screen(store, draft)
    marks = screen.marks(draft)
    return screen, draft, marks, screen.levels(marks, draft)


def book_sums(screen: Screen, draft: Draft) -> dict[str, Sums]:
    return {key: account_sums(draft.account(key), draft) for key in screen.keys}


def one_unit_each(key: str, draft: Draft) -> float:
    """What rounding every holding to a native unit can move: one unit of each, unweighted."""
    account = draft.account(key)
    marks = [draft.mark(asset) for asset in (*account.supply, *account.debt)]
    return sum(mark.unit / EXACT_PER_WAD / WAD for mark in marks) * 2


@settings(max_examples=150)
@given(scenes())
def test_whoever_the_engine_calls_unsafe_is_in_doubt(scene: Scene) -> None:
    store, now_ns = opened(scene)
    screen, draft, marks, levels = screened(store, now_ns)
    unsafe = {
        key for key, sums in book_sums(screen, draft).items() if is_unsafe(draft.account(key), sums)
    }
    assert unsafe <= set(screen.in_doubt(levels, marks))


@settings(max_examples=50)
@given(scenes())
def test_whoever_is_under_the_initial_level_is_between_or_below(scene: Scene) -> None:
    store, now_ns = opened(scene)
    screen, draft, marks, levels = screened(store, now_ns)
    under = {key for key, sums in book_sums(screen, draft).items() if sums.excess_initial < 0}
    assert under <= set(screen.between_levels(levels, marks))


@settings(max_examples=50)
@given(scenes())
def test_values_agree_with_the_engine(scene: Scene) -> None:
    store, now_ns = opened(scene)
    screen, draft, _, levels = screened(store, now_ns)
    for place, (key, sums) in enumerate(book_sums(screen, draft).items()):
        slack = one_unit_each(key, draft)
        pairs = (
            (levels.collateral, sums.collateral / EXACT_PER_WAD / WAD),
            (levels.debt, sums.debt / EXACT_PER_WAD / WAD),
            (levels.weighted, sums.maintenance / WEIGHTED / WAD),
            (levels.initial, sums.initial / WEIGHTED / WAD),
            (levels.weighted_debt, sums.weighted_debt / WEIGHTED / WAD),
        )
        for found, exact in pairs:
            assert found[place] == pytest.approx(exact, rel=CLOSE, abs=slack)


@settings(max_examples=50)
@given(scenes())
def test_liquidation_prices_agree_with_the_explanation(scene: Scene) -> None:
    """Where balances are whole units (no interest has run), so that nothing was rounded."""
    store, _ = opened(scene)
    screen, draft, marks, levels = screened(store, START_NS)
    for asset in screen.assets:
        prices = screen.liquidation_prices(asset, levels, marks=marks, draft=draft)
        for place, key in enumerate(screen.keys):
            account = draft.account(key)
            exact = explain(account, draft).liquidation_price_wad.get(asset)
            sums = account_sums(account, draft)
            larger = max(sums.maintenance, sums.weighted_debt)
            decisive = abs(sums.excess_maintenance) * 10**3 > larger
            if np.isnan(prices[place]) or exact is None or not decisive:
                continue
            if is_net_long(key, asset, draft=draft) and exact > 10**12:
                assert prices[place] == pytest.approx(exact / WAD, rel=1e-6)


def is_net_long(key: str, asset: str, *, draft: Draft) -> bool:
    account = draft.account(key)
    return asset in account.supply and asset not in account.debt


def closing_commands(account: Account, now_ns: int) -> Iterator[c.Command]:
    """What may befall an account: parts, the whole, a call, the backstop, the end."""
    key = account.key
    for debt, held in zip(sorted(account.debt), sorted(account.supply), strict=False):
        yield c.Liquidate(now_ns, key, debt, held, KEEPER, repay=1 + (len(key) % 2))
        yield c.Liquidate(now_ns, key, debt, held, KEEPER)
        yield c.CallMargin(now_ns, key)
        yield c.TransferToBackstop(now_ns, key)
        yield c.CloseOut(now_ns, key)


@settings(max_examples=40)
@given(scenes(accounts=4))
def test_refreshing_after_commands_equals_a_fresh_screen(scene: Scene) -> None:
    store, now_ns = opened(scene)
    screen, draft, _, _ = screened(store, now_ns)
    commands = [
        each for key in screen.keys for each in closing_commands(draft.account(key), now_ns)
    ]
    for command in commands:
        outcome = step(store, command)
        if isinstance(outcome, Accepted):
            store.apply(outcome)
            touched = [name for table, name in outcome.changes if table is Table.ACCOUNT]
            screen.refresh(touched, Draft(store, now_ns))
    fresh, draft, marks, levels = screened(store, now_ns)
    again = screen.levels(screen.marks(draft), draft)
    for name in ("collateral", "debt", "weighted", "decisive", "initial", "weighted_debt"):
        assert np.array_equal(getattr(again, name), getattr(levels, name)), name
    assert screen.in_doubt(again, marks) == fresh.in_doubt(levels, marks)
    unsafe = {
        key
        for key, sums in book_sums(fresh, draft).items()
        if sums.debt and is_unsafe(draft.account(key), sums)
    }
    assert unsafe <= set(fresh.in_doubt(levels, marks))
