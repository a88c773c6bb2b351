"""A venue whose accounts are mostly bent: tiers, roots, skew, cut gains, weights that fall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.engine.venues import asset, usd, venue_rules
from trimtab.engine import MemoryStore, open_venue
from trimtab.model import (
    Accepted,
    Account,
    MarketKind,
    MarketRules,
    MarketState,
    Pool,
    Position,
    RulesState,
    Table,
    Tier,
)
from trimtab.units import WAD

NOW_S = 1_700_000_000
NOW_NS = NOW_S * 10**9
PERCENT, MILLION, ETHER, LIFT = WAD // 100, 10**6, 10**18, 10**18
PRICES, DECIMALS = {"BTC": 30_000, "ETH": 2_000}, {"BTC": 8, "ETH": 18}


def tiers(*floors: int) -> tuple[Tier, ...]:
    """Rates of 10 and 5 percent that double at each floor."""
    rates = [(10 * 2**n * PERCENT, 5 * 2**n * PERCENT) for n in range(len(floors) + 1)]
    return tuple(Tier(floor * WAD, *rate) for floor, rate in zip((0, *floors), rates, strict=True))


def markets() -> dict[str, MarketRules]:
    """Tiers; tiers and cut gains; roots; skew and cut gains; an inverse one; a flat one."""
    flat = MarketRules("F", 10 * PERCENT, 5 * PERCENT, asset="ETH")
    kinds: dict[str, dict[str, Any]] = {
        "F": {"liquidation_end_margin_wad": 7 * PERCENT},
        "T": {"tiers": tiers(20_000, 60_000)},
        "G": {"tiers": tiers(15_000), "gain_weight_wad": WAD // 2, "asset": "BTC"},
        "S": {
            "size_factor_wad": 2 * PERCENT,
            "liquidation_end_margin_wad": 8 * PERCENT,
            "position_margin_wad": 7 * WAD,
        },
        "K": {"skew_scale": 100 * ETHER, "skew_margin_wad": WAD // 2, "gain_weight_wad": 0},
        "I": {"kind": MarketKind.INVERSE_PERP, "decimals": 0, "gain_weight_wad": WAD // 4},
    }
    return {name: replace(flat, name=name, **changes) for name, changes in kinds.items()}


def venue() -> MemoryStore:
    """A venue with funding, marks of its own, and Bitcoin that weighs less the more one holds."""
    btc = replace(
        asset("BTC", 8, price=30_000, ltv=70, threshold=80, end=70), size_factor_wad=WAD // 10
    )
    eth = asset("ETH", 18, price=2000, ltv=70, threshold=80, end=75)
    rules = venue_rules(usd(), eth, btc)
    store = open_venue(rules, [], at_ns=NOW_NS)
    units = 10**30
    records: dict[Any, Any] = {
        (Table.POOL, name): Pool(
            name, units, units, units * MILLION, units, units * MILLION, accrued_s=NOW_S
        )
        for name in ("USD", "ETH", "BTC")
    }
    records[Table.RULES, ""] = RulesState(replace(rules, markets=markets()))
    for name, market in markets().items():
        # Funding of three hundredths of a price since the market began.
        lift = ETHER * LIFT // 10 ** DECIMALS[market.asset]
        index = 0 if market.is_inverse else PRICES[market.asset] * 3 * PERCENT * lift
        mark = PRICES[market.asset] * WAD * 1001 // 1000 if name in "TK" else 0
        records[Table.MARKET, name] = MarketState(
            name, long_index=index, short_index=-index // 2, mark_wad=mark, funded_s=NOW_S
        )
    store.apply(Accepted(records, ()))
    return store


def position(chance: np.random.Generator, market: MarketRules) -> Position:
    """A position of up to some 100,000, entered within a tenth of the price."""
    side, worth = int(chance.choice([1, -1])), float(np.exp(chance.uniform(7, 11.5)))
    entry = chance.uniform(0.9, 1.1)
    if market.is_inverse:
        return Position(side * int(worth), -side * int(worth / 2000 / entry * 1e18) * ETHER)
    price, whole = PRICES[market.asset], 10 ** DECIMALS[market.asset]
    size, lift = side * int(worth / price * whole), ETHER * LIFT // whole
    return Position(size, int(size * price * entry) * lift * WAD, index=price * WAD // 200 * lift)


def account(chance: np.random.Generator, number: int) -> Account:
    """One to three positions or none, with money or assets that about carry them, and a debt."""
    rules = markets()
    chosen = chance.choice(list(rules), chance.integers(0, 4), replace=False).tolist()
    held = {name: position(chance, rules[name]) for name in chosen}
    worth = float(np.exp(chance.uniform(7, 10.5)))
    units = {"USD": worth * 1e6, "ETH": worth / 2000 * 1e18, "BTC": worth / 30_000 * 1e8}
    owned, owed = chance.permutation(["USD", "ETH", "BTC"])[:2].tolist()
    debt = {owed: int(units[owed] * chance.uniform(0.1, 1.0)) * MILLION}
    supply = {owned: int(units[owned]) * MILLION, "USD": int(units["USD"] / 3) * MILLION}
    return Account(
        f"a{number:03}",
        supply=supply,
        debt=debt if chance.random() < 0.5 and owed not in supply else {},
        positions=held,
        in_liquidation=bool(chance.random() < 0.2),
    )


def venue_of(accounts: list[Account]) -> MemoryStore:
    """The venue with these accounts."""
    store = venue()
    store.apply(Accepted({(Table.ACCOUNT, one.key): one for one in accounts}, ()))
    return store
