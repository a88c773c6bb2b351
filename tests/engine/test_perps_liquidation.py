"""A position is closed to the level, at a fair price; no fee bankrupts anybody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    cash,
    draft_of,
    equity,
    funds,
    held,
    opened,
    perp,
    position,
    rules_with,
    sums_at,
    tick,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine import position_offer, step
from trimtab.model import (
    AdlPolicy,
    DeleveragingRules,
    EventKind,
    Payer,
    PositionLiquidationRules,
    PositionSizing,
    Reason,
    Rejected,
    Tier,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD


def close(key: str = "a", *, taker: str = POOL, seconds: int = 0, size=None, price=None):
    return commands.LiquidatePosition(at(seconds), key, PERP, taker, size, price)


def venue(market=None, *, margin: float = 1000, size: float = 5, **sections):
    """a is long on so much margin; b is rich and flat."""
    sections = {**funds(insurance=10_000), **sections}
    rules = rules_with(market, **sections)
    return opened(rules, cash("a", margin), held("a", size), cash("b", 10**6))


def sized(kind: PositionSizing, **settings) -> dict[str, PositionLiquidationRules]:
    return {"position_liquidation": PositionLiquidationRules(sizing=kind, **settings)}


def test_a_safe_account_is_left_alone_at_the_very_edge():
    """1,000 on 5 ETH at 2,000: safe at an excess of zero, which lies at 1,894.74 or so."""
    store = venue(perp(maintenance_margin_wad=10 * PERCENT))
    assert sums_at(store, "a").excess_maintenance == 0
    assert refused(store, close()) is Reason.HEALTHY
    tick(store, 1999.999999)
    accepted(store, close())


def test_one_close_by_shortage_reaches_the_end_level():
    store = venue(perp(liquidation_end_margin_wad=6 * PERCENT, liquidator_fee_wad=PERCENT))
    tick(store, 1880)
    accepted(store, close())
    sums = sums_at(store, "a")
    assert 0 <= sums.excess_liquidation_end < 2 * 10**72 // 10**6
    assert not draft_of(store).account("a").in_liquidation


@settings(max_examples=60)
@given(
    size=st.integers(1, 4000),
    fall=st.integers(60, 97),
    fee=st.integers(0, 150),
    insurance=st.integers(0, 150),
    end=st.integers(500, 900),
    side=st.sampled_from((1, -1)),
)
def test_a_close_by_shortage_reaches_the_end_level_or_closes_all(
    size, fall, fee, insurance, end, side
):
    """Rates in basis points; the account starts with a tenth of its notional."""
    bps = 10**14
    market = perp(
        liquidation_end_margin_wad=end * bps,
        liquidator_fee_wad=fee * bps,
        insurance_fee_wad=insurance * bps,
    )
    ethers = size / 100
    rules = rules_with(market, **funds(insurance=10**6))
    store = opened(rules, cash("a", 200 * ethers), held("a", side * ethers))
    tick(store, 2000 * (1 - side * fall / 1000))
    if sums_at(store, "a").excess_maintenance >= 0:
        assert refused(store, close()) is Reason.HEALTHY
        return
    accepted(store, close())
    sums = sums_at(store, "a")
    # Native units of the quote that the roundings of one close may take.
    slack = 5 * 10**72 // DOLLAR
    assert sums.excess_liquidation_end >= -slack or position(store, "a").size == 0
    assert sums.equity >= -slack


def test_a_close_across_tiers_gets_there_in_a_few_steps():
    tiers = (Tier(0, 10 * PERCENT, 5 * PERCENT), Tier(4000 * WAD, 20 * PERCENT, 10 * PERCENT))
    store = venue(perp(tiers=tiers))
    tick(store, 1920)
    steps = 0
    while sums_at(store, "a").excess_liquidation_end < 0:
        accepted(store, close())
        steps += 1
    assert steps <= 3
    assert position(store, "a").size > 0


def test_the_price_is_the_mark_less_the_fee_for_longs_and_more_for_shorts():
    rules = rules_with(perp(liquidator_fee_wad=PERCENT), **funds(insurance=10**5))
    store = opened(rules, cash("a", 1000), held("a", 5), cash("s", 1000), held("s", -5))
    tick(store, 1850)
    assert position_offer(draft_of(store), "a", market=PERP).price_wad == 1831_500 * 10**15
    tick(store, 2160)
    assert position_offer(draft_of(store), "s", market=PERP).price_wad == 2181_600 * 10**15


def test_a_taker_s_price_may_go_as_far_as_the_fillable_price():
    """At an equity of 250 of 462.5 required the order may cross by 1.5 x 45.9 % x 5 %."""
    rules = PositionLiquidationRules(fillable_spread_wad=150 * PERCENT)
    store = venue(perp(liquidator_fee_wad=PERCENT), position_liquidation=rules)
    tick(store, 1850)
    worst = 1850 * WAD - 1850 * WAD * 75 * (46250 - 25000) // 46250 // 1000
    beyond = close(taker="b", price=worst - 10**9)
    assert refused(store, beyond) is Reason.PRICE_BEYOND_LIMIT
    accepted(store, close(taker="b", price=worst + 10**9))


def test_by_default_a_taker_names_no_price_below_the_offer():
    """Else it could be the account's own friend, and the fund would pay."""
    store = venue(perp(liquidator_fee_wad=PERCENT))
    tick(store, 1850)
    offer = 1850 * WAD - 1850 * WAD // 100
    assert refused(store, close(taker="b", price=offer - 1)) is Reason.PRICE_BEYOND_LIMIT
    accepted(store, close(taker="b", price=offer))


