"""What is sent to a venue, by HTTP or by a feed: prices, observations, account events."""

from typing import Annotated

from pydantic import Field

from trimtab.apps.service.actions import Action, Decimal, Name, Request, wad
from trimtab.units import UINT256_MAX, DataError

PRICES_MAX = 500
COMMANDS_MAX = 100
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


def price_wad(text: str, name: str) -> int:
    """A price as a wad.

    Raises:
        DataError: no number above 0.
    """
    price = wad(text, name)
    if not 0 < price <= UINT256_MAX:
        raise DataError("the price is out of range", column=name, found=text, expected="above 0")
    return price
