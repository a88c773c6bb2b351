"""Agents in a world: what they do, that they gain by it, and that the books say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.simulation.cases import collateral, row, rules_of, small_case, ticks_of, with_replay
from tests.simulation.worlds import (
    ASSETS,
    checked,
    crash_prices,
    funded,
    grid_of,
    linear,
    run_small,
)
from trimtab.agents.attacking import PushPolicy
from trimtab.agents.borrowing import BorrowerPolicy, Hazard
from trimtab.agents.keeping import KeeperPolicy, Patience, Route
from trimtab.agents.last_resort import LastResortPolicy
from trimtab.agents.late_oracle import LATE, LateOraclePolicy
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.model import Case, EventKind, Mechanism, ReplayRules
from trimtab.simulation.world import Actor, Markets, WorldRun, WorldTerms, run_path
from trimtab.units import WAD, UsageError, float_of

SLIDE = [2_000.0 - 25.0 * step for step in range(24)]


def one_borrower(debt: int = 7_800, *, bonus: int = 10) -> Case:
    """Ten ether at 1,000 against a debt at a threshold of 80 %, and a lender."""
    rules = rules_of(collateral("ETH", 18, bonus=bonus))
    book = (
        row("ann", "ETH", 10 * 10**18),
        row("ann", "USD", -debt * 10**6),
        row("lender", "USD", 10**12),
    )
    return Case("one", rules, book, ticks_of({"ETH": 1_000}), ReplayRules(), input_hashes={})


def run_one(
    case: Case, ether: Sequence[float], *, slope: float, actors: tuple[Actor, ...], **more: Any
) -> WorldRun:
    prices = np.array(ether, dtype=np.float64)[:, None]
    oracle = oracle_terms(("ETH",), **more.pop("oracle", {}))
    keepers = more.pop("keepers", KeeperTerms(delay_steps=50))
    impact = impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=slope, **more)
    terms = WorldTerms(impact, oracle, keepers, actors)
    run = run_path(case, prices, grid=grid_of(prices, ("ETH",)), terms=terms)
    checked(run)
    return run


PUSH = PushPolicy("ETH", 20_000 * WAD)


def test_a_thin_market_is_pushed_and_a_deep_one_is_not() -> None:
    """Ann falls under 975; her liquidation brings the bonus, the push costs its round trip."""
    case, still = one_borrower(), [1_000.0] * 6
    seen = {}
    for slope in (5e-5, 1e-3, 5e-3, 3e-2):
        run = run_one(case, still, slope=slope, actors=(funded(PUSH),), recovery_seconds=300.0)
        seen[slope] = (run.tally.liquidations, run.wealth["@pusher"])
        bought = run.store.state_hash() != run_one(case, still, slope=slope, actors=()).state_hash
        assert bought == (run.tally.liquidations > 0)
    # A market so deep that 20,000 do not move it to 975 is left alone, and nothing is spent there.
    assert seen[5e-5] == (0, 0.0)
    assert seen[3e-2][0] > 0
    assert all(gain > 0.0 for count, gain in seen.values() if count)
    # The thinner the market, the less has to be sold to reach the price.
    gains = [seen[slope][1] for slope in (5e-3, 3e-2)]
    assert gains[0] < gains[1]


def test_a_push_gains_what_the_books_show() -> None:
    run = run_one(
        one_borrower(),
        [1_000.0] * 40,
        slope=5e-3,
        actors=(funded(PUSH),),
        recovery_seconds=300.0,
    )
    seized = [one.event for one in run.events if one.event.kind is EventKind.SEIZE]
    repaid = [one.event for one in run.events if one.event.kind is EventKind.LIQUIDATE]
    assert {event.reason for event in (*seized, *repaid)} == {"@pusher"}
    trades = [(deal.step, trade) for _, deal in run.deals for trade in deal.trades]
    # It ends with money alone: what it sold is what it seized and what it bought back.
    assert sum(trade.units for _, trade in trades) == -sum(event.quantity for event in seized)
    money = sum(float_of(trade.cash_wad, 18) for _, trade in trades)
    money -= sum(float_of(event.value, 18) for event in repaid)
    assert run.wealth["@pusher"] == pytest.approx(money, abs=1e-6)
    assert run.wealth["@pusher"] > 0.0
    # A market of its own, asked for the same trades at the same steps, pays and takes the same.
    again = Markets(
        impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=5e-3, recovery_seconds=300.0),
        [1_000.0],
        step_seconds=600.0,
        outside={}.__getitem__,
    )
    for step in range(1, 40):
        again.begin([1_000.0])
        for at, trade in trades:
            units = float_of(abs(trade.units), 18)
            if at == step and trade.units > 0:
                cash = again.sell("ETH", units).proceeds
            elif at == step:
                cash = -again.buy("ETH", units)
            else:
                continue
            assert float_of(trade.cash_wad, 18) == pytest.approx(cash, rel=1e-9)


def test_who_cannot_be_liquidated_is_not_pushed() -> None:
    run = run_one(
        one_borrower(3_000),
        [1_000.0] * 5,
        slope=5e-3,
        actors=(funded(PUSH),),
        recovery_seconds=300.0,
    )
    assert run.deals == []
    assert run.outcomes.row(0)["displacement_ETH"] == 0.0


LATE_POLICY = LateOraclePolicy(50_000 * WAD)


def test_nobody_trades_against_an_oracle_that_is_on_time() -> None:
    fall = [1_000.0, 900.0, 650.0, 640.0]
    run = run_one(one_borrower(1_000), fall, slope=1e-9, actors=(funded(LATE_POLICY, 50_000),))
    assert not [name for name, _ in run.deals if name == LATE]
    assert run.wealth[LATE] == 0.0


def test_a_late_oracle_lends_more_than_collateral_is_worth() -> None:
    """Reported at 1,000 while it trades at 650, an ether borrows 750: 100 more than it costs."""
    fall = [1_000.0, 650.0, 650.0, 650.0, 650.0]
    run = run_one(
        one_borrower(1_000),
        fall,
        slope=1e-9,
        actors=(funded(LATE_POLICY, 50_000),),
        oracle={"delay_steps": 2},
        keepers=KeeperTerms(),
    )
    deals = [deal for name, deal in run.deals if name == LATE]
    assert [event.kind for event in deals[0].events] == [EventKind.DEPOSIT, EventKind.BORROW]
    expected = 50_000.0 / 650.0 * (0.75 * 1_000.0 - 650.0)
    assert run.wealth[LATE] == pytest.approx(expected, rel=1e-6)
    borrowed = float_of(deals[0].events[1].quantity, 6)
    paid = -float_of(deals[0].trades[0].cash_wad, 18)
    assert run.wealth[LATE] == pytest.approx(borrowed - paid, abs=1e-6)
    # Its account is left to the venue: what it and the keepers gained is missing there.
    row = run.outcomes.row(0)
    assert row["bad_debt"] - row["keeper_profit"] == pytest.approx(expected, rel=1e-6)
    assert row["bad_debt"] > 0.0


def test_a_small_gap_is_left_to_others() -> None:
    run = run_one(
        one_borrower(1_000),
        [1_000.0, 990.0, 980.0, 970.0],
        slope=1e-9,
        actors=(funded(LATE_POLICY, 50_000),),
        oracle={"delay_steps": 1},
    )
    assert run.wealth[LATE] == 0.0


def test_who_is_safe_at_the_market_is_liquidated_at_the_stale_price() -> None:
    """A dip to 960 that is over before it is reported: at 1,000 nobody is unsafe, at 960 ann is."""
    dip = [1_000.0, 960.0, 1_000.0, 1_000.0, 1_000.0]
    run = run_one(
        one_borrower(),
        dip,
        slope=1e-9,
        actors=(funded(LATE_POLICY, 50_000),),
        oracle={"delay_steps": 1},
    )
    seized = [one.event for one in run.events if one.event.kind is EventKind.SEIZE]
    assert [event.reason for event in seized] == [LATE]
    units = -float_of(seized[0].quantity, 18)
    repaid = float_of(run.tally.repaid_wad, 18)
    assert run.wealth[LATE] == pytest.approx(units * 1_000.0 - repaid, rel=1e-6)
    assert run.wealth[LATE] > float_of(run.tally.bonus_wad, 18), "the gap on top of the bonus"


@pytest.mark.parametrize("money", [0, 300, 2_000, 50_000])
def test_a_pool_of_last_resort_buys_what_is_left_and_never_overspends(money: int) -> None:
    """Gas that no keeper pays leaves everything; the pool pays from its own and gets it back."""
    terms = linear(
        2e-3,
        keepers=KeeperTerms(min_profit=1e9),
        recovery_seconds=600.0,
        actors=(funded(LastResortPolicy(), money),),
    )
    run = run_small(terms, SLIDE)
    spent, least = float(money), float(money)
    for name, deal in run.deals:
        assert name == "@last-resort"
        repaid = [e for e in deal.events if e.kind is EventKind.LIQUIDATE]
        # Ether that it repays it holds, or buys: that is among its trades.
        spent -= sum(float_of(e.value, 18) for e in repaid if e.asset == "USD")
        spent += sum(float_of(trade.cash_wad, 18) for trade in deal.trades)
        least = min(least, spent)
    assert least >= -1e-9
    assert (run.tally.liquidations > 0) == (money > 0)
    without = run_small(linear(2e-3, keepers=KeeperTerms(min_profit=1e9)), SLIDE)
    assert without.tally.liquidations == 0
    after, before = (one.outcomes.row(0)["shortfall_left"] for one in (run, without))
    assert after <= before


def test_a_patient_keeper_gets_more_than_one_who_dumps() -> None:
    """Without a trend and with depth that comes back, selling in parts costs less."""
    ether = [1_000.0, 970.0, *[970.0] * 14]
    gains = {}
    for route in (Route.DUMP, Route.INVENTORY):
        policy = KeeperPolicy((route,), patience=Patience(10, 1e-9), name="@one")
        run = run_one(
            one_borrower(),
            ether,
            slope=5e-3,
            actors=(funded(policy, 50_000),),
            recovery_seconds=300.0,
            keepers=KeeperTerms(),
        )
        gains[route] = run.wealth["@one"]
        sales = [trade.units for _, deal in run.deals for trade in deal.trades if trade.units > 0]
        seized = -sum(one.event.quantity for one in run.events if one.event.kind is EventKind.SEIZE)
        assert sum(sales) == seized > 0
        assert (len(sales) > 5) == (route is Route.INVENTORY)
    assert gains[Route.INVENTORY] > gains[Route.DUMP] > 0.0
    both = KeeperPolicy((Route.DUMP, Route.INVENTORY), patience=Patience(10, 1e-9), name="@one")
    run = run_one(
        one_borrower(),
        ether,
        slope=5e-3,
        actors=(funded(both, 50_000),),
        recovery_seconds=300.0,
        keepers=KeeperTerms(),
    )
    assert run.wealth["@one"] == pytest.approx(gains[Route.INVENTORY], rel=1e-9)


def test_a_keeper_that_halves_finds_a_part_that_pays() -> None:
    ether = [1_000.0, 970.0, 970.0]
    whole, parts = (
        run_one(
            one_borrower(),
            ether,
            slope=1e-1,
            actors=(funded(KeeperPolicy(halvings=halvings)),),
            keepers=KeeperTerms(),
        )
        for halvings in (0, 6)
    )
    assert whole.tally.liquidations == 0
    assert parts.tally.liquidations > 0
    assert parts.wealth["@keeper"] > 0.0


def test_borrowers_that_act_are_liquidated_less() -> None:
    policy = BorrowerPolicy(Hazard(40.0), weights=(1.0, 1.0, 0.0, 0.0), reserve_share=2.0)
    quiet, busy = (
        run_small(linear(1e-4), SLIDE),
        run_small(linear(1e-4, actors=(funded(policy),)), SLIDE),
    )
    kinds = {one.event.kind for one in busy.events}
    assert {EventKind.DEPOSIT, EventKind.REPAY} <= kinds
    assert busy.tally.repaid_wad < quiet.tally.repaid_wad
    again = run_small(linear(1e-4, actors=(funded(policy),)), SLIDE)
    assert again.events == busy.events
    assert run_small(linear(1e-4, actors=(funded(policy),)), SLIDE, path=1).events != busy.events


def test_borrowers_that_panic_move_the_market() -> None:
    policy = BorrowerPolicy(Hazard(200.0), weights=(0.0, 0.0, 1.0, 1.0))
    run = run_small(linear(2e-3, actors=(funded(policy),)), [2_000.0, 1_900.0, 1_850.0, 1_850.0])
    assert {EventKind.REPAY, EventKind.WITHDRAW} <= {one.event.kind for one in run.events}
    assert run.outcomes.row(0)["displacement_ETH"] < -1e-3
    assert run.prices[-1, 1] < 1_850.0


def test_auctions_are_bid_for_at_the_market() -> None:
    case = with_replay(small_case(), mechanism=Mechanism.AUCTION)
    # An hour a step would end them; ten minutes let prices fall to where bids pay.
    run = run_small(linear(1e-4, actors=(funded(KeeperPolicy(halvings=3)),)), SLIDE, case=case)
    kinds = {one.event.kind for one in run.events}
    assert {EventKind.AUCTION_START, EventKind.AUCTION_TAKE} <= kinds
    assert run.wealth["@keeper"] > 0.0


def test_a_halt_and_full_blocks_delay_what_is_due() -> None:
    free = run_small(linear(1e-6), SLIDE)
    halted = run_small(linear(1e-6, keepers=KeeperTerms(halt=(1, 20))), SLIDE)
    narrow = run_small(linear(1e-6, keepers=KeeperTerms(per_step=1)), SLIDE)
    begun = free.events[0].at_ns

    def first(run: WorldRun) -> int:
        return min(one.at_ns for one in run.events if one.event.kind is EventKind.LIQUIDATE)

    assert first(halted) > first(free) > begun - 1
    by_time = [one.at_ns for one in narrow.events if one.event.kind is EventKind.LIQUIDATE]
    assert len(by_time) == len(set(by_time))


def test_no_transaction_lands_where_all_fail() -> None:
    run = run_small(linear(keepers=KeeperTerms(failure=1.0)), SLIDE)
    assert run.tally.liquidations == 0
    assert replace(run.outcomes).liquidations[0] == 0.0


def test_gas_rises_with_volatility_and_is_paid_for_what_happens() -> None:
    keepers = KeeperTerms(gas=2.0, gas_slope=3.0, gas_asset=1)
    run = run_small(linear(1e-6, keepers=keepers, sigma_ref=0.5))
    paid = [float_of(deal.gas_wad, 18) for _, deal in run.deals]
    assert min(paid) >= 2.0
    assert max(paid) > 4.0
    assert run.outcomes.row(0)["gas"] == pytest.approx(sum(paid), rel=1e-12)


def test_two_actors_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="one account"):
        linear(actors=(funded(KeeperPolicy()), funded(KeeperPolicy())))


def test_prices_of_assets_stand_in_the_order_of_the_grid() -> None:
    run = run_small(linear(1e-6))
    assert run.outcomes.assets == ASSETS
    assert np.allclose(run.prices[0], crash_prices()[0])
