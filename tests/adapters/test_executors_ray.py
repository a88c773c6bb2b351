"""Ray gives what threads give, bit for bit, also where a worker is killed in the middle."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.adapters.executor_tasks import DeadlyOnce, drawn_batch, refused_at_three
from tests.simulation.cases import small_case
from tests.simulation.stress_engines import HOUR, asked, falls
from trimtab.adapters.executors import ExecutorKind, ThreadExecutor, open_executor
from trimtab.simulation.stress import EngineKind, engine_of, prepared, run_stress
from trimtab.units import UsageError

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="the extra distributed is absent")


@pytest.fixture(scope="module")
def on_ray():
    """One Ray of two workers for the module; it takes some seconds to come up."""
    with open_executor(ExecutorKind.RAY, 2) as executor:
        yield executor
    import ray

    assert not ray.is_initialized(), "it is gone with the block"


def test_a_killed_worker_changes_nothing(on_ray, tmp_path):
    expected = dict(ThreadExecutor(2).run(drawn_batch, range(12)))
    found = list(on_ray.run(DeadlyOnce(str(tmp_path), deadly=5), range(12)))
    assert (tmp_path / "died").exists()
    assert dict(found) == expected
    assert len(found) == 12


@pytest.mark.parametrize("engine", [falls, engine_of])
def test_a_stress_test_is_the_same_on_ray(on_ray, engine):
    question = asked(
        small_case(),
        paths=6,
        batch_paths=2,
        engine=EngineKind.EXACT,
        step_seconds=24 * HOUR,
    )
    ready = prepared(question, engine=engine)
    expected = run_stress(ready, curve=False).to_json()
    assert run_stress(ready, executor=ThreadExecutor(2), curve=False).to_json() == expected
    assert run_stress(ready, executor=on_ray, curve=False).to_json() == expected


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