def test_no_price_of_a_taker_is_nothing_or_beyond_a_word():
    store = venue()
    tick(store, 1850)
    assert refused(store, close(taker="b", price=0)) is Reason.PRICE_INVALID
    assert refused(store, close(taker="b", price=1 << 256)) is Reason.PRICE_INVALID


@pytest.mark.parametrize("taker", ["@insurance", "@backstop", "@market/ETH-PERP", "@suppliers"])
def test_what_is_the_venue_s_own_takes_no_position(taker):
    store = venue()
    tick(store, 1850)
    assert refused(store, close(taker=taker)) is Reason.UNKNOWN_ACCOUNT


def test_a_taker_stands_at_the_initial_level_afterwards():
    store = opened(rules_with(), cash("a", 1000), held("a", 5), cash("poor", 10))
    tick(store, 1850)
    assert refused(store, close(taker="poor")) is Reason.INITIAL_MARGIN
    assert refused(store, close(taker="nobody")) is Reason.INITIAL_MARGIN
    assert refused(store, close(taker="a")) is Reason.SELF_LIQUIDATION


def test_the_fund_gets_its_fee_of_the_closed_notional():
    store = venue(perp(insurance_fee_wad=PERCENT))
    tick(store, 1880)
    before = equity(store, "@insurance")
    outcome = accepted(store, close())
    (fee,) = (e for e in outcome.events if e.kind is EventKind.FEE)
    (fill,) = (e for e in outcome.events if e.kind is EventKind.LIQUIDATE_POSITION)
    assert -fee.quantity == fill.value * PERCENT // WAD // 10**12
    assert equity(store, "@insurance") - before == pytest.approx(-fee.quantity / DOLLAR)


@settings(max_examples=40)
@given(
    margin=st.integers(1, 400),
    fee=st.integers(0, 500),
    insurance=st.integers(0, 500),
    share=st.integers(1, 100),
)
def test_no_fee_takes_an_equity_below_zero(margin, fee, insurance, share):
    bps = 10**14
    market = perp(liquidator_fee_wad=fee * bps, insurance_fee_wad=insurance * bps)
    store = venue(market, margin=margin, **sized(PositionSizing.WHOLE))
    size = max(1, 5 * ETHER * share // 100)
    outcome = step(store, close(taker="b", size=size))
    if isinstance(outcome, Rejected):
        return
    taken = sum(-e.quantity for e in outcome.events if e.kind is EventKind.FEE)
    store.apply(outcome)
    assert sums_at(store, "a").equity >= 0
    if any(e.kind is EventKind.LOSS for e in outcome.events):
        assert taken == 0


def test_a_loss_is_paid_by_the_fund_and_the_account_ends_at_its_share():
    """Equity -250 when 5 ETH fall to 1,750: the fund pays it all, and the account has nothing."""
    store = venue(**sized(PositionSizing.WHOLE))
    tick(store, 1750)
    outcome = accepted(store, close())
    losses = [(e.payer, e.value // WAD) for e in outcome.events if e.kind is EventKind.LOSS]
    assert losses == [(Payer.INSURANCE, 250)]
    assert equity(store, "a") == 0
    assert not draft_of(store).account("a").positions


def test_without_a_fund_a_loss_waits_for_deleveraging():
    store = venue(**sized(PositionSizing.WHOLE), **funds(insurance=100))
    tick(store, 1750)
    assert refused(store, close()) is Reason.FUND_TOO_SMALL


def test_without_deleveraging_it_reaches_all_others():
    rules = {**sized(PositionSizing.WHOLE), **funds(insurance=100)}
    rules["deleveraging"] = DeleveragingRules(AdlPolicy.NONE)
    store = opened(
        rules_with(**rules), cash("a", 1000), held("a", 5), cash("s", 9000), held("s", -5)
    )
    tick(store, 1750)
    before = equity(store, "s")
    outcome = accepted(store, close(taker=POOL))
    losses = [(e.payer, e.value // WAD) for e in outcome.events if e.kind is EventKind.LOSS]
    assert losses == [(Payer.INSURANCE, 100), (Payer.SOCIALIZED, 150)]
    assert equity(store, "a") == pytest.approx(0, abs=1e-5)
    # Five short units of s and five long ones of the pool share 150 dollars.
    assert before - equity(store, "s") == pytest.approx(75, abs=1e-5)


def test_the_loss_of_a_loan_s_collateral_is_not_the_position_s():
    """A tiny position of a deep-under-water loan: the fund pays its share and no more."""
    rules = rules_with(**sized(PositionSizing.WHOLE), **funds(insurance=10**6))
    book = [
        replace(cash("a", 0), instrument="ETH", quantity=10 * ETHER),
        cash("a", -14_500),
        held("a", 0.1),
        cash("s", 10**6),
    ]
    store = opened(rules, *book)
    tick(store, 1000)
    assert equity(store, "a") == -4600
    outcome = accepted(store, close())
    (loss,) = (e for e in outcome.events if e.kind is EventKind.LOSS)
    # Required: 5 of the position, 20 % of 10,000 of collateral.
    assert loss.value / WAD == pytest.approx(4600 * 5 / 2005, abs=0.001)
