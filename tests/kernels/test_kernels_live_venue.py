"""The index beside a living venue: interest, deposits, loans, liquidations and new weights."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.engine.venues import asset, at, usd, venue_rules, with_rates
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe, open_venue, step
from trimtab.kernels.backends import Backend
from trimtab.kernels.safe_radius import SafeRadiusIndex
from trimtab.model import Accepted, BookRow, Command, RulesState, Table
from trimtab.model import commands as c
from trimtab.model.settings import PERCENT
from trimtab.simulation.columns import VenueColumns
from trimtab.units import WAD

ACCOUNTS = 60
ETHER, DOLLAR = 10**18, 10**6
PRICES = {"ETH": 2000.0, "BTC": 30000.0, "USD": 1.0}


def opened(chance: Random) -> MemoryStore:
    """Sixty accounts of two collaterals and a loan, healths from 1.02 to 2."""
    rules = venue_rules(
        with_rates(usd()),
        with_rates(asset("ETH", 18, price=2000, ltv=75, threshold=80, end=78, bonus=5)),
        asset("BTC", 8, price=30000, ltv=70, threshold=75, bonus=5),
    )
    book = []
    for number in range(ACCOUNTS):
        ether, coin = chance.uniform(0.5, 3.0), chance.uniform(0.01, 0.2)
        worth = ether * 2000 * 0.8 + coin * 30000 * 0.75
        owed = worth / chance.uniform(1.02, 2.0)
        book += [
            BookRow(f"a{number:02}", "ETH", round(ether * ETHER)),
            BookRow(f"a{number:02}", "BTC", round(coin * 10**8)),
            BookRow(f"a{number:02}", "USD", -round(owed * DOLLAR)),
        ]
    book.append(BookRow("lender", "USD", 10**7 * DOLLAR))
    return open_venue(rules, book, at_ns=at(0))


def command(chance: Random, now: int, prices: dict[str, float]) -> Command:
    """Something that a user, a feed or a keeper sends."""
    key = f"a{chance.randrange(ACCOUNTS + 5):02}"
    kind = chance.random()
    if kind < 0.5:
        for name in ("ETH", "BTC"):
            prices[name] *= 1 + chance.gauss(0, 0.01)
        marks = tuple(sorted((name, round(price * WAD)) for name, price in prices.items()))
        return c.SetPrices(now, marks)
    if kind < 0.6:
        return c.Deposit(now, key, chance.choice(["ETH", "BTC", "USD"]), chance.randrange(1, 10**8))
    if kind < 0.7:
        return c.Borrow(now, key, "USD", chance.randrange(1, 2000 * DOLLAR))
    if kind < 0.8:
        return c.Repay(now, key, "USD", chance.randrange(1, 500 * DOLLAR))
    if kind < 0.9:
        return c.Withdraw(now, key, "ETH", chance.randrange(1, ETHER // 2))
    return c.Liquidate(now, key, "USD", chance.choice(["ETH", "BTC"]), "keeper")


def engine_says(columns: VenueColumns, draft: Draft) -> list[int]:
    accounts = [draft.account(key) for key in columns.keys]
    sides = [is_unsafe(account, account_sums(account, draft)) for account in accounts]
    return np.flatnonzero(sides).tolist()


def harder(store: MemoryStore) -> Accepted:
    """A lower weight of ETH, from one moment to the next."""
    state = store.get(Table.RULES, "")
    assert isinstance(state, RulesState)
    eth = state.rules.assets["ETH"]
    lower = replace(
        eth,
        max_ltv_wad=eth.max_ltv_wad - 2 * PERCENT,
        liquidation_end_wad=eth.liquidation_end_wad - 2 * PERCENT,
        liquidation_threshold_wad=eth.liquidation_threshold_wad - 2 * PERCENT,
    )
    assets = {**state.rules.assets, "ETH": lower}
    changed = RulesState(replace(state.rules, assets=assets), state.ramps)
    return Accepted({(Table.RULES, ""): changed}, ())


@pytest.mark.parametrize("backend", [Backend.NUMBA, Backend.NUMPY])
@pytest.mark.parametrize("seed", range(3))
def test_the_index_lives_with_the_venue(seed: int, backend: Backend) -> None:
    chance, prices = Random(seed), dict(PRICES)
    store = opened(chance)
    draft = Draft(store, at(0))
    columns = VenueColumns(store, draft)
    index = SafeRadiusIndex(
        columns.book,
        columns.coefficients(draft),
        exact=lambda accounts: columns.exact(draft, accounts),
        backend=backend,
        levels=10,
    )
    kinds: set[str] = set()
    for turn in range(1, 200):
        now = at(turn * 3600)
        if turn % 90 == 0:
            outcome = harder(store)
            kinds.add("SetRules")
        else:
            asked = command(chance, now, prices)
            found = step(store, asked)
            if not isinstance(found, Accepted):
                continue
            kinds.add(type(asked).__name__)
            outcome = found
        store.apply(outcome)
        draft = Draft(store, now)
        changed = columns.apply(outcome, draft)
        worth = columns.coefficients(draft)
        exactly = partial_exact(columns, draft)
        if changed:
            index.touch(changed, worth, exact=exactly)
        index.tick(worth, exact=exactly)
        truth = engine_says(columns, draft)
        assert index.unsafe.tolist() == truth
        assert columns.unsafe(draft, backend=backend).unsafe.tolist() == truth
    assert kinds >= {"SetPrices", "Deposit", "Borrow", "Repay", "Withdraw", "SetRules"}


def partial_exact(columns: VenueColumns, draft: Draft):  # type: ignore[no-untyped-def]
    return lambda accounts: columns.exact(draft, accounts)
