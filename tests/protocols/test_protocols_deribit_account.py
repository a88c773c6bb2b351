"""Deribit's charges beside the matrix: two answers of the venue, by hand, and properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.protocols import deribit, deribit_account
from trimtab.protocols.deribit import BTC, DeribitOption, InverseFuture, LinearFuture
from trimtab.protocols.deribit_account import (
    BTC_CURRENCY,
    ETH_CURRENCY,
    USD_CURRENCY,
    CrossLeg,
    LiquidityRules,
)
from trimtab.units import WAD, parse_decimal

DAY = 86400
INDEX = 50_000 * WAD
LIQUIDITY = LiquidityRules()


def wad(text):
    return parse_decimal(text, 18)


def need(positions, *, index=INDEX, rules=BTC, currency=BTC_CURRENCY, liquidity=LIQUIDITY):
    return deribit_account.requirement(
        positions, index, rules=rules, currency=currency, liquidity=liquidity
    )


futures = st.builds(
    InverseFuture,
    st.integers(-50, 50).map(lambda n: n * WAD // 10),
    st.sampled_from([0, 7 * DAY, 90 * DAY]),
)
options = st.builds(
    DeribitOption,
    amount_wad=st.integers(-50, 50).map(lambda n: n * WAD // 10),
    strike_wad=st.integers(10, 120).map(lambda n: n * 1000 * WAD),
    forward_wad=st.just(INDEX),
    vol_wad=st.integers(20, 150).map(lambda n: n * WAD // 100),
    seconds=st.sampled_from([7 * DAY, 90 * DAY]),
    is_call=st.booleans(),
)


def test_the_documented_answer_for_btc():
    # private/pme/simulate, 2024-06-17: a perpetual and a June future, 10.9 days to expiry.
    held = [InverseFuture(wad("0.314538364")), InverseFuture(-wad("0.001187534"), 11 * DAY)]
    found = need(held, index=wad("65666.19"))
    assert abs(found.worst_wad - wad("0.05968587238095239")) < 100
    assert found.roll_shock_wad == wad("0.00315725898")
    assert found.delta_shock_wad == 0
    assert abs(found.initial_wad - wad("0.06284313098")) < 10**9
    assert abs(found.maintenance_wad - wad("0.050274504784")) < 10**9


def test_a_recorded_answer_for_eth():
    # The same call for a short perpetual, 2026-02-15: range 18 %, roll at least 0.5 %.
    rules = replace(BTC, range_wad=wad("0.18"), vol_up_wad=wad("0.4"))
    found = need([InverseFuture(-wad("0.999487053"))], rules=rules, currency=ETH_CURRENCY)
    assert abs(found.worst_wad - wad("0.15246412672881357")) < 100
    assert found.worst_wad == -found.matrix.standard[24].counted_wad
    assert found.roll_shock_wad == wad("0.004997435265")
    assert abs(found.initial_wad - wad("0.157461562265")) < 10**9
    assert abs(found.maintenance_wad - wad("0.125969249812")) < 10**9
    gain = found.matrix.standard[0].counted_wad
    counted = deribit_account.counted_gain_wad(gain, ETH_CURRENCY, price_wad=wad("1949.34"))
    assert abs(counted - wad("0.13163975819999998")) < 100
    assert deribit_account.counted_gain_wad(gain, BTC_CURRENCY, price_wad=INDEX) == 0
    assert deribit_account.counted_gain_wad(-gain, ETH_CURRENCY, price_wad=INDEX) == -gain


def test_offsetting_futures_pay_the_roll_of_both():
    year = 365 * DAY
    held = [InverseFuture(WAD), InverseFuture(-WAD, year)]
    found = need(held)
    assert found.worst_wad == 0
    # 1 % of the perpetual, 7.5 % a year of the other.
    assert found.roll_shock_wad == wad("0.085")
    netted = need([*held, InverseFuture(WAD, year)])
    assert netted.roll_shock_wad == wad("0.01")


def test_a_linear_future_rolls_in_quote():
    found = need([LinearFuture(2 * WAD, 50_000 * WAD)], currency=USD_CURRENCY)
    assert found.roll_shock_wad == 1000 * WAD
    assert found.initial_wad == 16_000 * WAD + 1000 * WAD


@pytest.mark.parametrize(
    ("coins", "shock"),
    [
        (400, 0),  # 20M at 50,000
        (1400, 50),  # 1000 above, at 1000 * 0.005 %
        (2400, 200),  # 2000 above, at 10 %, where the rate ends
        (5400, 500),
    ],
)
def test_a_large_delta_is_charged_on_its_excess(coins, shock):
    held = [InverseFuture(coins * WAD)]
    assert need(held).delta_shock_wad == shock * WAD
    short = need([InverseFuture(-coins * WAD)])
    assert short.delta_shock_wad == shock * WAD
    linear = need([LinearFuture(coins * WAD, INDEX)])
    assert linear.delta_shock_wad == shock * INDEX


def test_the_delta_of_an_inverse_option_is_net_of_its_price():
    option = DeribitOption(WAD, 50_000 * WAD, INDEX, 60 * WAD // 100, 30 * DAY, True)
    linear = replace(option, is_inverse=False)
    gap = deribit_account.delta_wad(linear) - deribit_account.delta_wad(option)
    worth = deribit.profit_wad(option, deribit.Move(0, 0), rules=BTC)
    assert worth == 0
    assert 65 * WAD // 1000 < gap < 72 * WAD // 1000
    deep = replace(option, strike_wad=WAD)
    assert abs(deribit_account.delta_wad(deep)) < WAD // 10_000


def leg(position, **more):
    values = {"price_wad": WAD, "index_wad": INDEX, "rules": BTC, "currency": USD_CURRENCY}
    values |= {"liquidity": LIQUIDITY, "underlying": "btc"}
    return CrossLeg(positions=(position,), **(values | more))


def test_gains_of_one_currency_pay_losses_of_another_in_part():
    long_quote = leg(LinearFuture(WAD, INDEX))
    short_quote = leg(LinearFuture(-WAD, INDEX))
    both = deribit_account.cross_margin([long_quote, short_quote])
    # 8000 lost either way, of 8000 gained 40 % count.
    assert both.worst_by_group_wad == (("btc", 4800 * WAD),)
    assert both.shocks_wad == 2 * 500 * WAD
    assert both.initial_wad == 5800 * WAD
    assert both.maintenance_wad == 4640 * WAD


def test_underlyings_that_are_not_correlated_are_each_at_their_worst():
    bitcoin = leg(LinearFuture(WAD, INDEX))
    ether = leg(LinearFuture(-10 * WAD, 2000 * WAD), underlying="eth", index_wad=2000 * WAD)
    apart = deribit_account.cross_margin([bitcoin, ether])
    assert dict(apart.worst_by_group_wad) == {"btc": 8000 * WAD, "eth": 3200 * WAD}
    joined = replace(USD_CURRENCY, is_correlated=True)
    together = deribit_account.cross_margin(
        [replace(bitcoin, currency=joined), replace(ether, currency=joined)]
    )
    # Down: 8000 lost, 40 % of 3200 gained.
    assert together.worst_by_group_wad == (("correlated", 6720 * WAD),)


def test_equity_in_coins_is_a_risk_of_its_own_and_stands_after_its_haircut():
    coin = replace(BTC_CURRENCY, haircut_wad=wad("0.1"))
    held = leg(InverseFuture(0), price_wad=INDEX, currency=coin, equity_wad=WAD)
    found = deribit_account.cross_margin([held])
    assert found.initial_wad == 8000 * WAD
    assert found.equity_wad == 45_000 * WAD
    owed = deribit_account.cross_margin([replace(held, equity_wad=-WAD)])
    assert owed.equity_wad == -50_000 * WAD
    assert owed.initial_wad == 8000 * WAD
    hedged = replace(held, positions=(InverseFuture(-WAD),))
    # A coin sold forward at its price loses in coins what the coin gains: nothing in quote.
    worst = dict(deribit_account.cross_margin([hedged]).worst_by_group_wad)["btc"]
    assert worst < INDEX // 10**15


@settings(max_examples=20, deadline=None)
@given(st.lists(futures | options, min_size=1, max_size=3))
def test_a_requirement_is_the_sum_of_its_causes_whatever_the_order(held):
    found = need(held)
    parts = found.worst_wad + found.roll_shock_wad + found.delta_shock_wad
    assert found.initial_wad == parts
    assert found.maintenance_wad == found.initial_wad * 8 // 10
    assert min(found.worst_wad, found.roll_shock_wad, found.delta_shock_wad) >= 0
    assert need(held[::-1]).initial_wad == found.initial_wad
    apart = sum(need([one]).initial_wad for one in held)
    assert found.initial_wad <= apart + 3 * len(held)
