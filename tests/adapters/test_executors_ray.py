"""Ray gives what threads give, bit for bit, also where a worker is killed in the middle."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.adapters.executor_tasks import (
    DeadlyEngine,
    DeadlyOnce,
    drawn_batch,
    refused_at_three,
)
from tests.simulation.cases import small_case
from tests.simulation.stress_engines import HOUR, asked, falls
from trimtab.adapters.executors import ExecutorKind, ThreadExecutor, open_executor
from trimtab.simulation.paths import SamplingKind
from trimtab.simulation.stress import EngineKind, SamplingChoice, prepared, run_stress
from trimtab.units import UsageError

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="the extra distributed is absent")


@pytest.fixture(scope="module")
def on_ray():
    """One Ray of two workers for the module; it takes some seconds to come up.

    Workers find the tests by this checkout, not by another package that calls itself `tests`.
    """
    former = os.environ.get("PYTHONPATH")
    root = str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, former]))
    with open_executor(ExecutorKind.RAY, 2) as executor:
        yield executor
    if former is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = former
    import ray

    assert not ray.is_initialized(), "it is gone with the block"


def test_a_killed_worker_changes_nothing(on_ray, tmp_path):
    expected = dict(ThreadExecutor(2).run(drawn_batch, range(12)))
    found = list(on_ray.run(DeadlyOnce(str(tmp_path), deadly=5), range(12)))
    assert (tmp_path / "died").exists()
    assert dict(found) == expected
    assert len(found) == 12


def kernel(case):
    """A few weeks of hours through the compiled columns."""
    return prepared(asked(case, paths=48, batch_paths=5, vol=1.5))


def exact(case):
    """A few weeks of days through the exact engine, whose case crosses to the workers."""
    choices = {"engine": EngineKind.EXACT, "step_seconds": 24 * HOUR}
    return prepared(asked(case, paths=6, batch_paths=2, **choices))


def sampled(case):
    """Tail sampling of a plain function of the paths."""
    sampling = SamplingChoice(SamplingKind.TAIL)
    return prepared(asked(case, paths=96, batch_paths=7, sampling=sampling), engine=falls)


@pytest.mark.parametrize("ask", [kernel, exact, sampled])
def test_a_stress_test_is_the_same_on_one_thread_on_two_and_on_ray(on_ray, ask):
    ready = ask(small_case())
    expected = run_stress(ready, curve=False).to_json()
    assert run_stress(ready, executor=ThreadExecutor(2), curve=False).to_json() == expected
    assert run_stress(ready, executor=on_ray, curve=False).to_json() == expected


def test_a_worker_killed_in_a_stress_test_changes_nothing(on_ray, tmp_path):
    ready = kernel(small_case())
    expected = run_stress(ready, curve=False).to_json()
    engine = DeadlyEngine(ready.task.engine, str(tmp_path), deadly=15)
    deadly = replace(ready, task=replace(ready.task, engine=engine))
    found = run_stress(deadly, executor=on_ray, curve=False).to_json()
    assert (tmp_path / "engine-died").exists()
    assert found == expected


def test_an_error_of_the_task_is_the_same_error(on_ray):
    with pytest.raises(UsageError, match=r"^the third is refused$"):
        list(on_ray.run(refused_at_three, range(6)))


def test_without_ray_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setattr("trimtab.adapters.executors.ray.find_spec", lambda _: None)
    with (
        pytest.raises(UsageError, match=r"^ray is not installed; install trimtab\[distributed\]"),
        open_executor(ExecutorKind.RAY, 2),
    ):
        pass
