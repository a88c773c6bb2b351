"""Aave v3: liquidation, its edges, and what no liquidation may do."""

from dataclasses import replace

import pytest

from trimtab.protocols import aave
from trimtab.protocols.aave import V3_0, V3_3, V3_4, V3_6, V3_7, AaveRefusal, Binding, Refused
from trimtab.protocols.aave_sizing import LEFTOVER_VALUE_MIN
from trimtab.units import RAY, UINT256_MAX

DOLLAR = 10**8
ETH = aave.Reserve(18, ltv_bps=8_000, threshold_bps=8_250, bonus_bps=10_500, fee_bps=1_000)
BTC = aave.Reserve(8, ltv_bps=7_000, threshold_bps=7_500, bonus_bps=11_000)
USD = aave.Reserve(6)
PRICES = {"ETH": 2_000 * DOLLAR, "BTC": 60_000 * DOLLAR, "USD": DOLLAR, "EUR": DOLLAR}
ALL = aave.Call("ETH", "USD", UINT256_MAX)


def position(eth, owed, *, btc=0, euro=0, category=None, eth_reserve=ETH, usd_reserve=USD):
    return aave.Position(
        {
            "ETH": aave.Holding(eth_reserve, scaled_supply=eth),
            "BTC": aave.Holding(BTC, scaled_supply=btc),
            "USD": aave.Holding(usd_reserve, scaled_debt=owed),
            "EUR": aave.Holding(USD, scaled_debt=euro),
        },
        category=category,
    )


def liquidated(held, *, version=V3_7, call=ALL, prices=PRICES):
    found = aave.liquidate(held, prices, version=version, call=call)
    assert isinstance(found, aave.Liquidation), found
    return found


def refused(held, *, version=V3_7, call=ALL, prices=PRICES):
    found = aave.liquidate(held, prices, version=version, call=call)
    assert isinstance(found, Refused), found
    return found


# What decides the size


def test_above_095_and_large_half_of_all_debt_is_the_limit():
    held = position(10 * 10**18, 17_000 * 10**6)
    found = liquidated(held)
    assert found.before.health_wad == 970588235294117647
    assert found.debt_limit == found.seizure.debt_repaid == 8_500 * 10**6
    assert found.seizure.binding is Binding.CLOSE_FACTOR


def test_the_limit_counts_the_debt_of_all_reserves_from_version_3_3():
    held = position(10 * 10**18, 10_000 * 10**6, euro=7_000 * 10**6)
    assert liquidated(held).debt_limit == 8_500 * 10**6
    assert liquidated(held, version=V3_0).debt_limit == 5_000 * 10**6
    smaller = position(10 * 10**18, 8_000 * 10**6, euro=9_000 * 10**6)
    assert liquidated(smaller).debt_limit == 8_000 * 10**6


def test_a_health_of_exactly_095_may_be_closed_whole():
    """16500 weighted over 17368.42...: at 0.95 the whole debt, a hair above it half."""
    held = position(10 * 10**18, 19_000 * 10**6)
    at = {**PRICES, "ETH": 218_787_878_788}
    assert liquidated(held, prices=at).before.health_wad > 95 * 10**16
    assert liquidated(held, prices=at).seizure.debt_repaid == 9_500 * 10**6
    exact = position(19 * 10**18, 33 * 1_000 * 10**6)
    found = liquidated(exact)
    assert found.before.health_wad == 95 * 10**16
    assert found.debt_limit == 33_000 * 10**6


@pytest.mark.parametrize(
    ("eth", "owed", "whole"),
    [
        (10**18, 1_680 * 10**6, True),  # debt below 2000
        (1_212 * 10**15, 2_000 * 10**6 - 1, True),
        (1_250 * 10**15, 2_100 * 10**6, False),  # both above
    ],
)
def test_small_positions_may_be_closed_whole(eth, owed, whole):
    held = position(eth, owed)
    found = aave.liquidate(held, PRICES, version=V3_7, call=ALL)
    limit = found.debt_limit if isinstance(found, aave.Liquidation) else owed // 2
    assert (limit == owed) is whole
    older = liquidated(held, version=V3_0)
    assert older.debt_limit == (owed + 1) // 2


