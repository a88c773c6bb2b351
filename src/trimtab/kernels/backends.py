"""Which face of the kernels runs: compiled by Numba, or the twin in NumPy; and threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from trimtab.units import UsageError

# Two calls that both ask for threads would only fight for the same cores.
PARALLEL = threading.Lock()
THREADS_MAX = 256


class Backend(StrEnum):
    """Who computes; both give the same decisions."""

    AUTO = "auto"
    NUMBA = "numba"
    NUMPY = "numpy"


@cache
def has_numba() -> bool:
    """Whether Numba is installed; it is not imported for the answer."""
    return find_spec("numba") is not None


def face(work: str, backend: Backend) -> ModuleType:
    """The module that does some work: `compiled_<work>` or `numpy_<work>`.

    Raises:
        UsageError: Numba is asked for by name and is not installed.
    """
    if backend is Backend.NUMBA and not has_numba():
        raise UsageError("numba is not installed; use the backend numpy")
    compiled = backend is not Backend.NUMPY and has_numba()
    return import_module(f"trimtab.kernels.{'compiled' if compiled else 'numpy'}_{work}")


def checked_threads(threads: int) -> int:
    """The number of threads, 1 to 256.

    Raises:
        UsageError: another number.
    """
    if not 1 <= threads <= THREADS_MAX:
        raise UsageError(f"threads: found {threads}, expected 1 to {THREADS_MAX}")
    return threads


def in_threads(jobs: Sequence[Callable[[], None]]) -> None:
    """Run jobs that release the interpreter's lock beside one another, one thread each.

    One region at a time; the first error of a job is raised when all have ended.
    """
    if len(jobs) == 1:
        jobs[0]()
        return
    errors: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    with PARALLEL:
        threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs[1:]]
        for thread in threads:
            thread.start()
        guarded(jobs[0])
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
