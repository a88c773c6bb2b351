"""The screen over positions against the exact engine: it may ask too often, never too seldom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.simulation.cases import START_NS
from tests.simulation.perp_books import INVERSE, LINEAR, PerpScene, perp_rules, perp_scenes
from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    MemoryStore,
    account_sums,
    explain,
    is_unsafe,
    open_venue,
    step,
)
from trimtab.model import Accepted, BookRow, Table
from trimtab.model import commands as c
from trimtab.simulation.screen import Levels, Marks, Screen
from trimtab.units import NANOSECONDS, WAD

EXACT = EXACT_PER_WAD * WAD
WEIGHTED = EXACT * WAD


def moved(scene: PerpScene) -> tuple[MemoryStore, int]:
    """The venue after both sets of prices, an hour apart, so that funding has run."""
    store = open_venue(scene.rules, scene.book, at_ns=START_NS, prices=scene.first)
    now_ns = START_NS + 3600 * NANOSECONDS
    for at_ns, prices in ((START_NS, scene.first), (now_ns, scene.later)):
        outcome = step(store, c.SetPrices(at_ns, tuple(sorted(prices.items()))))
        assert isinstance(outcome, Accepted), outcome
        store.apply(outcome)
    return store, now_ns


def screened(store: MemoryStore, now_ns: int) -> tuple[Screen, Draft, Marks, Levels]:
    draft = Draft(store, now_ns)
    screen = Screen(store, draft)
    marks = screen.marks(draft)
    return screen, draft, marks, screen.levels(marks, draft)


@settings(max_examples=120)
@given(perp_scenes())
def test_whoever_the_engine_calls_unsafe_is_in_doubt(scene: PerpScene) -> None:
    screen, draft, marks, levels = screened(*moved(scene))
    unsafe = set()
    for key in screen.keys:
        account = draft.account(key)
        if account.at_risk and is_unsafe(account, account_sums(account, draft)):
            unsafe.add(key)
    assert unsafe <= set(screen.in_doubt(levels, marks))


@settings(max_examples=60)
@given(perp_scenes())
def test_all_with_positions_may_be_under_the_initial_level(scene: PerpScene) -> None:
    screen, draft, marks, levels = screened(*moved(scene))
    asked = set(screen.between_levels(levels, marks))
    assert {key for key in screen.keys if draft.account(key).positions} <= asked


@settings(max_examples=80)
@given(perp_scenes())
def test_values_agree_with_the_engine(scene: PerpScene) -> None:
    screen, draft, _, levels = screened(*moved(scene))
    for place, key in enumerate(screen.keys):
        sums = account_sums(draft.account(key), draft)
        scale = float(levels.gross[place] + levels.collateral[place] + 1.0)
        pairs = (
            (levels.pnl, (sums.gains - sums.losses) / EXACT),
            (levels.notional, sums.notional / EXACT),
            (levels.equity, sums.equity / EXACT),
            (levels.weighted, sums.maintenance / WEIGHTED),
            (levels.liabilities, sums.liabilities / WEIGHTED),
        )
        for found, exact in pairs:
            assert found[place] == pytest.approx(exact, rel=1e-9, abs=1e-9 * scale)


@settings(max_examples=40)
@given(perp_scenes())
def test_a_refreshed_screen_equals_a_fresh_one(scene: PerpScene) -> None:
    store, now_ns = moved(scene)
    screen = Screen(store, Draft(store, now_ns))
    later_ns = now_ns + 60 * NANOSECONDS
    touched = set()
    for key in screen.keys:
        for market in sorted(scene.rules.markets):
            outcome = step(store, c.Settle(later_ns, key, market))
            if isinstance(outcome, Accepted):
                store.apply(outcome)
                touched |= {name for table, name in outcome.changes if table is Table.ACCOUNT}
    draft = Draft(store, later_ns)
    screen.refresh(touched, draft)
    again = Screen(store, draft)
    marks = screen.marks(draft)
    for name in ("collateral", "weighted", "weighted_debt", "requirement", "pnl", "notional"):
        left = getattr(screen.levels(marks, draft), name)
        right = getattr(again.levels(marks, draft), name)
        assert np.allclose(left, right, rtol=1e-9, atol=1e-6), name


def test_the_liquidation_price_of_one_position_is_the_explanation_s() -> None:
    """Cash and one linear position: the price is exact but for rounding, on both sides."""
    book = (
        BookRow("long", "USD", 1_000 * 10**6),
        BookRow("long", LINEAR, 10**18, entry_price_wad=2_000 * WAD),
        BookRow("short", "USD", 1_000 * 10**6),
        BookRow("short", INVERSE, -2_000 * 10**6, entry_price_wad=2_000 * WAD),
        BookRow("idle", "USD", 5 * 10**6),
    )
    prices = {"AAA": 2_000 * WAD, "BBB": WAD}
    screen, draft, marks, levels = screened(*moved(PerpScene(perp_rules(), book, prices, prices)))
    found = screen.liquidation_prices("AAA", levels, marks=marks, draft=draft)
    for place, key in enumerate(screen.keys):
        exact = explain(draft.account(key), draft).liquidation_price_wad.get("AAA")
        if key == "idle":
            assert exact is None
            assert np.isnan(found[place])
        else:
            assert exact is not None
            assert found[place] == pytest.approx(exact / WAD, rel=2e-3)
