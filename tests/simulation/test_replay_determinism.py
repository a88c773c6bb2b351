"""A replay is a function of its case, wherever it was interrupted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.cases import run_of, same_run, small_case, ticks_of, with_replay
from trimtab.model import Case, Mechanism
from trimtab.model.commands import SetPrices
from trimtab.simulation import StepRecord, replay
from trimtab.units import DataError


def journaled(case: Case) -> list[StepRecord]:
    records: list[StepRecord] = []
    replay(case, journal=records.append)
    return records


def policies() -> dict[str, Case]:
    return {
        "bonus": small_case(),
        "slow": small_case(delay_blocks=120, gas_cost_wad=3 * 10**18, checkpoint_steps=2),
        "poor": small_case(capital_wad=1500 * 10**18, min_profit_wad=10**18),
        "flash": small_case(mechanism=Mechanism.FLASH),
        "auction": small_case(mechanism=Mechanism.AUCTION),
        "calls": small_case(margin_calls=True, backstop_after_seconds=600),
    }


@pytest.mark.parametrize("name", policies())
def test_two_runs_cannot_be_told_apart(name: str) -> None:
    case = policies()[name]
    same_run(run_of(case), run_of(case))


@pytest.mark.parametrize("name", policies())
def test_a_resumed_replay_equals_the_uninterrupted_one_at_every_step(name: str) -> None:
    case = policies()[name]
    whole, records = run_of(case), journaled(case)
    assert len(records) == len(case.ticks)
    for done in range(len(records) + 1):
        rest: list[StepRecord] = []
        resumed = replay(case, resume=records[:done], journal=rest.append)
        same_run(resumed, whole)
        assert rest == records[done:]


def test_the_demo_resumes_anywhere(demo: Case) -> None:
    short = with_replay(replace(demo, ticks=demo.ticks[60:110]), checkpoint_steps=10)
    whole, records = run_of(short), journaled(short)
    assert whole.tally.liquidations > 0
    for done in (1, 17, 49):
        same_run(replay(short, resume=records[:done]), whole)


def test_progress_is_told_for_the_steps_that_are_decided() -> None:
    case, seen = small_case(), []
    records = journaled(case)
    replay(case, resume=records[:4], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 9) for number in range(5, 10)]


def test_a_resume_keeps_who_waits_since_when() -> None:
    case = small_case(delay_blocks=150)  # three steps of ten minutes
    whole, records = run_of(case), journaled(case)
    assert any(record.waiting for record in records)
    same_run(replay(case, resume=records[:4]), whole)


def test_a_journal_with_more_steps_than_prices_is_refused() -> None:
    case = small_case(checkpoint_steps=1)
    shorter = replace(case, ticks=case.ticks[:3])
    with pytest.raises(DataError, match="more steps"):
        replay(shorter, resume=journaled(case))


def test_a_journal_of_a_richer_book_is_refused_at_the_command_that_no_longer_goes_through() -> None:
    case = small_case()
    richer = tuple(
        replace(row, quantity=row.quantity * 100) if row.quantity > 0 else row for row in case.book
    )
    with pytest.raises(DataError, match="not of this case"):
        replay(replace(case, book=richer), resume=journaled(case))


def test_a_journal_of_another_book_is_refused_at_the_checkpoint() -> None:
    case = small_case(prices=(2000, 2000, 2000), checkpoint_steps=1)
    changed = replace(case.book[0], quantity=case.book[0].quantity + 1)
    other = replace(case, book=(changed, *case.book[1:]))
    with pytest.raises(DataError, match="state hash"):
        replay(other, resume=journaled(case)[:2])


def test_a_step_without_its_commands_is_refused_at_the_checkpoint() -> None:
    case = small_case(checkpoint_steps=1)
    records = journaled(case)
    cut = [replace(record, commands=record.commands[:1]) for record in records]
    with pytest.raises(DataError, match="not of this case"):
        replay(case, resume=cut)


def test_the_seed_is_echoed_and_draws_nothing() -> None:
    left, right = replay(small_case(), seed=1), replay(small_case(), seed=2)
    assert (left.seed, right.seed) == (1, 2)
    same_run(left, right)


def test_one_tick_is_a_whole_replay() -> None:
    run = run_of(small_case(prices=(1000,)))
    assert len(run.metrics.at_ns) == 1
    assert len(run.metrics.samples) == 1
    assert run.tally.liquidations > 0
    assert run.events[-1].state_hash == run.state_hash


def test_a_calm_market_leaves_only_checkpoints() -> None:
    case = small_case(prices=(2000,) * 7, checkpoint_steps=3)
    run = run_of(case)
    assert [str(timed.event.kind) for timed in run.events] == ["checkpoint"] * 3
    assert run.tally.liquidations == run.tally.bad_debt_wad == 0
    assert run.unwanted == {}
    assert all(len(record.commands) == 1 for record in journaled(case))
    assert all(isinstance(record.commands[0], SetPrices) for record in journaled(case))


def test_events_are_numbered_in_order_of_time() -> None:
    run = run_of(small_case())
    assert [timed.seq for timed in run.events] == list(range(len(run.events)))
    times = [timed.at_ns for timed in run.events]
    assert times == sorted(times)


def test_a_price_that_comes_late_stands_until_the_next() -> None:
    case = small_case(prices=(2000, 1500, 1500))
    gone = ticks_of({"BTC": 30_000, "ETH": 2000}, {"ETH": 1000}, {"BTC": 30_000})
    run = run_of(replace(case, ticks=gone))
    assert run.metrics.columns["price_BTC"] == [30_000, 30_000, 30_000]
    assert run.metrics.columns["price_ETH"] == [2000, 1000, 1000]
