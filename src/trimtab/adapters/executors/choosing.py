"""An executor by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum, unique

from trimtab.adapters.executors.processes import ProcessExecutor
from trimtab.adapters.executors.threads import ThreadExecutor
from trimtab.model.in_order import InOrder
from trimtab.model.ports import Executor


@unique
class ExecutorKind(StrEnum):
    """Who works the tasks off."""

    THREADS = "threads"
    PROCESSES = "processes"
    RAY = "ray"


@contextmanager
def open_executor(
    kind: ExecutorKind = ExecutorKind.THREADS, workers: int = 1
) -> Iterator[Executor]:
    """Yield an executor, ended when the block is.

    Args:
        kind: threads are for kernels, which release the interpreter's lock; processes and Ray
            (extra `distributed`) for the exact engine, which does not.
        workers: 1 to 256; one thread is this one.

    Raises:
        UsageError: a number of workers out of range, or Ray that is not installed.
    """
    if kind is ExecutorKind.RAY:
        from trimtab.adapters.executors.ray import local_ray

        with local_ray(workers) as executor:
            yield executor
    elif kind is ExecutorKind.PROCESSES:
        yield ProcessExecutor(workers)
    elif workers == 1:
        yield InOrder()
    else:
        yield ThreadExecutor(workers)
