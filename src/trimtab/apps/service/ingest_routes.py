"""Prices and account events by HTTP: acknowledged once they are durable, never before."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from trimtab.apps.service.actions import Action, Decimal, Name, Request, command_of, wad
from trimtab.apps.service.reading_routes import Of
from trimtab.apps.service.running import Service
from trimtab.apps.service.schemas import Answer, Problem
from trimtab.apps.service.security import Caller, RefusedError, Role, needs
from trimtab.apps.service.work import Receipt, Work, moves
from trimtab.model import Command
from trimtab.model import commands as c
from trimtab.units import UINT256_MAX, DataError, Time

PRICES_MAX = 500
COMMANDS_MAX = 100
WAIT_S = 10.0
Operator = Annotated[Caller, Depends(needs(Role.OPERATE))]
routes = APIRouter(
    prefix="/v1/ingest",
    tags=["ingest"],
    responses={429: {"model": Problem}, 503: {"model": Problem}},
)
Number = Annotated[int | None, Field(ge=0, le=2**53, description="the source's own count")]


class Sent(Request):
    """Who sends, and the source's own count: a number that comes again changes nothing."""

    source: Annotated[Name, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$", max_length=80)]
    number: Number = None


class PricesRequest(Sent):
    """One tick: prices in quote per whole unit, by asset (or mark prices by market)."""

    prices: Annotated[dict[Name, Decimal], Field(min_length=1, max_length=PRICES_MAX)]


class ObservationRequest(Sent):
    """What one oracle source says of an asset: price and confidence (quote), and when it was so."""

    asset: Name
    price: Decimal
    confidence: Decimal = "0"
    published: Annotated[str, Field(max_length=40, examples=["2020-03-12T10:40:00Z"])]


class ActionsRequest(Sent):
    """Account events in order; each is decided on its own."""

    actions: Annotated[list[Action], Field(min_length=1, max_length=COMMANDS_MAX)]


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
async def ingest_prices(service: Of, caller: Operator, sent: PricesRequest) -> Acknowledged:
    """One tick of prices; all accounts are decided on it before the answer."""
    prices = tuple((name, _price(text, name)) for name, text in sent.prices.items())
    return await _taken(service, caller, sent=sent, commands=(c.SetPrices(0, prices),))


@routes.post("/observations")
async def ingest_observation(
    service: Of, caller: Operator, sent: ObservationRequest
) -> Acknowledged:
    """What one oracle source says; the venue's rules decide whether a price comes of it."""
    price, confidence = _price(sent.price, "price"), wad(sent.confidence, "confidence")
    published = Time.parse(sent.published).raw
    command = c.SubmitPrice(0, sent.asset, sent.source, price, confidence, published)
    return await _taken(service, caller, sent=sent, commands=(command,))


@routes.post("/actions")
async def ingest_actions(service: Of, caller: Operator, sent: ActionsRequest) -> Acknowledged:
    """Account events: deposits, loans, trades and the like, in order."""
    rules = service.case.rules
    commands = [command_of(action, rules, at_ns=0) for action in sent.actions]
    return await _taken(service, caller, sent=sent, commands=commands)


def _price(text: str, name: str) -> int:
    price = wad(text, name)
    if not 0 < price <= UINT256_MAX:
        raise DataError("the price is out of range", column=name, found=text, expected="above 0")
    return price


async def _taken(
    service: Service, caller: Caller, *, sent: Sent, commands: Sequence[Command]
) -> Acknowledged:
    assert caller.role >= Role.OPERATE, "the route has asked"
    receipt = await submitted(service, tuple(commands), source=sent.source, number=sent.number)
    missing = receipt.gap or (None, None)
    return Acknowledged(
        status=receipt.status,
        journal_number=receipt.number,
        events=len(receipt.events),
        refused=[
            RefusedRow(
                index=at, reason=why, data={name: str(value) for name, value in data.items()}
            )
            for at, why, data in receipt.refused
        ],
        missing_from=missing[0],
        missing_to=missing[1],
    )


async def submitted(
    service: Service,
    commands: tuple[Command, ...],
    *,
    source: str,
    number: int | None = None,
) -> Receipt:
    """Queue commands and wait for their receipt: durable, or refused with 429 or 503."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Receipt] = loop.create_future()

    def tell(receipt: Receipt) -> None:
        loop.call_soon_threadsafe(_settle, future, receipt)

    work = Work(commands, source, number, decide=moves(commands), reply=tell)
    problem = service.writer.failure
    if problem or service.queue.closed:
        raise RefusedError(503, "stopped", message="the service takes no more work")
    if not service.queue.offer(work):
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
