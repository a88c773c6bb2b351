"""The checks of a replay find a keeper or a tally that is deliberately broken."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.simulation.cases import CRASH, run_of, same_run, small_case
from trimtab.agents import Keeper
from trimtab.model import Event, EventKind, Payer
from trimtab.simulation import ReplayRun, Tally, replay
from trimtab.simulation.screen import Screen
from trimtab.units import WAD

GAS_WAD = 30 * WAD


def paying(run: ReplayRun) -> bool:
    """Whether every liquidation brought more than its gas."""
    bonuses = [t.event.value for t in run.events if t.event.kind is EventKind.BONUS]
    return all(value > run.case.replay.gas_cost_wad for value in bonuses)


def test_a_keeper_that_ignores_its_gas_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paying(run_of(small_case(gas_cost_wad=GAS_WAD)))
    monkeypatch.setattr(Keeper, "least_wad", lambda *_: 0)
    monkeypatch.setattr(Keeper, "gains", lambda *_: True)
    assert not paying(replay(small_case(gas_cost_wad=GAS_WAD)))


def test_a_keeper_that_trusts_its_quote_is_held_back_by_the_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Keeper, "least_wad", lambda *_: 0)
    run = replay(small_case(gas_cost_wad=GAS_WAD))
    assert run.tally.liquidations > 0


def test_a_tally_that_forgets_a_payer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    run_of(small_case())
    add = Tally.add

    def forgetful(self: Tally, events: Iterable[Event]) -> None:
        add(self, [event for event in events if event.payer is not Payer.SOCIALIZED])

    monkeypatch.setattr(Tally, "add", forgetful)
    with pytest.raises(AssertionError):
        run_of(small_case())


def test_a_tally_that_loses_a_flow_is_not_conserved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tally, "flows", property(lambda _: {}, lambda *_: None), raising=False)
    assert not replay(small_case()).conserved


def test_a_screen_that_clears_too_much_changes_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_of(small_case(CRASH[:6]))
    monkeypatch.setattr(Screen, "in_doubt", lambda *_: [])
    with pytest.raises(AssertionError):
        same_run(replay(small_case(CRASH[:6])), whole)


def test_a_screen_that_clears_nobody_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screen saves work; every decision is the engine's."""
    whole = run_of(small_case())
    monkeypatch.setattr(Screen, "in_doubt", lambda self, *_: list(self.keys))
    same_run(replay(small_case()), whole)
