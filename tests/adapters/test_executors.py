"""Executors of one machine: the same results in any number of workers, and what ends a run."""

from __future__ import annotations

import threading
import time

import pytest

from tests.adapters.executor_tasks import (
    DeadlyOnce,
    always_deadly,
    drawn_batch,
    refused_at_three,
)
from trimtab.adapters.executors import (
    ExecutorKind,
    ProcessExecutor,
    ThreadExecutor,
    open_executor,
)
from trimtab.model import InOrder
from trimtab.units import InternalError, UsageError

EXPECTED = {number: drawn_batch(number) for number in range(9)}


@pytest.mark.parametrize("executor", [InOrder(), ThreadExecutor(2), ThreadExecutor(5)])
def test_threads_give_what_one_after_the_other_gives(executor):
    found = dict(executor.run(drawn_batch, range(9)))
    assert found == EXPECTED
    assert list(executor.run(drawn_batch, [])) == []


def test_places_are_of_items_not_of_their_values():
    assert dict(ThreadExecutor(2).run(drawn_batch, [7, 3])) == {0: EXPECTED[7], 1: EXPECTED[3]}


def test_a_process_that_dies_in_the_middle_changes_nothing(tmp_path):
    task = DeadlyOnce(str(tmp_path), deadly=4)
    found = list(ProcessExecutor(2).run(task, range(9)))
    assert (tmp_path / "died").exists()
    assert dict(found) == EXPECTED
    assert len(found) == 9, "no result comes twice"


def test_workers_that_go_on_dying_end_the_run():
    with pytest.raises(InternalError, match=r"^a worker died 3 times .* fewer workers or smaller"):
        list(ProcessExecutor(1).run(always_deadly, range(3)))


@pytest.mark.parametrize("executor", [InOrder(), ThreadExecutor(2)])
def test_an_error_of_the_task_comes_out_after_what_had_finished(executor):
    finished = []
    with pytest.raises(UsageError, match="the third is refused"):
        finished.extend(place for place, _ in executor.run(refused_at_three, range(100)))
    assert set(finished) <= set(range(8)) - {3}


def test_closing_begins_no_further_task():
    begun, gate = [], threading.Event()

    def task(number: int) -> int:
        begun.append(number)
        if number > 1:
            gate.wait(2)
        return number

    results = ThreadExecutor(2).run(task, range(100))
    next(results)
    results.close()
    gate.set()
    time.sleep(0.05)
    assert len(begun) <= 4, "two at work and two in hand at most"


@pytest.mark.parametrize("workers", [0, -1, 257])
def test_numbers_of_workers_out_of_range_are_refused(workers):
    with (
        pytest.raises(UsageError, match=f"^workers: found {workers}, expected 1 to 256$"),
        open_executor(ExecutorKind.THREADS, workers),
    ):
        pass


def test_executors_by_name():
    with open_executor() as one, open_executor(ExecutorKind.THREADS, 3) as three:
        assert (one, three) == (InOrder(), ThreadExecutor(3))
    with open_executor(ExecutorKind.PROCESSES, 2) as processes:
        assert (processes, processes.workers) == (ProcessExecutor(2), 2)
