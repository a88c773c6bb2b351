"""Stress tests of the venue as it stands: asked, followed, cancelled."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse
from pydantic import Field

from trimtab.apps.service.actions import Request
from trimtab.apps.service.ingest_routes import Operator
from trimtab.apps.service.live_case import live_case, served_history
from trimtab.apps.service.reading_routes import Of
from trimtab.apps.service.schemas import Answer, Moment, Problem
from trimtab.apps.service.security import RefusedError, Role, needs
from trimtab.apps.service.stress_jobs import Job
from trimtab.apps.service.stress_worker import StressTask
from trimtab.apps.service.views import when

routes = APIRouter(
    prefix="/v1/stress",
    tags=["stress"],
    dependencies=[Depends(needs(Role.READ))],
    responses={404: {"model": Problem}, 429: {"model": Problem}},
)
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
JobId = Annotated[str, Path(max_length=40)]


class ProcessName(StrEnum):
    """How prices may move, learnt from the rows served so far; auto is what their number allows.

    none: they stand still but for the shock, and nothing is learnt.
    """

    AUTO = "auto"
    GARCH = "garch"
    BROWNIAN = "brownian"
    JUMPS = "jumps"
    HESTON = "heston"
    REGIMES = "regimes"
    BOOTSTRAP = "bootstrap"
    FILTERED = "filtered"
    WINDOWS = "windows"
    NONE = "none"


class ShockName(StrEnum):
    """A move on top of every path."""

    NONE = "none"
    CRASH = "crash"
    FLASH = "flash"
    MELT_UP = "melt_up"
    SLOW_SLIDE = "slow_slide"


class StressRequest(Request):
    """What could happen to the book from here: how far, how often, how prices may move."""

    horizon_hours: float = Field(default=24.0, gt=0, le=24 * 365, description="how far to look, h")
    step_minutes: float = Field(default=10.0, gt=0, le=1440, description="step of the paths, min")
    paths: int = Field(default=1000, ge=1, le=100_000, description="how many paths")
    seed: int = Field(default=0, ge=0, lt=2**53, description="the same seed gives the same paths")
    process: ProcessName = Field(default=ProcessName.AUTO, description="how prices move")
    shock: ShockName = Field(default=ShockName.NONE, description="a move on top of every path")
    correlation_share: float = Field(
        default=0.0, ge=0, le=1, description="how far correlations go to one"
    )


class JobRow(Answer):
    """One stress test: queued, running, done, failed or cancelled."""

    id: str
    state: str
    done: int = Field(description="paths done")
    total: int = Field(description="paths in all, 0 until it runs")
    asked: Moment
    began: Moment | None
    ended: Moment | None
    as_of: Moment = Field(description="the venue's time that it starts from")
    by: str
    error: str | None
    question: dict[str, Any]


class JobView(JobRow):
    """One stress test with its answer, the document `trimtab.stress/1`; values in the quote."""

    result: dict[str, Any] | None


class Runs(Answer):
    """Stress tests, the latest first."""

    runs: list[JobRow]


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "asked": when(job.asked_ns),
        "began": None if job.began_ns is None else when(job.began_ns),
        "ended": None if job.ended_ns is None else when(job.ended_ns),
        "as_of": when(job.as_of_ns),
        "by": job.by,
        "error": job.error,
        "question": job.choices,
    }


@routes.post("", status_code=202)
def ask_stress(service: Of, caller: Operator, *, asked: StressRequest) -> JobRow:
    """Begin a stress test of the venue as it stands; it runs beside the service."""
    choices = asked.model_dump(mode="json")
    choices["shock"] = None if asked.shock is ShockName.NONE else asked.shock.value
    with service.board.reading() as reading:
        case = live_case(reading, service.case)
        at_ns = reading.at_ns
    # The rows of a replayed case are its venue's future; elsewhere a row is past when its time is.
    now_ns = at_ns if service.case_clock is not None else max(at_ns, service.clock.now_ns())
    task = StressTask(case, served_history(service.case, now_ns), choices)
    job = service.stress.ask(task, by=caller.name, as_of_ns=at_ns)
    service.audit.note(caller, "stress", about=choices, result=f"asked: {job.id}")
    return JobRow(**_row(job))


@routes.get("")
def read_runs(service: Of) -> Runs:
    """Stress tests that are kept."""
    return Runs(runs=[JobRow(**_row(job)) for job in service.stress.jobs()])


@routes.get("/{id_}")
def read_run(service: Of, id_: JobId) -> JobView:
    """One stress test: its progress, and its answer once it is done."""
    job = service.stress.job(id_)
    return JobView(**_row(job), result=job.result)


@routes.get("/{id_}/report", response_class=HTMLResponse)
def read_report(service: Of, id_: JobId) -> HTMLResponse:
    """The report of a stress test that is done: one page that needs nothing else."""
    job = service.stress.job(id_)
    if job.report is None:
        raise RefusedError(409, "not_done", message=f"the stress test is {job.state}: no report")
    return HTMLResponse(job.report, headers={"content-security-policy": REPORT_POLICY})


@routes.post("/{id_}/cancel")
def cancel_run(service: Of, caller: Operator, *, id_: JobId) -> JobRow:
    """End a stress test that waits or runs."""
    job = service.stress.cancel(id_)
    service.audit.note(caller, "cancel_stress", about={"id": job.id}, result=job.state)
    return JobRow(**_row(job))
