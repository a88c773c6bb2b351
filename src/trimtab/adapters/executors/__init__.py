"""Who works tasks off: one after the other, on threads, or on Ray; the same results from each."""

from trimtab.adapters.executors.choosing import ExecutorKind, open_executor
from trimtab.adapters.executors.processes import ProcessExecutor
from trimtab.adapters.executors.threads import ThreadExecutor

__all__ = ["ExecutorKind", "ProcessExecutor", "ThreadExecutor", "open_executor"]
