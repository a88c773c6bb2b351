"""Policies asked without a world: thresholds, limits, schedules, and what they suppose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.policies import PlainMarket, observed, unsafe_venue
from tests.simulation.cases import START_NS
from trimtab.agents import (
    Beat,
    Intent,
    KeeperPolicy,
    LastResortPolicy,
    LateOraclePolicy,
    Lot,
    Patience,
    Policy,
    PushPolicy,
    Route,
    Sale,
    best_offer,
    round_trip_cost,
)
from trimtab.agents.attacking import fair_gain, offers
from trimtab.agents.execution import schedule
from trimtab.agents.keeping import due_sales, execution_terms
from trimtab.agents.supposing import at_prices, suppose
from trimtab.engine import account_sums, is_unsafe
from trimtab.model import Rejected, Table
from trimtab.model import commands as c
from trimtab.units import WAD, UsageError, float_of

POLICIES: tuple[Policy, ...] = (
    KeeperPolicy(),
    LastResortPolicy(),
    LateOraclePolicy(WAD),
    PushPolicy("ETH", WAD),
)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_policy_answers_the_same_to_the_same(policy: Policy) -> None:
    assert policy.name.startswith("@"), "no account of a book begins so"
    for beat in policy.beats:
        seen = observed(unsafe_venue(), beat, cash=10_000)
        seen = replace(seen, focus=() if beat is Beat.LOTS else seen.focus)
        assert list(policy.observe(seen)) == list(policy.observe(seen))


def test_supposing_changes_nothing_and_says_what_the_engine_would() -> None:
    draft = unsafe_venue(1_000)
    assert not is_unsafe(draft.account("ann"), account_sums(draft.account("ann"), draft))
    fallen = at_prices(draft, {"ETH": 900 * WAD})
    assert fallen is not None
    assert is_unsafe(fallen.account("ann"), account_sums(fallen.account("ann"), fallen))
    assert draft.price_wad("ETH") == 1_000 * WAD
    paid = suppose(
        fallen,
        c.Repay(START_NS, "ann", "USD", 5_000 * 10**6),
        c.Withdraw(START_NS, "ann", "ETH", 10**18),
    )
    assert paid is not None
    assert paid.account("ann").supply["ETH"] < fallen.account("ann").supply["ETH"]
    assert paid.price_wad("ETH") == 900 * WAD
    assert suppose(fallen, c.Withdraw(START_NS, "ann", "ETH", 10**18)) is None
    assert fallen.get(Table.ACCOUNT, "ann") == draft.get(Table.ACCOUNT, "ann")


def keeper_intents(policy: KeeperPolicy, **seen: Any) -> list[Intent]:
    return list(policy.observe(observed(unsafe_venue(), Beat.OFFERED, **seen)))


def test_a_keeper_acts_from_the_least_profit_on_and_not_below() -> None:
    offer = best_offer(unsafe_venue(), "ann", capital_wad=None)
    assert offer is not None
    gain = float_of(offer.gain_wad, 18)
    whole = int(gain)
    assert keeper_intents(KeeperPolicy(min_profit_wad=(whole - 10) * WAD), gas=9)
    assert not keeper_intents(KeeperPolicy(min_profit_wad=(whole - 10) * WAD), gas=12)
    assert not keeper_intents(KeeperPolicy(min_profit_wad=(whole + 1) * WAD))
    intent = keeper_intents(KeeperPolicy())[0]
    assert intent.commands == (
        c.Liquidate(
            START_NS,
            "ann",
            "USD",
            "ETH",
            "@keeper",
            repay=offer.repay,
            flash_payment=offer.repay,
        ),
    )
    assert (intent.sell_seized, intent.least_wad) == (True, 1)


def test_a_keeper_sees_the_impact_of_its_own_sale() -> None:
    """Two ether and a half for a bonus of a tenth: an impact of a tenth on average eats it."""
    offer = best_offer(unsafe_venue(), "ann", capital_wad=None)
    assert offer is not None
    units = float_of(offer.repay, 6) * 1.1 / 970.0
    for slope, acts in ((0.1 / units, True), (0.3 / units, False)):
        market = PlainMarket({"ETH": 970.0}, slope_of=slope)
        assert bool(keeper_intents(KeeperPolicy(), market=market)) == acts
        assert keeper_intents(KeeperPolicy(halvings=4), market=market)
    halved = keeper_intents(KeeperPolicy(halvings=4), market=market)[0].commands[0]
    assert isinstance(halved, c.Liquidate)
    assert halved.repay == offer.repay >> 1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5_000), st.sampled_from((Route.DUMP, Route.INVENTORY)))
def test_own_money_bounds_what_is_paid(cash: int, route: Route) -> None:
    for intent in keeper_intents(KeeperPolicy((route,)), cash=cash):
        command = intent.commands[0]
        assert isinstance(command, c.Liquidate)
        assert command.repay is not None
        assert command.repay <= cash * 10**6
        assert command.flash_payment is None


def test_a_keeper_that_keeps_asks_for_the_cost_of_selling_later() -> None:
    market = PlainMarket({"ETH": 970.0}, slope_of=5e-3, fee_of=0.999)
    kept = keeper_intents(KeeperPolicy((Route.INVENTORY,)), market=market)[0]
    dumped = keeper_intents(KeeperPolicy(), market=market)[0]
    assert not kept.sell_seized
    assert dumped.sell_seized
    assert kept.least_wad is not None
    assert kept.least_wad > 10**15 > (dumped.least_wad or 0), "the fee at least"
    averse = KeeperPolicy((Route.INVENTORY,), patience=Patience(12, 10.0))
    hasty = keeper_intents(averse, market=market)[0]
    assert (hasty.least_wad or 0) > kept.least_wad, "who fears the risk sells sooner, for less"


def test_lots_are_sold_by_the_schedule_and_whole_at_its_end() -> None:
    patience = Patience(6, 1e-6)
    market = PlainMarket({"ETH": 970.0}, slope_of=5e-3)
    draft, left, sold = unsafe_venue(), 9 * 10**18, []
    for number in range(5, 11):
        seen = observed(
            draft, Beat.CLOSING, market=market, lots=(Lot("ETH", left, 5),), step_number=number
        )
        (intent,) = due_sales(seen, patience)
        sold.append(intent.sales[0].units)
        left -= sold[-1]
    assert left == 0
    assert sold == sorted(sold, reverse=True)
    terms = execution_terms(market, "ETH", units=9.0, seconds=600.0, patience=patience)
    plan = schedule(9.0, terms, intervals=6)
    assert [units / 10**18 for units in sold] == pytest.approx(plan, rel=1e-2)
    short = observed(draft, Beat.CLOSING, lots=(Lot("ETH", -5, 5),))
    assert due_sales(short, patience) == ()


def test_the_last_resort_asks_for_its_margin_and_shares_its_money() -> None:
    seen = observed(unsafe_venue(), Beat.LEFT, cash=1_000)
    for margin, buys in ((0, True), (9, True), (11, False)):
        policy = LastResortPolicy(margin_wad=margin * WAD // 100)
        assert bool(policy.observe(seen)) == buys
    command = LastResortPolicy(share_wad=WAD // 4).observe(seen)[0].commands[0]
    assert isinstance(command, c.Liquidate)
    assert command.repay == 250 * 10**6
    assert LastResortPolicy().observe(replace(seen, funds=replace(seen.funds, cash_wad=0))) == []


def test_a_push_pays_from_the_depth_on_at_which_the_bonus_covers_the_trip() -> None:
    """To move a linear market of slope a by a small g costs fair x g^2 / (2 a)."""
    draft = unsafe_venue(1_000)
    policy = PushPolicy("ETH", 10**6 * WAD, sizes=tuple(n / 1_000 for n in range(1, 1_001)))
    found = {}
    for slope in (1e-5, 1e-4, 1e-3, 1e-2):
        market = PlainMarket({"ETH": 1_000.0}, slope_of=slope)
        seen = observed(draft, Beat.OPENING, market=market)
        best = max(policy.gain(seen, size * 1_000.0) for size in policy.sizes)
        found[slope] = (best, bool(policy.observe(seen)))
        # She falls at 975: g = -ln 0.975. The trip to there, before what is seized recovers.
        sold = 0.0253178 / slope
        trip = round_trip_cost(market, "ETH", sold=sold)
        assert trip == pytest.approx(1_000.0 * 0.0253178**2 / (2.0 * slope), rel=1e-2)
    assert [acts for _, acts in found.values()] == [best > 0.0 for best, _ in found.values()]
    assert not found[1e-5][1]
    assert found[1e-2][1]
    # The bonus on what can be seized at 975, and 25 on each ether once the price is back.
    (offer,) = offers(unsafe_venue(974), ["ann"])
    reward = fair_gain(observed(draft, Beat.OPENING, market=PlainMarket({"ETH": 1_000.0})), offer)
    least_thin = 1_000.0 * 0.0253178**2 / (2.0 * reward)
    for slope, acts in ((least_thin * 0.9, False), (least_thin * 1.2, True)):
        market = PlainMarket({"ETH": 1_000.0}, slope_of=slope)
        seen = observed(draft, Beat.OPENING, market=market)
        assert bool(policy.observe(seen)) == acts


def test_a_push_is_unwound_when_the_price_is_back_or_the_time_is_over() -> None:
    policy = PushPolicy("ETH", WAD, hold_steps=3, recovered=0.99)
    lots = (Lot("ETH", -(10**18), 5),)
    low = PlainMarket({"ETH": 1_000.0}, shown={"ETH": 950.0})
    back = PlainMarket({"ETH": 1_000.0}, shown={"ETH": 995.0})
    draft = unsafe_venue(1_000)

    def unwound(market: PlainMarket, number: int) -> list[Intent]:
        seen = observed(draft, Beat.CLOSING, market=market, lots=lots, step_number=number)
        return list(policy.observe(seen))

    assert unwound(low, 6) == []
    assert unwound(back, 6) == unwound(low, 8) == [Intent(sales=(Sale("ETH", -(10**18)),))]
    holding = observed(draft, Beat.OPENING, market=back, lots=lots)
    assert policy.observe(holding) == (), "one push at a time"


def test_gaps_are_market_over_report() -> None:
    policy = LateOraclePolicy(1_000 * WAD)
    late = PlainMarket({"ETH": 900.0})
    seen = observed(unsafe_venue(1_000), Beat.REPORTED, market=late)
    assert policy.gaps(seen) == pytest.approx({"ETH": -0.1, "USD": 0.0})
    # 10 % is less than the quarter that the initial weight holds back.
    assert list(policy.observe(seen)) == []
    wide = observed(unsafe_venue(1_000), Beat.REPORTED, market=PlainMarket({"ETH": 700.0}))
    (intent,) = policy.observe(wide)
    deposit, borrow = intent.commands
    assert isinstance(deposit, c.Deposit)
    assert isinstance(borrow, c.Borrow)
    assert deposit.amount == pytest.approx(1_000 / 700 * 1e18, rel=1e-9)
    assert borrow.amount == pytest.approx(1_000 / 700 * 750e6, rel=1e-6)
    assert policy.observe(replace(wide, gas_wad=1_000 * WAD)) == []
    outcome = suppose(wide.draft, *intent.commands)
    assert not isinstance(outcome, Rejected | type(None))


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Patience(0),
        lambda: Patience(3, -1.0),
        lambda: KeeperPolicy(()),
        lambda: KeeperPolicy(min_profit_wad=-1),
        lambda: PushPolicy("ETH", WAD, sizes=()),
        lambda: PushPolicy("ETH", WAD, sizes=(1.5,)),
        lambda: PushPolicy("ETH", -1),
        lambda: LateOraclePolicy(WAD, least_wad=0),
        lambda: LateOraclePolicy(-1),
        lambda: LastResortPolicy(margin_wad=-WAD),
        lambda: LastResortPolicy(share_wad=0),
    ],
)
def test_parameters_out_of_range_are_refused(broken) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        broken()


def test_who_is_unsafe_at_the_market_too_is_left_to_keepers() -> None:
    """At 970 ann is unsafe as reported; the market says 960, and 990 in the other case."""
    policy = LateOraclePolicy(WAD)
    draft = unsafe_venue(970)
    for price, takes in ((960.0, False), (990.0, True)):
        market = PlainMarket({"ETH": price})
        found = policy.observe(observed(draft, Beat.REPORTED, market=market))
        taken = [one for one in found if isinstance(one.commands[0], c.Liquidate)]
        assert bool(taken) == takes