def test_2000_is_where_the_close_factor_begins():
    """Debt of exactly 2000 and collateral above it: half is the limit; one unit less, all."""
    at = aave.liquidate(position(1_200 * 10**15, 2_000 * 10**6), PRICES, version=V3_7, call=ALL)
    below = aave.liquidate(
        position(1_200 * 10**15, 2_000 * 10**6 - 1), PRICES, version=V3_7, call=ALL
    )
    assert isinstance(at, aave.Liquidation)
    assert isinstance(below, aave.Liquidation)
    assert (at.debt_limit, below.debt_limit) == (1_000 * 10**6, 2_000 * 10**6 - 1)


# Dust


def test_a_residue_of_exactly_1000_may_stay_and_one_unit_less_may_not():
    held = position(1_300 * 10**15, 2_200 * 10**6)
    call = replace(ALL, debt_to_cover=1_100 * 10**6)
    found = liquidated(held, call=call)
    assert found.position.holdings["USD"].debt(V3_7) == 1_100 * 10**6
    deeper = position(2 * 10**18, 3_900 * 10**6)
    stays = liquidated(deeper, call=replace(ALL, debt_to_cover=2_800 * 10**6))
    assert stays.position.holdings["USD"].debt(V3_7) == 1_100 * 10**6
    dust = refused(deeper, call=replace(ALL, debt_to_cover=2_900 * 10**6 + 1))
    assert dust.reason is AaveRefusal.DUST
    assert dust.found < dust.needed == LEFTOVER_VALUE_MIN


def test_the_largest_call_itself_may_leave_dust_between_2000_and_4000():
    """Half of 2000 leaves 1000 of debt, but only 990 of collateral: a smaller call will do."""
    held = position(1_600 * 10**15, 2_700 * 10**6)
    assert liquidated(held).seizure.debt_repaid == 1_350 * 10**6
    thin = replace(ETH, threshold_bps=9_400, bonus_bps=10_600)
    held = position(1_025 * 10**15, 2_000 * 10**6, eth_reserve=thin)
    assert refused(held).reason is AaveRefusal.DUST
    assert isinstance(aave.liquidate(held, PRICES, version=V3_0, call=ALL), aave.Liquidation)


# Bad debt


def test_collateral_gone_burns_every_debt_and_books_the_deficit():
    held = position(10**18, 1_950 * 10**6, euro=500 * 10**6)
    found = liquidated(held)
    assert found.seizure.binding is Binding.WHOLE_COLLATERAL
    assert found.seizure.debt_repaid == 1_904_761_905
    assert found.collateral_gone
    assert found.deficit == {"USD": 45_238_095, "EUR": 500 * 10**6}
    assert found.after.debt_value == 0
    assert found.position.holdings["ETH"].scaled_supply == 0


def test_before_version_3_3_the_unpaid_debt_stays():
    held = position(10**18, 1_950 * 10**6, euro=500 * 10**6)
    found = liquidated(held, version=V3_0)
    assert found.deficit == {}
    assert found.position.holdings["EUR"].debt(V3_0) == 500 * 10**6
    assert found.after.health_wad == 0


def test_other_collateral_of_any_worth_keeps_the_debt_alive():
    held = position(10**18, 5_000 * 10**6, btc=1_000)
    found = liquidated(held)
    assert not found.collateral_gone
    assert found.deficit == {}
    assert found.position.holdings["USD"].debt(V3_7) > 0


def test_one_worthless_unit_of_other_collateral_does_not():
    held = position(10**18, 5_000 * 10**6, btc=1)
    prices = {**PRICES, "BTC": 1}
    found = liquidated(held, prices=prices)
    assert found.collateral_gone
    assert found.position.holdings["BTC"].scaled_supply == 1


def test_debt_in_an_inactive_reserve_is_not_burned():
    held = position(10**18, 5_000 * 10**6, euro=10**6)
    sleeping = replace(held.holdings["EUR"], reserve=replace(USD, active=False))
    found = liquidated(replace(held, holdings={**held.holdings, "EUR": sleeping}))
    assert "EUR" not in found.deficit
    assert found.position.holdings["EUR"].scaled_debt == 10**6


# Refusals, in the pool's order


