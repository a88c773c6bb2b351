"""The invariants of docs/invariants.md hold after every command, however it is mixed."""

from __future__ import annotations

import pytest

from tests.engine.market_machine import run_machine
from tests.engine.watch import Tally
from trimtab.model import EventKind, Payer, commands

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
