"""Stress jobs: one runs at a time, some wait, the latest are kept."""

import json
import pickle
import secrets
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any

from trimtab.adapters.executors.pickling import allow_views_of_mappings
from trimtab.apps.service.security import RefusedError
from trimtab.apps.service.stress_worker import StressTask

WAITING_MAX = 10
KEPT_MAX = 20
COMMAND = "from trimtab.apps.service.stress_worker import main; main()"
ENDED = ("done", "failed", "cancelled")


@dataclass(slots=True)
class Job:
    """One stress test. state: queued, running, done, failed or cancelled; times are ns UTC."""

    id: str
    choices: dict[str, Any]
    by: str
    asked_ns: int
    as_of_ns: int
    state: str = "queued"
    done: int = 0
    total: int = 0
    began_ns: int | None = None
    ended_ns: int | None = None
    error: str | None = None
    result: dict[str, Any] | None = None
    report: str | None = None


class StressJobs:
    """Jobs of a service, each in a process of its own."""

    def __init__(self, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        allow_views_of_mappings()
        self._clock_ns = clock_ns
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: dict[str, StressTask] = {}
        self._changed = Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._thread: Thread | None = None

    def ask(self, task: StressTask, *, by: str, as_of_ns: int) -> Job:
        """Queue a stress test; returns at once.

        Raises:
            RefusedError: too many wait already, or the service ends.
        """
        choices = dict(task.choices)
        job = Job(secrets.token_hex(8), choices, by, self._clock_ns(), as_of_ns)
        with self._changed:
            waiting = sum(one.state not in ENDED for one in self._jobs.values())
            if waiting >= WAITING_MAX or self._closed:
                message = f"{waiting} stress tests wait or run already; try again later"
                raise RefusedError(429, "too_many_jobs", message=message)
            self._jobs[job.id], self._tasks[job.id] = job, task
            for old in [one for one in self._jobs.values() if one.state in ENDED][:-KEPT_MAX]:
                del self._jobs[old.id]
            if self._thread is None:
                self._thread = Thread(target=self._run, name="stress", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return job

    def jobs(self) -> list[Job]:
        """All jobs that are kept, the latest first."""
        with self._changed:
            return list(reversed(self._jobs.values()))

    def job(self, found: str) -> Job:
        """A job by its id; RefusedError 404 where there is none."""
        with self._changed:
            job = self._jobs.get(found)
        if job is None:
            raise RefusedError(
                404, "unknown_job", message=f"there is no stress test {found[:40]!r}"
            )
        return job

    def cancel(self, found: str) -> Job:
        """End a job that waits or runs; one that has ended stays as it is."""
        job = self.job(found)
        with self._changed:
            running = job.state == "running"
            if job.state not in ENDED:
                self._end(job, "cancelled")
            if running and self._process is not None:
                self._process.kill()
        return job

    def close(self) -> None:
        """End all jobs; none is taken any more."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                if job.state not in ENDED:
                    self._end(job, "cancelled")
            if self._process is not None:
                self._process.kill()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(10)

    def _end(self, job: Job, state: str, *, error: str | None = None) -> None:
        job.state, job.error, job.ended_ns = state, error, self._clock_ns()
        self._tasks.pop(job.id, None)

    def _next(self) -> Job | None:
        return next((one for one in self._jobs.values() if one.state == "queued"), None)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._next() is not None)
                if self._closed:
                    return
                job = self._next()
                assert job is not None, "one waits"
                task = self._tasks.pop(job.id)
                job.state, job.began_ns = "running", self._clock_ns()
                process = self._process = self._started(job)
            if process is not None:
                self._follow(job, process, task=task)

    def _started(self, job: Job) -> "subprocess.Popen[bytes] | None":
        """A process for a job; None, and the job has failed, where there can be none now."""
        try:
            return subprocess.Popen(
                [sys.executable, "-c", COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            self._end(job, "failed", error=f"no process can be started: {error}")
            return None

    def _follow(self, job: Job, process: subprocess.Popen[bytes], *, task: StressTask) -> None:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        try:
            with process.stdin as pipe:
                pickle.dump(task, pipe)
        except OSError:
            pass  # it has ended; its exit says so
        except Exception:
            process.kill()  # a task that cannot be sent ends as one that failed
        for line in process.stdout:
            self._heard(job, _told(line))
        process.stdout.close()
        code = process.wait()
        with self._changed:
            self._process = None
            if job.state == "running":
                self._end(job, "failed", error=f"the process ended with {code}")

    def _heard(self, job: Job, line: dict[str, Any]) -> None:
        with self._changed:
            if job.state != "running":
                return
            if "done" in line:
                job.done, job.total = line["done"], line["total"]
            elif "error" in line:
                self._end(job, "failed", error=line["error"])
            elif "result" in line:
                job.result, job.report = line["result"], line.get("report")
                self._end(job, "done")


def _told(line: bytes) -> dict[str, Any]:
    """What a line of the process says; nothing where a library has written between."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
