"""Stress jobs whose process misbehaves: noise, silence, a broken pipe, an early end."""

import sys
from functools import partial
from typing import Any

import pytest

from tests.apps.service.services import Caller, crisis, quiet, until
from trimtab.apps.service import stress_jobs
from trimtab.apps.service.security import RefusedError
from trimtab.apps.service.stress_jobs import ENDED, KEPT_MAX, Job, StressJobs
from trimtab.apps.service.stress_worker import StressTask

READ = "import sys; sys.stdin.buffer.read(); say = lambda s: print(s, flush=True); "


def task() -> StressTask:
    return StressTask(crisis(2), crisis(2), {"paths": 1})


def ended(job: Job) -> bool:
    return job.state in ENDED


def run(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> list[Job]:
    """Jobs of which each runs its own script; the jobs once all have ended."""
    jobs = StressJobs(clock_ns=iter(range(1000)).__next__)
    found = []
    try:
        for script in scripts:
            monkeypatch.setattr(stress_jobs, "COMMAND", script)
            one = jobs.ask(task(), by="anna", as_of_ns=7)
            until(partial(ended, one))
            found.append(one)
    finally:
        jobs.close()
    return found


def test_a_result_is_kept_with_its_times(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = """say('{"done": 3, "total": 9}'); say('{"result": {"a": 1}}')"""
    (job,) = run(monkeypatch, READ + lines)
    assert (job.state, job.done, job.total, job.result) == ("done", 3, 9, {"a": 1})
    assert (job.asked_ns, job.began_ns, job.ended_ns) == (0, 1, 2)
    assert (job.by, job.as_of_ns, job.error) == ("anna", 7, None)


def test_a_process_that_ends_early_is_a_failure_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third = run(
        monkeypatch,
        "raise SystemExit(3)",
        READ + """say('{"error": "no paths"}')""",
        READ + """say('{"result": {}}')""",
    )
    assert (first.state, first.error) == ("failed", "the process ended with 3")
    assert (second.state, second.error) == ("failed", "no paths")
    assert (third.state, third.result) == ("done", {})


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("noise", ["a library says hello", "[1, 2]", "7", "null", ""])
def test_noise_on_its_output_stops_no_job(monkeypatch: pytest.MonkeyPatch, noise: str) -> None:
    script = READ + f"""say({noise!r}); say('{{"result": {{"a": 1}}}}')"""
    first, second = run(monkeypatch, script, READ + """say('{"result": {}}')""")
    assert (first.state, first.result) == ("done", {"a": 1})
    assert second.state == "done"


def test_a_process_that_cannot_be_started_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    (job,) = run(monkeypatch, "pass")
    assert job.state == "failed"
    assert "/nowhere/python" in (job.error or "")


def test_only_the_latest_that_ended_are_kept() -> None:
    jobs = StressJobs()
    jobs._thread = object()  # type: ignore[assignment] # nobody runs them here
    ids = []
    for _ in range(KEPT_MAX + 5):
        one = jobs.ask(task(), by="anna", as_of_ns=0)
        assert jobs.cancel(one.id).state == "cancelled"
        ids.append(one.id)
    kept = [job.id for job in jobs.jobs()]
    assert kept == ids[::-1][: len(kept)]
    assert KEPT_MAX <= len(kept) <= KEPT_MAX + 1
    assert not jobs._tasks, "what has ended holds no book"
    with pytest.raises(RefusedError, match="there is no stress test"):
        jobs.job(ids[0])
    again = jobs.cancel(ids[-1])
    assert again.state == "cancelled"


def test_a_closed_service_takes_no_job() -> None:
    service = quiet()
    service.stress.close()
    answer: Any = Caller(service).post("/v1/stress", {"paths": 10})
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_jobs")
