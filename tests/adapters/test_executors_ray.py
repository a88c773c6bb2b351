"""Ray gives what threads give, bit for bit, also where a worker is killed in the middle."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.adapters.executor_tasks import DeadlyOnce, drawn_batch, refused_at_three
from trimtab.adapters.executors import ExecutorKind, ThreadExecutor, open_executor
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
