"""Aave v3: health factor, averages and the borrow check, version by version."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.protocols import aave
from trimtab.protocols.aave import V3_0, V3_4, V3_5, V3_6, V3_7, AaveRefusal, Holding, Refused
from trimtab.protocols.aave_health import NO_DEBT_HEALTH
from trimtab.protocols.aave_position import is_sound
from trimtab.units import RAY, WAD

ETH = aave.Reserve(18, ltv_bps=8_000, threshold_bps=8_250, bonus_bps=10_500, fee_bps=1_000)
BTC = aave.Reserve(8, ltv_bps=7_000, threshold_bps=7_500, bonus_bps=11_000)
USD = aave.Reserve(6, ltv_bps=7_500, threshold_bps=7_800, bonus_bps=10_450)
PRICES = {"ETH": 2_000 * 10**8, "BTC": 60_000 * 10**8, "USD": 10**8}
versions = st.sampled_from(list(aave.VERSIONS.values()))


def position(eth=0, *, btc=0, owed=0, category=None, **changes):
    """Collateral in ETH and BTC, debt in USD, all in native units at index one."""
    reserves = {"ETH": ETH, "BTC": BTC, "USD": USD, **changes}
    return aave.Position(
        {
            "ETH": Holding(reserves["ETH"], scaled_supply=eth),
            "BTC": Holding(reserves["BTC"], scaled_supply=btc),
            "USD": Holding(reserves["USD"], scaled_debt=owed),
        },
        category=category,
    )


holders = st.builds(
    position,
    st.integers(0, 10**21),
    btc=st.integers(0, 10**10),
    owed=st.integers(0, 10**13),
)


@given(holders, versions)
def test_health_is_the_exact_quotient_but_for_rounding(held, version):
    found = aave.health(held, PRICES, version=version)
    assume(found.debt_value > 10**8)
    weighted = sum(line.collateral_value * line.threshold_bps for line in found.lines.values())
    exact = Fraction(weighted * WAD, 10_000 * found.debt_value)
    # Before 3.5 the average threshold is floored to a basis point, and the product half-up.
    slack = 1 if version.rounds_balances else exact / 7_000 + Fraction(WAD, found.debt_value) + 1
    assert abs(found.health_wad - exact) <= slack


@given(holders, versions)
def test_averages_lie_between_the_weights(held, version):
    found = aave.health(held, PRICES, version=version)
    if found.collateral_value:
        assert 7_500 <= found.threshold_bps <= 8_250
        assert found.ltv_bps <= found.threshold_bps
    assert aave.available_borrows(found, version=version) >= 0


@given(holders, versions, st.integers(1, 10**20))
def test_more_collateral_never_hurts(held, version, more):
    eth = held.holdings["ETH"]
    richer = replace(
        held,
        holdings={**held.holdings, "ETH": replace(eth, scaled_supply=eth.scaled_supply + more)},
    )
    before = aave.health(held, PRICES, version=version)
    after = aave.health(richer, PRICES, version=version)
    if version.rounds_balances:
        assert after.health_wad >= before.health_wad
    assert after.collateral_value >= before.collateral_value


def test_without_debt_health_is_the_largest_word():
    found = aave.health(position(1), PRICES, version=V3_7)
    assert found.health_wad == NO_DEBT_HEALTH
    assert not found.liquidatable


def test_an_empty_account_is_healthy():
    found = aave.health(aave.Position(), {}, version=V3_7)
    assert (found.collateral_value, found.debt_value, found.ltv_bps) == (0, 0, 0)
    assert not found.liquidatable


@pytest.mark.parametrize("version", aave.VERSIONS.values(), ids=aave.VERSIONS)
def test_exactly_one_is_safe_and_one_unit_of_debt_more_is_not(version):
    held = position(10**18, owed=1_650 * 10**6)
    assert aave.health(held, PRICES, version=version).health_wad == WAD
    assert not aave.health(held, PRICES, version=version).liquidatable
    over = position(10**18, owed=1_650 * 10**6 + 1)
    assert aave.health(over, PRICES, version=version).liquidatable


def test_the_older_rule_floors_the_average_threshold_first():
    """Two collaterals, average threshold 7875.00004: the older rule loses the fraction."""
    held = position(10**18, btc=3_333_333, owed=3_000 * 10**6)
    older = aave.health(held, PRICES, version=V3_4)
    newer = aave.health(held, PRICES, version=V3_5)
    assert older.threshold_bps == newer.threshold_bps == 7_875
    assert older.health_wad == 1049999947500000000
    assert newer.health_wad == 1049999950000000000


def test_a_debt_worth_less_than_a_unit_counts_only_from_version_3_5():
    cheap = {**PRICES, "USD": 1}
    held = position(0, owed=1)
    assert aave.health(held, cheap, version=V3_4).debt_value == 0
    assert aave.health(held, cheap, version=V3_4).health_wad == NO_DEBT_HEALTH
    found = aave.health(held, cheap, version=V3_5)
    assert (found.debt_value, found.health_wad) == (1, 0)


def test_collateral_not_flagged_does_not_count():
    held = position(10**18, owed=10**6)
    off = replace(held.holdings["ETH"], as_collateral=False)
    found = aave.health(replace(held, holdings={**held.holdings, "ETH": off}), PRICES, version=V3_7)
    assert found.collateral_value == 0


def test_a_threshold_of_zero_counts_as_collateral_only_from_version_3_6():
    worthless = aave.Reserve(18)
    held = position(10**18, owed=10**6, ETH=worthless)
    assert aave.health(held, PRICES, version=V3_5).collateral_value == 0
    found = aave.health(held, PRICES, version=V3_6)
    assert (found.collateral_value, found.health_wad) == (2_000 * 10**8, 0)
    assert found.has_zero_ltv


@given(st.integers(RAY, 3 * RAY), st.integers(1, 10**15))
def test_indices_raise_debt_and_collateral(index_ray, owed):
    reserve = replace(USD, borrow_index_ray=index_ray)
    found = aave.health(position(owed=owed, USD=reserve), PRICES, version=V3_7)
    exact = Fraction(owed * index_ray, RAY) * 100
    assert exact <= found.debt_value < exact + 100


# Efficiency modes


STABLE = aave.Category(9_300, 9_500, 10_100, frozenset({"ETH"}), borrowable=frozenset({"USD"}))


@pytest.mark.parametrize("version", aave.VERSIONS.values(), ids=aave.VERSIONS)
def test_a_category_replaces_the_weights_of_its_collateral(version):
    found = aave.health(position(10**18, btc=10**8, category=STABLE), PRICES, version=version)
    assert (found.lines["ETH"].ltv_bps, found.lines["ETH"].threshold_bps) == (9_300, 9_500)
    assert (found.lines["BTC"].ltv_bps, found.lines["BTC"].threshold_bps) == (7_000, 7_500)


def test_an_isolated_category_takes_the_right_to_borrow_from_other_collateral():
    lonely = replace(STABLE, isolated=True)
    found = aave.health(position(10**18, btc=10**8, category=lonely), PRICES, version=V3_7)
    assert found.lines["BTC"].ltv_bps == 0
    assert found.lines["BTC"].threshold_bps == 7_500
    assert found.has_zero_ltv


def test_a_zero_ltv_member_keeps_its_threshold():
    frozen = replace(STABLE, zero_ltv=frozenset({"ETH"}))
    found = aave.health(position(10**18, category=frozen), PRICES, version=V3_7)
    assert (found.ltv_bps, found.threshold_bps) == (0, 9_500)


def test_own_zero_ltv_wins_over_the_category_until_version_3_5():
    reserve = replace(ETH, ltv_bps=0)
    held = position(10**18, category=STABLE, ETH=reserve)
    assert aave.health(held, PRICES, version=V3_5).ltv_bps == 0
    assert aave.health(held, PRICES, version=V3_6).ltv_bps == 9_300


def test_a_category_price_is_a_thing_of_version_3_0():
    priced = replace(STABLE, price=3_000 * 10**8)
    held = position(10**18, category=priced)
    assert aave.health(held, PRICES, version=V3_0).collateral_value == 3_000 * 10**8
    assert aave.health(held, PRICES, version=V3_7).collateral_value == 2_000 * 10**8


# Borrowing


def test_borrow_up_to_the_last_unit_and_not_one_more():
    held = position(10**18)
    allowed = aave.borrow(held, PRICES, version=V3_7, asset="USD", amount=1_600 * 10**6)
    assert not isinstance(allowed, Refused)
    assert aave.available_borrows(allowed.health, version=V3_7) == 0
    over = aave.borrow(held, PRICES, version=V3_7, asset="USD", amount=1_600 * 10**6 + 1)
    assert over == Refused(AaveRefusal.COLLATERAL_TOO_SMALL, 2_000 * 10**8, 2_000 * 10**8 + 125)


def test_an_account_at_one_borrows_more_in_no_version():
    held = position(10**18, owed=1_650 * 10**6)
    older = aave.borrow(held, PRICES, version=V3_4, asset="USD", amount=1)
    assert older == Refused(AaveRefusal.UNHEALTHY, WAD, WAD + 1)
    newer = aave.borrow(held, PRICES, version=V3_7, asset="USD", amount=1)
    assert isinstance(newer, Refused)
    assert newer.reason is AaveRefusal.UNHEALTHY


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"active": False}, AaveRefusal.INACTIVE),
        ({"paused": True}, AaveRefusal.PAUSED),
        ({"frozen": True}, AaveRefusal.FROZEN),
        ({"borrowable": False}, AaveRefusal.NOT_BORROWABLE),
    ],
)
def test_a_reserve_that_does_not_lend(changed, reason):
    held = position(10**18, USD=replace(USD, **changed))
    found = aave.borrow(held, PRICES, version=V3_7, asset="USD", amount=10**6)
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_a_category_alone_decides_what_is_lent_from_version_3_6():
    held = position(10**18, category=STABLE, USD=replace(USD, borrowable=False))
    assert isinstance(aave.borrow(held, PRICES, version=V3_5, asset="USD", amount=1), Refused)
    assert not isinstance(aave.borrow(held, PRICES, version=V3_6, asset="USD", amount=1), Refused)
    bitcoin = aave.borrow(held, PRICES, version=V3_6, asset="BTC", amount=1)
    assert isinstance(bitcoin, Refused)
    assert bitcoin.reason is AaveRefusal.NOT_BORROWABLE


@pytest.mark.parametrize("version", [V3_0, V3_7])
def test_nothing_is_borrowed_against_nothing(version):
    found = aave.borrow(position(), PRICES, version=version, asset="USD", amount=1)
    assert isinstance(found, Refused)
    assert found.reason in (AaveRefusal.NO_COLLATERAL, AaveRefusal.ZERO_LTV)
    zero = aave.borrow(position(1), PRICES, version=version, asset="USD", amount=0)
    assert zero == Refused(AaveRefusal.ZERO_AMOUNT, 0, 1)


@given(holders, versions, st.integers(1, 10**12))
def test_an_allowed_borrow_is_not_liquidatable(held, version, amount):
    found = aave.borrow(held, PRICES, version=version, asset="USD", amount=amount)
    if not isinstance(found, Refused):
        assert not found.health.liquidatable
        assert found.position.holdings["USD"].debt(version) >= amount


def test_the_guard_of_the_configurator():
    assert is_sound(8_000, 8_250, bonus_bps=10_500)
    assert not is_sound(8_300, 8_250, bonus_bps=10_500)
    assert not is_sound(8_000, 8_250, bonus_bps=10_000)
    assert not is_sound(9_000, 9_600, bonus_bps=10_500)
    assert is_sound(0, 0, bonus_bps=0)
