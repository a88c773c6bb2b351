"""The twin of Aave v3.0 against the bytecode of the v3.0 market."""

from __future__ import annotations

from random import Random

import pytest

from tests.oracle.aave_calls import take
from tests.oracle.aave_market import LISTINGS, Market, deploy
from tests.oracle.aave_mirror import Mirror
from tests.oracle.aave_scenarios import (
    change_risks,
    draw_call,
    moved_prices,
    open_account,
    open_exact_account,
)
from tests.oracle.chain import Chain, account
from tests.oracle.tally import Tally
from trimtab.protocols.aave import Call

pytestmark = pytest.mark.oracle

ACCOUNTS = 4_000
EXACT_ACCOUNTS = 500
CALLS_MAX = 3
EDGES = (
    "health of exactly one",
    "health one digit below one",
    "health of exactly 0.95",
    "health one digit above 0.95",
    "whole collateral seized",
    "left without collateral in debt",
    "at most three units repaid",
    "fees cut to what was left",
    "in a category",
)
YEAR = 365 * 86_400


@pytest.fixture(scope="module")
def market() -> Market:
    return deploy(Chain())


def test_liquidations_equal_those_of_the_bytecode(market: Market, tally: Tally) -> None:
    tally.begin("aave v3.0", first=("positions", "liquidations", "liquidations refused"))
    for number in range(ACCOUNTS + EXACT_ACCOUNTS):
        saved = market.chain.save()
        play(market, tally, number=number)
        market.chain.restore(saved)
        tally.counts["positions"] += 1
    tally.demand("positions", 2_000)
    tally.demand("liquidations", 2_000)
    tally.demand("borrows", 2_000)
    for edge in EDGES:
        tally.demand(edge, 10)


def play(market: Market, tally: Tally, *, number: int) -> None:
    """One account, and liquidations of it at a few prices."""
    rng = Random(f"aave {number}")
    user = account(1_000 + number)
    mirror = Mirror(market, user, tally, where=f"account {number}")
    for listing in LISTINGS:
        market.equip(user, listing.name)
    if number < ACCOUNTS:
        open_account(mirror, rng)
        mirror.wait(rng.choice((0, 0, 1, rng.randrange(86_400), rng.randrange(2 * YEAR))))
        if rng.random() < 0.2:
            change_risks(mirror, rng)
    else:
        open_exact_account(mirror, rng)
    for prices in [mirror.prices] if number >= ACCOUNTS else moved_prices(mirror, rng):
        saved, before = market.chain.save(), mirror.copy()
        mirror.set_prices(prices)
        mirror.check_health()
        liquidate_a_few_times(mirror, rng)
        market.chain.restore(saved)
        mirror = before


def liquidate_a_few_times(mirror: Mirror, rng: Random) -> None:
    for turn in range(CALLS_MAX):
        call = draw_call(mirror, rng)
        pause_at_times(mirror, rng, call=call)
        taken = take(mirror, call)
        if not mirror.health().liquidatable:
            return
        if taken and turn + 1 < CALLS_MAX:
            mirror.wait(rng.choice((0, 12, rng.randrange(86_400))))


def pause_at_times(mirror: Mirror, rng: Random, *, call: Call) -> None:
    if rng.random() > 0.01:
        return
    name = rng.choice((call.collateral, call.debt))
    if name in mirror.listings:
        market = mirror.market
        what = "setReservePause(address,bool)"
        market.admin(market.configurator, what, market.tokens[name].asset, True)
        mirror.paused.add(name)
