"""Positions explain themselves: prices at which an account is safe and a wad further is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.markets import (
    ETHER,
    PERP,
    cash,
    contracts,
    draft_of,
    equity,
    held,
    inverse,
    moved_to,
    opened,
    perp,
    rules_with,
    sums_at,
    tick,
    told,
)
from trimtab.engine import explain
from trimtab.engine.boundary import excess_with
from trimtab.model import Funding, Level, Tier
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

TIERS = (Tier(0, 10 * PERCENT, 5 * PERCENT), Tier(15_000 * WAD, 20 * PERCENT, 10 * PERCENT))


def excess_at(store, key: str, price_wad: int) -> int:
    """Maintenance excess if the price of ETH were another."""
    draft = draft_of(store)
    now = draft.price_wad("ETH")
    return excess_with(draft.account(key), draft, share={"ETH": (price_wad, now)})


def edge(store, key: str) -> tuple[int, str]:
    found = told(store, key)
    return found.liquidation_price_wad["ETH"], found.liquidation_side["ETH"]


def assert_edge(store, key: str) -> None:
    """Safe at the price, and unsafe one wad beyond it."""
    price, side = edge(store, key)
    beyond = price + (1 if side == "above" else -1)
    assert excess_at(store, key, price) >= 0 > excess_at(store, key, beyond)


def test_a_long_by_hand():
    """1,000 + 5 (p - 2,000) = 5 % of 5 p: p = 9,000 / 4.75."""
    store = opened(rules_with(), cash("a", 1000), held("a", 5))
    price, side = edge(store, "a")
    assert (price, side) == (-(-9000 * WAD * 100 // 475), "below")
    (position,) = told(store, "a").positions
    assert position.liquidation_price_wad == price
    assert position.bankruptcy_price_wad == 1800 * WAD
    assert (position.initial_wad, position.maintenance_wad) == (1000 * WAD, 500 * WAD)
    assert_edge(store, "a")


def test_a_short_by_hand():
    """1,000 - 5 (p - 2,000) = 5 % of 5 p: p = 11,000 / 5.25."""
    store = opened(rules_with(), cash("a", 1000), held("a", -5))
    price, side = edge(store, "a")
    assert (price, side) == (11_000 * WAD * 100 // 525, "above")
    assert told(store, "a").positions[0].bankruptcy_price_wad == 2200 * WAD
    assert_edge(store, "a")


def test_an_inverse_long_by_hand():
    """1.2 ETH of margin on 20,000 dollars at 2,000: (1.2 + 10) p - 20,000 = 2,000 (and LT 0.8)."""
    ether = replace(cash("a", 0), instrument="ETH", quantity=12 * ETHER // 10)
    store = opened(
        rules_with(inverse(maintenance_margin_wad=PERCENT)), ether, contracts("a", 20_000)
    )
    price, side = edge(store, "a")
    assert side == "below"
    # 0.96 p + 10 p - 20,000 = 200.
    assert price / WAD == pytest.approx(20_200 / 10.96)
    assert_edge(store, "a")


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(-900, 900).filter(bool),
    margin=st.integers(1, 3000),
    entry=st.integers(1500, 2500),
    coins=st.integers(0, 3),
    form=st.sampled_from(("flat", "tiers", "size", "gains")),
)
def test_the_edge_is_safe_and_a_wad_beyond_it_is_not(size, margin, entry, coins, form):
    market = {
        "flat": perp(),
        "tiers": perp(tiers=TIERS),
        "size": perp(size_factor_wad=2 * PERCENT),
        "gains": perp(gain_weight_wad=40 * PERCENT),
    }[form]
    rows = [cash("a", margin), held("a", size / 100, entry=entry)]
    if coins:
        rows.append(replace(cash("a", 0), instrument="ETH", quantity=coins * ETHER))
    store = opened(rules_with(market), *rows)
    if "ETH" in told(store, "a").liquidation_price_wad:
        assert_edge(store, "a")
    else:
        for price in (1, 500 * WAD, 2000 * WAD, 10**5 * WAD):
            assert excess_at(store, "a", price) >= 0 or sums_at(store, "a").excess_maintenance < 0


@settings(max_examples=40, deadline=None)
@given(size=st.integers(-900, 900).filter(bool), margin=st.integers(100, 3000))
def test_at_the_bankruptcy_price_nothing_is_left(size, margin):
    store = opened(rules_with(), cash("a", margin), held("a", size / 100))
    found = told(store, "a").positions[0].bankruptcy_price_wad
    if found is None:
        assert size > 0
        assert margin >= 2000 * size / 100
        return
    assert equity(moved_to(store, found / WAD), "a") == pytest.approx(0, abs=1e-3)


def test_the_share_of_a_cross_account_goes_by_requirement():
    """Equity 1,000: of requirements 500 and 250 the first owns two thirds, 666.67 on 5 ETH."""
    other = replace(perp(), name="ETH-TWO")
    rules = rules_with()
    rules = replace(rules, markets={**rules.markets, "ETH-TWO": other})
    second = replace(held("a", -2.5), instrument="ETH-TWO")
    store = opened(rules, cash("a", 1000), held("a", 5), second)
    found = {p.market: p.bankruptcy_price_wad / WAD for p in told(store, "a").positions}
    assert found == {
        PERP: pytest.approx(2000 - 2000 / 3 / 5),
        "ETH-TWO": pytest.approx(2000 + 1000 / 3 / 2.5),
    }


def test_entry_prices_hold_the_funding_that_was_paid():
    store = opened(rules_with(perp(funding=Funding.PREMIUM)), cash("a", 2000), held("a", 2))
    assert told(store, "a").positions[0].entry_price_wad == 2000 * WAD
    tick(store, 2000, mark=2020)
    tick(store, 2000, seconds=28_800, mark=2000)
    assert told(store, "a").positions[0].entry_price_wad == 2020 * WAD


@pytest.mark.parametrize(("dollars", "entry"), [(20_000, 2000), (-20_000, 2500)])
def test_entry_prices_of_inverse_contracts(dollars, entry):
    store = opened(rules_with(inverse()), cash("a", 9000), contracts("a", dollars, entry=entry))
    found = told(store, "a").positions[0].entry_price_wad
    assert found / WAD == pytest.approx(entry)


def test_the_answer_adds_up():
    store = opened(rules_with(), cash("a", 1000), held("a", 5, entry=1900))
    found = told(store, "a")
    assert found.unrealized_pnl_wad == 500 * WAD
    assert found.equity_wad == 1500 * WAD
    assert found.notional_wad == 10_000 * WAD
    assert found.requirement_wad == 500 * WAD
    assert found.leverage_wad == 10_000 * WAD // 1500
    assert found.excess_wad == {
        Level.INITIAL: 0,
        Level.LIQUIDATION_END: 1000 * WAD,
        Level.MAINTENANCE: 1000 * WAD,
    }
    assert found.health_wad == 3 * WAD


def test_distances_in_both_directions():
    """Long 5 and 1,000: down by 1 - 9,000 / 4.75 / 2,000; a rise never hurts."""
    store = opened(rules_with(), cash("a", 1000), held("a", 5))
    found = told(store, "a")
    assert found.distance_wad / WAD == pytest.approx(1 - 9000 / 4.75 / 2000)
    assert found.distance_up_wad is None
    store = opened(rules_with(), cash("a", 1000), held("a", -5))
    found = told(store, "a")
    assert found.distance_wad == WAD
    assert found.distance_up_wad / WAD == pytest.approx(11_000 / 5.25 / 2000 - 1)


def test_an_unsafe_account_has_no_distance_and_the_price_that_would_save_it():
    store = opened(rules_with(), cash("a", 400), held("a", 5))
    found = told(store, "a")
    assert found.liquidatable
    assert found.binding == "maintenance"
    assert found.distance_wad == 0
    price, side = edge(store, "a")
    assert side == "below"
    assert price > 2000 * WAD
    assert excess_at(store, "a", price) >= 0 > excess_at(store, "a", price - 1)


def test_a_flat_account_with_a_claim_has_neither_price():
    store = opened(rules_with(), cash("a", 1000), held("a", 5))
    draft = draft_of(store)
    account = draft.account("a")
    claim = replace(account.positions[PERP], size=0, cost=-(10**54), index=0)
    draft.put_account(replace(account, positions={PERP: claim}))
    (found,) = explain(draft.account("a"), draft).positions
    assert (found.size, found.entry_price_wad, found.pnl_wad) == (0, 0, WAD)
    assert found.liquidation_price_wad is None
    assert found.bankruptcy_price_wad is None
