"""Tasks on Ray: a small cluster of this machine, or one that is there."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, TypeVar

from trimtab.adapters.executors.pickling import allow_views_of_mappings
from trimtab.adapters.executors.processes import DEATHS_MAX, died
from trimtab.adapters.executors.threads import checked_workers
from trimtab.units import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

_IN_HAND: Final = 2
_OBJECT_BYTES: Final = 256 * 2**20
_DIED: Final = object()
# Ray would count its uses at its makers' and look for a way to repeat the call that began it.
_QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Tasks on a Ray that runs. A worker that dies is replaced and its tasks are done again."""

    workers: int

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield results as they finish; see the port.

        Raises:
            InternalError: workers die again and again.
        """
        import ray

        # The task goes to the cluster once, each item by itself.
        shared = ray.put(task)
        remote = ray.remote(num_cpus=1, max_retries=0)(_worked)
        left = list(reversed(range(len(items))))
        at_work: dict[Any, int] = {}
        deaths = [0] * len(items)
        try:
            while left or at_work:
                while left and len(at_work) < _IN_HAND * self.workers:
                    place = left.pop()
                    at_work[remote.remote(shared, items[place])] = place
                done = ray.wait(list(at_work), num_returns=1)[0][0]
                place = at_work.pop(done)
                result = _result_of(done)
                if result is not _DIED:
                    yield place, result
                    continue
                left.append(place)
                deaths[place] += 1
                if deaths[place] >= DEATHS_MAX:
                    raise died(deaths[place])
        finally:
            for pending in at_work:
                ray.cancel(pending, force=True)


def _result_of(reference: Any) -> Any:
    """What a task returned, or `_DIED`; raises what the task raised."""
    import ray

    try:
        return ray.get(reference)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
        return _DIED
    except ray.exceptions.RayTaskError as error:
        raise (error.cause or error) from None


def _worked(task: Callable[[Any], Any], item: Any) -> Any:
    return task(item)


@contextmanager
def local_ray(workers: int = 2) -> Iterator[RayExecutor]:
    """Yield an executor on a Ray of this machine alone, which goes when the block ends.

    It hears on the loopback address, has no dashboard and tells nobody of its use.

    Raises:
        UsageError: Ray is not installed, or a number of workers that is not from 1 to 256.
    """
    checked_workers(workers)
    if find_spec("ray") is None:
        raise UsageError("ray is not installed; install trimtab[distributed], or take threads")
    former = {name: os.environ.get(name) for name in _QUIET}
    os.environ.update(_QUIET)
    import ray

    allow_views_of_mappings()
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=_OBJECT_BYTES,
        _node_ip_address="127.0.0.1",
    )
    try:
        yield RayExecutor(workers)
    finally:
        ray.shutdown()
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
