"""The index over a venue with tiers, sizes, skew, cut gains and big balances, beside the engine."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.engine.venues import asset, usd, venue_rules
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe, open_venue
from trimtab.kernels.backends import Backend
from trimtab.model import (
    Accepted,
    Account,
    MarketRules,
    MarketState,
    Pool,
    Position,
    PriceState,
    RulesState,
    Table,
    Tier,
)
from trimtab.simulation.columns import VenueColumns
from trimtab.simulation.venue_index import VenueIndex
from trimtab.units import WAD

NOW_S = 1_700_000_000
NOW_NS = NOW_S * 10**9
PERCENT = WAD // 100
LIFT = ETHER = 10**18
MILLION = 10**6
PRICE = 2000 * WAD
FLAT = MarketRules("M", 10 * PERCENT, 5 * PERCENT, asset="ETH")
MARKETS = {
    "tiers": replace(
        FLAT,
        name="tiers",
        tiers=(
            Tier(0, 10 * PERCENT, 5 * PERCENT),
            Tier(20_000 * WAD, 20 * PERCENT, 10 * PERCENT),
            Tier(60_000 * WAD, 50 * PERCENT, 25 * PERCENT),
        ),
    ),
    "size": replace(FLAT, name="size", size_factor_wad=2 * PERCENT),
    "skew": replace(FLAT, name="skew", skew_scale=100 * ETHER, skew_margin_wad=50 * PERCENT),
    "gains": replace(FLAT, name="gains", gain_weight_wad=WAD // 2),
    "both": replace(
        FLAT,
        name="both",
        gain_weight_wad=0,
        tiers=(Tier(0, 10 * PERCENT, 5 * PERCENT), Tier(30_000 * WAD, 20 * PERCENT, 10 * PERCENT)),
    ),
}


def opened() -> MemoryStore:
    """A quote, ETH and BIG (whose weight falls with the balance), and a market of each kind."""
    big = replace(asset("BIG", 18, price=10, threshold=80), size_factor_wad=WAD // 50)
    rules = venue_rules(usd(), asset("ETH", 18, price=2000, ltv=75, threshold=80), big)
    store = open_venue(rules, [], at_ns=NOW_NS)
    units = 10**30
    changes: dict[tuple[Table, str], object] = {
        (Table.RULES, ""): RulesState(replace(rules, markets=MARKETS))
    }
    for name in MARKETS:
        changes[Table.MARKET, name] = MarketState(name, funded_s=NOW_S)
    for name in ("USD", "ETH", "BIG"):
        changes[Table.POOL, name] = Pool(
            name, units, units, units * MILLION, units // 2, units // 2 * MILLION, NOW_S
        )
    store.apply(Accepted(changes, ()))  # type: ignore[arg-type]
    return store


def drawn(chance: Random, key: str, *, price_wad: int) -> Account:
    """Up to three positions near their entry, with about the money that they need."""
    positions, notional = {}, 0.0
    for name in chance.sample(sorted(MARKETS), chance.randrange(0, 4)):
        size = round(chance.choice([1, -1]) * chance.uniform(0.5, 30) * ETHER)
        entry = price_wad * chance.randrange(930, 1070) // 1000
        positions[name] = Position(size, size * entry * LIFT)
        notional += abs(size) / ETHER * price_wad / WAD
    money = round(notional * chance.uniform(0.02, 0.3) * MILLION) + chance.randrange(100)
    supply, debt = {"USD": money * MILLION}, {}
    if chance.random() < 0.5:
        big = chance.uniform(10, 3000)
        supply["BIG"] = round(big * ETHER) * MILLION
        debt["USD"] = round(big * 10 * chance.uniform(0.2, 0.8) * MILLION) * MILLION
    if chance.random() < 0.2:
        debt["BIG"] = round(chance.uniform(1, 200) * ETHER) * MILLION
    return Account(key, supply=supply, debt=debt, positions=positions)


def engine_says(columns: VenueColumns, draft: Draft) -> list[int]:
    accounts = [draft.account(key) for key in columns.keys]
    sides = [is_unsafe(account, account_sums(account, draft)) for account in accounts]
    return np.flatnonzero(sides).tolist()


def happening(chance: Random, store: MemoryStore) -> Accepted:
    """Prices, funding, a rule, or accounts that trade and deposit."""
    eth = store.get(Table.PRICE, "ETH")
    assert isinstance(eth, PriceState)
    kind = chance.random()
    if kind < 0.55:
        moved = {
            name: PriceState(name, round(price * (1 + chance.gauss(0, 0.004))), NOW_NS)
            for name in ("ETH", "BIG")
            for price in [getattr(store.get(Table.PRICE, name), "price_wad")]  # noqa: B009
        }
        return Accepted({(Table.PRICE, name): state for name, state in moved.items()}, ())
    if kind < 0.7:
        name = chance.choice(sorted(MARKETS))
        state = store.get(Table.MARKET, name)
        assert isinstance(state, MarketState)
        step = round(chance.gauss(0, 2) * WAD) * LIFT
        paid = replace(
            state, long_index=state.long_index + step, short_index=state.short_index - step
        )
        return Accepted({(Table.MARKET, name): paid}, ())
    if kind < 0.73:
        rules = store.get(Table.RULES, "")
        assert isinstance(rules, RulesState)
        skew = replace(MARKETS["skew"], skew_margin_wad=chance.randrange(40, 60) * PERCENT)
        markets = {**rules.rules.markets, "skew": skew}
        return Accepted(
            {(Table.RULES, ""): replace(rules, rules=replace(rules.rules, markets=markets))}, ()
        )
    keys = [f"a{chance.randrange(45):02}" for _ in range(2)]
    return Accepted(
        {(Table.ACCOUNT, key): drawn(chance, key, price_wad=eth.price_wad) for key in keys}, ()
    )


@pytest.mark.parametrize("backend", [Backend.NUMBA, Backend.NUMPY])
@pytest.mark.parametrize("seed", range(2))
def test_the_index_and_the_scan_say_what_the_engine_says(seed: int, backend: Backend) -> None:
    chance, store = Random(seed), opened()
    keys = [f"a{number:02}" for number in range(40)]
    store.apply(
        Accepted({(Table.ACCOUNT, key): drawn(chance, key, price_wad=PRICE) for key in keys}, ())
    )
    draft = Draft(store, NOW_NS)
    columns = VenueColumns(store, draft)
    index = VenueIndex(columns, draft, backend=backend)
    assert len(columns.alone) > 15, "values that bend are common here"
    assert not columns.rowless
    sides, events, examined = engine_says(columns, draft), 0, 0
    for turn in range(160):
        outcome = happening(chance, store)
        store.apply(outcome)
        draft = Draft(store, NOW_NS)
        changed = columns.apply(outcome, draft)
        found = index.unsafe(draft, changed=changed).tolist()
        before, sides = sides, engine_says(columns, draft)
        assert found == sides
        if turn % 10 == 0:
            assert columns.unsafe(draft, backend=backend).unsafe.tolist() == sides
        events += len(set(before) ^ set(sides))
        examined += index.examined
    assert events > 20
    assert examined < 160 * 45 * 0.6, "many are left alone"


def test_what_columns_cannot_hold_is_asked_for() -> None:
    store = opened()
    state = store.get(Table.RULES, "")
    assert isinstance(state, RulesState)
    fine = replace(state.rules.assets["BIG"], decimals=24)
    rules = replace(state.rules, assets={**state.rules.assets, "BIG": fine})
    held = Account("a", supply={"BIG": 10**24 * MILLION}, debt={"USD": 9 * MILLION * MILLION})
    store.apply(Accepted({(Table.RULES, ""): replace(state, rules=rules)}, ()))
    store.apply(Accepted({(Table.ACCOUNT, "a"): held}, ()))
    draft = Draft(store, NOW_NS)
    columns = VenueColumns(store, draft)
    assert columns.rowless == columns.alone == {0}
    assert columns.book.count.tolist() == [0]
    assert VenueIndex(columns, draft).unsafe(draft).tolist() == engine_says(columns, draft) == [0]
    assert columns.unsafe(draft).unsafe.tolist() == [0]
