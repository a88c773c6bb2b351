"""Aave v3: what only the deployed code told, pinned without it.

Each of these was wrong in the twin until its runs against the bytecode of v3.0 differed
(tests/oracle); here stand the smallest examples, by hand.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from trimtab.protocols import aave
from trimtab.protocols.aave import V3_0, V3_4, V3_7, AaveRefusal, Refused
from trimtab.protocols.aave_rates import RateStrategy, rates
from trimtab.protocols.aave_versions import VERSIONS
from trimtab.units import RAY, UINT256_MAX

DOLLAR = 10**8
ETH = aave.Reserve(18, ltv_bps=8_000, threshold_bps=8_250, bonus_bps=10_500, fee_bps=1_000)
USD = aave.Reserve(6)
PRICES = {"ETH": 2_000 * DOLLAR, "USD": DOLLAR}
ALL = aave.Call("ETH", "USD", UINT256_MAX)


def held(eth: int, owed: int, *, pledged: aave.Reserve = ETH, drawn: aave.Reserve = USD):
    return aave.Position(
        {
            "ETH": aave.Holding(pledged, scaled_supply=eth),
            "USD": aave.Holding(drawn, scaled_debt=owed),
        }
    )


def test_suppliers_of_the_oldest_earn_a_mean_that_is_rounded_twice() -> None:
    """Debt 1 of 100 at 7 % up to 45 %: the rate is 1.5555...6e24; the mean over a debt of one
    unit, half-up at product and quotient, is 1.55555600e24, and suppliers earn a hundredth."""
    strategy = RateStrategy(
        base_bps=0, slope1_bps=700, slope2_bps=30_000, kink_bps=4_500, reserve_factor_bps=1_000
    )
    old = rates(strategy, 1, available_liquidity=99, version=V3_0)
    new = rates(strategy, 1, available_liquidity=99, version=V3_7)
    assert old.borrow_rate_ray == new.borrow_rate_ray == 1555555555555555555555556
    assert old.supply_rate_ray == 14000004000000000000000
    assert new.supply_rate_ray == 14000000000000000000000


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
def test_a_burn_of_nothing_is_refused(version: aave.Version) -> None:
    """At an index of four, one unit of debt is no share of it: the debt token burns nothing."""
    position = held(10**19, 4_250 * 10**6, drawn=replace(USD, borrow_index_ray=4 * RAY))
    found = aave.liquidate(position, PRICES, version=version, call=replace(ALL, debt_to_cover=1))
    assert isinstance(found, Refused)
    assert found.reason is AaveRefusal.NOTHING_BURNED


def test_whoever_takes_supply_from_himself_moves_only_the_fee() -> None:
    """In v3.0 one may liquidate oneself; the seized supply goes from the account to itself."""
    position = held(10**18, 1_700 * 10**6)
    own = replace(ALL, by_borrower=True, receives_supply=True)
    found = aave.liquidate(position, PRICES, version=V3_0, call=own)
    assert isinstance(found, aave.Liquidation)
    # Half of 1700 at 2000 with 5 %: 0.44625, of which a tenth of the bonus is the fee.
    assert found.seizure.seized == 446_250_000_000_000_000
    assert found.fee_paid == 2_125_000_000_000_000
    left = found.position.holdings["ETH"].scaled_supply
    assert left == 10**18 - found.fee_paid
    assert found.position.holdings["USD"].scaled_debt == 850 * 10**6
    assert isinstance(aave.liquidate(position, PRICES, version=V3_4, call=own), Refused)


def test_a_fee_takes_no_more_than_is_left() -> None:
    """At an index of two the liquidator's odd part takes a share too many; the fee has the rest."""
    pledged = replace(ETH, liquidity_index_ray=2 * RAY, fee_bps=5_000)
    for supply in range(1_000_001, 1_000_101):
        position = held(supply, 4_000, pledged=pledged)
        prices = {**PRICES, "ETH": 2 * 10**16}
        found = aave.liquidate(position, prices, version=V3_0, call=ALL)
        if isinstance(found, Refused):
            continue
        left = found.position.holdings["ETH"].scaled_supply
        assert left >= 0
        assert found.fee_paid <= found.seizure.fee
        if found.fee_paid < found.seizure.fee:
            assert left == 0
            return
    pytest.fail("no fee was cut")


def test_in_the_oldest_a_categorys_price_is_that_of_a_new_debt_too() -> None:
    """A category at a price of two, a loan-to-value of 90 %: 100 ETH, at two each, carry 90 USD
    at two each and not a unit more; from v3.3 on prices are the assets' own."""
    mode = aave.Category(
        9_000, 9_300, 10_200, frozenset({"ETH"}), borrowable=frozenset({"USD"}), price=2 * DOLLAR
    )
    position = replace(held(100 * 10**18, 0), category=mode)
    most = 90 * 10**6
    found = aave.borrow(position, PRICES, version=V3_0, asset="USD", amount=most)
    assert not isinstance(found, Refused)
    over = aave.borrow(position, PRICES, version=V3_0, asset="USD", amount=most + 1)
    assert isinstance(over, Refused)
    assert over.reason is AaveRefusal.COLLATERAL_TOO_SMALL
    later = aave.borrow(position, PRICES, version=V3_7, asset="USD", amount=180_000 * 10**6)
    assert not isinstance(later, Refused)
