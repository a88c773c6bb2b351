"""dYdX v4: margin by open interest, bankruptcy and fillable price, insurance, deleveraging."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import dydx, dydx_funding, dydx_liquidation
from trimtab.protocols.dydx import LiquidityTier, Market, Position, Risk
from trimtab.protocols.dydx_liquidation import Account, BlockLimits, FillablePrice
from trimtab.units import WAD

TIER = LiquidityTier(200_000, maintenance_fraction_ppm=500_000)
BTC = Market(TIER, 50_000, atomic_resolution=-8)
ETH = Market(TIER, 3_000, atomic_resolution=-9)
USDC = 10**6
SCALED = LiquidityTier(
    50_000,
    maintenance_fraction_ppm=600_000,
    open_interest_lower=20_000_000 * USDC,
    open_interest_upper=50_000_000 * USDC,
)
sizes = st.integers(-(10**10), 10**10)
interests = st.integers(0, 60_000_000 * USDC)


def account(usdc, **held):
    markets = {"BTC": BTC, "ETH": ETH}
    return Account(usdc * USDC, {name: Position(markets[name], n) for name, n in held.items()})


def test_the_fraction_between_the_caps():
    assert dydx.initial_ppm(SCALED, 20_000_000 * USDC) == 50_000
    assert dydx.initial_ppm(SCALED, 35_000_000 * USDC) == 525_000
    assert dydx.initial_ppm(SCALED, 50_000_000 * USDC) == 10**6
    assert dydx.initial_ppm(TIER, 10**30) == 200_000


@given(interests, interests)
def test_more_open_interest_never_asks_for_less(one, other):
    low, high = sorted((one, other))
    assert 50_000 <= dydx.initial_ppm(SCALED, low) <= dydx.initial_ppm(SCALED, high) <= 10**6


@given(interests)
def test_the_fraction_is_continuous(interest):
    step = dydx.initial_ppm(SCALED, interest + USDC) - dydx.initial_ppm(SCALED, interest)
    assert 0 <= step <= 1


def test_open_interest_moves_the_initial_margin_alone():
    calm = Market(SCALED, 50_000, atomic_resolution=-8)
    crowded = Market(SCALED, 50_000, atomic_resolution=-8, open_interest=1000 * 10**8)
    before, after = (dydx.position_risk(Position(market, 10**8)) for market in (calm, crowded))
    assert after.initial == 50_000 * USDC > before.initial == 2_500 * USDC
    assert after.maintenance == before.maintenance == 1_500 * USDC


def test_the_users_own_fraction_only_raises():
    risks = [dydx.position_risk(Position(BTC, 10**8, ppm)) for ppm in (0, 100_000, 400_000)]
    assert [risk.initial for risk in risks] == [10_000 * USDC, 10_000 * USDC, 20_000 * USDC]


@given(sizes)
def test_long_and_short_are_alike_and_requirements_round_up(size):
    up, down = (dydx.position_risk(Position(ETH, n)) for n in (size, -size))
    assert (up.initial, up.maintenance) == (down.initial, down.maintenance)
    assert up.collateral == -down.collateral
    assert up.initial >= Fraction(abs(up.collateral), 5)
    assert up.maintenance >= Fraction(abs(up.collateral), 10)


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_margin_grows_with_size(one, other):
    low, high = sorted((one, other))
    small, large = (dydx.position_risk(Position(ETH, n)) for n in (low, high))
    assert small.initial <= large.initial
    assert small.maintenance <= large.maintenance


def test_an_amount_is_cut_toward_zero():
    tiny = Market(TIER, 1, price_exponent=-9)
    assert (dydx.notional(tiny, 1_999), dydx.notional(tiny, -1_999)) == (1, -1)


def test_equality_is_healthy():
    assert not Risk(100, 200, 100).liquidatable
    assert Risk(99, 200, 100).liquidatable
    assert not Risk(-1, 0, 0).liquidatable
    assert Risk(200, 200, 100).may_open


def test_the_riskier_account():
    assert Risk(50, 0, 100).riskier_than(Risk(60, 0, 100))
    assert Risk(100, 0, 200).riskier_than(Risk(50, 0, 100))
    assert not Risk(50, 0, 100).riskier_than(Risk(50, 0, 100))


def test_the_order_of_positions_does_not_matter():
    held = [Position(BTC, 10**7), Position(ETH, -(10**9)), Position(BTC, 3)]
    assert len({dydx.account_risk(5, order) for order in permutations(held)}) == 1


@given(st.integers(-6_000, 0), st.integers(1, 10**7))
def test_closing_all_at_the_bankruptcy_price_leaves_nothing(usdc, size):
    held = account(usdc, BTC=size)
    price = dydx_liquidation.bankruptcy_price(held, "BTC", delta=-size)
    assert held.quote + price == 0


@given(st.integers(-6_000, 6_000), st.integers(2, 10**7), st.data())
def test_a_part_is_never_cheaper_than_its_share(usdc, size, data):
    held = account(usdc, BTC=size, ETH=-(10**8))
    part = data.draw(st.integers(1, size - 1))
    first = dydx_liquidation.bankruptcy_price(held, "BTC", delta=-part)
    whole = dydx_liquidation.bankruptcy_price(held, "BTC", delta=-size)
    assert abs(first - Fraction(whole * part, size)) <= 2 + abs(held.risk.collateral) // 10**6


def test_what_does_not_reduce_is_a_fault():
    with pytest.raises(AssertionError):
        dydx_liquidation.bankruptcy_price(account(0, BTC=5), "BTC", delta=1)
    with pytest.raises(AssertionError):
        dydx_liquidation.bankruptcy_price(account(0, BTC=5), "BTC", delta=-6)


def test_the_fillable_price_of_both_sides():
    config = FillablePrice()
    long = dydx_liquidation.fillable_price_wad(account(-5_000, BTC=10**7), "BTC", config=config)
    short = dydx_liquidation.fillable_price_wad(account(5_000, BTC=-(10**7)), "BTC", config=config)
    # 500 quote quantums per base quantum, 150 % of a tenth of it through.
    assert (long, short) == (425 * WAD, 575 * WAD)


def test_a_healthy_account_fills_at_the_oracle():
    held = account(0, BTC=10**7)
    price = dydx_liquidation.fillable_price_wad(held, "BTC", config=FillablePrice())
    assert price == 500 * WAD


def test_insurance_pays_what_the_fill_lacks():
    held = account(-5_100, BTC=10**7)
    loss = dydx_liquidation.insurance_delta(
        held, "BTC", delta=-(10**7), fill_quote=5_000 * USDC, fee_ppm_max=15_000
    )
    assert loss == -100 * USDC
    assert dydx_liquidation.fund_covers(100 * USDC, loss)
    assert not dydx_liquidation.fund_covers(100 * USDC - 1, loss)


def test_the_fee_is_never_more_than_was_gained():
    fee = dydx_liquidation.insurance_delta(
        account(-4_990, BTC=10**7),
        "BTC",
        delta=-(10**7),
        fill_quote=4_999 * USDC,
        fee_ppm_max=15_000,
    )
    assert fee == 9 * USDC


def test_a_block_takes_a_tenth_in_whole_steps():
    limits = BlockLimits()
    held = Position(BTC, 10**8)
    assert dydx_liquidation.liquidatable_range(50_000 * USDC, limits) == (
        1_000 * USDC,
        5_000 * USDC,
    )
    assert dydx_liquidation.liquidatable_delta(held, limits, step=10**6) == -(10**7)
    spent = 99_000 * USDC
    assert (
        dydx_liquidation.liquidatable_delta(held, limits, step=10**6, liquidated=spent)
        == -2 * 10**6
    )
    small = Position(BTC, -(10**6))
    assert dydx_liquidation.liquidatable_delta(small, limits, step=10**6) == 10**6


def test_deleveraging_visits_in_order_and_skips():
    sunk = account(54_999, BTC=-(10**8))
    same_side = account(10_000, BTC=-(10**8))
    poor = account(-56_000, BTC=10**8)
    parties = [
        same_side,
        poor,
        account(50_000, BTC=4 * 10**7),
        account(0, BTC=10**9),
    ]
    found = dydx_liquidation.deleverage(sunk, parties, name="BTC")
    assert [offset.index for offset in found.offsets] == [2, 3]
    assert found.size_left == 0
    assert found.account.quote == 0


def test_deleveraging_without_counterparty_leaves_the_rest():
    sunk = account(40_000, BTC=-(10**8))
    # At 40,000 a long that owes 45,000 would be under water.
    weak = account(-45_000, BTC=10**8)
    found = dydx_liquidation.deleverage(sunk, [weak], name="BTC")
    assert found.offsets == ()
    assert found.size_left == -(10**8)


def test_final_settlement_is_at_the_oracle():
    found = dydx_liquidation.deleverage(
        account(60_000, BTC=-(10**8)), [account(0, BTC=10**8)], name="BTC", settles=True
    )
    assert found.counterparties[0].quote == 50_000 * USDC
    assert found.account.quote == 10_000 * USDC


@given(st.integers(40_000, 54_999), st.lists(st.integers(1, 10**8), max_size=4))
def test_deleveraging_neither_makes_nor_loses_money(usdc, held):
    sunk = account(usdc, BTC=-(10**8))
    parties = [account(0, BTC=size) for size in held]
    found = dydx_liquidation.deleverage(sunk, parties, name="BTC")
    before = [sunk, *parties]
    after = [found.account, *found.counterparties]
    assert sum(one.quote for one in before) == sum(one.quote for one in after)
    assert sum(one.positions["BTC"].size for one in before) == sum(
        one.positions["BTC"].size for one in after
    )


def test_orders_sort_by_distance_then_size_then_hash():
    keys = [
        dydx_liquidation.order_key(BTC, price=49_000, size=5, digest="b"),
        dydx_liquidation.order_key(BTC, price=52_000, size=1, digest="c"),
        dydx_liquidation.order_key(BTC, price=49_000, size=5, digest="a"),
        dydx_liquidation.order_key(BTC, price=51_000, size=9, digest="d"),
    ]
    assert [key[2] for key in sorted(keys)] == ["c", "d", "a", "b"]


def test_funding_is_clamped_and_symmetric():
    assert dydx_funding.clamp_ppm(TIER, dydx_funding.FUNDING_CLAMP_PPM) == 600_000
    assert dydx_funding.clamped_rate_ppm(-700_000, TIER) == -600_000
    hour = dydx_funding.index_delta(BTC, 800, seconds=3_600)
    # 500 quote quantums * 800 ppm / 8.
    assert hour == 50_000 == -dydx_funding.index_delta(BTC, -800, seconds=3_600)
    assert dydx_funding.settlement([(10**8, hour)]) == -5 * USDC
    assert dydx_funding.settlement([(1, 1)]) == -1
