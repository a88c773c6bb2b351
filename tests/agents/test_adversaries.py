"""Adversaries: they act where it pays, and gain what the books show."""

from __future__ import annotations

import pytest

from tests.simulation.worlds import funded, one_borrower, run_one
from trimtab.agents.attacking import PushPolicy
from trimtab.agents.late_oracle import LATE, LateOraclePolicy
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.model import EventKind
from trimtab.simulation.world import Markets
from trimtab.units import WAD, float_of

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