@pytest.mark.parametrize(
    ("held", "call", "reason"),
    [
        (position(10**18, 1_700 * 10**6), replace(ALL, by_borrower=True), "self_liquidation"),
        (position(10**18, 1_650 * 10**6), ALL, "healthy"),
        (position(10**18, 1_700 * 10**6), replace(ALL, collateral="BTC"), "not_collateral"),
        (position(10**18, 1_700 * 10**6), replace(ALL, debt="EUR"), "not_borrowed"),
        (position(48 * 10**16, 800 * 10**6), replace(ALL, debt_to_cover=0), "dust"),
        (position(10**19, 19_000 * 10**6), replace(ALL, debt_to_cover=0), "nothing_burned"),
    ],
)
def test_refusals(held, call, reason):
    assert refused(held, call=call).reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"active": False}, AaveRefusal.INACTIVE),
        ({"paused": True}, AaveRefusal.PAUSED),
        ({"in_grace": True}, AaveRefusal.GRACE_PERIOD),
    ],
)
@pytest.mark.parametrize("side", ["eth_reserve", "usd_reserve"])
def test_either_reserve_may_bar(changes, reason, side):
    reserve = replace(ETH if side == "eth_reserve" else USD, **changes)
    held = position(10**18, 1_700 * 10**6, **{side: reserve})
    assert refused(held).reason is reason


def test_self_liquidation_and_grace_are_no_bar_to_the_oldest():
    held = position(10**18, 1_700 * 10**6, eth_reserve=replace(ETH, in_grace=True))
    liquidated(held, version=V3_0, call=replace(ALL, by_borrower=True))
    assert refused(held, version=V3_3).reason is AaveRefusal.GRACE_PERIOD
    own = replace(ALL, by_borrower=True)
    assert refused(position(10**18, 1_700 * 10**6), version=V3_4, call=own)


def test_the_sentinel_holds_what_is_above_095_until_version_3_6():
    call = replace(ALL, sentinel_holds=True)
    mild, deep = position(10**18, 1_700 * 10**6), position(10**18, 1_900 * 10**6)
    assert refused(mild, version=V3_6, call=call).reason is AaveRefusal.SENTINEL
    liquidated(deep, version=V3_6, call=call)
    liquidated(mild, version=V3_7, call=call)


def test_a_category_sets_the_bonus_and_in_version_3_0_the_price():
    mode = aave.Category(
        9_000, 9_300, 10_200, frozenset({"ETH"}), borrowable=frozenset({"USD"}), price=DOLLAR
    )
    held = position(1_000 * 10**18, 950 * 10**6, category=mode)
    found = liquidated(held, version=V3_0, call=replace(ALL, debt_to_cover=100 * 10**6))
    assert found.seizure.seized == 102 * 10**18
    real = position(10**18, 1_900 * 10**6, category=replace(mode, price=0))
    assert liquidated(real).seizure.seized == 969 * 10**15


def test_supply_tokens_may_be_taken_instead():
    held = position(10**18, 1_700 * 10**6)
    call = replace(ALL, receives_supply=True)
    assert liquidated(held, call=call).position == liquidated(held).position


def test_one_asset_may_stand_on_both_sides():
    both = aave.Holding(ETH, scaled_supply=10**18, scaled_debt=9 * 10**17)
    found = liquidated(aave.Position({"ETH": both}), call=aave.Call("ETH", "ETH", 10**17))
    after = found.position.holdings["ETH"]
    assert after.scaled_debt == 8 * 10**17
    assert after.scaled_supply == 10**18 - 105 * 10**15


def test_the_scaled_sum_of_two_transfers_may_empty_a_reserve():
    """At index two an odd amount takes half a share too many: one unit is left, and no share."""
    reserve = replace(ETH, liquidity_index_ray=2 * RAY, bonus_bps=10_505, fee_bps=5_000)
    held = position(526_826, 1_003, eth_reserve=reserve)
    found = liquidated(held, prices={**PRICES, "ETH": 10**17})
    assert held.holdings["ETH"].supply(V3_7) - found.seizure.seized == 1
    assert found.position.holdings["ETH"].scaled_supply == 0
    assert not found.position.holdings["ETH"].as_collateral
    assert found.collateral_gone
    assert found.deficit == {}
