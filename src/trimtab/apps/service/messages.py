"""Texts of a feed as work: the same documents as the ingest routes take, one a text."""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from trimtab.apps.service.actions import command_of, wad
from trimtab.apps.service.ingest_schemas import (
    ActionsRequest,
    ObservationRequest,
    PricesRequest,
    price_wad,
)
from trimtab.apps.service.work import Reply, Work, moves
from trimtab.model import Command, Rules
from trimtab.model import commands as c
from trimtab.units import DataError, Time

Message = PricesRequest | ObservationRequest | ActionsRequest
# What a message is follows from the field that it has.
KINDS: Mapping[str, type[PricesRequest] | type[ObservationRequest] | type[ActionsRequest]] = {
    "prices": PricesRequest,
    "asset": ObservationRequest,
    "actions": ActionsRequest,
}


def work_of(message: Message, rules: Rules, *, reply: Reply | None = None) -> Work:
    """The work that a message means.

    Raises:
        DataError: a number or a name that is none of the venue's.
    """
    commands = _commands(message, rules)
    return Work(commands, message.source, message.number, decide=moves(commands), reply=reply)


def _commands(message: Message, rules: Rules) -> tuple[Command, ...]:
    if isinstance(message, PricesRequest):
        prices = tuple((name, price_wad(text, name)) for name, text in message.prices.items())
        return (c.SetPrices(0, prices),)
    if isinstance(message, ObservationRequest):
        price, confidence = price_wad(message.price, "price"), wad(message.confidence, "confidence")
        published = Time.parse(message.published).raw
        said = (message.asset, message.source, price, confidence, published)
        return (c.SubmitPrice(0, *said),)
    return tuple(command_of(action, rules, at_ns=0) for action in message.actions)


def read_message(text: str) -> Message:
    """A text as a message: what it is follows from the field that it has.

    Raises:
        DataError: no message, with the first thing that is wrong.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    kinds = [kind for field, kind in KINDS.items() if isinstance(found, dict) and field in found]
    if len(kinds) != 1:
        expected = "a document with one of prices, asset, actions"
        raise DataError("this is no message", where="message", found=text, expected=expected)
    try:
        return kinds[0].model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(first["msg"], where="message", column=where or "source") from None
