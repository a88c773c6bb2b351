"""The invariants of docs/invariants.md hold after every command, however it is mixed."""

from __future__ import annotations

import pytest

from tests.engine.crisis import Variant
from tests.engine.market_machine import MixedMachine, run_machine
from tests.engine.watch import Tally
from trimtab.engine.pools import SHARES_PER_UNIT
from trimtab.model import (
    Account,
    Accrual,
    AdlPolicy,
    AuctionCurve,
    BonusCurve,
    CallExpiry,
    EventKind,
    Payer,
    Pool,
    PositionSizing,
    Sizing,
    SpiralRule,
    Table,
    commands,
)

# Checkpoints are written by the service; what insurance pays is told as a loss.
ELSEWHERE = {EventKind.CHECKPOINT}

# About a hundred commands an example.
EXAMPLES, STEPS = 240, 50


def assert_everything_happened(tally: Tally) -> None:
    missing = {kind for kind in EventKind if not tally.events[kind]} - ELSEWHERE
    assert not missing, f"never told: {sorted(missing)}"
    idle = {payer for payer in Payer if not tally.payers[payer]}
    assert not idle, f"never paid: {sorted(idle)}"
    for name in (each.__name__ for each in commands.Command.__args__):
        assert tally.accepted[name], f"{name} was never accepted"
        assert tally.commands[name] > tally.accepted[name], f"{name} was never rejected"


def test_twenty_thousand_commands_break_no_invariant():
    tally = run_machine(examples=EXAMPLES, steps=STEPS)
    assert tally.total >= 20_000
    assert_everything_happened(tally)


@pytest.mark.soak
def test_half_a_million_commands_break_no_invariant():
    tally = run_machine(examples=26 * EXAMPLES, steps=STEPS)
    assert tally.total >= 500_000
    assert_everything_happened(tally)


def venue(*, thin: bool, policy: AdlPolicy, sizing: PositionSizing) -> MixedMachine:
    """A venue at its start, with little cash where thin: the sequences below were found on it."""
    variant = Variant(
        sizing=Sizing.TARGET_HEALTH,
        bonus_curve=BonusCurve.FIXED,
        spiral=SpiralRule.CUT,
        auction_curve=AuctionCurve.LINEAR,
        accrual=Accrual.LINEAR,
        on_expiry=CallExpiry.RESTRICT,
        dusty=False,
        thin=thin,
        policy=policy,
        position_sizing=sizing,
    )
    machine = MixedMachine()
    machine.open(variant=variant)
    return machine


def test_a_loan_book_that_empties_and_begins_again_within_a_command_keeps_its_index_new():
    """The last debtor is repaid, and a loss of its position becomes a new debt of the asset."""
    machine = venue(thin=True, policy=AdlPolicy.QUEUE, sizing=PositionSizing.SHORTAGE)
    machine.squeeze(falls=[-600], n=14, place=1)
    machine.trade(gap=0, n=840754, place=2, share=1000)
    machine.withdraw(gap=0, key="fria/basis", n=1, share=1000)
    machine.govern(gap=31536000, n=212)
    machine.squeeze(falls=[-250, -600], n=636, place=1)
    machine.crash(falls=[-600, -600], mechanism=0, n=0)
    pool = machine.venue.store.get(Table.POOL, "USD")
    assert isinstance(pool, Pool)
    assert pool.borrowed > 0, "the loss became a debt"
    assert pool.borrow_shares == pool.borrowed * SHARES_PER_UNIT, "at the first index, a year on"


def test_less_than_a_unit_of_debt_is_closed_out_and_nobody_loses():
    """1.86 native units are owed and one is paid: what is left rounds to no unit of the pool's."""
    machine = venue(thin=True, policy=AdlPolicy.QUEUE, sizing=PositionSizing.SHORTAGE)
    falls = [
        *(([-600, -600], 5, 0), ([40, -400], 6, 415), ([-600], 5, 0), ([-600], 0, 0)),
        *(([-400, 300, -400], 0, 82878), ([-600], 4, 1), *[([-600], 0, 0)] * 5),
    ]
    for moves, mechanism, n in falls:
        machine.crash(falls=moves, mechanism=mechanism, n=n)
    run, owed = machine.run, []

    def watched(command: commands.Command) -> None:
        owed.append(machine._draft().account("anna").debt.get("USD", 0))
        run(command)

    machine.run = watched
    machine.crash(falls=[-600, -600], mechanism=0, n=5097)
    account = machine.venue.store.get(Table.ACCOUNT, "anna")
    assert isinstance(account, Account)
    assert any(SHARES_PER_UNIT < debt < 2 * SHARES_PER_UNIT for debt in owed), "one unit to two"
    assert not account.debt
    assert not account.supply


def test_what_is_rounded_for_a_pool_may_reach_who_takes_a_position_over():
    """Payers of a loss give up shares of USD; a unit of what rounding leaves is the taker's."""
    machine = venue(thin=False, policy=AdlPolicy.NONE, sizing=PositionSizing.PORTION)
    machine.deposit(gap=60, key="anna", n=0)
    machine.crash(falls=[-150, -30, -600], mechanism=1, n=572658)
    told = [event for _, events in machine.venue.journal for event in events]
    takers = {event.reason for event in told if event.kind is EventKind.LIQUIDATE_POSITION}
    assert "edda" in takers, "who supplies USD"
