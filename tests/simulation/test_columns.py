"""Columns of a venue: each way in which a position counts, against the engine, at the edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.venues import asset, usd, venue_rules
from trimtab.engine import Draft, MemoryStore, account_sums, explain, is_unsafe, open_venue
from trimtab.kernels.backends import Backend
from trimtab.kernels.liquidation_map import liquidation_edges
from trimtab.kernels.outputs import standings
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
from trimtab.simulation.columns import VenueColumns
from trimtab.units import WAD

NOW_NS = 1_700_000_000 * 10**9
NOW_S = 1_700_000_000
PERCENT = WAD // 100
# Size x price of a whole ETH at 2,000, and its native units.
ETHER, LIFT = 10**18, 10**18
MILLION = 10**6


def market(**changes: object) -> MarketRules:
    """Ten percent initial, five percent maintenance."""
    flat = MarketRules("M", 10 * PERCENT, 5 * PERCENT, asset="ETH")
    return replace(flat, **changes)  # type: ignore[arg-type]


def store_of(rules: MarketRules, *, long_index: int = 0, mark_wad: int = 0) -> MemoryStore:
    """A venue of a quote, ETH at 2,000 and one market, at the index price or a mark of its own."""
    eth = asset("ETH", 18, price=2000, ltv=75, threshold=80)
    venue = replace(venue_rules(usd(), eth), markets={"M": rules})
    store = open_venue(venue_rules(usd(), eth), [], at_ns=NOW_NS)
    units = 10**30
    pool = Pool("USD", units, units, units * MILLION, accrued_s=NOW_S)
    changes = {
        (Table.RULES, ""): RulesState(venue),
        (Table.MARKET, "M"): MarketState(
            "M", long_index=long_index, mark_wad=mark_wad, funded_s=NOW_S
        ),
        (Table.POOL, "USD"): pool,
    }
    store.apply(Accepted(changes, ()))
    return store


def at_the_edge(store: MemoryStore, position: Position, *, in_liquidation: bool) -> list[Account]:
    """Three accounts: money (native units) for a millionth below the edge, on it, above it."""
    held = Account("a", positions={"M": position}, in_liquidation=in_liquidation)
    low, high = 0, 10**15
    while low < high:
        middle = (low + high) // 2
        account = replace(held, supply={"USD": middle * MILLION})
        draft = Draft(store, NOW_NS)
        if is_unsafe(account, account_sums(account, draft)):
            low = middle + 1
        else:
            high = middle
    assert low > 3, "the position needs money"
    moneys = (low - low // MILLION - 1, low - 1, low, low + low // MILLION + 1)
    return [
        replace(held, key=f"a{n}", supply={"USD": money * MILLION})
        for n, money in enumerate(moneys)
    ]


KINDS = {
    "flat": market(),
    "end": market(liquidation_end_margin_wad=7 * PERCENT),
    "tiers": market(
        tiers=(
            Tier(0, 10 * PERCENT, 5 * PERCENT),
            Tier(5_000 * WAD, 20 * PERCENT, 10 * PERCENT),
        )
    ),
    "size": market(size_factor_wad=2 * PERCENT),
    "skew": market(skew_scale=100 * ETHER, skew_margin_wad=50 * PERCENT),
    "both": market(
        size_factor_wad=2 * PERCENT, skew_scale=100 * ETHER, skew_margin_wad=50 * PERCENT
    ),
    "flat part": market(position_margin_wad=77 * WAD),
    "gains": market(gain_weight_wad=WAD // 2),
    "inverse": market(kind=MarketKind.INVERSE_PERP, decimals=0),
}
LONG = Position(10 * ETHER, 10 * 2100 * ETHER * LIFT * WAD)
SHORT = Position(-10 * ETHER, -10 * 1900 * ETHER * LIFT * WAD)
# 20,000 contracts of one quote unit, which cost 1e-36 of an ETH each step.
INVERSE = Position(20_000, -int(9.5 * 10**36))


@pytest.mark.parametrize("ending", [False, True])
@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_position_falls_where_the_engine_says(
    kind: str, side: str, ending: bool
) -> None:
    position = LONG if side == "long" else SHORT
    if kind == "inverse":
        position = INVERSE if side == "long" else Position(-20_000, int(10.5 * 10**36))
    # Funding that the position has not booked: 10 quote units a whole ETH, or 1e-5 ETH a contract.
    index = 10**31 if kind == "inverse" else 10 * WAD * LIFT
    store = store_of(KINDS[kind], long_index=index, mark_wad=2003 * WAD)
    accounts = at_the_edge(store, position, in_liquidation=ending)
    store.apply(Accepted({(Table.ACCOUNT, a.key): a for a in accounts}, ()))
    draft = Draft(store, NOW_NS)
    columns = VenueColumns(store, draft)
    for backend in (Backend.NUMBA, Backend.NUMPY):
        found = columns.unsafe(draft, backend=backend)
        assert [columns.keys[n] for n in found.unsafe] == ["a0", "a1"]
        asked = {"gains": 4}.get(kind, 2)
        assert found.asked <= asked, "what is a millionth off the edge is not asked for"


def test_funding_moves_a_coefficient() -> None:
    before, after = (store_of(KINDS["flat"], long_index=index) for index in (0, 10 * WAD * LIFT))
    account = Account("a", positions={"M": LONG}, supply={"USD": 2_000 * MILLION * MILLION})
    worth = []
    for store in (before, after):
        store.apply(Accepted({(Table.ACCOUNT, "a"): account}, ()))
        draft = Draft(store, NOW_NS)
        columns = VenueColumns(store, draft)
        found = standings(columns.book, columns.coefficients(draft))
        sums = account_sums(account, draft)
        assert found.maintenance[0] == pytest.approx(sums.excess_maintenance / 10**72, rel=1e-12)
        worth.append(found.maintenance[0])
    assert worth[0] - worth[1] == pytest.approx(100.0)


@pytest.mark.parametrize("kind", ["flat", "inverse"])
@pytest.mark.parametrize("side", ["long", "short"])
def test_liquidation_prices_of_positions_are_the_engine_s(kind: str, side: str) -> None:
    position = {
        ("flat", "long"): LONG,
        ("flat", "short"): SHORT,
        ("inverse", "long"): INVERSE,
        ("inverse", "short"): Position(-20_000, int(10.5 * 10**36)),
    }[kind, side]
    # Funding since the market began stands in the worth of a size, and no price moves it.
    store = store_of(KINDS[kind], long_index=0 if kind == "inverse" else 100 * WAD * LIFT)
    account = Account("a", positions={"M": position}, supply={"USD": 5_000 * MILLION * MILLION})
    store.apply(Accepted({(Table.ACCOUNT, "a"): account}, ()))
    draft = Draft(store, NOW_NS)
    columns = VenueColumns(store, draft)
    edges = liquidation_edges(columns.book, columns.coefficients(draft))
    told = explain(account, draft).liquidation_price_wad
    assert told, "the position has a price at which it falls"
    (price_wad,) = told.values()
    assert (edges.ratio * 2000).tolist() == pytest.approx([price_wad / WAD], rel=1e-9)


def test_rounding_to_native_units_is_the_engine_s() -> None:
    # 1.9 units of an asset without decimals round to one; 1.1 owed round to two.
    rules = venue_rules(usd(), asset("BAR", 0, price=1000, threshold=100))
    store = open_venue(rules, [], at_ns=NOW_NS)
    pool = Pool("BAR", 1000, 1000, 1000 * MILLION, 900, 900 * MILLION, accrued_s=NOW_S)
    quote = Pool("USD", 10**12, 10**12, 10**18, 10**12, 10**18, accrued_s=NOW_S)
    owner = Account("a", supply={"BAR": 1_900_000}, debt={"USD": 1_500 * MILLION * MILLION})
    ower = Account("b", supply={"USD": 1_600 * MILLION * MILLION}, debt={"BAR": 1_100_000})
    changes = {(Table.POOL, "BAR"): pool, (Table.POOL, "USD"): quote}
    accounts = {(Table.ACCOUNT, "a"): owner, (Table.ACCOUNT, "b"): ower}
    store.apply(Accepted(changes | accounts, ()))
    draft = Draft(store, NOW_NS)
    columns = VenueColumns(store, draft)
    assert columns.unsafe(draft).unsafe.tolist() == [0, 1]


def test_changed_rules_and_new_accounts_are_read_again() -> None:
    store = store_of(KINDS["flat"])
    rich = Account("b", positions={"M": LONG}, supply={"USD": 3_000 * MILLION * MILLION})
    store.apply(Accepted({(Table.ACCOUNT, "b"): rich}, ()))
    columns = VenueColumns(store, Draft(store, NOW_NS))
    assert columns.unsafe(Draft(store, NOW_NS)).unsafe.size == 0
    poor = replace(rich, key="c", supply={"USD": 1_000 * MILLION * MILLION})
    news = Accepted({(Table.ACCOUNT, "c"): poor}, ())
    store.apply(news)
    assert columns.apply(news, Draft(store, NOW_NS)) == [1]
    assert columns.unsafe(Draft(store, NOW_NS)).unsafe.tolist() == [1]
    state = store.get(Table.RULES, "")
    assert isinstance(state, RulesState)
    harder = market(maintenance_margin_wad=12 * PERCENT, initial_margin_wad=20 * PERCENT)
    changed = replace(state, rules=replace(state.rules, markets={"M": harder}))
    news = Accepted({(Table.RULES, ""): changed}, ())
    store.apply(news)
    columns.apply(news, Draft(store, NOW_NS))
    assert columns.unsafe(Draft(store, NOW_NS)).unsafe.tolist() == [0, 1]
    gone = Accepted({(Table.ACCOUNT, "c"): None}, ())
    store.apply(gone)
    columns.apply(gone, Draft(store, NOW_NS))
    assert columns.unsafe(Draft(store, NOW_NS)).unsafe.tolist() == [0]
    assert np.count_nonzero(columns.book.count) == 1
