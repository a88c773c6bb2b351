"""Aave v4: the variable bonus, the debt to target, dust, fees and deficit."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.protocols import aave_v4 as v4
from trimtab.protocols.aave_v4 import AaveV4Refusal, Call, Config, Holding, Refused, Reserve
from trimtab.units import UINT256_MAX, WAD

DOLLAR = 10**8
CONFIG = Config(105 * 10**16, 9 * 10**17, bonus_factor_bps=2_000)
ETH = Reserve(10**18, 2_000 * DOLLAR, factor_bps=8_000, max_bonus_bps=11_000, fee_bps=1_000)
BTC = Reserve(10**8, 60_000 * DOLLAR, factor_bps=7_000, max_bonus_bps=11_000)
USD = Reserve(10**6, DOLLAR)
ALL = Call("ETH", "USD", UINT256_MAX)


def position(eth, owed, *, btc=0, euro=0, eth_reserve=ETH, usd_reserve=USD):
    return {
        "ETH": Holding(eth_reserve, supply=eth),
        "BTC": Holding(BTC, supply=btc),
        "USD": Holding(usd_reserve, debt=owed),
        "EUR": Holding(USD, debt=euro),
    }


def liquidated(held, *, call=ALL, config=CONFIG):
    found = v4.liquidate(held, config, call=call)
    assert isinstance(found, v4.V4Liquidation), found
    return found


def refused(held, *, call=ALL):
    found = v4.liquidate(held, CONFIG, call=call)
    assert isinstance(found, Refused), found
    return found.reason


positions = st.builds(
    position, st.integers(1, 10**22), st.integers(1, 10**14), btc=st.sampled_from([0, 10**7])
)
covers = st.integers(1, 10**14) | st.just(UINT256_MAX)


def test_health_rounds_collateral_down_and_debt_up():
    held = position(10**18, 1_600 * 10**6)
    assert v4.health(held).health_wad == WAD
    assert not v4.health(held).liquidatable
    assert v4.health(position(10**18, 1_600 * 10**6 + 1)).liquidatable
    assert v4.health(position(10**18, 0)).health_wad == UINT256_MAX
    cheap = replace(USD, price=1, unit=10**30)
    assert v4.health(position(10**18, 1, usd_reserve=cheap)).debt_value == 1


def test_the_average_factor():
    found = v4.health(position(10**18, 1, btc=10**8))
    assert found.average_factor_wad == (2_000 * 8_000 + 60_000 * 7_000) * WAD // 62_000 // 10_000


def test_the_bonus_grows_from_its_least_to_its_most():
    def bonus(health_wad):
        return v4.liquidation_bonus_bps(CONFIG, health_wad, max_bonus_bps=11_000)

    assert bonus(WAD) == 10_200
    assert bonus(WAD - 1) == 10_200
    assert bonus(95 * 10**16) == 10_600
    assert bonus(9 * 10**17 + 1) == 10_999
    assert bonus(9 * 10**17) == bonus(0) == 11_000


@given(st.integers(0, WAD), st.integers(0, WAD), st.integers(10_000, 20_000))
def test_a_worse_health_never_means_a_smaller_bonus(one, other, most):
    low, high = sorted((one, other))
    worse = v4.liquidation_bonus_bps(CONFIG, low, max_bonus_bps=most)
    better = v4.liquidation_bonus_bps(CONFIG, high, max_bonus_bps=most)
    assert 10_000 <= better <= worse <= most


@given(st.integers(10**20, 10**23), st.integers(9_001, 9_999))
def test_the_debt_to_target_restores_the_target(eth, per_myriad):
    owed = eth * 1_600 * 10_000 // per_myriad // 10**12
    found = liquidated(position(eth, owed))
    assert found.amounts.debt == found.amounts.debt_to_target
    target = CONFIG.target_health_wad
    # Up to a unit of debt more than exact is repaid, and collateral is floored.
    assert target <= found.after.health_wad <= target + WAD // 10**6


@given(positions, covers)
def test_no_liquidation_takes_more_than_there_is(held, cover):
    call = replace(ALL, debt_to_cover=cover)
    found = v4.liquidate(held, CONFIG, call=call)
    assume(isinstance(found, v4.V4Liquidation))
    taken = found.amounts
    assert taken.collateral <= held["ETH"].supply
    assert taken.debt <= min(held["USD"].debt, cover)
    assert taken.to_liquidator <= taken.collateral
    left = found.position
    debt_left, collateral_left = left["USD"].debt, left["ETH"].supply
    worths = USD.collateral_value(debt_left), ETH.collateral_value(collateral_left)
    # Nothing left of one side, or 1000 of both.
    assert 0 in (debt_left, collateral_left) or min(worths) >= 1_000 * 10**26


@given(positions, covers)
def test_the_fee_is_part_of_the_bonus(held, cover):
    found = v4.liquidate(held, CONFIG, call=replace(ALL, debt_to_cover=cover))
    assume(isinstance(found, v4.V4Liquidation))
    taken = found.amounts
    fee = taken.collateral - taken.to_liquidator
    bonus = taken.collateral * (taken.bonus_bps - 10_000)
    assert 0 <= bonus * 1_000 - fee * taken.bonus_bps * 10_000 < taken.bonus_bps * 10_000


def test_debt_dust_raises_the_repayment_to_all():
    found = liquidated(position(75 * 10**16, 1_201 * 10**6))
    assert found.amounts.debt_to_target < 300 * 10**6
    assert found.amounts.debt == 1_201 * 10**6
    assert (
        refused(position(75 * 10**16, 1_201 * 10**6), call=replace(ALL, debt_to_cover=700 * 10**6))
        is AaveV4Refusal.DUST
    )


def test_collateral_dust_takes_the_whole_balance():
    """Large debt elsewhere backed by bitcoin: of the ether less than 1000 would remain."""
    held = position(1_500 * 10**15, 44_900 * 10**6, btc=10**8)
    call = replace(ALL, debt_to_cover=2_000 * 10**6)
    assert refused(held, call=call) is AaveV4Refusal.DUST
    found = liquidated(held)
    assert found.amounts.collateral == 1_500 * 10**15
    assert found.deficit == {}


def test_a_residue_of_exactly_1000_may_stay():
    held = position(10**19, 16_500 * 10**6)
    call = replace(ALL, debt_to_cover=15_500 * 10**6)
    assert liquidated(held, call=call).amounts.debt < 15_500 * 10**6
    wide = replace(CONFIG, target_health_wad=10 * WAD)
    assert liquidated(held, call=call, config=wide).amounts.debt == 15_500 * 10**6
    over = replace(call, debt_to_cover=15_500 * 10**6 + 1)
    assert isinstance(v4.liquidate(held, wide, call=over), Refused)


def test_the_last_collateral_emptied_books_all_debt_as_deficit():
    found = liquidated(position(10**18, 2_500 * 10**6, euro=300 * 10**6))
    assert found.amounts.collateral == 10**18
    assert found.amounts.debt == 1_818_181_819
    assert found.deficit == {"USD": 681_818_181, "EUR": 300 * 10**6}
    assert found.after.debt_value == 0


def test_other_collateral_keeps_the_debt_alive():
    found = liquidated(position(10**18, 5_000 * 10**6, btc=1))
    assert found.deficit == {}
    assert found.position["USD"].debt > 0


@pytest.mark.parametrize(
    ("held", "call", "reason"),
    [
        (position(10**18, 10**9), replace(ALL, by_borrower=True), "self_liquidation"),
        (position(10**18, 10**9), replace(ALL, debt_to_cover=0), "zero_cover"),
        (position(10**18, 10**9, usd_reserve=replace(USD, paused=True)), ALL, "paused"),
        (position(0, 10**9), ALL, "not_supplied"),
        (position(10**18, 0), ALL, "not_borrowed"),
        (position(10**18, 1_600 * 10**6), ALL, "healthy"),
        (position(10**18, 10**9, eth_reserve=replace(ETH, factor_bps=0)), ALL, "not_collateral"),
        (
            position(10**18, 2 * 10**9, eth_reserve=replace(ETH, frozen=True)),
            replace(ALL, receives_shares=True),
            "cannot_receive_shares",
        ),
    ],
)
def test_refusals_in_the_order_of_the_spoke(held, call, reason):
    assert refused(held, call=call) == reason


def test_parameters_that_cannot_be_liquidated_are_no_reserve():
    with pytest.raises(AssertionError):
        replace(ETH, factor_bps=9_091)
    with pytest.raises(AssertionError):
        replace(ETH, max_bonus_bps=9_999)
    with pytest.raises(AssertionError):
        Config(WAD - 1, 0, bonus_factor_bps=0)


def test_a_position_at_its_target_owes_nothing_to_it():
    owed = v4.debt_to_target(
        10**30,
        WAD,
        target_wad=WAD,
        bonus_bps=11_000,
        factor_bps=5_000,
        debt_price=DOLLAR,
        debt_unit=10**6,
    )
    assert owed == 0
