"""A venue for the service's benchmarks: many accounts, fifty assets, ticks that move all prices."""

from __future__ import annotations

import random
from collections.abc import Iterator

from trimtab.model import AssetRules, BookRow, Case, ReplayRules, Rules, Tick
from trimtab.model import commands as c
from trimtab.units import WAD

ASSETS = 50
START_NS = 1_700_000_000 * 10**9
MOVE = 0.001


def names() -> list[str]:
    """The assets that have prices, USD the quote beside them."""
    return [f"A{number:02d}" for number in range(ASSETS - 1)]


def venue_case(accounts: int, seed: int = 1) -> Case:
    """Accounts of three collaterals and one debt, healths from 1.001: one in 1,000 within 0.1%."""
    chance = random.Random(seed)
    assets = {name: _asset(name) for name in (*names(), "USD")}
    book = []
    for number in range(accounts):
        key, value = f"acct-{number:07d}", 0.0
        for asset in chance.sample(names(), 3):
            units = round(chance.uniform(1, 100), 3)
            value += units * 100
            book.append(BookRow(key, asset, int(units * 1000) * 10**15))
        owed = value * 0.8 / (1.001 + chance.expovariate(1.0))
        book.append(BookRow(key, "USD", -int(owed * 100) * 10**16))
    prices = tuple((name, 100 * WAD) for name in names())
    rules = Rules("bench", "USD", assets, {})
    return Case("bench", rules, tuple(book), (Tick(START_NS, prices),), ReplayRules())


def _asset(name: str) -> AssetRules:
    return AssetRules(
        name=name,
        decimals=18,
        max_ltv_wad=75 * WAD // 100,
        liquidation_end_wad=78 * WAD // 100,
        liquidation_threshold_wad=80 * WAD // 100,
        liquidation_bonus_wad=5 * WAD // 100,
        borrowable=True,
    )


def ticks(count: int, *, seed: int = 2, every_ns: int = 10_000_000) -> Iterator[c.SetPrices]:
    """Ticks that move every price by some 10 bps, and pull it back to its start."""
    chance = random.Random(seed)
    prices = dict.fromkeys(names(), 100.0)
    for number in range(count):
        for name, price in prices.items():
            prices[name] = price * (1 + chance.gauss(0, MOVE)) + (100 - price) * 0.01
        told = tuple((name, int(price * 10**6) * 10**12) for name, price in prices.items())
        yield c.SetPrices(START_NS + (number + 1) * every_ns, told)
