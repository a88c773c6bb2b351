"""Whose loss a closed position is: equity by share of requirement, and what a price costs."""

from dataclasses import dataclass

from trimtab.engine.draft import Draft
from trimtab.engine.margin import Sums, account_sums
from trimtab.engine.perps.marks import MarketMark, market_mark
from trimtab.engine.perps.requirement import requirement
from trimtab.engine.perps.settlement import position_of
from trimtab.engine.perps.sizing import Fees, attributed
from trimtab.model import Level, Position
from trimtab.units import WAD, div_floor


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be closed of a position now: signed size of the position, most, price, fees."""

    mark: MarketMark
    sums: Sums
    position: Position
    most: int
    price_wad: int
    fees: Fees


def whole_offer(draft: Draft, key: str, *, market: str) -> Offer:
    """The whole position at the mark price, without fees or pace."""
    mark = market_mark(draft, market)
    position = position_of(draft, key, market=market)
    sums = account_sums(draft.account(key), draft)
    return Offer(mark, sums, position, abs(position.size), mark.price_wad, Fees(0, 0))


def own_share(offer: Offer, closed: int) -> int:
    """Equity (1e-54) that belongs to the closed part of a position (see `attributed`).

    By share of all that the maintenance level asks of the account (`Sums.required`): what the
    collateral of a loan has lost is not the position's. A negative share is a loss.
    """
    size, mark = offer.position.size, offer.mark
    rest = size - closed if size > 0 else size + closed
    before = requirement(size, mark, level=Level.MAINTENANCE, price_wad=mark.price_wad)
    after = requirement(rest, mark, level=Level.MAINTENANCE, price_wad=mark.price_wad)
    return attributed(offer.sums.equity, freed=before - after, total=offer.sums.required)


def closed_value(closed: int, mark: MarketMark, *, side: int, price_wad: int) -> int:
    """What closing at a price costs against closing at the mark (1e-54), rounded up.

    Of an inverse contract, 1 / price - 1 / mark of the asset, which is worth the index price.
    """
    away = side * (mark.price_wad - price_wad)
    if not mark.rules.is_inverse:
        return closed * away * mark.lift
    cost = closed * WAD * mark.lift * away * mark.index_wad
    return -div_floor(-cost, price_wad * mark.price_wad)
