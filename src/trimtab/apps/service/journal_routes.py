"""The durable journal as it can be read, and the replayed feed as it can be paced."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from trimtab.apps.service.actions import Request
from trimtab.apps.service.feeds.replay import ReplayFeed
from trimtab.apps.service.ingest_routes import Operator
from trimtab.apps.service.reading_routes import Of
from trimtab.apps.service.running import Service
from trimtab.apps.service.schemas import Answer, Moment, Problem, Ratio
from trimtab.apps.service.security import RefusedError, Role, needs
from trimtab.apps.service.views import when
from trimtab.model.journal_entries import Entry
from trimtab.units import format_decimal

PAGE_MAX = 1000
SPEED_PLACES = 3
routes = APIRouter(prefix="/v1", tags=["journal"], dependencies=[Depends(needs(Role.READ))])


class EntryRow(Answer):
    """One entry: a command with its outcome, bound to the entry before it by its chain."""

    number: int
    at: Moment = Field(description="when the service took it in")
    source: str
    source_number: int | None
    command: dict[str, Any] = Field(description="integers as text: native units, wad, ns UTC")
    reason: str = Field(description="why it was rejected, empty where it was accepted")
    result: Any = Field(description="the events, or the numbers that decided a rejection")
    chain: str = Field(description="SHA-256, hexadecimal")


class JournalPage(Answer):
    """Entries after a number, in order. `last` is the journal's own last entry."""

    last: int
    chain: str
    durable: bool = Field(description="false where it is kept in memory, and lost with the process")
    anchor: int = Field(description="entries up to this one were dropped by retention")
    entries: list[EntryRow]


class ReplayView(Answer):
    """A replayed case: how far it is, and how fast its time runs."""

    row: int
    rows: int
    now: Moment
    ends: Moment
    speed: Ratio = Field(description="seconds of the case in one second")
    held: bool


class PaceRequest(Request):
    """A new speed, or hold the case's time, or let it go; null leaves as it is."""

    speed: Annotated[float | None, Field(gt=0, le=1e7, allow_inf_nan=False)] = None
    held: bool | None = None


@routes.get("/journal")
def read_journal(
    service: Of,
    *,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> JournalPage:
    """A page of the journal: entries numbered above `after`."""
    tip, anchor = service.journal.last(), service.journal.anchor()
    entries = service.journal.read(max(after, anchor.number), limit=limit)
    return JournalPage(
        last=tip.number,
        chain=tip.chain,
        durable=service.durable,
        anchor=anchor.number,
        entries=[_row(entry) for entry in entries],
    )


def _row(entry: Entry) -> EntryRow:
    return EntryRow(
        number=entry.number,
        at=when(entry.at_ns),
        source=entry.source,
        source_number=entry.source_number,
        command=json.loads(entry.command),
        reason=entry.reason,
        result=json.loads(entry.result),
        chain=entry.chain,
    )


@routes.get("/replay", responses={404: {"model": Problem}})
def read_replay(service: Of) -> ReplayView:
    """How far the replayed case is; 404 where the venue's time is the world's."""
    return _replay(service)


@routes.post("/replay", responses={404: {"model": Problem}})
def pace_replay(service: Of, caller: Operator, *, asked: PaceRequest) -> ReplayView:
    """Change the speed of the replayed case, hold it, or let it go on."""
    _replay(service)
    clock = service.case_clock
    assert clock is not None, "a replay has its clock"
    clock.change(speed=asked.speed, held=asked.held)
    service.audit.note(caller, "pace_replay", about=asked.model_dump(), result="done")
    return _replay(service)


def _replay(service: Service) -> ReplayView:
    clock = service.case_clock
    feeds = [feed for feed in service.feeds if isinstance(feed, ReplayFeed)]
    if clock is None or not feeds:
        raise RefusedError(404, "no_replay", message="this service replays no case")
    return ReplayView(
        row=feeds[0].sent,
        rows=feeds[0].rows,
        now=when(clock.now_ns()),
        ends=when(service.case.ticks[-1].at_ns),
        speed=format_decimal(round(clock.speed * 10**SPEED_PLACES), SPEED_PLACES),
        held=clock.held,
    )
