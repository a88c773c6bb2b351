"""Prices and account events by HTTP: acknowledged once they are durable, never before."""

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from trimtab.apps.service.ingest_schemas import (
    ActionsRequest,
    ObservationRequest,
    PricesRequest,
)
from trimtab.apps.service.messages import Message, work_of
from trimtab.apps.service.reading_routes import Of
from trimtab.apps.service.refusals import refusal_data
from trimtab.apps.service.running import Service
from trimtab.apps.service.schemas import Answer, Problem
from trimtab.apps.service.security import Caller, RefusedError, Role, needs
from trimtab.apps.service.work import Receipt, Work
from trimtab.model import Rules

WAIT_S = 10.0
Operator = Annotated[Caller, Depends(needs(Role.OPERATE))]
routes = APIRouter(
    prefix="/v1/ingest",
    tags=["ingest"],
    responses={429: {"model": Problem}, 503: {"model": Problem}},
)


class RefusedRow(Answer):
    """A command that the engine refused: its place, the closed reason, the deciding numbers."""

    index: int
    reason: str
    data: dict[str, str]


class Acknowledged(Answer):
    """What became of it. Durable in the journal where `status` is done."""

    status: str = Field(
        description="done, duplicate, held (waits for a gap) or beyond (send again)"
    )
    journal_number: int
    events: int
    refused: list[RefusedRow]
    missing_from: int | None
    missing_to: int | None


@routes.post("/prices")
async def ingest_prices(service: Of, _: Operator, *, sent: PricesRequest) -> Acknowledged:
    """One tick of prices; all accounts are decided on it before the answer."""
    return await _taken(service, sent)


@routes.post("/observations")
async def ingest_observation(service: Of, _: Operator, *, sent: ObservationRequest) -> Acknowledged:
    """What one oracle source says; the venue's rules decide whether a price comes of it."""
    return await _taken(service, sent)


@routes.post("/actions")
async def ingest_actions(service: Of, _: Operator, *, sent: ActionsRequest) -> Acknowledged:
    """Account events: deposits, loans, trades and the like, in order."""
    return await _taken(service, sent)


async def _taken(service: Service, sent: Message) -> Acknowledged:
    work = work_of(sent, service.case.rules)
    receipt = await submitted_work(service, work)
    missing = receipt.gap or (None, None)
    return Acknowledged(
        status=receipt.status,
        journal_number=receipt.number,
        events=len(receipt.events),
        refused=refused_rows(receipt, work, rules=service.case.rules),
        missing_from=missing[0],
        missing_to=missing[1],
    )


def refused_rows(receipt: Receipt, work: Work, *, rules: Rules) -> list[RefusedRow]:
    """The commands of a unit of work that the engine refused."""
    return [
        RefusedRow(
            index=at,
            reason=why,
            data=refusal_data(why, data, command=work.commands[at], rules=rules),
        )
        for at, why, data in receipt.refused
    ]


async def submitted_work(service: Service, work: Work) -> Receipt:
    """Queue work and wait for its receipt: durable, or refused with 429 or 503."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Receipt] = loop.create_future()

    def tell(receipt: Receipt) -> None:
        loop.call_soon_threadsafe(_settle, future, receipt)

    problem = service.writer.failure
    if problem or service.queue.closed:
        raise RefusedError(503, "stopped", message="the service takes no more work")
    if not service.queue.offer(replace(work, reply=tell)):
        message = f"the queue is full ({service.queue.capacity}); try again"
        raise RefusedError(429, "queue_full", message=message, headers={"Retry-After": "1"})
    try:
        receipt = await asyncio.wait_for(future, WAIT_S)
    except TimeoutError:
        message = "not durable yet: its fate is not known; send it again with the same number"
        raise RefusedError(503, "not_durable_yet", message=message) from None
    if receipt.status == "failed":
        why = receipt.refused[0][1] if receipt.refused else "the journal could not write"
        raise RefusedError(503, "not_taken", message=why)
    return receipt


def _settle(future: "asyncio.Future[Receipt]", receipt: Receipt) -> None:
    if not future.done():
        future.set_result(receipt)
