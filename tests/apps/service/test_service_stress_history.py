"""A stress test of a replayed case learns from what was served, never from what is to come."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.apps.service.services import Caller, HandClock, quiet
from trimtab.apps import front
from trimtab.apps.service.live_case import served_history
from trimtab.apps.service.opening import opened, replayed
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.stress_jobs import Job, StressJobs
from trimtab.apps.service.stress_worker import StressTask, moving
from trimtab.apps.service.work import Work
from trimtab.model import Case, FundingTick, GasTick, OracleTick, Tick
from trimtab.model import commands as c
from trimtab.quant import GARCH_RETURNS_LEAST
from trimtab.simulation.paths import PathKind
from trimtab.simulation.stress.process import LearntProcess
from trimtab.units import DataError

SERVED = 150
ASKED = {"paths": 10, "horizon_hours": 2, "process": "brownian"}


def shaken(case: Case, first: int, last: int) -> Case:
    """The case with other prices in the rows of a span."""
    rows = [
        Tick(tick.at_ns, tuple((name, price * (2 + row % 3)) for name, price in tick.prices))
        if first <= row < last
        else tick
        for row, tick in enumerate(case.ticks)
    ]
    return replace(case, ticks=tuple(rows))


def asked_of(service: Service, monkeypatch: pytest.MonkeyPatch, **asked: Any) -> StressTask:
    """The task that the service hands to the process which works it off."""
    tasks: list[StressTask] = []

    def ask(_: StressJobs, task: StressTask, *, by: str, as_of_ns: int) -> Job:
        tasks.append(task)
        return Job("one", dict(task.choices), by, 0, as_of_ns)

    monkeypatch.setattr(StressJobs, "ask", ask)
    answer = Caller(service).post("/v1/stress", ASKED | asked)
    assert answer.status_code == 202, answer.text
    (task,) = tasks
    return task


def learnt_at(
    case: Case, row: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[StressTask, LearntProcess]:
    """What is learnt when a row of the case has just been served."""
    service = replayed(case, Options(), speed=1.0)
    assert service.case_clock is not None
    service.case_clock.change(held=True)
    tick = case.ticks[row]
    service.writer.group([Work((c.SetPrices(0, tick.prices),), "desk", at_ns=tick.at_ns)])
    service.board.refresh()
    task = asked_of(service, monkeypatch)
    return task, moving(task)[1]


def test_the_fit_does_not_change_with_rows_that_are_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = front.demo_case()
    task, found = learnt_at(case, SERVED, monkeypatch)
    assert [len(part.ticks) for part in (task.history, task.case)] == [SERVED + 1, 1]
    assert found.reports[0].observations == SERVED
    future = shaken(case, SERVED + 1, len(case.ticks))
    _, same = learnt_at(future, SERVED, monkeypatch)
    assert same.reports == found.reports
    assert np.array_equal(same.model.vol_annual, found.model.vol_annual)
    _, other = learnt_at(shaken(case, 1, SERVED), SERVED, monkeypatch)
    assert other.reports != found.reports, "what was served does count"
    _, later = learnt_at(case, SERVED + 20, monkeypatch)
    assert later.reports != found.reports


def test_rows_of_a_case_that_is_not_replayed_are_past_when_their_time_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = front.demo_case()
    clock = HandClock(case.ticks[120].at_ns)
    task = asked_of(opened(case, Options(), clock=clock), monkeypatch)
    assert task.history.ticks == case.ticks[:121]
    clock.at_ns = case.ticks[-1].at_ns + 10**18
    task = asked_of(opened(case, Options(), clock=clock), monkeypatch)
    assert task.history.ticks == case.ticks


def test_a_history_is_cut_in_all_its_tables(small: Case) -> None:
    times = [tick.at_ns for tick in small.ticks]
    told = [OracleTick(at, "ETH", "desk", 1, 0, at) for at in times]
    whole = replace(
        small,
        observations=tuple(told),
        funding=tuple(FundingTick(at, "PERP", 1) for at in times),
        gas=tuple(GasTick(at, 1) for at in times),
    )
    cut = served_history(whole, times[3])
    for rows in (cut.ticks, cut.observations, cut.funding, cut.gas):
        assert [row.at_ns for row in rows] == times[:4]
    assert served_history(whole, times[0] - 1).ticks == ()


@pytest.mark.parametrize(("row", "found"), [(0, "1 times"), (1, "1 returns"), (40, "40 returns")])
def test_too_few_rows_are_said_with_what_can_be_done(
    row: int, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = asked_of(quiet(row=row), monkeypatch, process="auto")
    with pytest.raises(DataError) as error:
        moving(task)
    assert found in str(error.value)
    assert "ask for the process none with a shock" in str(error.value)


def test_prices_that_stand_still_need_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    task = asked_of(quiet(), monkeypatch, process="none", shock="crash")
    process, found = moving(task)
    assert (process.kind, found.reports) == (None, ())
    start = np.zeros((1, 7, len(found.model.assets)))
    assert start.shape[2] >= 1
    assert process.shock == "crash"


def test_the_length_of_the_history_decides_what_auto_is(monkeypatch: pytest.MonkeyPatch) -> None:
    case = front.demo_case()
    first, step = case.ticks[0].at_ns, case.ticks[1].at_ns - case.ticks[0].at_ns
    rows = [case.ticks[n % len(case.ticks)].prices for n in range(GARCH_RETURNS_LEAST + 1)]
    long = replace(case, ticks=tuple(Tick(first + n * step, row) for n, row in enumerate(rows)))
    for count, kind in ((0, PathKind.GARCH), (1, PathKind.BOOTSTRAP)):
        clock = HandClock(long.ticks[-1 - count].at_ns)
        service = opened(long, Options(), clock=clock)
        task = asked_of(service, monkeypatch, process="auto")
        assert moving(task)[0].kind is kind
