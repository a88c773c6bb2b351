"""Margin and its explanation, against a second opinion in fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.engine.standing import Standing, standing
from tests.engine.venues import (
    START_NS,
    START_S,
    accepted,
    asset,
    at,
    eth,
    opened,
    refused,
    row,
    usd,
    venue_rules,
    with_rates,
)
from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    MemoryStore,
    account_sums,
    explain,
    is_unsafe,
    newly_unsafe,
    step,
)
from trimtab.model import Explanation, Level, Reason, RulesState, Table, commands
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

CENT = asset("CENT", 2, price=3, ltv=60, threshold=70, end=65, bonus=8)
HEAVY = replace(eth(), liability_weight_wad=WAD * 10 // 9 + 1)
RULES = venue_rules(usd(), HEAVY, CENT)
NAMES = ("USD", "ETH", "CENT")

prices = st.integers(1, 10**6) | st.integers(WAD // 10, 10**5 * WAD)
holdings = st.tuples(*(st.integers(0, 10**21) | st.integers(0, 10**4) for _ in NAMES))


@st.composite
def stores(draw) -> MemoryStore:
    """A venue with one account, anna, at any balances and prices."""
    supply, debt = draw(holdings), draw(holdings)
    rows = [row("anna", name, amount) for name, amount in zip(NAMES, supply, strict=True)]
    rows += [row("anna", name, -amount) for name, amount in zip(NAMES, debt, strict=True)]
    store = opened(RULES, *rows)
    ticks = tuple((name, WAD if name == "USD" else draw(prices)) for name in NAMES)
    accepted(store, commands.SetPrices(START_NS, ticks))
    assume(store.get(Table.ACCOUNT, "anna") is not None)
    return store


def second_opinion(store: MemoryStore, key: str = "anna") -> Standing:
    records = {
        (table, name): store.get(table, name) for table in Table for name in store.keys(table)
    }
    return standing(records, key, now_s=START_S)


def explained(store: MemoryStore, key: str = "anna", *, at_ns: int = START_NS) -> Explanation:
    draft = Draft(store, at_ns)
    return explain(draft.account(key), draft)


@given(stores())
def test_sums_are_exact(store):
    draft, expected = Draft(store, START_NS), second_opinion(store)
    sums = account_sums(draft.account("anna"), draft)
    scale = EXACT_PER_WAD * WAD
    assert Fraction(sums.collateral, scale) == expected.collateral
    assert Fraction(sums.debt, scale) == expected.debt
    assert Fraction(sums.initial, scale * WAD) == expected.initial
    assert Fraction(sums.liquidation_end, scale * WAD) == expected.end
    assert Fraction(sums.maintenance, scale * WAD) == expected.maintenance
    assert Fraction(sums.weighted_debt, scale * WAD) == expected.weighted_debt
    assert is_unsafe(draft.account("anna"), sums) == expected.is_unsafe(in_liquidation=False)


@given(stores())
def test_an_explanation_rounds_against_the_account(store):
    told, expected = explained(store), second_opinion(store)
    for wad, exact in (
        (told.collateral_wad, expected.collateral),
        (told.weighted_collateral_wad, expected.maintenance),
        (told.equity_wad, expected.equity),
        (told.excess_wad[Level.INITIAL], expected.initial - expected.weighted_debt),
        (told.excess_wad[Level.MAINTENANCE], expected.maintenance - expected.weighted_debt),
    ):
        assert wad <= exact * WAD < wad + 1
    assert told.debt_wad - 1 < expected.debt * WAD <= told.debt_wad
    assert told.weighted_debt_wad - 1 < expected.weighted_debt * WAD <= told.weighted_debt_wad
    levels = [told.excess_wad[level] for level in Level]
    assert levels == sorted(levels)
    assert (told.health_wad is None) == (expected.weighted_debt == 0)
    assert (told.leverage_wad is None) == (expected.equity <= 0)


@given(stores())
def test_a_liquidation_price_is_the_last_safe_price(store):
    for name, price in explained(store).liquidation_price_wad.items():
        long = _slope(store, name) > 0
        safe, beyond = (price, price - 1) if long else (price, price + 1)
        if safe > 0:
            assert not _unsafe_at(store, name, safe)
        if beyond > 0:
            assert _unsafe_at(store, name, beyond)


def _unsafe_at(store: MemoryStore, name: str, price: int) -> bool:
    draft = Draft(store, START_NS)
    state = store.get(Table.PRICE, name)
    draft.put(Table.PRICE, name, record=replace(state, price_wad=price))
    return account_sums(draft.account("anna"), draft).excess_maintenance < 0


def _slope(store: MemoryStore, name: str) -> int:
    excesses = []
    for price in (10**18, 2 * 10**18):
        draft = Draft(store, START_NS)
        draft.put(Table.PRICE, name, record=replace(store.get(Table.PRICE, name), price_wad=price))
        excesses.append(account_sums(draft.account("anna"), draft).excess_maintenance)
    return excesses[1] - excesses[0]


@given(stores())
def test_an_asset_without_a_liquidation_price_cannot_liquidate_alone(store):
    told = explained(store)
    assume(not told.liquidatable)
    held = store.get(Table.ACCOUNT, "anna")
    for name in NAMES:
        if name in {"USD", *told.liquidation_price_wad} or name not in {*held.supply, *held.debt}:
            continue
        assert not _unsafe_at(store, name, 1)
        assert not _unsafe_at(store, name, 10**40)


def test_distance_is_the_fall_that_uses_up_the_excess():
    """ETH 10 x 2,000 x 0.8 = 16,000 against 12,000: a quarter may go."""
    store = opened(RULES, row("anna", "ETH", 10 * 10**18), row("anna", "USD", -12_000 * 10**6))
    told = explained(store)
    assert told.distance_wad == WAD // 4
    assert told.liquidation_price_wad["ETH"] == 1500 * WAD
    assert (told.binding, told.liquidatable) == ("none", False)
    assert told.health_wad == 16_000 * WAD // 12_000
    assert told.leverage_wad == 2_500 * WAD // 1000


def test_distance_counts_no_quote_and_nets_both_sides():
    rows = [row("anna", "ETH", 10**18), row("anna", "ETH", -(10**18)), row("anna", "USD", 10**9)]
    told = explained(opened(RULES, *rows))
    assert told.distance_wad == WAD
    lender = explained(opened(RULES, row("anna", "ETH", 10**18)))
    assert (lender.distance_wad, lender.health_wad) == (WAD, None)


@pytest.mark.parametrize(
    ("debt", "binding"),
    [(7_000, "none"), (15_500, "initial"), (16_500, "maintenance"), (21_000, "bankrupt")],
)
def test_the_binding_level_is_named(debt, binding):
    rows = [row("anna", "ETH", 10 * 10**18), row("anna", "USD", -debt * 10**6)]
    assert explained(opened(RULES, *rows)).binding == binding


def test_an_account_in_liquidation_is_bound_to_the_liquidation_end():
    rules = venue_rules(usd(), replace(eth(), liquidation_end_wad=78 * PERCENT))
    store = opened(rules, row("anna", "ETH", 10**18), row("anna", "USD", -1570 * 10**6))
    account = replace(store.get(Table.ACCOUNT, "anna"), in_liquidation=True)
    draft = Draft(store, START_NS)
    told = explain(account, draft)
    assert (told.binding, told.liquidatable) == ("liquidation_end", True)


@given(
    st.integers(1, 10**20),
    st.integers(1, 10**10),
    st.integers(1, 10**5),
    st.sampled_from((0, 1, 86_400, 10**7)),
)
def test_withdrawable_and_borrowable_are_the_most_that_is_accepted(ether, cents, debt, seconds):
    """Also where interest has moved the indices, so that shares round."""
    rules = venue_rules(*(with_rates(each) for each in RULES.assets.values()))
    lent = [row("bela", "USD", -(10**12)), row("bela", "ETH", -(10**20))]
    owned = [row("anna", "ETH", ether), row("anna", "CENT", cents), row("anna", "USD", -debt)]
    store, now = opened(rules, *owned, *lent, row("bela", "CENT", -(10**10))), at(seconds)
    told = explained(store, at_ns=now)
    assume(told.excess_wad[Level.INITIAL] >= 0)
    ends = {Reason.INITIAL_MARGIN, Reason.INSUFFICIENT_CASH, Reason.INSUFFICIENT_BALANCE}
    for name, most in told.withdrawable.items():
        if most:
            assert _tried(store, commands.Withdraw(now, "anna", name, most)) is None
        assert _tried(store, commands.Withdraw(now, "anna", name, most + 1)) in ends
    for name, most in told.borrowable.items():
        assert _tried(store, commands.Borrow(now, "anna", name, most)) is None
        assert _tried(store, commands.Borrow(now, "anna", name, most + 1)) in ends


def _tried(store: MemoryStore, command) -> Reason | None:
    return getattr(step(store, command), "reason", None)


def test_a_dry_run_names_who_a_rule_would_catch():
    rows = [row("anna", "ETH", 10**18), row("anna", "USD", -1500 * 10**6)]
    rows += [row("bela", "ETH", 10**18), row("bela", "USD", -1300 * 10**6)]
    rows += [row("cora", "ETH", 10**18), row("cora", "USD", -1900 * 10**6)]
    store = opened(RULES, *rows)
    lower = {"liquidation_threshold_wad": 70 * PERCENT, "max_ltv_wad": 70 * PERCENT}
    rules = replace(RULES, assets={**RULES.assets, "ETH": replace(HEAVY, **lower)})
    found = newly_unsafe(store, rules, accounts=["anna", "bela", "cora"], now_ns=START_NS)
    assert found == [("anna", 100 * WAD)]
    assert store.get(Table.RULES, "") == RulesState(RULES)


def test_an_account_without_a_price_is_not_valued():
    rules = venue_rules(usd(), replace(eth(), price_wad=None))
    store = opened(rules, row("anna", "ETH", 10**18), row("anna", "USD", -(10**6)))
    asked = commands.Liquidate(at(0), "anna", "USD", "ETH", "keeper")
    assert refused(store, asked) is Reason.PRICE_MISSING
    accepted(store, commands.SetPrices(at(1), (("ETH", 2000 * WAD),)))
    assert refused(store, replace(asked, at_ns=at(1))) is Reason.HEALTHY


def test_a_debtor_cannot_hide_behind_collateral_without_a_price():
    rules = venue_rules(usd(), eth(), replace(CENT, price_wad=None))
    store = opened(rules, row("anna", "ETH", 10**18), row("anna", "USD", -(10**6)))
    assert refused(store, commands.Deposit(at(0), "anna", "CENT", 1)) is Reason.PRICE_MISSING
    accepted(store, commands.Deposit(at(0), "bela", "CENT", 1))
