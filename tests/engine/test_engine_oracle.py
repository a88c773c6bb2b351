"""Prices: what is accepted, and the cap on the growth of an exchange rate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.venues import (
    YEAR_S,
    accepted,
    asset,
    at,
    eth,
    opened,
    refused,
    row,
    usd,
    venue_rules,
)
from trimtab.engine import Draft
from trimtab.model import EventKind, Reason, Table
from trimtab.model.commands import Liquidate, SetExchangeRate, SetPrices
from trimtab.model.settings import PERCENT
from trimtab.units import UINT256_MAX, WAD

ETHER = 10**18
STAKED = replace(
    asset("STETH", 18, ltv=70, threshold=75),
    underlying="ETH",
    max_rate_growth_wad=10 * PERCENT,
    exchange_rate_wad=WAD,
)
WRAPPED = replace(STAKED, name="WSTETH", underlying="STETH", exchange_rate_wad=2 * WAD)
RULES = venue_rules(usd(), eth(), STAKED, WRAPPED)


def price_of(store, name: str, *, second: int = 0) -> int:
    return Draft(store, at(second)).price_wad(name)


@pytest.mark.parametrize("price", [0, -1, UINT256_MAX + 1])
def test_an_impossible_price_refuses_the_whole_tick(price):
    store = opened(RULES)
    before = store.state_hash()
    tick = SetPrices(at(1), (("USD", WAD), ("ETH", price)))
    assert refused(store, tick) is Reason.PRICE_INVALID
    assert store.state_hash() == before


def test_a_tick_for_an_unknown_or_a_derived_price_is_refused():
    store = opened(RULES)
    assert refused(store, SetPrices(at(0), (("NONE", 1),))) is Reason.UNKNOWN_ASSET
    assert refused(store, SetPrices(at(0), (("STETH", 1),))) is Reason.PRICE_INVALID
    assert refused(store, SetExchangeRate(at(0), "ETH", WAD)) is Reason.PRICE_INVALID


def test_a_tick_keeps_its_time():
    store = opened(RULES)
    accepted(store, SetPrices(at(7), (("ETH", 5 * WAD),)))
    state = store.get(Table.PRICE, "ETH")
    assert (state.price_wad, state.at_ns) == (5 * WAD, at(7))


def test_a_yield_bearing_price_follows_its_underlying_through_every_layer():
    store = opened(RULES)
    accepted(store, SetExchangeRate(at(YEAR_S), "STETH", WAD * 105 // 100))
    assert price_of(store, "STETH") == 2100 * WAD
    assert price_of(store, "WSTETH") == 4200 * WAD
    accepted(store, SetPrices(at(YEAR_S), (("ETH", 1000 * WAD),)))
    assert price_of(store, "WSTETH") == 2100 * WAD


@given(st.integers(0, 3 * YEAR_S), st.integers(1, 2 * WAD))
def test_a_rate_grows_no_faster_than_its_cap(seconds, rate):
    store = opened(RULES)
    outcome = accepted(store, SetExchangeRate(at(seconds), "STETH", rate))
    cap = WAD + WAD * (10 * PERCENT * seconds // YEAR_S) // WAD
    assert store.get(Table.PRICE, "STETH").rate_wad == min(rate, cap)
    capped = EventKind.RATE_CAPPED in [event.kind for event in outcome.events]
    assert capped == (rate > cap)


def test_a_fall_of_the_rate_is_accepted_and_the_cap_runs_on_from_it():
    store = opened(RULES)
    accepted(store, SetExchangeRate(at(1), "STETH", WAD // 2))
    accepted(store, SetExchangeRate(at(1 + YEAR_S), "STETH", WAD))
    assert store.get(Table.PRICE, "STETH").rate_wad == WAD * 55 // 100


def test_a_jump_of_the_rate_creates_no_borrowing_power():
    store = opened(RULES, row("anna", "STETH", ETHER))
    accepted(store, SetExchangeRate(at(0), "STETH", 100 * WAD))
    assert price_of(store, "STETH") == 2000 * WAD


def test_a_price_that_rounds_to_nothing_values_nobody():
    rows = [row("anna", "STETH", ETHER), row("anna", "USD", -(10**6))]
    store = opened(RULES, *rows)
    accepted(store, SetPrices(at(0), (("ETH", 1),)))
    accepted(store, SetExchangeRate(at(0), "STETH", WAD // 2))
    asked = Liquidate(at(0), "anna", "USD", "STETH", "keeper")
    assert refused(store, asked) is Reason.PRICE_INVALID
